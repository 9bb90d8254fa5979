"""What really leaves: SYNs as the far end of a wire counts them."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest
import trio

from core.errors import OutOfScope
from core.inventory import Limits
from core.model import Status
from scanner.discovery import ConnectEngine, Opened
from scanner.gate import Gate
from scanner.sentinel import Sentinels
from scanner.space import Space
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep
from tests.servers.namespaces import Wire, inside, wire
from tests.servers.real import need

pytestmark = pytest.mark.netns


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A wire, this thread on the scanner's side."""
    need("ip")
    need("nft")
    monkeypatch.setenv("VIGIE_TEST_NETNS", "1")
    with wire() as made, inside(made.scanner):
        yield made


def test_no_second_holds_more_than_the_caps_retries_and_probes_included(lab: Wire) -> None:
    limits = Limits(
        packets_per_second=200, packets_per_second_per_prefix24=100, packets_per_second_per_host=20
    )
    # Half answers, half is silent: retries count.
    lab.nft(
        "table inet lab { counter syns { }\n chain input { type filter hook input priority 0;"
        " tcp flags & (syn|ack) == syn counter name syns;"
        " ip daddr & 0.0.0.1 == 0.0.0.1 drop; }\n}"
    )
    gate = Gate(OpenScope(), limits)
    space = Space(
        [run_of("10.66.0.0", 12), run_of("10.66.1.0", 12), run_of("10.66.2.0")],
        list(range(1, 41)),
        5,
    )

    async def main() -> None:
        async with trio.open_nursery() as nursery:

            async def probes() -> None:
                for _ in range(60):
                    async with await gate.dial(Target(establishment="e", ip="10.66.0.2"), 4_443):
                        pass

            nursery.start_soon(probes)
            with trio.move_on_after(5):
                await sweep(space, MemoryLedger(), gate=gate)
            nursery.cancel_scope.cancel()

    with lab.watched() as syns, lab.listening([("10.66.0.2", 4_443)]):
        trio.run(main)
        counted = lab.counted("syns")
    assert syns.worst_second(0) <= 21
    assert syns.worst_second(8) <= 105
    assert syns.worst_second(32) <= 210
    assert len(syns.seen) == counted == gate.counts()["e"].attempts
    assert counted > 700, "and the caps are used"


def test_all_open_ports_are_found_at_one_percent_loss_each_way(lab: Wire) -> None:
    rng = random.Random(4)
    opened = {(f"10.66.0.{rng.randrange(1, 65)}", rng.randrange(1, 101)) for _ in range(150)}
    elements = ", ".join(f"{ip} . {port}" for ip, port in opened)
    lab.nft(
        "table inet lab { set open { type ipv4_addr . inet_service; elements = {"
        f"{elements} }} }}\n"
        " chain input { type filter hook input priority 0; numgen random mod 100 < 1 drop;"
        " ip daddr . tcp dport @open accept; ip daddr & 0.0.0.1 == 0.0.0.1 drop; }\n"
        " chain output { type filter hook output priority 0; oifname veth"
        " numgen random mod 100 < 1 drop; }\n}"
    )
    space = Space([run_of("10.66.0.1", 64)], list(range(1, 101)), 5)
    found: list[Opened] = []
    ledger = MemoryLedger()
    with lab.listening(opened):
        trio.run(lambda: sweep(space, ledger, found=found, gate=Gate(OpenScope(), LIFTED)))
    assert {(each.target.ip, each.port) for each in found} == opened
    assert None not in ledger.statuses().values()


def test_a_ban_is_noticed_and_nothing_since_is_believed(lab: Wire) -> None:
    limits = Limits(
        packets_per_second=400,
        packets_per_second_per_prefix24=400,
        packets_per_second_per_host=400,
        connections_per_host=100,
    )
    gate = Gate(OpenScope(), limits)
    sentinels = Sentinels(
        gate.dial, every_s=1, every_pairs=100, no_sooner_s=0.3, spacing_s=(0.2, 0.3)
    )
    space = Space([run_of("10.66.0.0", 20), run_of("10.66.1.0", 20)], list(range(1, 61)), 5)
    ledger, banned_at = MemoryLedger(), list[int]()
    engine = ConnectEngine(gate, sentinels=sentinels)

    async def main() -> None:
        async with trio.open_nursery() as nursery:

            async def ban() -> None:
                await trio.sleep(1.5)
                banned_at.append(engine.progress.done)
                rule = (
                    "table inet lab { chain input { type filter hook input priority 0;"
                    " ip daddr 10.66.0.0/24 drop; }\n}"
                )
                await trio.to_thread.run_sync(lab.nft, rule)

            nursery.start_soon(ban)
            await sweep(space, ledger, engine=engine)

    with lab.watched() as syns, lab.listening([(f"10.66.0.{n}", 7) for n in range(20)]):
        trio.run(main)
    statuses = ledger.by_pair(space)
    assert None not in statuses.values()
    there = Counter(status for (at, _), status in statuses.items() if at >> 8 == 0x0A4200)
    elsewhere = Counter(status for (at, _), status in statuses.items() if at >> 8 == 0x0A4201)
    assert elsewhere == {Status.REFUSED: 1_200}
    # Refusals were believed only while the sentinel answered; silence never was.
    assert there[Status.TIMEOUT] == 0
    assert there[Status.BANNED] > 600
    assert 0 < there[Status.REFUSED] < banned_at[0]
    # And the prefix is left alone: most of its pairs never met a SYN.
    tried = {(address, port) for _, address, port in syns.seen if address >> 8 == 0x0A4200}
    assert len(tried) < 1_000


def test_nothing_leaves_for_what_the_scope_refuses(lab: Wire) -> None:
    scope = OpenScope()
    for address in ("10.66.1.0", "10.66.2.7"):
        scope.refusals[address] = OutOfScope(address, "out-of-scope")
    gate = Gate(scope, LIFTED)
    space = Space([run_of("10.66.0.0", 8), run_of("10.66.1.0", 8)], list(range(1, 21)), 5)

    async def main() -> None:
        await sweep(space, MemoryLedger(), gate=gate)
        with pytest.raises(OutOfScope):
            await gate.dial(Target(establishment="e", ip="10.66.2.7"), 80)

    with lab.watched() as syns:
        trio.run(main)
    assert len(syns.seen) == 160
    assert {address >> 8 for _, address, _ in syns.seen} == {0x0A4200}


def test_a_stop_is_seen_from_the_far_end(lab: Wire) -> None:
    limits = Limits(
        packets_per_second=300, packets_per_second_per_prefix24=300, packets_per_second_per_host=300
    )
    gate = Gate(OpenScope(), limits)
    space = Space([run_of("10.66.0.0", 40)], list(range(1, 100)), 5)
    stopped: list[float] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: sweep(space, MemoryLedger(), gate=gate))
            await trio.sleep(0.7)
            gate.hold()
            stopped.append(len(syns.seen))
            await trio.sleep(1.5)
            nursery.cancel_scope.cancel()

    with lab.watched() as syns:
        trio.run(main)
    assert 100 < len(syns.seen) <= stopped[0] + 40
    assert syns.seen[-1][0] - syns.seen[0][0] < 1.7
