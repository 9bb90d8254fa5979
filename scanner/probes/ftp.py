"""FTP: greeting, features, and whether TLS is offered. No USER, no PASV: nothing is logged into."""

import re

from core.errors import Unanswered
from core.model import Intensity, Status
from core.observations.ftp import FtpService
from scanner.lines import (
    FTP_WORDS,
    GREETING_S,
    MAIL_WORDS,
    Reply,
    ask,
    farewell,
    read_reply,
    recognised,
    shown,
    why,
)
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_GREETS = re.compile(rb"220[ -]")
_AUTH = re.compile(r"AUTH\b.*\b(?:TLS|SSL)", re.IGNORECASE)
_ACCEPTS = {234, 334}
"""RFC 4217 §4; RFC 2228 has 334 for mechanisms that go on, and some servers answer TLS with it."""
_SPEAKS_FTP = re.compile(r"\bUSER\b|\bPASS\b|ftp", re.IGNORECASE)


def lists_tls(features: Reply) -> bool:
    """Whether the reply to FEAT lists ``AUTH TLS`` (RFC 4217 §6), however the server writes it."""
    return features.code == 211 and any(_AUTH.search(line) for line in features.lines)


def _recognises(heard: bytes) -> bool:
    text = heard[:512].decode("latin-1")
    is_mail = MAIL_WORDS.search(text) and not FTP_WORDS.search(text)
    return _GREETS.match(heard) is not None and not is_mail


async def _auth_tls(stream: Stream) -> Reply:
    """Give the answer to ``AUTH TLS``: yes or no. « Busy » (421, 431) is neither."""
    answer = await ask(stream, "AUTH TLS")
    if answer.code in {421, 431}:
        raise Unanswered(Status.RATE_LIMITED, answer.text)
    if answer.code < 400 and answer.code not in _ACCEPTS:
        raise Unanswered(Status.PROTOCOL_ERROR, answer.text)
    return answer


async def _start_tls(stream: Stream) -> None:
    await read_reply(stream, timeout_s=max(stream.timeout_s, GREETING_S))
    if (answer := await _auth_tls(stream)).code not in _ACCEPTS:
        raise Unanswered(Status.REFUSED, answer.text)


async def _measure(visit: Visit) -> Measured | None:
    auth_tls: bool | None = None
    reasons: dict[str, str] = {}
    evidence: list[str] = []
    async with await visit.dial(None) as stream:
        greeting = await read_reply(stream, timeout_s=max(stream.timeout_s, GREETING_S))
        named = bool(FTP_WORDS.search(greeting.text) and not MAIL_WORDS.search(greeting.text))
        if greeting.code == 421 and named:
            raise Unanswered(Status.RATE_LIMITED, greeting.text)
        if greeting.code != 220:
            return None
        heard = bytes(stream.heard)
        try:
            features = await ask(stream, "FEAT")
            # A 220 that names nothing is FTP when FEAT is answered, or refused in FTP's own words.
            if not (named or features.code == 211 or _SPEAKS_FTP.search(features.text)):
                return None
            named = True
            if visit.inside_tls:
                await farewell(stream, b"QUIT")
            elif lists_tls(features):
                auth_tls = True
                evidence.append("FEAT: AUTH TLS")
                await farewell(stream, b"QUIT")
            elif visit.intensity <= Intensity.DISCREET:
                # Absence from FEAT is not refusal, and one question is all that is allowed here.
                reasons["auth_tls"] = "intensity"
                await farewell(stream, b"QUIT")
            else:
                answer = await _auth_tls(stream)
                evidence.append(f"AUTH TLS: {shown(answer.text, 100)}")
                auth_tls = answer.code in _ACCEPTS
                if not auth_tls:
                    await farewell(stream, b"QUIT")
        except Unanswered as end:
            if not named:
                return None
            reasons["auth_tls"] = why(end)
    if auth_tls is None and not reasons:
        reasons["auth_tls"] = "encrypted"
    seen = FtpService(
        place=visit.place,
        at=visit.now(),
        why=reasons,
        greeting=shown(greeting.text),
        inside_tls=visit.inside_tls,
        auth_tls=auth_tls,
    )
    tls = await behind(visit, "ftp", _start_tls) if auth_tls else ()
    banner = f"banner: {shown(greeting.text)}"
    return Measured(service=recognised(visit, "ftp", heard, banner, *evidence), seen=(seen, *tls))


PROBE = Probe(
    name="ftp",
    ports=(21, 990, 2121),
    recognises=_recognises,
    measure=_measure,
    server_first=True,
)
