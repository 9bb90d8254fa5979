"""DMARC, DKIM and their neighbours: what applies to a domain, and any text in their place."""

import base64
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

import dns.rdata
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdtypes.ANY.TLSA import TLSA
from hypothesis import given
from hypothesis import strategies as st

from core.observations.mail_policy import DkimKey, Dmarc
from scanner.asking_names import NameAsker
from scanner.mail_policy import (
    find_dkim,
    find_dmarc,
    is_dmarc,
    organisational,
    read_dkim,
    read_dmarc,
    read_reports,
    read_tlsa,
    tags_of,
    tree_walk,
)
from scanner.organisation import organisation_of
from tests.scanner.names_served import Answer, resolver_of, served, zone

T = TypeVar("T")
_OWN = "mail.chu.example"


def test_the_walk_ends_at_the_top_in_eight_questions() -> None:
    assert list(tree_walk(_OWN)) == [_OWN, "chu.example", "example"]
    deep = list(tree_walk("a.b.c.d.e.f.g.h.i.j.example"))
    assert deep[1] == "e.f.g.h.i.j.example"
    assert len(deep) == 8
    assert deep[-1] == "example"


@pytest.mark.parametrize(
    ("found", "at"),
    [
        ({}, ""),
        ({"chu.example": "v=DMARC1; p=none"}, "chu.example"),
        ({"chu.example": "v=DMARC1; p=none", "example": "v=DMARC1; p=none; psd=y"}, "chu.example"),
        ({"example": "v=DMARC1; p=reject; psd=y"}, "example"),
        ({"chu.example": "v=DMARC1; psd=n", "example": "v=DMARC1; p=none"}, "chu.example"),
        ({"chu.example": "v=DMARC1; p=none", "example": "v=DMARC1; p=none"}, "example"),
    ],
)
def test_whose_policy_applies(found: dict[str, str], at: str) -> None:
    assert organisational(_OWN, {name: (text,) for name, text in found.items()}) == at


@pytest.mark.parametrize(
    ("record", "policy", "fault"),
    [
        ("v=DMARC1; p=reject", "reject", ""),
        ("v=DMARC1;p=Quarantine;pct=20", "quarantine", ""),
        ("v=DMARC1; p=refuse; rua=mailto:a@b.example", "none", ""),
        ("v=DMARC1; p=refuse", "", "syntax"),
        ("v=DMARC1", "", "syntax"),
    ],
)
def test_what_a_record_asks_for(record: str, policy: str, fault: str) -> None:
    read = read_dmarc(_OWN, (record,), _OWN)
    assert (read.policy, read.fault) == (policy, fault)
    assert read.percent == (20 if "pct" in record else 100)


def test_a_domain_below_takes_the_policy_of_those_below() -> None:
    records = ("v=DMARC1; p=reject; sp=none; t=y",)
    below = read_dmarc("chu.example", records, _OWN)
    assert (below.policy, below.is_testing) == ("none", True)
    assert read_dmarc("chu.example", records, "chu.example").policy == "reject"
    assert read_dmarc(_OWN, records * 2, _OWN).fault == "several-records"


@pytest.mark.parametrize(
    ("text", "told"),
    [("v=DMARC1", True), ("v = DMARC1 ; p=none", True), ("v=DMARC12", False), ("V=dmarc1", False)],
)
def test_what_is_a_policy_at_all(text: str, told: bool) -> None:
    assert is_dmarc(text) is told


