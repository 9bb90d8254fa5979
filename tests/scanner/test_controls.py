"""Who accepts everything is told by ports that nobody serves; who serves much is not mistaken."""

import random
import socket
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.model import Status
from scanner.controls import HIGHEST, LOWEST, Controlled, Controls
from scanner.discovery import TELLING, ConnectEngine, Opened
from scanner.gate import Gate
from scanner.sentinel import Sentinels
from scanner.space import Space
from scanner.stream import Stream
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, MemoryLedger, OpenScope, run_of, sweep
from tests.servers.namespaces import Wire, inside, wire
from tests.servers.real import need

_HOST = Target(establishment="e", ip="10.66.0.9")


class Host:
    """What a gate would bring of one host: how each dial ends, in turn; the last one stays."""

    def __init__(self, *ends: Status | type[OutOfScope] | None) -> None:
        self.ends = list(ends)
        self.asked: list[int] = []

    async def dial(self, target: Target, port: int, *, attempts: int) -> Stream:
        """Connect."""
        assert target == _HOST
        assert attempts == 2
        self.asked.append(port)
        await trio.lowlevel.checkpoint()
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if end is None:
            ours, theirs = socket.socketpair()
            theirs.close()
            wrapped = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
            return Stream(wrapped, timeout_s=1, until=1e9)
        if isinstance(end, Status):
            raise Unanswered(end, "said so")
        raise OutOfScope(target.ip, "out-of-window")


def _try(host: Host, avoid: Sequence[int] | range = ()) -> tuple[Controls, list[Controlled], int]:
    told: list[Controlled] = []
    found: list[int] = []

    async def tell(one: Controlled) -> None:
        await trio.lowlevel.checkpoint()
        told.append(one)

    def take(key: int, _target: Target) -> None:
        found.append(key)

    async def main() -> Controls:
        controls = Controls(host.dial, avoid=avoid, told=tell, draw=random.Random(1))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(controls.run, take)
            controls.suspect(7, _HOST)
            controls.suspect(7, _HOST)
            await controls.settle()
            nursery.cancel_scope.cancel()
        return controls

    controls = trio.run(main)
    return controls, told, len(found)


@pytest.mark.parametrize("end", [None, Status.RESET])
def test_accepting_on_both_is_accepting_everywhere(end: Status | None) -> None:
    host = Host(end)
    controls, (told,), found = _try(host)
    assert told.answers_everywhere
    assert found == 1
    assert controls.verdicts == {7: True}
    assert len(set(host.asked)) == 2 == len(host.asked), "each host once, two ports"
    assert all(LOWEST <= port <= HIGHEST for port in host.asked)


@pytest.mark.parametrize("end", [Status.REFUSED, Status.TIMEOUT, Status.FILTERED])
def test_one_port_that_does_not_accept_clears_the_host(end: Status) -> None:
    host = Host(end)
    controls, (told,), found = _try(host)
    assert (len(told.tried), told.accepted, found) == (1, (), 0)
    assert controls.may_be_ordinary(7)
    host = Host(None, end)
    controls, (told,), found = _try(host)
    assert (len(told.tried), len(told.accepted), found) == (2, 1, 0)
    assert controls.may_be_ordinary(7)


@pytest.mark.parametrize("end", [Status.UNDETERMINED, Status.GAVE_UP, OutOfScope])
def test_what_could_not_be_tried_says_nothing(end: Status | type[OutOfScope]) -> None:
    controls, told, found = _try(Host(end))
    assert (told, found) == ([], 0)
    assert not controls.may_be_ordinary(7)
    assert controls.verdicts == {}, "another open port may have it tried again"


def test_ports_of_the_lists_are_never_control_ports() -> None:
    host = Host(None)
    _try(host, avoid=range(LOWEST, HIGHEST - 3))
    assert set(host.asked) <= set(range(HIGHEST - 3, HIGHEST + 1))
    host = Host(None)
    controls, told, _ = _try(host, avoid=range(LOWEST, HIGHEST + 1))
    assert (host.asked, told) == ([], [])
    assert not controls.may_be_ordinary(7)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A wire, this thread on the scanner's side."""
    need("ip")
    need("nft")
    monkeypatch.setenv("VIGIE_TEST_NETNS", "1")
    with wire() as made, inside(made.scanner):
        yield made


