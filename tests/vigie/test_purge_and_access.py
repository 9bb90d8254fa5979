"""From the command line: counted first, erased when asked; each reading leaves a line."""

from contextlib import closing
from pathlib import Path

import pytest

from core.store.store import Store
from tests.core.test_purge import LEAVING, STAYING, a_run, fill
from vigie.cli import run


def _vigie(state: Path, *arguments: str) -> int:
    return run(["--state-dir", str(state), *arguments])


def test_erased_only_when_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        fill(store, a_run("r1"))
    asked = ("purge", "--ght", "ght", "--establishment", LEAVING)
    assert _vigie(tmp_path, *asked) == 0
    told = capfd.readouterr()
    assert "findings       1" in told.out
    assert "--yes" in told.err
    assert _vigie(tmp_path, *asked, "--yes") == 0
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        assert {row.place.establishment for row in store.findings().values()} == {STAYING}
    capfd.readouterr()
    assert _vigie(tmp_path, "--lang", "en", *asked, "--yes") == 0
    assert "Nothing to erase" in capfd.readouterr().err


@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--establishment", "chu"),
        ("--ght", "ght", "--older-than", "3"),
        ("--older-than", "0"),
    ],
)
def test_what_to_erase_must_be_clear(asked: tuple[str, ...], tmp_path: Path) -> None:
    assert _vigie(tmp_path, "purge", *asked) == 2


def test_each_reading_is_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        fill(store, a_run("r1"))
    assert _vigie(tmp_path, "runs", "show", "r1") == 0
    assert _vigie(tmp_path, "report", "r1", "--format", "csv", "--out", str(tmp_path / "o")) == 0
    assert _vigie(tmp_path, "findings", "list", "--ght", "ght") == 0
    assert _vigie(tmp_path, "export", "csv", "--out", str(tmp_path / "o" / "all.csv")) == 0
    capfd.readouterr()
    assert _vigie(tmp_path, "access") == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.rpartition(")  ")[2] for line in lines] == [
        "vigie export  *",
        "vigie findings list  ght",
        "vigie report  r1",
        "vigie runs show  r1",
    ]
    assert all("(sudo: alice)" in line for line in lines)


def test_a_stop_of_nobody_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        store.start_run(a_run("r1"))
    for name, is_known in ((STAYING, True), ("hopital-qui-rets", False)):
        assert _vigie(tmp_path, "--lang", "en", "stop", "--establishment", name) == 0
        told = capfd.readouterr().err
        assert ("check its id" not in told) is is_known
        assert "Sending stopped" in told
