"""``vigie demo``: a region of fake hospitals on loopback, scanned like a real one."""

import functools
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import trio

from core.errors import Unreachable
from inventories.load import load_inventory, parse_ports
from vigie.commands.scan import tcp_ports, tell, udp_ports
from vigie.config import Settings
from vigie.demo.layout import DEFAULT_HOSTS, NETWORK
from vigie.demo.running import Papers
from vigie.execution import execute
from vigie.job import plan_run


@click.command(
    help="Démarre une région de démonstration sur 127.20.0.0/16, la balaie et laisse un rapport."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("vigie-demo"),
    help="Dossier des résultats et de l'état.",
)
@click.option(
    "--hosts",
    type=click.IntRange(1, 254),
    default=DEFAULT_HOSTS,
    show_default=True,
    help="Nombre d'hôtes.",
)
@click.option(
    "--serve-only",
    is_flag=True,
    help="Démarre la région, dit où sont son inventaire et sa vérité de terrain, et attend.",
)
@click.option("--network", default=NETWORK, hidden=True)
@click.pass_obj
def demo(settings: Settings, out: Path, hosts: int, serve_only: bool, network: str) -> int:
    """Serve the region in a process of its own, scan it, say where the report is."""
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _region(out / "region", hosts, network) as (region, papers):
        if papers.ports_shifted and not settings.quiet:
            click.echo(
                settings.say(
                    "Ports sous 1024 non ouverts sans privilège : décalés de 20000 dans cette démonstration.",
                    "Ports below 1024 need privilege: shifted by 20000 in this demo.",
                ),
                err=True,
            )
        if serve_only:
            click.echo(
                settings.say(f"Inventaire : {papers.inventory}", f"Inventory: {papers.inventory}")
            )
            click.echo(
                settings.say(f"Vérité de terrain : {papers.truth}", f"Ground truth: {papers.truth}")
            )
            region.wait()
            return 0
        # Its own state: a demonstration must not mix with the operator's history.
        own = Settings(
            language=settings.language,
            quiet=settings.quiet,
            json_log=settings.json_log,
            debug=settings.debug,
            state_dir=out / "state",
        )
        inventory = load_inventory(Path(papers.inventory), settings.language)
        run = plan_run(
            inventory,
            profile=None,
            establishments=(),
            # The region knows which ports of the default list this machine could give it.
            tcp_ports=tcp_ports(inventory, parse_ports(papers.ports)),
            udp_ports=udp_ports(inventory, parse_ports(papers.udp_ports or papers.ports)),
        )
        store = own.open_store()
        try:
            outcome = trio.run(
                functools.partial(execute, run, store, settings=own, out=out, wait=None)
            )
        finally:
            store.close()
        tell(outcome, out, settings)
        return 130 if outcome.interrupted else 0


@contextmanager
def _region(
    directory: Path, hosts: int, network: str
) -> Generator[tuple["subprocess.Popen[str]", Papers]]:
    """Run the region until the body ends; its last words are shown when it cannot start."""
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "vigie.demo",
        "serve",
        "--dir",
        str(directory),
        "--hosts",
        str(hosts),
        "--network",
        network,
        "--until-eof",
    ]
    # In a wheel the package is found anyway; in a checkout it stands beside the others.
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    region = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        # Nothing is ever written to it: however we end, kill -9 included, the region sees it close.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        # Its own group: Ctrl-C is for the scan, which then ends the region.
        start_new_session=True,
        umask=0o077,
    )
    try:
        assert region.stdout is not None
        line = region.stdout.readline()
        if not line:
            raise Unreachable(f"demo: the region did not start (status {region.wait()})")
        yield region, msgspec.json.decode(line, type=Papers)
    finally:
        region.terminate()
        try:
            region.wait(10)
        except subprocess.TimeoutExpired:
            region.kill()
            region.wait()
        for stream in (region.stdin, region.stdout):
            if stream is not None:
                stream.close()
