"""What Windows servers answer to strangers: SMB, WinRM, LDAP. Nobody logs on.

Sources: [MS-SMB] 2.2.4.5.2, [MS-SMB2] 2.2.4 and 2.2.6, [MS-NLMP] 2.2.1.2, RFC 4511.
"""

import base64
import re
import struct
from dataclasses import dataclass

from vigie.demo.servers.base import Gone, Guest, Handler
from vigie.demo.servers.http import Answer, Site, asked, page, worded
from vigie.demo.servers.rdp import ntlm_challenge

_SMB2_DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302)
_MORE = 0xC000_0016
"""STATUS_MORE_PROCESSING_REQUIRED."""
_NTLM_1 = b"NTLMSSP\x00\x01\x00\x00\x00"


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """One Windows server."""

    build: int
    version: tuple[int, int]
    smb_1: bool = False


def smb(seat: Server) -> Handler:
    """Give the handler of a file server, up to its NTLM challenge."""

    async def serve(guest: Guest) -> None:
        for _ in range(4):
            kind, *_ = head = await guest.exactly(4)
            if kind != 0:
                raise Gone("not a session message")
            size = int.from_bytes(head[1:], "big")
            if not 32 <= size <= 16_384:
                raise Gone("not SMB")
            message = await guest.exactly(size)
            if b"NTLMSSP\x00\x03" in message:
                guest.room.trespass("credentials offered", "SMB")
                return
            answer = _session(message, guest.room.hostname, seat) or _negotiated(message, seat)
            if answer is None:
                return
            await guest.send(struct.pack(">I", len(answer)) + answer)

    return serve


def _session(message: bytes, hostname: str, seat: Server) -> bytes | None:
    """Give the challenge that answers a session setup of SMB 2."""
    if message[:4] != b"\xfeSMB" or message[12:14] != b"\x01\x00" or _NTLM_1 not in message:
        return None
    token = ntlm_challenge(hostname, seat.build, seat.version)
    head = b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, _MORE, 1, 1, 1, 0) + message[24:32]
    head += bytes(8) + struct.pack("<Q", 0x0000_0400_0000_0041) + bytes(16)
    return head + struct.pack("<HHHH", 9, 0, 72, len(token)) + token


def _negotiated(message: bytes, seat: Server) -> bytes | None:
    if message[:4] == b"\xfeSMB" and message[12:14] == b"\x00\x00" and len(message) >= 100:
        count = min(int.from_bytes(message[66:68], "little"), (len(message) - 100) // 2)
        offered = struct.unpack_from(f"<{count}H", message, 100)
        common = [dialect for dialect in offered if dialect in _SMB2_DIALECTS]
        return _smb2(message, max(common)) if common else None
    if message[:5] != b"\xffSMB\x72" or len(message) < 35:
        return None
    names = [name.lstrip(b"\x02") for name in message[35:].split(b"\x00") if name]
    if b"SMB 2.???" in names:
        return _smb2(None, 0x02FF)
    if b"SMB 2.002" in names:
        return _smb2(None, 0x0202)
    head = b"\xffSMB\x72" + bytes(4) + b"\x98" + struct.pack("<H", 0xC853) + message[12:32]
    if not seat.smb_1 or b"NT LM 0.12" not in names:
        return head + b"\x01" + struct.pack("<H", 0xFFFF) + bytes(2)
    words = struct.pack(
        "<HBHHIIIIqhB",
        *(names.index(b"NT LM 0.12"), 3, 50, 1, 16_644, 65_536, 0, 0x8000E3FD),
        *(133_800_000_000_000_000, -60, 0),
    )
    return head + b"\x11" + words + struct.pack("<H", 16) + bytes(range(16))


def _smb2(request: bytes | None, dialect: int) -> bytes:
    message_id = request[24:32] if request else bytes(8)
    head = b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, 0, 0, 1, 1, 0) + message_id + bytes(32)
    body = struct.pack("<HHHH", 65, 1, dialect, 0) + bytes(range(16))
    body += struct.pack("<IIIIqqHHI", 7, 1 << 20, 1 << 20, 1 << 20, *_TIMES, 128, 0, 0)
    return head + body


def winrm(seat: Server) -> Handler:
    """Give the handler of Windows remote management, up to its NTLM challenge."""

    async def serve(guest: Guest) -> None:
        _, path, head = await asked(guest)
        answer = Answer(status=404, body=page("Not Found", "<h2>Not Found</h2>"))
        if path == "/wsman":
            answer = Answer(status=401, headers=(("WWW-Authenticate", "Negotiate"),))
            offered = re.search(r"(?im)^authorization: *(?:negotiate|ntlm) +(\S+)", head)
            if offered is not None:
                answer = _challenged(guest, offered[1], seat)
            elif re.search(r"(?im)^authorization:", head):
                guest.room.trespass("credentials offered", path)
        await guest.send(worded(_HTTP_SYS, answer, guest.room, with_body=True))

    return serve


