"""Databases: what real and documented ones say to one harmless question, and nothing more asked."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.model import Confidence
from core.observations.database import DatabaseService
from core.observations.service import Service
from scanner.probes import memcached, mongodb, mssql, mysql, postgresql, redis
from scanner.visit import Probe
from tests.scanner.probes.asking import ask, refuses
from tests.scanner.visiting import measure
from tests.servers import db_fake, db_real
from tests.servers.scripted import Talk, scripted
from tests.servers.tls_certs import issue

PROBES = [one.PROBE for one in (postgresql, mysql, redis, memcached, mongodb, mssql)]


def found(probe: Probe, port: int) -> tuple[Service, DatabaseService]:
    """Give what a probe saw, in one connection before those of TLS."""
    measured, connections = ask(probe, port)
    assert measured is not None
    seen, *behind = measured.seen
    assert isinstance(seen, DatabaseService)
    assert bool(behind) is bool(seen.tls_offered)
    assert connections == 1 or behind
    for field in ("version", "no_authentication", "tls_offered"):
        assert (getattr(seen, field) is None) == (field in seen.why), field
    return measured.service, seen


@pytest.mark.real
@pytest.mark.parametrize("tls", [False, True])
def test_postgresql(tmp_path: Path, tls: bool) -> None:
    certificate = issue("db.chu.example").files(tmp_path) if tls else None
    with db_real.postgresql(tmp_path, certificate) as port:
        service, seen = found(postgresql.PROBE, port)
    assert service.protocol == seen.engine == "postgresql"
    assert service.confidence is Confidence.FIRM
    assert seen.tls_offered is tls


def test_postgresql_that_refuses_everybody() -> None:
    fields = b"SFATAL\x00VFATAL\x00C53300\x00Msorry, too many clients already\x00\x00"

    def script(talk: Talk) -> None:
        talk.hear(until=struct.pack(">I", 80_877_103))
        talk.say(b"E" + struct.pack(">I", 4 + len(fields)) + fields)

    with scripted(script) as server:
        service, seen = found(postgresql.PROBE, server.port)
    assert service.confidence is Confidence.CERTAIN
    assert seen.tls_offered is False
    assert server.received == [struct.pack(">II", 8, 80_877_103)]


@pytest.mark.real
def test_mariadb(tmp_path: Path) -> None:
    with db_real.mariadb(tmp_path) as port:
        service, seen = found(mysql.PROBE, port)
        heard = measure(mysql.PROBE, port)
    assert heard is not None
    assert service.protocol == "mysql"
    assert seen.engine == "mariadb"
    assert seen.version is not None
    assert seen.version.startswith("1")
    assert "MariaDB" in seen.version
    assert seen.no_authentication is None


def test_mysql_that_knows_no_stranger() -> None:
    text = b"Host '192.0.2.9' is not allowed to connect to this MySQL server"
    body = b"\xff" + struct.pack("<H", 1130) + text
    packet = struct.pack("<I", len(body))[:3] + b"\x00" + body
    assert mysql.PROBE.recognises(packet)
    with scripted(lambda talk: talk.say(packet)) as server:
        service, seen = found(mysql.PROBE, server.port)
    assert seen.engine == "mysql"
    assert seen.version is None
    assert "1130 Host" in service.evidence[0]
    assert server.received == [b""]


@pytest.mark.real
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--protected-mode", "no"), True),
        (("--requirepass", "un-secret-de-test"), False),
        (("--protected-mode", "no", "--user", *["default", "on", "nopass", "~*", "-@all"]), False),
    ],
)
def test_redis(options: tuple[str, ...], expected: bool) -> None:
    with db_real.redis(*options) as port:
        service, seen = found(redis.PROBE, port)
    assert service.protocol == "redis"
    assert seen.no_authentication is expected


def test_redis_in_protected_mode_is_known_before_it_is_asked() -> None:
    denied = b"-DENIED Redis is running in protected mode because protected mode is enabled\r\n"

    def script(talk: Talk) -> None:
        talk.say(denied)
        talk.leave()

    assert redis.PROBE.recognises(denied)
    with scripted(script) as server:
        measured, _ = ask(redis.PROBE, server.port, heard=denied)
    assert measured is not None
    (seen,) = measured.seen
    assert isinstance(seen, DatabaseService)
    assert seen.no_authentication is False
    assert server.received == [b""]


def test_redis_that_is_loading_tells_nothing_of_authentication() -> None:
    def script(talk: Talk) -> None:
        talk.hear()
        talk.say(b"-LOADING Redis is loading the dataset in memory\r\n")

    with scripted(script) as server:
        _, seen = found(redis.PROBE, server.port)
    assert seen.no_authentication is None
    assert server.received == [b"PING\r\n"]


@pytest.mark.real
def test_memcached(tmp_path: Path) -> None:
    with db_real.memcached() as port:
        service, seen = found(memcached.PROBE, port)
    assert service.protocol == "memcached"
    assert seen.no_authentication is True
    assert seen.version is not None
    assert seen.version.startswith("1.")
    users = tmp_path / "users"
    users.write_text("quelquun:un-secret-de-test\n")
    users.chmod(0o644)
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    with db_real.memcached("-Y", str(users)) as port:
        _, seen = found(memcached.PROBE, port)
    assert seen.no_authentication is False


def test_mongodb_as_documented() -> None:
    with scripted(db_fake.mongodb) as server:
        service, seen = found(mongodb.PROBE, server.port)
    assert service.protocol == "mongodb"
    assert service.evidence == ("isMaster → maxWireVersion 21, setName rs0",)
    assert seen.no_authentication is None
    assert b"saslStart" not in server.received[0]


def test_mongodb_answers_in_either_form() -> None:
    for message in (db_fake.op_reply, db_fake.op_msg):
        said = mongodb.read_answer(message(db_fake.HELLO, 1))
        assert said is not None
        assert said["maxWireVersion"] == 21
        assert mongodb.read_answer(message(db_fake.HELLO, 2)) is None
    assert mongodb.PROBE.recognises(
        b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on"
    )


def test_sql_server_as_documented() -> None:
    with scripted(db_fake.mssql) as server:
        service, seen = found(mssql.PROBE, server.port)
    assert service.protocol == seen.engine == "mssql"
    assert seen.version == "15.0.2000"
    assert seen.tls_offered is True


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n",
        b"220 mail.chu.example ESMTP\r\n",
        b"Site en maintenance\r\n",
        b"\x00" * 64,
        b"\xff" * 5_000,
        b"A" * 5_000,
        b"",
    ],
    ids=lambda said: repr(said[:12]),
)
def test_what_is_no_database_is_not_taken_for_one(probe: Probe, said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.say(said)
        talk.leave()

    assert not probe.recognises(said)
    with scripted(script) as server:
        assert refuses(probe, server.port)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_echo_is_no_database(probe: Probe) -> None:
    def script(talk: Talk) -> None:
        while heard := talk.hear(until=probe_end(probe)):
            talk.say(heard)

    with scripted(script) as server:
        assert refuses(probe, server.port)


def probe_end(probe: Probe) -> bytes:
    """Give how the question of a probe ends."""
    ends = {"redis": b"\n", "memcached": b"\n", "postgresql": struct.pack(">I", 80_877_103)}
    return ends.get(probe.name, b"\x00")


READERS: list[Callable[[bytes], object]] = [
    mysql.read_greeting,
    mongodb.read_answer,
    mongodb.read_bson,
    mssql.read_prelogin,
    *(probe.recognises for probe in PROBES),
]


@given(st.binary(max_size=300))
@example(b"\x05\x00\x00\x00\x00")
@example(b"\x06\x00\x00\x00\xff")
@example(db_fake.HELLO[:-3])
def test_readers_are_total(data: bytes) -> None:
    for read in READERS:
        read(data)
        read(db_fake.op_reply(data, 1))
        read(db_fake.op_msg(data, 1))
        read(struct.pack("<I", len(data)) + b"\x0a" + data)
        read(struct.pack(">BBHHBB", 4, 1, 8 + len(data), 0, 1, 0) + data)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 120))
def test_readers_survive_damage(noise: bytes, at: int) -> None:
    for sound in (db_fake.op_reply(db_fake.HELLO, 1), db_fake.prelogin(bytes(6), 0)):
        for read in READERS:
            read(sound[:at] + noise + sound[at + len(noise) :])
            read(sound[:at])
