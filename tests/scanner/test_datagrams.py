"""One exchange over UDP: who is heard, how often one asks, what each end is called."""

import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
import trio

from core.errors import Unanswered
from core.model import Status
from scanner.datagrams import QUESTION_BYTES, STOPPED, Datagrams
from tests.scanner.visiting import datagram_visit
from tests.servers.real import free_port
from tests.servers.udp import mute, udp_service

T = TypeVar("T")
Talk = Callable[[Datagrams], Awaitable[T]]


def talk(port: int, body: Talk[T], *, any_port: bool = False, patience_s: float = 10) -> T:
    async def main() -> T:
        visit = datagram_visit(port, patience_s=patience_s)
        async with visit.exchange(any_port=any_port) as udp:
            return await body(udp)

    return trio.run(main)


def status_of(port: int, question: bytes = b"?", *, any_port: bool = False) -> Status:
    with pytest.raises(Unanswered) as caught:
        talk(port, lambda udp: udp.ask(question), any_port=any_port, patience_s=0.3)
    return caught.value.status


def test_an_answer_comes_back() -> None:
    with udp_service(lambda asked: [asked[::-1]]) as (port, asked):

        async def body(udp: Datagrams) -> tuple[bytes, ...]:
            got = await udp.ask(b"abc")
            assert (udp.sent, bytes(udp.heard), udp.answered_from) == (1, b"cba", port)
            return got

        assert talk(port, body) == (b"cba",)
    assert asked.datagrams() == [b"abc"]


def test_silence_costs_two_datagrams_and_proves_nothing() -> None:
    with udp_service(mute) as (port, asked):
        assert status_of(port) is Status.UNDETERMINED
    assert asked.datagrams() == [b"?", b"?"]


def test_a_lost_question_is_asked_again() -> None:
    seen: list[bytes] = []

    def second(question: bytes) -> list[bytes]:
        seen.append(question)
        return [b"at last"] if len(seen) == 2 else []

    with udp_service(second) as (port, _):
        assert talk(port, lambda udp: udp.ask(b"?"), patience_s=2) == (b"at last",)


@pytest.mark.parametrize("any_port", [False, True])
def test_a_closed_port_says_so(any_port: bool) -> None:
    assert status_of(free_port(), any_port=any_port) is Status.REFUSED


def test_an_answer_from_another_port_counts_only_where_it_was_expected() -> None:
    with udp_service(lambda _: [b"data"], answers_from="127.0.0.1") as (port, _):
        assert status_of(port) is Status.UNDETERMINED

        async def body(udp: Datagrams) -> tuple[bytes, ...]:
            got = await udp.ask(b"?")
            assert udp.answered_from != port
            return got

        assert talk(port, body, any_port=True) == (b"data",)


@pytest.mark.parametrize("any_port", [False, True])
def test_an_answer_from_another_address_never_counts(any_port: bool) -> None:
    with udp_service(lambda _: [b"data"], answers_from="127.0.0.9") as (port, asked):
        assert status_of(port, any_port=any_port) is Status.UNDETERMINED
    assert len(asked) == 2


def test_our_own_bytes_are_no_answer() -> None:
    with udp_service(lambda asked: [asked]) as (port, _):
        assert status_of(port) is Status.PROTOCOL_ERROR


def test_a_datagram_of_64_kilobytes_is_read_whole() -> None:
    with udp_service(lambda _: [bytes(65_507)]) as (port, _):
        (answer,) = talk(port, lambda udp: udp.ask(b"?"))
    assert len(answer) == 65_507


def test_endless_answers_end_at_our_bound() -> None:
    def endless(_question: bytes) -> Iterator[bytes]:
        for _ in range(40):
            time.sleep(0.01)
            yield bytes(60_000)

    with udp_service(endless) as (port, asked):
        with pytest.raises(Unanswered) as caught:
            talk(port, lambda udp: udp.ask(b"?", answers=10_000))
        assert caught.value.status is Status.GAVE_UP
    assert len(asked) == 1


def test_a_flood_from_elsewhere_ends_too() -> None:
    with udp_service(lambda _: [b"x"] * 2_000, answers_from="127.0.0.1") as (port, _):
        with pytest.raises(Unanswered) as caught:
            # Heard by an unconnected socket alone; here it is from the right address.
            talk(port, lambda udp: udp.ask(b"?", answers=10_000), any_port=True)
        assert caught.value.status is Status.GAVE_UP


