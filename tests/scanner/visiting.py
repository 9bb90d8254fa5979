"""A visit for one probe, without the gate: plain streams to loopback."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime

import trio

from core.knowledge.load import load_knowledge
from core.model import Intensity, Place, Transport
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
