"""Servers that do all they can to lead a scanner elsewhere. Run as a program, in a namespace.

``python -m tests.servers.lures LOG`` serves the whole scene of :mod:`tests.servers.lure_places`
until SIGTERM, and writes what each connection sent, one JSON line each.
"""

import functools
import ipaddress
import json
import signal
import socket
import ssl
import struct
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from scanner import ber
from tests.servers import honest_dns, lure_dns
from tests.servers.lure_dns import question_of
from tests.servers.lure_places import (
    CANARY,
    DICOM_PORTS,
    EVIL4,
    EVIL6,
    HONEST,
    MACHINE_RESOLVER,
    MUTE_PORT,
    QUIET_PORTS,
    RDP_PORTS,
    RESOLVER,
    SEATS,
    TLS_PORTS,
    WEB_PORTS,
    lure_at,
)
from tests.servers.windows import challenge, confirm, tsrequest

_EVIL = EVIL4.encode()
_FREEBIND4, _FREEBIND6 = 15, 78


class Guest:
    """One connection: what it sent is kept, whatever becomes of it."""

    def __init__(self, stream: trio.abc.Stream, ip: str, port: int) -> None:
        self.stream = stream
        self.ip = ip
        self.port = port
        self.heard = bytearray()

    async def say(self, data: bytes) -> None:
        """Send all of it."""
        await self.stream.send_all(data)

    async def hear(self) -> bytes:
        """Give what comes next; raises ``EOFError`` at the end."""
        data = bytes(await self.stream.receive_some(65_536))
        if not data:
            raise EOFError
        self.heard += data
        return data

    async def line(self) -> bytes:
        """Give what was said up to the end of a line."""
        data = await self.hear()
        while not data.endswith(b"\n"):
            data += await self.hear()
        return data

    async def rest(self) -> None:
        """Listen until the guest leaves."""
        while True:
            await self.hear()


async def web(guest: Guest) -> None:
    """Redirect whatever is asked; say the same in every other way that browsers obey."""
    own = f"[{guest.ip}]" if ":" in guest.ip else guest.ip
    lure = lure_at(guest.ip, guest.port).replace("{own}", own)
    while True:
        request = await guest.hear()
        while b"\r\n\r\n" not in request:
            request += await guest.hear()
        path = request.split(b" ")[1].decode("latin-1")
        await guest.say(_page(lure + path, 302 if guest.port % 2 else 307))


def _page(location: str, status: int) -> bytes:
    target = location.encode()
    body = (
        b"<html><head><title>Portail</title><base href='http://%b/'>"
        b"<meta http-equiv=refresh content='0;url=%b'><link rel='shortcut icon' href='%b'>"
        b"<link rel=stylesheet href='//%b/s.css'><link rel=preconnect href='//%b'>"
        b"<script src='http://%b/s.js'></script></head><body onload=\"location='%b'\">"
        b"<iframe src='%b'></iframe><img src='%b'></body></html>"
    ) % (_EVIL, target, target, _EVIL, _EVIL, _EVIL, target, target, target)
    head = (
        b"HTTP/1.1 %d Found\r\nLocation: %b\r\nContent-Location: %b\r\nRefresh: 0; url=%b\r\n"
        b'Link: <%b>; rel="preload"\r\nAlt-Svc: h2="%b:443"; ma=86400\r\nServer: %b\r\n'
        b"Content-Type: text/html\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n"
    )
    return head % (status, target, target, target, target, _EVIL, _EVIL, len(body)) + body


async def ftp(guest: Guest) -> None:
    """Offer data connections elsewhere, asked or not."""
    passive = (
        b"227 Entering Passive Mode (%b,0,21)\r\n229 Entering Extended Passive Mode (|1|%b|21|)\r\n"
    )
    await guest.say(b"220-Moved: ftp://%b/\r\n220 ftp.leurre.example FTP ready\r\n" % _EVIL)
    while True:
        verb = (await guest.line())[:4].upper().strip()
        if verb == b"FEAT":
            await guest.say(b"211-Features:\r\n EPSV\r\n PASV\r\n HOST %b\r\n211 End\r\n" % _EVIL)
        elif verb == b"QUIT":
            await guest.say(b"221 bye\r\n")
        else:
            await guest.say(b"502 no\r\n")
        await guest.say(passive % (_EVIL.replace(b".", b","), _EVIL))


async def smtp(guest: Guest) -> None:
    """Be somebody else, and name who to ask instead."""
    await guest.say(b"220 smtp.leurre.example ESMTP, try [%b]\r\n" % _EVIL)
    while True:
        verb = (await guest.line())[:4].upper().strip()
        if verb == b"EHLO":
            await guest.say(b"250-smtp.leurre.example [%b]\r\n250-ETRN\r\n250 SIZE\r\n" % _EVIL)
        elif verb == b"QUIT":
            await guest.say(b"221 smtp.leurre.example\r\n")
        else:
            await guest.say(b"551 User not local; please try <x@[%b]>\r\n" % _EVIL)


