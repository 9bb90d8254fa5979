"""Names found below one that is excluded or medical: their addresses are spared from then on."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.errors import OutOfScope
from core.model import Intensity, Place
from core.observations.name import NameSeen
from core.store.store import Plan, Run, Store
from scanner.target import Target
from tests.inventories.samples import establishment, inventory, mandate
from vigie.config import Settings
from vigie.job import Job, assemble, utc_now
from vigie.progress import Journal

_AT = datetime(2026, 6, 1, tzinfo=UTC)


def _run() -> Run:
    one = establishment(
        ranges=("203.0.113.0/28",),
        domains=("chu.example",),
        exclude=("scada.chu.example",),
        medical=("pacs.chu.example",),
    )
    given = inventory(
        mandate(establishments=("a",), valid_until=date(2099, 12, 31)), establishments=(one,)
    )
    return Run(
        id="r",
        kind="exposure",
        ght="g",
        profile="standard",
        started_at=_AT,
        finished_at=None,
        complete=False,
        vigie_version="0",
        plan=Plan(seed=7, tcp_ports=(443,), establishments=(), profile=None),
        inventory=given,
    )


def _found(name: str, *addresses: str) -> NameSeen:
    return NameSeen(
        place=Place(establishment="a", hostname=name),
        at=_AT,
        name=name,
        addresses=addresses,
        in_scope=addresses,
        found_by=("ct",),
    )


def _permit(job: Job, ip: str) -> Intensity:
    # As probes ask: by the address alone.
    return job.scope.permit(ip, hostname=None, at=utc_now()).intensity


def test_a_name_found_below_an_excluded_one_closes_its_address(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        run = _run()
        store.start_run(run)
        settings = Settings(state_dir=tmp_path, quiet=True)
        job = assemble(run, store, settings=settings, journal=Journal(None, settings), wait=None)
        assert _permit(job, "203.0.113.5") is Intensity.STANDARD
        job.learn(_found("www.chu.example", "203.0.113.6"))
        job.learn(_found("api.scada.chu.example", "203.0.113.5", "::ffff:203.0.113.4"))
        for spared in ("203.0.113.5", "203.0.113.4"):
            with pytest.raises(OutOfScope):
                _permit(job, spared)
            with pytest.raises(OutOfScope):
                job.gate._judge(Target(establishment="a", ip=spared), Intensity.DISCREET)  # pyright: ignore[reportPrivateUsage]
        assert _permit(job, "203.0.113.6") is Intensity.STANDARD
        job.learn(_found("node1.pacs.chu.example", "203.0.113.7"))
        permit = job.scope.permit("203.0.113.7", hostname=None, at=utc_now())
        assert permit.medical
        assert permit.intensity is Intensity.DISCREET
        again = assemble(
            run,
            store,
            settings=settings,
            journal=Journal(None, settings),
            wait=None,
            learnt=[_found("api.scada.chu.example", "203.0.113.5")],
        )
        assert again.space.size == job.space.size, "a resume finds the same space"
        with pytest.raises(OutOfScope):
            _permit(again, "203.0.113.5")
