"""SSH: identification string and offered algorithms. No key exchange, no login."""

import re
import struct

from core.errors import Unanswered
from core.model import Status
from core.observations.ssh import SshService
from scanner.lines import contact_text, read_line, recognised, shown, why, within
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_IDENTIFICATION = re.compile(rb"SSH-([0-9]{1,2})\.([0-9]{1,3})-([^ \r\n]*)")
_GREETS = re.compile(rb"(?:\A|\n)SSH-[0-9]{1,2}\.[0-9]{1,3}-")
_TOO_MANY = (b"Exceeded MaxStartups", b"Not allowed at this time")
"""What OpenSSH says in place of its identification when it sheds load or penalises an address."""

_LINES_BEFORE = 50
_PACKET_LIMIT_BYTES = 35_000
"""RFC 4253 §6.1: the packet that everyone must be able to take."""
_NAMES_LIMIT = 300
_SKIPPED = {2, 4}
"""SSH_MSG_IGNORE and SSH_MSG_DEBUG may come before the KEXINIT."""
_KEXINIT = 20
_STRICT = "kex-strict-s-v00@openssh.com"
_LISTS = (
    "key_exchanges",
    "host_keys",
    "ciphers",
    "macs",
    "compressions",
    "strict_key_exchange",
)

NameLists = tuple[tuple[str, ...], ...]


def parse_kexinit(payload: bytes) -> NameLists:
    """Give the ten name-lists of a KEXINIT payload (RFC 4253 §7.1), in the order of the packet.

    Raises :class:`core.errors.Unanswered` (``protocol-error``) on anything else.
    """
    if len(payload) < 17 or payload[0] != _KEXINIT:
        raise Unanswered(Status.PROTOCOL_ERROR, "not a KEXINIT")
    at = 17
    lists: list[tuple[str, ...]] = []
    for _ in range(10):
        if at + 4 > len(payload):
            raise Unanswered(Status.PROTOCOL_ERROR, "KEXINIT cut short")
        (size,) = struct.unpack_from(">I", payload, at)
        at += 4
        if size > len(payload) - at:
            raise Unanswered(Status.PROTOCOL_ERROR, "KEXINIT with a lying length")
        names = payload[at : at + size].split(b",") if size else []
        if len(names) > _NAMES_LIMIT:
            raise Unanswered(Status.PROTOCOL_ERROR, f"{len(names)} algorithms in one list")
        lists.append(tuple(shown(name, 64) for name in names))
        at += size
    return tuple(lists)


def _recognises(heard: bytes) -> bool:
    # Lines may come before the identification (RFC 4253 §4.2); a page that quotes one is not SSH.
    if heard.startswith((b"HTTP/", b"<")):
        return False
    return heard.startswith(_TOO_MANY) or _GREETS.search(heard) is not None


async def _identification(stream: Stream) -> bytes | None:
    """Give the identification string, past the lines before it; ``None`` without one."""
    with within(stream.timeout_s):
        for _ in range(_LINES_BEFORE):
            line = await read_line(stream)
            if line.startswith(_TOO_MANY):
                raise Unanswered(Status.RATE_LIMITED, shown(line))
            if line.startswith(b"SSH-"):
                return line
    return None


async def _packet(stream: Stream) -> bytes:
    """Give the payload of one unencrypted binary packet (RFC 4253 §6)."""
    size, padding = struct.unpack(">IB", await stream.receive_exactly(5))
    if not padding + 1 < size <= _PACKET_LIMIT_BYTES:
        raise Unanswered(Status.PROTOCOL_ERROR, f"SSH packet of {size} bytes")
    body = await stream.receive_exactly(size - 1)
    return body[: len(body) - padding]


async def _name_lists(stream: Stream, operator: str) -> NameLists:
    comment = contact_text(operator)
    await stream.send(f"SSH-2.0-Vigie{' ' + comment if comment else ''}\r\n".encode("ascii"))
    with within(stream.timeout_s):
        for _ in range(4):
            payload = await _packet(stream)
            if payload[:1] == b"\x01":
                raise Unanswered(Status.RESET, f"disconnected: {shown(payload[9:], 80)}")
            if payload[0] not in _SKIPPED:
                return parse_kexinit(payload)
    raise Unanswered(Status.PROTOCOL_ERROR, "no KEXINIT")


async def _measure(visit: Visit) -> Measured | None:
    lists: NameLists | None = None
    reasons: dict[str, str] = {}
    async with await visit.dial(None) as stream:
        line = await _identification(stream)
        found = _IDENTIFICATION.match(line) if line else None
        if line is None or found is None:
            return None
        heard = bytes(stream.heard)
        version = (int(found[1]), int(found[2]))
        speaks_2 = version[0] >= 2 or version == (1, 99)
        if speaks_2:
            try:
                lists = await _name_lists(stream, visit.operator)
            except Unanswered as end:
                reasons = dict.fromkeys(_LISTS, why(end))
        else:
            reasons = dict.fromkeys(_LISTS, "not-offered: SSH-1")
    identification = shown(line, 255)
    seen = SshService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        identification=identification,
        software=shown(found[3]),
        protocol_1=version[0] == 1,
        protocol_2=speaks_2,
        key_exchanges=lists[0] if lists else None,
        host_keys=lists[1] if lists else None,
        ciphers=tuple(dict.fromkeys(lists[2] + lists[3])) if lists else None,
        macs=tuple(dict.fromkeys(lists[4] + lists[5])) if lists else None,
        compressions=tuple(dict.fromkeys(lists[6] + lists[7])) if lists else None,
        strict_key_exchange=_STRICT in lists[0] if lists else None,
    )
    return Measured(
        service=recognised(visit, "ssh", heard, f"banner: {identification}"), seen=(seen,)
    )


PROBE = Probe(
    name="ssh",
    ports=(22, 222, 2222, 22022),
    recognises=_recognises,
    measure=_measure,
    server_first=True,
)
