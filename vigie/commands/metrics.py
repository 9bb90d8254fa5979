"""``vigie metrics``: figures for a supervisor."""

import threading
from pathlib import Path

import click

from vigie.config import Settings


@click.command(help="Donne des mesures pour Prometheus : affichées, dans un fichier, ou servies.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier à écrire.",
)
@click.option(
    "--listen",
    metavar="ADRESSE:PORT",
    help="Sert les mesures sur cette adresse de la boucle locale, jusqu'à l'arrêt.",
)
@click.pass_obj
def metrics(settings: Settings, output: Path | None, listen: str | None) -> None:
    """Count now, or at each reading."""
    # Here: the list of commands needs none of it.
    from prometheus_client import generate_latest, start_http_server

    from vigie.metrics import loopback_endpoint, registry, write_metrics

    endpoint = loopback_endpoint(listen, settings) if listen else None
    store = settings.open_store()
    try:
        if output is not None:
            write_metrics(settings, store, output)
        elif endpoint is None:
            click.echo(generate_latest(registry(settings, store)).decode(), nl=False)
        if endpoint is not None:
            host, port = endpoint
            server, thread = start_http_server(port, host, registry(settings, store))
            try:
                click.echo(f"http://{host}:{port}/metrics", err=True)
                threading.Event().wait()
            finally:
                server.shutdown()
                thread.join()
    finally:
        store.close()
