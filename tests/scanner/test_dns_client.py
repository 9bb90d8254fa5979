"""Resolvers that lose, lie, refuse, cut or forge: each question ends, with a status."""

import itertools
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trio
from dns.rdtypes.ANY.TXT import TXT

from scanner.asking_names import NameAsker
from scanner.dns_client import DnsClient
from scanner.dns_wire import Said
from scanner.names import addresses_of
from tests.scanner.names_served import Answer, resolver_of, served, zone
from tests.servers.real import free_port

_T = TypeVar("_T")
_PLAIN = zone("a.chu.example. A 192.0.2.1", "chu.example. SOA ns. dns. 1 2 3 4 5")


def _with(
    *answers: Answer, ask: Callable[[DnsClient], Awaitable[_T]], lifetime_s: float = 8.0
) -> _T:
    told: list[_T] = []

    async def main(left: tuple[Answer, ...], ports: tuple[int, ...]) -> None:
        if left:
            async with served(left[0]) as port:
                await main(left[1:], (*ports, port))
            return
        with trio.fail_after(60):
            told.append(await ask(resolver_of(*ports, lifetime_s=lifetime_s)))

    trio.run(main, answers, ())
    return told[0]


def _asked(answer: Answer, name: str = "a.chu.example", kind: str = "A", **more: float) -> Said:
    return _with(answer, ask=lambda client: client.ask(name, kind), **more)


def _code(rcode: dns.rcode.Rcode) -> Answer:
    def answer(query: bytes) -> bytes:
        reply = dns.message.make_response(dns.message.from_wire(query))
        reply.set_rcode(rcode)
        return reply.to_wire()

    return answer


def test_an_answer() -> None:
    said = _asked(_PLAIN)
    assert (said.why, addresses_of([said])) == ("", {"192.0.2.1"})
    assert not _asked(_PLAIN, "b.chu.example").exists


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_code(dns.rcode.SERVFAIL), "resolver-failure: SERVFAIL"),
        (_code(dns.rcode.REFUSED), "resolver-failure: REFUSED"),
        (_code(dns.rcode.YXDOMAIN), "resolver-failure: YXDOMAIN"),
        (lambda _query: None, "timeout"),
        (lambda query: query, "timeout"),
        (lambda query: bytes((query[0] ^ 1,)) + (_PLAIN(query) or b"")[1:], "timeout"),
        (lambda query: (_PLAIN(query) or b"").replace(b"\x03chu", b"\x03CHX"), "timeout"),
        (lambda query: (_PLAIN(query) or b"")[:40], "protocol-error"),
        (
            lambda query: query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:-11] + b"\xc0\x1f" * 9,
            "protocol-error",
        ),
        (lambda _query: b"\xff" * 1_000, "timeout"),
    ],
    ids=[
        "SERVFAIL", "REFUSED", "odd", "mute", "echo", "id", "question", "spoilt", "loop", "noise",
    ],
)  # fmt: skip
def test_what_is_no_answer_has_a_status(answer: Answer, why: str) -> None:
    assert _asked(answer, lifetime_s=1.2).why == why


def test_nobody_there_is_told_soon() -> None:
    async def main() -> Said:
        with trio.fail_after(30):
            return await resolver_of(free_port()).ask("a.chu.example", "A")

    assert trio.run(main).why == "refused"


def test_a_name_that_cannot_be_asked() -> None:
    assert _asked(_PLAIN, "a..b").why == "bad-name"


def test_a_first_loss_is_made_good() -> None:
    heard: Counter[bytes] = Counter()

    def losing(query: bytes) -> bytes | None:
        heard[query[12:-11]] += 1
        return _PLAIN(query) if heard[query[12:-11]] > 1 else None

    assert addresses_of([_asked(losing)]) == {"192.0.2.1"}


def test_a_late_answer_is_still_an_answer() -> None:
    queries: list[bytes] = []

    def late(query: bytes) -> bytes | None:
        queries.append(query)
        return _PLAIN(queries[0]) if len(queries) > 1 else None

    # The answer that comes is to the first datagram, under the number of the first.
    said = _asked(late, lifetime_s=4)
    assert said.why in {"", "timeout"}
    assert len({query[:2] for query in queries}) == len(queries)


