"""Saying the hellos of a survey: several at once while all goes well, one by one where it does not.

A refusal in words counts; a cut counts when it repeats and the service still answers afterwards;
silence never does. What is lost while several connections are open says nothing of the hello: it is
said again alone, and from then on all others are.
"""

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import trio

from core.errors import OutOfScope, Unanswered
from core.model import Status
from scanner.stream import Stream
from scanner.tls.exchange import Answer, Outcome, say, say_sslv2
from scanner.tls.hello import Offer
from scanner.tls.picture import MOST_DISCREET, Picture, why_of
from scanner.tls.registry import SSL2, SSL3, suites
from scanner.tls.steps import Ask, Steps, Verdict

DialPlain = Callable[[], Awaitable[Stream]]
"""Opens a fresh plain connection, judged, paced and counted by the gate."""
Prelude = Callable[[Stream], Awaitable[None]]
"""What opens the way to TLS on a fresh connection (STARTTLS, X.224); raises ``Unanswered``."""

AT_ONCE: Final = 4
"""Hellos of one service at the same time: the gate's cap of connections per host."""

_PAUSES_S = (0.3, 0.6, 1.2)
"""Before each hello said again: what limits or sheds connections recovers within seconds."""
_SLOW_S = 0.2
"""Between hellos once one had to be said again."""
_LONGEST_S = 30.0
"""Of the whole: a service that takes seconds for each hello is asked few."""
_LABOURED_S = 1.0
"""A hello that takes longer than any round trip: whoever needs that is asked one at a time."""
_RETRIES = 6
_FIRST_RETRIES = 1
"""Of a service of which not even TLS is known yet."""
_CUTS = 2
"""Hellos cut in a row before one that was answered is said again, to know whether all are."""
_CUTS_TO_REFUSE = 2
_CUTS_TO_REFUSE_CROWDED = 3
"""Where several connections at once met cuts: more proof is asked of one that comes alone."""


