"""Packages that a test compares with and the project does not depend on."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.tls import peers
from tests.conftest import missing


def installed(folder: Path, package: str, variable: str, program: str) -> Path:
    """Give a program of a package: the one that ``variable`` names; in CI, one installed for this.

    Elsewhere the test is skipped, aloud.
    """
    named = os.environ.get(variable)
    if named:
        return Path(named)
    if not os.environ.get("CI"):
        missing(f"{package}: set {variable} to its {program}")
    try:
        made = peers.environment(folder, package)
    except subprocess.CalledProcessError as error:
        pytest.fail(f"{package} cannot be installed: {error.stderr.decode()[-500:]}")
    return made / "bin" / program
