"""What greeting protocols share: bounded lines, numbered replies, the name we give ourselves."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

import trio

from core.errors import Unanswered
from core.model import Confidence, Status, reason
from core.observations.service import Service
from scanner.stream import Stream
from scanner.visit import Visit

LINE_LIMIT_BYTES = 2_048
"""RFC 5321 §4.5.3.1.5 promises 512; FEAT and CAPABILITY lines of real servers stay under 1 kB."""
REPLY_LIMIT_LINES = 64
GREETING_S = 8.0
"""Postfix's postscreen holds the last line of its greeting for 6 s, and bans who speaks before."""

FTP_WORDS = re.compile(r"ftp|filezilla|serv-u", re.IGNORECASE)
MAIL_WORDS = re.compile(r"\b(?:e?smtp|lmtp)\b|mail|postfix|exim", re.IGNORECASE)
"""FTP and SMTP greet alike, with 220: these words alone tell a greeting's side. A host called
``ftp.chu.example`` may send mail, so where both stand, only the answers tell."""

_NUMBERED = re.compile(r"([1-5][0-9]{2})([ -]?)(.*)")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9-]+")


class Reply(NamedTuple):
    """A numbered reply (RFC 959 §4.2, RFC 5321 §4.2): its code, its lines without the code."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it on one line, for a proof."""
        return f"{self.code} {' '.join(self.lines)}"[:200]


def shown(data: bytes | str, limit: int = 200) -> str:
    """Give foreign bytes as one short line: Latin-1, no control characters, cut."""
    text = data.decode("latin-1") if isinstance(data, bytes) else data
    return _UNSHOWN.sub(" ", text).strip()[:limit]


@contextmanager
def within(seconds: float) -> Generator[None]:
    """Bound a whole exchange: a server that sends a byte now and then never ends it by itself."""
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        raise Unanswered(Status.TIMEOUT, "answer never complete") from None


async def read_line(stream: Stream, *, timeout_s: float | None = None) -> bytes:
    """Give the next line without its end; longer than ``LINE_LIMIT_BYTES`` is ``gave-up``."""
    line = await stream.receive_until(b"\n", max_bytes=LINE_LIMIT_BYTES, timeout_s=timeout_s)
    return line.rstrip(b"\r\n")


async def read_reply(stream: Stream, *, timeout_s: float | None = None) -> Reply:
    """Give one numbered reply, all its lines; ``protocol-error`` when the first has no number."""
    budget_s = timeout_s or stream.timeout_s
    with within(budget_s):
        code, goes_on, text = _numbered(await read_line(stream, timeout_s=budget_s))
        lines = [text]
        while goes_on:
            if len(lines) >= REPLY_LIMIT_LINES:
                raise Unanswered(Status.GAVE_UP, "reply without end")
            line = await read_line(stream, timeout_s=budget_s)
            # FTP lets inner lines go without the code; only « code SP » ends the reply.
            start = line[:4].decode("latin-1")
            goes_on = start.rstrip() != str(code) or start.endswith("-")
            lines.append(shown(line[4:] if start[:3] == str(code) else line, LINE_LIMIT_BYTES))
    return Reply(code, tuple(lines))


async def ask(stream: Stream, command: str) -> Reply:
    """Send one command and give its reply."""
    await stream.send(command.encode("ascii") + b"\r\n")
    return await read_reply(stream)


async def farewell(stream: Stream, command: bytes) -> None:
    """Take leave; whether the server hears it changes nothing."""
    try:
        await stream.send(command + b"\r\n")
    except Unanswered:
        return


def why(end: Unanswered) -> str:
    """Give the reason of a field that a target left unanswered."""
    return reason(end.status.value, shown(end.detail))


def contact_name(operator: str) -> str:
    """Give the operator's contact as a host name for HELO.

    A mail address becomes a name the way an SOA record writes one (RFC 1035 §3.3.13), after the
    name of the tool: ``securite@grades.example`` gives ``vigie.securite.grades.example``.
    """
    bare = operator.strip().lower().partition("://")[2] or operator.strip().lower()
    local, at, host = bare.removeprefix("mailto:").rpartition("@")
    name = re.split(r"[/:?#]", host)[0]
    labels = [*(local.split(".") if at else []), *name.split(".")]
    clean = [_NOT_IN_NAMES.sub("-", label).strip("-")[:63] for label in labels]
    kept = [label for label in clean if label] or ["invalid"]
    return ".".join(["vigie", *kept])[:253].rstrip(".-")


def contact_text(operator: str) -> str:
    """Give the operator's contact as printable ASCII, for a comment in a greeting."""
    return "".join(sign for sign in operator if "!" <= sign <= "~")[:120]


def recognised(
    visit: Visit,
    protocol: str,
    heard: bytes | bytearray,
    *evidence: str,
    confidence: Confidence = Confidence.CERTAIN,
) -> Service:
    """Give the service of a visit, known by what it said."""
    return Service(
        place=visit.place,
        at=visit.now(),
        protocol=protocol,
        tls=visit.inside_tls,
        confidence=confidence,
        evidence=evidence,
        banner=bytes(heard[:512]).decode("latin-1"),
    )


def _numbered(line: bytes) -> tuple[int, bool, str]:
    found = _NUMBERED.fullmatch(shown(line, LINE_LIMIT_BYTES))
    if found is None:
        raise Unanswered(Status.PROTOCOL_ERROR, f"no reply code: {shown(line, 60)}")
    code, mark, text = found.groups()
    return int(code), mark == "-", text
