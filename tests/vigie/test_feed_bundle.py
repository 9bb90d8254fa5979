"""Signed bundles: taken whole from who is trusted, refused when a byte differs."""

import contextlib
import io
import json
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import FeedFault, UsageError
from tests.servers import feeds as made
from vigie.feed_bundle import KeyRing, make_bundle, open_bundle, read_public_key
from vigie.feeds import Shelf

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing(tmp_path_factory.mktemp("ring"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, ring: KeyRing) -> bytes:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.keep("kev", made.kev(), source="file:kev", now=NOW)
    shelf.keep("epss", made.epss(), source="file:epss", now=NOW)
    return make_bundle(shelf, ring.signer(), NOW)[0]


def own(ring: KeyRing) -> str:
    assert ring.public is not None
    return ring.public


def rewritten(bundle: bytes, **members: bytes | None) -> bytes:
    """Give the bundle with some members changed or, with ``None``, taken away."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            data = members.get(name.partition(".")[0], old.read(name))
            if data is not None:
                new.writestr(name, data)
    return packed.getvalue()


def refused(data: bytes, *trusted: str) -> str:
    with pytest.raises(FeedFault) as fault:
        open_bundle(data, trusted)
    return fault.value.fault


def test_it_comes_back_as_it_was(bundle: bytes, ring: KeyRing) -> None:
    opened = open_bundle(bundle, [own(ring)])
    assert opened.feeds == {"kev": made.kev(), "epss": made.epss()}
    assert opened.key == own(ring)
    assert opened.manifest.made_at == NOW


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    made_there = KeyRing(tmp_path)
    assert made_there.public is None
    first = made_there.signer().public_key()
    assert made_there.signer().public_key() == first
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in path.read_bytes()


def test_a_key_file_that_is_none_is_told_without_its_words(tmp_path: Path) -> None:
    (tmp_path / "bundle-key.pem").write_text("s3cret words")
    with pytest.raises(UsageError) as told:
        KeyRing(tmp_path).signer()
    assert "s3cret" not in str(told.value)


def test_trust_is_remembered(tmp_path: Path, ring: KeyRing) -> None:
    here = KeyRing(tmp_path)
    here.trust(own(ring))
    here.trust(own(ring))
    assert here.trusted() == (own(ring),)


def test_of_somebody_else_it_is_refused(bundle: bytes, tmp_path: Path) -> None:
    other = KeyRing(tmp_path)
    other.signer()
    assert refused(bundle, own(other)) == "untrusted"
    assert refused(bundle) == "untrusted"


def test_the_signature_of_another_bundle_does_not_fit(
    bundle: bytes, ring: KeyRing, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep("kev", made.kev("2026-11-21"), source="file:kev", now=NOW)
    other = make_bundle(shelf, ring.signer(), NOW)[0]
    with zipfile.ZipFile(io.BytesIO(other)) as archive:
        signature = archive.read("signature.json")
    assert refused(rewritten(bundle, signature=signature), own(ring)) == "altered"


def test_a_key_swapped_in_is_not_believed(bundle: bytes, ring: KeyRing, tmp_path: Path) -> None:
    other = KeyRing(tmp_path)
    other.signer()
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        signature = json.loads(archive.read("signature.json"))
    swapped = json.dumps({**signature, "key": own(ring)}).encode()
    bundle_of_other = rewritten(bundle, manifest=b"{}", signature=swapped)
    assert refused(bundle_of_other, own(ring)) == "altered"


@pytest.mark.parametrize(
    "changed",
    [
        {"kev": made.kev("2026-11-21")},
        {"kev": None},
        {"manifest": b"{}"},
        {"manifest": None},
        {"signature": None},
        {"signature": b"{}"},
        {"signature": b'{"algorithm":"Ed25519","key":"AAAA","signature":"AAAA"}'},
    ],
)
def test_a_changed_member_is_refused(
    bundle: bytes, ring: KeyRing, changed: dict[str, bytes | None]
) -> None:
    assert refused(rewritten(bundle, **changed), own(ring)) == "altered"


def test_what_the_manifest_does_not_name_is_never_read(bundle: bytes, ring: KeyRing) -> None:
    packed = io.BytesIO(bundle)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/cron.d/x", b"\0" * (64 << 20))
    assert set(open_bundle(packed.getvalue(), [own(ring)]).feeds) == {"kev", "epss"}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_two_members_of_one_name_are_refused(bundle: bytes, ring: KeyRing) -> None:
    packed = io.BytesIO(bundle)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("kev", made.kev("2026-11-21"))
    assert refused(packed.getvalue(), own(ring)) == "altered"


def test_a_bomb_is_not_unpacked(bundle: bytes, ring: KeyRing) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (32 << 20))
        archive.writestr("signature.json", b"{}")
    assert refused(packed.getvalue(), own(ring)) == "too-large"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_byte_changed_gives_the_same_feeds_or_none(
    bundle: bytes, ring: KeyRing, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(bundle) - 1))
    value = data.draw(st.integers(0, 255))
    changed = bundle[:at] + bytes([value]) + bundle[at + 1 :]
    # Bytes that say nothing (dates in the ZIP) may differ; what is read may not.
    with contextlib.suppress(FeedFault):
        assert open_bundle(changed, [own(ring)]).feeds == open_bundle(bundle, [own(ring)]).feeds


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(FeedFault):
        open_bundle(b"PK\x03\x04" + data, [])


@pytest.mark.parametrize("text", ["", "abc", "é", "AAAA", "A" * 44])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_public_key(text)
