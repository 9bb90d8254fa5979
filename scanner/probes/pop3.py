"""POP3: greeting and CAPA. No login."""

import re

from core.errors import Unanswered
from core.model import Intensity, Status
from core.observations.mail import MailService
from scanner.lines import REPLY_LIMIT_LINES, farewell, read_line, recognised, shown, why, within
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_GREETS = re.compile(rb"\+OK(?=[ \r\n]|\Z)", re.IGNORECASE)
_FAILS = re.compile(rb"-ERR(?=[ \r\n]|\Z)", re.IGNORECASE)
_BUSY = (b"[SYS/TEMP]", b"[IN-USE]", b"[LOGIN-DELAY]")


async def _asked(stream: Stream, command: bytes) -> bytes | None:
    """Send a command; give the line of success, ``None`` for ``-ERR``."""
    await stream.send(command + b"\r\n")
    line = await read_line(stream)
    if _GREETS.match(line):
        return line
    if _FAILS.match(line):
        if any(busy in line.upper() for busy in _BUSY):
            raise Unanswered(Status.RATE_LIMITED, shown(line))
        return None
    raise Unanswered(Status.PROTOCOL_ERROR, f"neither +OK nor -ERR: {shown(line, 60)}")


async def _capabilities(stream: Stream) -> tuple[str, ...] | None:
    """Give the lines of CAPA (RFC 2449 §5); ``None`` when the server does not know it."""
    if await _asked(stream, b"CAPA") is None:
        return None
    lines: list[str] = []
    with within(stream.timeout_s):
        while (line := await read_line(stream)) != b".":
            if len(lines) >= REPLY_LIMIT_LINES:
                raise Unanswered(Status.GAVE_UP, "CAPA without end")
            lines.append(shown(line).upper())
    return tuple(lines)


def clear_logins(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """Give the ways to log in that CAPA tells: ``USER``, and SASL mechanisms (RFC 5034)."""
    sasl = [line.split()[1:] for line in capabilities if line.split()[:1] == ["SASL"]]
    words = [word for line in sasl for word in line]
    user = ["USER"] if "USER" in capabilities else []
    return tuple(dict.fromkeys(user + words))


async def _start_tls(stream: Stream) -> None:
    await read_line(stream)
    if await _asked(stream, b"STLS") is None:
        raise Unanswered(Status.REFUSED, "STLS announced, then refused")


async def _measure(visit: Visit) -> Measured | None:
    starttls: bool | None = None
    logins: tuple[str, ...] | None = None
    reasons: dict[str, str] = {}
    async with await visit.dial(None) as stream:
        greeting = await read_line(stream)
        if _GREETS.match(greeting) is None:
            return None
        heard = bytes(stream.heard)
        evidence = [f"banner: {shown(greeting)}"]
        try:
            capabilities = await _capabilities(stream)
            if capabilities is not None:
                starttls = "STLS" in capabilities
                logins = clear_logins(capabilities)
                evidence.append("CAPA: " + shown(", ".join(capabilities)))
            else:
                # RFC 1939 servers have USER and no CAPA; STLS alone tells whether they know TLS.
                reasons["clear_logins"] = "not-offered: CAPA"
                if visit.inside_tls or visit.intensity <= Intensity.DISCREET:
                    reasons["starttls"] = "intensity"
                else:
                    starttls = await _asked(stream, b"STLS") is not None
            if capabilities is not None or not starttls:
                await farewell(stream, b"QUIT")
        except Unanswered as end:
            if end.status is Status.PROTOCOL_ERROR:
                return None
            reasons = dict.fromkeys(("starttls", "clear_logins"), why(end))
    if visit.inside_tls:
        starttls, logins = None, None
        reasons = {"starttls": "encrypted", "clear_logins": "encrypted"}
    seen = MailService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        protocol="pop3",
        greeting=shown(greeting),
        inside_tls=visit.inside_tls,
        starttls=starttls,
        clear_logins=logins,
    )
    tls = await behind(visit, "pop3", _start_tls) if starttls else ()
    return Measured(service=recognised(visit, "pop3", heard, *evidence), seen=(seen, *tls))


PROBE = Probe(
    name="pop3",
    ports=(110, 995),
    recognises=lambda heard: _GREETS.match(heard) is not None,
    measure=_measure,
    server_first=True,
)
