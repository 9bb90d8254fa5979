"""What the verdicts of a run rest on, besides what was seen."""

from datetime import date

from core.feeds import Edition
from core.observations.base import Observation


class FeedsUsed(Observation, frozen=True, kw_only=True, tag="feeds"):
    """The knowledge and the feeds by which a run was judged; one per run."""

    compiled_on: date
    """Day of the built-in knowledge."""
    editions: tuple[Edition, ...] = ()
    """Empty: the built-in knowledge served alone."""
