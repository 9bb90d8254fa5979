"""DMARC, DKIM and their neighbours: what applies to a domain, and any text in their place."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from scanner.mail_policy import (
    is_dmarc,
    organisational,
    read_dkim,
    read_dmarc,
    tags_of,
    tree_walk,
)

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
