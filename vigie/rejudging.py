"""What new feeds say of what was seen already: judged again, without any scan."""

import re
from collections.abc import Iterable

import msgspec

from core.model import Flagged, Judged, Place, fingerprint
from core.store.store import Run, Store
from vigie.feeds import Known
from vigie.job import utc_now
from vigie.judging import Bug, judge
from vigie.reporting import stored_facts

EXPLOITED = "product.known-exploited"

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """One place that the feeds now tell as exploited, and did not before."""

    run: Run
    judged: Judged
    cves: tuple[str, ...]
    """Flaws that were not told of it before, sorted; empty where none is named."""

    @property
    def product(self) -> str:
        """Give what stands there, as the proofs call it; empty where none says so."""
        verdict = self.judged.verdict
        proofs = verdict.proofs if isinstance(verdict, Flagged) else ()
        return next((proof.values["product"] for proof in proofs if "product" in proof.values), "")


def latest_runs(store: Store) -> list[tuple[Run, frozenset[str]]]:
    """Give the last ended run of each establishment, with the establishments it speaks for.

    A retest measured one finding alone: it speaks for nobody. A run at work keeps the feeds it
    began with.
    """
    spoken: set[tuple[str, str]] = set()
    found: list[tuple[Run, frozenset[str]]] = []
    for run in store.runs():
        if run.kind != "exposure" or run.finished_at is None or run.plan.retest:
            continue
        all_of_it = tuple(one.id for one in run.inventory.establishments)
        covers = {(run.ght, one) for one in run.plan.establishments or all_of_it}
        if new := covers - spoken:
            spoken |= new
            found.append((run, frozenset(establishment for _, establishment in new)))
    return found


def rejudge_latest(store: Store, known: Known, bug: Bug) -> list[Touched]:
    """Judge again what the latest runs saw; gives what is newly known to be exploited.

    Results made afterwards from the store hold the new verdicts.
    """
    touched: list[Touched] = []
    for run, establishments in latest_runs(store):
        facts = stored_facts(store, run, known)
        before = _told(store.judged(run.id), establishments)
        after = tuple(
            verdict
            for seen in store.observations(run.id)
            if seen.place.establishment in establishments
            for verdict in judge(seen, facts, bug)
        )
        place = Place(establishment=run.inventory.establishments[0].id)
        store.replace_verdicts(
            run, after, of=establishments, observations=[known.used(place, utc_now())]
        )
        for identity, (judged, cves) in sorted(_told(after, establishments).items()):
            known_before = before.get(identity)
            new = cves - known_before[1] if known_before else cves
            if new or known_before is None:
                touched.append(Touched(run=run, judged=judged, cves=tuple(sorted(new))))
    return touched


def _told(
    verdicts: Iterable[Judged], establishments: frozenset[str]
) -> dict[str, tuple[Judged, frozenset[str]]]:
    """Give what is told as exploited, by fingerprint, with the flaws that its proofs name."""
    found: dict[str, tuple[Judged, frozenset[str]]] = {}
    for one in verdicts:
        verdict = one.verdict
        if one.check != EXPLOITED or not isinstance(verdict, Flagged):
            continue
        if verdict.place.establishment in establishments:
            values = " ".join(value for proof in verdict.proofs for value in proof.values.values())
            identity = fingerprint(one.check, verdict.place)
            found[identity] = (one, frozenset(_CVE.findall(values)))
    return found
