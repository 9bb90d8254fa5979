"""SMTP: greeting and EHLO. No sender, no recipient, no AUTH, no VRFY."""

import re

from core.errors import Unanswered
from core.model import Status
from core.observations.mail import MailService
from scanner.lines import (
    FTP_WORDS,
    GREETING_S,
    MAIL_WORDS,
    Reply,
    ask,
    contact_name,
    farewell,
    read_reply,
    recognised,
    shown,
    why,
)
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.tls.assess import Prelude
from scanner.visit import Measured, Probe, Visit

_GREETS = re.compile(rb"(?:220|421|554)[ -]")
_UNKNOWN_COMMAND = {500, 502, 504}
_AUTH = re.compile(r"AUTH[ =](.*)", re.IGNORECASE)


def mechanisms(extensions: tuple[str, ...]) -> tuple[str, ...]:
    """Give the SASL mechanisms among them (RFC 4954; ``AUTH=`` is Outlook's old spelling)."""
    found = [_AUTH.fullmatch(line) for line in extensions]
    words = [word.upper()[:32] for match in found if match for word in match[1].split()]
    return tuple(dict.fromkeys(words))[:20]


def _recognises(heard: bytes) -> bool:
    text = heard[:512].decode("latin-1")
    if _GREETS.match(heard) is None:
        return False
    if MAIL_WORDS.search(text):
        return True
    # 421 and 554 are refusals that many protocols share: only mail's own words make them mail's.
    return heard.startswith(b"220") and not FTP_WORDS.search(text)


async def _extensions(stream: Stream, greeting: Reply, operator: str) -> tuple[str, ...] | None:
    """Give the lines of EHLO after the first; ``None`` when the server does not know EHLO.

    Without EHLO there are no extensions at all (RFC 5321 §2.2.1).
    """
    if greeting.code != 220:
        raise Unanswered(Status.REFUSED, greeting.text)
    hello = await ask(stream, f"EHLO {contact_name(operator)}")
    if hello.code == 250:
        return hello.lines[1:]
    if hello.code in _UNKNOWN_COMMAND:
        return None
    raise Unanswered(Status.RATE_LIMITED if hello.code == 421 else Status.REFUSED, hello.text)


def _start_tls(operator: str) -> Prelude:
    async def start(stream: Stream) -> None:
        greeting = await read_reply(stream, timeout_s=max(stream.timeout_s, GREETING_S))
        await _extensions(stream, greeting, operator)
        if (answer := await ask(stream, "STARTTLS")).code != 220:
            raise Unanswered(Status.REFUSED, answer.text)

    return start


async def _measure(visit: Visit) -> Measured | None:
    starttls: bool | None = None
    logins: tuple[str, ...] | None = None
    reasons: dict[str, str] = {}
    evidence: list[str] = []
    async with await visit.dial(None) as stream:
        greeting = await read_reply(stream, timeout_s=max(stream.timeout_s, GREETING_S))
        named = bool(MAIL_WORDS.search(greeting.text) and not FTP_WORDS.search(greeting.text))
        if greeting.code == 421 and named:
            raise Unanswered(Status.RATE_LIMITED, greeting.text)
        if greeting.code != 220 and not (greeting.code == 554 and named):
            return None
        heard = bytes(stream.heard)
        try:
            extensions = await _extensions(stream, greeting, visit.operator)
            await farewell(stream, b"QUIT")
            if extensions is None:
                if not named:
                    return None
                starttls, logins = False, ()
            else:
                starttls = any(line.strip().upper() == "STARTTLS" for line in extensions)
                logins = mechanisms(extensions)
                evidence.append("EHLO: " + shown(", ".join(extensions)))
        except Unanswered as end:
            if not named:
                return None
            reasons = dict.fromkeys(("starttls", "clear_logins"), why(end))
    if visit.inside_tls:
        starttls, logins = None, None
        reasons = {"starttls": "encrypted", "clear_logins": "encrypted"}
    seen = MailService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        protocol="smtp",
        greeting=shown(greeting.text),
        inside_tls=visit.inside_tls,
        starttls=starttls,
        clear_logins=logins,
    )
    tls = await behind(visit, "smtp", _start_tls(visit.operator)) if starttls else ()
    banner = f"banner: {shown(greeting.text)}"
    return Measured(service=recognised(visit, "smtp", heard, banner, *evidence), seen=(seen, *tls))


PROBE = Probe(
    name="smtp",
    ports=(25, 465, 587, 2525),
    recognises=_recognises,
    measure=_measure,
    server_first=True,
)
