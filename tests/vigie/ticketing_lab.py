"""A region with findings in its store, and an export of them as the command does it."""

import weakref
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trio

from checks.registry import by_id
from core.inventory import Establishment, Ght, Inventory, Services
from core.levels import gravity_of
from core.life import Absence
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    Judged,
    Place,
    Transport,
    fingerprint,
)
from core.operations import Destination, Gathering, Ticketing
from core.store.life import Lives
from core.store.store import Plan, Run, Store
from core.store.tickets import Tickets
from reports.exports.tracker import Tracker
from vigie.ticketing.engine import Follower, Summary

CHU, CH = "chu-exemple", "ch-exemple"
AT = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
CHECK = "telnet.exposed"


def inventory(url: str = "") -> Inventory:
    """Give a GHT of two; ``url``: the only ticketing service it admits."""
    return Inventory(
        path="ght.toml",
        ght=Ght(id="ght-exemple", name="GHT Exemple"),
        establishments=(
            Establishment(id=CHU, name="CHU d'Exemple", ranges=("203.0.113.0/24",)),
            Establishment(id=CH, name="CH d'Exemple", ranges=("198.51.100.0/24",)),
        ),
        services=Services(others={"ticketing": url}),
    )


def tracker(url: str, kind: str = "rt", place: str = "file", **fields: object) -> Ticketing:
    """Give a tracker whose tickets of all go to one place."""
    given: dict[str, object] = {
        "id": f"{kind}-exemple",
        "kind": kind,
        "url": url,
        "destinations": (Destination(place=place),),
        "minimum": Criticality.LOW,
        "may_close": True,
        **fields,
    }
    return Ticketing(**given)  # type: ignore[arg-type]


def place(number: int, port: int = 23, establishment: str = CHU) -> Place:
    """Give one of a /8 of documentation hosts."""
    return Place(
        establishment=establishment,
        ip=f"203.0.{113 + number // 250}.{number % 250 + 1}",
        port=port,
        transport=Transport.TCP,
    )


class Region:
    """A store, and time that only passes when told."""

    def __init__(self, url: str) -> None:
        self.store = Store(url, gravity_of=lambda check: gravity_of(by_id()[check].criticality))
        # For whoever does not: Python 3.13 tells of a database that is left open.
        weakref.finalize(self, self.store.close)
        self.tickets = Tickets(self.store)
        self.lives = Lives(self.store)
        self.at = AT
        self.runs = 0

    def scan(
        self,
        seen: Iterable[tuple[str, Place]] = (),
        missed: Iterable[tuple[str, Place]] = (),
    ) -> None:
        """Do a run, a day after the last, that finds some and proves others absent."""
        self.runs += 1
        self.at += timedelta(days=1)
        run = Run(
            id=f"run-{self.runs}",
            kind="exposure",
            ght="ght-exemple",
            profile="standard",
            started_at=self.at,
            finished_at=None,
            complete=False,
            vigie_version="0",
            plan=Plan(seed=1, tcp_ports=(23,), establishments=(), profile=None),
            inventory=inventory(),
        )
        self.store.start_run(run)
        judged = [
            Judged(check=check, verdict=Flagged(where, Confidence.CERTAIN, ()), at=self.at)
            for check, where in seen
        ]
        self.store.keep(run, judged=judged)
        absences = {
            fingerprint(check, where): Absence(
                run=run.id, at=self.at, needed=1, why="measured-clean"
            )
            for check, where in missed
        }
        self.store.end_run(run.id, at=self.at, complete=True, absences=absences)

    def follow(
        self,
        config: Ticketing,
        exporter: Tracker,
        *,
        now: Callable[[], datetime] | None = None,
        settle_s: float = 90.0,
        again: Collection[str] = (),
    ) -> Summary:
        """Export once."""

        async def once() -> Summary:
            return await Follower(
                config,
                inventory(config.url),
                exporter,
                self.tickets,
                self.lives,
                now=now or (lambda: self.at),
                settle_s=settle_s,
                again=again,
            ).run()

        return trio.run(once)


def telnets(count: int, first: int = 0) -> list[tuple[str, Place]]:
    """Give so many findings, each at an address of its own."""
    return [(CHECK, place(first + number)) for number in range(count)]


CERTIFICATES = Gathering(id="certificats", checks=("cert.*",), by=("host",))


def sqlite(folder: Path) -> str:
    """Give the URL of a store of its own."""
    return f"sqlite:///{folder / 'vigie.db'}"
