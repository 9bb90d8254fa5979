"""Forms with files (RFC 7578)."""

import hashlib

import msgspec


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a form. Names are ours: ASCII, without quotes."""

    name: str
    content: bytes
    filename: str = ""
    type: str = ""


def multipart(fields: tuple[Field, ...]) -> tuple[str, bytes]:
    """Give the ``Content-Type`` and the body; the same fields give the same bytes."""
    boundary = "vigie-" + hashlib.sha256(b"\0".join(one.content for one in fields)).hexdigest()
    body = bytearray()
    for one in fields:
        named = f'; filename="{one.filename}"' if one.filename else ""
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{one.name}"'.encode()
        body += named.encode() + b"\r\n"
        if one.type:
            body += f"Content-Type: {one.type}\r\n".encode()
        body += b"\r\n" + one.content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", bytes(body)
