"""What new feeds say of what was seen already: judged again, without any scan."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

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


class Speaking(msgspec.Struct, frozen=True, kw_only=True):
    """A run that says what stands somewhere now."""

    run: Run
    establishments: frozenset[str]
    """Those it speaks for."""
    but: frozenset[str]
    """Targets of its GHT that later runs measured anew."""


def latest_runs(store: Store) -> list[Speaking]:
    """Give the last ended runs, newest first, back to the one that left nothing out.

    A run of some targets, as the schedule begins most, speaks for these alone. A retest measured
    one finding alone: it speaks for nobody. A run at work keeps the feeds it began with.
    """
    spoken: set[tuple[str, str]] = set()
    later: dict[str, set[str]] = defaultdict(set)
    found: list[Speaking] = []
    for run in store.runs():
        if run.kind != "exposure" or run.finished_at is None or run.plan.retest:
            continue
        all_of_it = tuple(one.id for one in run.inventory.establishments)
        covers = {(run.ght, one) for one in run.plan.establishments or all_of_it}
        targets, but = set(run.plan.targets), later[run.ght]
        if (new := covers - spoken) and not (targets and targets <= but):
            ours = frozenset(establishment for _, establishment in new)
            found.append(Speaking(run=run, establishments=ours, but=frozenset(but)))
        if not targets:
            spoken |= covers
        elif run.complete:
            but |= targets
    return found


def rejudge_latest(
    store: Store, known: Known, bug: Bug, alert: Callable[[Sequence[Touched]], None]
) -> list[Touched]:
    """Judge again what the latest runs saw; gives what is newly known to be exploited.

    Results made afterwards from the store hold the new verdicts. ``alert`` is called before they
    do: of what a crash cut, it is called again.
    """
    touched: list[Touched] = []
    for one in latest_runs(store):
        run, establishments, later = one.run, one.establishments, _Targets(one.but)
        facts = stored_facts(store, run, known)
        judged = store.judged(run.id)
        before = _told(judged, establishments)
        after = tuple(
            verdict
            for seen in store.observations(run.id)
            if seen.place.establishment in establishments and seen.place not in later
            for verdict in judge(seen, facts, bug)
        )
        news: list[Touched] = []
        for identity, (told, cves) in sorted(_told(after, establishments).items()):
            known_before = before.get(identity)
            new = cves - known_before[1] if known_before else cves
            if new or known_before is None:
                news.append(Touched(run=run, judged=told, cves=tuple(sorted(new))))
        if news:
            alert(news)
            touched += news
        kept = [
            each
            for each in judged
            if each.verdict.place.establishment in establishments and each.verdict.place in later
        ]
        place = Place(establishment=run.inventory.establishments[0].id)
        store.replace_verdicts(
            run,
            (*kept, *after),
            of=establishments,
            observations=[known.used(place, utc_now())],
        )
    return touched


class _Targets:
    """Whether a place is one of some targets: addresses, prefixes, host names."""

    def __init__(self, targets: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for one in targets:
            if "/" in one:
                self._networks.append(ip_network(one))
            else:
                self._exact.add(one)

    def __contains__(self, place: Place) -> bool:
        if place.ip is None:
            return False
        if place.ip in self._exact or place.hostname in self._exact:
            return True
        return any(ip_address(place.ip) in one for one in self._networks)


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
