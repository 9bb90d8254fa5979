"""DTLS 1.0 and 1.2: what a service over UDP accepts, in few datagrams.

The codec is sans-I/O; :func:`assess_datagrams` takes a function that sends one datagram and gives
those that come back. A hello with a cookie is said only to whoever asked for one: a stranger that
answers more than it was sent is told as such, never fed (RFC 6347 4.2.1).
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Unanswered
from core.model import Place, Status, reason
from core.observations.tls import TlsService
from scanner.tls.certificates import read_chain
from scanner.tls.handshake import sni_of
from scanner.tls.hello import DTLS1_0, DTLS1_2, Offer, dtls_hello
from scanner.tls.registry import TLS1_1, TLS1_2, WORDS, group_name, harmless, suite, suites
from scanner.tls.wire import Flight, Reader

Exchange = Callable[[bytes], Awaitable[Sequence[bytes]]]
"""Sends one datagram to the service from a port of its own and gives the answers, in order; none
in time: raises :class:`core.errors.Unanswered`. Each exchange of one handshake uses one socket."""
OpenExchange = Callable[[], AbstractAsyncContextManager[Exchange]]
"""Opens a socket for one handshake."""

_HEADER_BYTES, _MESSAGE_HEADER_BYTES = 13, 12
_HELLO_VERIFY = 3
_MESSAGE_LIMIT = 65_536
_FRAGMENTS_LIMIT = 512
_VERSIONS = {DTLS1_0: TLS1_1, DTLS1_2: TLS1_2}


@dataclass(slots=True)
class _Message:
    kind: int
    size: int
    body: bytearray
    got: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    @property
    def is_whole(self) -> bool:
        at = 0
        for start, end in sorted(self.got):
            if start > at:
                return False
            at = max(at, end)
        return at >= self.size


class DatagramReader:
    """Puts fragments of handshake messages together and reads them as TLS."""

    def __init__(self) -> None:
        self.cookie: bytes | None = None
        """Of a HelloVerifyRequest."""
        self.taken = 0
        self._messages: dict[int, _Message] = {}
        self._fragments = 0
        self._next: int | None = None
        self._reader = Reader()

    @property
    def flight(self) -> Flight:
        """What was said so far; versions are those of TLS."""
        return self._reader.flight

    def feed(self, datagram: bytes) -> bool:
        """Take in one datagram; give whether the flight is over."""
        self.taken += len(datagram)
        at = 0
        while at + _HEADER_BYTES <= len(datagram):
            kind, version = datagram[at], int.from_bytes(datagram[at + 1 : at + 3], "big")
            epoch = datagram[at + 3 : at + 5]
            size = int.from_bytes(datagram[at + 11 : at + 13], "big")
            body = datagram[at + _HEADER_BYTES : at + _HEADER_BYTES + size]
            at += _HEADER_BYTES + size
            if version not in _VERSIONS or len(body) != size or epoch != b"\0\0":
                break
            if kind == 21:
                self._pass_on(21, body)
            elif kind == 22:
                self._fragments_of(body)
        return self.flight.is_over or self.cookie is not None

    def _fragments_of(self, body: bytes) -> None:
        at = 0
        while at + _MESSAGE_HEADER_BYTES <= len(body) and self._fragments < _FRAGMENTS_LIMIT:
            self._fragments += 1
            kind, size = body[at], int.from_bytes(body[at + 1 : at + 4], "big")
            number = int.from_bytes(body[at + 4 : at + 6], "big")
            start = int.from_bytes(body[at + 6 : at + 9], "big")
            length = int.from_bytes(body[at + 9 : at + 12], "big")
            piece = body[at + 12 : at + 12 + length]
            at += _MESSAGE_HEADER_BYTES + length
            if len(piece) != length or start + length > size or size > _MESSAGE_LIMIT:
                return
            made = self._messages.setdefault(number, _Message(kind, size, bytearray(size)))
            if made.size != size or made.kind != kind:
                return
            made.body[start : start + length] = piece
            made.got.add((start, start + length))
            self._in_order()

    def _in_order(self) -> None:
        if self._next is None:
            self._next = min(self._messages)
        while (made := self._messages.get(self._next)) is not None and made.is_whole:
            self._next += 1
            body = bytes(made.body)
            if made.kind == _HELLO_VERIFY:
                if len(body) >= 3 and len(body) == 3 + body[2]:
                    self.cookie = body[3:]
                return
            if made.kind == 2 and int.from_bytes(body[:2], "big") in _VERSIONS:
                version = _VERSIONS[int.from_bytes(body[:2], "big")]
                body = version.to_bytes(2, "big") + body[2:]
            message = bytes([made.kind]) + len(body).to_bytes(3, "big") + body
            for start in range(0, len(message), 16_384):
                self._pass_on(22, message[start : start + 16_384])

    def _pass_on(self, kind: int, body: bytes) -> None:
        if body:
            self._reader.feed(bytes([kind]) + b"\x03\x03" + len(body).to_bytes(2, "big") + body)


def _offered(ceiling: int) -> tuple[int, ...]:
    # RFC 6347 4.1.2.2 forbids RC4: a datagram may be lost, and the stream with it.
    return tuple(one for one in harmless(ceiling) if suites()[one].weakness != "rc4")


async def shake_datagrams(
    open_exchange: OpenExchange, ceiling: int, server_name: str | None
) -> DatagramReader:
    """Say one DTLS hello, again with the cookie that it brings; raises ``Unanswered``."""
    random = os.urandom(32)
    offer = Offer(ceiling=ceiling, suites=_offered(ceiling), server_name=sni_of(server_name))
    async with open_exchange() as exchange:
        reader = DatagramReader()
        for datagram in await exchange(dtls_hello(offer, random=random)):
            reader.feed(datagram)
        if reader.cookie is None:
            return reader
        again = DatagramReader()
        hello = dtls_hello(offer, cookie=reader.cookie, random=random, number=1)
        for datagram in await exchange(hello):
            again.feed(datagram)
        return again


async def assess_datagrams(
    open_exchange: OpenExchange,
    *,
    place: Place,
    names: Sequence[str],
    now: Callable[[], datetime],
) -> TlsService:
    """Give what a DTLS service accepts and shows: two handshakes at most, four datagrams of ours.

    Raises :class:`core.errors.Unanswered` when no DTLS came back.
    """
    name = names[0] if names else None
    first = await shake_datagrams(open_exchange, TLS1_2, name)
    flight, connections = first.flight, 1
    if not flight.is_tls:
        raise Unanswered(Status.PROTOCOL_ERROR, "no DTLS")
    why: dict[str, str] = {}
    old: bool | None = None
    met = {flight.version: flight} if flight.version is not None else {}
    if flight.version == TLS1_2:
        try:
            connections += 1
            second = (await shake_datagrams(open_exchange, TLS1_1, name)).flight
            alert = second.alert
            if second.version is not None and second.version <= TLS1_1:
                old, met[second.version] = True, second
            elif second.version is not None:
                # The flight of the first handshake again, by a server that knows one client only.
                why["tls1_1"] = reason("protocol-error", "another version than offered")
            elif alert is not None and alert.name in {"protocol_version", "handshake_failure"}:
                old = False
            else:
                why["tls1_1"] = reason("protocol-error", alert.name if alert else "")
        except Unanswered as ended:
            # Silence over UDP proves nothing.
            why["tls1_1"] = reason(ended.status.value, ended.detail)
    elif flight.version is not None:
        old = True
    chain = read_chain(flight.certificates, now())
    flights = list(met.values())
    if not flights:
        alert_name = flight.alert.name if flight.alert else ""
        for field_name in ("tls1_2", "tls1_1"):
            why[field_name] = reason("protocol-error", alert_name)
    if not chain.certificates:
        why["chain"] = why["trust"] = "not-offered"
    used = [suites()[one.suite] for one in flights if one.suite in suites()]
    made = TlsService(
        place=place,
        at=now(),
        why=why,
        sni=sni_of(name),
        # They have no form over datagrams.
        sslv2=False,
        sslv3=False,
        tls1_0=False,
        tls1_1=old,
        tls1_2=flight.version == TLS1_2 if flights else None,
        suites={WORDS[version]: suite(one.suite or 0).name for version, one in met.items()},
        accepted={WORDS[version]: (suite(one.suite or 0),) for version, one in met.items()},
        groups={
            WORDS[version]: (group_name(one.group),)
            for version, one in met.items()
            if one.group is not None
        },
        forward_secrecy=True if any(one.has_forward_secrecy for one in used) else None,
        secure_renegotiation=all(one.secure_renegotiation for one in flights) if flights else None,
        extended_master_secret=(
            all(one.extended_master_secret for one in flights) if flights else None
        ),
        client_certificate=flight.client_certificate if flight.hello_done else None,
        chain=chain.certificates,
        trust=chain.trust,
        chain_ordered=chain.ordered,
        path=chain.path,
        missing_issuer=chain.missing_issuer,
        connections=connections,
        datagram=True,
    )
    for field_name in made.__struct_fields__:
        if field_name != "sni" and getattr(made, field_name) is None:
            why.setdefault(field_name, "not-offered")
    return made
