"""A small region with news to tell, written straight into a store."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa

from core.inventory import Establishment, Ght, Inventory, Mandate, Services
from core.model import Intensity, Place, fingerprint
from core.operations import MailServer, Operations, Recipient, Webhook
from core.store.store import Plan, Run, Store
from core.store.tables import CHANGES, FINDINGS
from tests.servers.mail import HOST

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def inventory(mail: str = "", webhook: str = "") -> Inventory:
    others = {"mail": mail, "webhook": webhook}
    return Inventory(
        path="ght.toml",
        lab=True,
        ght=Ght(id="ght-exemple", name="GHT Exemple"),
        establishments=(
            Establishment(id="chu", name="CHU d'Exemple", ranges=("203.0.113.0/24",)),
            Establishment(id="ch", name="CH de Bourg", ranges=("198.51.100.0/24",)),
        ),
        mandates=(
            Mandate(
                signed_by="DG",
                document="mandat.pdf",
                valid_from=date(2026, 1, 1),
                valid_until=date(2026, 7, 31),
                intensity=Intensity.STANDARD,
            ),
        ),
        services=Services(others={kind: text for kind, text in others.items() if text}),
    )


def a_run(told: Inventory, number: int = 1, kind: str = "exposure") -> Run:
    return Run(
        id=f"run-{number}",
        kind=kind,
        ght=told.ght.id,
        profile="standard",
        started_at=NOW - timedelta(hours=1),
        finished_at=NOW,
        complete=True,
        vigie_version="0",
        plan=Plan(seed=1, tcp_ports=(22,), establishments=(), profile=None),
        inventory=told,
    )


def bring(
    store: Store,
    run: Run,
    *,
    states: Sequence[str] = ("new",),
    establishment: str = "chu",
    gravity: int = 4,
    exploited: bool = False,
    due_at: str | None = None,
    why: str = "seen",
) -> str:
    """Write a finding that this run brought through these states; gives its fingerprint."""
    place = Place(establishment=establishment, ip="203.0.113.10", port=3389)
    identity = fingerprint(f"rdp.exposed {gravity} {states}", place)
    at = NOW.isoformat(timespec="microseconds")
    with store.writing() as db:
        db.execute(
            sa.insert(FINDINGS).values(
                fingerprint=identity,
                ght=run.ght,
                check_id="rdp.exposed",
                establishment=establishment,
                place=msgspec.json.encode(place).decode(),
                state=states[-1] if states else "open",
                first_seen=at,
                last_seen=at,
                opened_at=at,
                state_since=at,
                measured_at=at,
                measured_run=run.id,
                first_run=run.id,
                last_run=run.id,
                is_open=int(states[-1:] != ("fixed",)),
                gravity=gravity,
                exploited=int(exploited),
                due_at=due_at,
            )
        )
        for before, after in zip((None, *states), states, strict=False):
            db.execute(
                sa.insert(CHANGES).values(
                    fingerprint=identity,
                    ght=run.ght,
                    establishment=establishment,
                    at=at,
                    who="vigie",
                    run_id=run.id,
                    before=before,
                    after=after,
                    gravity=gravity,
                    why=why,
                )
            )
    return identity


def operations(
    folder: Path,
    *,
    port: int = 0,
    ca_file: str = "",
    tls: str = "none",
    recipients: Sequence[Recipient] = (),
    webhooks: Sequence[Webhook] = (),
) -> Operations:
    """Give an operations file that needs none."""
    return Operations(
        path=str(folder / "region.toml"),
        mail=MailServer(
            host=HOST, port=port, tls=tls, sender="vigie@grades.example", ca_file=ca_file
        ),
        recipients=tuple(recipients),
        webhooks=tuple(webhooks),
    )