def test_several_answers_are_gathered_until_they_are_whole() -> None:
    with udp_service(lambda _: [b"1", b"2", b"3"]) as (port, _):

        async def body(udp: Datagrams) -> None:
            assert await udp.ask(b"?", answers=9) == (b"1", b"2", b"3")
            whole = await udp.ask(b"?", answers=9, is_whole=lambda got: got[-1] == b"2")
            assert whole == (b"1", b"2")
            # The third came late: it is no answer to the next question.
            await trio.sleep(0.3)
            assert await udp.ask(b"?", answers=2) == (b"1", b"2")

        talk(port, body)


def test_a_question_is_small() -> None:
    with udp_service(mute) as (port, asked):
        with pytest.raises(ValueError, match="1201 bytes"):
            talk(port, lambda udp: udp.ask(bytes(QUESTION_BYTES + 1)))
        with pytest.raises(ValueError, match="1201 bytes"):
            talk(port, lambda udp: udp.tell(bytes(QUESTION_BYTES + 1)))
    assert asked == []


def test_a_farewell_is_sent_once_to_whoever_answered() -> None:
    with udp_service(lambda _: [b"data"]) as (port, asked):

        async def body(udp: Datagrams) -> None:
            await udp.ask(b"?")
            await udp.tell(b"bye")

        talk(port, body)
    assert asked.datagrams() == [b"?", b"bye"]


def test_no_farewell_goes_to_a_port_that_nothing_may_be_sent_to() -> None:
    with udp_service(lambda _: [b"data"], answers_from="127.0.0.1") as (port, asked):

        async def main() -> int:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            async with Datagrams(
                opened,
                ip="127.0.0.1",
                port=port,
                turn=trio.lowlevel.checkpoint,
                may_tell=lambda where: where == port,
                any_port=True,
            ) as udp:
                await udp.ask(b"?")
                await udp.tell(b"bye")
                return udp.sent

        assert trio.run(main) == 1
    assert asked.datagrams() == [b"?"]


def test_a_stop_ends_the_wait_at_once() -> None:
    async def main(port: int) -> str:
        visit = datagram_visit(port, patience_s=30)
        with trio.fail_after(10):
            async with visit.exchange() as udp, trio.open_nursery() as nursery:

                async def stop() -> None:
                    await trio.sleep(0.1)
                    udp.abort(Status.UNDETERMINED, STOPPED)

                nursery.start_soon(stop)
                try:
                    await udp.ask(b"?")
                except Unanswered as ended:
                    with pytest.raises(Unanswered):
                        await udp.ask(b"?")
                    return ended.detail
        return ""

    with udp_service(mute) as (port, asked):
        assert trio.run(main, port) == STOPPED
    assert len(asked) == 1


def test_nothing_is_sent_after_the_end_of_the_window() -> None:
    async def main(port: int) -> None:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        opened.connect(("127.0.0.1", port))
        closes = trio.current_time() + 0.2
        async with Datagrams(
            opened, ip="127.0.0.1", port=port, turn=trio.lowlevel.checkpoint, until=closes
        ) as udp:
            with pytest.raises(Unanswered) as caught:
                await udp.ask(b"?")
            assert caught.value.status is Status.OUT_OF_WINDOW

    with udp_service(mute) as (port, asked):
        trio.run(main, port)
    assert len(asked) == 1


def test_a_probe_may_ask_so_much_and_no_more() -> None:
    with udp_service(lambda _: [b"more?"]) as (port, asked):

        async def body(udp: Datagrams) -> int:
            for _ in range(24):
                await udp.ask(b"?")
            with pytest.raises(Unanswered) as caught:
                await udp.ask(b"?")
            assert caught.value.status is Status.GAVE_UP
            return udp.sent

        assert talk(port, body) == 24
    assert len(asked) == 24


def test_an_error_that_came_late_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queued ICMP error makes the socket look readable: it is read away, not looked at again."""
    port = free_port()

    async def main() -> int:
        visit = datagram_visit(port, patience_s=0.3)
        async with visit.exchange() as udp:
            await udp.tell(b"bye")
            await trio.sleep(0.1)
            with udp_service(mute, port=port):
                with pytest.raises(Unanswered) as caught:
                    await udp.ask(b"?")
                assert caught.value.status is Status.UNDETERMINED
            return udp.sent

    before = time.thread_time()
    assert trio.run(main) == 3
    assert time.thread_time() - before < 0.5, "0.6 s of waiting cost next to nothing"
