"""SSTP over HTTPS: one request, the first of [MS-SSTP] 3.2.4.1, with nothing behind it.

It is put where the web server says that it is Windows' own, under which SSTP listens, and once. The
gateway then waits for a call that never comes; the connection is closed at once.
"""

import re
import uuid

from core.errors import Unanswered
from core.observations.vpn import VpnService
from scanner.lines import contact_text
from scanner.visit import Visit
from scanner.web import Answer

_PATH = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
_ENDLESS = "18446744073709551615"
"""The content length that both sides announce: 2⁶⁴ - 1."""
_HEAD_BYTES = 8_192
_OK = re.compile(rb"HTTP/1\.[01] 200(?: |\r)")
_LENGTH = re.compile(
    rb"\r\nContent-Length:[ \t]{0,8}" + _ENDLESS.encode() + rb"[ \t]{0,8}\r\n", re.I
)

SAID = ("SSTP_DUPLEX_POST: HTTP/1.1 200", f"Content-Length: {_ENDLESS}")


def may_be(visit: Visit, first: Answer) -> bool:
    """Whether an answer to GET is one of Windows' web server, inside TLS."""
    is_windows = "microsoft-httpapi/" in (first.header("server") or "").lower()
    return is_windows and visit.inside_tls and not visit.medical


def request(authority: str, operator: str) -> bytes:
    """Give the request; a random correlation id, no cookie, no account."""
    lines = (
        f"SSTP_DUPLEX_POST {_PATH} HTTP/1.1",
        f"Host: {authority}",
        f"SSTPCORRELATIONID: {{{str(uuid.uuid4()).upper()}}}",
        f"Content-Length: {_ENDLESS}",
        f"User-Agent: Vigie (security check by mandate; contact: {contact_text(operator)})",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def is_agreed(head: bytes) -> bool:
    """Whether the head of an answer agrees to SSTP: 200, and a body without end."""
    return _OK.match(head) is not None and _LENGTH.search(head) is not None


async def ask(visit: Visit, host: str | None) -> VpnService | None:
    """Ask once, for one of ``visit.requests_left``; ``None`` when it is no SSTP gateway."""
    if visit.requests_left <= 0:
        return None
    visit.requests_left -= 1
    place = visit.place
    literal = f"[{place.ip}]" if place.ip and ":" in place.ip else place.ip or ""
    authority = host or literal
    try:
        async with await visit.dial(host) as stream:
            await stream.send(request(authority, visit.operator))
            head = await stream.receive_until(b"\r\n\r\n", max_bytes=_HEAD_BYTES)
    except Unanswered as error:
        visit.notes.append(f"sstp: unanswered: {error}")
        return None
    if not is_agreed(head):
        return None
    return VpnService(place=place, at=visit.now(), protocol="sstp")