def test_numbers_and_ports_are_never_foreseen() -> None:
    numbers: list[int] = []

    def answer(query: bytes) -> bytes | None:
        numbers.append(int.from_bytes(query[:2], "big"))
        return _PLAIN(query)

    async def ask(client: DnsClient) -> None:
        for number in range(40):
            await client.ask(f"n{number}.chu.example", "A")

    _with(answer, ask=ask)
    steps = {later - earlier for earlier, later in itertools.pairwise(numbers)}
    assert len(set(numbers)) > 30
    assert len(steps) > 30


def test_forged_answers_from_elsewhere_are_not_even_seen() -> None:
    async def main() -> tuple[Said, int]:
        forger = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        await forger.bind(("127.0.0.1", 0))
        real = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        await real.bind(("127.0.0.1", 0))

        async def serve() -> None:
            query, sender = await real.recvfrom(4_096)
            forged = zone("a.chu.example. A 192.0.2.66")(query) or b""
            await forger.sendto(forged, sender)
            await real.sendto(bytes((query[0] ^ 255,)) + forged[1:], sender)
            await trio.sleep(0.1)
            await real.sendto(_PLAIN(query) or b"", sender)

        with forger, real:
            client = resolver_of(real.getsockname()[1])
            async with trio.open_nursery() as nursery:
                nursery.start_soon(serve)
                said = await client.ask("a.chu.example", "A")
            return said, client.health()[0].strays

    said, strays = trio.run(main)
    assert addresses_of([said]) == {"192.0.2.1"}
    assert strays == 1


def test_what_does_not_fit_comes_whole_over_tcp() -> None:
    strings = " ".join(f'"{"x" * 255}"' for _ in range(250))
    said = _asked(zone(f"a.chu.example. TXT {strings}"), kind="TXT")
    (record,) = said.records
    assert isinstance(record, TXT)
    assert sum(map(len, record.strings)) == 63_750


@pytest.mark.parametrize(
    ("over_tcp", "why"),
    [
        (b"", "resolver-failure: TCP"),
        (b"\xff\xff" + b"x" * 50, "resolver-failure: TCP"),
        (b"\x00\x04abcd", "protocol-error"),
        (None, "timeout"),
    ],
    ids=["closed", "cut", "noise", "silence"],
)
def test_a_cut_answer_that_tcp_does_not_complete(over_tcp: bytes | None, why: str) -> None:
    async def main() -> str:
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            datagrams = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            await datagrams.bind(listener.socket.getsockname())

            async def cut() -> None:
                while True:
                    query, sender = await datagrams.recvfrom(4_096)
                    reply = dns.message.make_response(dns.message.from_wire(query))
                    reply.flags |= dns.flags.TC
                    await datagrams.sendto(reply.to_wire(), sender)

            async def tell(stream: trio.SocketStream) -> None:
                async with stream:
                    await stream.receive_some(100)
                    if over_tcp is None:
                        await trio.sleep(60)
                    await stream.send_all(over_tcp or b"")

            nursery.start_soon(cut)
            nursery.start_soon(trio.serve_listeners, tell, [listener])
            with datagrams:
                client = resolver_of(datagrams.getsockname()[1], lifetime_s=1)
                told: list[Said] = []
                await client.ask_all(
                    [("a.chu.example", "TXT")], lambda _name, _kind, said: told.append(said)
                )
                assert told[0].why == (await client.ask("a.chu.example", "TXT")).why
                nursery.cancel_scope.cancel()
                return told[0].why

    assert trio.run(main) == why


def test_a_server_without_edns_is_asked_without() -> None:
    def old(query: bytes) -> bytes | None:
        if int.from_bytes(query[10:12], "big"):
            return query[:2] + b"\x81\x81" + b"\0" * 8
        return _PLAIN(query)

    assert addresses_of([_asked(old)]) == {"192.0.2.1"}


def test_another_server_is_asked_where_one_fails() -> None:
    async def ask(client: DnsClient) -> list[Said]:
        return [await client.ask("a.chu.example", "A") for _ in range(6)]

    for broken in (_code(dns.rcode.SERVFAIL), _code(dns.rcode.REFUSED)):
        said = _with(broken, _PLAIN, ask=ask)
        assert [addresses_of([one]) for one in said] == [{"192.0.2.1"}] * 6


