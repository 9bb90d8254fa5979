"""What silence means: ports that our own access filters, and prefixes that fell silent to us."""

import functools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from scanner.canary import serve_canary
from tests.servers.namespaces import wire
from tests.servers.real import need
from tests.vigie.running import Desk

pytestmark = pytest.mark.slow
_CANARY = "127.37.9.9"
_TARGET = "127.37.1.1"
_OFTEN = (25, 135, 139, 445)
"""Of the ports that providers filter."""

_INVENTORY = """
schema = 1
lab = true
[ght]
id = "ght-essai"
name = "GHT d'essai"
timezone = "Europe/Paris"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["{ranges}"]
[[mandates]]
establishments = ["chu"]
signed_by = "Direction"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2036-12-31
intensity = "standard"
[limits]
packets_per_second = 2000
packets_per_second_per_prefix24 = {prefix_rate}
packets_per_second_per_host = 400
[services]
{services}
"""


def _inventory(
    path: Path, *, ranges: str = f"{_TARGET}/32", services: str = "", prefix_rate: int = 2_000
) -> Path:
    text = _INVENTORY.format(ranges=ranges, services=services, prefix_rate=prefix_rate)
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _in_a_thread(serve: Any) -> Iterator[None]:
    """Run a trio server in a thread while the body runs."""
    started = threading.Event()
    scope = trio.CancelScope()
    tokens: list[trio.lowlevel.TrioToken] = []

    async def main() -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        async with trio.open_nursery() as nursery:
            with scope:
                await nursery.start(serve)
                started.set()
                await trio.sleep_forever()
            nursery.cancel_scope.cancel()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    try:
        assert started.wait(10)
        yield
    finally:
        tokens[0].run_sync_soon(scope.cancel)
        thread.join(10)


def _canary(ports: Sequence[int]) -> Any:
    return functools.partial(serve_canary, [_CANARY], ports)


@contextmanager
def _silent(places: Sequence[tuple[str, int]]) -> Iterator[None]:
    """Make these ports of the loopback silent: their queue of connections is full."""
    with ExitStack() as stack:
        for place in places:
            listener = stack.enter_context(socket.socket())
            listener.bind(place)
            listener.listen(0)
            for _ in range(3):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(place)
        yield


def _scan(desk: Desk, inventory: Path, ports: Sequence[int]) -> dict[str, Any]:
    spec = ",".join(map(str, ports))
    done = desk.vigie("scan", inventory, "--out", desk.out, "--ports", spec)
    assert done.returncode == 0, done.stderr
    return desk.results()


def _told(results: dict[str, Any], words: str) -> list[dict[str, Any]]:
    return [row for row in results["not_measured"] if words in row["why"]]


def test_a_port_that_our_access_filters_is_not_called_silent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    inventory = _inventory(tmp_path / "i.toml", services=f'canary = "{_CANARY}"')
    silent = [(_TARGET, 25), (_TARGET, 445), (_TARGET, 8_443)]
    # The canary serves 25 and 8443 but does not get 445: somebody filters that on our way out.
    with _in_a_thread(_canary([25, 80, 443, 135, 139, 8_443])), _silent(silent):
        results = _scan(desk, inventory, [25, 135, 139, 445, 8_443])
    statuses = results["coverage"]["statuses"]
    assert statuses["egress-filtered"] == 1
    assert statuses["timeout"] == 2
    (filtered,) = _told(results, "témoin non joint")
    assert filtered["asset"]["establishment"] == "chu"
    assert _told(results, "sans témoin") == []
    (noted,) = desk.log("canary")
    assert noted["answers"] is True
    assert 445 in noted["filtered"]
    assert not {25, 135, 139} & set(noted["filtered"])


def test_a_refusal_is_believed_even_where_the_canary_is_silent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    inventory = _inventory(tmp_path / "i.toml", services=f'canary = "{_CANARY}"')
    with _in_a_thread(_canary([80, 443])):
        results = _scan(desk, inventory, _OFTEN)
    assert results["coverage"]["statuses"] == {"refused": len(_OFTEN)}


