"""``vigie access``: who read what."""

from contextlib import closing
from datetime import timedelta

import click

from core.store.reads import reads
from vigie.config import Settings
from vigie.job import utc_now


@click.command(help="Dit qui a lu quoi : rapports, listes et exports de constats.")
@click.option(
    "--days",
    type=click.IntRange(min=1),
    default=30,
    metavar="JOURS",
    help="Depuis combien de jours.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, metavar="N", help="Lignes au plus."
)
@click.pass_obj
def access(settings: Settings, days: int, limit: int) -> None:
    """Print one line per reading, the last ones first."""
    with closing(settings.open_store()) as store:
        for one in reads(store, since=utc_now() - timedelta(days=days), limit=limit):
            click.echo(f"{one.at:%Y-%m-%d %H:%M:%S}Z  {one.who}  {one.what}  {one.about}")
