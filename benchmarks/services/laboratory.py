"""The recorded answers of products and their lookalikes, each served at an address of its own."""

import functools
import ipaddress
import re
import ssl
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.knowledge.load import load_knowledge
from core.knowledge.model import Knowledge
from tests.servers.recorded import Recorded, Served, recordings

NETWORK = ipaddress.ip_network("127.1.0.0/16")
_MUTE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One imitation or lookalike, and where it is served."""

    product: str
    """Whose imitation or lookalike it is."""
    recorded: Recorded
    ip: str
    port: int

    @property
    def is_imitation(self) -> bool:
        """Whether it is the product, and not what resembles it."""
        return bool(self.recorded.expect)


@dataclass(kw_only=True)
class Laboratory:
    """Everything that is served."""

    seats: tuple[Seat, ...]
    served: Mapping[str, Served] = field(default_factory=dict[str, Served])
    """Web services, by address."""

    def requests(self) -> dict[str, int]:
        """Give the requests that each web service got since the last call, by address."""
        counts = {ip: sum(one.asked.values()) for ip, one in self.served.items()}
        for one in self.served.values():
            one.asked.clear()
        return counts


def seats(*, every: int = 1) -> tuple[Seat, ...]:
    """Give every recorded service that can be served, or one product in ``every``."""
    knowledge = load_knowledge()
    chosen = [
        (id_, one)
        for id_, file in list(recordings().items())[::every]
        for one in (*file.imitations, *file.lookalikes)
        if one.kind == "banner" or one.pages
    ]
    hosts = NETWORK.hosts()
    return tuple(
        Seat(product=id_, recorded=one, ip=str(next(hosts)), port=_port(id_, one, knowledge))
        for id_, one in chosen
    )


def _port(id_: str, recorded: Recorded, knowledge: Knowledge) -> int:
    if recorded.kind == "http":
        return 443 if recorded.tls_subject else 80
    product = next(one for one in knowledge.products if one.id == id_)
    ports = [int(port.partition("/")[0]) for port in product.ports if port.endswith("/tcp")]
    return next((port for port in ports if not knowledge.is_quiet(port)), 8_888)


@contextmanager
def open_laboratory(chosen: tuple[Seat, ...]) -> Generator[Laboratory]:
    """Serve them in a thread while the body runs: whoever asks does so from another process."""
    laboratory = Laboratory(
        seats=chosen,
        served={seat.ip: Served(seat.recorded) for seat in chosen if seat.recorded.kind == "http"},
    )
    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=trio.run, args=(_serve, laboratory, ready, done))
    thread.start()
    ready.wait()
    try:
        yield laboratory
    finally:
        done.set()
        thread.join()


async def _serve(laboratory: Laboratory, ready: threading.Event, done: threading.Event) -> None:
    with tempfile.TemporaryDirectory() as made:
        async with trio.open_nursery() as nursery:
            for seat in laboratory.seats:
                served = laboratory.served.get(seat.ip)
                tls = _papers(seat.recorded, Path(made)) if seat.port == 443 and served else None
                handler = functools.partial(_answer, seat.recorded, served, tls)
                await nursery.start(
                    functools.partial(trio.serve_tcp, handler, seat.port, host=seat.ip)
                )
            ready.set()
            await trio.to_thread.run_sync(done.wait)
            nursery.cancel_scope.cancel()


async def _answer(
    recorded: Recorded,
    served: Served | None,
    tls: ssl.SSLContext | None,
    raw: trio.SocketStream,
) -> None:
    try:
        if served is None:
            with trio.move_on_after(_MUTE_S):
                await raw.send_all(recorded.banner.encode("latin-1"))
                while await raw.receive_some():
                    pass
            await raw.aclose()
        elif tls is None:
            await served.serve(raw)
        else:
            await served.serve(trio.SSLStream(raw, tls, server_side=True, https_compatible=True))
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


def _papers(recorded: Recorded, folder: Path) -> ssl.SSLContext:
    """Give a context with a certificate of the recorded names."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(recorded.tls_subject))
        .issuer_name(_name(recorded.tls_issuer or recorded.tls_subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .sign(key, hashes.SHA256())
    )
    pair = folder / "pair.pem"
    pair.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(
        re.sub(r",\s+", ",", text),
        {"emailAddress": x509.NameOID.EMAIL_ADDRESS, "E": x509.NameOID.EMAIL_ADDRESS},
    )
