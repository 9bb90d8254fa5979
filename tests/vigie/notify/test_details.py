"""The report that is attached tells each reader what is theirs, and nothing of the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model import Confidence, Flagged, Judged, Language, NotMeasured, Place, Proof, Transport
from core.observations.service import Service
from core.store.store import Store
from tests.vigie.notify.region import NOW, a_run, inventory
from vigie.notify.details import report_of

PLACES = {
    "chu": Place(establishment="chu", ip="203.0.113.10", port=22, transport=Transport.TCP),
    "ch": Place(establishment="ch", ip="198.51.100.10", port=22, transport=Transport.TCP),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    run = a_run(inventory())
    opened.start_run(run)
    for place in PLACES.values():
        verdict = Flagged(
            place, Confidence.CERTAIN, (Proof("answered", {"protocol": "ssh", "evidence": "x"}),)
        )
        opened.keep(
            run,
            observations=[Service(place=place, at=NOW, protocol="ssh", banner="SSH-2.0-x")],
            judged=[
                Judged(check="ssh.exposed", verdict=verdict, at=NOW),
                Judged(check="ssh.legacy-mac", verdict=NotMeasured(place, "timeout"), at=NOW),
            ],
        )
    yield opened
    opened.close()


def test_who_answers_for_all_reads_all(store: Store) -> None:
    for chosen in ((), ("chu", "ch")):
        page = report_of(store, "run-1", chosen, Language.FR, NOW)
        assert page is not None
        for told in (b"203.0.113.10", b"198.51.100.10", b"CH de Bourg"):
            assert told in page


def test_who_answers_for_one_reads_nothing_of_the_other(store: Store) -> None:
    page = report_of(store, "run-1", ("chu",), Language.FR, NOW)
    assert page is not None
    assert b"203.0.113.10" in page
    for hidden in (b"198.51.100", b"CH de Bourg"):
        assert hidden not in page


def test_a_forest_is_not_cut_and_what_is_gone_is_not_told(store: Store) -> None:
    assert report_of(store, "run-1", ("elsewhere",), Language.FR, NOW) is None
    assert report_of(store, "purged", (), Language.FR, NOW) is None
