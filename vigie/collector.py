"""How often Python looks for rings of objects: rarely, for a scan makes hardly any."""

import gc

_OBJECTS = 10_000
"""Made since the last look. The default, 700, spends a tenth of the time of a TLS survey on it."""


def relax() -> None:
    """Leave aside what was imported, and look through the rest more rarely; for this process."""
    gc.freeze()
    gc.set_threshold(_OBJECTS)
