"""IKEv1 (RFC 2408, RFC 2409) and IKEv2 (RFC 7296) messages, read without trust. Pure, total."""

import struct
from dataclasses import dataclass

V1, V2 = 1, 2
MAIN, AGGRESSIVE, INFORMATIONAL = 2, 4, 5
"""Exchange types of IKEv1."""
SA_INIT, INFORMATIONAL_V2 = 34, 37
"""Exchange types of IKEv2."""
SA, KE, ID, HASH, SIG, NONCE, NOTIFY, DELETE, VENDOR = 1, 4, 5, 8, 9, 10, 11, 12, 13
"""Payloads of IKEv1."""
SA2, KE2, NONCE2, NOTIFY2, VENDOR2, SEALED, SEALED_PART = 33, 34, 40, 41, 43, 46, 53
"""Payloads of IKEv2."""
INITIATOR, RESPONSE = 0x08, 0x20
"""Flags of IKEv2."""
ENCRYPTED = 0x01
"""Flag of IKEv1."""

COOKIE = 16390
"""Notification of IKEv2."""

HEADER_BYTES = 28
_PAYLOADS = 48
"""Real answers have under 20, vendor identifiers included."""
_TRANSFORM_FIELDS = 16
_KEY_LENGTH = 14
"""Attribute of RFC 7296 §3.3.5."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload: its type and what stands in it."""

    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message of either version."""

    initiator: bytes
    """SPI of 8 bytes, called cookie in IKEv1."""
    responder: bytes
    version: int
    """The major one."""
    exchange: int
    flags: int
    message_id: int
    payloads: tuple[Payload, ...]
    """Up to where it is encrypted."""

    def first(self, kind: int) -> bytes | None:
        """Give the first payload of a type."""
        return next((one.body for one in self.payloads if one.kind == kind), None)

    def each(self, kind: int) -> tuple[bytes, ...]:
        """Give every payload of a type."""
        return tuple(one.body for one in self.payloads if one.kind == kind)


@dataclass(frozen=True, slots=True)
class Transform1:
    """One set of choices of IKEv1: numbers of RFC 2409 appendix A."""

    encryption: int
    key_bits: int
    """0: of a fixed length."""
    hash: int
    authentication: int
    group: int


@dataclass(frozen=True, slots=True)
class Transform2:
    """What an IKEv2 responder chose: numbers of RFC 7296 §3.3.2."""

    encryption: int
    key_bits: int
    prf: int
    integrity: int
    """0: none, the cipher authenticates too."""
    group: int


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification: its type and its data."""

    kind: int
    data: bytes


def read_message(datagram: bytes) -> Message | None:
    """Read one message, header first; ``None`` when it is not one. Bytes behind it are left out."""
    if len(datagram) < HEADER_BYTES:
        return None
    initiator, responder = datagram[:8], datagram[8:16]
    kind, version, exchange, flags, message_id, size = struct.unpack_from(">BBBBII", datagram, 16)
    major = version >> 4
    if major not in (V1, V2) or not HEADER_BYTES <= size <= len(datagram):
        return None
    payloads: list[Payload] = []
    at = HEADER_BYTES
    is_sealed = major == V1 and flags & ENCRYPTED
    while kind and not is_sealed:
        if at + 4 > size or len(payloads) >= _PAYLOADS:
            return None
        following, length = datagram[at], int.from_bytes(datagram[at + 2 : at + 4], "big")
        if not 4 <= length <= size - at:
            return None
        payloads.append(Payload(kind, datagram[at + 4 : at + length]))
        if major == V2 and kind in (SEALED, SEALED_PART):
            break
        kind, at = following, at + length
    return Message(initiator, responder, major, exchange, flags, message_id, tuple(payloads))


def read_chosen1(body: bytes) -> Transform1 | None:
    """Read what an SA payload of IKEv1 chose; ``None`` unless it is one single transform."""
    if len(body) < 8 + 8:
        return None
    proposal = body[8:]
    following, _, size, _, protocol, spi_bytes, count = struct.unpack_from(">BBHBBBB", proposal)
    if following or protocol != 1 or count != 1 or size != len(proposal):
        return None
    transform = proposal[8 + spi_bytes :]
    if len(transform) < 8:
        return None
    following, _, size, _, identifier = struct.unpack_from(">BBHBB", transform)
    if following or identifier != 1 or size != len(transform):
        return None
    fields = _attributes(transform[8:])
    if fields is None:
        return None
    return Transform1(
        encryption=fields.get(1, 0),
        key_bits=fields.get(14, 0),
        hash=fields.get(2, 0),
        authentication=fields.get(3, 0),
        group=fields.get(4, 0),
    )


def read_chosen2(body: bytes) -> Transform2 | None:
    """Read what an SA payload of IKEv2 chose; ``None`` unless it is one choice of each type."""
    if len(body) < 8:
        return None
    following, _, size, _, protocol, spi_bytes, count = struct.unpack_from(">BBHBBBB", body)
    if following or protocol != 1 or size != len(body) or not 1 <= count <= _TRANSFORM_FIELDS:
        return None
    at = 8 + spi_bytes
    chosen: dict[int, int] = {}
    key_bits = 0
    for left in range(count - 1, -1, -1):
        if at + 8 > size:
            return None
        more, _, length, kind, _, identifier = struct.unpack_from(">BBHBBH", body, at)
        if bool(more) != bool(left) or not 8 <= length <= size - at or kind in chosen:
            return None
        chosen[kind] = identifier
        if kind == 1:
            fields = _attributes(body[at + 8 : at + length])
            if fields is None:
                return None
            key_bits = fields.get(_KEY_LENGTH, 0)
        at += length
    if at != size or not {1, 2, 4} <= chosen.keys():
        return None
    return Transform2(
        encryption=chosen[1],
        key_bits=key_bits,
        prf=chosen[2],
        integrity=chosen.get(3, 0),
        group=chosen[4],
    )


def read_notify(body: bytes, version: int) -> Notify | None:
    """Read a notification of either version."""
    at = 4 if version == V1 else 0
    if len(body) < at + 4:
        return None
    _, spi_bytes, kind = struct.unpack_from(">BBH", body, at)
    if len(body) < at + 4 + spi_bytes:
        return None
    return Notify(kind, body[at + 4 + spi_bytes :])


def _attributes(data: bytes) -> dict[int, int] | None:
    """Read the attributes of a transform (RFC 2408 §3.3), long ones up to 4 bytes; first wins."""
    found: dict[int, int] = {}
    at = 0
    while at < len(data):
        if at + 4 > len(data) or len(found) > _TRANSFORM_FIELDS:
            return None
        kind, value = struct.unpack_from(">HH", data, at)
        at += 4
        if not kind & 0x8000:
            if at + value > len(data) or value > 8:
                return None
            kind, value, at = kind, int.from_bytes(data[at : at + value], "big"), at + value
        found.setdefault(kind & 0x7FFF, value)
    return found
