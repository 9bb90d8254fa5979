"""TLS behind the greetings of databases: one request that names nobody, then the handshake."""

import socketserver
import ssl
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Intensity
from core.observations.tls import TlsService
from scanner.probes import mssql, mysql, postgresql
from scanner.visit import Measured
from tests.scanner.visiting import measure
from tests.servers.db_real import mariadb
from tests.servers.db_real import postgresql as real_postgresql
from tests.servers.tls_certs import issue


def inside(measured: Measured | None) -> TlsService:
    assert measured is not None
    (found,) = [one for one in measured.seen if isinstance(one, TlsService)]
    return found


@pytest.mark.real
def test_postgresql_shows_its_certificate(tmp_path: Path) -> None:
    leaf = issue("base.chu.example", names=("base.chu.example",))
    with real_postgresql(tmp_path, leaf.files(tmp_path)) as port:
        seen = inside(measure(postgresql.PROBE, port))
    assert seen.starttls == "postgresql"
    assert seen.tls1_2
    assert seen.leaf is not None
    assert seen.leaf.names == ("base.chu.example",)


@pytest.mark.real
def test_mariadb_shows_its_certificate(tmp_path: Path) -> None:
    chain, key = issue("base.chu.example").files(tmp_path)
    with mariadb(tmp_path, f"--ssl-cert={chain}", f"--ssl-key={key}") as port:
        chain.chmod(0o644)
        seen = inside(measure(mysql.PROBE, port))
    assert seen.starttls == "mysql"
    assert seen.tls1_2
    assert seen.leaf is not None


@contextmanager
def sql_server(context: ssl.SSLContext, encryption: int) -> Generator[int]:
    """Answer PRELOGIN, then speak TLS inside TDS packets, as SQL Server does."""

    class Handler(socketserver.BaseRequestHandler):
        def packet(self) -> bytes:
            head = self._exactly(8)
            return self._exactly(int.from_bytes(head[2:4], "big") - 8)

        def _exactly(self, size: int) -> bytes:
            got = b""
            while len(got) < size:
                more = self.request.recv(size - len(got))
                if not more:
                    raise ConnectionResetError
                got += more
            return got

        def say(self, kind: int, body: bytes) -> None:
            for at in range(0, len(body), 500):
                part = body[at : at + 500]
                header = struct.pack(">BBHHBB", kind, at + 500 >= len(body), 8 + len(part), 0, 1, 0)
                self.request.sendall(header + part)

        def handle(self) -> None:
            try:
                self.packet()
                options = struct.pack(">BHH", 0, 11, 6) + struct.pack(">BHH", 1, 17, 1) + b"\xff"
                self.say(4, options + bytes([16, 0, 4, 0, 0, 0, encryption]))
                received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
                inner = context.wrap_bio(received, sent, server_side=True)
                while True:
                    received.write(self.packet())
                    try:
                        inner.do_handshake()
                    except ssl.SSLWantReadError:
                        pass
                    finally:
                        if out := sent.read():
                            self.say(0x12, out)
            except (OSError, ssl.SSLError):
                return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_sql_server_shows_its_certificate(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue("sql.chu.example").files(tmp_path))
    with sql_server(context, encryption=1) as port:
        seen = inside(measure(mssql.PROBE, port))
    assert seen.starttls == "mssql"
    assert seen.tls1_2
    assert seen.leaf is not None
    assert seen.leaf.subject == "CN=sql.chu.example"


def test_sql_server_without_tls_is_not_pressed(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue("sql.chu.example").files(tmp_path))
    with sql_server(context, encryption=2) as port:
        measured = measure(mssql.PROBE, port, intensity=Intensity.STANDARD)
    assert measured is not None
    assert not [one for one in measured.seen if isinstance(one, TlsService)]


@given(data=st.binary(max_size=2_000))
def test_any_bytes_are_packets_or_an_end(data: bytes) -> None:
    async def run() -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        await theirs.send_all(data)
        await theirs.aclose()
        layer = mssql.TdsPackets(ours)
        total = 0
        try:
            while got := await layer.receive_some(100):
                total += len(got)
                assert len(got) <= 100
        except Unanswered:
            pass
        assert total <= len(data)

    trio.run(run)


@given(data=st.binary(min_size=1, max_size=20_000))
def test_what_is_sent_comes_back_out(data: bytes) -> None:
    async def run() -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        await mssql.TdsPackets(ours).send_all(data)
        await ours.aclose()
        layer, got = mssql.TdsPackets(theirs), b""
        while more := await layer.receive_some():
            got += more
        assert got == data

    trio.run(run)
