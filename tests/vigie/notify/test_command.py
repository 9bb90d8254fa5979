"""``vigie notify``: sends, shows, tries, and lets a person decide what is unsure."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trustme

from core.model import (
    Confidence,
    Criticality,
    Flagged,
    Judged,
    Place,
    Proof,
    Transport,
)
from core.news import News
from core.store.outbox import HOLD, Letter, Outbox
from core.store.store import Store
from inventories.load import load_inventory
from tests.core.test_store import a_run
from tests.servers.mail import HOST, MailServer, mail_server
from vigie.cli import run

INVENTORY = """
schema = 1
lab = true

[ght]
id = "ght-exemple"
name = "GHT Exemple"

[[establishments]]
id = "chu"
name = "CHU d'Exemple"
ranges = ["203.0.113.0/24"]

[[mandates]]
establishments = ["chu"]
signed_by = "DG"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2099-12-31
intensity = "standard"

[services]
mail = "{host}:{port}"
"""
REGION = """
schema = 1
inventories = ["ght.toml"]

[mail]
server = "{host}:{port}"
tls = "none"
from = "vigie@grades.example"

[[recipients]]
id = "rssi"
mail = "rssi@chu.example"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server(trustme.CA(), plain=True) as one:
        yield one


@pytest.fixture
def folder(server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    server.box.came.clear()
    place = {"host": HOST, "port": server.port}
    (tmp_path / "ght.toml").write_text(INVENTORY.format(**place))
    (tmp_path / "region.toml").write_text(REGION.format(**place))
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def vigie(*arguments: str) -> int:
    return run(["--lang", "en", "notify", *arguments])


def fill(folder: Path) -> None:
    now = datetime.now(UTC)
    news = News(kind="digest", ght="ght-exemple", ght_name="GHT Exemple", at=now)
    body = msgspec.json.encode(news).decode()
    letter = Letter(channel="mail", destination="rssi", key="k", ght="ght-exemple", body=body)
    with closing(Store(f"sqlite:///{folder / 'state' / 'vigie.db'}")) as store:
        Outbox(store).enqueue([letter], now, now)


def test_what_waits_is_shown_then_sent(
    folder: Path, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder)
    file = ["--operations", str(folder / "region.toml")]
    assert vigie("send", "--dry-run", *file) == 0
    assert "[TLP:AMBER+STRICT] Vigie - Bilan" in capsys.readouterr().out
    assert not server.box.came
    assert vigie("send", *file) == 0
    assert vigie("send", *file) == 0
    assert len(server.box.came) == 1
    capsys.readouterr()
    assert vigie("list") == 0
    assert "sent" in capsys.readouterr().out


def test_a_person_decides_what_is_unsure(
    folder: Path, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(folder)
    file = ["--operations", str(folder / "region.toml")]
    with closing(Store(f"sqlite:///{folder / 'state' / 'vigie.db'}")) as store:
        outbox = Outbox(store)
        long_ago = datetime.now(UTC) + timedelta(seconds=1)
        (taken,) = outbox.take(["mail"], long_ago, hold=-HOLD)
        assert outbox.sending(taken)
    assert vigie("send", *file) == 3
    assert "ask the recipient" in capsys.readouterr().err
    assert not server.box.came
    assert vigie("list", "--unsure") == 0
    number = capsys.readouterr().out.split()[0]
    assert vigie("again", number) == 0
    assert vigie("again", number) == 2
    assert vigie("send", *file) == 0
    assert len(server.box.came) == 1
    with closing(Store(f"sqlite:///{folder / 'state' / 'vigie.db'}")) as store:
        assert [what for _, _, what, _ in store.journal()] == ["send-again"]


def test_a_message_of_trial(
    folder: Path, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--operations", str(folder / "region.toml")]
    assert vigie("test", "rssi", *file) == 0
    (came,) = server.box.messages()
    assert "essai" in came["Subject"]
    assert vigie("test", "nobody", *file) == 2
    assert "known: rssi" in capsys.readouterr().err
    (folder / "ght.toml").write_text(INVENTORY.format(host="other.example", port=587))
    assert vigie("test", "rssi", *file) == 5
    assert "does not name" in capsys.readouterr().err


def test_a_run_started_by_hand_is_told_once(
    folder: Path, server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(establishment="chu", ip="203.0.113.10", port=22, transport=Transport.TCP)
    proof = Proof("answered", {"protocol": "ssh", "evidence": "SSH-2.0-x"})
    at = datetime.now(UTC)
    verdict = Flagged(place, Confidence.CERTAIN, (proof,), criticality=Criticality.CRITICAL)
    scanned = a_run()
    scanned = msgspec.structs.replace(
        scanned, ght="ght-exemple", inventory=load_inventory(folder / "ght.toml")
    )
    with closing(Store(f"sqlite:///{folder / 'state' / 'vigie.db'}")) as store:
        store.start_run(scanned)
        store.keep(scanned, judged=[Judged(check="ssh.exposed", verdict=verdict, at=at)])
        store.end_run(scanned.id, at=at, complete=True)
    file = ["--operations", str(folder / "region.toml"), "--run", "run-1"]
    assert vigie("send", *file) == 0
    assert vigie("send", *file) == 0
    came = server.box.messages()
    subjects = [str(one["Subject"]) for one in came]
    assert len(subjects) == len(set(subjects)) == 2
    assert all("TLP:AMBER+STRICT" in one for one in subjects)
    assert "sent: 0" in capsys.readouterr().err
    assert not any("203.0.113.10" in one.as_string() for one in came)
