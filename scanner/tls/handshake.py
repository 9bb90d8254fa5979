"""One TLS handshake through the system's OpenSSL, with what the server said in clear kept beside.

OpenSSL decides nothing here: verdicts rest on the bytes of the server (:mod:`scanner.tls.wire`). So
a key too short for OpenSSL, or a client certificate that we do not have, hides neither version nor
chain.
"""

import functools
import ssl
import warnings
from dataclasses import dataclass
from typing import Any, Final

import trio

from core.errors import Unanswered
from core.model import Status
from scanner.stream import HEARD_BYTES, Stream
from scanner.tls.wire import Alert, Flight, read_flight

TLS1_0, TLS1_1, TLS1_2, TLS1_3 = 0x0301, 0x0302, 0x0303, 0x0304
_VERSIONS = {"TLSv1": TLS1_0, "TLSv1.1": TLS1_1, "TLSv1.2": TLS1_2, "TLSv1.3": TLS1_3}
_ALL: Final = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"

_LEGACY_SERVER_CONNECT = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT, which ``ssl`` names from Python 3.12 on."""
_OURS = frozenset({"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"})
"""Errors of OpenSSL that say that it made no hello at all."""


@functools.cache
def client_context() -> ssl.SSLContext:
    """Give a context that offers TLS 1.0 to 1.3 and verifies nothing.

    Raises ``ssl.SSLError`` or ``ValueError`` where the system's OpenSSL cannot make such an offer.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= ssl.Options(_LEGACY_SERVER_CONNECT)
    with warnings.catch_warnings():
        # Python deprecates the names of the old versions: measuring them is what we are for.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion(TLS1_3)
        context.minimum_version = ssl.TLSVersion(TLS1_0)
    context.set_ciphers(_ALL)
    return context


@dataclass(slots=True, kw_only=True)
class Handshake:
    """What one hello brought."""

    flight: Flight
    status: Status
    """``ok``: the server chose a version or sent an alert; ``protocol-error``: it said something
    else; any other: how it failed to answer."""
    detail: str = ""
    said: bytes = b""
    """First bytes of the answer, at most 4,096."""
    closed: bool = False
    """It ended the connection cleanly before any TLS."""
    ours: str = ""
    """Why our own library made no hello."""
    chain: tuple[bytes, ...] = ()
    """DER, as sent; whatever the version."""
    stream: Stream | None = None
    """The inside of the tunnel, when the handshake went to its end and the caller keeps it."""

    @property
    def alert(self) -> Alert | None:
        """The fatal alert that came instead of a version."""
        return self.flight.alert if self.flight.version is None else None


async def shake(
    stream: Stream,
    server_name: str | None,
    *,
    keep: bool = False,
) -> Handshake:
    """Say one hello on a fresh plain stream and give what came of it; raises nothing of the target.

    The stream is closed, unless ``keep`` is asked and the handshake went to its end: then it stands
    in the result, and speaks inside the tunnel.
    """
    kept = False
    try:
        made = await _shake(stream, server_name)
        kept = keep and made.stream is not None
    finally:
        if not kept:
            with trio.CancelScope(shield=True):
                await stream.aclose()
    if not kept:
        made.stream = None
    return made


async def _shake(stream: Stream, server_name: str | None) -> Handshake:
    status, detail, ours, closed = Status.OK, "", "", False
    inside: ssl.SSLObject | None = None
    try:
        context = client_context()
    except (ssl.SSLError, ValueError) as error:
        return Handshake(flight=Flight(), status=Status.UNDETERMINED, ours=str(error))
    try:
        inside = await stream.start_tls(context, server_name=sni_of(server_name))
    except Unanswered as answer:
        status, detail = answer.status, answer.detail
    except ssl.SSLError as error:
        status, detail = Status.RESET, error.reason or "TLS error"
        closed = isinstance(error, ssl.SSLEOFError) and not stream.handshake
        if detail in _OURS:
            status, ours = Status.UNDETERMINED, detail
    # Bytes heard before the hello (a banner) are an answer too: not that of a TLS server.
    said = stream.handshake or bytes(stream.heard)
    flight = read_flight(said)
    if inside is not None and flight.version is None:
        # Cut into records too small for our reader, and whole to OpenSSL.
        flight.is_tls, flight.version = True, _VERSIONS.get(inside.version() or "")
    if flight.version is not None or flight.alert is not None:
        status = Status.OK
    elif said and not flight.is_tls and status not in {Status.TIMEOUT, Status.GAVE_UP}:
        status = Status.PROTOCOL_ERROR
    return Handshake(
        flight=flight,
        status=status,
        detail=detail,
        said=said[:HEARD_BYTES],
        closed=closed,
        ours=ours,
        chain=flight.certificates or (() if inside is None else _decrypted_chain(inside)),
        stream=None if inside is None else stream,
    )


def _decrypted_chain(inside: ssl.SSLObject) -> tuple[bytes, ...]:
    """Give the chain as sent, from OpenSSL, at most 10 certificates."""
    public: Any = getattr(inside, "get_unverified_chain", None)
    try:
        if public is not None:
            return tuple(bytes(one) for one in (public() or ())[:10])
        # Public from Python 3.13 on; 3.11 and 3.12 have it one attribute deeper.
        deeper: Any = inside
        return tuple(
            ssl.PEM_cert_to_DER_cert(one.public_bytes())
            for one in (deeper._sslobj.get_unverified_chain() or ())[:10]
        )
    except (ssl.SSLError, ValueError):
        return ()


def sni_of(name: str | None) -> str | None:
    """Give the name as SNI: never an address, which RFC 6066 forbids."""
    if not name or name.replace(".", "").isdigit() or ":" in name:
        return None
    return name
