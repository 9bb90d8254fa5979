"""Databases that Debian does not have, after their vendors' documentation.

MongoDB: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ and the reply of
``hello``; SQL Server: [MS-TDS] 2.2.6.5 with the example of 4.2.
"""

import struct

from tests.servers.scripted import Talk

Field = bool | int | float | str


def bson(**fields: Field) -> bytes:
    """Give a flat BSON document."""
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
    return struct.pack("<i", 5 + len(body)) + body + b"\x00"


HELLO = bson(ismaster=True, maxWireVersion=21, setName="rs0", readOnly=False, ok=1.0)


def op_reply(document: bytes, answers_to: int) -> bytes:
    """Give an OP_REPLY with one document."""
    body = struct.pack("<iqii", 8, 0, 0, 1) + document
    return struct.pack("<iiii", 16 + len(body), 7, answers_to, 1) + body


def op_msg(document: bytes, answers_to: int) -> bytes:
    """Give an OP_MSG with one document."""
    body = struct.pack("<IB", 0, 0) + document
    return struct.pack("<iiii", 16 + len(body), 7, answers_to, 2013) + body


def mongodb(talk: Talk) -> None:
    """Answer one isMaster as mongod does."""
    asked = talk.hear(until=b"\x01\x00")
    size, request, _, kind = struct.unpack_from("<iiii", asked)
    if size == len(asked) and kind == 2004 and b"admin.$cmd\x00" in asked:
        talk.say(op_reply(HELLO, request))


def prelogin(version: bytes, encryption: int) -> bytes:
    """Give the answer of SQL Server to a PRELOGIN."""
    body = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + version + bytes([encryption])
    return struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body


def mssql(talk: Talk) -> None:
    """Answer one PRELOGIN as SQL Server 2019 does."""
    asked = talk.hear(until=b"\x00")
    while len(asked) < 8 or len(asked) < int.from_bytes(asked[2:4], "big"):
        asked += talk.hear(until=b"\x00")
    if asked[:2] == b"\x12\x01" and b"\xff" in asked[8:]:
        talk.say(prelogin(bytes.fromhex("0f0007d00000"), 1))
