"""Password references: what they give, and what their errors never say."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import UsageError
from core.model import Language
from core.secrets import Secret
from vigie.config import Settings
from vigie.credentials import read_secret

SETTINGS = Settings(language=Language.FR)


def read(reference: str, folder: Path, **more: str) -> Secret:
    return read_secret(
        reference, SETTINGS, folder=folder, environment=more, ask=lambda _: more.get("typed", "")
    )


def test_environment(tmp_path: Path) -> None:
    assert read("env:VIGIE_AD", tmp_path, VIGIE_AD="é s").reveal() == "é s"
    with pytest.raises(UsageError, match="VIGIE_AD"):
        read("env:VIGIE_AD", tmp_path)


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "ad"
    path.write_bytes("mot de passe é \r\n".encode())
    path.chmod(0o600)
    assert read("file:ad", tmp_path).reveal() == "mot de passe é "
    assert read(f"file:{path}", Path("/nowhere")).reveal() == "mot de passe é "
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read("file:ad", tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 5_000, b"\xff\xfe"])
def test_a_file_that_is_no_password(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ad"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError):
        read("file:ad", tmp_path)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for reference in ("file:absent", "file:.", "file:/dev/zero"):
        with pytest.raises(UsageError):
            read(reference, tmp_path)


def test_prompt(tmp_path: Path) -> None:
    assert read("prompt", tmp_path, typed="x").reveal() == "x"
    with pytest.raises(UsageError):
        read("prompt", tmp_path, typed="")


def test_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match="installé"):
        read("keyring:vigie/ad", tmp_path)
    ring = SimpleNamespace(get_password=lambda service, name: f"{service}+{name}")
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert read("keyring:vigie/chu/ad", tmp_path).reveal() == "vigie+chu/ad"


@pytest.mark.parametrize("written", ["hunter2", "env:", "keyring:one", "file:", "plain:hunter2"])
def test_a_password_written_in_its_place_is_not_repeated(tmp_path: Path, written: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(written, tmp_path)
    assert "hunter2" not in str(caught.value)
