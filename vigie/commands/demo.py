"""``vigie demo``: a region of fake hospitals on this machine, and what a scan says of it."""

from pathlib import Path

import click
import trio

from core.errors import UsageError
from vigie.config import Settings
from vigie.demo.layout import DEFAULT_HOSTS, MOST_HOSTS, NETWORK
from vigie.demo.running import Papers, serve


@click.command(
    help="Démarre une région de démonstration sur cette machine, la balaie et dit où est le rapport."
)
@click.option(
    "--out",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("vigie-demo"),
    show_default=True,
    help="Dossier où tout est écrit.",
)
@click.option(
    "--hosts",
    type=click.IntRange(1, MOST_HOSTS),
    default=DEFAULT_HOSTS,
    show_default=True,
    help="Nombre de machines.",
)
@click.option(
    "--serve-only",
    is_flag=True,
    help="Démarre la région sans la balayer, jusqu'à interruption.",
)
@click.pass_obj
def demo(settings: Settings, directory: Path, hosts: int, *, serve_only: bool) -> None:
    """Serve the region, and scan it unless told otherwise."""
    if not serve_only:
        raise UsageError("vigie demo --serve-only")

    def told(papers: Papers) -> None:
        for line in _told(settings, papers):
            click.echo(line)

    try:
        trio.run(serve, directory, hosts, NETWORK, told)
    except* UsageError as wrong:
        first: BaseException = wrong
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _told(settings: Settings, papers: Papers) -> list[str]:
    lines = [
        settings.say(
            f"{papers.hosts} machines fictives répondent sur 127.20.0.0/16.",
            f"{papers.hosts} fake hosts answer on 127.20.0.0/16.",
        ),
        settings.say(f"Inventaire : {papers.inventory}", f"Inventory: {papers.inventory}"),
        settings.say(f"Vérité terrain : {papers.truth}", f"Ground truth: {papers.truth}"),
        settings.say(
            f"Octets et contacts indus : {papers.violations}",
            f"Undue bytes and contacts: {papers.violations}",
        ),
    ]
    if papers.ports_shifted:
        moved = ", ".join(f"{port} → {other}" for port, other in papers.ports_shifted.items())
        lines.append(
            settings.say(
                f"Ports que cette machine ne laisse pas prendre, et leur remplaçant : {moved}.",
                f"Ports that this machine does not let us have, and what stands in: {moved}.",
            )
        )
    lines.append(settings.say("Ctrl-C pour arrêter.", "Ctrl-C to stop."))
    return lines
