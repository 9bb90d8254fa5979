"""``vigie doctor``: what works on this machine, and what to install."""

import json
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from core.errors import FeedFault, UsageError
from core.knowledge.load import load_knowledge
from vigie.config import Settings
from vigie.feed_words import say_age, say_fault
from vigie.feeds import age_days, shelf_of

_STALE_DAYS = 30
"""Beyond, flaws have been exploited of which nothing here knows."""


class Line(NamedTuple):
    """One thing looked at."""

    well: bool
    what: str
    seen: str
    advice: str = ""


@click.command(help="Dit ce qui fonctionne sur cette machine, et quoi installer.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look, touch nothing, contact nobody."""
    lines = list(_look(settings))
    if as_json:
        click.echo(json.dumps([line._asdict() for line in lines], ensure_ascii=False, indent=1))
        return
    for line in lines:
        mark = "ok " if line.well else "!! "
        click.echo(
            f"{mark}{line.what:28} {line.seen}" + (f"\n   → {line.advice}" if not line.well else "")
        )


def _look(settings: Settings) -> Iterator[Line]:
    say = settings.say
    version = ".".join(map(str, sys.version_info[:3]))
    yield Line(
        sys.version_info >= (3, 11),
        "Python",
        version,
        say("installez Python 3.11 ou plus récent", "install Python 3.11 or newer"),
    )
    yield from _state(settings)
    yield _feeds(settings)
    nmap = shutil.which("nmap")
    yield Line(
        nmap is not None,
        "nmap",
        nmap or say("absent", "missing"),
        say(
            "apt install nmap (utile au seul profil « deep »)",
            "apt install nmap (for the deep profile only)",
        ),
    )
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Line(
        hard == resource.RLIM_INFINITY or hard >= 4096,
        say("fichiers ouverts", "open files"),
        str(hard),
        say(
            "ulimit -n 8192, ou LimitNOFILE= dans l'unité systemd",
            "ulimit -n 8192, or LimitNOFILE= in the systemd unit",
        ),
    )
    yield _conntrack(settings)
    yield _clock(settings)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", 0))
            yield Line(True, say("bouclage IPv4", "IPv4 loopback"), "127.0.0.1")
        except OSError as error:
            yield Line(
                False,
                say("bouclage IPv4", "IPv4 loopback"),
                str(error),
                say("réseau local absent", "no local network"),
            )
    low = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    first = int(low.read_text()) if low.is_file() else 1024
    yield Line(
        True,
        say("ports d'écoute libres", "ports open to listeners"),
        say(
            f"à partir de {first} sans privilège (démonstration décalée de 20000 sinon)",
            f"from {first} without privilege (else the demo shifts by 20000)",
        ),
    )
    has_v6 = Path("/proc/net/if_inet6").is_file() and Path("/proc/net/if_inet6").read_text() != ""
    yield Line(
        has_v6,
        "IPv6",
        say("présent", "present") if has_v6 else say("absent", "missing"),
        say(
            "sans IPv6, les plages IPv6 des inventaires ne seront pas mesurées",
            "without IPv6, the IPv6 ranges of inventories are not measured",
        ),
    )


def _state(settings: Settings) -> Iterator[Line]:
    say = settings.say
    what = say("dossier d'état", "state folder")
    try:
        state = settings.state()
        (state / ".doctor").write_text("")
        (state / ".doctor").unlink()
    except (UsageError, OSError) as error:
        yield Line(False, what, str(error), "--state-dir")
        return
    yield Line(True, what, str(state))
    free = shutil.disk_usage(state).free
    yield Line(
        free > 1 << 30,
        say("espace libre", "free space"),
        f"{free / (1 << 30):.1f} {say('Gio', 'GiB')}",
        say(
            "libérez de la place : une région occupe environ 1 Gio par an",
            "free some space: a region takes about 1 GiB a year",
        ),
    )


def _feeds(settings: Settings) -> Line:
    what = settings.say("flux de failles", "feeds of flaws")
    advice = settings.say(
        "vigie feeds update, ou vigie feeds import d'un paquet",
        "vigie feeds update, or vigie feeds import of a bundle",
    )
    try:
        card = shelf_of(settings).card("kev")
    except (UsageError, FeedFault) as fault:
        text = say_fault(fault, settings.language) if isinstance(fault, FeedFault) else str(fault)
        return Line(False, what, text, advice)
    if card is None:
        day = load_knowledge().compiled_on
        seen = settings.say(f"aucun ; base intégrée du {day}", f"none; built-in knowledge of {day}")
        built = datetime.combine(day, datetime.min.time(), UTC)
        return Line(age_days(built) <= _STALE_DAYS, what, seen, advice)
    edition = card.edition
    age = age_days(edition.as_of)
    seen = f"KEV {edition.as_of:%Y-%m-%d} ({say_age(age, settings.language)})"
    return Line(age <= _STALE_DAYS, what, seen, advice)


def _conntrack(settings: Settings) -> Line:
    size = Path("/proc/sys/net/netfilter/nf_conntrack_max")
    if not size.is_file():
        return Line(
            True,
            "conntrack",
            settings.say(
                "non chargé ici ; pensez au pare-feu de sortie",
                "not loaded here; think of the outbound firewall",
            ),
        )
    entries = int(size.read_text())
    return Line(
        entries >= 16_384,
        "conntrack",
        str(entries),
        settings.say(
            "agrandissez nf_conntrack_max, ou baissez packets_per_second",
            "raise nf_conntrack_max, or lower packets_per_second",
        ),
    )


def _clock(settings: Settings) -> Line:
    # adjtimex says whether anything disciplines the clock; windows and mandates are judged by it.
    stamp = Path("/run/systemd/timesync/synchronized")
    chrony = Path("/run/chrony"), Path("/var/lib/ntpsec")
    well = stamp.exists() or any(path.exists() for path in chrony)
    seen = (
        settings.say("synchronisée", "synchronised")
        if well
        else settings.say("aucune synchronisation trouvée", "no synchronisation found")
    )
    return Line(
        well,
        settings.say("horloge", "clock"),
        seen,
        settings.say(
            "activez systemd-timesyncd ou chrony : fenêtres et mandats en dépendent",
            "enable systemd-timesyncd or chrony: windows and mandates rely on it",
        ),
    )
