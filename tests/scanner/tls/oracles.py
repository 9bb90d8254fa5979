"""Programs that a test compares with and the project does not depend on."""

import os
from pathlib import Path

from tests.conftest import missing


def installed(package: str, variable: str) -> Path:
    """Give the program that ``variable`` names; skip aloud (fail in CI) where it names none."""
    named = os.environ.get(variable)
    if not named:
        missing(f"{package}: run scripts/install-oracles, and set {variable} to its program")
    return Path(named or "")
