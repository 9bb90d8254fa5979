"""A visit for one probe, without the gate: plain streams to loopback."""

import ipaddress
import socket
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import trio

from core.errors import Unanswered
from core.knowledge.load import load_knowledge
from core.model import Intensity, Place, Status, Transport
from scanner.datagrams import Datagrams
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit


def visit(
    port: int,
    *,
    ip: str = "127.0.0.1",
    intensity: Intensity = Intensity.STANDARD,
    names: Sequence[str] = (),
    heard: bytes = b"",
    inside_tls: bool = False,
    timeout_s: float = 3.0,
) -> Visit:
    """Give a visit of a loopback service, as the scanner would."""
    assert ipaddress.ip_address(ip).is_loopback

    async def dial(server_name: str | None) -> Stream:
        made.connections += 1
        stream = Stream(await trio.open_tcp_stream(ip, port), timeout_s=timeout_s)
        if inside_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            await stream.start_tls(context, server_name=server_name)
        return stream

    made = Visit(
        place=Place(establishment="e", ip=ip, port=port, transport=Transport.TCP),
        intensity=intensity,
        medical=False,
        names=tuple(names),
        heard=heard,
        inside_tls=inside_tls,
        dial=dial,
        in_scope=lambda host, _port: host == ip,
        now=lambda: datetime.now(UTC),
        knowledge=load_knowledge(),
        operator="securite@grades.example",
    )
    return made


def measure(
    probe: Probe, port: int, *, listen_s: float = 0.5, **options: object
) -> Measured | None:
    """Listen as the scanner does, then run one probe once."""

    async def run() -> Measured | None:
        made = visit(port, **options)  # type: ignore[arg-type]
        async with await made.dial(None) as stream:
            made.heard = await stream.listen(listen_s)
        return await probe.measure(made)

    return trio.run(run)


def datagram_visit(
    port: int,
    *,
    ip: str = "127.0.0.1",
    intensity: Intensity = Intensity.STANDARD,
    names: Sequence[str] = (),
    medical: bool = False,
    patience_s: float = 1.5,
) -> Visit:
    """Give a visit of a UDP service on loopback, as the scanner would.

    ``visit.connections`` counts the sockets opened, ``24 - visit.datagrams_left`` what was sent.
    """
    made = visit(port, ip=ip, intensity=intensity, names=names)
    made.place = Place(establishment="e", ip=ip, port=port, transport=Transport.UDP)
    made.medical = medical

    async def turn() -> None:
        if made.datagrams_left <= 0:
            raise Unanswered(Status.GAVE_UP, "request-limit")
        made.datagrams_left -= 1
        await trio.lowlevel.checkpoint()

    @asynccontextmanager
    async def opened(any_port: bool) -> AsyncGenerator[Datagrams]:
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        raw = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        made.connections += 1
        if not any_port:
            raw.connect((ip, port))
        async with Datagrams(
            raw, ip=ip, port=port, turn=turn, any_port=any_port, patience_s=patience_s
        ) as exchange:
            yield exchange

    made.open_datagrams = opened
    return made


def measure_datagrams(probe: Probe, port: int, **options: object) -> Measured | None:
    """Run one UDP probe once; options are those of :func:`datagram_visit`."""

    async def run() -> Measured | None:
        return await probe.measure(datagram_visit(port, **options))  # type: ignore[arg-type]

    return trio.run(run)
