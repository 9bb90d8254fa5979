"""The garbage collector of a scan."""

import gc

from vigie.collector import relax


def test_rings_are_looked_for_more_rarely_and_are_still() -> None:
    before = gc.get_threshold()
    # A command tried in this process may have done so already.
    gc.set_threshold(700, 10, 10)
    try:
        relax()
        assert gc.isenabled()
        assert gc.get_threshold()[0] > 700
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
