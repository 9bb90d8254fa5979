"""What really leaves over UDP, TCP beside it, as the far end of a wire counts it."""

import socket
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.inventory import Limits
from core.model import Status
from scanner.datagram_sweep import Answered, sweep_datagrams
from scanner.discovery import Progress
from scanner.gate import Gate
from scanner.questions import Reply
from scanner.space import DATAGRAM_SILENT, Space, code_of
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep
from tests.servers.namespaces import Wire, inside, wire
from tests.servers.real import need

pytestmark = pytest.mark.netns

_ALL = range(0x0A420000, 0x0A430000)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A wire, this thread on the scanner's side."""
    need("ip")
    need("nft")
    monkeypatch.setenv("VIGIE_TEST_NETNS", "1")
    with wire() as made, inside(made.scanner):
        yield made


class _Asking:
    """Asks one question a port, as the one probe there would."""

    def __init__(self, gate: Gate, patience_s: float) -> None:
        self._gate = gate
        self._patience_s = patience_s

    async def __call__(self, target: Target, port: int) -> Reply:
        try:
            async with self._gate.exchange(target, port, patience_s=self._patience_s) as udp:
                await udp.ask(b"who?")
        except Unanswered as ended:
            silent = ended.status is Status.UNDETERMINED
            return Reply(code=DATAGRAM_SILENT if silent else code_of(ended.status))
        return Reply(code=code_of(Status.OPEN))


async def _swept(
    gate: Gate, space: Space, ledger: MemoryLedger, *, at_once: int = 200, patience_s: float = 0.4
) -> None:
    send, receive = trio.open_memory_channel[Answered](10_000)
    async with send, receive:
        await sweep_datagrams(
            gate,
            space,
            ledger,
            _Asking(gate, patience_s),
            send,
            at_once=at_once,
            progress=Progress(),
        )


def test_no_second_holds_more_than_the_caps_tcp_and_udp_together(lab: Wire) -> None:
    limits = Limits(
        packets_per_second=200, packets_per_second_per_prefix24=100, packets_per_second_per_host=20
    )
    lab.nft(
        "table inet lab { chain input { type filter hook input priority 0;"
        " ip daddr & 0.0.0.1 == 0.0.0.1 drop; }\n}"
    )
    gate = Gate(OpenScope(), limits)
    segments = [run_of("10.66.0.0", 12), run_of("10.66.1.0", 12), run_of("10.66.2.0")]

    async def main() -> None:
        with trio.move_on_after(5):
            async with trio.open_nursery() as nursery:
                streams, datagrams = (Space(segments, range(1, 41), seed) for seed in (5, 6))
                nursery.start_soon(lambda: sweep(streams, MemoryLedger(), gate=gate))
                nursery.start_soon(_swept, gate, datagrams, MemoryLedger())

    with lab.watched() as seen:
        trio.run(main)
    assert seen.worst_second(0) <= 21
    assert seen.worst_second(8) <= 105
    assert seen.worst_second(32) <= 210
    counted = gate.counts()["e"]
    assert len(seen.seen) == counted.attempts + counted.datagrams
    assert counted.datagrams > 50
    assert counted.attempts + counted.datagrams > 400, "and the caps are used"


def test_nothing_leaves_for_what_the_scope_refuses_nor_for_quiet_ports(lab: Wire) -> None:
    scope = OpenScope()
    for address in ("10.66.1.0", "10.66.2.7"):
        scope.refusals[address] = OutOfScope(address, "out-of-scope")
    gate = Gate(scope, LIFTED, is_quiet=lambda port: port == 502)
    space = Space([run_of("10.66.0.0", 8), run_of("10.66.1.0", 8)], range(1, 21), 5)

    async def main() -> None:
        await _swept(gate, space, MemoryLedger())
        for ip, port in (("10.66.2.7", 123), ("10.66.0.1", 502)):
            with pytest.raises(OutOfScope):
                async with gate.exchange(Target(establishment="e", ip=ip), port):
                    pass

    with lab.watched() as seen:
        trio.run(main)
    assert {address >> 8 for _, address, _ in seen.seen} == {0x0A4200}
    assert {port for _, _, port in seen.seen} == set(range(1, 21))


@contextmanager
def _answering_from_elsewhere(lab: Wire) -> Generator[None]:
    """On 10.66.0.1, answer each question from other addresses and ports, and ask back."""
    with inside(lab.target):
        here, there = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        here.bind(("10.66.0.1", 4_000))
        there.bind(("10.66.9.9", 4_000))
    over = threading.Event()
    here.settimeout(0.05)

    def serve() -> None:
        while not over.is_set():
            try:
                _, sender = here.recvfrom(2_000)
            except TimeoutError:
                continue
            for _ in range(50):
                there.sendto(b"come here", sender)
                there.sendto(b"come here", (sender[0], 123))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        here.close()
        there.close()


