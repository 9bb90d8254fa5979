"""SIP: what a server can do (OPTIONS, RFC 3261 §11); no call, no registration."""

import re
import secrets

from core.model import Transport
from scanner.lines import contact_text, recognised, shown
from scanner.visit import Measured, Probe, Visit

_STATUS = re.compile(rb"SIP/2\.0 (\d{3}) ([^\r\n]{0,100})\r?\n")
_AGENT = re.compile(
    rb"\r?\n(?:server|user-agent|s)[ \t]{0,5}:[ \t]{0,5}([^\r\n]{1,200})", re.IGNORECASE
)


def question(host: str, port: int, mark: str, operator: str) -> bytes:
    """Give an OPTIONS request; ``rport`` asks for the answer where it came from (RFC 3581)."""
    literal = f"[{host}]" if ":" in host else host
    lines = (
        f"OPTIONS sip:{literal}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP vigie.invalid;branch=z9hG4bK{mark};rport",
        "Max-Forwards: 1",
        f"From: <sip:vigie@vigie.invalid>;tag={mark}",
        f"To: <sip:{literal}:{port}>",
        f"Call-ID: {mark}@vigie.invalid",
        "CSeq: 1 OPTIONS",
        f"User-Agent: Vigie (security check by mandate; contact: {contact_text(operator) or '-'})",
        "Accept: application/sdp",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def read_answer(datagram: bytes, mark: str) -> tuple[str, ...] | None:
    """Give status and software of an answer to our request, ``None`` when this is none."""
    status = _STATUS.match(datagram)
    if status is None or f"{mark}@vigie.invalid".encode() not in datagram[:8_192]:
        return None
    told = [f"SIP {status[1].decode()} {shown(status[2], 60)}".strip()]
    if agent := _AGENT.search(datagram[:8_192]):
        told.append(f"Server: {shown(agent[1], 100)}")
    return tuple(told)


async def _measure(visit: Visit) -> Measured | None:
    mark = secrets.token_hex(8)
    place = visit.place
    async with visit.exchange() as udp:
        asked = question(place.ip or "", place.port or 5060, mark, visit.operator)
        (answer,) = await udp.ask(asked)
    told = read_answer(answer, mark)
    return None if told is None else Measured(service=recognised(visit, "sip", answer, *told))


PROBE = Probe(name="sip", ports=(5060,), transport=Transport.UDP, measure=_measure)
