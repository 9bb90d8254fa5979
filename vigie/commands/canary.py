"""``vigie canary``: the operator's own target."""

import functools

import click
import trio

from core.knowledge.load import load_knowledge
from core.model import Transport
from inventories.load import parse_ports
from scanner.canary import Canary, serve_canary
from vigie.config import Settings


@click.group(
    help="Témoin de l'opérateur : distingue un port fermé d'un port que l'accès Internet filtre."
)
def canary() -> None:
    """Group."""


@canary.command(
    help="Écoute sur les ports que les fournisseurs filtrent souvent, et répond qui il est."
)
@click.option(
    "--address",
    "addresses",
    multiple=True,
    default=("0.0.0.0", "::"),  # noqa: S104 - a canary is there to be reached
    metavar="IP",
    help="Adresse d'écoute (répétable).",
)
@click.option(
    "--ports", "spec", metavar="SPEC", help="Ports au lieu de la liste intégrée, ex. 25,445,1-1024."
)
@click.pass_obj
def serve(settings: Settings, addresses: tuple[str, ...], spec: str | None) -> None:
    """Serve until interrupted."""
    if spec is not None:
        stretches = parse_ports(spec, settings.language).tcp
        ports = [port for first, last in stretches for port in range(first, last + 1)]
    else:
        ports = sorted(
            fact.port
            for fact in load_knowledge().ports
            if fact.transport is Transport.TCP
            and (fact.egress or fact.port in {80, 443, 3389, 8443})
        )

    try:
        trio.run(_serve, addresses, ports, settings)
    except* KeyboardInterrupt:
        click.echo(settings.say("Témoin arrêté.", "Canary stopped."), err=True)


async def _serve(addresses: tuple[str, ...], ports: list[int], settings: Settings) -> None:
    async with trio.open_nursery() as nursery:
        served: Canary = await nursery.start(functools.partial(serve_canary, addresses, ports))
        for address, port, why in served.unbound:
            click.echo(f"{address} {port}: {why}", err=True)
        if not settings.quiet:
            count = len(served.bound)
            click.echo(
                settings.say(
                    f"Témoin en écoute sur {count} ports.", f"Canary listening on {count} ports."
                ),
                err=True,
            )
