"""Output that has nowhere to go, and help in the language asked."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _vigie(*words: str, shell: str = "") -> "subprocess.CompletedProcess[str]":
    argv = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "vigie", *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "sortie standard : plus de place"), ("en", "standard output: no room left")],
)
def test_an_output_without_room_is_told_in_one_line(language: str, words: str) -> None:
    done = _vigie("checks", "list", "--lang", language, shell=">/dev/full")
    assert done.returncode == 3
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(closed: str) -> None:
    done = _vigie("checks", "list", shell=closed)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_french_help_calls_values_by_french_names() -> None:
    for words in (("scan",), ("tls",), ("demo",), ("ad", "collect"), ()):
        told = _vigie(*words, "--help").stdout
        assert not re.search(r"DIRECTORY|INTEGER|TEXT\b|\[required|\[default|COMMAND ", told), told
    assert "[obligatoire]" in _vigie("tls", "--help").stdout
    assert "--out DIRECTORY" in _vigie("scan", "--help", "--lang", "en").stdout


@pytest.mark.parametrize("wrong", ["hote:99999", f"hote:{'9' * 5_000}", "hote:²", ":443"])
def test_an_address_that_cannot_be_read_is_told_in_each_language(wrong: str) -> None:
    for language, words in (("fr", "ne se lit pas ; écrire HÔTE"), ("en", "cannot be read")):
        done = _vigie("tls", wrong, "--inventory", "ght.toml", "--lang", language)
        assert done.returncode == 2
        assert words in done.stderr
