"""Profile passive: which addresses a source may be asked about, and what became of them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec

from core.model import Intensity
from core.observations.base import Observation
from core.observations.name import NameSeen
from core.observations.passive import PassiveAnswer, PassiveLeft
from core.store.store import Run
from inventories.addresses import SPECIALS
from inventories.scope import Segment
from scanner.sources.shodan import SOURCE, Lookup, Stretch, look_up
from vigie.coverage import scope_of
from vigie.job import Job, utc_now

_MAY_BE_ASKED = {"", "intensity", "third-party"}
"""Answers of the gate that leave ``passive``: a mandate in date covers the address."""
_NOT_PLANNED = "not-configured"


def is_passive(run: Run) -> bool:
    """Tell whether a run sends nothing to its targets."""
    return run.profile == Intensity.PASSIVE.value


def stretches_to_ask(run: Run, names: Sequence[NameSeen] = ()) -> Iterator[Stretch]:
    """Give the mandated public addresses, then those of names hosted elsewhere."""
    scope = scope_of(_at_any_hour(run), names)
    for one in scope.segments(utc_now()):
        if one.sweepable and one.refusal in _MAY_BE_ASKED:
            yield from _public(one)
    for seen in names:
        for one in scope.named_segments(seen.name, (*seen.in_scope, *seen.withheld)):
            yield from _public(one)


def _public(one: Segment) -> Iterator[Stretch]:
    """Give the segment unless it is private: no internal address is told to a stranger."""
    if not any(
        odd.version == one.version and odd.first <= one.last and odd.last >= one.first
        for odd in SPECIALS
    ):
        yield Stretch(one.version, one.first, one.last, one.establishment)


def _at_any_hour(run: Run) -> Run:
    """Give the run with its mandates of today, open at any hour.

    Windows are about what is sent to targets; dates are about what may be asked of anyone.
    """
    today = utc_now().astimezone(ZoneInfo(run.inventory.ght.timezone)).date()
    mandates = tuple(
        msgspec.structs.replace(one, windows=())
        for one in run.inventory.mandates
        if one.valid_from <= today <= one.valid_until
    )
    inventory = msgspec.structs.replace(run.inventory, mandates=mandates)
    return msgspec.structs.replace(run, inventory=inventory)


async def ask_sources(
    job: Job, lookup: Lookup | None, absent: str
) -> AsyncIterator[Sequence[Observation]]:
    """Ask Shodan about what this run has not asked yet; tells what stays unasked, and why."""
    already = {
        seen.place.ip or ""
        for seen in job.store.observations(job.run.id, kinds=("passive-answer",))
        if isinstance(seen, PassiveAnswer) and seen.source == SOURCE
    }
    # What an interrupted try left unasked is asked now.
    await job.recorder.replace(("passive-left",), [])
    stretches = stretches_to_ask(job.run, job.seen_names)
    asking = look_up(lookup, stretches, now=utc_now, absent=absent, already=already)
    async for told in asking:
        for seen in told:
            if isinstance(seen, PassiveLeft) and seen.reason != _NOT_PLANNED:
                job.unfinished.add(seen.reason)
        yield told
