"""DTLS: the TLS of VPN gateways over UDP, found and assessed in two handshakes at most."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec

from core.errors import Unanswered
from core.model import Status, Transport
from core.observations.tls import TlsService
from scanner.datagrams import Datagrams
from scanner.lines import recognised, why
from scanner.tls.datagram import DatagramReader, Exchange, assess_datagrams
from scanner.visit import Measured, Probe, Visit

_FLIGHT_DATAGRAMS = 64
"""A server's flight: some 5 kB, in fragments of a few hundred bytes where paths are narrow."""


def is_flight(answers: Sequence[bytes]) -> bool:
    """Whether these datagrams end what a server says to a hello: no more is waited for."""
    reader = DatagramReader()
    return any(reader.feed(answer) for answer in answers)


def is_dtls(heard: bytes) -> bool:
    """Whether these bytes begin with a record of a handshake or an alert (RFC 6347 4.1)."""
    return heard[:1] in {b"\x15", b"\x16"} and heard[1:3] in {b"\xfe\xff", b"\xfe\xfd"}


async def _measure(visit: Visit) -> Measured | None:
    met: list[Datagrams] = []

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Exchange]:
        async with visit.exchange() as udp:
            met.append(udp)

            async def ask(hello: bytes) -> Sequence[bytes]:
                return await udp.ask(hello, answers=_FLIGHT_DATAGRAMS, is_whole=is_flight)

            yield ask

    try:
        seen = await assess_datagrams(opened, place=visit.place, names=visit.names, now=visit.now)
    except Unanswered as ended:
        heard = bytes(met[0].heard) if met else b""
        if not is_dtls(heard):
            if ended.status is Status.PROTOCOL_ERROR:
                return None
            raise
        # It asked for a cookie, or began its flight, and then fell silent.
        seen = _not_measured(visit, why(ended))
    leaf = seen.leaf
    told = f"DTLS: {leaf.subject}" if leaf else "DTLS"
    service = recognised(visit, "dtls", met[0].heard, told)
    return Measured(service=msgspec.structs.replace(service, tls=True), seen=(seen,))


def _not_measured(visit: Visit, reason: str) -> TlsService:
    seen = TlsService(place=visit.place, at=visit.now(), datagram=True)
    unknown = [name for name in seen.__struct_fields__ if getattr(seen, name) is None]
    return msgspec.structs.replace(seen, why=dict.fromkeys(unknown, reason))


PROBE = Probe(
    name="dtls", ports=(443, 4433, 5349, 8443, 10443), transport=Transport.UDP, measure=_measure
)
