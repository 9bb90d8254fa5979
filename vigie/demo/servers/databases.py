"""Databases and caches, up to what tells them apart. A log-on of any kind is a trespass."""

import struct

from vigie.demo.servers.base import Gone, Guest, Handler

_SSL_REQUEST, _GSS_REQUEST = 80_877_103, 80_877_104


async def postgresql(guest: Guest) -> None:
    """Answer SSLRequest with ``S`` and TLS; anything that names a user is a trespass."""
    while True:
        size, code = struct.unpack(">II", await guest.exactly(8))
        if size == 8 and code == _SSL_REQUEST and guest.room.tls and not guest.inside_tls:
            await guest.send(b"S")
            await guest.start_tls()
        elif size == 8 and code in {_SSL_REQUEST, _GSS_REQUEST}:
            await guest.send(b"N")
        else:
            break
    if code >> 16 != 3:
        raise Gone("not PostgreSQL")
    guest.room.trespass("credentials offered", "PostgreSQL")
    fields = b"SFATAL\x00C28000\x00Mno pg_hba.conf entry for host\x00\x00"
    await guest.send(b"E" + struct.pack(">I", 4 + len(fields)) + fields)


async def mysql(guest: Guest) -> None:
    """Greet as MySQL 8 does, with TLS among the capabilities; a log-on packet is a trespass."""
    low, high = 0xFFFF, 0xDFFF
    payload = b"\x0a8.0.36\x00" + struct.pack("<I", 42) + b"demodemo\x00"
    payload += struct.pack("<HBHHB", low, 255, 2, high, 21) + bytes(10) + b"demodemodemo\x00"
    payload += b"caching_sha2_password\x00"
    await guest.send(struct.pack("<I", len(payload)) + payload)
    head = struct.unpack("<I", await guest.exactly(4))[0]
    size = head & 0xFFFFFF
    if size == 32 and guest.room.tls:
        await guest.exactly(32)
        await guest.start_tls()
        head = struct.unpack("<I", await guest.exactly(4))[0]
    if 0 < head & 0xFFFFFF < 16_384:
        guest.room.trespass("credentials offered", "MySQL")


async def mssql(guest: Guest) -> None:
    """Answer PRELOGIN as SQL Server 2019 does ([MS-TDS] 2.2.6.5); a log-on packet is a trespass."""
    while True:
        kind, _, size = struct.unpack(">BBH", await guest.exactly(4))
        if kind not in {0x10, 0x12} or not 8 < size <= 4_096:
            raise Gone("not TDS")
        await guest.exactly(size - 4)
        if kind == 0x10:
            guest.room.trespass("credentials offered", "SQL Server")
            return
        options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)
        body = options + struct.pack(">BBHH", 15, 0, 2_000, 0) + b"\x00"
        await guest.send(struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body)


def redis(*, protected: bool) -> Handler:
    """Give the handler of a Redis, open to all or asking for a password."""

    async def serve(guest: Guest) -> None:
        while True:
            words = await _redis_command(guest)
            name = words[0].upper() if words else ""
            if name == "AUTH" or (name == "HELLO" and "AUTH" in [word.upper() for word in words]):
                guest.room.trespass("credentials offered", "Redis")
            if name == "QUIT":
                await guest.send(b"+OK\r\n")
                return
            if protected:
                await guest.send(b"-NOAUTH Authentication required.\r\n")
            elif name == "PING":
                await guest.send(b"+PONG\r\n")
            elif name == "INFO":
                text = b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux\r\n"
                await guest.send(b"$%d\r\n%s\r\n" % (len(text), text))
            else:
                guest.room.trespass("data asked for", f"Redis {name}")
                await guest.send(b"-ERR unknown command\r\n")

    return serve


async def _redis_command(guest: Guest) -> list[str]:
    first = await guest.line()
    if not first.startswith("*"):
        return first.split()
    count = _number(first[1:])
    words: list[str] = []
    for _ in range(count):
        size = _number((await guest.line()).removeprefix("$"))
        words.append((await guest.exactly(size)).decode("latin-1"))
        await guest.exactly(2)
    return words


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 4_096:
        raise Gone("not a length")
    return int(text)


async def memcached(guest: Guest) -> None:
    """Answer ``version`` and ``stats``, which anybody may ask."""
    while True:
        command = (await guest.line()).partition(" ")[0]
        if command == "version":
            await guest.send(b"VERSION 1.6.18\r\n")
        elif command == "stats":
            await guest.send(b"STAT pid 812\r\nSTAT version 1.6.18\r\nEND\r\n")
        elif command == "quit":
            return
        else:
            if command in {"get", "gets", "set", "add", "delete", "flush_all"}:
                guest.room.trespass("data asked for", f"memcached {command}")
            await guest.send(b"ERROR\r\n")


async def mongodb(guest: Guest) -> None:
    """Answer ``hello`` to all, and nothing else without a log-on."""
    while True:
        size, request, _, opcode = struct.unpack("<iiii", await guest.exactly(16))
        if not 16 < size <= 65_536 or opcode not in {2004, 2013}:
            raise Gone("not MongoDB")
        body = await guest.exactly(size - 16)
        greeting = any(word in body.lower() for word in (b"ismaster\x00", b"hello\x00"))
        harmless = greeting or b"buildInfo\x00" in body or b"ping\x00" in body
        if b"saslStart\x00" in body:
            guest.room.trespass("credentials offered", "MongoDB")
        answer = _HELLO if greeting else _VERSION if harmless else _UNAUTHORISED
        if opcode == 2013:
            reply = struct.pack("<IB", 0, 0) + answer
            head = struct.pack("<iiii", 16 + len(reply), 1, request, 2013)
        else:
            reply = struct.pack("<iqii", 8, 0, 0, 1) + answer
            head = struct.pack("<iiii", 16 + len(reply), 1, request, 1)
        await guest.send(head + reply)


def _bson(**fields: bool | int | float | str) -> bytes:
    body = b""
    for name, value in fields.items():
        key = name.encode() + b"\x00"
        if isinstance(value, bool):
            body += b"\x08" + key + bytes([value])
        elif isinstance(value, int):
            body += b"\x10" + key + struct.pack("<i", value)
        elif isinstance(value, float):
            body += b"\x01" + key + struct.pack("<d", value)
        else:
            text = value.encode() + b"\x00"
            body += b"\x02" + key + struct.pack("<i", len(text)) + text
    return struct.pack("<i", len(body) + 5) + body + b"\x00"


_HELLO = _bson(
    ismaster=True,
    isWritablePrimary=True,
    maxBsonObjectSize=16_777_216,
    maxMessageSizeBytes=48_000_000,
    maxWriteBatchSize=100_000,
    minWireVersion=0,
    maxWireVersion=21,
    readOnly=False,
    ok=1.0,
)
_VERSION = _bson(version="7.0.14", gitVersion="demo", bits=64, ok=1.0)
_UNAUTHORISED = _bson(
    ok=0.0, errmsg="command requires authentication", code=13, codeName="Unauthorized"
)
REDIS_OPEN = redis(protected=False)
REDIS_PASSWORD = redis(protected=True)
