"""Observations to verdicts, and the folding of small facts into larger ones. No network here."""

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from checks.registry import reading
from core.facts import Facts
from core.model import Judged, NotMeasured, Place
from core.observations.base import Observation
from core.observations.run import RunSeen, SharedKey
from core.observations.tls import TlsService

Bug = Callable[[str, str], None]
"""Told the id of a check and a trace when a check of ours fails; the run goes on."""


def judge(seen: Observation, facts: Facts, bug: Bug) -> Iterator[Judged]:
    """Give every verdict on one observation."""
    for check in reading(type(seen)):
        try:
            verdicts = tuple(check.judge(seen, facts))
        except Exception:  # a broken check is isolated here, and told as not measured
            bug(check.id, traceback.format_exc())
            verdicts = (NotMeasured(seen.place, "bug"),)
        for verdict in verdicts:
            yield Judged(check=check.id, verdict=verdict, at=seen.at)


def fold_run(services: Iterable[TlsService], at: datetime) -> Iterator[RunSeen]:
    """Give, for each establishment, the keys that it shares with another address."""
    places: dict[str, dict[str, Place]] = defaultdict(dict)
    for seen in services:
        if seen.chain:
            leaf = seen.chain[0]
            if leaf.spki_sha256:
                places[leaf.spki_sha256].setdefault(f"{seen.place.ip}", seen.place)
    shared = {key: tuple(spots.values()) for key, spots in places.items() if len(spots) > 1}
    for establishment in sorted(
        {spot.establishment for spots in shared.values() for spot in spots}
    ):
        yield RunSeen(
            place=Place(establishment=establishment),
            at=at,
            shared_keys=tuple(
                SharedKey(spki_sha256=key, places=spots)
                for key, spots in sorted(shared.items())
                if any(spot.establishment == establishment for spot in spots)
            ),
        )
