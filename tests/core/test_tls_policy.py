"""The TLS policy against the whole of IANA: nothing weak is praised, nothing sound is blamed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from core.knowledge.tls import Stance
from core.model import Criticality
from scanner.tls import registry

POLICY = load_knowledge().tls
FAMILIES = {family.fault for family in POLICY.families}
NAMES = sorted(suite.name for suite in registry.suites().values())


def faults(name: str) -> set[str]:
    return {family.fault for family in POLICY.families if family.holds(name)}


def test_the_whole_list_is_read() -> None:
    assert len(NAMES) > 330


@pytest.mark.parametrize("profile", POLICY.profiles, ids=lambda one: one.id)
def test_what_is_praised_has_no_fault(profile: object) -> None:
    assert isinstance(profile, type(POLICY.profiles[0]))
    praised = [name for name in NAMES if profile.suite(name) is Stance.RECOMMENDED]
    assert len(praised) >= 9
    for name in praised:
        assert not faults(name), name
        assert "_ECDHE_" in name or "_WITH_" not in name, name
    for name in NAMES:
        if profile.suite(name) is Stance.ACCEPTABLE:
            assert faults(name) <= {"tls.cbc-without-encrypt-then-mac"}, name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TLS_RSA_WITH_NULL_SHA", {"tls.null-suites"}),
        ("TLS_ECDHE_PSK_WITH_NULL_SHA256", {"tls.null-suites"}),
        ("TLS_SHA256_SHA256", {"tls.null-suites"}),
        ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", {"tls.anonymous-suites"}),
        ("TLS_ECDH_anon_WITH_RC4_128_SHA", {"tls.anonymous-suites", "tls.rc4"}),
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", {"tls.export-suites", "tls.rc4"}),
        ("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", {"tls.export-suites", "tls.des"}),
        ("TLS_RSA_WITH_DES_CBC_SHA", {"tls.des"}),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", {"tls.3des"}),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", {"tls.3des"}),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", {"tls.cbc-without-encrypt-then-mac"}),
        ("TLS_RSA_WITH_SEED_CBC_SHA", {"tls.cbc-without-encrypt-then-mac"}),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", set[str]()),
        ("TLS_AES_128_GCM_SHA256", set[str]()),
        ("SSL_CK_RC4_128_EXPORT40_WITH_MD5", {"tls.export-suites", "tls.rc4"}),
        ("SSL_CK_DES_64_CBC_WITH_MD5", {"tls.des"}),
        ("SSL_CK_DES_192_EDE3_CBC_WITH_MD5", {"tls.3des"}),
    ],
)
def test_families(name: str, expected: set[str]) -> None:
    assert faults(name) == expected


def test_every_suite_without_forward_secrecy_is_outside() -> None:
    for name in NAMES:
        if name.startswith(("TLS_RSA_", "TLS_DH_", "TLS_ECDH_", "TLS_PSK_", "TLS_KRB5_")):
            for profile in POLICY.profiles:
                assert profile.suite(name) is Stance.OUTSIDE, name


def test_no_family_is_critical_by_itself() -> None:
    # Only a login portal makes one critical, and data does not know where it is.
    assert max(one.criticality for one in POLICY.families) is Criticality.HIGH


def test_profiles_admit_the_two_living_versions() -> None:
    for profile in POLICY.profiles:
        admitted = [version for version in profile.versions if profile.admits(version)]
        assert admitted == ["TLS1.2", "TLS1.3"]
        assert not profile.admits("TLS9")


def test_groups() -> None:
    for profile in POLICY.profiles:
        for name in ("x25519", "secp256r1", "X25519MLKEM768", "SECP384R1"):
            assert profile.group(name) is Stance.ACCEPTABLE
        for name in ("secp192r1", "sect163k1", "secp160r1", "secp224r1"):
            assert profile.group(name) is Stance.FORBIDDEN
        for name in ("secp256k1", "sect571r1"):
            assert profile.group(name) is Stance.OUTSIDE


@given(name=st.text(max_size=80))
def test_any_name_has_a_stance(name: str) -> None:
    for profile in POLICY.profiles:
        assert profile.suite(name) in Stance
        assert profile.group(name) in Stance
    assert faults(name) <= FAMILIES
