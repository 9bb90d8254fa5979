"""What comes under encryption is read without trust: any bytes end in a state, none raises."""

from hypothesis import given
from hypothesis import strategies as st

from scanner.tls.secrets13 import FOLLOWED_GROUPS, SUITES, KeyPair, Secrets, expand, retried
from tests.servers.tls_hostile import record


def test_the_derivation_of_rfc_8448() -> None:
    # RFC 8448 section 3: "derive secret for handshake 'tls13 derived'", early secret of no PSK.
    early = bytes.fromhex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a")
    empty = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    derived = "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"
    assert expand(early, b"derived", empty, 32, "sha256").hex() == derived


def test_keys_are_made_for_the_groups_followed() -> None:
    for group in FOLLOWED_GROUPS:
        one, other = KeyPair.make(group), KeyPair.make(group)
        assert one is not None
        assert other is not None
        assert one.shared(other.public) == other.shared(one.public) is not None
        assert one.shared(b"\0" * len(one.public)) is None
        assert one.shared(b"") is None
    assert KeyPair.make(0x11EC) is None


def test_the_first_hello_is_replaced_by_its_hash() -> None:
    assert retried(b"hello", 0x1301)[:4] == b"\xfe\x00\x00\x20"
    assert len(retried(b"hello", 0x1302)) == 4 + 48


@given(st.sampled_from(sorted(SUITES)), st.lists(st.binary(max_size=300), max_size=6))
def test_garbage_ends_in_a_state(suite: int, pieces: list[bytes]) -> None:
    secrets = Secrets(suite, b"s" * 32, b"transcript")
    for piece in pieces:
        secrets.feed(record(23, piece) if piece else b"\x17")
    assert secrets.hidden.certificates == ()
    assert not secrets.hidden.finished


@given(
    suite=st.sampled_from(sorted(SUITES)),
    messages=st.lists(
        st.tuples(st.sampled_from([4, 8, 11, 13, 15, 20, 24, 99]), st.binary(max_size=200)),
        max_size=8,
    ),
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    padding=st.integers(0, 5),
)
def test_any_messages_under_encryption_are_read(
    suite: int, messages: list[tuple[int, bytes]], cuts: list[int], padding: int
) -> None:
    from scanner.tls.secrets13 import _Keys

    secrets = Secrets(suite, b"s" * 32, b"transcript")
    sealing = _Keys(secrets, secrets._server)
    plain = b"".join(bytes([kind]) + len(body).to_bytes(3, "big") + body for kind, body in messages)
    at = 0
    for size in cuts * 100:
        if at >= len(plain):
            break
        piece = plain[at : at + size]
        at += size
        secrets.feed(sealing.seal(piece + bytes([22]), 0) if padding else sealing.seal(piece, 22))
    assert len(secrets.hidden.certificates) <= 10
    if not secrets.hidden.is_over:
        assert secrets.hidden.finished is any(kind == 20 for kind, _ in messages)
        assert secrets.answer()


@given(st.binary(max_size=400), st.integers(1, 50))
def test_cut_anywhere_it_reads_alike(data: bytes, size: int) -> None:
    whole, cut = (Secrets(0x1301, b"s" * 32, b"transcript") for _ in range(2))
    whole.feed(data)
    for at in range(0, len(data), size):
        cut.feed(data[at : at + size])
    assert whole.hidden == cut.hidden