async def pop3(guest: Guest) -> None:
    """Answer with a referral."""
    await guest.say(b"+OK POP3 <1@leurre.example>\r\n")
    while True:
        await guest.line()
        await guest.say(b"-ERR [SYS/PERM] moved to pop://%b/\r\n" % _EVIL)


async def imap(guest: Guest) -> None:
    """Refer to another server (RFC 2221)."""
    url = b"imap://x@%b/" % _EVIL
    await guest.say(b"* OK [REFERRAL %b] IMAP4rev1 leurre.example\r\n" % url)
    while True:
        tag = (await guest.line()).split(b" ")[0]
        await guest.say(b"* CAPABILITY IMAP4rev1 LOGIN-REFERRALS MAILBOX-REFERRALS\r\n")
        await guest.say(b"%b OK [REFERRAL %b] done\r\n" % (tag, url))


async def ldap(guest: Guest) -> None:
    """Give continuation references and a referral for an answer (RFC 4511 4.1.10)."""
    await guest.hear()
    url = ber.encode(ber.OCTET_STRING, b"ldap://%b/dc=leurre" % _EVIL)
    number = ber.encode(ber.INTEGER, b"\x01")
    await guest.say(ber.encode(ber.SEQUENCE, number, ber.encode(0x73, url)))
    text = ber.encode(ber.OCTET_STRING, b"")
    result = ber.encode(ber.ENUMERATED, b"\x0a")
    done = ber.encode(0x65, result, text, text, ber.encode(0xA3, url))
    await guest.say(ber.encode(ber.SEQUENCE, number, done))
    await guest.rest()


async def redis(guest: Guest) -> None:
    """Say that the key lives on another node."""
    while True:
        await guest.hear()
        await guest.say(b"-MOVED 3999 %b:6379\r\n" % _EVIL)


async def mongodb(guest: Guest) -> None:
    """Be a secondary of a replica set whose primary is elsewhere."""
    request = await guest.hear()
    place = f"{EVIL4}:27017".encode()

    def text(name: bytes, value: bytes) -> bytes:
        return b"\x02" + name + b"\0" + struct.pack("<i", len(value) + 1) + value + b"\0"

    inner = text(b"0", place)
    hosts = b"\x04hosts\0" + struct.pack("<i", len(inner) + 5) + inner + b"\0"
    fields = text(b"setName", b"rs0") + text(b"primary", place) + text(b"me", place) + hosts
    fields += b"\x08ismaster\0\0" + b"\x10maxWireVersion\0" + struct.pack("<i", 17)
    fields += b"\x01ok\0" + struct.pack("<d", 1.0)
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    asked = request[4:8]
    if request[12:16] == struct.pack("<i", 2013):
        body = b"\0" * 5 + document
        opcode = 2013
    else:
        body = struct.pack("<iqii", 8, 0, 0, 1) + document
        opcode = 1
    head = struct.pack("<ii", len(body) + 16, 7) + asked + struct.pack("<i", opcode)
    await guest.say(head + body)
    await guest.rest()


async def dns(guest: Guest) -> None:
    """Give the zone of the domain to whoever asks; for the rest, refer to servers elsewhere."""
    while True:
        data = (await guest.hear())[2:]
        told = honest_dns.answer_with_authority(data) or lure_dns.answer(data, refer=True)
        if told is not None:
            await guest.say(struct.pack(">H", len(told)) + told)


async def rdp(guest: Guest) -> None:
    """Want NLA from a machine whose challenge names others; append a redirection."""
    request = await guest.hear()
    offered = struct.unpack("<I", request[-4:])[0]
    # [MS-RDPBCGR] 2.2.13.1: flags LB_TARGET_NET_ADDRESS, then the address.
    target = EVIL4.encode("utf-16-le") + b"\0\0"
    moved = struct.pack("<HHIII", 0x0400, 16 + len(target), 1, 1, len(target)) + target
    if not offered & 2:
        await guest.say(confirm(2, 0, 0) + moved)
        await guest.rest()
    await guest.say(confirm(2, 2))
    names = {2: "LEURRE", 1: EVIL4, 4: "leurre.example", 3: "dc.leurre.example"}
    inside = trio.SSLStream(guest.stream, _context(), server_side=True, https_compatible=True)
    await inside.do_handshake()
    guest.stream = inside
    await guest.hear()
    await guest.say(tsrequest(challenge(names=names)) + moved)
    await guest.rest()


async def quiet(guest: Guest) -> None:
    """Say nothing, keep every byte."""
    await guest.rest()


async def canary(guest: Guest) -> None:
    """Greet as the canary does."""
    await guest.say(b"VIGIE CANARY 1\r\n")


async def _inside_tls(guest: Guest) -> None:
    inside = trio.SSLStream(guest.stream, _context(), server_side=True, https_compatible=True)
    await inside.do_handshake()
    guest.stream = inside
    await web(guest)


