"""The report of a run, brought down to the establishments that its reader answers for."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from core.errors import UnknownRun
from core.knowledge.load import load_knowledge
from core.model import Language
from core.results import Results, Scene
from core.store.store import Store
from vigie.reporting import results_of


def report_of(
    store: Store, run_id: str, establishments: Collection[str], language: Language, now: datetime
) -> bytes | None:
    """Give ``report.html``; ``None`` when it cannot be told apart from what others own.

    ``establishments``: ids; empty: all of the run.
    """
    # Here: few messages hold a report, and Jinja takes its time.
    from reports.render import render_html

    try:
        run = store.run(run_id)
    except UnknownRun:
        # Purged meanwhile.
        return None
    results = results_of(store, run, language)
    of_run = run.plan.establishments or tuple(one.id for one in run.inventory.establishments)
    shown = tuple(one for one in of_run if not establishments or one in establishments)
    inventory = run.inventory
    if shown != of_run:
        if results.directory is not None or not shown:
            return None
        results = _only(results, shown)
        kept = tuple(one for one in inventory.establishments if one.id in shown)
        # Mandates, consents and the like name the others.
        inventory = msgspec.structs.replace(
            inventory,
            establishments=kept,
            mandates=tuple(
                msgspec.structs.replace(one, establishments=ours)
                for one in inventory.mandates
                if (ours := tuple(who for who in one.establishments or shown if who in shown))
            ),
            consents=(),
            expected=(),
            answers=(),
            directories=(),
        )
    scene = Scene(
        inventory=inventory,
        tlp="RED" if results.directory is not None else "AMBER+STRICT",
        generated_at=now,
        establishments=shown,
        source_addresses=tuple(inventory.services.others.get("source_addresses", "").split()),
    )
    return render_html(results, scene, load_knowledge(), language).encode()


def _only(results: Results, shown: Collection[str]) -> Results:
    return msgspec.structs.replace(
        results,
        services=tuple(one for one in results.services if one.establishment in shown),
        findings=tuple(one for one in results.findings if one.asset.establishment in shown),
        not_measured=tuple(one for one in results.not_measured if one.asset.establishment in shown),
        passive=tuple(one for one in results.passive if one.establishment in shown),
        tls=tuple(one for one in results.tls if one.establishment in shown),
        names=tuple(one for one in results.names if one.establishment in shown),
        hunts=tuple(one for one in results.hunts if one.establishment in shown),
        to_confirm=tuple(one for one in results.to_confirm if one.establishment in shown),
    )
