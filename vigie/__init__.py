"""Vigie: what a hospital region exposes, told with its proof."""

import sys
from pathlib import Path

__version__ = "0.1.0"

# In a wheel the other packages live below this one (see pyproject.toml); in a checkout they do not.
_root = Path(__file__).with_name("_root")
if _root.is_dir() and str(_root) not in sys.path:
    sys.path.insert(0, str(_root))
