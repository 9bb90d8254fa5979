"""The session against servers that refuse as Active Directory does, lie, cut or never end."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import ldap3
import pytest
import trio
import trustme
from hypothesis import given
from hypothesis import strategies as st
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.utils.asn1 import decode_message_fast

from ad_audit import session
from ad_audit.faults import Fault, explain
from ad_audit.session import (
    Directory,
    Entry,
    Login,
    _root_dse,  # pyright: ignore[reportPrivateUsage]
    bind_fault,
    open_directory,
)
from core.errors import DirectoryFailure
from core.model import Language
from core.secrets import Secret
from scanner import ber
from tests.ad_audit.slapd import NAME, AnyPort, here
from tests.servers.windows import answering

Answer = Callable[[ssl.SSLSocket, bytes], None]


@contextmanager
def lying(folder: Path, answer: Answer) -> Iterator[tuple[int, Path, list[bytes]]]:
    """Serve LDAPS; gives the port, the authority, and the first request of each connection."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    asked: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
            request = tls.recv(4_096)
            asked.append(request)
            # The number of the message: the INTEGER that opens it, after a short length.
            answer(tls, request[2 : 4 + request[3]])

    with answering(serve) as port:
        yield port, ca_file, asked


def told(folder: Path, answer: Answer) -> tuple[DirectoryFailure, int]:
    """Open with two servers and two addresses; gives the failure and how many passwords left."""

    async def two(host: str) -> tuple[str, ...]:
        return ("127.0.0.1", "127.0.0.1")

    with lying(folder, answer) as (port, ca_file, asked):
        url = f"ldaps://{NAME}:{port}"
        scope = AnyPort(url, port=port)

        async def main() -> None:
            login = Login(
                servers=(url, url), user="audit@chu.example", password=Secret("x"), ca_file=ca_file
            )
            async with open_directory(scope, login, resolve=two):
                raise AssertionError

        with pytest.raises(DirectoryFailure) as caught:
            trio.run(main)
        return caught.value, len(asked)


def bind_answer(number: bytes, code: int, message: str = "") -> bytes:
    return ber.encode(
        ber.SEQUENCE,
        number,
        ber.encode(
            0x61,
            ber.integer(code, ber.ENUMERATED),
            ber.encode(ber.OCTET_STRING),
            ber.encode(ber.OCTET_STRING, message.encode()),
        ),
    )


def of_windows(data: str) -> str:
    return f"80090308: LdapErr: DSID-0C0, comment: AcceptSecurityContext error, data {data}, v4f7c"


REFUSALS = {
    "52e": Fault.CREDENTIAL,
    "532": Fault.PASSWORD_EXPIRED,
    "533": Fault.DISABLED,
    "701": Fault.ACCOUNT,
    "773": Fault.PASSWORD_EXPIRED,
    "775": Fault.LOCKED,
    "80090346": Fault.CHANNEL_BINDING,
}


@pytest.mark.parametrize("data", REFUSALS)
def test_a_refused_credential_ends_at_once(data: str, tmp_path: Path) -> None:
    failure, times = told(
        tmp_path, lambda tls, number: tls.sendall(bind_answer(number, 49, of_windows(data)))
    )
    assert Fault(failure.fault) is REFUSALS[data]
    assert times == 1
    assert "audit@" not in str(failure)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (7, Fault.UNWILLING),
        (8, Fault.SIGNING),
        (10, Fault.REFERRAL),
        (48, Fault.UNWILLING),
        (51, Fault.BUSY),
        (53, Fault.UNWILLING),
        (80, Fault.NONSENSE),
    ],
)
def test_no_other_answer_is_tried_again_either(code: int, fault: Fault, tmp_path: Path) -> None:
    failure, times = told(tmp_path, lambda tls, number: tls.sendall(bind_answer(number, code)))
    assert (Fault(failure.fault), times) == (fault, 1)


