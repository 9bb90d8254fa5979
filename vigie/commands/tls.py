"""``vigie tls``: the TLS assessment alone."""

import functools
from pathlib import Path

import click
import trio

from checks.registry import by_id
from core.knowledge.load import load_knowledge
from core.model import Criticality, Flagged, Status
from inventories.load import load_inventory
from vigie.config import Settings
from vigie.tls_alone import STARTTLS, Assessed, assess_alone, endpoint
from vigie.tls_text import to_json, to_text

_UNREACHED = {Status.REFUSED, Status.FILTERED, Status.TIMEOUT}


@click.command(help="Évalue le TLS de services choisis, dans les limites des mandats.")
@click.argument("targets", metavar="HÔTE[:PORT]...", nargs=-1, required=True)
@click.option(
    "--inventory",
    "path",
    metavar="INVENTAIRE",
    required=True,
    type=click.Path(path_type=Path),
    help="Inventaire qui donne les mandats.",
)
@click.option(
    "--starttls",
    type=click.Choice(STARTTLS),
    help="Protocole qui ouvre la voie au TLS ; par défaut celui du port.",
)
@click.option("--sni", metavar="NOM", help="Nom demandé au serveur, au lieu de ceux qu'on connaît.")
@click.option("--json", "as_json", is_flag=True, help="Écrit tout ce qui a été vu, en JSON.")
@click.option(
    "--fail-on",
    type=click.Choice([one.value for one in Criticality]),
    help="Code de sortie 10 si un constat au moins aussi grave est ouvert.",
)
@click.pass_obj
def tls(
    settings: Settings,
    targets: tuple[str, ...],
    path: Path,
    starttls: str | None,
    sni: str | None,
    as_json: bool,
    fail_on: str | None,
) -> int:
    """Measure, judge, print; exit 5 when none of the services could be reached."""
    asked = [endpoint(text, starttls, settings.language) for text in targets]
    inventory = load_inventory(path, settings.language)
    store = settings.open_store()
    try:
        found = trio.run(
            functools.partial(assess_alone, inventory, asked, store, settings, sni=sni)
        )
    finally:
        store.close()
    profile = load_knowledge().tls.profile(inventory.tls.profile)
    if as_json:
        click.echo(to_json(found, profile, settings))
    else:
        for line in to_text(found, profile, settings):
            click.echo(line)
    return _exit_code(found, Criticality(fail_on) if fail_on else None)


def _exit_code(found: list[Assessed], fail_on: Criticality | None) -> int:
    if fail_on is not None:
        for judged in (judged for one in found for judged in one.judged):
            if isinstance(judged.verdict, Flagged):
                weighs = judged.verdict.criticality or by_id()[judged.check].criticality
                if weighs >= fail_on:
                    return 10
    if found and all(one.status in _UNREACHED for one in found):
        return 5
    return 0
