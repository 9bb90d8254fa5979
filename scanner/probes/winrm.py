"""WinRM: one empty POST to /wsman that asks for an NTLM challenge ([MS-WSMV], [MS-NTHT])."""

import base64
import binascii
from dataclasses import dataclass

from core.errors import Unanswered
from core.model import Confidence, Status
from core.observations.service import Service
from scanner import ntlm
from scanner.visit import Measured, Probe, Visit

_MAX_HEAD_BYTES = 16_384
_MAX_TOKEN_CHARS = 8_192
_HTTPAPI = "microsoft-httpapi/"


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers of an HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a header."""
        return tuple(value for key, value in self.headers if key == name)


def read_head(data: bytes) -> Head | None:
    """Read the head of an HTTP/1.x answer; ``None`` when it is not one. Total."""
    lines = data.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    status = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (status.isascii() and status.isdigit()):
        return None
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    return Head(int(status), tuple(headers))


def is_winrm(head: Head) -> bool:
    """Whether an answer to /wsman is WinRM's.

    HTTP.sys answers 404 for a path that nothing registered: refused for want of a right or a
    method, ``/wsman`` exists. IIS says its own name in ``Server``. OMI, its Linux kin, names the
    realm.
    """
    if any('realm="wsman"' in value.lower() for value in head.all("www-authenticate")):
        return True
    from_httpapi = any(value.lower().startswith(_HTTPAPI) for value in head.all("server"))
    return from_httpapi and head.status in (401, 405)


def read_challenges(head: Head) -> ntlm.Challenge | None:
    """Give the NTLM challenge of the first header that carries one. Total."""
    for value in head.all("www-authenticate"):
        scheme, _, token = value.partition(" ")
        if scheme.lower() not in ("negotiate", "ntlm") or len(token) > _MAX_TOKEN_CHARS:
            continue
        try:
            blob = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            continue
        challenge = ntlm.read_challenge(blob)
        if challenge is not None:
            return challenge
    return None


def _request(visit: Visit) -> bytes:
    host = visit.names[0] if visit.names else visit.place.ip or ""
    if ":" in host:
        host = f"[{host}]"
    contact = "".join(c for c in visit.operator if " " <= c <= "~") or "no contact given"
    token = base64.b64encode(ntlm.NEGOTIATE).decode()
    lines = (
        "POST /wsman HTTP/1.1",
        f"Host: {host}:{visit.place.port}",
        f"User-Agent: Vigie (security check by mandate; contact: {contact})",
        "Content-Type: application/soap+xml;charset=UTF-8",
        "Content-Length: 0",
        # The server would otherwise keep the connection, and half a logon with it.
        "Connection: close",
        f"Authorization: Negotiate {token}",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii", "replace")


def recognises(heard: bytes) -> bool:
    """Whether an HTTP answer names WinRM by itself; HTTP.sys alone may be anything."""
    head = read_head(heard.partition(b"\r\n\r\n")[0])
    return head is not None and any(
        'realm="wsman"' in value.lower() for value in head.all("www-authenticate")
    )


async def _measure(visit: Visit) -> Measured | None:
    if visit.requests_left <= 0:
        return None
    visit.requests_left -= 1
    async with await visit.dial(None) as stream:
        await stream.send(_request(visit))
        try:
            if await stream.receive_exactly(5) != b"HTTP/":
                return None
            rest = await stream.receive_until(b"\r\n\r\n", max_bytes=_MAX_HEAD_BYTES)
        except Unanswered as answer:
            if answer.status is Status.GAVE_UP:
                return None
            raise
    head = read_head(b"HTTP/" + rest)
    if head is None or not is_winrm(head):
        return None
    challenge = read_challenges(head)
    server = next(iter(head.all("server")), "")[:80]
    version = ntlm.windows_version(challenge)
    service = Service(
        place=visit.place,
        at=visit.now(),
        protocol="winrm",
        tls=visit.inside_tls,
        product="winrm" if version else None,
        version=version,
        confidence=Confidence.CERTAIN if challenge else Confidence.FIRM,
        evidence=(
            f"/wsman: {head.status}",
            *((f"Server: {server}",) if server else ()),
            *ntlm.evidence(challenge),
        ),
        inner_names=ntlm.inner_names(challenge),
    )
    seen = (ntlm.windows_host(challenge, visit.place, visit.now(), "winrm"),) if challenge else ()
    return Measured(service=service, seen=seen)


PROBE = Probe(
    name="winrm",
    ports=(5985, 5986, 47001),
    recognises=recognises,
    measure=_measure,
)
