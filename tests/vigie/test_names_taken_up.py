"""A hunt that begins anew knows the names that were seen before the interruption."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
import trio

from core.inventory import Services
from core.model import Place, Transport
from core.observations.passive import PassiveService
from core.store.store import Plan, Run, Store
from scanner.found import NameFound
from tests.inventories.samples import inventory, mandate
from vigie import naming
from vigie.config import Settings
from vigie.job import assemble
from vigie.progress import Journal

_AT = datetime(2026, 6, 1, tzinfo=UTC)


class _Hunt:
    """Takes offers, and asks nobody."""

    offered: tuple[NameFound, ...] = ()

    def __init__(self, *_: object, **__: object) -> None: ...

    def offer(self, found: NameFound) -> None:
        type(self).offered += (found,)

    def end(self, *_: object, **__: object) -> None: ...

    async def run(self) -> None:
        await trio.lowlevel.checkpoint()


def test_names_seen_before_are_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = inventory(mandate(valid_until=date(2099, 12, 31)))
    given = msgspec.structs.replace(given, services=Services(resolvers=("127.0.0.1:9",)))
    run = Run(
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
    place = Place(establishment="a", ip="203.0.113.5", port=443, transport=Transport.TCP)
    seen = PassiveService(
        place=place, at=_AT, source="censys", seen_on=_AT.date(), names=("vu.chu.example",)
    )
    monkeypatch.setattr(naming, "Hunt", _Hunt)
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        store.start_run(run)
        store.keep(run, observations=[seen])
        settings = Settings(state_dir=tmp_path, quiet=True)
        job = assemble(run, store, settings=settings, journal=Journal(None, settings), wait=None)

        async def learnt(_: object) -> None: ...

        async def go() -> None:
            await naming.Naming(job)._look_for_more(learnt, learnt)  # pyright: ignore[reportPrivateUsage]

        trio.run(go)
    assert NameFound("vu.chu.example", "passive") in _Hunt.offered