def test_a_cut_after_the_password_is_not_tried_again(tmp_path: Path) -> None:
    failure, times = told(tmp_path, lambda tls, _: tls.close())
    assert (Fault(failure.fault), times) == (Fault.CUT, 1)


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10, b"\x30\x03\x02\x01\x01", b"\x30\x80" + b"\0" * 99],
)
def test_garbage_is_not_tried_again(
    garbage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_ANSWER_S", 1.0)
    failure, times = told(tmp_path, lambda tls, _: tls.sendall(garbage))
    assert Fault(failure.fault) in {Fault.CUT, Fault.NONSENSE}
    assert times == 1


def test_an_answer_without_end_is_bounded(tmp_path: Path) -> None:
    def endless(tls: ssl.SSLSocket, _number: bytes) -> None:
        tls.sendall(b"\x30\x84\x7f\xff\xff\xff")
        for _ in range(1_000):
            tls.sendall(b"x" * 65_536)

    failure, times = told(tmp_path, endless)
    assert (Fault(failure.fault), times) == (Fault.CUT, 1)
    assert "longer" in failure.detail


def test_a_server_that_drips_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_ANSWER_S", 0.6)

    def drip(tls: ssl.SSLSocket, _number: bytes) -> None:
        tls.sendall(b"\x30\x84\x00\x0f\xff\xff")
        for _ in range(100):
            tls.sendall(b"x")
            time.sleep(0.1)

    started = time.monotonic()
    failure, times = told(tmp_path, drip)
    assert (Fault(failure.fault), times) == (Fault.CUT, 1)
    assert time.monotonic() - started < 5


def test_a_server_that_never_shakes_hands_is_left_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_CONNECT_S", 0.3)
    came: list[int] = []

    def silent(plain: socket.socket) -> None:
        came.append(1)
        plain.recv(4_096)
        with suppress(OSError):
            while plain.recv(4_096):
                pass

    with answering(silent) as port:
        url = f"ldaps://{NAME}:{port}"

        async def main() -> None:
            login = Login(servers=(url, url), user="u", password=Secret("x"))
            async with open_directory(AnyPort(url, port=port), login, resolve=here):
                raise AssertionError

        with pytest.raises(DirectoryFailure, match="silent"):
            trio.run(main)
    assert len(came) == 2


def test_every_fault_is_worded() -> None:
    for fault in Fault:
        for language in Language:
            line = explain(DirectoryFailure(fault.value, "dc1.chu.example:636", "why"), language)
            assert "dc1.chu.example:636" in line
            assert "\n" not in line


@given(st.integers(0, 200), st.text(max_size=200))
def test_any_refusal_has_a_fault(code: int, message: str) -> None:
    fault, detail = bind_fault(code, message)
    assert fault in Fault
    assert len(detail) < 40


@given(
    st.dictionaries(
        st.sampled_from(["namingContexts", "ISSYNCHRONIZED", "forestFunctionality", "x"]),
        st.lists(st.binary(max_size=30), max_size=5).map(tuple),
    )
)
def test_any_root_is_read(attributes: dict[str, tuple[bytes, ...]]) -> None:
    root = _root_dse(Entry(dn="", attributes=attributes))
    assert root.forest_level is None or 0 <= root.forest_level <= 9_999


def test_active_directory_tells_itself() -> None:
    attributes = {
        "defaultNamingContext": (b"DC=chu,DC=example",),
        "supportedCapabilities": (b"1.2.840.113556.1.4.800", b"1.2.840.113556.1.4.1670"),
        "domainControllerFunctionality": (b"7",),
        "isSynchronized": (b"TRUE",),
        "namingContexts": tuple(b"DC=%d" % n for n in range(1_000)),
    }
    root = _root_dse(Entry(dn="", attributes=attributes))
    assert root.is_active_directory
    assert (root.controller_level, root.is_synchronized) == (7, True)
    assert len(root.naming_contexts) == 256


def test_a_session_does_not_show_its_account() -> None:
    shown = repr(Directory(None, server=NAME, address="192.0.2.1", port=636, certificate=b""))
    assert shown == f"<Directory {NAME}:636 at 192.0.2.1>"


_SN = ber.encode(
    ber.SEQUENCE,
    ber.encode(ber.OCTET_STRING, b"sn"),
    ber.encode(0x31, ber.encode(ber.OCTET_STRING, b"1")),
)
_ENTRY = ber.encode(
    ber.SEQUENCE,
    b"\x02\x01\x01",
    ber.encode(0x64, ber.encode(ber.OCTET_STRING, b"dc=x"), ber.encode(ber.SEQUENCE, _SN)),
)


@given(st.data())
def test_no_answer_raises_what_is_not_foreseen(data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from([_ENTRY, bind_answer(b"\x02\x01\x01", 49, of_windows("52e"))]))
    answer = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(answer) - 1))
        answer[at] = data.draw(st.integers(0, 255))
    strategy = ldap3.Connection(ldap3.Server("127.0.0.1")).strategy
    with suppress(*session._NOT_LDAP, LDAPExceptionError):  # pyright: ignore[reportPrivateUsage]
        strategy.decode_response_fast(decode_message_fast(bytes(answer)))
