"""``vigie diff``: what changed between two runs of one GHT."""

from contextlib import closing

import click
import msgspec

from core.errors import UsageError
from core.levels import criticality_of
from core.model import Language
from core.store.life import Compared, Lives
from vigie.commands.findings import spot_of
from vigie.config import Settings
from vigie.operator import note_reading
from vigie.wording import CRITICALITIES


@click.command(
    help="Compare deux exécutions d'un même GHT : apparu, disparu, non mesuré de nouveau."
)
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
@click.pass_obj
def diff(settings: Settings, before: str, after: str, as_json: bool) -> None:
    """Print what appeared, disappeared, was not measured, changed criticality."""
    with closing(settings.open_store()) as store:
        first, second = store.run(before), store.run(after)
        if first.ght != second.ght:
            raise UsageError(
                settings.say(
                    f"ces exécutions sont de deux GHT : {first.ght} et {second.ght}",
                    f"these runs are of two GHTs: {first.ght} and {second.ght}",
                )
            )
        note_reading(store, f"{first.id} {second.id}")
        told = Lives(store).compare(first.id, second.id)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
        return
    language = settings.language
    for title, rows in (
        (settings.say("Apparu", "Appeared"), told.appeared),
        (settings.say("Disparu, mesuré de nouveau", "Gone, measured again"), told.gone),
        (settings.say("Non mesuré de nouveau", "Not measured again"), told.unmeasured),
        (settings.say("Gravité changée", "Changed criticality"), told.changed),
    ):
        click.echo(f"{title}{settings.say(' ', '')}: {len(rows)}")
        for row in rows:
            click.echo(f"  {_line(row, language)}")
    click.echo(settings.say(f"Inchangé : {told.unchanged}", f"Unchanged: {told.unchanged}"))


def _line(row: Compared, language: Language) -> str:
    words = CRITICALITIES[language]
    given = dict.fromkeys((row.gravity_before, row.gravity_after))
    told = " → ".join(words[criticality_of(one)] for one in given if one is not None)
    return f"{row.fingerprint[:12]}  {told:11} {row.check:32} {spot_of(row.place)}"