def test_without_a_canary_silence_proves_nothing_on_those_ports(tmp_path: Path) -> None:
    for name, services in (("none", ""), ("dead", 'canary = "127.37.9.10"')):
        desk = Desk(tmp_path / name)
        desk.folder.mkdir()
        inventory = _inventory(desk.folder / "i.toml", services=services)
        with _silent([(_TARGET, 445), (_TARGET, 8_443)]):
            results = _scan(desk, inventory, [*_OFTEN, 8_443])
        assert results["coverage"]["statuses"]["timeout"] == 2
        (row,) = _told(results, "sans témoin, un silence sur ce port ne prouve rien")
        assert row["what"] == "ports silencieux 445"
        assert "sans témoin" in (desk.out / "report.html").read_text(encoding="utf-8")


def test_a_canary_that_lies_is_no_canary(tmp_path: Path) -> None:
    # A captive portal, or a proxy of the provider, that answers on every port in its place.
    async def liar(*, task_status: trio.TaskStatus[None]) -> None:
        async def answer(stream: trio.SocketStream) -> None:
            async with stream:
                await stream.send_all(b"HTTP/1.0 302 Found\r\nLocation: http://portal/\r\n\r\n")

        async with trio.open_nursery() as nursery:
            for port in (22, 25, 80, 135, 139, 443, 445, 3_389, 8_443):
                listeners = await trio.open_tcp_listeners(port, host=_CANARY)
                nursery.start_soon(trio.serve_listeners, answer, listeners)
            task_status.started()

    desk = Desk(tmp_path)
    inventory = _inventory(tmp_path / "i.toml", services=f'canary = "{_CANARY}"')
    with _in_a_thread(liar), _silent([(_TARGET, 445)]):
        results = _scan(desk, inventory, _OFTEN)
    assert desk.log("canary")[0]["answers"] is False
    assert "egress-filtered" not in results["coverage"]["statuses"]
    assert len(_told(results, "sans témoin")) == 1


_BAN = """
table inet lab {
  set banned { type ipv4_addr; }
  counter after { }
  chain inbound {
    type filter hook prerouting priority -300;
    ip daddr 10.66.7.0/24 tcp flags & (syn | ack) == syn jump count
  }
  chain count {
    ip saddr @banned counter name after drop
    limit rate over 1/hour burst 250 packets add @banned { ip saddr } drop
  }
}
"""
"""A firewall that lets 250 connections in, then drops whoever asked for more, for ever."""


@pytest.mark.netns
def test_a_prefix_that_falls_silent_is_left_alone_and_said_to_be(tmp_path: Path) -> None:
    with wire() as lab:
        lab.nft(_BAN)
        inside = (need("ip"), "netns", "exec", lab.scanner)
        desk = Desk(tmp_path, prefix=inside)
        ranges, ports = '10.66.7.0/28", "10.66.8.0/30', "22,3000-3159"
        there, elsewhere = 16 * 161, 4 * 161
        slow = _inventory(tmp_path / "slow.toml", ranges=ranges, prefix_rate=100)
        # Enough services for one to be seen, and be its witness, before the ban.
        services = [
            (f"10.66.7.{host}", port) for host in range(16) for port in (22, *range(3_000, 3_004))
        ]
        services += [("10.66.8.1", 22)]
        with lab.listening(services):
            done = desk.vigie("scan", slow, "--out", desk.out, "--ports", ports)
        assert done.returncode == 3, done.stderr
        dropped = lab.counted("after")
        results = desk.results()
        assert results["run"]["complete"] is False
        statuses = results["coverage"]["statuses"]
        assert sum(statuses.values()) == there + elsewhere
        # Nothing since the last proof of life is believed; the other prefix was measured whole.
        assert statuses["banned"] > there - 250 - 20
        assert statuses["refused"] >= elsewhere - 2
        assert _told(results, "sans doute bannie")
        assert "sans doute bannie" in (desk.out / "report.html").read_text(encoding="utf-8")
        # Sent in vain before the sentinel was asked again; nothing after that.
        assert dropped < there * 0.6
        time.sleep(1)
        assert lab.counted("after") == dropped
        # Banned no more: a resume, under the limits of that day, measures what was left.
        lab.nft("flush ruleset")
        fast = _inventory(tmp_path / "fast.toml", ranges=ranges)
        with lab.listening(services):
            again = desk.vigie("scan", fast, "--out", desk.out, "--resume")
        assert again.returncode == 0, again.stderr
        assert "banned" not in desk.results()["coverage"]["statuses"]
        assert {(row["ip"], row["port"]) for row in desk.results()["services"]} == set(services)
