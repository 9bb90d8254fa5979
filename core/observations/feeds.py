"""What the verdicts of a run rest on, besides what was seen."""

from datetime import date

from core.feeds import Edition
from core.observations.base import Observation


class FeedsUsed(Observation, frozen=True, kw_only=True, tag="feeds"):
    """The knowledge and the feeds by which a run was judged; one per run."""

    compiled_on: date
    """Day of the built-in knowledge."""
    exploited_until: date | None = None
    """Day of the catalogue of exploited flaws that it holds whole; ``None``: not told."""
    editions: tuple[Edition, ...] = ()
    """Empty: the built-in knowledge served alone."""
