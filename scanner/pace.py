"""How fast and how many at once: whole, per prefix, per host. Counts, and waits in line."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from core.inventory import Limits

_BURST_SHARE = 0.02
"""1,000/s may be 20 ahead: what a timer of some milliseconds needs, under half of the 5 %."""
_SMALL_RATE = 50
"""Below this one packet is above 2 %: no burst, and a second holds 2 % less than it may."""
_FORGET_AT = 4_096
_TIDY_EVERY = 1_023


class Meter:
    """GCRA: one rate, any number of keys, no timer. A key at rest takes no memory."""

    __slots__ = ("_tidy_at", "due", "interval_s", "tolerance_s")

    def __init__(self, per_second: float) -> None:
        if per_second <= 0:
            raise ValueError("a rate is above zero")
        stretch = 1.0 + _BURST_SHARE if per_second < _SMALL_RATE else 1.0
        self.interval_s = stretch / per_second
        self.tolerance_s = max(0, int(per_second * _BURST_SHARE) - 1) * self.interval_s
        self.due: dict[int, float] = {}
        """By key, the moment at which it would be at rest (GCRA's theoretical arrival time)."""
        self._tidy_at = _FORGET_AT

    def __len__(self) -> int:
        return len(self.due)

    def ready_at(self, key: int) -> float:
        """Give the moment from which one more is allowed; 0 or less for a key at rest."""
        return self.due.get(key, 0.0) - self.tolerance_s

    def take(self, key: int, now: float) -> None:
        """Count one, allowed or not."""
        due = self.due.get(key, 0.0)
        self.due[key] = (due if due > now else now) + self.interval_s

    def tidy(self, now: float) -> None:
        """Forget the keys at rest, when there may be many."""
        if len(self.due) > self._tidy_at:
            self.due = {key: due for key, due in self.due.items() if due > now}
            self._tidy_at = max(_FORGET_AT, 2 * len(self.due))


WHOLE = 0
"""The key of the only bucket of a meter that counts everything."""


class NotNow:
    """Why an attempt must wait: ``key`` names what it waits for, ``when`` the next try."""

    __slots__ = ("key", "when")

    def __init__(self, key: int | None, when: float) -> None:
        self.key = key
        """Host or prefix key; ``None``: everything waits."""
        self.when = when


def keys_of(version: int, address: int) -> tuple[int, int]:
    """Give the (prefix, host) keys of an address: /24 and /32, or /64 and /128.

    Four kinds, four ranges of integers that never meet.
    """
    if version == 4:
        return (address >> 8) + _PREFIX4, address
    return ~(address >> 64), address + _HOST6


_PREFIX4 = 1 << 32
_HOST6 = 1 << 64


class Pace:
    """The three rates together. Discovery asks without waiting; probes wait in line and go first.

    Times are those of trio's clock.
    """

    def __init__(self, limits: Limits) -> None:
        self._whole = Meter(limits.packets_per_second)
        self._prefixes = Meter(limits.packets_per_second_per_prefix24)
        self._hosts = Meter(limits.packets_per_second_per_host)
        self._lines: dict[int | None, _Line] = {}
        self.taken = 0
        """Attempts counted so far."""

    def whole_ready_at(self) -> float:
        """Give the moment from which the global rate allows one more."""
        return self._whole.ready_at(WHOLE)

    def try_take(self, prefix: int, host: int, now: float) -> NotNow | None:
        """Count one attempt if all three rates allow it now and no probe waits for one of them."""
        # Meters are read and written in place: this runs once per pair of the whole sweep.
        hosts, prefixes, whole = self._hosts, self._prefixes, self._whole
        host_due = hosts.due.get(host, 0.0)
        if host_due - hosts.tolerance_s > now:
            return NotNow(host, host_due - hosts.tolerance_s)
        prefix_due = prefixes.due.get(prefix, 0.0)
        if prefix_due - prefixes.tolerance_s > now:
            return NotNow(prefix, prefix_due - prefixes.tolerance_s)
        whole_due = whole.due.get(WHOLE, 0.0)
        if whole_due - whole.tolerance_s > now:
            return NotNow(None, whole_due - whole.tolerance_s)
        if self._lines:
            if host in self._lines:
                return NotNow(host, now + max(hosts.interval_s, 0.01))
            if prefix in self._lines:
                return NotNow(prefix, now + max(prefixes.interval_s, 0.01))
            if None in self._lines:
                return NotNow(None, now + max(whole.interval_s, 0.002))
        hosts.due[host] = (host_due if host_due > now else now) + hosts.interval_s
        prefixes.due[prefix] = (prefix_due if prefix_due > now else now) + prefixes.interval_s
        whole.due[WHOLE] = (whole_due if whole_due > now else now) + whole.interval_s
        self.taken += 1
        if not self.taken & _TIDY_EVERY:
            hosts.tidy(now)
            prefixes.tidy(now)
        return None

    async def take(self, prefix: int, host: int) -> None:
        """Wait for the turn of one attempt, first come first served, and count it.

        Host, then prefix, then whole: who waits for a slow host holds nobody else back.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.try_take(prefix, host, trio.current_time()) is None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        async with self._in_line(host):
            await _ready(self._hosts, host)
            async with self._in_line(prefix):
                await _ready(self._prefixes, prefix)
                async with self._in_line(None):
                    await _ready(self._whole, WHOLE)
                    self.charge(prefix, host)

    def charge(self, prefix: int, host: int) -> None:
        """Count an attempt that has gone out, allowed or not (nmap, a kernel's retransmission)."""
        now = trio.current_time()
        self._hosts.take(host, now)
        self._prefixes.take(prefix, now)
        self._whole.take(WHOLE, now)
        self.taken += 1
        if not self.taken & _TIDY_EVERY:
            self._hosts.tidy(now)
            self._prefixes.tidy(now)

    @asynccontextmanager
    async def _in_line(self, key: int | None) -> AsyncGenerator[None]:
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line()
        line.people += 1
        try:
            async with line.lock:
                yield
        finally:
            line.people -= 1
            if not line.people:
                del self._lines[key]


async def _ready(meter: Meter, key: int) -> None:
    # More than once: charge() may have counted somebody else's packet meanwhile.
    while (when := meter.ready_at(key)) > trio.current_time():  # noqa: ASYNC110 - the clock decides
        await trio.sleep_until(when)


class _Line:
    """Who waits for one host, one prefix or the whole."""

    __slots__ = ("lock", "people")

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.people = 0


class Slots:
    """Connections at the same time, per host; who waits goes before who asks without waiting."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}
        self._waiting: dict[int, deque[_Ticket]] = {}

    def used(self, host: int) -> int:
        """How many are held on this host."""
        return self._used.get(host, 0)

    def try_take(self, host: int, limit: int) -> bool:
        """Take one if one is free and nobody waits for it."""
        used = self._used.get(host, 0)
        if used >= limit or (self._waiting and host in self._waiting):
            return False
        self._used[host] = used + 1
        return True

    async def take(self, host: int, limit: int) -> None:
        """Wait for one. Who cancels gives up the place in the line."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.try_take(host, limit):
            return
        ticket = _Ticket()
        line = self._waiting.setdefault(host, deque())
        line.append(ticket)
        try:
            await ticket.called.wait()
        except BaseException:
            if ticket.called.is_set():
                self.release(host)
            else:
                line.remove(ticket)
                if not line:
                    del self._waiting[host]
            raise

    def release(self, host: int) -> None:
        """Give one back; it goes to the first in the line."""
        line = self._waiting.get(host)
        if line:
            line.popleft().called.set()
            if not line:
                del self._waiting[host]
            return
        used = self._used[host] - 1
        if used:
            self._used[host] = used
        else:
            del self._used[host]


class _Ticket:
    __slots__ = ("called",)

    def __init__(self) -> None:
        self.called = trio.Event()