def _spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return base64.b64encode(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def test_the_size_of_keys() -> None:
    own = rsa.generate_private_key(65_537, 1_024).public_key()
    short = read_dkim("s1", f"v=DKIM1; k=rsa; p={_spki(own)}")
    assert short is not None
    assert (short.algorithm, short.bits) == ("rsa", 1_024)
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    other = read_dkim("s2", f"k=ed25519; p={base64.b64encode(raw).decode()}")
    assert other is not None
    assert other.bits == 256
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    for unread in ("", "@@", "AAAA", _spki(curve)):
        key = read_dkim("s3", f"v=DKIM1; p={unread}")
        assert key is not None
        assert key.bits is None
    assert read_dkim("s4", "v=spf1 -all") is None


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    tags_of(text)
    read_dkim("s", text)
    read_dkim("s", f"v=DKIM1; p={text}")
    read_dmarc(_OWN, (text, f"v=DMARC1; {text}")[:1], "a." + _OWN)


def _asked(answer: Answer, ask: Callable[[NameAsker], Awaitable[T]]) -> T:
    async def main() -> T:
        async with served(answer) as port:
            return await ask(NameAsker(resolver_of(port, lifetime_s=1.0)))

    return trio.run(main)


def _dmarc(domain: str, *lines: str) -> Dmarc:
    found, why = _asked(zone(*lines), lambda asker: find_dmarc(asker, domain))
    assert (why, found is None) == ("", False)
    assert found is not None
    return found


_NONE, _REJECT = "v=DMARC1; p=none", "v=DMARC1; p=reject"


@pytest.mark.parametrize(
    ("domain", "published", "rule", "at", "policy"),
    [
        ("chu.asso.fr", {"chu.asso.fr": _REJECT}, "own", "chu.asso.fr", "reject"),
        ("a.chu.asso.fr", {"chu.asso.fr": _REJECT}, "both", "chu.asso.fr", "reject"),
        ("a.b.chu.fr", {"b.chu.fr": _REJECT}, "tree-walk", "b.chu.fr", "reject"),
        # A public suffix that says so is nobody's organisation; the list knows it anyway.
        ("a.chu.fr", {"fr": f"{_NONE}; psd=y", "chu.fr": _REJECT}, "both", "chu.fr", "reject"),
        # Each rule finds another: the weaker is told.
        (
            "a.b.chu.fr",
            {"b.chu.fr": f"{_NONE}; psd=n", "chu.fr": _REJECT},
            "tree-walk",
            "b.chu.fr",
            "none",
        ),
        (
            "a.b.chu.fr",
            {"b.chu.fr": f"{_REJECT}; psd=n", "chu.fr": _NONE},
            "public-suffix",
            "chu.fr",
            "none",
        ),
        ("chu.fr", {}, "", "", ""),
    ],
)
def test_both_rules_are_followed(
    domain: str, published: dict[str, str], rule: str, at: str, policy: str
) -> None:
    lines = [f'_dmarc.{name}. TXT "{record}"' for name, record in published.items()]
    found = _dmarc(domain, *lines)
    assert (found.rule, found.at, found.policy) == (rule, at, policy)


def test_reports_to_others_must_be_wanted() -> None:
    rua = ",".join(
        f"mailto:d@{name}"
        for name in ("chu.fr", "sous.chu.fr!10m", "veut.example", "tait.example", "absent.example")
    )
    found = _dmarc(
        "chu.fr",
        f'_dmarc.chu.fr. TXT "v=DMARC1; p=reject; rua={rua}; ruf=https://x.example"',
        "chu.fr. MX 10 mx.chu.fr.",
        "sous.chu.fr. MX 10 mx.chu.fr.",
        "veut.example. MX 10 mx.veut.example.",
        "tait.example. MX 10 mx.tait.example.",
        'chu.fr._report._dmarc.veut.example. TXT "v=DMARC1"',
    )
    told = [(one.address, one.is_external, one.is_wanted, one.has_mail) for one in found.reports]
    assert told == [
        ("d@chu.fr", False, None, True),
        ("d@sous.chu.fr", False, None, True),
        ("d@veut.example", True, True, True),
        ("d@tait.example", True, False, True),
        ("d@absent.example", True, False, False),
        ("", False, None, None),
    ]
    assert found.has_reports


def test_names_below_may_be_left_open() -> None:
    found = read_dmarc("chu.fr", ("v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s",), "chu.fr")
    assert (found.policy, found.below, found.below_missing) == ("reject", "quarantine", "none")
    assert (found.strict_dkim, found.strict_spf) == (True, False)
    wrong = read_dmarc("chu.fr", ("v=DMARC1; p=reject; sp=rien; rua=mailto:d@chu.fr",), "chu.fr")
    assert (wrong.policy, wrong.fault) == ("none", "")
    assert read_dmarc("chu.fr", ("v=DMARC1; p=reject; sp=rien",), "chu.fr").fault == "syntax"


def test_no_key_is_proven_only_where_nothing_stands() -> None:
    selectors = {"s1": "Un", "s2": "Deux"}
    spki = _spki(rsa.generate_private_key(65_537, 1_024).public_key())

    def found(*lines: str) -> tuple[tuple[DkimKey, ...] | None, bool | None, str]:
        return _asked(
            zone("chu.fr. MX 10 mx.chu.fr.", *lines),
            lambda asker: find_dkim(asker, "chu.fr", selectors),
        )

    assert found() == ((), False, "")
    assert found('autre._domainkey.chu.fr. TXT "v=DKIM1; p=AAAA"') == ((), True, "")
    keys, _, _ = found(f's2._domainkey.chu.fr. TXT "k=rsa; t=s:y; h=sha1; p={spki}"')
    assert keys is not None
    (key,) = keys
    assert (key.selector, key.product, key.bits) == ("s2", "Deux", 1_024)
    assert (key.is_testing, key.hashes, key.is_revoked) == (True, ("sha1",), False)


def test_a_revoked_key_is_no_fault() -> None:
    key = read_dkim("s", "v=DKIM1; p=")
    assert key is not None
    assert (key.is_revoked, key.bits) == (True, None)


@pytest.mark.parametrize("sent", [None, b""])
def test_servers_that_keep_silent_give_no_absence(sent: bytes | None) -> None:
    def silent(_: bytes) -> bytes | None:
        return sent

    assert _asked(silent, lambda asker: find_dmarc(asker, "chu.fr"))[0] is None
    keys, has_names, why = _asked(silent, lambda asker: find_dkim(asker, "chu.fr", {"s": ""}))
    assert (keys, has_names) == (None, None)
    assert why


def test_texts_of_control_characters_and_html_stay_inert() -> None:
    found = _dmarc(
        "chu.fr",
        '_dmarc.chu.fr. TXT "v=DMARC1; p=none; rua=mailto:<script>@x.example,\\027[2J\\000"',
    )
    assert all(record.isprintable() for record in found.records)
    assert all(one.address.isprintable() for one in found.reports)


def test_an_alias_that_loops_is_no_policy() -> None:
    found, why = _asked(
        zone("_dmarc.chu.fr. CNAME a.chu.fr.", "a.chu.fr. CNAME _dmarc.chu.fr."),
        lambda asker: find_dmarc(asker, "chu.fr"),
    )
    assert found is None or not found.policy
    assert found is not None or why


def test_what_dane_publishes_whole_is_kept_as_a_digest() -> None:
    text = "3 0 0 " + "ab" * 700
    record = dns.rdata.from_text("IN", "TLSA", text)
    assert isinstance(record, TLSA)
    told = read_tlsa(record)
    assert (told.usage, told.matching, told.data) == (3, 0, sha256(b"\xab" * 700).hexdigest())


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("a.b.chu.asso.fr", "chu.asso.fr"),
        ("x.ap-hm.fr", "ap-hm.fr"),
        ("a.b.site.azurewebsites.net", "site.azurewebsites.net"),
        ("fr", "fr"),
        ("a.b.example", "b.example"),
        ("", ""),
    ],
)
def test_the_organisation_of_a_name(name: str, own: str) -> None:
    assert organisation_of(name) == own


@given(st.text(max_size=100))
def test_any_name_has_an_organisation(name: str) -> None:
    organisation_of(name)


@given(st.text(max_size=200))
def test_any_list_of_addresses_is_read(text: str) -> None:
    assert len(list(read_reports("rua", text))) <= 8
