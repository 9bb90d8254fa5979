"""A prefix that falls silent is noticed, and what was measured since is taken back."""

import itertools
from collections.abc import Sequence

import pytest
import trio
import trio.testing

from core.errors import OutOfScope, Unanswered
from core.model import Status
from scanner.sentinel import Sentinels
from scanner.stream import Stream
from scanner.target import Target


class Prefix:
    """A dial whose answers the test decides."""

    def __init__(self) -> None:
        self.dead: dict[str, Exception] = {}
        self.tried: list[tuple[float, str, int]] = []

    async def dial(self, target: Target, port: int) -> Stream:
        """Answer with a stream that is only closed."""
        await trio.lowlevel.checkpoint()
        self.tried.append((trio.current_time(), target.ip, port))
        if target.ip in self.dead:
            raise self.dead[target.ip]
        left, right = trio.socket.socketpair()
        right.close()
        return Stream(trio.SocketStream(left), timeout_s=1)


def _target(ip: str, *, medical: bool = False) -> Target:
    return Target(establishment="e", ip=ip, medical=medical)


def _watch(minutes: float, prefix: Prefix, script: "list[tuple[float, str]]") -> "_Told":
    told = _Told()

    async def main() -> None:
        sentinels = Sentinels(prefix.dial, banned=told.banned)
        sentinels.seen(1, _target("192.0.2.1"), 443)
        told.sentinels = sentinels
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sentinels.run)
            index = 0
            step = 0
            while trio.current_time() < minutes * 60:
                while step < len(script) and script[step][0] <= trio.current_time():
                    ip = script[step][1]
                    prefix.dead[ip] = Unanswered(Status.TIMEOUT)
                    step += 1
                watch = sentinels.watches[1]
                if not watch.is_banned and not watch.is_suspect:
                    watch.since.append(index)
                    told.at[index] = trio.current_time()
                    index += 1
                    if len(watch.since) >= watch.ask_at:
                        sentinels.ask(1, watch)
                await trio.sleep(0.02)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return told


class _Told:
    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self.taken_back: list[int] = []
        self.sentinels: Sentinels | None = None

    def banned(self, prefix: int, indices: Sequence[int]) -> None:
        assert prefix == 1
        self.taken_back.extend(indices)


def test_a_sentinel_that_answers_is_tried_now_and_then() -> None:
    prefix = Prefix()
    told = _watch(3, prefix, [])
    assert told.taken_back == []
    # 50 pairs a second: every thousand of them.
    assert 7 <= len(prefix.tried) <= 10
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(prefix.tried)]
    assert min(gaps) >= 10


def test_a_silent_sentinel_takes_back_all_since_its_last_answer() -> None:
    prefix = Prefix()
    told = _watch(2, prefix, [(50.0, "192.0.2.1")])
    assert told.sentinels is not None
    assert told.sentinels.is_banned(1)
    answered = max(at for at, _, _ in prefix.tried if at < 50)
    assert told.taken_back == [index for index, at in told.at.items() if at > answered]
    silent = [at for at, _, _ in prefix.tried if at > 50]
    assert [round(b - a) for a, b in itertools.pairwise(silent)] == [2, 5, 10]
    assert max(told.at.values()) <= silent[0] + 0.1, "the prefix is left alone from the first doubt"


def test_another_service_vouches_for_a_server_that_was_switched_off() -> None:
    async def main() -> None:
        prefix = Prefix()
        sentinels = Sentinels(prefix.dial)
        sentinels.seen(1, _target("192.0.2.1"), 443)
        sentinels.seen(1, _target("192.0.2.1"), 22)
        sentinels.seen(1, _target("192.0.2.2"), 443)
        prefix.dead["192.0.2.1"] = Unanswered(Status.TIMEOUT)
        sentinels.watches[1].since.extend(range(10))
        await sentinels.check_all()
        assert not sentinels.is_banned(1)
        assert not sentinels.watches[1].since
        assert [ip for _, ip, _ in prefix.tried] == ["192.0.2.1", "192.0.2.2"]
        sentinels.watches[1].since.append(1)
        await sentinels.check_all()
        assert prefix.tried[-1][1] == "192.0.2.2", "who answered is asked first"

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    "error", [OutOfScope("192.0.2.1", "out-of-window"), Unanswered(Status.UNDETERMINED)]
)
def test_what_could_not_be_asked_proves_nothing(error: Exception) -> None:
    async def main() -> None:
        prefix = Prefix()
        sentinels = Sentinels(prefix.dial)
        sentinels.seen(1, _target("192.0.2.1"), 443)
        prefix.dead["192.0.2.1"] = error
        sentinels.watches[1].since.extend(range(10))
        await sentinels.check_all()
        assert not sentinels.is_banned(1)
        assert len(sentinels.watches[1].since) == 10

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_fragile_devices_serve_only_while_nothing_else_is_known() -> None:
    async def main() -> None:
        prefix = Prefix()
        sentinels = Sentinels(prefix.dial, avoid_ports={9100})
        sentinels.seen(1, _target("192.0.2.9", medical=True), 104)
        sentinels.seen(1, _target("192.0.2.8"), 9100)
        assert [target.ip for target, _ in sentinels.watches[1].witnesses] == ["192.0.2.9"]
        sentinels.seen(1, _target("192.0.2.7"), 443)
        assert [target.ip for target, _ in sentinels.watches[1].witnesses] == ["192.0.2.7"]

    trio.run(main)


def test_the_logs_of_many_prefixes_stay_bounded() -> None:
    async def main() -> None:
        sentinels = Sentinels(Prefix().dial)
        for number in range(5_000):
            sentinels.seen(number, _target("192.0.2.7"), 443)
        watch = sentinels.watches[4_999]
        assert watch.ask_at == 200
        watch.since.extend(range(200))
        sentinels.ask(4_999, watch)
        assert watch.is_suspect, "measure no further than the log reaches"

    trio.run(main)
