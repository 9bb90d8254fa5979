"""Windows as it answers strangers, by hand since no real one runs here; and servers that lie.

Bytes follow [MS-RDPBCGR], [MS-NLMP], [MS-SMB2] and [MS-SMB]; builds and names are made up.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import trustme

from scanner import ber, ntlm

Handler = Callable[[socket.socket], None]

WINDOWS_FLAGS = 0xE2898235
"""Windows' answer to a client that offers everything: no OEM, and TARGET_TYPE_DOMAIN."""
_IDLE_S = 5


@contextmanager
def answering(handler: Handler) -> Iterator[int]:
    """Serve each connection in a thread on a free port, which it gives. Clients may vanish."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopping = threading.Event()

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(_IDLE_S)
                handler(connection)

        def accept() -> None:
            while not stopping.is_set():
                with suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        listener.settimeout(0.1)
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stopping.set()
            acceptor.join()


def exactly(connection: socket.socket, size: int) -> bytes:
    """Read that many bytes; a client that left is a ``ConnectionError``."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def challenge(
    version: tuple[int, int, int] | None = (10, 0, 17763),
    *,
    flags: int = WINDOWS_FLAGS,
    names: Mapping[int, str] | None = None,
) -> bytes:
    """Give an NTLM type 2 message as Windows writes it."""
    told = names if names is not None else {2: "CHU", 1: "SRV-RX", 4: "chu.example", 3: "srv-rx"}
    pairs = b"".join(
        struct.pack("<HH", kind, len(name.encode("utf-16-le"))) + name.encode("utf-16-le")
        for kind, name in told.items()
    )
    pairs += struct.pack("<HHQ", 7, 8, 133_500_000_000_000_000) + b"\0\0\0\0"
    if version is None:
        flags &= ~0x02000000
    target = "CHU".encode("utf-16-le")
    told_version = struct.pack("<BBH3xB", *(version or (0, 0, 0)), 15)
    head = ntlm.SIGNATURE + struct.pack("<IHHII8s8x", 2, 6, 6, 56, flags, b"\x11" * 8)
    fields = struct.pack("<HHI", len(pairs), len(pairs), 56 + len(target))
    return head + fields + told_version + target + pairs


def tsrequest(token: bytes) -> bytes:
    """Give a CredSSP TSRequest around a token."""
    inner = ber.encode(ber.SEQUENCE, ber.encode(0xA0, ber.encode(ber.OCTET_STRING, token)))
    tokens = ber.encode(0xA1, ber.encode(ber.SEQUENCE, inner))
    return ber.encode(ber.SEQUENCE, ber.encode(0xA0, ber.integer(6)), tokens)


PLAIN_CONFIRM = bytes.fromhex("0300000b06d00000123400")
"""X.224 Connection Confirm of Windows XP: not a word on security."""


def confirm(kind: int, value: int, flags: int = 0x1F) -> bytes:
    """Give a Connection Confirm with RDP_NEG_RSP (2) or RDP_NEG_FAILURE (3)."""
    return bytes.fromhex("030000130ed00000123400") + struct.pack("<BBHI", kind, flags, 8, value)


def rdp(
    selects: Callable[[int], bytes], token: bytes = b"", *, after_tls: bytes | None = None
) -> Handler:
    """Answer X.224 by what was offered; where CredSSP is selected, give the NTLM challenge."""
    context = _server_tls()

    def handle(connection: socket.socket) -> None:
        header = exactly(connection, 4)
        request = exactly(connection, struct.unpack(">H", header[2:])[0] - 4)
        offered = struct.unpack("<I", request[-4:])[0]
        answer = selects(offered)
        connection.sendall(answer)
        if answer[11:12] != b"\x02" or not answer[15] & 3:
            connection.recv(1)
            return
        with context.wrap_socket(connection, server_side=True) as inside:
            # Type 1 alone may come: anything of type 3 would be a logon.
            asked = inside.recv(4_096)
            if not asked:
                return
            assert ntlm.SIGNATURE + b"\x01" in asked
            inside.sendall(tsrequest(token) if after_tls is None else after_tls)
            assert not inside.recv(4_096)

    return handle


def nla_required(offered: int) -> bytes:
    """A current Windows: CredSSP, or nothing."""
    return confirm(2, 2) if offered & 2 else confirm(3, 5, 0)


def nla_optional(offered: int) -> bytes:
    """Windows with « negotiate »: the best of what is offered, standard security included."""
    return confirm(2, 2 if offered & 2 else offered & 1)


def always_standard(_offered: int) -> bytes:
    """xrdp in « rdp » mode: negotiates, and selects protocol 0 whatever was asked."""
    return confirm(2, 0)


def _server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("srv-rx.chu.example").configure_cert(context)
    return context


def _smb2(command: int, message_id: int, status: int, body: bytes) -> bytes:
    header = struct.pack(
        "<4sHHIHHIIQIIQ16x", b"\xfeSMB", 64, 0, status, command, 1, 1, 0, message_id, 0, 0, 0
    )
    return struct.pack(">I", len(header) + len(body)) + header + body


def _smb2_negotiated(dialect: int, message_id: int) -> bytes:
    body = struct.pack("<HHHH16sIIIIQQHHI", 65, 3, dialect, 0, b"g", 1, 0, 0, 0, 0, 0, 128, 0, 0)
    return _smb2(0, message_id, 0, body)


