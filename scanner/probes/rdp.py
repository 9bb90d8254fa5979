"""RDP: the security it *selects* for each offer, and its NTLM challenge ([MS-RDPBCGR], [MS-CSSP]).

TLS and CredSSP are offered together first, as every current client does; then, where the intensity
allows, standard security, TLS and CredSSP each alone, a connection each, and TLS is assessed behind
the offer that led to it. No session is set up.
"""

import ssl
import struct

import msgspec

from core.errors import Unanswered
from core.model import Confidence, Intensity, Status, reason
from core.observations.base import Observation
from core.observations.rdp import HYBRID, HYBRID_EX, RDP, TLS, RdpAnswer, RdpService
from core.observations.service import Service
from scanner import ber, ntlm
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.tls.handshake import client_context
from scanner.visit import Measured, Probe, Visit

_BEST = TLS | HYBRID
_HYBRID_REQUIRED = 5
_FAILURES = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
_PROTOCOLS = {RDP: "RDP", TLS: "TLS", HYBRID: "HYBRID", HYBRID_EX: "HYBRID_EX"}

_MAX_CONFIRM_BYTES = 19
"""TPKT, X.224 Connection Confirm and one negotiation structure: 11 or 19 bytes, never more."""
_MAX_TSREQUEST_BYTES = 16_384


def connection_request(offered: int) -> bytes:
    """Give the X.224 Connection Request that offers these protocols ([MS-RDPBCGR] 2.2.1.1).

    The routing cookie, which the server's log keeps, says who asks.
    """
    cookie = b"Cookie: mstshash=vigie\r\n"
    negotiation = struct.pack("<BBHI", 1, 0, 8, offered)
    body = struct.pack(">BHHB", 0xE0, 0, 0, 0) + cookie + negotiation
    return struct.pack(">BBHB", 3, 0, 5 + len(body), len(body)) + body


def recognises(heard: bytes) -> bool:
    """Whether bytes begin with an X.224 Connection Confirm of the two shapes that RDP gives."""
    return _confirm(heard) is not None


def read_confirm(confirm: bytes, offered: int) -> tuple[RdpAnswer, int | None] | None:
    """Read one answer and the flags of its negotiation; ``None`` when it is not RDP's. Total."""
    body = _confirm(confirm)
    if body is None:
        return None
    if not body:
        return RdpAnswer(requested=offered, plain=True), None
    kind, flags, _, value = struct.unpack("<BBHI", body)
    if kind == 2:
        return RdpAnswer(requested=offered, selected=value), flags
    return RdpAnswer(requested=offered, failure=value), None


def _confirm(heard: bytes) -> bytes | None:
    """Give the negotiation structure of a Connection Confirm: 8 bytes, or none; ``None``: not one.

    Other users of X.224 (S7, MMS) answer with parameters 0xC0 to 0xC2, and so have neither shape.
    """
    if len(heard) < 11 or heard[:2] != b"\x03\x00" or heard[5] & 0xF0 != 0xD0:
        return None
    size = heard[2] << 8 | heard[3]
    if heard[4] != size - 5 or len(heard) < size:
        return None
    if size == 11:
        return b""
    body = heard[11:19]
    if size != 19 or body[0] not in (2, 3) or body[2:4] != b"\x08\x00":
        return None
    return body


async def ask(stream: Stream, offered: int) -> tuple[RdpAnswer, int | None] | None:
    """Offer these protocols on a fresh connection; ``None`` when what answers is not RDP."""
    await stream.send(connection_request(offered))
    header = await stream.receive_exactly(4)
    size = header[2] << 8 | header[3]
    if header[:2] != b"\x03\x00" or not 11 <= size <= _MAX_CONFIRM_BYTES:
        return None
    return read_confirm(header + await stream.receive_exactly(size - 4), offered)


async def open_tls(stream: Stream) -> None:
    """Bring a fresh connection to where TLS begins; raises ``Unanswered`` where it does not."""
    found = await ask(stream, _BEST)
    if found is None or found[0].selected not in (TLS, HYBRID, HYBRID_EX):
        raise Unanswered(Status.PROTOCOL_ERROR, "TLS was not selected")


async def _measure(visit: Visit) -> Measured | None:
    challenge: ntlm.Challenge | None = None
    untold = reason("not-offered")
    async with await visit.dial(None) as stream:
        first = await ask(stream, _BEST)
        if first is None:
            return None
        if first[0].selected not in (HYBRID, HYBRID_EX):
            pass
        elif visit.intensity <= Intensity.DISCREET:
            untold = reason("intensity")
        else:
            try:
                challenge = await _credssp(stream)
            except Unanswered as answer:
                untold = reason(answer.status.value, answer.detail)
    answers = [first[0]]
    whole = visit.intensity > Intensity.DISCREET
    if whole and not first[0].plain:
        answers += [await _again(visit, offered) for offered in (RDP, TLS, HYBRID)]
    told = msgspec.structs.replace(
        _conclude(visit, answers, first[1], whole=whole), build=_build(challenge)
    )
    if challenge is None or challenge.version is None:
        told = msgspec.structs.replace(told, why={**told.why, "build": untold})
    seen: list[Observation] = [told]
    if challenge is not None:
        seen.append(ntlm.windows_host(challenge, visit.place, visit.now(), "rdp"))
    else:
        visit.notes.append(f"rdp: no NTLM challenge: {untold}")
    if whole and first[0].selected in (TLS, HYBRID, HYBRID_EX):
        seen.extend(await behind(visit, "rdp", open_tls))
    evidence = tuple(_told(answer) for answer in answers)
    version = ntlm.windows_version(challenge)
    service = Service(
        place=visit.place,
        at=visit.now(),
        protocol="rdp",
        tls=visit.inside_tls,
        product="microsoft_rdp" if version else None,
        version=version,
        # A bare confirm is also what other X.224 services may give.
        confidence=Confidence.FIRM if first[0].plain else Confidence.CERTAIN,
        evidence=evidence + ntlm.evidence(challenge),
        inner_names=ntlm.inner_names(challenge),
    )
    return Measured(service=service, seen=tuple(seen))


