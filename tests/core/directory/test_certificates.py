"""What certificates of a directory are worth."""

from hypothesis import given
from hypothesis import strategies as st

from checks.ad._shared.certificates import WEAK_DSA, WEAK_RSA
from checks.ad._shared.healthy import CERTIFICATE
from core.directory.certificates import read_key


def test_a_sound_certificate() -> None:
    key = read_key(CERTIFICATE)
    assert (key.rsa_bits, key.exponent, key.hash_name) == (2_048, 65_537, "sha256")
    assert not any((key.is_dsa, key.is_roca, key.has_weak_hash, key.error))


def test_weak_keys() -> None:
    assert read_key(WEAK_RSA).rsa_bits == 1_024
    assert read_key(WEAK_DSA).is_dsa


@given(
    st.one_of(
        st.binary(max_size=200), st.integers(0, len(CERTIFICATE)).map(lambda at: CERTIFICATE[:at])
    )
)
def test_garbage_is_told(der: bytes) -> None:
    key = read_key(der)
    assert key.error or key.subject