def test_an_answer_never_draws_a_datagram_elsewhere(lab: Wire) -> None:
    async def main(any_port: bool) -> None:
        gate, there = Gate(OpenScope(), LIFTED), Target(establishment="e", ip="10.66.0.1")
        async with gate.exchange(there, 4_000, any_port=any_port, patience_s=0.4) as udp:
            with pytest.raises(Unanswered) as caught:
                await udp.ask(b"who?")
            assert caught.value.status is Status.UNDETERMINED
            await udp.tell(b"bye")

    with lab.watched() as seen, _answering_from_elsewhere(lab):
        trio.run(main, False)
        trio.run(main, True)
    sent = Counter((address, port) for _, address, port in seen.seen if address in _ALL)
    assert sent == {(0x0A420001, 4_000): 6}


@pytest.mark.parametrize("any_port", [False, True])
@pytest.mark.parametrize(
    ("rejection", "status"),
    [
        ("icmp type port-unreachable", Status.REFUSED),
        ("icmp type admin-prohibited", Status.FILTERED),
        ("icmp type host-unreachable", Status.FILTERED),
        ("icmp type net-unreachable", Status.FILTERED),
    ],
)
def test_what_a_firewall_says_is_heard(
    lab: Wire, rejection: str, status: Status, any_port: bool
) -> None:
    lab.nft(
        "table inet lab { chain input { type filter hook input priority 0;"
        f" ip daddr 10.66.0.1 reject with {rejection}; }}\n}}"
    )

    async def main() -> Status:
        there = Target(establishment="e", ip="10.66.0.1")
        with pytest.raises(Unanswered) as caught:
            async with Gate(OpenScope(), LIFTED).exchange(there, 161, any_port=any_port) as udp:
                await udp.ask(b"who?")
        return caught.value.status

    assert trio.run(main) is status


def test_every_service_is_found_at_two_percent_loss_each_way(lab: Wire) -> None:
    lab.nft(
        "table inet lab { chain input { type filter hook input priority 0;"
        " numgen random mod 100 < 2 drop; }\n"
        " chain output { type filter hook output priority 0; oifname veth"
        " numgen random mod 100 < 2 drop; }\n}"
    )
    places = [(f"10.66.0.{last}", 4_000) for last in range(1, 41)]
    ledger = MemoryLedger()
    space = Space([run_of("10.66.0.1", 40)], (4_000, 4_001), 5)
    with _echoing_backwards(lab, places):
        trio.run(lambda: _swept(Gate(OpenScope(), LIFTED), space, ledger, patience_s=2))
    by_port = Counter((port, status) for (_, port), status in ledger.by_pair(space).items())
    # Twice 4 % lost: three services in two thousand, here at most one of 40 is let off.
    assert by_port[4_000, Status.OPEN] >= 38
    assert by_port[4_000, Status.REFUSED] == 0
    assert by_port[4_000, Status.OPEN] + by_port[4_000, Status.UNDETERMINED] == 40
    # ICMP is rate limited: silence where a refusal was not told, never « open ».
    assert by_port[4_001, Status.OPEN] == 0


@contextmanager
def _echoing_backwards(lab: Wire, places: list[tuple[str, int]]) -> Generator[None]:
    with inside(lab.target):
        opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in places]
    for one, place in zip(opened, places, strict=True):
        one.bind(place)
        one.settimeout(0.05)
    over = threading.Event()

    def serve(one: socket.socket) -> None:
        while not over.is_set():
            try:
                datagram, sender = one.recvfrom(2_000)
            except TimeoutError:
                continue
            # A datagram that our own rule drops on its way out is an error to who sends it.
            with suppress(PermissionError):
                one.sendto(datagram[::-1], sender)

    threads = [threading.Thread(target=serve, args=(one,)) for one in opened]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread, one in zip(threads, opened, strict=True):
            thread.join()
            one.close()


def test_a_stop_is_seen_from_the_far_end(lab: Wire) -> None:
    limits = Limits(
        packets_per_second=300, packets_per_second_per_prefix24=300, packets_per_second_per_host=300
    )
    # Silent: each question is to be asked again.
    lab.nft("table inet lab { chain input { type filter hook input priority 0; drop; }\n}")
    gate = Gate(OpenScope(), limits)
    space = Space([run_of("10.66.0.0", 40)], range(1, 100), 5)
    at_stop: list[int] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_swept, gate, space, MemoryLedger())
            while not gate.counts() or gate.counts()["e"].datagrams <= 100:  # noqa: ASYNC110
                await trio.sleep(0.02)
            gate.hold()
            at_stop.append(gate.counts()["e"].datagrams)
            await trio.sleep(1.5)
            nursery.cancel_scope.cancel()

    with lab.watched() as seen:
        trio.run(main)
    assert gate.counts()["e"].datagrams == at_stop[0] == len(seen.seen)
    assert len(seen.seen) > 100
