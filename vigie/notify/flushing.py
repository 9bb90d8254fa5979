"""Sends what waits in the outbox, one piece at a time, and writes down what became of each.

A mail is marked just before the dot after which the relay may have it: cut there, it is *unsure*
and a person decides. A webhook is known by its key, and simply posted again.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import trio

from core.errors import OutOfScope, UsageError
from core.inventory import Inventory
from core.news import News
from core.operations import Operations, Recipient, Webhook
from core.secrets import Secret
from core.store.outbox import Entry, Outbox
from core.store.store import Store
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from vigie.config import Settings
from vigie.credentials import read_secret
from vigie.notify.details import report_of
from vigie.notify.outcome import MaybeDelivered, NoLongerOurs, Undelivered
from vigie.notify.queueing import MAIL, WEBHOOK, is_held, quiet_until
from vigie.notify.smtp import Relay
from vigie.notify.webhook import post
from vigie.notify.writing import write_mail
from vigie.services import address_finder

_aside = trio.to_thread.run_sync

_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 6 * 3600.0
_TRIAL = b"<!doctype html><html lang=fr><title>Vigie</title><p>Vigie</p></html>"
"""What a test message encrypts."""
_DICE = random.SystemRandom()


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """What one flush did."""

    sent: int = 0
    waiting: int = 0
    """Not sent, to be tried again."""
    failed: int = 0
    """Given up."""
    unsure: int = 0
    """Cut, now or in a flush that died: a person must look."""


class Sender:
    """Sends by mail and webhook for one operations file."""

    def __init__(
        self,
        operations: Operations,
        inventories: Mapping[str, Inventory],
        settings: Settings,
        *,
        relay: Callable[..., Relay] = Relay,
    ) -> None:
        """``inventories``: GHT → its inventory, as its file is now."""
        self.operations = operations
        self._inventories = inventories
        self._settings = settings
        self._relay = relay
        self._recipients = {one.id: one for one in operations.recipients}
        self._webhooks = {one.id: one for one in operations.webhooks}

    async def flush(self, store: Store, now: Callable[[], datetime]) -> Flushed:
        """Send all that is due."""
        outbox = Outbox(store)
        counts = dict.fromkeys(Flushed.__struct_fields__, 0)
        counts["unsure"] = await _aside(outbox.settle, now())
        channels = {MAIL, WEBHOOK}
        while channels:
            taken = await _aside(outbox.take, sorted(channels), now())
            if not taken:
                break
            became, is_down = await self._send_one(store, outbox, taken[0], now)
            counts[became] += 1
            if is_down:
                # What is behind it would fail the same; it stays due.
                channels.discard(taken[0].channel)
        return msgspec.convert(counts, Flushed)

    async def deliver(
        self,
        store: Store,
        channel: str,
        destination: str,
        key: str,
        news: News,
        now: datetime,
        *,
        before_dot: Callable[[], Awaitable[None]],
    ) -> None:
        """Send one piece now; raises as :mod:`vigie.notify.outcome` says."""
        if channel == WEBHOOK:
            webhook = self._webhooks.get(destination)
            if webhook is None:
                raise Undelivered("no such webhook in the operations file", for_good=True)
            await self._post(webhook, key, news, now)
            return
        recipient = self._recipients.get(destination)
        if recipient is None:
            raise Undelivered("no such recipient in the operations file", for_good=True)
        await self._mail(store, recipient, key, news, now, before_dot)

    async def _send_one(
        self, store: Store, outbox: Outbox, entry: Entry, now: Callable[[], datetime]
    ) -> tuple[str, bool]:
        """Give what became of it, and whether its channel is to be left alone now."""
        news = msgspec.json.decode(entry.body, type=News)
        recipient = self._recipients.get(entry.destination)
        if entry.channel == MAIL and recipient is not None and is_held(recipient, news):
            end = quiet_until(recipient, now())
            if end > now():
                await _aside(outbox.retry, entry, end, "quiet hours")
                return "waiting", False
        is_mail = entry.channel == MAIL

        async def before_dot() -> None:
            if not await _aside(outbox.sending, entry):
                raise NoLongerOurs

        try:
            await self.deliver(
                store,
                entry.channel,
                entry.destination,
                entry.key,
                news,
                now(),
                before_dot=before_dot,
            )
        except NoLongerOurs:
            return "waiting", False
        except MaybeDelivered as error:
            await _aside(outbox.unsure, entry, str(error))
            return "unsure", is_mail
        except Undelivered as error:
            if error.for_good or entry.attempts >= self.operations.notify.tries:
                await _aside(outbox.failed, entry, str(error))
                return "failed", error.is_down and is_mail
            after = now() + timedelta(seconds=max(error.after_s, wait_s(entry.attempts)))
            await _aside(outbox.retry, entry, after, str(error))
            return "waiting", error.is_down and is_mail
        # Shielded: it was sent, and a stop must not make that unknown.
        with trio.CancelScope(shield=True):
            await _aside(outbox.done, entry, now())
        return "sent", False

    async def _mail(
        self,
        store: Store,
        recipient: Recipient,
        key: str,
        news: News,
        now: datetime,
        before_dot: Callable[[], Awaitable[None]],
    ) -> None:
        server = self.operations.mail
        if server is None:
            raise Undelivered("no [mail] in the operations file", is_down=True)
        address = await self._address(news.ght, MAIL, server.host, server.port)
        password = self._secret(server.password) if server.user else None
        report = _TRIAL if news.kind == "test" else None
        if news.run and (recipient.can_seal or recipient.details_in_clear):
            report = await _aside(
                report_of, store, news.run, recipient.establishments, recipient.language, now
            )
            if report is not None and not recipient.can_seal:
                detail = {"recipient": recipient.id, "run": news.run}
                await _aside(
                    partial(store.note, at=now, who="vigie", what="mailed-in-clear", detail=detail)
                )
        message = await write_mail(
            news,
            recipient,
            key,
            report,
            sender=server.sender,
            folder=await _aside(self._scratch),
            now=now,
        )
        await self._relay(server, address, password).send(recipient.mail, message, before_dot)

    async def _post(self, webhook: Webhook, key: str, news: News, now: datetime) -> None:
        host, port = url_endpoint(webhook.url) or ("", 0)
        address = await self._address(news.ght, WEBHOOK, host, port)
        await post(webhook, address, self._secret(webhook.secret), key, news, now)

    async def _address(self, ght: str, kind: str, host: str, port: int) -> str:
        inventory = self._inventories.get(ght)
        if inventory is None:
            raise Undelivered(f"no inventory of {ght} in the operations file")
        try:
            ServiceScope(inventory).permit_service(kind, host, port)
        except OutOfScope:
            raise Undelivered(f"[services] {kind} of {ght} does not name {host}:{port}") from None
        try:
            return await address_finder(inventory)(host)
        except OSError as error:
            raise Undelivered(f"unresolved: {error}", is_down=True) from error

    def _secret(self, reference: str) -> Secret:
        try:
            return read_secret(reference, self._settings, folder=Path(self.operations.path).parent)
        except UsageError as error:
            raise Undelivered(str(error), is_down=True) from error

    def _scratch(self) -> Path:
        folder = self._settings.state() / "notify"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


async def flush(
    store: Store,
    operations: Operations,
    inventories: Mapping[str, Inventory],
    settings: Settings,
    *,
    now: Callable[[], datetime],
) -> Flushed:
    """Send all that is due; never raises for what another machine did.

    ``inventories``: GHT → its inventory. Several machines may flush one store at the same time.
    """
    return await Sender(operations, inventories, settings).flush(store, now)


def wait_s(attempts: int) -> float:
    """Give how long to wait after so many tries: doubling, bounded, never quite the same."""
    steady = min(_FIRST_WAIT_S * 2.0 ** min(attempts - 1, 32), _LONGEST_WAIT_S)
    return steady * _DICE.uniform(0.8, 1.2)
