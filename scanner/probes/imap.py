"""IMAP: greeting and CAPABILITY. No login."""

import re

from core.errors import Unanswered
from core.model import Status
from core.observations.mail import MailService
from scanner.lines import REPLY_LIMIT_LINES, farewell, read_line, recognised, shown, why, within
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_GREETS = re.compile(rb"\* (?:OK|PREAUTH|BYE)\b", re.IGNORECASE)
_IN_GREETING = re.compile(rb"\[CAPABILITY ([^\]]*)\]", re.IGNORECASE)
_ANSWER = re.compile(rb"\* CAPABILITY (.*)", re.IGNORECASE)


async def _capabilities(stream: Stream, greeting: bytes) -> tuple[str, ...]:
    """Give the capabilities: from the greeting if it tells them (RFC 9051 §7.1), else by asking."""
    if greeting[:5].upper() == b"* BYE":
        raise Unanswered(Status.REFUSED, shown(greeting))
    found = _IN_GREETING.search(greeting)
    if found is None:
        await stream.send(b"v1 CAPABILITY\r\n")
        with within(stream.timeout_s):
            for _ in range(REPLY_LIMIT_LINES):
                line = await read_line(stream)
                if line.lower().startswith(b"v1 "):
                    break
                found = found or _ANSWER.fullmatch(line)
    if found is None:
        raise Unanswered(Status.PROTOCOL_ERROR, "no CAPABILITY")
    return tuple(shown(word, 64).upper() for word in found[1].split()[:100])


def clear_logins(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """Give the ways to log in (RFC 9051 §6.2): ``LOGIN`` unless disabled, and SASL mechanisms."""
    mechanisms = [word.removeprefix("AUTH=") for word in capabilities if word.startswith("AUTH=")]
    login = [] if "LOGINDISABLED" in capabilities else ["LOGIN"]
    return tuple(dict.fromkeys(login + mechanisms))


async def _start_tls(stream: Stream) -> None:
    await read_line(stream)
    await stream.send(b"v1 STARTTLS\r\n")
    with within(stream.timeout_s):
        for _ in range(REPLY_LIMIT_LINES):
            line = await read_line(stream)
            if line.lower().startswith(b"v1 "):
                break
        else:
            raise Unanswered(Status.GAVE_UP, "answer without end")
    if not line.lower().startswith(b"v1 ok"):
        raise Unanswered(Status.REFUSED, shown(line))


async def _measure(visit: Visit) -> Measured | None:
    capabilities: tuple[str, ...] | None = None
    reasons: dict[str, str] = {}
    async with await visit.dial(None) as stream:
        greeting = await read_line(stream)
        if _GREETS.match(greeting) is None:
            return None
        heard = bytes(stream.heard)
        try:
            capabilities = await _capabilities(stream, greeting)
            await farewell(stream, b"v2 LOGOUT")
        except Unanswered as end:
            reasons = dict.fromkeys(("starttls", "clear_logins"), why(end))
    if visit.inside_tls:
        reasons = {"starttls": "encrypted", "clear_logins": "encrypted"}
    told = None if visit.inside_tls else capabilities
    evidence = [f"banner: {shown(greeting)}"]
    if capabilities and _IN_GREETING.search(greeting) is None:
        evidence.append("CAPABILITY: " + shown(" ".join(capabilities)))
    seen = MailService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        protocol="imap",
        greeting=shown(greeting),
        inside_tls=visit.inside_tls,
        starttls="STARTTLS" in told if told is not None else None,
        clear_logins=clear_logins(told) if told is not None else None,
    )
    tls = await behind(visit, "imap", _start_tls) if seen.starttls else ()
    return Measured(service=recognised(visit, "imap", heard, *evidence), seen=(seen, *tls))


PROBE = Probe(
    name="imap",
    ports=(143, 993),
    recognises=lambda heard: _GREETS.match(heard) is not None,
    measure=_measure,
    server_first=True,
)
