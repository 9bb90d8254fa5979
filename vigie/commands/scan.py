"""``vigie scan``: one exposure scan."""

import functools
from pathlib import Path

import click
import msgspec
import trio

from core.errors import UsageError
from core.inventory import Inventory, Ports
from core.knowledge.load import load_knowledge
from core.model import Criticality, Intensity
from core.observations.passive import PassiveService
from core.store.store import Plan, Run, Store
from inventories.load import load_inventory, parse_ports
from scanner.questions import askable
from vigie.config import Settings
from vigie.dry_run import describe
from vigie.execution import Outcome, execute
from vigie.job import plan_run
from vigie.passive import read_exports
from vigie.wording import counted


@click.command(help="Mesure une fois ce qu'un GHT expose, dans les limites de ses mandats.")
@click.argument("path", metavar="INVENTAIRE", type=click.Path(path_type=Path))
@click.option(
    "--establishment",
    "establishments",
    multiple=True,
    metavar="ID",
    help="Seulement cet établissement (répétable).",
)
@click.option(
    "--profile",
    type=click.Choice([one.value for one in Intensity]),
    help="Intensité demandée ; par défaut celle du mandat, standard au plus.",
)
@click.option(
    "--ports",
    "spec",
    metavar="SPEC",
    help="Ports au lieu de la liste intégrée, ex. 1-1024,8443,U:161 (U: pour UDP).",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Dossier des résultats (par défaut vigie-GHT-EXÉCUTION).",
)
@click.option(
    "--import",
    "exports",
    multiple=True,
    metavar="FICHIER",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Joint ce que d'autres ont vu : rapport Shadowserver (CSV), export Censys ou ONYPHE (JSON) (répétable).",
)
@click.option("--resume", is_flag=True, help="Reprend la dernière exécution interrompue de ce GHT.")
@click.option(
    "--wait/--no-wait",
    default=None,
    help="Attend l'ouverture d'une fenêtre ; --no-wait : s'arrête quand elle se ferme.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Dit ce qui serait contacté, quand et pourquoi, et n'envoie rien.",
)
@click.option(
    "--internal-names",
    is_flag=True,
    help="Montre aussi les noms internes (machines, domaines) que des services ont donnés.",
)
@click.option(
    "--fail-on",
    type=click.Choice([one.value for one in Criticality]),
    help="Code de sortie 10 si un constat au moins aussi grave est ouvert.",
)
@click.pass_obj
def scan(
    settings: Settings,
    path: Path,
    establishments: tuple[str, ...],
    profile: str | None,
    spec: str | None,
    out: Path | None,
    exports: tuple[Path, ...],
    resume: bool,
    wait: bool | None,
    dry_run: bool,
    internal_names: bool,
    fail_on: str | None,
) -> int:
    """Plan or resume a run, do it, say where the results are."""
    inventory = load_inventory(path, settings.language)
    asked = parse_ports(spec, settings.language) if spec is not None else None
    run = plan_run(
        inventory,
        profile=Intensity(profile) if profile else None,
        establishments=establishments,
        tcp_ports=tcp_ports(inventory, asked),
        udp_ports=udp_ports(inventory, asked),
    )
    imported = _imported(run, exports, settings)
    if dry_run:
        for line in describe(run, settings):
            click.echo(line)
        return 0
    store = settings.open_store()
    try:
        if resume:
            planned, run = run, interrupted_run(store, run, settings)
            _same_plan(
                run,
                profile,
                establishments,
                planned.plan if spec is not None else None,
                settings,
            )
        folder = out or Path(f"vigie-{run.ght}-{run.id}")
        outcome = trio.run(
            functools.partial(
                execute,
                run,
                store,
                settings=settings,
                out=folder,
                wait=wait,
                resumed=resume,
                imported=imported,
                internal_names=internal_names,
            ),
            strict_exception_groups=True,
        )
    finally:
        store.close()
    tell(outcome, folder, settings)
    return outcome.exit_code(Criticality(fail_on) if fail_on else None)


def _imported(
    run: Run, exports: tuple[Path, ...], settings: Settings
) -> tuple[PassiveService, ...]:
    """Read the files of others and say what was left out of them."""
    found = read_exports(run, exports, settings.language)
    if exports and not settings.quiet:
        click.echo(
            settings.say(
                f"Sources passives importées : {len(found.claims)} ports, {found.outside} lignes hors mandat écartées, {found.unread} illisibles.",
                f"Passive sources imported: {len(found.claims)} ports, {found.outside} rows outside the mandate left out, {found.unread} unreadable.",
            ),
            err=True,
        )
    return found.claims


