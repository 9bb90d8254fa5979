"""``vigie stop`` and ``vigie resume``: the emergency brake, journaled."""

from datetime import UTC, datetime

import click

from core.errors import UsageError
from vigie.config import Settings
from vigie.operator import operator


@click.command(help="Arrête tout envoi, en cours et prévu, en moins de cinq secondes.")
@click.option(
    "--establishment",
    "establishments",
    multiple=True,
    metavar="ID",
    help="Établissement à ne plus contacter.",
)
@click.option("--all", "everyone", is_flag=True, help="Tous les établissements.")
@click.pass_obj
def stop(settings: Settings, establishments: tuple[str, ...], everyone: bool) -> None:
    """Hold every establishment named, or all."""
    if bool(establishments) == everyone:
        raise UsageError(
            settings.say("indiquez --all ou --establishment ID", "give --all or --establishment ID")
        )
    store = settings.open_store()
    for one in establishments or ("*",):
        store.hold(one, at=datetime.now(UTC), who=operator())
    # Only once the brake is on.
    known = {each.id for run in store.runs() for each in run.inventory.establishments}
    store.close()
    for one in establishments:
        if known and one not in known:
            click.echo(
                settings.say(
                    f"attention : « {one} » n'est l'établissement d'aucune exécution connue ; "
                    "vérifiez son id",
                    f"warning: “{one}” is the establishment of no known run; check its id",
                ),
                err=True,
            )
    click.echo(
        settings.say(
            "Envois arrêtés ; « vigie resume » les autorise de nouveau.",
            "Sending stopped; vigie resume allows it again.",
        ),
        err=True,
    )


@click.command(help="Autorise de nouveau les envois arrêtés par « vigie stop ».")
@click.option(
    "--establishment", default="*", metavar="ID", help="Un seul établissement (tous par défaut)."
)
@click.pass_obj
def resume(settings: Settings, establishment: str) -> None:
    """Lift holds."""
    store = settings.open_store()
    lifted = store.lift(establishment, at=datetime.now(UTC), who=operator())
    store.close()
    click.echo(settings.say(f"{lifted} arrêt(s) levé(s).", f"{lifted} hold(s) lifted."), err=True)