@functools.cache
def _context() -> ssl.SSLContext:
    """Give a context whose certificate points elsewhere in each way it can."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leurre.example")])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AC du leurre")])

    def url(path: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(f"http://{EVIL4}/{path}")

    def access(oid: x509.ObjectIdentifier, path: str) -> x509.AccessDescription:
        return x509.AccessDescription(oid, url(path))

    oids = AuthorityInformationAccessOID
    names = [
        *(x509.DNSName(one) for one in ("leurre.example", "www.chu.example", "*.leurre.example")),
        *(x509.IPAddress(ipaddress.ip_address(one)) for one in (EVIL4, EVIL6, "203.0.113.7")),
        url("san"),
    ]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=60))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(
            x509.AuthorityInformationAccess(
                [access(oids.OCSP, "ocsp"), access(oids.CA_ISSUERS, "ca.crt")]
            ),
            False,
        )
        .add_extension(
            x509.CRLDistributionPoints([x509.DistributionPoint([url("crl")], None, None, None)]),
            False,
        )
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context.load_cert_chain(file)
    return context


_BY_PORT: dict[int, Callable[[Guest], Awaitable[None]]] = {
    **dict.fromkeys(WEB_PORTS, web),
    **dict.fromkeys(TLS_PORTS, _inside_tls),
    **dict.fromkeys((*QUIET_PORTS, *DICOM_PORTS), quiet),
    **dict.fromkeys(RDP_PORTS, rdp),
    21: ftp,
    2121: ftp,
    25: smtp,
    53: dns,
    110: pop3,
    143: imap,
    389: ldap,
    3128: web,
    6379: redis,
    MUTE_PORT: quiet,
    27017: mongodb,
}
CANARY_PORTS = (22, 25, 80, 110, 143, 443, 515, 3389, 8443)
"""Where the canary stands; the scanner finds the others filtered."""


async def serve(log: Path) -> None:
    """Serve the scene until cancelled."""
    with log.open("a", buffering=1) as out:

        def tell(guest: Guest) -> None:
            told = {"ip": guest.ip, "port": guest.port, "heard": bytes(guest.heard[:8_192]).hex()}
            print(json.dumps(told), file=out)

        async with trio.open_nursery() as nursery:
            for ip, ports in SEATS.items():
                for port in ports:
                    handle = _BY_PORT[port]
                    nursery.start_soon(_accept, nursery, _listener(ip, port), handle, tell)
            for port in CANARY_PORTS:
                nursery.start_soon(_accept, nursery, _listener(CANARY, port), canary, tell)
            for ip, answer in (
                (RESOLVER, lure_dns.answer),
                (MACHINE_RESOLVER, lure_dns.answer),
                (HONEST, honest_dns.answer),
            ):
                udp = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                await udp.bind((ip, 53))
                nursery.start_soon(_resolve, udp, ip, answer, out)
            await nursery.start(_begin_again)
            print("serving", flush=True)


async def _begin_again(*, task_status: trio.TaskStatus[None]) -> None:
    """Let the resolvers tell their first truths again, at each SIGUSR1."""
    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        task_status.started()
        async for _ in signals:
            lure_dns.forget()
            honest_dns.forget()


async def _accept(
    nursery: trio.Nursery,
    listener: trio.SocketListener,
    handle: Callable[[Guest], Awaitable[None]],
    tell: Callable[[Guest], None],
) -> None:
    ip, port = listener.socket.getsockname()[:2]

    async def serve_one(stream: trio.SocketStream) -> None:
        guest = Guest(stream, ip, port)
        ends = (EOFError, OSError, trio.BrokenResourceError, trio.ClosedResourceError)
        try:
            with suppress(*ends, ssl.SSLError, struct.error, IndexError), trio.move_on_after(120):
                await handle(guest)
        finally:
            tell(guest)
            stream.socket.close()

    while True:
        try:
            stream = await listener.accept()
        except OSError:
            continue
        nursery.start_soon(serve_one, stream)


def _listener(ip: str, port: int) -> trio.SocketListener:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    level, option = (
        (socket.IPPROTO_IPV6, _FREEBIND6) if ":" in ip else (socket.IPPROTO_IP, _FREEBIND4)
    )
    # The address is at home by a route alone.
    made.setsockopt(level, option, 1)
    made.bind((ip, port))
    made.listen(64)
    return trio.SocketListener(trio.socket.from_stdlib_socket(made))


async def _resolve(
    udp: trio.socket.SocketType, ip: str, answer: Callable[[bytes], bytes | None], out: TextIO
) -> None:
    while True:
        data, client = await udp.recvfrom(4_096)
        told = answer(data)
        if told is not None:
            print(json.dumps({"ip": ip, "asked": question_of(data)}), file=out)
            await udp.sendto(told, client)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        trio.run(serve, Path(sys.argv[1]))