def smb(
    token: bytes,
    *,
    smb1: str,
    dialect: int = 0x0311,
    netbios: bool = False,
    multi_protocol: bool = True,
) -> Handler:
    """A Windows file server; ``smb1``, the fate of « NT LM 0.12 » alone: accept, refuse, drop."""

    def handle(connection: socket.socket) -> None:
        if netbios:
            assert exactly(connection, 4)[0] == 0x81
            exactly(connection, 68)
            connection.sendall(b"\x82\0\0\0")
        while True:
            message = exactly(connection, int.from_bytes(exactly(connection, 4)[1:], "big"))
            if message[:4] == b"\xffSMB":
                if multi_protocol and b"SMB 2.???" in message:
                    connection.sendall(_smb2_negotiated(0x02FF, 0))
                    continue
                if smb1 == "drop":
                    return
                index = 0 if smb1 == "accept" else 0xFFFF
                connection.sendall(_smb1_answer(0x72, struct.pack("<BHH", 1, index, 0)))
            elif message[12:14] == b"\0\0":
                connection.sendall(_smb2_negotiated(dialect, 1))
            else:
                body = struct.pack("<HHHH", 9, 0, 72, len(token)) + token
                connection.sendall(_smb2(1, 2, 0xC0000016, body))

    return handle


def _smb1_answer(command: int, body: bytes) -> bytes:
    header = struct.pack("<4sBIBH", b"\xffSMB", command, 0, 0x98, 0xC801) + b"\0" * 20
    return struct.pack(">I", len(header) + len(body)) + header + body


def smb_xp(token: bytes) -> Handler:
    """Windows XP: SMB 1 and nothing else, its name in NativeOS."""

    def handle(connection: socket.socket) -> None:
        while True:
            message = exactly(connection, int.from_bytes(exactly(connection, 4)[1:], "big"))
            if message[4] == 0x72:
                body = struct.pack("<BHB29xH", 17, 0, 0x03, 0)
            else:
                # Virtual circuit 0 would drop everybody else's session.
                assert struct.unpack_from("<H", message, 41)[0] != 0
                blob = token + b"\0" * ((43 + len(token)) % 2)
                system = "Windows 5.1\0Windows 2000 LAN Manager\0".encode("utf-16-le")
                body = struct.pack("<BHHHHH", 4, 0xFF, 0, 0, len(token), 0) + blob + system
            connection.sendall(_smb1_answer(message[4], body))

    return handle


def http(*heads: bytes) -> Handler:
    """Read one request head, give one answer, close."""

    def handle(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4_096)
        connection.sendall(b"\r\n".join((*heads, b"", b"")))

    return handle


def says(answer: bytes, *, first: bytes = b"") -> Handler:
    """Say something at once, or after the first bytes heard."""

    def handle(connection: socket.socket) -> None:
        if first:
            connection.sendall(first)
        connection.recv(4_096)
        connection.sendall(answer)
        connection.recv(4_096)

    return handle


def _for_ever(connection: socket.socket) -> None:
    connection.recv(1)
    while True:
        connection.sendall(b"\x30\x84\x7f\xff\xff\xff" + b"A" * 4_096)


def _for_ever_framed(connection: socket.socket) -> None:
    connection.recv(1)
    connection.sendall(b"\0\0\xff\xff\xfeSMB")
    while True:
        connection.sendall(b"\0" * 4_096)


def _slowly(connection: socket.socket) -> None:
    pause = threading.Event()
    for byte in b"\x03\x00\x00\x13\x0e\xd0" * 100:
        connection.sendall(bytes((byte,)))
        pause.wait(0.1)


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(4_096):
        connection.sendall(data)


def _silent(connection: socket.socket) -> None:
    while connection.recv(4_096):
        pass


def _reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


HOSTILE: Mapping[str, Handler] = {
    "http": says(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"),
    "iis-with-windows-logon": says(
        b"HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\n"
        b"WWW-Authenticate: Negotiate\r\n\r\n"
    ),
    "tls-alert": says(b"\x15\x03\x01\x00\x02\x02\x46"),
    "ssh": says(b"", first=b"SSH-2.0-OpenSSH_9.2\r\n"),
    "garbage": says(bytes(range(256)) * 4),
    "zeros": says(b"\0" * 512),
    "s7": says(bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102")),
    "truncated-rdp": lambda connection: connection.sendall(b"\x03\x00\x00\x13\x0e\xd0"),
    "truncated-smb": lambda connection: connection.sendall(b"\0\0\0\x80\xfeSMB\x40\0"),
    "truncated-ldap": lambda connection: connection.sendall(b"\x30\x84\0\0\x10\0\x02\x01\x01\x64"),
    "long-ldap": says(b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x64"),
    "wrong-ldap": says(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"),
    "short-smb": says(b"\0\0\0\x04\xfeSMB"),
    "endless": _for_ever,
    "endless-smb": _for_ever_framed,
    "slow": _slowly,
    "echo": _echo,
    "silent": _silent,
    "reset": _reset,
    "closed": lambda _connection: None,
}
"""Servers that are none of ours: no probe may name them, or raise anything but ``Unanswered``."""