def _build(challenge: ntlm.Challenge | None) -> int | None:
    if challenge is None or challenge.version is None or ntlm.imitation(challenge):
        return None
    return challenge.version[2]


async def _again(visit: Visit, offered: int) -> RdpAnswer:
    try:
        async with await visit.dial(None) as stream:
            found = await ask(stream, offered)
    except Unanswered as answer:
        return RdpAnswer(requested=offered, unanswered=reason(answer.status.value, answer.detail))
    if found is None:
        return RdpAnswer(requested=offered, unanswered="protocol-error")
    return found[0]


def _conclude(
    visit: Visit, answers: list[RdpAnswer], flags: int | None, *, whole: bool
) -> RdpService:
    why: dict[str, str] = {}

    def lets_in(protocols: set[int], offered: int, name: str) -> bool | None:
        """Whether any answer selects one of these; if none does, what the exact offer said."""
        for answer in answers:
            if answer.selected in protocols and (
                answer.selected == RDP or answer.selected & answer.requested
            ):
                return True
        exact = [answer for answer in answers if answer.requested == offered]
        if exact and not exact[0].unanswered:
            return False
        # Asked for TLS and CredSSP, a server takes CredSSP when it has it ([MS-RDPBCGR] 5.4.2.1).
        if offered == HYBRID and answers[0].selected in (RDP, TLS):
            return False
        why[name] = exact[0].unanswered if exact else ("intensity" if not whole else "undetermined")
        return None

    if answers[0].plain:
        standard: bool | None = True
        tls: bool | None = False
        nla: bool | None = False
    else:
        standard = lets_in({RDP}, RDP, "standard_security")
        tls = lets_in({TLS}, TLS, "tls")
        nla = lets_in({HYBRID, HYBRID_EX}, HYBRID, "nla")
    required: bool | None
    if standard or tls or nla is False:
        required = False
    elif any(answer.failure == _HYBRID_REQUIRED for answer in answers):
        required = True
    elif standard is None or tls is None or nla is None:
        required = None
        why["nla_required"] = next(iter(why.values()))
    else:
        required = True
    return RdpService(
        place=visit.place,
        at=visit.now(),
        why=why,
        answers=tuple(answers),
        negotiates=not answers[0].plain,
        standard_security=standard,
        tls=tls,
        nla=nla,
        nla_required=required,
        flags=flags,
    )


def _told(answer: RdpAnswer) -> str:
    asked = (
        "+".join(name for bit, name in _PROTOCOLS.items() if bit and answer.requested & bit)
        or _PROTOCOLS[RDP]
    )
    if answer.selected is not None:
        got = _PROTOCOLS.get(answer.selected, f"{answer.selected:#x}")
    elif answer.failure is not None:
        got = _FAILURES.get(answer.failure, f"RDP_NEG_FAILURE {answer.failure:#x}")
    else:
        # The status alone: what stands behind it is worded, and evidence has no language.
        got = "RDP_NEG_RSP absent" if answer.plain else answer.unanswered.partition(":")[0]
    return f"X.224 {asked} → {got}"


async def _credssp(stream: Stream) -> ntlm.Challenge | None:
    """Ask for an NTLM challenge inside the TLS of CredSSP, and leave: type 3 is never sent."""
    try:
        await stream.start_tls(client_context())
        token = ber.encode(ber.OCTET_STRING, ntlm.NEGOTIATE)
        tokens = ber.encode(ber.SEQUENCE, ber.encode(ber.SEQUENCE, ber.encode(0xA0, token)))
        # What current clients send; an older server answers with its own ([MS-CSSP] 3.1.5).
        version = ber.encode(0xA0, ber.integer(6))
        await stream.send(ber.encode(ber.SEQUENCE, version, ber.encode(0xA1, tokens)))
        answer = await ber.receive(stream, ber.SEQUENCE, max_bytes=_MAX_TSREQUEST_BYTES)
    except ssl.SSLError as error:
        raise Unanswered(Status.PROTOCOL_ERROR, f"TLS: {error.reason or 'failed'}") from error
    return read_tsrequest(answer.content)


def read_tsrequest(content: bytes) -> ntlm.Challenge | None:
    """Give the challenge inside a TSRequest ([MS-CSSP] 2.2.1); ``Unanswered`` on bad BER."""
    for part in ber.items(content):
        if part.tag != 0xA1:
            continue
        for tokens in ber.items(part.content):
            for one in ber.inside(tokens, ber.SEQUENCE):
                for field in ber.inside(one, ber.SEQUENCE):
                    if field.tag == 0xA0:
                        return ntlm.read_challenge(field.content)
    return None


PROBE = Probe(
    name="rdp",
    ports=(3389, 3388, 3390, 13389, 33389, 33890),
    recognises=recognises,
    measure=_measure,
    rank=30,
    in_tls=False,
)
