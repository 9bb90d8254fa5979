"""What a suite is made of, read from its name."""

import subprocess

import pytest

from scanner.tls import registry
from scanner.tls.registry import SSL3, TLS1_0, TLS1_2, TLS1_3, described, suites
from tests.servers.real import need


def test_the_list_is_whole() -> None:
    assert len(suites()) >= 350
    assert not {0x0000, 0x00FF, 0x5600} & set(suites())
    assert len({one.name for one in suites().values()}) > 345
    assert len(registry.sslv2_kinds()) >= 7
    assert registry.group_name(0x11EC) == "X25519MLKEM768"
    assert registry.suite(0xABCD).name == "0xABCD"


@pytest.mark.parametrize(
    ("name", "exchange", "signed_by", "weakness", "is_cbc", "first"),
    [
        ("TLS_AES_128_GCM_SHA256", "", "", "", False, TLS1_3),
        ("TLS_SHA256_SHA256", "", "", "null", False, TLS1_3),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ECDHE", "ECDSA", "", False, TLS1_2),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE", "RSA", "", True, TLS1_2),
        ("TLS_RSA_WITH_RC4_128_MD5", "RSA", "RSA", "rc4", False, SSL3),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "RSA", "RSA", "export", False, SSL3),
        ("TLS_DHE_DSS_WITH_DES_CBC_SHA", "DHE", "DSS", "des", True, SSL3),
        ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", "DHE", "anon", "anon", False, TLS1_2),
        ("TLS_ECDH_anon_WITH_NULL_SHA", "ECDHE", "anon", "null", False, SSL3),
        ("TLS_DHE_PSK_WITH_AES_128_CBC_SHA", "DHE", "PSK", "", True, SSL3),
        ("TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA", "RSA", "PSK", "3des", True, SSL3),
        ("TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", "SRP", "SRP", "", True, SSL3),
        ("TLS_KRB5_WITH_IDEA_CBC_SHA", "KRB5", "KRB5", "old", True, SSL3),
    ],
)
def test_names_say_it_all(
    name: str, exchange: str, signed_by: str, weakness: str, is_cbc: bool, first: int
) -> None:
    one = described(1, name)
    assert (one.exchange, one.signed_by, one.weakness) == (exchange, signed_by, weakness)
    assert one.is_cbc is (is_cbc or "_CBC" in name)
    assert one.first_version == first


def test_each_suite_is_offered_in_one_stage_of_its_versions() -> None:
    for version in (SSL3, TLS1_0, TLS1_2, TLS1_3):
        stages = registry.harmless(version) + registry.alarming(version) + registry.keyed(version)
        assert sorted(stages) == sorted(registry.of_version(version))
        assert len(set(stages)) == len(stages)
    assert sum(len(registry.of_version(one)) for one in (TLS1_2, TLS1_3)) == len(suites())


def test_primes_are_told_from_one_another() -> None:
    assert registry.is_common_prime("rfc2409-1024", 1024)
    assert registry.is_common_prime("rfc3526-1536", 1536)
    assert registry.is_common_prime("rfc5114-2048", 2048)
    assert not registry.is_common_prime("ffdhe2048", 2048)
    assert not registry.is_common_prime("rfc3526-3072", 3072)
    assert not registry.is_common_prime("", 1024)


def test_weak_curves_are_those_below_256_bits() -> None:
    weak = {name for number, name in registry.groups().items() if registry.is_weak_group(number)}
    assert {"secp192r1", "sect239k1", "arbitrary_explicit_prime_curves"} <= weak
    assert not weak & {"secp256r1", "secp256k1", "x25519", "brainpoolP256r1", "sect283k1", "x448"}


@pytest.mark.real
def test_openssl_agrees_on_names_and_numbers() -> None:
    argv = [need("openssl"), "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    theirs: dict[int, str] = {}
    for line in said.splitlines():
        number, _, name = line.split()[:3]
        theirs[int(number.replace("0x", "").replace(",", ""), 16)] = name
    assert len(theirs) > 100
    ours = {number: suites()[number].name for number in theirs}
    assert ours == theirs