def tcp_ports(inventory: Inventory, asked: Ports | None) -> list[int]:
    """Give the ports to try: those asked, else the built-in list and what the inventory adds."""
    if asked is not None:
        return _spread(asked.tcp)
    return sorted({*load_knowledge().default_tcp(), *_spread(inventory.ports.tcp)})


def udp_ports(inventory: Inventory, asked: Ports | None) -> list[int]:
    """Give the UDP ports wanted: those asked, else those built in that a probe knows how to ask,
    and what the inventory adds."""
    if asked is not None:
        return _spread(asked.udp)
    knowledge = load_knowledge()
    known = [port for port in knowledge.default_udp() if askable(port, knowledge)]
    return sorted({*known, *_spread(inventory.ports.udp)})


def _spread(stretches: tuple[tuple[int, int], ...]) -> list[int]:
    return sorted({port for first, last in stretches for port in range(first, last + 1)})


def interrupted_run(store: Store, planned: Run, settings: Settings) -> Run:
    """Give the newest run of this GHT that did not end whole; its own plan goes on."""
    for run in store.runs(ght=planned.ght):
        part = run.plan.retest or run.plan.targets
        if not run.complete and run.kind == "exposure" and not part:
            if perimeter(run.inventory) != perimeter(planned.inventory):
                raise UsageError(
                    settings.say(
                        "le périmètre ou les mandats ont changé depuis l'exécution interrompue : lancez un nouveau balayage",
                        "the perimeter or the mandates changed since the interrupted run: start a new scan",
                    )
                )
            # What may be contacted is the same; limits and services are those of today.
            return msgspec.structs.replace(run, inventory=planned.inventory)
    raise UsageError(
        settings.say("aucune exécution interrompue à reprendre", "no interrupted run to resume")
    )


def _same_plan(
    run: Run,
    profile: str | None,
    establishments: tuple[str, ...],
    planned: Plan | None,
    settings: Settings,
) -> None:
    """Refuse options that a resume would not obey."""
    asked = profile or run.plan.profile, establishments or run.plan.establishments
    same = asked == (run.plan.profile, run.plan.establishments)
    if not same or (planned is not None and _ports(planned) != _ports(run.plan)):
        raise UsageError(
            settings.say(
                "--resume reprend l'exécution telle qu'elle était prévue : ôtez --profile, --establishment et --ports",
                "--resume goes on as the run was planned: leave out --profile, --establishment and --ports",
            )
        )


def _ports(plan: Plan) -> tuple[tuple[int, ...], set[int]]:
    # What is asked over UDP, and what is not, may differ from one version to the next.
    return plan.tcp_ports, {*plan.udp_ports, *plan.udp_unasked}


def perimeter(inventory: Inventory) -> tuple[object, ...]:
    """Give what must be the same for a run to go on: whom it may contact, and when."""
    return (
        inventory.lab,
        inventory.ght.timezone,
        inventory.establishments,
        inventory.mandates,
        inventory.consents,
    )


def tell(outcome: Outcome, out: Path, settings: Settings) -> None:
    """Print the outcome in three lines."""
    if settings.quiet:
        return
    results = outcome.results
    counts = dict.fromkeys(reversed(Criticality), 0)
    for one in results.findings:
        counts[one.criticality] += 1
    words = ", ".join(
        counted(grade, count, settings.language) for grade, count in counts.items() if count
    )
    say = settings.say
    services, found = len(results.services), len(results.findings)
    click.echo(
        say(
            f"{services} {'services exposés' if services > 1 else 'service exposé'}, "
            f"{found} {'constats' if found > 1 else 'constat'} ({words or 'aucun'}).",
            f"{services} exposed {'service' if services == 1 else 'services'}, "
            f"{found} {'finding' if found == 1 else 'findings'} ({words or 'none'}).",
        )
    )
    if not results.run.complete:
        click.echo(
            say(
                "Exécution incomplète : le rapport dit ce qui n'a pas été mesuré ; --resume la reprend.",
                "Incomplete run: the report says what was not measured; --resume takes it up.",
            )
        )
    click.echo(say(f"Rapport : {out / 'report.html'}", f"Report: {out / 'report.html'}"))
