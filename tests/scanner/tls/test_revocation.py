"""What authorities say of certificates: believed when signed and in time, never otherwise."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import example, given
from hypothesis import strategies as st

from core.observations.tls import KeyType, Revocation, RevocationSource, RevocationStatus
from scanner.tls import revocation
from scanner.tls.revocation import (
    Asker,
    Fetched,
    load_list,
    ocsp_request,
    pairs_of,
    read_list,
    read_ocsp,
    revocations,
)
from tests.scanner.tls.asking import assessed
from tests.servers.real import free_port, serving
from tests.servers.tls_certs import Issued, issue
from tests.servers.tls_lab_daemons import nss, selfserv
from tests.servers.tls_real import openssl_server
from tests.servers.tls_revocation import crl, ocsp_answer

GOOD, REVOKED, UNKNOWN = RevocationStatus
_URL = "http://crl.example/ca.crl"
_AUTHORITY = issue("AC", ca=True)
_LEAF = issue("service", by=_AUTHORITY, ocsp="http://ocsp.example/", crl=_URL)
_STRANGER = issue("AC", ca=True)
_PAIR = pairs_of([_LEAF.der, _AUTHORITY.der])[0]
_NOW = datetime.now(UTC)


def _read(data: bytes) -> Revocation:
    return read_ocsp(data, _PAIR, _NOW, RevocationSource.OCSP)


def _listed(data: bytes) -> Revocation:
    return read_list(load_list(data), _PAIR, _NOW, _URL)


def test_a_good_word() -> None:
    told = _read(ocsp_answer(_AUTHORITY, _LEAF))
    assert (told.status, told.why, told.sha256) == (GOOD, "", _PAIR.facts.sha256)
    assert told.until is not None


def test_revoked_with_its_reason_and_day() -> None:
    told = _read(ocsp_answer(_AUTHORITY, _LEAF, status=ocsp.OCSPCertStatus.REVOKED))
    assert (told.status, told.reason) == (REVOKED, "keyCompromise")
    assert told.revoked_at is not None
    assert told.revoked_at < _NOW


def test_revoked_stays_true_when_the_answer_is_old_and_good_does_not() -> None:
    old = (-30.0, -20.0)
    revoked = ocsp_answer(_AUTHORITY, _LEAF, status=ocsp.OCSPCertStatus.REVOKED, days=old)
    assert _read(revoked).status is REVOKED
    assert _read(ocsp_answer(_AUTHORITY, _LEAF, days=old)).status is None
    assert _listed(crl(_AUTHORITY, _LEAF, days=old)).status is REVOKED
    assert _listed(crl(_AUTHORITY, days=old)).status is None


def test_an_unaware_authority_says_nothing_good() -> None:
    told = _read(ocsp_answer(_AUTHORITY, _LEAF, status=ocsp.OCSPCertStatus.UNKNOWN))
    assert (told.status, told.why) == (UNKNOWN, "authority-unaware")


@pytest.mark.parametrize(
    "said",
    [
        ocsp_answer(_AUTHORITY, _LEAF, signed_by=_STRANGER),
        ocsp_answer(_AUTHORITY, issue("other", by=_AUTHORITY)),
        ocsp_answer(_STRANGER, _LEAF, signed_by=_AUTHORITY),
        ocsp_answer(_AUTHORITY, _LEAF, days=(1, 2)),
        ocsp_answer(_AUTHORITY, _LEAF, carries=issue("no right", by=_AUTHORITY)),
        ocsp_answer(_AUTHORITY, _LEAF, carries=issue("x", by=_STRANGER, signs_ocsp=True)),
        ocsp_answer(
            _AUTHORITY, _LEAF, carries=issue("x", by=_AUTHORITY, signs_ocsp=True, days=(-9, -3))
        ),
        ocsp.OCSPResponseBuilder.build_unsuccessful(
            ocsp.OCSPResponseStatus.UNAUTHORIZED
        ).public_bytes(Encoding.DER),
        b"",
    ],
    ids=[
        *("stranger", "another certificate", "another issuer", "from tomorrow", "no right to sign"),
        *("delegated by a stranger", "delegate out of date", "refused", "empty"),
    ],
)
def test_what_is_not_signed_for_it_counts_for_nothing(said: bytes) -> None:
    told = _read(said)
    assert told.status is None
    assert told.why.startswith("protocol-error")


def test_who_was_delegated_may_sign() -> None:
    delegate = issue("répondeur", by=_AUTHORITY, signs_ocsp=True)
    assert _read(ocsp_answer(_AUTHORITY, _LEAF, carries=delegate)).status is GOOD


def test_a_list_names_those_revoked() -> None:
    told = _listed(crl(_AUTHORITY, issue("other", by=_AUTHORITY), _LEAF))
    assert (told.status, told.reason, told.url) == (REVOKED, "superseded", _URL)
    assert told.source is RevocationSource.CRL
    assert _listed(crl(_AUTHORITY, issue("other", by=_AUTHORITY))).status is GOOD
    assert _listed(crl(_AUTHORITY, _LEAF, reason=None)).reason == ""


def test_one_taken_off_the_list_is_good() -> None:
    lifted = crl(_AUTHORITY, _LEAF, reason=x509.ReasonFlags.remove_from_crl)
    assert _listed(lifted).status is GOOD


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (crl(_AUTHORITY, point=_URL), GOOD),
        (crl(_AUTHORITY, point="http://crl.example/others.crl"), None),
        (crl(_AUTHORITY, _LEAF, point="http://crl.example/others.crl"), None),
        (crl(_AUTHORITY, delta=True), None),
        (crl(_AUTHORITY, _LEAF, delta=True), REVOKED),
        (crl(_AUTHORITY, signed_by=_STRANGER), None),
        (crl(_STRANGER), None),
        (crl(_AUTHORITY, _LEAF, days=(1, 2)), None),
        (b"-----BEGIN X509 CRL-----\nrubbish", None),
        (b"<html>", None),
    ],
)
def test_lists_that_say_less(said: bytes, status: RevocationStatus | None) -> None:
    told = _listed(said)
    assert told.status is status
    assert bool(told.why) is (status is None)


@given(st.binary(max_size=400), st.integers(0, 2_000), st.integers(0, 255))
@example(b"", 7, 0)
def test_any_bytes_are_read(data: bytes, at: int, byte: int) -> None:
    assert _read(data).status is None
    assert _listed(data).status is None
    for whole, read in (
        (bytearray(ocsp_answer(_AUTHORITY, _LEAF)), _read),
        (bytearray(crl(_AUTHORITY)), _listed),
    ):
        whole[at % len(whole)] = byte
        assert read(bytes(whole)).status in {None, GOOD, UNKNOWN}


def test_the_question_names_the_certificate() -> None:
    asked = ocsp.load_der_ocsp_request(ocsp_request(_PAIR))
    assert asked.serial_number == _LEAF.certificate.serial_number


def _asked(
    chains: Sequence[Sequence[bytes]],
    answer: Callable[[str, bytes | None], Fetched] | None,
    staples: dict[str, bytes] | None = None,
    *,
    times: int = 1,
    roots: Sequence[bytes] = (),
) -> tuple[tuple[Revocation, ...], list[str]]:
    urls: list[str] = []

    async def fetch(url: str, body: bytes | None) -> Fetched:
        await trio.lowlevel.checkpoint()
        urls.append(url)
        assert answer is not None
        return answer(url, body)

    async def run() -> tuple[Revocation, ...]:
        asker = Asker(fetch) if answer else None
        for _ in range(times):
            found = await revocations(chains, staples or {}, asker, at=_NOW, roots=roots)
        return found

    return trio.run(run), urls


_CHAIN = (_LEAF.der, _AUTHORITY.der)


def test_without_leave_nobody_is_asked() -> None:
    (told,), _ = _asked([_CHAIN], None)
    assert (told.status, told.why) == (None, "not-configured: ocsp.example")


def test_a_staple_is_enough() -> None:
    staple = {_PAIR.facts.sha256: ocsp_answer(_AUTHORITY, _LEAF)}
    (told,), urls = _asked([_CHAIN], lambda _url, _body: Fetched(why="timeout"), staple)
    assert (told.status, told.source, urls) == (GOOD, RevocationSource.STAPLE, [])


def test_a_false_staple_is_not() -> None:
    staple = {_PAIR.facts.sha256: ocsp_answer(_AUTHORITY, _LEAF, signed_by=_STRANGER)}
    good = Fetched(body=ocsp_answer(_AUTHORITY, _LEAF))
    (told,), urls = _asked([_CHAIN], lambda _url, _body: good, staple)
    assert (told.status, told.source) == (GOOD, RevocationSource.OCSP)
    assert urls == ["http://ocsp.example/"]
    (told,), _ = _asked([_CHAIN], None, staple)
    assert told.why.startswith("protocol-error")


def test_the_list_is_asked_when_the_responder_does_not_know() -> None:
    def answer(url: str, body: bytes | None) -> Fetched:
        if url == _URL:
            assert body is None
            return Fetched(body=crl(_AUTHORITY, _LEAF))
        assert body is not None
        unknown = ocsp.OCSPCertStatus.UNKNOWN
        return Fetched(body=ocsp_answer(_AUTHORITY, _LEAF, status=unknown))

    (told,), urls = _asked([_CHAIN], answer, times=3)
    assert told.status is REVOKED
    assert urls == ["http://ocsp.example/", _URL]


def test_a_dead_responder_is_asked_once_a_run() -> None:
    others = [issue(f"s{at}", by=_AUTHORITY, ocsp="http://ocsp.example/") for at in range(3)]
    chains = [(one.der, _AUTHORITY.der) for one in others]
    found, urls = _asked(chains, lambda _url, _body: Fetched(why="timeout"), times=2)
    assert [one.why for one in found] == ["timeout"] * 3
    assert urls == ["http://ocsp.example/"]


def test_a_host_is_not_flooded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "_MOST_OF_A_HOST", 2)
    others = [issue(f"s{at}", by=_AUTHORITY, ocsp="http://ocsp.example/") for at in range(3)]
    chains = [(one.der, _AUTHORITY.der) for one in others]
    found, urls = _asked(chains, lambda _url, _body: Fetched(why="protocol-error"))
    assert [one.why for one in found] == ["protocol-error", "protocol-error", "request-limit"]
    assert len(urls) == 2


def test_a_list_is_fetched_once_for_all_its_certificates() -> None:
    others = [issue(f"s{at}", by=_AUTHORITY, crl=_URL) for at in range(3)]
    chains = [(one.der, _AUTHORITY.der) for one in others]
    said = crl(_AUTHORITY, others[1])
    found, urls = _asked(chains, lambda _url, _body: Fetched(body=said))
    assert [one.status for one in found] == [GOOD, REVOKED, GOOD]
    assert urls == [_URL]


def test_an_authority_in_the_middle_may_be_revoked_too() -> None:
    middle = issue("milieu", by=_AUTHORITY, ca=True, crl=_URL)
    leaf = issue("service", by=middle)
    said = crl(_AUTHORITY, middle)
    found, _ = _asked(
        [(leaf.der, middle.der)], lambda _u, _b: Fetched(body=said), roots=(_AUTHORITY.der,)
    )
    assert [(one.subject, one.status) for one in found] == [("CN=milieu", REVOKED)]


def test_without_the_issuer_nothing_can_be_believed() -> None:
    (told,), urls = _asked([[_LEAF.der]], lambda _u, _b: Fetched(why="timeout"))
    assert (told.status, told.why, urls) == (None, "not-offered", [])


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_chain_is_asked_about(chain: list[bytes]) -> None:
    assert _asked([chain], None)[0] == ()


@pytest.fixture(scope="module")
def nss_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give NSS two kinds of keys for one name, and their authority."""
    folder = tmp_path_factory.mktemp("nss")
    authority = issue("AC", ca=True, rsa_bits=2048)
    rsa = issue("rsa", by=authority, names=("service.chu.example",), rsa_bits=2048)
    curve = issue("ec", by=authority, names=("service.chu.example",))
    files = {name: one.files(folder) for name, one in (("rsa", rsa), ("ec", curve))}
    return nss(folder, {"ca": authority.files(folder), **files})


