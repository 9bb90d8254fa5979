"""Several hellos at once: never too many, never where it is unwelcome, never another verdict."""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.model import Intensity, Place, Status
from scanner.stream import Stream
from scanner.tls import talk
from scanner.tls.assess import assess
from scanner.tls.hello import Offer
from scanner.tls.steps import Ask, Steps, Verdict, ask, together
from tests.scanner.tls.asking import assessed, plain
from tests.scanner.tls.test_survey_hostile import DER, OLD, WEAK, facts, never_another
from tests.servers.tls_certs import issue
from tests.servers.tls_fake import Fake, Hello, faking
from tests.servers.tls_hostile import cut

ALARMING = {0x0001, 0x0002, 0x0003, 0x0018, 0x001B, 0x0034, 0x003A, 0x003B}
_ANSWER_S = 0.03


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between hellos said again."""
    monkeypatch.setattr(talk, "_PAUSES_S", (0.02, 0.03, 0.04))
    monkeypatch.setattr(talk, "_SLOW_S", 0.005)


class Watched:
    """Takes its time for each hello, and sees how many, and of what kinds, are there at once."""

    def __init__(self, *, allowed: int = 99, seconds: float = _ANSWER_S) -> None:
        self.most = 0
        self.since_cut = 0
        """The most at once, one cut later."""
        self.mixed = False
        """Harmless and alarming ones were there at the same time."""
        self._allowed = allowed
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kinds: list[bool] = []
        self._was_cut = False

    def minds(self, hello: Hello) -> bool:
        """Whether there are too many."""
        kind = bool(ALARMING & set(hello.suites))
        with self._lock:
            self._kinds.append(kind)
            here = len(self._kinds)
            self.most = max(self.most, here)
            if self._was_cut:
                self.since_cut = max(self.since_cut, here)
            self.mixed |= len(set(self._kinds)) > 1
            refused = here > self._allowed
        time.sleep(self._seconds)
        with self._lock:
            self._kinds.remove(kind)
            self._was_cut |= refused and not self._kinds
        return refused


@contextmanager
def watched(watch: Watched, der: bytes = DER) -> Generator[int]:
    """Serve old versions and weak suites: much to ask for."""
    fake = Fake(der=der, versions=OLD, suites=WEAK, minds=watch.minds, mind=cut)
    with faking(fake) as port:
        yield port


def test_up_to_four_at_once_and_never_more() -> None:
    watch = Watched()
    with watched(watch) as port:
        assessed(port, knocked=False, thorough=True)
    assert 2 <= watch.most <= 4


def test_harmless_and_alarming_hellos_are_never_there_together() -> None:
    watch = Watched()
    with watched(watch) as port:
        assessed(port, knocked=False, thorough=True)
    assert not watch.mixed


def test_a_medical_device_is_asked_one_thing_at_a_time() -> None:
    watch = Watched()
    with watched(watch) as port:
        seen = assessed(port, knocked=False, medical=True, most=6)
    assert seen.spared == "medical"
    assert watch.most == 1


def test_so_is_a_small_one_and_a_discreet_scan() -> None:
    watch = Watched()
    with watched(watch, issue("HP LaserJet 4250").der) as port:
        assert assessed(port, knocked=False, most=6).spared == "embedded"
    with watched(watch) as port:
        assessed(port, knocked=False, intensity=Intensity.DISCREET, most=2)
    assert watch.most == 1


def test_one_that_takes_long_is_asked_one_thing_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talk, "_LABOURED_S", _ANSWER_S / 2)
    watch = Watched()
    with watched(watch) as port:
        assessed(port, knocked=False, thorough=True)
    assert watch.most == 1


def test_one_at_a_time_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(Watched(seconds=0)) as port:
        together = assessed(port, knocked=False, thorough=True)
        monkeypatch.setattr(talk, "AT_ONCE", 1)
        apart = assessed(port, knocked=False, thorough=True)
    assert facts(together) == facts(apart)
    assert (together.accepted, together.enumerated) == (apart.accepted, apart.enumerated)
    assert (together.groups, together.connections) == (apart.groups, apart.connections)


@pytest.mark.parametrize("seed", range(3))
def test_whichever_answers_first_changes_nothing(seed: int) -> None:
    dice = random.Random(seed)
    lock = threading.Lock()

    def minds(_hello: Hello) -> bool:
        with lock:
            seconds = dice.random() * 0.02
        time.sleep(seconds)
        return False

    fake = Fake(der=DER, versions=OLD, suites=WEAK)
    with faking(fake) as port:
        right = assessed(port, knocked=False)
        fake.minds = minds
        seen = assessed(port, knocked=False)
    assert facts(seen) == facts(right)
    assert (seen.accepted, seen.why, seen.connections) == (
        right.accepted,
        right.why,
        right.connections,
    )


@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_a_limit_of_connections_costs_no_verdict(allowed: int) -> None:
    with watched(Watched(seconds=0)) as port:
        right = assessed(port, knocked=False)
    watch = Watched(allowed=allowed)
    with watched(watch) as port:
        seen = assessed(port, knocked=False)
    never_another(seen, facts(right))
    # Once it had cut one of several, it was never asked several things again.
    assert watch.since_cut <= 1
    assert facts(seen) == facts(right)


def test_a_way_that_opens_for_some_at_a_time() -> None:
    """A mail server that has one conversation a client, and says so to the second."""
    talking = 0

    async def prelude(stream: Stream) -> None:
        nonlocal talking
        talking += 1
        if talking > 1:
            talking -= 1
            raise Unanswered(Status.PROTOCOL_ERROR, "421 too many connections")
        await trio.sleep(0.01)

        def ended() -> None:
            nonlocal talking
            talking -= 1

        stream.on_close.append(ended)

    with watched(Watched(seconds=0)) as port:
        right = assessed(port, knocked=False)
        seen = assessed(port, knocked=False, prelude=prelude)
    assert facts(seen) == facts(right)


def test_a_mandate_that_ends_meanwhile_is_told_as_such() -> None:
    async def run(port: int) -> None:
        opened = 0

        async def dial() -> Stream:
            nonlocal opened
            opened += 1
            if opened > 6:
                raise OutOfScope("127.0.0.1", "out-of-window")
            return await plain(port)

        await assess(
            None,
            dial,
            place=Place(establishment="e"),
            names=(),
            intensity=Intensity.STANDARD,
            now=lambda: datetime.now(UTC),
        )

    with watched(Watched(seconds=0)) as port, pytest.raises(OutOfScope) as caught:
        trio.run(run, port)
    assert caught.value.reason == "out-of-window"


# Steps alone.


def _counting(name: int, rounds: int, seen: list[tuple[int, str]]) -> Steps[None]:
    for _ in range(rounds):
        verdict = yield from ask(Offer(ceiling=name))
        seen.append((name, verdict.why))


def test_steps_side_by_side_take_their_own_verdicts() -> None:
    seen: list[tuple[int, str]] = []
    steps = together(_counting(1, 2, seen), _counting(2, 0, seen), _counting(3, 1, seen))
    waves: list[tuple[int, ...]] = []
    wave: tuple[Ask, ...] = next(steps)
    with suppress(StopIteration):
        while True:
            waves.append(tuple(one.offer.ceiling for one in wave))
            wave = steps.send(tuple(Verdict(why=str(one.offer.ceiling)) for one in wave))
    assert waves == [(1, 3), (1,)]
    assert seen == [(1, "1"), (3, "3"), (1, "1")]


def test_nothing_together_is_nothing() -> None:
    assert list(together()) == []
