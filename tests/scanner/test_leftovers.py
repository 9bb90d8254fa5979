"""nmap asked about one port: counted, ended on a stop, silent where it only guesses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import trio

from core.errors import OutOfScope
from core.inventory import Limits
from core.model import Confidence, Intensity, Place, Transport
from core.observations.service import Service
from scanner.gate import Gate
from scanner.leftovers import ask_nmap
from scanner.target import Target
from tests.scanner.sweeping import Grant, OpenScope
from tests.servers.real import need

pytestmark = pytest.mark.real
TARGET = Target(establishment="e", ip="127.0.0.1")


@contextmanager
def _greeting(words: bytes) -> Iterator[tuple[int, list[int]]]:
    """Serve a greeting that only a full fingerprint base knows, and count connections."""
    listening = socket.create_server(("127.0.0.1", 0))
    met: list[int] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            met.append(1)
            with client:
                client.settimeout(1)
                try:
                    client.sendall(words)
                    client.recv(1024)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], met
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _gate(intensity: Intensity) -> Gate:
    scope = OpenScope()
    scope.grant = Grant(intensity=intensity)
    return Gate(scope, Limits())


def _ask(gate: Gate, port: int) -> Service | None:
    place = Place(establishment="e", ip="127.0.0.1", port=port, transport=Transport.TCP)

    async def run() -> Service | None:
        return await ask_nmap(gate, TARGET, port, place, lambda: datetime.now(UTC))

    return trio.run(run)


def test_names_what_only_nmap_knows() -> None:
    need("nmap")
    with _greeting(
        b"* SVN ready\r\n220 irc.example NOTICE * :*** Looking up your hostname...\r\n"
    ) as (
        port,
        met,
    ):
        gate = _gate(Intensity.DEEP)
        service = _ask(gate, port)
    assert met
    assert gate.counts()["e"].attempts >= 1
    assert service is None or service.confidence < Confidence.CERTAIN
    assert gate.slots.used(int.from_bytes(socket.inet_aton("127.0.0.1"), "big")) == 0


def test_recognises_a_real_server() -> None:
    need("nmap")
    with _greeting(b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n") as (port, _):
        service = _ask(_gate(Intensity.DEEP), port)
    assert service is not None
    assert service.protocol == "smtp"
    assert "Postfix" in service.evidence[0]


def test_is_refused_below_deep() -> None:
    need("nmap")
    with _greeting(b"") as (port, met), pytest.raises(OutOfScope):
        _ask(_gate(Intensity.STANDARD), port)
    assert not met


def test_a_stop_ends_it_at_once() -> None:
    need("nmap")

    async def run(port: int) -> float:
        gate = _gate(Intensity.DEEP)
        place = Place(establishment="e", ip="127.0.0.1", port=port, transport=Transport.TCP)
        async with trio.open_nursery() as nursery:

            async def stop() -> None:
                await trio.sleep(1)
                gate.hold()

            nursery.start_soon(stop)
            started = trio.current_time()
            with pytest.raises(OutOfScope):
                await ask_nmap(gate, TARGET, port, place, lambda: datetime.now(UTC))
            return trio.current_time() - started

    with _greeting(b"") as (port, _):
        assert trio.run(run, port) < 4
