"""NTLM challenges as they come, and as they should not."""

import struct
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.model import Place
from core.observations.codec import decode, encode
from scanner import ber, ntlm
from scanner.ntlm import NEGOTIATE, SIGNATURE, imitation, read_challenge, spnego, windows_host
from tests.servers.windows import WINDOWS_FLAGS, challenge


def test_type_1_names_nobody() -> None:
    assert NEGOTIATE.startswith(SIGNATURE + b"\x01\0\0\0")
    assert len(NEGOTIATE) == 40
    assert NEGOTIATE[16:32] == bytes(16), "neither domain nor workstation"


def test_reads_what_windows_writes() -> None:
    names = {1: "SRV-RX", 2: "CHU", 3: "srv-rx.chu.example", 4: "chu.example", 5: "example"}
    read = read_challenge(b"\xa1\x81\x10junk" + challenge((10, 0, 26100), names=names))
    assert read is not None
    assert read.version == (10, 0, 26100)
    assert list(read.names.values()) == list(names.values())
    assert read.clock == datetime(2024, 1, 17, 21, 20, tzinfo=UTC)
    assert imitation(read) == ""


def test_imitations() -> None:
    def told(version: tuple[int, int, int] | None, flags: int = WINDOWS_FLAGS) -> str:
        read = read_challenge(challenge(version, flags=flags))
        assert read is not None
        return imitation(read)

    assert told((6, 1, 7601)) == "", "a real Windows 7"
    assert told((6, 1, 7601), WINDOWS_FLAGS | 2) == "freerdp"
    assert told((10, 0, 17763), WINDOWS_FLAGS | 2) == "other"
    assert told((10, 0, 17763), WINDOWS_FLAGS & ~0x30000) == "other"
    assert told((6, 1, 0)) == "samba"
    assert told((0, 0, 0)) == "other"
    assert told(None) == ""


def test_spnego_wraps_the_token_once() -> None:
    (token,) = ber.items(spnego(NEGOTIATE))
    assert token.tag == 0x60
    assert token.content.endswith(NEGOTIATE)


@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda tail: SIGNATURE + b"\x02\0\0\0" + tail)
    | st.binary(max_size=120).map(
        lambda pairs: challenge()[:40] + struct.pack("<HHI", len(pairs), 0, 56) + bytes(8) + pairs
    )
)
def test_reading_is_total_and_can_be_stored(data: bytes) -> None:
    read = read_challenge(data)
    if read is None:
        return
    at = datetime(2026, 1, 1, tzinfo=UTC)
    seen = windows_host(read, Place(establishment="e", ip="127.0.0.1", port=1), at, "rdp")
    assert decode(encode(seen)) == seen
    assert all(len(name) <= 255 for name in read.names.values())
    assert ntlm.evidence(read) is not None
