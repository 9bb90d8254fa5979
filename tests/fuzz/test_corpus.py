"""Each input that fuzzing kept is read again."""

from pathlib import Path

import pytest

from fuzz.tls_flights import read_one

_CORPUS = Path(__file__).resolve().parents[2] / "fuzz" / "corpus" / "tls"


@pytest.mark.parametrize("kept", sorted(_CORPUS.iterdir()), ids=lambda kept: str(kept.name))
def test_what_fuzzing_kept_is_read(kept: Path) -> None:
    read_one(kept.read_bytes())


def test_it_is_read_cut_short_anywhere() -> None:
    for kept in _CORPUS.iterdir():
        data = kept.read_bytes()[:400]
        for end in range(len(data)):
            read_one(data[:end])
