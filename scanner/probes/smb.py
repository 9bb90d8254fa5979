"""SMB: versions, signing, first leg of a session ([MS-SMB] 2.2.4.5, [MS-SMB2] 2.2.3). No logon.

Two connections: the offer of every dialect, which the server answers in its best version, then
« NT LM 0.12 » alone, since a server that speaks SMB 2 hides whether it still speaks SMB 1.
"""

import secrets
import struct
from dataclasses import dataclass

from core.errors import Unanswered
from core.model import Confidence, Intensity, Status, reason
from core.observations.base import Observation
from core.observations.service import Service
from core.observations.smb import SmbService
from scanner import ntlm
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_SMB1, _SMB2 = b"\xffSMB", b"\xfeSMB"
_NEGOTIATE_1, _SESSION_SETUP_1 = 0x72, 0x73
_NEGOTIATE_2, _SESSION_SETUP_2 = 0, 1
_FROM_SERVER_1, _FROM_SERVER_2 = 0x80, 1
"""Flag of an answer: a service that only echoes is no file server."""
_DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
_ANY_SMB2 = 0x02FF
_NO_DIALECT = 0xFFFF
_SESSION_MESSAGE, _SESSION_ACCEPTED, _SESSION_REFUSED = 0x00, 0x82, 0x83
_MAX_MESSAGE_BYTES = 65_536
_MAX_TEXT = 128


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What a negotiation answer says, in either version."""

    version: int
    """1 or 2, of the answer itself."""
    dialect: int
    """SMB 1: index, 0xFFFF for none. SMB 2: revision, 0x02FF for « 2.1 or later, ask again »."""
    signing_required: bool


def recognises(heard: bytes) -> bool:
    """Whether bytes are an SMB message in its frame, or an answer to a NetBIOS session request."""
    if heard[:4] == b"\x82\0\0\0" or (heard[:4] == b"\x83\0\0\x01" and len(heard) >= 5):
        return True
    return heard[:1] == b"\0" and heard[4:8] in (_SMB1, _SMB2)


def read_negotiated(message: bytes) -> Negotiated | None:
    """Read an answer to a negotiation; ``None`` when it is not one. Total."""
    if message[:4] == _SMB2:
        command, _, flags = struct.unpack_from("<HHI", message.ljust(20, b"\0"), 12)
        if len(message) < 128 or command != _NEGOTIATE_2 or not flags & _FROM_SERVER_2:
            return None
        if struct.unpack_from("<I", message, 8)[0] != 0:
            return Negotiated(2, 0, signing_required=False)
        mode, dialect = struct.unpack_from("<HH", message, 66)
        return Negotiated(2, dialect, signing_required=bool(mode & 2))
    if message[:4] != _SMB1 or len(message) < 35 or message[4] != _NEGOTIATE_1:
        return None
    if not message[9] & _FROM_SERVER_1:
        return None
    words = message[32]
    if words == 0:
        return Negotiated(1, _NO_DIALECT, signing_required=False)
    (dialect,) = struct.unpack_from("<H", message, 33)
    signing = words == 17 and len(message) > 35 and bool(message[35] & 0x08)
    return Negotiated(1, dialect, signing_required=signing)


def read_native_os(message: bytes) -> str:
    """Give NativeOS of an SMB 1 session answer ([MS-SMB] 2.2.4.6.2), ``""`` without one. Total."""
    if (
        message[:4] != _SMB1
        or len(message) < 43
        or message[4] != _SESSION_SETUP_1
        or message[32] != 4
    ):
        return ""
    (blob,) = struct.unpack_from("<H", message, 39)
    start = 43 + blob
    text = message[start + start % 2 :]
    return text[: 2 * _MAX_TEXT].decode("utf-16-le", "replace").partition("\0")[0]


def _smb1(command: int, body: bytes) -> bytes:
    # Unicode, NT status codes, extended security, long names ([MS-SMB] 2.2.3.1).
    header = _SMB1 + struct.pack("<BIBHH8xHHHHH", command, 0, 0x18, 0xC801, 0, 0, 0, 0xFEFF, 0, 0)
    return _framed(header + body)


def _smb2(command: int, message_id: int, body: bytes) -> bytes:
    header = _SMB2 + struct.pack("<HHIHHIIQIIQ16x", 64, 0, 0, command, 1, 0, 0, message_id, 0, 0, 0)
    return _framed(header + body)


def _framed(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def _dialects(*names: bytes) -> bytes:
    told = b"".join(b"\x02" + name + b"\0" for name in names)
    return struct.pack("<BH", 0, len(told)) + told


_HELLO = _smb1(_NEGOTIATE_1, _dialects(b"NT LM 0.12", b"SMB 2.002", b"SMB 2.???"))
_HELLO_SMB1 = _smb1(_NEGOTIATE_1, _dialects(b"NT LM 0.12"))

_PREAUTH_CONTEXT = struct.pack("<HHIHHH32s", 1, 38, 0, 1, 32, 1, b"vigie")


def _hello_smb2(message_id: int) -> bytes:
    # One of its own for each connection: those of one client are channels of one session to
    # Samba, which hands the later ones over to the process of the first, credits lost.
    client = b"vigie-" + secrets.token_bytes(10)
    body = struct.pack("<HHHHI16sIHH", 36, 5, 1, 0, 0, client, 112, 1, 0)
    dialects = struct.pack("<5H", *_DIALECTS)
    return _smb2(_NEGOTIATE_2, message_id, body + dialects + b"\0\0" + _PREAUTH_CONTEXT)


def _session_smb2(message_id: int) -> bytes:
    token = ntlm.spnego(ntlm.NEGOTIATE)
    body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token
    return _smb2(_SESSION_SETUP_2, message_id, body)


def _session_smb1() -> bytes:
    token = ntlm.spnego(ntlm.NEGOTIATE)
    tail = token + (b"" if len(token) % 2 else b"\0") + b"\0\0\0\0"
    # Virtual circuit 1: zero would have Windows drop every other session from our address.
    words = struct.pack("<BBHHHHIHII", 0xFF, 0, 0, 4356, 2, 1, 0, len(token), 0, 0x8000_0054)
    return _smb1(
        _SESSION_SETUP_1, struct.pack("<B", 12) + words + struct.pack("<H", len(tail)) + tail
    )


def _netbios_session() -> bytes:
    def name(text: bytes, kind: int) -> bytes:
        padded = text.ljust(15) + bytes((kind,))
        halves = b"".join(bytes((0x41 + (byte >> 4), 0x41 + (byte & 15))) for byte in padded)
        return b"\x20" + halves + b"\0"

    both = name(b"*SMBSERVER", 0x20) + name(b"VIGIE", 0x00)
    return struct.pack(">BBH", 0x81, 0, len(both)) + both


async def _frame(stream: Stream) -> tuple[int, bytes]:
    """Give kind and content of the next frame; raises ``Unanswered`` on what SMB never sends."""
    header = await stream.receive_exactly(4)
    size = int.from_bytes(header[1:], "big")
    kind = header[0]
    if (
        kind not in (_SESSION_MESSAGE, _SESSION_ACCEPTED, _SESSION_REFUSED)
        or size > _MAX_MESSAGE_BYTES
    ):
        raise Unanswered(Status.PROTOCOL_ERROR, "not an SMB frame")
    if kind != _SESSION_MESSAGE:
        return kind, await stream.receive_exactly(size) if size else b""
    if size < 32:
        raise Unanswered(Status.PROTOCOL_ERROR, "SMB message too short")
    magic = await stream.receive_exactly(4)
    if magic not in (_SMB1, _SMB2):
        raise Unanswered(Status.PROTOCOL_ERROR, "not an SMB message")
    return kind, magic + await stream.receive_exactly(size - 4)


async def _open(visit: Visit, stream: Stream) -> int | None:
    """On the NetBIOS port, ask for a session first; gives the error code of a refusal."""
    if visit.place.port != 139:
        return None
    await stream.send(_netbios_session())
    kind, content = await _frame(stream)
    if kind == _SESSION_REFUSED:
        return content[0] if content else 0
    if kind != _SESSION_ACCEPTED:
        raise Unanswered(Status.PROTOCOL_ERROR, "no answer to the NetBIOS session request")
    return None


async def _negotiate(stream: Stream, hello: bytes) -> Negotiated:
    await stream.send(hello)
    _, message = await _frame(stream)
    negotiated = read_negotiated(message)
    if negotiated is None:
        raise Unanswered(Status.PROTOCOL_ERROR, "not an answer to a negotiation")
    return negotiated


@dataclass(slots=True)
class _Greeting:
    """What the first connection gave."""

    first: Negotiated
    best: Negotiated
    challenge: ntlm.Challenge | None = None
    native_os: str = ""
    untold: str = "not-offered"
    smb1_refused: bool = False
    """The offer of every dialect, « NT LM 0.12 » among them, was dropped or refused."""


_NOTHING = Negotiated(1, _NO_DIALECT, signing_required=False)


async def _measure(visit: Visit) -> Measured | None:
    try:
        found = await _greet(visit, _HELLO)
    except Unanswered as answer:
        if answer.status is not Status.RESET or visit.intensity <= Intensity.DISCREET:
            raise
        found = _Greeting(_NOTHING, _NOTHING)
    if (
        isinstance(found, _Greeting)
        and found.first.dialect == _NO_DIALECT
        and visit.intensity > Intensity.DISCREET
    ):
        # Some servers of SMB 2 and 3 drop or refuse whatever begins as SMB 1 ([MS-SMB2] 3.3.5.3.1).
        again: _Greeting | Measured | None = None
        try:
            again = await _greet(visit, _hello_smb2(0))
        except Unanswered:
            if found.first is _NOTHING:
                raise
        if again is None and found.first is _NOTHING:
            return None
        if isinstance(again, _Greeting):
            found = again
            found.smb1_refused = True
    if not isinstance(found, _Greeting):
        return found
    why: dict[str, str] = {}
    smb1 = False if found.smb1_refused else await _accepts_smb1(visit, found.first, why)
    seen = _seen(visit, found, smb1, why)
    return _told(visit, found, seen)


async def _greet(visit: Visit, hello: bytes) -> _Greeting | Measured | None:
    """Give what one connection says; ``Measured``: NetBIOS refused it; ``None``: not SMB."""
    async with await visit.dial(None) as stream:
        try:
            refused = await _open(visit, stream)
            if refused is not None:
                return _only_netbios(visit, refused)
            first = await _negotiate(stream, hello)
        except Unanswered as answer:
            if answer.status is Status.PROTOCOL_ERROR:
                return None
            raise
        greeting = _Greeting(first, first)
        if visit.intensity > Intensity.DISCREET:
            try:
                await _go_on(stream, greeting)
            except Unanswered as answer:
                greeting.untold = reason(answer.status.value, answer.detail)
        else:
            greeting.untold = "intensity"
    return greeting


async def _go_on(stream: Stream, greeting: _Greeting) -> None:
    """Settle the dialect, take the NTLM challenge, leave the session there: nobody logs on."""
    if greeting.first.version == 1:
        if greeting.first.dialect == _NO_DIALECT:
            return
        await stream.send(_session_smb1())
    else:
        next_id = 1
        if greeting.first.dialect == _ANY_SMB2:
            greeting.best = await _negotiate(stream, _hello_smb2(1))
            next_id = 2
        await stream.send(_session_smb2(next_id))
    _, message = await _frame(stream)
    greeting.challenge = ntlm.read_challenge(message)
    greeting.native_os = read_native_os(message)


async def _accepts_smb1(visit: Visit, first: Negotiated, why: dict[str, str]) -> bool | None:
    if first.version == 1:
        return first.dialect != _NO_DIALECT
    if visit.intensity <= Intensity.DISCREET:
        why["smb1"] = "intensity"
        return None
    try:
        async with await visit.dial(None) as stream:
            if await _open(visit, stream) is not None:
                why["smb1"] = "rate-limited"
                return None
            answer = await _negotiate(stream, _HELLO_SMB1)
    except Unanswered as cut:
        if cut.status is Status.RESET:
            # It spoke SMB 2 a moment ago: Windows without its SMB 1 driver drops the connection.
            return False
        why["smb1"] = reason(cut.status.value, cut.detail)
        return None
    return answer.version == 1 and answer.dialect != _NO_DIALECT


def _seen(
    visit: Visit, greeting: _Greeting, smb1: bool | None, why: dict[str, str]
) -> tuple[Observation, ...]:
    best = greeting.best
    dialect = _DIALECTS.get(best.dialect) if best.version == 2 else None
    if best.version == 2 and dialect is None:
        why["dialect"] = greeting.untold
    service = SmbService(
        place=visit.place,
        at=visit.now(),
        why=why,
        smb1=smb1,
        smb2=best.version == 2,
        dialect=dialect,
        signing_required=best.signing_required,
        native_os=greeting.native_os,
    )
    if greeting.challenge is None:
        visit.notes.append(f"smb: no NTLM challenge: {greeting.untold}")
        return (service,)
    return service, ntlm.windows_host(greeting.challenge, visit.place, visit.now(), "smb")


def _told(visit: Visit, greeting: _Greeting, seen: tuple[Observation, ...]) -> Measured:
    service = seen[0]
    assert isinstance(service, SmbService)
    evidence: list[str] = []
    if service.smb2:
        evidence.append(f"SMB {service.dialect or '2+'}")
    if service.smb1:
        evidence.append("SMB 1: NT LM 0.12")
    if service.signing_required is not None:
        # The flag as [MS-SMB2] 2.2.4 and [MS-CIFS] 2.2.4.52.2 name it.
        flag = "SMB2_NEGOTIATE_SIGNING" if service.smb2 else "NEGOTIATE_SECURITY_SIGNATURES"
        evidence.append(f"{flag}_REQUIRED: {service.signing_required:d}")
    if service.native_os:
        evidence.append(f"NativeOS: {service.native_os}")
    evidence.extend(ntlm.evidence(greeting.challenge))
    return Measured(
        service=Service(
            place=visit.place,
            at=visit.now(),
            protocol="smb",
            tls=visit.inside_tls,
            confidence=Confidence.CERTAIN,
            evidence=tuple(evidence),
            inner_names=ntlm.inner_names(greeting.challenge),
        ),
        seen=seen,
    )


def _only_netbios(visit: Visit, code: int) -> Measured:
    untold = ("smb1", "smb2", "dialect", "signing_required")
    why: dict[str, str] = dict.fromkeys(untold, "not-offered")
    return Measured(
        service=Service(
            place=visit.place,
            at=visit.now(),
            protocol="smb",
            confidence=Confidence.FIRM,
            evidence=(f"NetBIOS NEGATIVE SESSION RESPONSE: {code:#04x}",),
        ),
        seen=(SmbService(place=visit.place, at=visit.now(), why=why),),
    )


PROBE = Probe(
    name="smb",
    ports=(445, 139),
    recognises=recognises,
    measure=_measure,
    rank=60,
    in_tls=False,
)
