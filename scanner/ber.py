"""The little BER (X.690) that LDAP and CredSSP need: definite lengths, one-byte tags, bounded."""

from typing import NamedTuple, NoReturn

from core.errors import Unanswered
from core.model import Status
from scanner.stream import Stream

INTEGER, OCTET_STRING, OID, ENUMERATED, SEQUENCE = 0x02, 0x04, 0x06, 0x0A, 0x30

_LENGTH_BYTES = 4
"""Longest length field believed: AD pads short lengths to four bytes."""
_MAX_ITEMS = 4_096


class Item(NamedTuple):
    """One element."""

    tag: int
    content: bytes


def encode(tag: int, *contents: bytes) -> bytes:
    """Give one element around these contents."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Give a non-negative INTEGER or ENUMERATED."""
    return encode(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def number(item: Item) -> int:
    """Read an INTEGER or ENUMERATED of at most eight bytes."""
    if not 1 <= len(item.content) <= 8:
        _malformed("integer")
    return int.from_bytes(item.content, "big", signed=True)


def items(data: bytes) -> tuple[Item, ...]:
    """Split bytes into the elements that follow each other there.

    Raises :class:`core.errors.Unanswered` (``protocol-error``) on anything else.
    """
    found: list[Item] = []
    at = 0
    while at < len(data):
        if len(found) == _MAX_ITEMS:
            _malformed("too many elements")
        tag, start, size = _header(data, at)
        at = start + size
        if at > len(data):
            _malformed("element cut short")
        found.append(Item(tag, data[start:at]))
    return tuple(found)


def inside(item: Item, tag: int) -> tuple[Item, ...]:
    """Give the elements inside one that must have this tag."""
    if item.tag != tag:
        _malformed(f"tag {item.tag:#04x} instead of {tag:#04x}")
    return items(item.content)


async def receive(stream: Stream, tag: int, *, max_bytes: int) -> Item:
    """Read one whole element of this tag; another first byte is ``protocol-error`` at once."""
    header = await stream.receive_exactly(1)
    if header[0] != tag:
        _malformed(f"first byte {header[0]:#04x} instead of {tag:#04x}")
    header += await stream.receive_exactly(1)
    if header[1] & 0x80:
        if not 1 <= header[1] & 0x7F <= _LENGTH_BYTES:
            _malformed("length field")
        header += await stream.receive_exactly(header[1] & 0x7F)
    _, _, size = _header(header, 0)
    if size > max_bytes:
        raise Unanswered(Status.GAVE_UP, f"BER element of {size} bytes")
    return Item(tag, await stream.receive_exactly(size) if size else b"")


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Give tag, where the content starts, and its size."""
    if at + 2 > len(data):
        _malformed("header cut short")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        _malformed("long tag")
    if first < 0x80:
        return tag, at + 2, first
    width = first & 0x7F
    start = at + 2 + width
    if not 1 <= width <= _LENGTH_BYTES or start > len(data):
        _malformed("length field")
    return tag, start, int.from_bytes(data[at + 2 : start], "big")


def _malformed(what: str) -> NoReturn:
    raise Unanswered(Status.PROTOCOL_ERROR, f"BER: {what}")
