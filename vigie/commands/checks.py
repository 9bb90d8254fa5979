"""``vigie checks``: the catalogue."""

from typing import Any

import click

from checks.registry import Check, all_checks, by_id
from core.errors import UsageError
from vigie.config import Settings
from vigie.wording import CRITICALITIES


@click.group(help="Catalogue des contrôles.")
def checks() -> None:
    """Group."""


@checks.command("list", help="Liste les contrôles : identifiant, criticité par défaut, titre.")
@click.pass_obj
def list_checks(settings: Settings) -> None:
    """Print one line per check."""
    for check in all_checks():
        word = CRITICALITIES[settings.language][check.criticality]
        click.echo(f"{check.id:36} {word:12} {settings.say(check.title_fr, check.title_en)}")


@checks.command(help="Explique un contrôle : risque, remède, références, indicateurs CaRE.")
@click.argument("check_id", metavar="ID")
@click.pass_obj
def explain(settings: Settings, check_id: str) -> None:
    """Print everything about one check."""
    check = by_id().get(check_id)
    if check is None:
        near = [known for known in by_id() if check_id.rpartition(".")[2] in known][:5]
        hint = settings.say("voir « vigie checks list »", "see vigie checks list")
        other = ", ".join(near) or hint
        raise UsageError(
            settings.say(
                f"{check_id} : contrôle inconnu ; {other}", f"{check_id}: unknown check; {other}"
            )
        )
    for label, text in _sheet(check, settings):
        if text:
            click.echo(f"{label}: {text}")


def _sheet(check: Check[Any], settings: Settings) -> list[tuple[str, str]]:
    say = settings.say
    return [
        (check.id, say(check.title_fr, check.title_en)),
        (
            say("Criticité par défaut", "Default criticality"),
            CRITICALITIES[settings.language][check.criticality],
        ),
        (say("Risque", "Risk"), say(check.risk_fr, check.risk_en)),
        (say("Remède", "Remedy"), say(check.remedy_fr, check.remedy_en)),
        (say("Références", "References"), "; ".join(check.references)),
        (say("Indicateurs CaRE", "CaRE indicators"), ", ".join(check.care)),
        (
            say("Observation lue", "Observation read"),
            ", ".join(one.__name__ for one in check.families),
        ),
    ]
