"""DTLS: against OpenSSL, and on any datagram."""

import subprocess
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Place, Status
from core.observations.tls import TlsService
from scanner.tls.datagram import DatagramReader, Exchange, assess_datagrams
from tests.servers.real import free_port, need
from tests.servers.tls_certs import issue

NAME = "vpn.chu.example"


@contextmanager
def dtls_server(chain: Path, key: Path, *options: str) -> Generator[int]:
    """Run ``openssl s_server`` over UDP; give its port."""
    port = free_port()
    argv = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-quiet"]
    argv += ["-cert", str(chain), "-key", str(key), *options]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        time.sleep(0.3)
        try:
            yield port
        finally:
            server.kill()


@asynccontextmanager
async def open_exchange(port: int) -> AsyncGenerator[Exchange]:
    """Open a UDP socket to loopback, with the errors of the gate."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as udp:
        await udp.connect(("127.0.0.1", port))

        async def exchange(datagram: bytes) -> Sequence[bytes]:
            heard: list[bytes] = []
            try:
                await udp.send(datagram)
                with trio.move_on_after(0.4):
                    while len(heard) < 32:
                        heard.append(await udp.recv(65_536))
            except ConnectionRefusedError:
                raise Unanswered(Status.REFUSED) from None
            if not heard:
                raise Unanswered(Status.TIMEOUT)
            return heard

        yield exchange


def assessed(port: int) -> TlsService:
    async def run() -> TlsService:
        return await assess_datagrams(
            lambda: open_exchange(port),
            place=Place(establishment="e", ip="127.0.0.1", port=port),
            names=(NAME,),
            now=lambda: datetime.now(UTC),
        )

    return trio.run(run)


@pytest.mark.real
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-dtls1_2", "-listen"), (True, None)),
        (("-dtls1_2",), (True, None)),
        (("-dtls1", "-cipher", "ALL:@SECLEVEL=0"), (False, True)),
        (("-dtls1", "-listen", "-cipher", "ALL:@SECLEVEL=0"), (False, True)),
    ],
)
def test_what_openssl_speaks_over_udp(
    tmp_path: Path, options: tuple[str, ...], expected: tuple[bool | None, ...]
) -> None:
    ca = issue("AC interne", ca=True, rsa_bits=2048)
    chain, key = issue(NAME, by=ca, names=(NAME,), rsa_bits=2048).files(tmp_path)
    with dtls_server(chain, key, *options, "-mtu", "600") as port:
        seen = assessed(port)
    assert seen.datagram
    assert seen.tls1_2 is expected[0]
    # s_server takes one client at a time: the second hello may find it busy, which is no refusal.
    assert seen.tls1_1 in {expected[1], None, False}
    assert seen.leaf is not None
    assert seen.leaf.names == (NAME,)
    assert seen.forward_secrecy is True
    assert seen.extended_master_secret is True


def test_a_mute_port_costs_one_datagram() -> None:
    port = free_port()
    with pytest.raises(Unanswered):
        assessed(port)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_any_datagram_is_read(datagrams: list[bytes]) -> None:
    reader = DatagramReader()
    for datagram in datagrams:
        reader.feed(b"\x16\xfe\xfd\0\0\0\0\0\0\0\0" + len(datagram).to_bytes(2, "big") + datagram)
        reader.feed(datagram)
    assert len(reader.flight.certificates) <= 10


@given(st.permutations(range(6)), st.integers(1, 40))
def test_fragments_come_in_any_order(order: list[int], twice: int) -> None:
    hello = b"\xfe\xfd" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0"
    size = -(-len(hello) // 6)
    reader = DatagramReader()
    for at in [*order, order[twice % 6]]:
        piece = hello[at * size : (at + 1) * size]
        head = b"\x02" + len(hello).to_bytes(3, "big") + b"\0\0"
        head += (at * size).to_bytes(3, "big") + len(piece).to_bytes(3, "big")
        body = head + piece
        reader.feed(b"\x16\xfe\xfd" + bytes(8) + len(body).to_bytes(2, "big") + body)
    assert reader.flight.version == 0x0303
    assert reader.flight.suite == 0xC02F
