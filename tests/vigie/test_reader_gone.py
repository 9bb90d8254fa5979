"""Who reads our output may leave at any moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("words", [("checks", "list"), ("inventory", "schema"), ("--help",)])
def test_a_reader_that_left_before_the_first_word_is_no_error(words: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            # Unbuffered: the first word meets the closed pipe inside the command, not at its end.
            [sys.executable, "-u", "-m", "vigie", *words],
            cwd=ROOT,
            stdout=writes,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (0, b"")