def _challenged(guest: Guest, offered: str, seat: Server) -> Answer:
    try:
        token = base64.b64decode(offered, validate=True)
    except ValueError:
        return Answer(status=401)
    if _NTLM_1 not in token:
        guest.room.trespass("credentials offered", "WinRM")
        return Answer(status=401)
    challenge = ntlm_challenge(guest.room.hostname, seat.build, seat.version)
    told = f"Negotiate {base64.b64encode(challenge).decode()}"
    return Answer(status=401, headers=(("WWW-Authenticate", told),))


_HTTP_SYS = Site(pages={}, headers=(("Server", "Microsoft-HTTPAPI/2.0"),))
_NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860")
_TIMES = (133_800_000_000_000_000, 0)


async def msrpc(guest: Guest) -> None:
    """Acknowledge a bind to the endpoint mapper ([MS-RPCE] 2.2.2.4); a call is a trespass."""
    while True:
        head = await guest.exactly(16)
        size, _, call = struct.unpack("<HHI", head[8:16])
        if head[:2] != b"\x05\x00" or not 16 <= size <= 5_840:
            raise Gone("not RPC")
        await guest.exactly(size - 16)
        if head[2] != 11:
            guest.room.trespass("data asked for", "MSRPC")
            return
        body = struct.pack("<HHIH", 5_840, 5_840, 1, 4) + b"135\x00" + bytes(2)
        body += struct.pack("<IHH", 1, 0, 0) + _NDR + struct.pack("<I", 2)
        head = struct.pack("<BBBBIHHI", 5, 0, 12, 3, 0x10, 16 + len(body), 0, call)
        await guest.send(head + body)


async def ldap(guest: Guest) -> None:
    """Answer the search of the rootDSE; a bind with a name is a trespass."""
    while True:
        message = await _ber(guest)
        number, operation, body = _opened(message)
        if operation == 0x42:
            return
        if operation == 0x60:
            if len(body) > 7:
                guest.room.trespass("credentials offered", "LDAP")
            await guest.send(_ldap(number, 0x61, b"\x0a\x01\x00\x04\x00\x04\x00"))
        elif operation == 0x63:
            done = _ldap(number, 0x65, b"\x0a\x01\x00\x04\x00\x04\x00")
            if body[:2] == b"\x04\x00":
                await guest.send(_ldap(number, 0x64, _ROOT_DSE) + done)
            else:
                guest.room.trespass("data asked for", "LDAP")
                await guest.send(done)
        else:
            raise Gone("not a question")


async def _ber(guest: Guest) -> bytes:
    tag, first = await guest.exactly(2)
    if tag != 0x30 or first > 0x84:
        raise Gone("not LDAP")
    size = first
    if first >= 0x80:
        size = int.from_bytes(await guest.exactly(first & 0x7F), "big")
    if not 5 <= size <= 16_384:
        raise Gone("not LDAP")
    return await guest.exactly(size)


def _opened(message: bytes) -> tuple[bytes, int, bytes]:
    """Give the message number (as encoded), the operation and its content."""
    end = 2 + message[1]
    if message[0] != 2 or end + 2 > len(message):
        raise Gone("not LDAP")
    operation, first = message[end : end + 2]
    start = end + 2 + (first & 0x7F if first >= 0x80 else 0)
    return message[:end], operation, message[start:]


def _ldap(number: bytes, operation: int, body: bytes) -> bytes:
    return _tlv(0x30, number + _tlv(operation, body))


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    return bytes([tag, 0x82]) + size.to_bytes(2, "big") + value


def _attribute(name: str, *values: str) -> bytes:
    inside = b"".join(_tlv(4, value.encode()) for value in values)
    return _tlv(0x30, _tlv(4, name.encode()) + _tlv(0x31, inside))


_ROOT_DSE = _tlv(4, b"") + _tlv(
    0x30,
    _attribute("defaultNamingContext", "DC=ght-monts,DC=example")
    + _attribute("dnsHostName", "annuaire.ght-monts.example")
    + _attribute("supportedLDAPVersion", "3", "2")
    + _attribute("domainFunctionality", "6")
    + _attribute("domainControllerFunctionality", "6")
    + _attribute("supportedSASLMechanisms", "GSSAPI", "GSS-SPNEGO"),
)
_2022 = Server(build=20348, version=(10, 0))
_2012_R2 = Server(build=9600, version=(6, 3), smb_1=True)
SMB_3 = smb(_2022)
SMB_1 = smb(_2012_R2)
WINRM = winrm(_2012_R2)