_REDIRECT = (
    "table ip lab { chain pre { type nat hook prerouting priority -100;"
    " ip daddr 10.66.0.9 meta l4proto tcp redirect to :7; }\n}"
)
"""A tarpit: whatever the port, one listener that says nothing."""
_SYN_PROXY = """
table ip lab {
  chain raw { type filter hook prerouting priority raw;
    ip daddr 10.66.0.9 tcp flags syn notrack; }
  chain in { type filter hook input priority 0;
    ip daddr 10.66.0.9 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    ip daddr 10.66.0.9 ct state invalid drop; }
}
"""
"""What firewalls do: the connection is accepted first, the server asked afterwards."""


def _swept(
    ports: Sequence[int], found: list[Opened], per_second: int = 10**9
) -> tuple[MemoryLedger, Space, ConnectEngine, Gate]:
    limits = msgspec.structs.replace(LIFTED, packets_per_second_per_host=per_second)
    gate = Gate(OpenScope(), limits)
    space = Space([run_of("10.66.0.9")], ports, 5)
    ledger = MemoryLedger()
    controls = Controls(gate.dial, avoid=frozenset(ports))
    engine = ConnectEngine(gate, sentinels=Sentinels(gate.dial), controls=controls)
    trio.run(lambda: sweep(space, ledger, engine=engine, found=found))
    return ledger, space, engine, gate


@pytest.mark.netns
def test_a_host_behind_a_redirection_is_told_with_a_short_list_too(lab: Wire) -> None:
    lab.nft(_REDIRECT)
    with lab.listening([("0.0.0.0", 7)]):
        _, _, engine, gate = _swept([22, 80, 443], [])
        assert [one.ip for one in engine.progress.everywhere] == ["10.66.0.9"]
        assert gate.counts()["e"].attempts == 3 + 2

        ports = [*range(1_000, 1_200), *TELLING]
        found: list[Opened] = []
        # At a pace, as scans go: the verdict comes before the sweep is over.
        ledger, space, engine, _ = _swept(ports, found, per_second=100)
    counted = Counter(ledger.statuses().values())
    assert counted[Status.OPEN] + counted[Status.GAVE_UP] == space.size
    assert counted[Status.GAVE_UP] > 100
    assert {one.port for one in found} >= TELLING, "where people enter is looked at all the same"


@pytest.mark.netns
def test_a_syn_proxy_is_told(lab: Wire) -> None:
    try:
        lab.nft(_SYN_PROXY)
    except AssertionError as lacking:
        pytest.skip(f"this kernel has no synproxy: {lacking}")
    with lab.listening([("10.66.0.9", 443)]):
        ledger, space, engine, _ = _swept([22, 25, 80, 443, 8_080, 8_888], [])
    assert [one.ip for one in engine.progress.everywhere] == ["10.66.0.9"]
    # The server refuses behind the proxy, before or after we look: cut, never « refused ».
    statuses = set(ledger.by_pair(space).values())
    assert statuses <= {Status.OPEN, Status.RESET, Status.GAVE_UP}


@pytest.mark.netns
def test_a_server_with_many_services_is_not_mistaken(lab: Wire) -> None:
    ports = list(range(1_000, 1_060))
    with lab.listening([("10.66.0.9", port) for port in ports]):
        found: list[Opened] = []
        ledger, _, engine, gate = _swept(ports, found)
    assert engine.progress.everywhere == []
    assert Counter(ledger.statuses().values()) == {Status.OPEN: 60}
    assert gate.counts()["e"].attempts == 60 + 1, "one refusal is enough"


@pytest.mark.netns
def test_silence_behind_a_firewall_clears_too(lab: Wire) -> None:
    lab.nft(
        "table ip lab { chain in { type filter hook input priority 0;"
        " ip daddr 10.66.0.9 tcp dport != { 22, 80, 443 } drop; }\n}"
    )
    with lab.listening([("10.66.0.9", port) for port in (22, 80, 443)]):
        _, _, engine, gate = _swept([22, 80, 443], [])
    assert engine.progress.everywhere == []
    assert gate.counts()["e"].attempts == 3 + 2, "a lost packet does not pass for a closed port"


@pytest.mark.netns
def test_a_port_that_waits_for_a_knock_stays_closed(lab: Wire) -> None:
    lab.nft(
        "table ip lab { set told { type ipv4_addr; flags dynamic; }\n"
        " chain in { type filter hook input priority 0;"
        " ip daddr 10.66.0.9 tcp dport 7001 add @told { ip saddr } drop;"
        " ip daddr 10.66.0.9 tcp dport 22 ip saddr != @told drop; }\n}"
    )
    found: list[Opened] = []
    with lab.listening([("10.66.0.9", port) for port in (22, 80)]):
        ledger, space, _, _ = _swept([22, 80], found)
    assert [one.port for one in found] == [80]
    assert ledger.by_pair(space)[0x0A420009, 22] is Status.TIMEOUT
