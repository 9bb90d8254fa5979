"""The outbox: queued once, held by one sender, nothing lost, nothing sent twice unasked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.store.outbox import HOLD, Letter, Outbox, Sending
from core.store.store import Store
from tests.servers.postgres import Cluster

NOW = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def letter(key: str = "run-1", channel: str = "mail", destination: str = "rssi") -> Letter:
    return Letter(channel=channel, destination=destination, key=key, ght="ght", body="{}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


def test_the_same_is_queued_once(outbox: Outbox) -> None:
    both = [letter(), letter(), letter("run-2"), letter(destination="dsi"), letter(channel="x")]
    assert outbox.enqueue(both, NOW, NOW) == 4
    assert outbox.enqueue(both, NOW + SECOND, NOW) == 0
    assert len(outbox.entries()) == 4


def test_what_was_sent_is_not_queued_again(outbox: Outbox) -> None:
    outbox.enqueue([letter()], NOW, NOW)
    (taken,) = outbox.take(["mail"], NOW)
    assert outbox.done(taken, NOW)
    assert outbox.enqueue([letter()], NOW, NOW) == 0
    assert outbox.take(["mail"], NOW + timedelta(days=400)) == []
    (kept,) = outbox.entries(states=[Sending.SENT])
    assert kept.sent_at == NOW


def test_nothing_is_taken_before_its_time_nor_for_another_channel(outbox: Outbox) -> None:
    outbox.enqueue([letter()], NOW, NOW + SECOND)
    assert outbox.take(["mail"], NOW) == []
    assert outbox.take(["webhook"], NOW + SECOND) == []
    assert outbox.take([], NOW + SECOND) == []
    assert [one.key for one in outbox.take(["mail", "webhook"], NOW + SECOND)] == ["run-1"]


def test_who_dies_before_sending_loses_nothing(outbox: Outbox) -> None:
    outbox.enqueue([letter()], NOW, NOW)
    (first,) = outbox.take(["mail"], NOW)
    assert outbox.take(["mail"], NOW + HOLD - SECOND) == []
    assert outbox.settle(NOW + HOLD) == 0
    (second,) = outbox.take(["mail"], NOW + HOLD)
    assert (first.attempts, second.attempts) == (1, 2)
    # The first was only slow, and wakes up: it sends nothing, and changes nothing.
    assert not outbox.sending(first)
    assert not outbox.done(first, NOW)
    assert not outbox.failed(first, "late")
    assert outbox.sending(second)
    assert outbox.done(second, NOW)


def test_who_dies_while_sending_leaves_it_to_a_person(outbox: Outbox) -> None:
    outbox.enqueue([letter()], NOW, NOW)
    (taken,) = outbox.take(["mail"], NOW)
    assert outbox.sending(taken)
    assert outbox.settle(NOW + HOLD - SECOND) == 0
    assert outbox.settle(NOW + HOLD) == 1
    assert outbox.take(["mail"], NOW + 2 * HOLD) == []
    (kept,) = outbox.entries(states=[Sending.UNSURE])
    assert outbox.again(kept.id, NOW + HOLD)
    assert not outbox.again(kept.id, NOW + HOLD)
    assert [one.id for one in outbox.take(["mail"], NOW + HOLD)] == [kept.id]


def test_a_refusal_is_tried_again_then_given_up(outbox: Outbox) -> None:
    outbox.enqueue([letter()], NOW, NOW)
    (taken,) = outbox.take(["mail"], NOW)
    assert outbox.sending(taken)
    assert outbox.retry(taken, NOW + HOLD, "451\r\n\x1b[31m later " + "x" * 999)
    (kept,) = outbox.entries()
    assert kept.state is Sending.WAITING
    assert kept.last_error.startswith("451 [31m later xxx")
    assert len(kept.last_error) == 300
    (again,) = outbox.take(["mail"], NOW + HOLD)
    assert outbox.failed(again, "550")
    assert not outbox.retry(again, NOW, "no")
    assert outbox.counts() == {("mail", Sending.FAILED): 1}
    assert outbox.again(again.id, NOW)


def test_several_senders_never_hold_the_same(store: Store, outbox: Outbox) -> None:
    outbox.enqueue([letter(f"{number}") for number in range(40)], NOW, NOW)

    def take(_: int) -> list[int]:
        return [one.id for one in Outbox(store).take(["mail"], NOW, limit=3)]

    with ThreadPoolExecutor(8) as pool:
        taken = [one for some in pool.map(take, range(40)) for one in some]
    assert len(taken) == len(set(taken)) == 40


def test_the_mark_of_sending_outlives_a_power_cut(tmp_path: Path) -> None:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    outbox = Outbox(opened)
    outbox.enqueue([letter()], NOW, NOW)
    (taken,) = outbox.take(["mail"], NOW)
    assert outbox.sending(taken)
    with opened.reading() as db:
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    opened.close()