@pytest.mark.real
@pytest.mark.parametrize("version", ["tls1.2:tls1.2", "tls1.3:tls1.3"])
@pytest.mark.parametrize(
    ("staple", "status"),
    [("good", GOOD), ("revoked", REVOKED), ("unknown", UNKNOWN), ("badsig", None)],
)
def test_nss_staples_for_one_of_its_keys(
    nss_database: Path, version: str, staple: str, status: RevocationStatus | None
) -> None:
    port = free_port("0.0.0.0")
    options = ("-V", version, "-e", "ec", "-T", staple, "-A", "ca")
    with serving(selfserv(nss_database, port, *options), port):
        seen = assessed(port, "service.chu.example")
    kinds = {one.chain[0].key_type for one in seen.also_shown} | {seen.chain[0].key_type}
    assert kinds == {KeyType.RSA, KeyType.EC}
    assert seen.ocsp_stapling is True
    # It has a staple for one kind only: nothing is known of the other.
    (told,) = seen.revocations
    assert (told.status, told.source) == (status, RevocationSource.STAPLE)


@pytest.mark.real
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_staples_that_it_is_revoked(tmp_path: Path, version: str) -> None:
    leaf: Issued = issue("service.chu.example", by=_AUTHORITY, names=("service.chu.example",))
    chain, key = leaf.files(tmp_path, _AUTHORITY)
    staple = tmp_path / "staple.der"
    staple.write_bytes(ocsp_answer(_AUTHORITY, leaf, status=ocsp.OCSPCertStatus.REVOKED))
    with openssl_server(chain, key, version, "-status_file", str(staple)) as port:
        seen = assessed(port, "service.chu.example")
    assert seen.ocsp_stapling is True
    (told,) = seen.revocations
    assert (told.status, told.source) == (REVOKED, RevocationSource.STAPLE)
