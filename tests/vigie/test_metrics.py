"""Figures are those of the store at the time of the reading; a store that fails says so."""

import signal
import stat
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.errors import UsageError
from core.inventory import Establishment, Ght, Inventory, Mandate
from core.model import Intensity, Language
from core.store.outbox import Letter, Outbox
from core.store.store import Store
from tests.core.test_store import AT, a_run, flagged
from tests.servers.postgres import Cluster
from tests.servers.real import free_port
from vigie.config import Settings
from vigie.metrics import loopback_endpoint, write_metrics

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _read(text: str) -> Figures:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _fill(store: Store) -> None:
    mandate = Mandate(
        covers=("203.0.113.0/26",),
        signed_by="x",
        document="x.pdf",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 6, 30),
        intensity=Intensity.STANDARD,
    )
    inventory = Inventory(
        path="x",
        ght=Ght(id="ght", name="GHT"),
        establishments=(Establishment(id="chu", name="CHU", ranges=("203.0.113.0/24",)),),
        mandates=(mandate,),
    )
    run = msgspec.structs.replace(a_run(), inventory=inventory)
    store.start_run(run)
    store.keep(run, judged=[flagged()])
    store.end_run("run-1", at=datetime(2026, 1, 16, tzinfo=UTC), complete=True)
    store.hold("chu", at=datetime.now(UTC), who="someone")
    letter = Letter(channel="mail", destination="rssi", key="k", ght="ght", body="{}")
    Outbox(store).enqueue([letter], now=AT, not_before=AT)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def test_figures_of_a_store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        settings.db = cluster.database()
    with closing(settings.open_store()) as store:
        _fill(store)
        write_metrics(settings, store, tmp_path / "vigie.prom")
    assert stat.S_IMODE((tmp_path / "vigie.prom").stat().st_mode) == 0o600
    found = _read((tmp_path / "vigie.prom").read_text())
    opened = [
        (dict(labels), value)
        for (name, labels), value in found.items()
        if name == "vigie_findings_open"
    ]
    assert [(labels["ght"], labels["establishment"], value) for labels, value in opened] == [
        ("ght", "chu", 1.0)
    ]
    assert found["vigie_up", frozenset()] == 1
    assert found["vigie_holds_active", frozenset()] == 1
    of_chu = frozenset({("ght", "ght"), ("establishment", "chu")})
    ends = found["vigie_mandate_end_timestamp_seconds", of_chu]
    # The last microsecond of its last day, in Paris.
    assert round(ends) == datetime(2026, 6, 30, 22, tzinfo=UTC).timestamp()
    mail = frozenset({("channel", "mail"), ("state", "waiting")})
    assert found["vigie_outbox_entries", mail] == 1
    run = frozenset({("ght", "ght"), ("kind", "exposure")})
    assert found["vigie_run_last_complete", run] == 1
    assert (
        found["vigie_run_last_end_timestamp_seconds", run]
        == datetime(2026, 1, 16, tzinfo=UTC).timestamp()
    )


def test_a_store_that_fails_is_told(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    store = settings.open_store()
    store.close()
    (tmp_path / "state" / "vigie.db").write_bytes(b"no database" * 1000)
    write_metrics(settings, store, tmp_path / "vigie.prom")
    found = _read((tmp_path / "vigie.prom").read_text())
    assert found["vigie_up", frozenset()] == 0


@pytest.mark.parametrize(
    "written", ["0.0.0.0:9877", "192.0.2.1:9877", "localhost:1", "127.0.0.1", "127.0.0.1:0", ":1"]
)
def test_only_the_loopback_is_listened_on(written: str) -> None:
    with pytest.raises(UsageError):
        loopback_endpoint(written, Settings(language=Language.EN))


def test_served_until_interrupted(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        _fill(store)
    port = free_port()
    command = [sys.executable, "-m", "vigie", "--state-dir", str(tmp_path), "metrics"]
    served = subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"])
    try:
        until = time.monotonic() + 60
        text = ""
        while not text and time.monotonic() < until:
            try:
                text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            except httpx.TransportError:
                time.sleep(0.1)
        assert _read(text)["vigie_up", frozenset()] == 1
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(30) == 130