class Talk:
    """One service, spoken to within its allowance."""

    def __init__(self, work: Picture, dial: DialPlain, prelude: Prelude | None) -> None:
        """``work`` takes in all that comes."""
        self._work = work
        self._dial = dial
        self._prelude = prelude
        self._until = trio.current_time() + _LONGEST_S
        self._alone = False
        """It lost a hello while several were under way, or falls silent: one at a time."""
        self._several = False
        """Several hellos are under way."""
        self._crowded = False
        """It took alone what it had cut among several."""
        self._slow = False
        self._retries = 0
        self._cuts = 0
        """In a row."""
        self._longest_s = 0.0
        """Of the hellos so far."""
        self._brief = False
        """It does not end its flights: nothing is awaited behind a ServerHello."""

    async def carry_out(self, steps: Steps[None]) -> None:
        """Say the hellos of some steps, wave by wave, to their end."""
        verdicts: tuple[Verdict, ...] | None = None
        while True:
            try:
                wave = next(steps) if verdicts is None else steps.send(verdicts)
            except StopIteration:
                return
            verdicts = await self._wave(wave)

    async def still_answers(self) -> bool:
        """Say again what was answered once."""
        good = self._work.good()
        return good is not None and (await self._hello(Ask(good))).chosen is not None

    # Several hellos.

    async def _wave(self, wave: Sequence[Ask]) -> tuple[Verdict, ...]:
        if len(wave) == 1:
            return (await self._hello(wave[0]),)
        found: dict[int, Verdict] = {}
        # From harmless to alarming, and never the two at the same time.
        levels = [_level(one.offer) for one in wave]
        left = sorted(range(len(wave)), key=levels.__getitem__)
        while left:
            size = self._at_once()
            batch = [at for at in left[:size] if levels[at] == levels[left[0]]]
            del left[: len(batch)]
            if len(batch) == 1:
                found[batch[0]] = await self._hello(wave[batch[0]])
                continue
            granted = [at for at in batch if self._take(wave[at].reserve)]
            found |= {at: Verdict(why=self._work.because()) for at in batch}
            verdicts = await self._batch([wave[at] for at in granted])
            found.update(zip(granted, verdicts, strict=True))
        return tuple(found[at] for at in range(len(wave)))

    def _at_once(self) -> int:
        work = self._work
        if self._alone or self._slow or work.is_spared or work.is_shaky:
            return 1
        if work.most <= MOST_DISCREET or not work.shown or self._longest_s >= _LABOURED_S:
            # Until it shows a certificate, it may be a small device.
            return 1
        left_s = self._until - trio.current_time()
        return max(1, min(AT_ONCE, int(left_s / self._longest_s) if self._longest_s else AT_ONCE))

    async def _batch(self, asks: Sequence[Ask]) -> list[Verdict]:
        """Say hellos for each of which a connection was taken; none may be there."""
        first = self._work.connections - len(asks) + 1
        answers = await self._at_the_same_time(asks)
        lost: list[int] = []
        verdicts: list[Verdict] = []
        for at, answer in enumerate(answers):
            self._note(answer, first + at)
            if answer.is_lost and answer.flight.alert is None:
                self._work.failed = answer
                lost.append(at)
                verdicts.append(Verdict(answer=answer, why=why_of(answer)))
            else:
                verdicts.append(self._ended(answer, first + at))
        for at, (ask, answer) in enumerate(zip(asks, answers, strict=True)):
            if answer.outcome is Outcome.PROTOCOL and len(ask.offer.alpn) > 1:
                verdicts[at] = await self._without_protocols(ask)
        if lost:
            self._alone = True
            self._slow |= any(answers[at].outcome is Outcome.SILENT for at in lost)
            if await self._recovers():
                for at in lost:
                    verdicts[at] = await self._alone_after_all(asks[at], verdicts[at])
            else:
                self._work.stopped = True
                self._work.is_shaky |= any(answers[at].outcome is Outcome.BLUNT for at in lost)
        return verdicts

    async def _at_the_same_time(self, asks: Sequence[Ask]) -> list[Answer]:
        if len(asks) < 2:
            return [await self._once(one.offer, follow=one.follow) for one in asks]
        answers: dict[int, Answer] = {}
        refused: list[OutOfScope] = []

        async def one(at: int) -> None:
            try:
                answers[at] = await self._once(asks[at].offer, follow=asks[at].follow)
            except OutOfScope as error:
                # A nursery would put it in a group, where nobody looks for it.
                refused.append(error)
                nursery.cancel_scope.cancel()

        self._several = True
        async with trio.open_nursery() as nursery:
            for at in range(1, len(asks)):
                nursery.start_soon(one, at)
            await one(0)
        self._several = False
        if refused:
            raise refused[0]
        return [answers[at] for at in range(len(asks))]

    async def _alone_after_all(self, ask: Ask, before: Verdict) -> Verdict:
        """Say alone what was lost among several."""
        if self._work.stopped:
            return before
        verdict = await self._hello(ask)
        self._crowded |= verdict.agreed is not None and not verdict.is_blunt
        return verdict

    async def _recovers(self) -> bool:
        good = self._work.good()
        for pause_s in _PAUSES_S[:2]:
            if good is None or not self._take():
                return True
            await trio.sleep(pause_s)
            answer = await self._once(good, follow=False)
            self._note(answer, self._work.connections)
            if answer.outcome is not Outcome.BLUNT:
                return answer.outcome is Outcome.CHOSEN
        return False

    # One hello.

    def _take(self, reserve: int = 0) -> bool:
        """Take one connection from the allowance, if one is left."""
        self._work.late |= trio.current_time() > self._until
        if not self._work.may(reserve):
            return False
        self._work.connections += 1
        return True

    async def _open(self) -> Stream | Unanswered:
        try:
            stream = await self._dial()
        except Unanswered as ended:
            return ended
        if self._prelude is None:
            return stream
        try:
            await self._prelude(stream)
        except Unanswered as ended:
            # A way that does not open is not tried again with another hello, unless it may have
            # been one of too many.
            self._work.stopped = not self._several
            stream.close()
            return ended
        return stream

    async def _once(self, offer: Offer, *, follow: bool) -> Answer:
        if self._slow:
            await trio.sleep(_SLOW_S)
        stream = await self._open()
        if isinstance(stream, Unanswered):
            return Answer(offer=offer, status=stream.status, detail=stream.detail)
        if offer.ceiling == SSL2:
            return await say_sslv2(stream)
        answer = await say(stream, offer, follow=follow, brief=self._brief)
        # Chosen, and the rest never came: one deadline is enough to know that.
        self._brief |= answer.flight.version is not None and answer.status is not Status.OK
        self._longest_s = max(self._longest_s, answer.took_s)
        return answer

    def _note(self, answer: Answer, rank: int) -> None:
        self._work.note(answer, rank)
        if not answer.is_lost:
            self._cuts = 0

    def _ended(self, answer: Answer, rank: int) -> Verdict:
        """Give what an answer means that needs no other hello to be understood."""
        if answer.outcome is Outcome.CHOSEN:
            return Verdict(chosen=answer, answer=answer)
        if answer.outcome is Outcome.BLUNT:
            self._work.failed = answer
            self._work.last_cut = rank
            return Verdict(refused=True, is_blunt=True, answer=answer, why=why_of(answer))
        if answer.outcome is Outcome.SILENT or answer.outcome is Outcome.STRANGE:
            self._work.failed = answer
            return Verdict(answer=answer, why=why_of(answer))
        return Verdict(refused=True, answer=answer, why=why_of(answer))

    async def _hello(self, ask: Ask) -> Verdict:
        """Say a hello, again where it came to nothing, and give what that means."""
        work = self._work
        if not self._take(ask.reserve):
            return Verdict(why=work.because())
        answer = await self._once(ask.offer, follow=ask.follow)
        self._note(answer, work.connections)
        if answer.outcome is Outcome.STRANGE and not work.is_tls:
            work.stopped = True
        cuts = 0
        while answer.is_lost and not work.stopped:
            work.failed = answer
            if answer.outcome is Outcome.BLUNT:
                cuts += 1
                if self._is_refusal(answer, cuts):
                    verdict = self._ended(answer, work.connections)
                    if answer.flight.alert is None:
                        await self._still_there(answer)
                    return verdict
            elif work.is_tls:
                cuts = 0
            else:
                # Mute from the start: that cost one timeout, and costs no other.
                work.stopped = True
                break
            if self._retries >= _RETRIES or (answer.outcome is Outcome.SILENT and self._slow):
                work.stopped |= answer.outcome is Outcome.SILENT
                break
            # A refusal by cuts needs one more connection, which shows that it was no outage.
            if not self._take(int(bool(cuts) and work.good() is not None)):
                break
            await trio.sleep(_PAUSES_S[min(self._retries, 2)])
            self._retries += 1
            self._slow |= answer.outcome is Outcome.SILENT
            was_cut = answer.outcome is Outcome.BLUNT
            answer = await self._once(ask.offer, follow=ask.follow)
            self._note(answer, work.connections)
            work.is_shaky |= was_cut and not answer.is_lost
        if answer.outcome is Outcome.BLUNT:
            work.failed = answer
            return Verdict(answer=answer, why=why_of(answer))
        if answer.outcome is Outcome.PROTOCOL and len(ask.offer.alpn) > 1:
            return await self._without_protocols(ask)
        return self._ended(answer, work.connections)

    async def _without_protocols(self, ask: Ask) -> Verdict:
        """Say again a hello of which the protocols alone were refused (RFC 7301 3.2)."""
        self._work.alpn_refused = True
        return await self._hello(replace(ask, offer=replace(ask.offer, alpn=())))

    def _is_refusal(self, cut: Answer, cuts: int) -> bool:
        """Whether a cut is a refusal: said with an alert, or repeated."""
        if cut.flight.alert is not None:
            return True
        if not self._work.is_tls and self._retries >= _FIRST_RETRIES:
            return True
        return cuts >= (_CUTS_TO_REFUSE_CROWDED if self._crowded else _CUTS_TO_REFUSE)

    async def _still_there(self, cut: Answer) -> None:
        """Say again what was answered once, when too many hellos in a row were cut."""
        self._cuts += 1
        good = self._work.good()
        if self._cuts < _CUTS or good is None or not self._take():
            return
        self._cuts = 0
        control = await self._once(good, follow=False)
        self._note(control, self._work.connections)
        if control.outcome is not Outcome.CHOSEN:
            self._work.is_shaky = self._work.stopped = True
            self._work.failed = cut


def _level(offer: Offer) -> int:
    """Give how alarming a hello looks: what was current once, SSLv3, what never should be."""
    if offer.ceiling == SSL2:
        return 2
    if not _alarming().isdisjoint(offer.suites):
        return 2
    return int(offer.ceiling == SSL3)


@functools.cache
def _alarming() -> frozenset[int]:
    return frozenset(number for number, one in suites().items() if one.is_alarming)
