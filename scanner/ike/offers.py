"""What is asked of an IKE responder: one opening message a question, none of which can go further.

The public values are random: nobody, Vigie included, knows a secret for them. No identity, no key
and no account of anyone is presented; the vendor identifier says who asks, in clear text.
"""

import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.ike.names import load_names
from scanner.ike.wire import (
    AGGRESSIVE,
    COOKIE,
    DELETE,
    HEADER_BYTES,
    ID,
    INFORMATIONAL,
    INITIATOR,
    KE,
    KE2,
    MAIN,
    NONCE,
    NONCE2,
    NOTIFY2,
    SA,
    SA2,
    SA_INIT,
    VENDOR,
    VENDOR2,
    Transform1,
)

WEAK_GROUPS = (2, 22, 1)
"""MODP of 1024 bits or fewer (RFC 8247 §2.4: MUST NOT, or SHOULD NOT on the way to it)."""
_GROUPS = (14, 19, 20, 21, 31, 15, 16, 17, 18, 24, 23, 28, 29, 5, 2, 22, 1)
"""Offered by IKEv2, the good ones first; a responder that knows none of ours refuses them all."""
_PRFS = (5, 6, 7, 2, 4, 1)
_INTEGRITIES = (12, 13, 14, 2, 5, 1)
_CIPHERS = ((12, 256), (12, 192), (12, 128), (3, 0))
_SEALING_CIPHERS = ((20, 256), (20, 192), (20, 128), (19, 256), (18, 256), (16, 256), (28, 0))

_AES, _3DES = 7, 5
_MD5, _SHA1, _SHA256, _SHA384 = 1, 2, 4, 5
_PSK, _RSA, _XAUTH_PSK = 1, 3, 65001
_COMMON: tuple[Transform1, ...] = tuple(
    Transform1(*fields)
    for fields in (
        (_AES, 256, _SHA1, _PSK, 2),
        (_AES, 128, _SHA1, _PSK, 2),
        (_3DES, 0, _SHA1, _PSK, 2),
        (_3DES, 0, _MD5, _PSK, 2),
        (_AES, 256, _SHA256, _PSK, 2),
        (_AES, 256, _SHA1, _XAUTH_PSK, 2),
        (_AES, 128, _SHA1, _XAUTH_PSK, 2),
        (_3DES, 0, _SHA1, _XAUTH_PSK, 2),
        (_AES, 256, _SHA1, _RSA, 2),
        (_3DES, 0, _SHA1, _RSA, 2),
        (_AES, 256, _SHA256, _PSK, 14),
        (_AES, 128, _SHA256, _PSK, 14),
        (_AES, 256, _SHA1, _PSK, 14),
        (_AES, 128, _SHA1, _PSK, 14),
        (_3DES, 0, _SHA1, _PSK, 14),
        (_AES, 256, _SHA256, _XAUTH_PSK, 14),
        (_AES, 256, _SHA1, _XAUTH_PSK, 14),
        (_AES, 256, _SHA256, _RSA, 14),
        (_AES, 256, _SHA1, _RSA, 14),
        (_AES, 256, _SHA256, _PSK, 5),
        (_AES, 256, _SHA1, _PSK, 5),
        (_AES, 128, _SHA1, _PSK, 5),
        (_3DES, 0, _SHA1, _PSK, 5),
        (_AES, 256, _SHA1, _XAUTH_PSK, 5),
        (_AES, 256, _SHA256, _PSK, 19),
        (_AES, 256, _SHA384, _PSK, 20),
        (_AES, 256, _SHA1, _PSK, 20),
        (_AES, 128, _SHA1, _PSK, 19),
        (_AES, 256, _SHA256, _PSK, 16),
    )
)
"""The pairings that makers ship, of all that IKEv1 could name: it wants each set spelled out. The
weak group first: a responder that follows the initiator's order then shows that it takes it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One opening message."""

    datagram: bytes
    initiator: bytes
    """SPI that an answer must repeat."""
    offered: frozenset[Transform1] = frozenset()
    """Of IKEv1: an answer chooses among these."""
    groups: frozenset[int] = frozenset()
    """Of IKEv2: an answer chooses, or wants, one of these."""


