"""RD Gateway over HTTPS: one request, the first of [MS-TSGU] 3.3.5.1, without any account.

The gateway answers its own method at its own path by asking for a name (401); nothing is sent back,
and the tunnel is never opened. It is put once, where the web server says that it is Windows'.
"""

import re

from core.errors import Unanswered
from core.model import Intensity
from scanner.lines import contact_text
from scanner.visit import Visit
from scanner.web import Answer

_PATH = "/remoteDesktopGateway/"
_METHOD = "RDG_OUT_DATA"
_HEAD_BYTES = 8_192
_WINDOWS = ("microsoft-iis/", "microsoft-httpapi/")
_OWN = "/rpc/rpcproxy.dll"
_ASKS = re.compile(rb"HTTP/1\.[01] 401(?: |\r)")
_SCHEME = re.compile(rb"\r\nWWW-Authenticate:[ \t]{0,8}(Negotiate|NTLM)[ \t,\r]", re.I)
_SERVER = re.compile(rb"\r\nServer:[ \t]{0,8}([!-~ ]{1,100})\r\n", re.I)


def may_be(visit: Visit, first: Answer) -> bool:
    """Whether the gateway may stand beside this answer to ``GET /``, and may be asked."""
    server = (first.header("server") or "").lower()
    is_windows = server.startswith(_WINDOWS) or _OWN in (first.header("location") or "").lower()
    allowed = visit.intensity >= Intensity.STANDARD and not visit.medical
    return is_windows and visit.inside_tls and allowed


def request(authority: str, operator: str) -> bytes:
    """Give the request; no account, no cookie, and nothing behind it."""
    lines = (
        f"{_METHOD} {_PATH} HTTP/1.1",
        f"Host: {authority}",
        "Accept: */*",
        "Content-Length: 0",
        # What would otherwise wait for the second leg of a logon.
        "Connection: close",
        f"User-Agent: Vigie (security check by mandate; contact: {contact_text(operator)})",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "replace")


def read_answer(head: bytes, first: Answer) -> tuple[str, ...] | None:
    """Give what tells the gateway, as short facts; ``None``: this answer does not. Total.

    Asking for a name proves nothing of a server that asks everywhere: then only the kernel's own
    server, under which the gateway listens, tells it from the site that answered ``GET /``.
    """
    scheme = _SCHEME.search(head)
    if _ASKS.match(head) is None or scheme is None:
        return None
    found = _SERVER.search(head)
    server = found[1].decode("latin-1") if found else ""
    asks_everywhere = first.status == 401
    is_apart = server.lower().startswith("microsoft-httpapi/") and server != first.header("server")
    if asks_everywhere and not is_apart:
        return None
    schemes = dict.fromkeys(one[1].decode() for one in _SCHEME.finditer(head))
    return (f"{_METHOD}: HTTP/1.1 401", f"WWW-Authenticate: {', '.join(schemes)}")


async def ask(visit: Visit, host: str | None, first: Answer) -> tuple[str, ...]:
    """Ask once, for one of ``visit.requests_left``; empty when it is no RD Gateway."""
    if visit.requests_left <= 0:
        return ()
    visit.requests_left -= 1
    place = visit.place
    literal = f"[{place.ip}]" if place.ip and ":" in place.ip else place.ip or ""
    authority = host or literal
    if place.port not in {None, 443}:
        authority = f"{authority}:{place.port}"
    try:
        async with await visit.dial(host) as stream:
            await stream.send(request(authority, visit.operator))
            head = await stream.receive_until(b"\r\n\r\n", max_bytes=_HEAD_BYTES)
    except Unanswered as error:
        visit.notes.append(f"rd-gateway: unanswered: {error}")
        return ()
    return read_answer(head, first) or ()
