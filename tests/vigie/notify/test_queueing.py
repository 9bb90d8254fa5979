"""Each is told what concerns it, once, at an hour that it accepts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio

from core.model import Confidence, Criticality, Flagged, Judged, Language, Place, Proof
from core.news import News
from core.operations import Operations, Recipient, Webhook
from core.store.outbox import Entry, Outbox
from core.store.store import Run, Store
from inventories.windows import parse_window
from reports.digest import as_html, as_text, digest
from tests.vigie.notify.region import NOW, a_run, bring, inventory, operations
from vigie.notify.queueing import (
    after_feeds,
    after_run,
    before_mandates_end,
    quiet_until,
    urgent_of_run,
)
from vigie.rejudging import Touched

EVERYONE = Recipient(id="region", mail="a@grades.example")
CHU = Recipient(id="chu", mail="b@chu.example", establishments=("chu",))
OTHER = Recipient(id="other", mail="c@o.example", ghts=("ght-autre",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    yield opened
    opened.close()


def tell(store: Store, told: Operations, run: Run, now: datetime = NOW) -> int:
    async def queue() -> int:
        return await after_run(store, told, run, now=now)

    return trio.run(queue)


def waiting(store: Store) -> dict[tuple[str, str], tuple[Entry, News]]:
    return {
        (one.destination, one.key): (one, msgspec.json.decode(one.body, type=News))
        for one in Outbox(store).entries()
    }


def test_a_digest_and_an_alert_are_queued_once(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    store.start_run(run)
    grave = bring(store, run)
    bring(store, run, establishment="ch", gravity=2)
    bring(store, run, states=("new", "open"), gravity=1, exploited=True)
    bring(store, run, states=("fixed",), gravity=3)
    told = operations(tmp_path, recipients=[EVERYONE, CHU, OTHER])
    assert tell(store, told, run) == 4
    assert tell(store, told, run, NOW + timedelta(days=1)) == 0
    found = waiting(store)
    _, alert = found["region", "alert:run-1"]
    assert {one.gravity for one in alert.items} == {4, 1}
    assert grave in {one.fingerprint for one in alert.items}
    _, whole = found["region", "digest:run-1"]
    assert sorted(one.what for one in whole.items) == ["fixed", "new", "new", "new"]
    _, part = found["chu", "digest:run-1"]
    assert {one.establishment for one in part.items} == {"chu"}
    assert part.names == {"chu": "CHU d'Exemple"}
    assert "Bourg" not in found["chu", "digest:run-1"][0].body


def test_what_becomes_critical_is_told_at_once(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    store.start_run(run)
    critical = bring(store, run, states=("open",), why="graver")
    bring(store, run, states=("open",), why="graver", gravity=2)
    bring(store, run, states=("accepted",), why="graver", gravity=3)
    assert tell(store, operations(tmp_path, recipients=[EVERYONE]), run) == 2
    found = waiting(store)
    (alert,) = found["region", "alert:run-1"][1].items
    assert (alert.what, alert.fingerprint) == ("graver", critical)
    _, whole = found["region", "digest:run-1"]
    assert [(one.what, one.gravity) for one in whole.items] == [("graver", 4), ("graver", 2)]
    assert "Constats aggravés" in as_text(digest(whole, Language.FR, "Europe/Paris"))


def test_what_is_grave_does_not_wait_for_the_end_of_a_run(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    store.start_run(run)
    first = bring(store, run)
    told = operations(tmp_path, recipients=[EVERYONE])
    assert trio.run(partial(urgent_of_run, store, told, run, now=NOW)) == 1
    assert trio.run(partial(urgent_of_run, store, told, run, now=NOW)) == 0
    later = bring(store, run, establishment="ch")
    assert tell(store, told, run) == 2, "its digest, and an alert of what came since"
    assert tell(store, told, run) == 0
    found = waiting(store)
    assert [one.fingerprint for one in found["region", "alert:run-1"][1].items] == [first]
    assert [one.fingerprint for one in found["region", "alert:run-1:1"][1].items] == [later]


def test_what_stands_is_told_once_a_day(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    store.start_run(run)
    bring(store, run, states=(), due_at="2026-05-01T00:00:00.000000+00:00")
    told = operations(tmp_path, recipients=[EVERYONE])
    assert tell(store, told, run) == 1
    assert tell(store, told, a_run(inventory(), 2), NOW + timedelta(hours=3)) == 0
    assert tell(store, told, a_run(inventory(), 3), NOW + timedelta(days=1)) == 1
    _, news = waiting(store)["region", "standing:ght-exemple:2026-06-01"]
    assert [one.what for one in news.items] == ["overdue"]


def test_nothing_to_tell_is_not_told(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    store.start_run(run)
    assert tell(store, operations(tmp_path, recipients=[EVERYONE]), run) == 0


def test_quiet_hours_hold_the_digest_and_not_the_alert(store: Store, tmp_path: Path) -> None:
    window = parse_window("Mon-Sun 20:00-07:00")
    assert window is not None
    quiet = msgspec.structs.replace(EVERYONE, quiet=(window,))
    deaf = msgspec.structs.replace(quiet, id="deaf", alerts_pierce=False)
    run = a_run(inventory())
    store.start_run(run)
    bring(store, run)
    night = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
    tell(store, operations(tmp_path, recipients=[quiet, deaf]), run, night)
    morning = datetime(2026, 6, 2, 5, 0, tzinfo=UTC)
    found = {key: entry.not_before for key, (entry, _) in waiting(store).items()}
    assert found == {
        ("region", "digest:run-1"): morning,
        ("region", "alert:run-1"): night,
        ("deaf", "digest:run-1"): morning,
        ("deaf", "alert:run-1"): morning,
    }
    # On the night when clocks go back, the same hours of the wall.
    autumn = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert quiet_until(quiet, autumn) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
    assert quiet_until(EVERYONE, autumn) == autumn


def test_the_end_of_a_mandate_is_told_at_60_30_and_7_days(store: Store, tmp_path: Path) -> None:
    told = operations(
        tmp_path, recipients=[EVERYONE, CHU], webhooks=[Webhook(id="w", url="", secret="")]
    )
    end = datetime(2026, 7, 31, 9, 0, tzinfo=UTC)

    async def on(days: int) -> int:
        return await before_mandates_end(store, told, [inventory()], now=end - timedelta(days=days))

    new = {days: trio.run(on, days) for days in (90, 61, 60, 59, 31, 30, 29, 8, 7, 1, 0, -1)}
    assert {days for days, count in new.items() if count} == {60, 30, 7}
    assert set(new.values()) == {0, 3}
    news = [news for (who, _), (_, news) in waiting(store).items() if who == "chu"]
    assert all(one.mandate and one.mandate.establishments == ("chu",) for one in news)
    words = digest(news[-1], Language.FR, "Europe/Paris")
    assert "31\u00a0juillet\u00a02026" in as_text(words)


def test_a_mandate_that_another_follows_is_not_told(store: Store, tmp_path: Path) -> None:
    first = inventory()
    (mandate,) = first.mandates
    after = msgspec.structs.replace(
        mandate,
        establishments=("chu",),
        valid_from=date(2026, 8, 1),
        valid_until=date(2027, 7, 31),
    )
    both = msgspec.structs.replace(first, mandates=(mandate, after))

    async def queue() -> int:
        told = operations(tmp_path, recipients=[EVERYONE, CHU])
        return await before_mandates_end(store, told, [both], now=datetime(2026, 7, 1, tzinfo=UTC))

    assert trio.run(queue) == 1
    ((_, news),) = waiting(store).values()
    assert news.mandate is not None
    assert news.mandate.establishments == ("ch",)


def test_what_feeds_tell_makes_an_alert_once_for_each_flaw(store: Store, tmp_path: Path) -> None:
    run = a_run(inventory())
    verdict = Flagged(
        Place(establishment="chu", ip="203.0.113.10", port=443),
        Confidence.CERTAIN,
        (Proof("x"),),
        criticality=Criticality.CRITICAL,
    )
    judged = Judged(check="product.known-exploited", verdict=verdict, at=NOW)

    async def queue(*cves: str) -> int:
        touched = [Touched(run=run, judged=judged, cves=cves)]
        told = operations(tmp_path, recipients=[EVERYONE])
        return await after_feeds(store, told, touched, now=NOW)

    assert [trio.run(queue, one) for one in ("CVE-2026-1", "CVE-2026-1", "CVE-2026-2")] == [1, 0, 1]


@pytest.mark.parametrize("language", list(Language))
def test_words_are_inert_and_tell_no_detail(language: Language) -> None:
    news = News(
        kind="digest",
        ght="g",
        ght_name="<script>\r\nBcc: x",
        at=NOW,
        run="r",
        run_kind="directory",
        is_complete=False,
    )
    told = digest(news, language, "Europe/Paris")
    assert told.subject.startswith("[TLP:RED] ")
    assert "\n" not in told.subject
    assert "<script>" not in as_html(told)
    assert as_text(told).count("TLP:RED") == 2
