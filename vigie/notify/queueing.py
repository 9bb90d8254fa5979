"""Puts what there is to tell into the outbox, once for each who is to know.

Whoever runs scans calls :func:`after_run` after each, :func:`after_feeds` after new feeds were
judged, :func:`before_mandates_end` once a day; then :func:`vigie.notify.flushing.flush`. Each may
be called again after a crash: the same is never queued twice.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import trio

from core.inventory import Inventory
from core.model import Criticality, Flagged, fingerprint
from core.news import CALLING, Item, MandateEnd, News
from core.operations import Operations, Recipient, Webhook
from core.store.news import brought, standing
from core.store.outbox import Entry, Letter, Outbox
from core.store.store import Run, Store
from inventories.windows import Calendar
from vigie.rejudging import Touched
from vigie.schedule.mandates import mandate_warnings

MAIL, WEBHOOK = "mail", "webhook"
_ALERT = "alert:"
"""Begins the key of what a run found urgent."""


async def after_run(store: Store, operations: Operations, run: Run, *, now: datetime) -> int:
    """Queue the digest of a run, and the alert when there is cause; gives how many were new.

    After the run's changes are in the journal of findings. What merely stands (overdue, expiring)
    is told with what changed, else once a day.
    """
    return await trio.to_thread.run_sync(_after_run, store, operations, run, now)


async def urgent_of_run(store: Store, operations: Operations, run: Run, *, now: datetime) -> int:
    """Queue the alert alone of a run that is to be taken up; gives how many were new."""
    return await trio.to_thread.run_sync(_urgent_of_run, store, operations, run, now)


async def after_feeds(
    store: Store, operations: Operations, touched: Sequence[Touched], *, now: datetime
) -> int:
    """Queue an alert for what new feeds tell to be exploited; gives how many were new."""
    return await trio.to_thread.run_sync(_after_feeds, store, operations, touched, now)


async def before_mandates_end(
    store: Store, operations: Operations, inventories: Iterable[Inventory], *, now: datetime
) -> int:
    """Queue what says that a mandate ends in 60, 30 or 7 days; gives how many were new.

    Nothing is said where another mandate follows without a gap.
    """
    found = [pair for one in inventories for pair in _mandates_ending(one, now)]
    return await trio.to_thread.run_sync(_queue, store, operations, found, now)


def quiet_until(recipient: Recipient, at: datetime) -> datetime:
    """Give the end of the quiet hours that hold ``at``; ``at`` itself outside of them."""
    if not recipient.quiet:
        return at
    hours = Calendar(ZoneInfo(recipient.timezone), date.min, date.max, recipient.quiet)
    end = hours.closes(at) if hours.is_open(at) else at
    return at if end is None else end


def is_held(recipient: Recipient, news: News) -> bool:
    """Tell whether quiet hours hold this back."""
    return news.kind != "test" and not (news.kind == "alert" and recipient.alerts_pierce)


def _after_run(store: Store, operations: Operations, run: Run, now: datetime) -> int:
    ght = run.inventory.ght
    today = now.astimezone(ZoneInfo(ght.timezone)).date()
    until = today + timedelta(days=operations.notify.expiring_days)
    changed = brought(store, run.id)
    stands = list(standing(store, ght.id, run.id, now, until))
    news = _of_run("digest", run, now, (*changed, *stands))
    found: list[tuple[str, News]] = []
    if changed:
        found.append((f"digest:{run.id}", news))
    elif stands:
        found.append((f"standing:{ght.id}:{today}", news))
    found += _alerts(operations, run, now, changed)
    return _queue(store, operations, found, now)


def _urgent_of_run(store: Store, operations: Operations, run: Run, now: datetime) -> int:
    found = list(_alerts(operations, run, now, brought(store, run.id)))
    return _queue(store, operations, found, now)


def _alerts(
    operations: Operations, run: Run, now: datetime, changed: Iterable[Item]
) -> Iterable[tuple[str, News]]:
    least = list(Criticality).index(operations.notify.alert_from)
    urgent = tuple(
        one for one in changed if one.what in CALLING and (one.gravity >= least or one.exploited)
    )
    if urgent:
        yield f"{_ALERT}{run.id}", _of_run("alert", run, now, urgent)


def _of_run(kind: str, run: Run, now: datetime, items: tuple[Item, ...]) -> News:
    return News(
        kind=kind,
        ght=run.inventory.ght.id,
        ght_name=run.inventory.ght.name,
        at=now,
        run=run.id,
        run_kind=run.kind,
        is_complete=run.complete,
        names={one.id: one.name for one in run.inventory.establishments},
        items=items,
    )


def _after_feeds(
    store: Store, operations: Operations, touched: Sequence[Touched], now: datetime
) -> int:
    found: list[tuple[str, News]] = []
    for run in {one.run.id: one.run for one in touched}.values():
        ours = [one for one in touched if one.run.id == run.id]
        # The flaws make the key: what is told of a place today is told again for another flaw.
        said = sorted(f"{_identity(one)} {' '.join(one.cves)}" for one in ours)
        news = _of_run("alert", run, now, tuple(map(_item, ours)))
        found.append((f"exploited:{run.id}:{_digest(said)}", news))
    return _queue(store, operations, found, now)


def _item(one: Touched) -> Item:
    verdict = one.judged.verdict
    grave = verdict.criticality if isinstance(verdict, Flagged) else None
    return Item(
        what="new",
        fingerprint=_identity(one),
        check=one.judged.check,
        establishment=verdict.place.establishment,
        gravity=list(Criticality).index(grave or Criticality.CRITICAL),
        exploited=True,
    )


def _identity(one: Touched) -> str:
    return fingerprint(one.judged.check, one.judged.verdict.place)


def _mandates_ending(inventory: Inventory, now: datetime) -> Iterable[tuple[str, News]]:
    ght = inventory.ght
    today = now.astimezone(ZoneInfo(ght.timezone)).date()
    for one in mandate_warnings(inventory, today):
        which = _digest([one.document, *one.establishments])
        news = News(
            kind="mandate",
            ght=ght.id,
            ght_name=ght.name,
            at=now,
            names={who.id: who.name for who in inventory.establishments},
            mandate=MandateEnd(
                establishments=one.establishments, ends_on=one.ends_on, days=one.days_left
            ),
        )
        yield f"mandate:{ght.id}:{which}:{one.ends_on}:{one.threshold_days}", news


def _digest(said: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def _queue(
    store: Store, operations: Operations, found: Sequence[tuple[str, News]], now: datetime
) -> int:
    outbox, new = Outbox(store), 0
    everyone: list[Recipient | Webhook] = [*operations.recipients, *operations.webhooks]
    for key, news in found:
        for one in everyone:
            told = _for(one, news)
            if told is None:
                continue
            channel = MAIL if isinstance(one, Recipient) else WEBHOOK
            before = outbox.under(channel, one.id, key) if key.startswith(_ALERT) else []
            if before:
                # Of a run that was taken up: what it brought since.
                told = _without(told, before)
                if not told.items:
                    continue
            letter = Letter(
                channel=channel,
                destination=one.id,
                key=f"{key}:{len(before)}" if before else key,
                ght=news.ght,
                body=msgspec.json.encode(told).decode(),
            )
            held = isinstance(one, Recipient) and is_held(one, told)
            due = quiet_until(one, now) if isinstance(one, Recipient) and held else now
            new += outbox.enqueue([letter], now, due.astimezone(UTC))
    return new


def _without(news: News, before: Iterable[Entry]) -> News:
    said = {
        item.fingerprint
        for entry in before
        for item in msgspec.json.decode(entry.body, type=News).items
    }
    items = tuple(item for item in news.items if item.fingerprint not in said)
    return msgspec.structs.replace(news, items=items)


def _for(one: Recipient | Webhook, news: News) -> News | None:
    """Give what this destination may know of it; ``None``: nothing."""
    if news.kind not in one.wants or (one.ghts and news.ght not in one.ghts):
        return None
    if not one.establishments:
        return news
    items = tuple(item for item in news.items if item.establishment in one.establishments)
    mandate = news.mandate
    if mandate is not None:
        ours = tuple(who for who in mandate.establishments if who in one.establishments)
        mandate = msgspec.structs.replace(mandate, establishments=ours) if ours else None
    if not items and mandate is None:
        return None
    names = {who: name for who, name in news.names.items() if who in one.establishments}
    return msgspec.structs.replace(news, items=items, mandate=mandate, names=names)