def ask_v2(operator: str, *, groups: Sequence[int] = _GROUPS) -> Question:
    """Give an IKE_SA_INIT that offers every common algorithm, and these groups (RFC 7296 §1.2).

    The public value is of the first group.
    """
    initiator = _spi()
    classic = _proposal2(1, _CIPHERS, _INTEGRITIES, groups, is_last=False)
    sealing = _proposal2(2, _SEALING_CIPHERS, (), groups, is_last=True)
    payloads = [
        (SA2, classic + sealing),
        (KE2, struct.pack(">HH", groups[0], 0) + public_value(groups[0])),
        (NONCE2, secrets.token_bytes(32)),
        (VENDOR2, _who(operator)),
    ]
    datagram = _message(initiator, bytes(8), 0x20, SA_INIT, INITIATOR, payloads)
    return Question(datagram, initiator, groups=frozenset(groups))


def with_cookie(question: Question, cookie: bytes) -> bytes:
    """Give the same IKE_SA_INIT behind the cookie that a busy responder wants (RFC 7296 §2.6)."""
    body = struct.pack(">BBH", 0, 0, COOKIE) + cookie
    first = struct.pack(">BBH", question.datagram[16], 0, 4 + len(body)) + body
    rest = question.datagram[HEADER_BYTES:]
    size = struct.pack(">I", HEADER_BYTES + len(first) + len(rest))
    return (
        question.datagram[:16] + bytes([NOTIFY2]) + question.datagram[17:24] + size + first + rest
    )


def ask_main(operator: str, offered: Sequence[Transform1] = _COMMON) -> Question:
    """Give the first message of main mode: proposals alone, no key yet (RFC 2409 §5.4)."""
    initiator = _spi()
    payloads = [(SA, _association1(offered)), (VENDOR, _who(operator))]
    datagram = _message(initiator, bytes(8), 0x10, MAIN, 0, payloads)
    return Question(datagram, initiator, offered=frozenset(offered))


def ask_aggressive(operator: str, chosen: Transform1 | None) -> Question:
    """Give the first message of aggressive mode, with an identity that is nobody's (RFC 2409 §5.4).

    ``chosen`` is what main mode agreed to; ``None``: the common sets of the commonest group.
    """
    initiator = _spi()
    group = chosen.group if chosen else WEAK_GROUPS[0]
    offered = (chosen,) if chosen else tuple(one for one in _COMMON if one.group == group)
    payloads = [
        (SA, _association1(offered)),
        (KE, public_value(group)),
        (NONCE, secrets.token_bytes(20)),
        # ID_KEY_ID, any protocol, any port (RFC 2407 §4.6.2.1).
        (ID, struct.pack(">BBH", 11, 0, 0) + b"vigie"),
        (VENDOR, _who(operator)),
    ]
    datagram = _message(initiator, bytes(8), 0x10, AGGRESSIVE, 0, payloads)
    return Question(datagram, initiator, offered=frozenset(offered))


def with_weak_groups(chosen: Transform1) -> tuple[Transform1, ...]:
    """Give what a responder agreed to, and the commonest ciphers, with weak groups instead."""
    ciphers = {
        (chosen.encryption, chosen.key_bits, chosen.hash): None,
        (_AES, 256, _SHA1): None,
        (_AES, 128, _SHA1): None,
        (_3DES, 0, _SHA1): None,
        (_3DES, 0, _MD5): None,
    }
    return tuple(
        Transform1(encryption, key_bits, digest, chosen.authentication, group)
        for encryption, key_bits, digest in ciphers
        for group in WEAK_GROUPS
    )


def leave(initiator: bytes, responder: bytes) -> bytes:
    """Give the message that deletes what an answer of IKEv1 opened (RFC 2408 §3.15)."""
    body = struct.pack(">IBBH", 1, 1, 16, 1) + initiator + responder
    identifier = int.from_bytes(secrets.token_bytes(4), "big") | 1
    return _message(initiator, responder, 0x10, INFORMATIONAL, 0, [(DELETE, body)], identifier)


