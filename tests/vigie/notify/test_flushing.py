"""What is queued leaves once; what cannot leave waits or is given up; what is cut is unsure."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio
import trustme

from core.inventory import Inventory
from core.news import News
from core.operations import Operations, Recipient
from core.store.outbox import HOLD, Letter, Outbox, Sending
from core.store.store import Store
from inventories.windows import parse_window
from tests.on_trio import on_trio
from tests.servers.mail import HOST, mail_server, scripted
from tests.vigie.notify.region import NOW, a_run, bring, inventory, operations
from vigie.config import Settings
from vigie.notify.flushing import Flushed, flush, wait_s
from vigie.notify.queueing import after_run
from vigie.notify.writing import message_id

RSSI = Recipient(id="rssi", mail="rssi@chu.example")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def queue(store: Store, *keys: str, kind: str = "digest", destination: str = "rssi") -> None:
    news = News(kind=kind, ght="ght-exemple", ght_name="GHT Exemple", at=NOW)
    body = msgspec.json.encode(news).decode()
    letters = [
        Letter(channel="mail", destination=destination, key=key, ght="ght-exemple", body=body)
        for key in keys
    ]
    Outbox(store).enqueue(letters, NOW, NOW)


async def flushed(
    store: Store, told: Operations, ours: Inventory, folder: Path, at: datetime = NOW
) -> Flushed:
    settings = Settings(state_dir=folder)
    return await flush(store, told, {ours.ght.id: ours}, settings, now=lambda: at)


def test_a_run_is_told_from_the_store_to_the_mailbox(
    store: Store, tmp_path: Path, authority: trustme.CA
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    (tmp_path / "word").write_text("secret word\n")
    (tmp_path / "word").chmod(0o600)
    with mail_server(authority) as server:
        ours = inventory(mail=f"{HOST}:{server.port}")
        told = operations(
            tmp_path, port=server.port, tls="starttls", ca_file=str(ca_file), recipients=[RSSI]
        )
        assert told.mail is not None
        account = msgspec.structs.replace(told.mail, user="vigie", password="file:word")
        told = msgspec.structs.replace(told, mail=account)
        run = a_run(ours)
        store.start_run(run)
        bring(store, run)

        async def tell() -> list[Flushed]:
            await after_run(store, told, run, now=NOW)
            return [await flushed(store, told, ours, tmp_path) for _ in range(2)]

        assert trio.run(tell) == [Flushed(sent=2), Flushed()]
        subjects = sorted(one["Subject"].strip() for one in server.box.messages())
    assert subjects == [
        "[TLP:AMBER+STRICT] Vigie - Alerte pour GHT Exemple : 1 nouveau",
        "[TLP:AMBER+STRICT] Vigie - Bilan de surveillance de GHT Exemple : 1 nouveau",
    ]


@on_trio
async def test_a_relay_that_the_inventory_does_not_name_is_not_contacted(
    store: Store, tmp_path: Path
) -> None:
    queue(store, "a")
    async with scripted(b"220 never\r\n") as port:
        for ours in (inventory(), inventory(mail=f"{HOST}:{port + 1}")):
            told = operations(tmp_path, port=port, recipients=[RSSI])
            done = await flushed(store, told, ours, tmp_path, NOW + HOLD * (len(ours.path)))
            assert done.waiting <= 1
    (one,) = Outbox(store).entries()
    assert one.state is Sending.WAITING
    assert "[services] mail of ght-exemple does not name" in one.last_error


@on_trio
async def test_a_relay_that_is_down_is_asked_once(store: Store, tmp_path: Path) -> None:
    queue(store, "a", "b", "c")
    ours, told = inventory(mail=HOST), operations(tmp_path, port=1, recipients=[RSSI])
    assert await flushed(store, told, ours, tmp_path) == Flushed(waiting=1)
    due = sorted(one.not_before for one in Outbox(store).entries())
    assert due[:2] == [NOW, NOW]
    assert timedelta(seconds=45) < due[2] - NOW < timedelta(seconds=75)


@on_trio
async def test_it_is_given_up_after_so_many_tries(store: Store, tmp_path: Path) -> None:
    queue(store, "a")
    ours, told = inventory(mail=HOST), operations(tmp_path, port=1, recipients=[RSSI])
    at, ends = NOW, list[Flushed]()
    for _ in range(told.notify.tries + 1):
        ends.append(await flushed(store, told, ours, tmp_path, at))
        at += timedelta(hours=8)
    assert [one.waiting for one in ends] == [1] * (told.notify.tries - 1) + [0, 0]
    assert [one.failed for one in ends] == [0] * (told.notify.tries - 1) + [1, 0]


@on_trio
async def test_what_is_cut_after_the_dot_is_left_to_a_person(store: Store, tmp_path: Path) -> None:
    queue(store, "a")
    ok = b"250 OK\r\n"
    async with scripted(b"220 a\r\n", ok, ok, ok, b"354 go\r\n", None) as port:
        ours = inventory(mail=HOST)
        told = operations(tmp_path, port=port, recipients=[RSSI])
        assert await flushed(store, told, ours, tmp_path) == Flushed(unsure=1)
        assert await flushed(store, told, ours, tmp_path, NOW + 4 * HOLD) == Flushed()
    (one,) = Outbox(store).entries(states=[Sending.UNSURE])
    assert "after the last dot" in one.last_error


@on_trio
async def test_who_is_gone_from_the_file_is_told_nothing(store: Store, tmp_path: Path) -> None:
    queue(store, "a", destination="gone")
    done = await flushed(store, operations(tmp_path), inventory(mail=HOST), tmp_path)
    assert done == Flushed(failed=1)


@on_trio
async def test_quiet_hours_hold_what_was_late(store: Store, tmp_path: Path) -> None:
    window = parse_window("Mon-Sun 08:00-18:00")
    assert window is not None
    quiet = msgspec.structs.replace(RSSI, quiet=(window,))
    queue(store, "digest")
    queue(store, "alert", kind="alert")
    ours, told = inventory(mail=HOST), operations(tmp_path, port=1, recipients=[quiet])
    await flushed(store, told, ours, tmp_path)
    held = {one.key: one for one in Outbox(store).entries()}
    assert held["digest"].last_error == "quiet hours"
    assert held["digest"].not_before == NOW.replace(hour=16)
    assert held["alert"].last_error.startswith("refused")


def test_waits_grow_are_bounded_and_never_quite_the_same() -> None:
    waits = [[wait_s(attempts) for _ in range(50)] for attempts in (1, 5, 16, 10_000)]
    for some, steady in zip(waits, (60, 960, 21_600, 21_600), strict=True):
        assert steady * 0.8 <= min(some) < max(some) <= steady * 1.2


@pytest.mark.slow
def test_killed_at_every_step_nothing_is_sent_twice_nor_lost(
    store: Store, tmp_path: Path, authority: trustme.CA
) -> None:
    keys = [f"run-{number}" for number in range(30)]
    queue(store, *keys)
    deaths = 54
    with mail_server(authority, plain=True) as server:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.vigie.notify.dying",
                store.url,
                str(server.port),
                str(deaths),
            ],
            cwd=ROOT,
            check=True,
            timeout=300,
        )
        came = Counter(str(one["Message-ID"]).strip() for one in server.box.messages())
    kept = {one.key: one for one in Outbox(store).entries()}
    assert set(kept) == set(keys)
    states = Counter(one.state for one in kept.values())
    assert set(states) == {Sending.SENT, Sending.UNSURE}
    assert states[Sending.SENT] >= len(keys) // 2
    for key, one in kept.items():
        count = came[message_id("rssi", key, "vigie@grades.example")]
        assert count == 1 if one.state is Sending.SENT else count <= 1, key
    # Killed after the dot and before the answer: those are there, and told as unsure.
    assert any(
        came[message_id("rssi", key, "vigie@grades.example")]
        for key, one in kept.items()
        if one.state is Sending.UNSURE
    )
