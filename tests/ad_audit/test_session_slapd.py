"""The session against a real slapd: every way to be refused, and the binds it counted."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trustme
from ldap3.core.exceptions import LDAPConnectionIsReadOnlyError

from ad_audit.faults import Fault, explain
from ad_audit.session import Login, RootDse, open_directory
from core.errors import DirectoryFailure, OutOfScope, UsageError
from core.model import Language
from core.secrets import Secret
from inventories.scope import DirectoryScope
from tests.ad_audit.slapd import NAME, PASSWORD, AnyPort, Slapd, here, login, slapd
from tests.servers.real import free_port

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as one:
        yield one


def opened(wanted: Login, port: int, *, hosts: tuple[str, ...] = ()) -> RootDse:
    scope = AnyPort(wanted.servers[0], port=port)
    scope.add_controllers(hosts)

    async def main() -> RootDse:
        async with open_directory(scope, wanted, resolve=here) as directory:
            assert PASSWORD not in repr(directory)
            return directory.root

    return trio.run(main)


def failure(wanted: Login, port: int) -> DirectoryFailure:
    with pytest.raises(DirectoryFailure) as caught:
        opened(wanted, port)
    told = caught.value
    for language in Language:
        assert NAME in explain(told, language)
    assert PASSWORD not in f"{told!r}{told}"
    return told


def test_a_good_bind_over_ldaps(running: Slapd) -> None:
    before = running.binds()
    root = opened(login(running.tls, running), running.tls)
    assert root.naming_contexts == ("dc=chu,dc=example",)
    assert "1.3.6.1.4.1.1466.20037" not in root.supported_controls
    assert not root.is_active_directory
    assert running.binds() == before + 1


def test_a_good_bind_over_starttls(running: Slapd) -> None:
    before = running.binds()
    wanted = login(running.plain, running, servers=(f"ldap://{NAME}:{running.plain}",))
    assert opened(wanted, running.plain).naming_contexts == ("dc=chu,dc=example",)
    assert running.binds() == before + 1


def test_a_wrong_password_is_sent_once(running: Slapd) -> None:
    before = running.binds()
    servers = (f"ldaps://{NAME}:{running.tls}", f"ldaps://dc2.chu.example:{running.tls}")
    wanted = login(running.tls, running, servers=servers, password=Secret("wrong"))
    told = failure(wanted, running.tls)
    assert Fault(told.fault) is Fault.CREDENTIAL
    assert running.binds() == before + 1


def test_an_unknown_authority_sees_no_password(running: Slapd, tmp_path: Path) -> None:
    before = running.binds()
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    told = failure(login(running.tls, running, ca_file=other), running.tls)
    assert Fault(told.fault) is Fault.CERTIFICATE_UNTRUSTED
    assert running.binds() == before


def test_without_a_ca_file_the_machines_own_are_used(running: Slapd) -> None:
    told = failure(login(running.tls, running, ca_file=None), running.tls)
    assert Fault(told.fault) is Fault.CERTIFICATE_UNTRUSTED


def test_the_name_must_be_the_certificates(tmp_path: Path) -> None:
    with slapd(tmp_path, names=("autre.chu.example",)) as other:
        for port, scheme in ((other.tls, "ldaps"), (other.plain, "ldap")):
            wanted = login(port, other, servers=(f"{scheme}://{NAME}:{port}",))
            assert Fault(failure(wanted, port).fault) is Fault.CERTIFICATE_NAME
        assert other.binds() == 0


def test_one_fingerprint_may_be_trusted(running: Slapd) -> None:
    spelled = ":".join(running.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    wanted = login(running.tls, running, ca_file=None, fingerprint=spelled)
    assert opened(wanted, running.tls).naming_contexts
    before = running.binds()
    told = failure(login(running.tls, running, fingerprint="0" * 64), running.tls)
    assert (Fault(told.fault), told.detail) == (Fault.FINGERPRINT, running.fingerprint)
    assert running.binds() == before
    with pytest.raises(UsageError):
        opened(login(running.tls, running, fingerprint="12:34"), running.tls)


def test_a_password_never_goes_in_the_clear(tmp_path: Path) -> None:
    with slapd(tmp_path, tls=False) as bare:
        wanted = login(bare.plain, bare, servers=(f"ldap://{NAME}:{bare.plain}",))
        assert Fault(failure(wanted, bare.plain).fault) is Fault.STARTTLS
        assert bare.binds() == 0


def test_out_of_scope_opens_nothing(running: Slapd) -> None:
    before = running.connections()
    asked: list[str] = []

    async def resolve(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    async def main(scope: DirectoryScope) -> None:
        async with open_directory(scope, login(running.tls, running), resolve=resolve):
            raise AssertionError

    for scope in (
        DirectoryScope(f"ldaps://{NAME}"),  # the port is none of a directory's
        AnyPort("ldaps://dc9.chu.example", port=running.tls),
    ):
        with pytest.raises(OutOfScope):
            trio.run(main, scope)
    assert asked == []
    assert running.connections() == before


def test_an_address_that_no_directory_has_is_not_dialled(running: Slapd) -> None:
    async def main() -> None:
        async def resolve(host: str) -> tuple[str, ...]:
            return ("0.0.0.0", "224.0.0.1")

        scope = AnyPort(f"ldaps://{NAME}", port=running.tls)
        async with open_directory(scope, login(running.tls, running), resolve=resolve):
            raise AssertionError

    with pytest.raises(OutOfScope):
        trio.run(main)


def test_anonymous_is_not_offered(running: Slapd) -> None:
    before = running.connections()
    for wanted in (
        login(running.tls, running, password=Secret("")),
        login(running.tls, running, user=""),
    ):
        with pytest.raises(UsageError):
            opened(wanted, running.tls)
    assert running.connections() == before


@contextmanager
def counting(address: tuple[str, int]) -> Iterator[list[int]]:
    """Listen where a referral leads and count who comes."""
    seen: list[int] = []
    with socket.create_server(address) as listener:
        listener.settimeout(0)
        yield seen
        try:
            listener.accept()
            seen.append(1)
        except BlockingIOError:
            pass


def test_a_referral_is_not_followed(running: Slapd) -> None:
    async def main() -> None:
        scope = AnyPort(f"ldaps://{NAME}", port=running.tls)
        async with open_directory(scope, login(running.tls, running), resolve=here) as directory:
            found = await directory.search("dc=ailleurs", "(objectClass=*)", ["*"], subtree=True)
            assert found == ()

    with counting(("127.0.0.2", 389)) as seen:
        trio.run(main)
    assert seen == []


def test_the_next_server_is_tried_when_the_network_fails(running: Slapd) -> None:
    before = running.binds()
    closed = free_port()
    servers = (f"ldaps://dc0.chu.example:{closed}", f"ldaps://{NAME}:{running.tls}")
    scope = AnyPort(servers[0], port=running.tls)
    scope.PORTS = scope.PORTS | {closed}
    scope.add_controllers([NAME])

    async def main() -> str:
        wanted = login(running.tls, running, servers=servers)
        async with open_directory(scope, wanted, resolve=here) as directory:
            return directory.server

    assert trio.run(main) == NAME
    assert running.binds() == before + 1


def test_a_closed_port_and_an_unknown_name_are_told(running: Slapd) -> None:
    closed = free_port()
    wanted = login(closed, running)
    assert Fault(failure(wanted, closed).fault) is Fault.PORT

    async def nowhere(host: str) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def main() -> None:
        scope = AnyPort(f"ldaps://{NAME}", port=closed)
        async with open_directory(scope, wanted, resolve=nowhere):
            raise AssertionError

    with pytest.raises(DirectoryFailure, match="name"):
        trio.run(main)


def test_the_session_reads_only(running: Slapd) -> None:
    async def main() -> None:
        scope = AnyPort(f"ldaps://{NAME}", port=running.tls)
        async with open_directory(scope, login(running.tls, running), resolve=here) as directory:
            connection = directory._connection
            assert connection.password is None
            assert connection.request is None or PASSWORD not in str(connection.request)
            assert PASSWORD not in repr(connection)
            with pytest.raises(LDAPConnectionIsReadOnlyError):
                connection.delete("cn=x,dc=chu,dc=example")
            with pytest.raises(OSError, match="never sent"):
                connection.add("cn=x,dc=chu,dc=example", "person", {"sn": "x"})
            connection.password = b"again"
            with pytest.raises(OSError, match="never sent"):
                connection.bind()

    trio.run(main)