def test_many_questions_in_bounded_room_with_losses() -> None:
    count = Counter[str]()
    heard: Counter[bytes] = Counter()

    def losing(query: bytes) -> bytes | None:
        heard["all"] += 1  # type: ignore[index]
        return None if heard["all"] % 20 == 0 else _PLAIN(query)  # type: ignore[index]

    async def ask(client: DnsClient) -> int:
        most = 0

        def told(_name: str, _kind: str, said: Said) -> None:
            nonlocal most
            count[said.why or ("there" if said.exists else "absent")] += 1
            most = max(most, sum(one.in_flight for one in client._servers))

        names = ((f"n{number}.chu.example", "A") for number in range(1_500))
        await client.ask_all(names, told, at_once=64)
        assert all(not one.ports and not one.in_flight for one in client._servers)
        return most

    most = _with(losing, ask=ask)
    assert count == {"absent": 1_500}
    assert most <= 64


def test_the_rate_of_a_server_binds() -> None:
    async def main() -> float:
        async with served(_PLAIN) as port:
            client = DnsClient([("127.0.0.1", port)], per_second=100)
            started = trio.current_time()
            await client.ask_all(
                ((f"n{number}.chu.example", "A") for number in range(60)), lambda *_told: None
            )
            return trio.current_time() - started

    assert trio.run(main) > 0.5


def test_a_stream_has_its_own_rate_too() -> None:
    async def ask(client: DnsClient) -> float:
        started = trio.current_time()
        names = ((f"n{number}.chu.example", "A") for number in range(60))
        await client.ask_all(names, lambda *_told: None, per_second=100)
        return trio.current_time() - started

    assert _with(_PLAIN, ask=ask) > 0.5


def test_a_dead_resolver_costs_a_few_questions_not_all() -> None:
    async def ask(client: DnsClient) -> tuple[Counter[str], int]:
        why = Counter[str]()
        names = ((f"n{number}.chu.example", "A") for number in range(5_000))
        await client.ask_all(names, lambda _name, _kind, said: why.update((said.why,)))
        (health,) = client.health()
        assert health.is_silent
        return why, health.asked

    why, asked = _with(lambda _query: None, ask=ask, lifetime_s=5)
    assert why == {"timeout": 5_000}
    assert asked < 2_500


def test_a_storm_of_refusals_slows_us_down() -> None:
    async def ask(client: DnsClient) -> tuple[float, float]:
        names = ((f"n{number}.chu.example", "A") for number in range(120))
        before = client._servers[0].window
        await client.ask_all(names, lambda *_told: None)
        return before, client._servers[0].window

    before, after = _with(_code(dns.rcode.REFUSED), ask=ask)
    assert after < before


def test_who_turns_the_wheel_may_be_cancelled() -> None:
    def slow(query: bytes) -> bytes | None:
        return None if b"\x04mute" in query else _PLAIN(query)

    async def ask(client: DnsClient) -> list[Said]:
        told: list[Said] = []

        async def other(number: int) -> None:
            await trio.sleep(0.05 * number)
            told.append(await client.ask(f"n{number}.chu.example", "A"))

        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(other, number)
            with trio.move_on_after(0.12):
                await client.ask("mute.chu.example", "A")
        return told

    said = _with(slow, ask=ask)
    assert [one.why for one in said] == [""] * 8


def test_one_client_serves_run_after_run() -> None:
    async def main(client: DnsClient | None, port: int) -> tuple[DnsClient, Said]:
        client = client or resolver_of(port)
        return client, await client.ask("a.chu.example", "A")

    async def both() -> None:
        async with served(_PLAIN) as port:
            client, first = await main(None, port)
            _, second = await main(client, port)
            assert first.records == second.records != ()

    trio.run(both)


def test_liars_are_left_where_others_are_honest() -> None:
    def lying(query: bytes) -> bytes | None:
        name = dns.message.from_wire(query).question[0].name
        reply = dns.message.make_response(dns.message.from_wire(query))
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.66"))
        return reply.to_wire()

    async def ask(client: DnsClient) -> tuple[bool, list[bool], set[str]]:
        honest = await client.find_liars()
        said = [await client.ask("a.chu.example", "A") for _ in range(5)]
        return honest, [one.is_lying for one in client.health()], addresses_of(said)

    async def ask_again(client: DnsClient) -> set[str]:
        asker = NameAsker(client)
        assert not await asker.lies()
        said = [await asker.ask("a.chu.example", "A"), await asker.ask_again("a.chu.example", "A")]
        return addresses_of(said)

    assert _with(lying, _PLAIN, ask=ask_again) == {"192.0.2.1"}
    assert _with(lying, _PLAIN, ask=ask) == (True, [True, False], {"192.0.2.1"})
    assert _with(lying, lying, ask=ask)[0] is False
