"""A run of the store, as results, and as the files of ``--out``."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from core.facts import Facts
from core.feeds import Feeds
from core.knowledge.load import load_knowledge
from core.model import Language
from core.observations.base import Observation
from core.observations.codec import encode
from core.observations.ldap import LdapRoot
from core.observations.name import NameSeen
from core.observations.passive import PassiveService
from core.observations.service import Service
from core.observations.windows import WindowsHost
from core.results import Results, Scene
from core.store.store import Run, Store
from reports.exports.csv import to_csv
from reports.exports.json import to_json
from reports.exports.privileged import to_privileged_csv
from vigie.coverage import sweep_of
from vigie.directory_results import directory_results
from vigie.feeds import Known
from vigie.output import write_private
from vigie.results import build_results

FORMATS = ("html", "json", "csv")

_WINDOWS_NAMES = (
    "netbios_computer",
    "netbios_domain",
    "dns_computer",
    "dns_domain",
    "dns_forest",
)
_SHOWN = (
    "service",
    "attempt",
    "name",
    "names-hunted",
    "tls",
    "sites",
    "passive-service",
    "passive-left",
    "feeds",
)
"""Kinds of observation that results are made of."""


def facts_of(
    run: Run,
    names: Iterable[NameSeen] = (),
    claims: Iterable[PassiveService] = (),
    known: Known | None = None,
) -> Facts:
    """Give what checks may know for this run; today is the GHT's day when it began."""
    inventory = run.inventory
    return Facts(
        today=run.started_at.astimezone(ZoneInfo(inventory.ght.timezone)).date(),
        knowledge=known.knowledge if known else load_knowledge(),
        feeds=known.feeds if known else Feeds(),
        establishments=inventory.establishments,
        expected=inventory.expected,
        answers=inventory.answers,
        tls_profile=inventory.tls.profile,
        names=names_by_address(names),
        claims=tuple(claims),
    )


def names_by_address(names: Iterable[NameSeen]) -> dict[str, tuple[str, ...]]:
    """Give, for each address of the mandate, the names that lead to it, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for seen in names:
        for address in seen.in_scope:
            found[address].add(seen.name)
    return {address: tuple(sorted(called)) for address, called in found.items()}


def stored_facts(store: Store, run: Run, known: Known | None = None) -> Facts:
    """Give the same, with the names that the run resolved and what others claim."""
    names = store.observations(run.id, kinds=("name",))
    resolved = (one for one in names if isinstance(one, NameSeen))
    return facts_of(run, resolved, claims_of(store, run), known)


def claims_of(store: Store, run: Run) -> Iterator[PassiveService]:
    """Give what others say of the perimeter, as far as the run was told."""
    for one in store.observations(run.id, kinds=("passive-service",)):
        if isinstance(one, PassiveService):
            yield one


def results_of(
    store: Store, run: Run, language: Language, *, internal_names: bool = False
) -> Results:
    """Give the results of a run, worded; names of the inside only where asked for."""
    if run.kind == "directory":
        return directory_results(store, run, language)
    return build_results(
        run,
        observations=store.observations(run.id, kinds=_SHOWN),
        judged=store.judged(run.id),
        kept=store.findings(run_id=run.id),
        sweep=sweep_of(store, run),
        facts=stored_facts(store, run),
        language=language,
        internal_names=internal_names,
    )


def write_reports(
    store: Store,
    run: Run,
    out: Path,
    language: Language,
    formats: Iterable[str] = FORMATS,
    *,
    internal_names: bool = False,
) -> Results:
    """Write the chosen files of a run; gives its results."""
    results = results_of(store, run, language, internal_names=internal_names)
    scene = Scene(
        inventory=run.inventory,
        # A map of who holds the forest: for those who must act, and for no one else.
        tlp="RED" if results.directory is not None else "AMBER+STRICT",
        generated_at=datetime.now(UTC),
        establishments=run.plan.establishments,
        source_addresses=tuple(run.inventory.services.others.get("source_addresses", "").split()),
    )
    for form in formats:
        if form == "html":
            # Here: a scan has its first findings before Jinja is loaded.
            from reports.render import render_html

            page = render_html(results, scene, load_knowledge(), language)
            write_private(out / "report.html", [page.encode()])
        elif form == "json":
            write_private(out / "findings.json", [to_json(results)])
        elif form == "csv":
            write_private(out / "findings.csv", [to_csv(results, language)])
            if results.directory is not None:
                accounts = to_privileged_csv(results, language)
                write_private(out / "privileged-accounts.csv", [accounts])
                # Here: a scan has its first findings before a spreadsheet is of any use.
                from reports.exports.workbook import to_privileged_xlsx

                workbook = to_privileged_xlsx(results, language)
                write_private(out / "privileged-accounts.xlsx", [workbook])
    return results


def without_inner_names(seen: Observation) -> Observation:
    """Give an observation without what names machines or domains of the inside."""
    match seen:
        case Service() if seen.inner_names:
            # Where names were told, the first bytes heard may hold them too.
            return msgspec.structs.replace(seen, inner_names=(), banner="")
        case WindowsHost():
            return msgspec.structs.replace(seen, **dict.fromkeys(_WINDOWS_NAMES, ""))
        case LdapRoot():
            return msgspec.structs.replace(seen, naming_contexts=(), dns_host_name="")
        case _:
            return seen


def write_observations(store: Store, run: Run, out: Path, *, internal_names: bool = False) -> None:
    """Write everything seen, one JSON object a line, streamed; the store keeps the names."""
    # Line ends that JSON does not know of (NEL, LS, PS in banners) would cut lines in two for some.
    ends = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))

    def line(seen: Observation) -> bytes:
        text = encode(seen if internal_names else without_inner_names(seen))
        for end, escaped in ends:
            text = text.replace(end, escaped)
        return text + b"\n"

    lines = map(line, store.observations(run.id))
    write_private(out / "observations.jsonl", lines)