def can_offer(group: int) -> bool:
    """Whether a public value of this group can be made up."""
    return group in _CURVES or _is_modp(group)


def public_value(group: int) -> bytes:
    """Give a valid public value of a group, to which nobody keeps the secret."""
    curve = _CURVES.get(group)
    if curve is not None:
        point = ec.generate_private_key(curve()).public_key()
        # The point is sent as x and y, without the byte of its form (RFC 5903 §7).
        return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    size = load_names().groups[group].bits // 8
    # The prime of every MODP group begins above 0x80: under 0x5b, any number will do.
    return b"\x5a" + secrets.token_bytes(size - 1)


_CURVES: dict[int, type[ec.EllipticCurve]] = {
    19: ec.SECP256R1,
    20: ec.SECP384R1,
    21: ec.SECP521R1,
}


def _is_modp(group: int) -> bool:
    known = load_names().groups.get(group)
    return known is not None and known.is_modp


def _who(operator: str) -> bytes:
    contact = "".join(sign for sign in operator if " " <= sign <= "~") or "no contact given"
    return f"Vigie (security check by mandate; contact: {contact[:80]})".encode("ascii")


def _spi() -> bytes:
    # Zero stands for « none yet ».
    return b"\x56" + secrets.token_bytes(7)


def _message(
    initiator: bytes,
    responder: bytes,
    version: int,
    exchange: int,
    flags: int,
    payloads: Sequence[tuple[int, bytes]],
    identifier: int = 0,
) -> bytes:
    following = [kind for kind, _ in payloads[1:]] + [0]
    body = b"".join(
        struct.pack(">BBH", after, 0, 4 + len(inside)) + inside
        for after, (_, inside) in zip(following, payloads, strict=True)
    )
    size = HEADER_BYTES + len(body)
    head = struct.pack(">BBBBII", payloads[0][0], version, exchange, flags, identifier, size)
    return initiator + responder + head + body


def _association1(offered: Sequence[Transform1]) -> bytes:
    """Give the inside of an SA payload: one proposal, its transforms in order (RFC 2408 §3.4)."""
    transforms = b"".join(
        _transform1(number, one, is_last=number == len(offered))
        for number, one in enumerate(offered, start=1)
    )
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, len(offered))
    return struct.pack(">II", 1, 1) + proposal + transforms


def _transform1(number: int, offered: Transform1, *, is_last: bool) -> bytes:
    fields = [(1, offered.encryption)]
    fields += [(14, offered.key_bits)] if offered.key_bits else []
    fields += [(2, offered.hash), (3, offered.authentication), (4, offered.group)]
    # Eight hours, in seconds: some responders refuse a proposal without a lifetime.
    fields += [(11, 1), (12, 28_800)]
    body = b"".join(struct.pack(">HH", 0x8000 | kind, value) for kind, value in fields)
    return struct.pack(">BBHBBH", 0 if is_last else 3, 0, 8 + len(body), number, 1, 0) + body


def _proposal2(
    number: int,
    ciphers: Iterable[tuple[int, int]],
    integrities: Iterable[int],
    groups: Iterable[int],
    *,
    is_last: bool,
) -> bytes:
    fields = [(1, cipher, key_bits) for cipher, key_bits in ciphers]
    fields += [(2, one, 0) for one in _PRFS]
    fields += [(3, one, 0) for one in integrities]
    fields += [(4, one, 0) for one in groups]
    body = b""
    for at, (kind, identifier, key_bits) in enumerate(fields, start=1):
        attribute = struct.pack(">HH", 0x800E, key_bits) if key_bits else b""
        more = 0 if at == len(fields) else 3
        body += struct.pack(">BBHBBH", more, 0, 8 + len(attribute), kind, 0, identifier) + attribute
    last = 0 if is_last else 2
    return struct.pack(">BBHBBBB", last, 0, 8 + len(body), number, 1, 0, len(fields)) + body
