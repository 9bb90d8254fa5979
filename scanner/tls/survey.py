"""What a TLS service accepts, found out with few hellos, from harmless to alarming.

Versions first; then suites by elimination (all are offered, the service picks one, that one or its
family is left out of the next hello, until it refuses); then what else tells. A refusal in words
counts; a cut counts when it repeats and the service still answers afterwards; silence never does.
"""

import itertools
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import trio

from core.errors import Unanswered
from core.model import Status, reason
from core.observations.tls import Intolerance
from scanner.stream import Stream
from scanner.tls.exchange import Answer, Outcome, say, say_sslv2
from scanner.tls.hello import (
    GROUPS,
    HYBRIDS,
    ODD_GROUPS,
    WEAK_SCHEMES,
    X25519,
    Offer,
)
from scanner.tls.registry import (
    FALLBACK_SCSV,
    SSL2,
    SSL3,
    TLS1_0,
    TLS1_1,
    TLS1_2,
    TLS1_3,
    CipherSuite,
    alarming,
    groups,
    harmless,
    is_hybrid_group,
    is_weak_group,
    keyed,
    of_version,
    suites,
)
from scanner.tls.secrets13 import KeyPair

DialPlain = Callable[[], Awaitable[Stream]]
"""Opens a fresh plain connection, judged, paced and counted by the gate."""
Prelude = Callable[[Stream], Awaitable[None]]
"""What opens the way to TLS on a fresh connection (STARTTLS, X.224); raises ``Unanswered``."""

MOST_DISCREET: Final = 2
MOST_SPARED: Final = 6
MOST_USUAL: Final = 14
MOST_WHOLE: Final = 45
"""Connections of one service: discreet, a small device, as a rule, where something weak answers."""

_PAUSES_S = (0.3, 0.6, 1.2)
"""Before each hello said again: what limits or sheds connections recovers within seconds."""
_SLOW_S = 0.2
"""Between hellos once one had to be said again."""
_LONGEST_S = 30.0
"""Of the whole: a service that takes seconds for each hello is asked few."""
_RETRIES = 6
_FIRST_RETRIES = 1
"""Of a service of which not even TLS is known yet."""
_CUTS = 2
"""Hellos cut in a row before one that was answered is said again, to know whether all are."""
_NAMES_TRIED = 3
_ALARMING_FAMILIES = 3
_INTERNAL_ERROR = 80
_SOUND_TLS1_3 = (0x1302, 0x1301, 0x1303, 0x1304, 0x1305)
_CURVES = tuple(one for one in GROUPS if one < 256 and not 31 <= one <= 33)
_WEAK_GROUPS = tuple(one for one in groups() if is_weak_group(one))


@dataclass(slots=True)
class Verdict:
    """How one hello ended, retries included."""

    chosen: Answer | None = None
    refused: bool = False
    is_blunt: bool = False
    """Refused by cutting: stands only while the service is otherwise reliable."""
    answer: Answer | None = None
    """The last one, whatever it was."""
    why: str = "undetermined"

    @property
    def agreed(self) -> bool | None:
        """Yes, no, or not known."""
        return True if self.chosen is not None else False if self.refused else None

    def words(self, outcome: Outcome) -> bool:
        """Whether it was refused in these words."""
        return self.refused and self.answer is not None and self.answer.outcome is outcome


@dataclass(slots=True)
class Known:
    """A yes or no, with how it was found."""

    value: bool | None = None
    is_blunt: bool = False
    why: str = "undetermined"

    def take(self, verdict: Verdict, *, yes: bool | None = None) -> None:
        """Take in the end of a hello; ``yes`` replaces its own when something was chosen."""
        agreed = verdict.agreed
        self.value = yes if agreed and yes is not None else agreed
        self.is_blunt = verdict.is_blunt
        self.why = verdict.why


@dataclass(slots=True)
class Elimination:
    """Suites of one version: what is known of each."""

    version: int
    accepted: dict[int, Answer] = field(default_factory=dict[int, Answer])
    refused: dict[int, bool] = field(default_factory=dict[int, bool])
    """Number → whether the refusal was a mere cut."""
    offers: list[tuple[tuple[int, ...], int]] = field(
        default_factory=list[tuple[tuple[int, ...], int]]
    )
    """What was offered, in order, and what was picked."""
    why: str = "request-limit"
    """Why it is not whole, while it is not."""

    def open(self, among: Iterable[int] | None = None) -> list[int]:
        """Give the suites of which nothing is known yet, best first."""
        legal = of_version(self.version) if among is None else among
        return [one for one in legal if one not in self.accepted and one not in self.refused]

    @property
    def is_whole(self) -> bool:
        """Whether every suite is known, up to those that need a secret shared beforehand."""
        return not self.open(harmless(self.version)) and not self.open(alarming(self.version))

    def take(self, answer: Answer) -> bool:
        """Note a pick; false when it is none that was offered or one that was noted before."""
        picked = answer.flight.suite
        if picked is None or picked not in answer.offer.suites or picked in self.accepted:
            return False
        self.accepted[picked] = answer
        self.refused.pop(picked, None)
        self.offers.append((answer.offer.suites, picked))
        return True

    def without_seen(self, listed: Iterable[int], *, finely: bool) -> list[int]:
        """Leave out the families of which one was accepted; CBC stays until one of it was."""

        def family(one: CipherSuite) -> str:
            return one.fine_family if finely else one.family

        seen = {family(suites()[one]) for one in self.accepted}
        saw_cbc = any(suites()[one].is_cbc for one in self.accepted)
        known = ((one, suites()[one]) for one in listed)
        return [
            number
            for number, one in known
            if family(one) not in seen or (one.is_cbc and not saw_cbc and not one.weakness)
        ]


@dataclass(slots=True)
class Shown:
    """One chain of certificates and for what it was shown."""

    sni: str | None
    chain: tuple[bytes, ...]


@dataclass(slots=True, kw_only=True)
class Survey:
    """One service under measure; :meth:`run` once, then read the fields."""

    dial: DialPlain
    prelude: Prelude | None
    names: Sequence[str]
    most: int
    thorough: bool = False
    """List every suite even where nothing weak answers."""
    may_widen: bool = True
    """Whether something weak allows :data:`MOST_WHOLE` connections."""
    offers_alpn: bool = True
    spares: Callable[[tuple[bytes, ...]], bool] = lambda _chain: False
    """Whether a chain is that of a small device, to be asked little."""
    sni: str | None = None
    connections: int = 0
    is_tls: bool = False
    name_needed: bool = False
    versions: dict[int, Known] = field(default_factory=dict[int, Known])
    first: dict[int, Answer] = field(default_factory=dict[int, Answer])
    """What the first hello that each version answered brought."""
    answers: list[Answer] = field(default_factory=list[Answer])
    """All that chose something."""
    lists: dict[int, Elimination] = field(default_factory=dict[int, Elimination])
    groups: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    groups_whole: set[int] = field(default_factory=set[int])
    hybrid: Known = field(default_factory=Known)
    weak_curve: Known = field(default_factory=Known)
    weak_signature: Known = field(default_factory=Known)
    fallback: Known = field(default_factory=Known)
    """Whether a fallback hello is refused."""
    retry: Known = field(default_factory=Known)
    order: Known = field(default_factory=Known)
    sslv2_kinds: tuple[int, ...] = ()
    shown: list[Shown] = field(default_factory=list[Shown])
    alpn: list[str] = field(default_factory=list[str])
    alpn_refused: bool = False
    intolerances: list[Intolerance] = field(default_factory=list[Intolerance])
    client_certificate: bool | None = None
    failed: Answer | None = None
    """The last hello that brought no verdict."""
    is_spared: bool = False
    spent: bool = False
    """A hello was left out for want of connections."""
    _stopped: bool = False
    _until: float = math.inf
    _late: bool = False
    """Its time is up."""
    _slow: bool = False
    _retries: int = 0
    _shaky: bool = False
    """It cut a hello and then took the same: its cuts prove nothing."""
    _cuts: int = 0
    """In a row."""
    _last_cut: int = 0
    _last_word: int = 0
    _extended: bool = True
    _short: bool = False
    _brief: bool = False
    """It does not end its flights: nothing is awaited behind a ServerHello."""
    _refused_sound: bool = False
    """It said that it has none of the suites of TLS 1.3, nor any other that is sound."""
    _doubt: int = 0
    """Highest old version that refused all sound suites, in words."""

    def take_first(self, answer: Answer) -> None:
        """Take in the handshake by which others found TLS here; it offered TLS 1.0 to 1.3."""
        self._agreed(answer.flight.version or 0, TLS1_3, answer)

    # One hello.

    def _may(self, reserve: int = 0) -> bool:
        if trio.current_time() > self._until:
            self._late = True
            return False
        if self._stopped or self.connections + reserve >= self.most:
            self.spent |= not self._stopped
            return False
        return True

    async def _open(self) -> Stream | Unanswered:
        self.connections += 1
        try:
            stream = await self.dial()
        except Unanswered as ended:
            return ended
        if self.prelude is None:
            return stream
        try:
            await self.prelude(stream)
        except Unanswered as ended:
            # A way that does not open is not tried again with another hello.
            self._stopped = True
            with trio.CancelScope(shield=True):
                await stream.aclose()
            return ended
        return stream

    async def _once(self, offer: Offer, *, follow: bool) -> Answer:
        if self._slow:
            await trio.sleep(_SLOW_S)
        stream = await self._open()
        if isinstance(stream, Unanswered):
            return Answer(offer=offer, status=stream.status, detail=stream.detail)
        if offer.ceiling == SSL2:
            answer = await say_sslv2(stream)
        else:
            answer = await say(stream, offer, follow=follow, brief=self._brief)
            # Chosen, and the rest never came: one deadline is enough to know that.
            self._brief |= answer.flight.version is not None and answer.status is not Status.OK
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        """Keep what any answer tells, whatever it was asked for."""
        self.is_tls |= answer.flight.is_tls
        if answer.outcome not in {Outcome.BLUNT, Outcome.SILENT}:
            self._cuts = 0
            self._last_word = self.connections
        if answer.outcome is not Outcome.CHOSEN:
            return
        self.answers.append(answer)
        flight, hidden = answer.flight, answer.hidden
        self.note_chain(answer.offer.server_name, answer.chain)
        if flight.client_certificate or (hidden is not None and hidden.client_certificate):
            self.client_certificate = True
        elif answer.is_whole and self.client_certificate is None:
            self.client_certificate = False
        chosen = hidden.alpn if hidden is not None else flight.alpn
        if chosen and chosen in answer.offer.alpn and chosen not in self.alpn:
            self.alpn.append(chosen)
        version, group = flight.version, flight.group
        if version is not None and group is not None:
            known = self.groups.setdefault(TLS1_3 if version == TLS1_3 else TLS1_2, [])
            if group not in known:
                known.append(group)
        if answer.retried:
            self.retry.value = True
        if version is not None and set(HYBRIDS) & set(answer.offer.groups):
            self.hybrid.value = bool(self.hybrid.value) or is_hybrid_group(group or 0)

    def note_chain(self, sni: str | None, chain: tuple[bytes, ...]) -> None:
        """Keep a chain, once."""
        if chain and all(one.chain[0] != chain[0] for one in self.shown):
            self.shown.append(Shown(sni, chain))
            if not self.is_spared and self.spares(chain):
                self.is_spared = True
                self.most = min(self.most, MOST_SPARED)

    async def _hello(self, offer: Offer, *, follow: bool = False, reserve: int = 0) -> Verdict:
        """Say a hello, again where it came to nothing, and give what that means."""
        if not self._may(reserve):
            return Verdict(why=self.because())
        answer = await self._once(offer, follow=follow)
        outcome = answer.outcome
        if outcome is Outcome.STRANGE and not self.is_tls:
            self._stopped, self.failed = True, answer
        cut_before = False
        while outcome in {Outcome.BLUNT, Outcome.SILENT} and not self._stopped:
            self.failed = answer
            first_word = not self.is_tls
            if outcome is Outcome.BLUNT and (
                cut_before
                or answer.flight.alert is not None
                or (first_word and self._retries >= _FIRST_RETRIES)
            ):
                self._last_cut = self.connections
                if answer.flight.alert is None:
                    await self._still_there(answer)
                return Verdict(refused=True, is_blunt=True, answer=answer, why=_why(answer))
            if first_word and outcome is Outcome.SILENT:
                # Mute from the start: that cost one timeout, and costs no other.
                self._stopped = True
                break
            if self._retries >= _RETRIES or (outcome is Outcome.SILENT and self._slow):
                self._stopped |= outcome is Outcome.SILENT
                break
            if not self._may():
                break
            cut_before = outcome is Outcome.BLUNT
            await trio.sleep(_PAUSES_S[min(self._retries, 2)])
            self._retries += 1
            self._slow |= outcome is Outcome.SILENT
            answer = await self._once(offer, follow=follow)
            outcome = answer.outcome
            if cut_before and outcome not in {Outcome.BLUNT, Outcome.SILENT}:
                self._shaky = True
        if outcome is Outcome.CHOSEN:
            return Verdict(chosen=answer, answer=answer)
        if outcome in {Outcome.BLUNT, Outcome.SILENT, Outcome.STRANGE}:
            self.failed = answer
            return Verdict(answer=answer, why=_why(answer))
        return Verdict(refused=True, answer=answer, why=_why(answer))

    async def _still_there(self, cut: Answer) -> None:
        """Say again what was answered once, when too many hellos in a row were cut."""
        self._cuts += 1
        if self._cuts < _CUTS or not self._good() or not self._may():
            return
        self._cuts = 0
        control = await self._once(self._good()[0], follow=False)
        if control.outcome is not Outcome.CHOSEN:
            self._shaky = self._stopped = True
            self.failed = cut

    def _good(self) -> list[Offer]:
        return [one.offer for one in self.answers if one.offer.ceiling != SSL2]

    def because(self) -> str:
        """Give why nothing more was asked."""
        if self.name_needed:
            return "name-needed"
        if self._stopped and self.failed is not None:
            return _why(self.failed)
        if self._late:
            return "gave-up"
        if self.most <= MOST_DISCREET:
            return "intensity"
        return "request-limit" if self.spent or self.first else "undetermined"

    def _offer(self, ceiling: int, listed: Iterable[int], **changes: object) -> Offer:
        """Give a hello in the form that the service puts up with."""
        numbers = tuple(listed)
        if self._short:
            numbers = numbers[:24]
        made = Offer(
            ceiling=ceiling,
            suites=numbers,
            server_name=self.sni,
            alpn=self._protocols(),
            compression=ceiling < TLS1_3 and self._extended,
            extended=self._extended and ceiling > SSL3,
            curious=not self._short,
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def _protocols(self) -> tuple[str, ...]:
        if not self.offers_alpn or self.alpn_refused:
            return ()
        return tuple(one for one in ("h2", "http/1.1") if one not in self.alpn)

    # The whole.

    async def run(self) -> None:
        """Ask all that the allowance permits."""
        self._until = trio.current_time() + _LONGEST_S
        await self._all()
        await self._control()

    async def _all(self) -> None:
        await self._versions()
        if not self.first and self.is_tls and self.most > MOST_DISCREET and not self.name_needed:
            await self._sslv2()
        if not set(self.first) - {SSL2} or self._stopped:
            return
        if self.is_spared or self.most <= MOST_DISCREET:
            await self._spared()
        else:
            await self._harmless_part()
            await self._alarming_part()

    async def _harmless_part(self) -> None:
        await self._inside_tls1_3()
        self._widen()
        for version in self._old():
            await self._eliminate(version, harmless, by_family=True)
        await self._other_names()
        await self._fallback()
        await self._curves()
        await self._order(ask=False)
        unordered = self.order.value is None
        if unordered and len(self._old()) and len(self.lists[self._old()[0]].accepted) > 1:
            await self._order()
            unordered = False
        await self._signatures()
        for version in self._old():
            keep = self._reserve() + unordered
            await self._eliminate(version, harmless, by_family=False, reserve=keep)
        if unordered:
            await self._order()
        if self.most > MOST_USUAL:
            await self._groups_below()
        await self._tls1_3_lists()

    async def _alarming_part(self) -> None:
        await self._settle_doubt()
        if SSL3 not in self.versions:
            await self._old_version(SSL3)
            self._widen()
        # Before the suites that follow: their answers show that a cut here was no outage.
        await self._sslv2()
        self._widen()
        if SSL3 in self.first:
            await self._eliminate(SSL3, harmless, by_family=True)
        for finely in (False, True):
            for version in self._old():
                await self._eliminate(version, alarming, by_family=True, finely=finely)
        if self.most > MOST_USUAL:
            for stage in (harmless, alarming, keyed):
                for version in self._old():
                    await self._eliminate(version, stage, by_family=False, reserve=1)

    def _reserve(self) -> int:
        """Connections to keep for the alarming part and its control."""
        doubts = bool(self._doubt) + (self._last_cut > self._last_word)
        each = 1 if self.most <= MOST_USUAL else _ALARMING_FAMILIES + 1
        return each * (len(self._old()) + (SSL3 not in self.versions)) + 1 + doubts

    async def _spared(self) -> None:
        """Ask a small device, or in profile discreet, for what matters most."""
        old = self._old()
        if old and self._may():
            weak = [one for one in harmless(old[0]) if suites()[one].weakness]
            await self._ask_of(old[0], self.lists[old[0]].open(weak))
            await self._ask_of(old[0], alarming(old[0]))
        await self._settle_doubt()

    def _widen(self) -> None:
        weak = any(version < TLS1_2 for version in self.first) or any(
            suites()[one].weakness for known in self.lists.values() for one in known.accepted
        )
        if not self.is_spared and self.may_widen and (weak or self.thorough or self.sslv2_kinds):
            self.most = max(self.most, MOST_WHOLE)

    def _old(self) -> list[int]:
        """Give the versions below TLS 1.3 that were agreed to, newest first."""
        return [one for one in (TLS1_2, TLS1_1, TLS1_0, SSL3) if one in self.first]

    # Versions.

    async def _versions(self) -> None:
        ceiling = TLS1_3
        if self.first:
            # A handshake made by others told the newest version already.
            ceiling = min(self.first) - 1
        while ceiling >= TLS1_0 and not self._stopped:
            newest = not self.first
            verdict = await self._named(ceiling)
            if verdict.chosen is not None:
                version = verdict.chosen.flight.version or 0
                self._agreed(version, ceiling, verdict.chosen)
                ceiling = version - 1
            elif self.name_needed or (verdict.agreed is None and not newest):
                self._unknown(range(SSL3, ceiling + 1), verdict)
                return
            elif verdict.words(Outcome.NO_VERSION):
                # Before anything worked it may mean the hello's own version: one step down only.
                # A service known to negotiate means all of the offer.
                self._refused(range(ceiling if newest else SSL3, ceiling + 1), verdict)
                ceiling = ceiling - 1 if newest else SSL3
            elif newest:
                ceiling = await self._workaround(ceiling, verdict)
            else:
                ceiling = await self._doubted(ceiling, verdict)
        if not self.first and not self._stopped and not self.name_needed:
            await self._old_version(SSL3)
            if not self.first and self.is_tls:
                await self._alarming_alone()

    def _agreed(self, version: int, ceiling: int, answer: Answer) -> None:
        self.versions[version] = Known(True)
        self.first.setdefault(version, answer)
        if version != TLS1_3 and version not in self.lists:
            self.lists[version] = Elimination(version)
        if version in self.lists:
            self.lists[version].take(answer)
        for one in range(max(version + 1, SSL3), ceiling + 1):
            known = self.versions.get(one)
            if known is None or known.value is not True:
                self.versions[one] = Known(False)

    def _refused(self, which: Iterable[int], verdict: Verdict) -> None:
        for version in which:
            if version not in self.first:
                self.versions[version] = Known(False, verdict.is_blunt)

    def _unknown(self, which: Iterable[int], verdict: Verdict) -> None:
        for version in which:
            if version not in self.versions:
                self.versions[version] = Known(None, why=self._why_named(verdict))

    def _why_named(self, verdict: Verdict) -> str:
        answer = verdict.answer
        if answer is None or answer.flight.alert is None:
            return verdict.why
        named = self.name_needed or answer.outcome is Outcome.NAME
        return reason("name-needed" if named else "protocol-error", answer.flight.alert.name)

    async def _named(self, ceiling: int) -> Verdict:
        """Say a first hello of a version, with one name after another until one is welcome."""
        verdict = await self._hello(self._first_offer(ceiling), follow=ceiling == TLS1_3)
        if verdict.words(Outcome.PROTOCOL):
            self.alpn_refused = True
            verdict = await self._hello(self._first_offer(ceiling), follow=ceiling == TLS1_3)
        if self.first:
            return verdict
        untried: list[str | None] = [one for one in self.names if one != self.sni]
        if self.sni is not None:
            untried.append(None)
        while self._wants_a_name(verdict):
            if not untried or not self._may():
                self.name_needed = not untried
                break
            self.sni = untried.pop(0)
            verdict = await self._hello(self._first_offer(ceiling), follow=ceiling == TLS1_3)
            if verdict.chosen is not None:
                self._intolerant(Intolerance.UNKNOWN_NAME)
        return verdict

    def _first_offer(self, ceiling: int) -> Offer:
        listed = harmless(min(ceiling, TLS1_2))
        if ceiling < TLS1_3:
            return self._offer(ceiling, listed)
        return self._offer(ceiling, (*_SOUND_TLS1_3, *listed), groups=(*HYBRIDS, *GROUPS))

    def _wants_a_name(self, verdict: Verdict) -> bool:
        if verdict.words(Outcome.NAME):
            return True
        if len(self.names) < 1 + (self.sni is not None) or verdict.answer is None:
            return False
        alert = verdict.answer.flight.alert
        return alert is not None and alert.description in {40, _INTERNAL_ERROR}

    async def _workaround(self, ceiling: int, verdict: Verdict) -> int:
        """Nothing was agreed to yet, and the refusal may be of the hello itself."""
        self._unknown(range(ceiling, ceiling + 1), verdict)
        if ceiling == TLS1_3:
            self._refused_sound = verdict.words(Outcome.NO_SUITE)
            shared = await self._with_share()
            if shared is not None:
                self._agreed(shared.flight.version or 0, TLS1_3, shared)
                return (shared.flight.version or 0) - 1
            lower = await self._hello(self._first_offer(TLS1_2))
            if lower.chosen is not None:
                self._intolerant(Intolerance.TLS1_3_HELLO)
                version = lower.chosen.flight.version or 0
                self._agreed(version, TLS1_2, lower.chosen)
                return version - 1
            self._unknown(range(TLS1_2, TLS1_2 + 1), lower)
            if lower.words(Outcome.NO_VERSION):
                self._refused([TLS1_2], lower)
            return await self._plainer(lower)
        return ceiling - 1

    async def _plainer(self, verdict: Verdict) -> int:
        """Make the hello shorter, then older and bare, until it is answered."""
        if verdict.is_blunt or verdict.agreed is None:
            self._short = True
            shorter = await self._hello(self._first_offer(TLS1_2))
            if shorter.chosen is not None:
                self._intolerant(Intolerance.LONG_HELLO)
                version = shorter.chosen.flight.version or 0
                self._agreed(version, TLS1_2, shorter.chosen)
                return version - 1
            self._extended = False
            bare = await self._hello(self._first_offer(TLS1_0))
            if bare.chosen is not None:
                self._intolerant(Intolerance.EXTENSIONS)
                self._short = False
                version = bare.chosen.flight.version or 0
                self._agreed(version, TLS1_0, bare.chosen)
                return version - 1
            self._short, self._extended = False, True
        return TLS1_1

    def _intolerant(self, of: Intolerance) -> None:
        if of not in self.intolerances:
            self.intolerances.append(of)

    async def _with_share(self) -> Answer | None:
        """Say the TLS 1.3 hello again, with a key share, to whoever would not choose a group."""
        pair = KeyPair.make(X25519)
        if pair is None or not self._may(1):
            return None
        offer = replace(self._first_offer(TLS1_3), shares=((pair.group, pair.public),))
        verdict = await self._hello(offer)
        if verdict.chosen is None or verdict.chosen.flight.version != TLS1_3:
            return verdict.chosen
        self._intolerant(Intolerance.NO_KEY_SHARE)
        self.retry = Known(False)
        return verdict.chosen

    async def _doubted(self, ceiling: int, verdict: Verdict) -> int:
        """Something newer works; this was refused, but not as a version is."""
        if verdict.words(Outcome.NO_SUITE):
            # Only what is alarming is left to offer there: that comes last.
            self._unknown(range(SSL3, ceiling + 1), verdict)
            self._doubt = ceiling
            return SSL3
        # OpenSSL 3 has old versions in name at its default security level, finds nothing to sign
        # with, and says internal_error: what needs no signature may still be agreed to.
        listed = [one for one in harmless(ceiling) if suites()[one].exchange == "RSA"]
        again = await self._hello(self._offer(ceiling, listed))
        if again.chosen is not None:
            version = again.chosen.flight.version or 0
            self._agreed(version, ceiling, again.chosen)
            return version - 1
        if again.refused:
            self._refused(range(SSL3, ceiling + 1), again)
        else:
            self._unknown(range(SSL3, ceiling + 1), again)
        return SSL3

    async def _settle_doubt(self) -> None:
        """An old version refused all that is sound: ask it for the rest."""
        if not self._doubt:
            return
        verdict = await self._hello(self._offer(self._doubt, alarming(self._doubt)))
        if verdict.chosen is not None:
            self._agreed(verdict.chosen.flight.version or 0, self._doubt, verdict.chosen)
        elif verdict.refused:
            self._refused(range(SSL3, self._doubt + 1), verdict)

    async def _old_version(self, version: int) -> None:
        verdict = await self._hello(self._offer(version, harmless(version)))
        if verdict.chosen is not None:
            self._agreed(verdict.chosen.flight.version or 0, version, verdict.chosen)
        elif verdict.refused:
            self._refused([version], verdict)
        else:
            self._unknown([version], verdict)

    async def _alarming_alone(self) -> None:
        """A service that has nothing sound may have something alarming."""
        verdict = await self._hello(self._offer(TLS1_2, (*alarming(TLS1_2), *keyed(TLS1_2))))
        if verdict.chosen is not None:
            version = verdict.chosen.flight.version or 0
            self._agreed(version, TLS1_2, verdict.chosen)
            if self._refused_sound:
                self.versions[TLS1_3] = Known(False)

    async def _sslv2(self) -> None:
        verdict = await self._hello(Offer(ceiling=SSL2))
        known = Known()
        known.take(verdict)
        if verdict.chosen is not None:
            self.sslv2_kinds = verdict.chosen.flight.kinds
            self.first[SSL2] = verdict.chosen
        elif verdict.answer is not None and verdict.answer.outcome is Outcome.STRANGE:
            # An answer in plain HTTP, or of another kind, to what looks like no TLS at all.
            known = Known(False)
        self.versions[SSL2] = known

    # Suites.

    async def _eliminate(
        self,
        version: int,
        stage: Callable[[int], tuple[int, ...]],
        *,
        by_family: bool,
        finely: bool = False,
        reserve: int = 0,
    ) -> None:
        known = self.lists[version]
        best_first = bool(len(known.offers) % 2)
        while True:
            listed = known.open(stage(version))
            if by_family:
                listed = known.without_seen(listed, finely=finely)
            if not listed:
                return
            # Turning the list around tells whose order counts.
            best_first = not best_first
            if not await self._ask_of(version, listed if best_first else listed[::-1], reserve):
                return

    async def _ask_of(self, version: int, listed: Sequence[int], reserve: int = 0) -> bool:
        """Offer some suites of a version; give whether it is worth going on."""
        known = self.lists[version]
        if not listed:
            return False
        verdict = await self._hello(self._offer(version, listed), reserve=reserve)
        if verdict.chosen is not None:
            taken = verdict.chosen.flight.version == version and known.take(verdict.chosen)
            if not taken:
                known.why = reason("protocol-error", "a suite that was not offered")
            self._widen()
            return taken
        if verdict.refused:
            for one in verdict.answer.offer.suites if verdict.answer else ():
                known.refused[one] = verdict.is_blunt
            return self._short
        known.why = verdict.why
        return False

    async def _order(self, *, ask: bool = True) -> None:
        """Tell whose order counts, from what was picked so far or by one more hello."""
        old = self._old()
        if not old:
            self.order = Known(None, why="not-offered")
            return
        known = self.lists[old[0]]
        self.order.value = order_of(known)
        if self.order.value is not None or not ask:
            return
        pair = next(
            (
                (other, picked)
                for offered, picked in known.offers
                for other in known.accepted
                if other != picked and other in offered
            ),
            None,
        )
        if pair is None:
            self.order = Known(None, why="not-offered" if known.is_whole else self.because())
            return
        verdict = await self._hello(self._offer(old[0], pair), reserve=self._reserve())
        if verdict.chosen is None:
            self.order.why = verdict.why
        else:
            # The one that it picked before now stands last: taking it again is its own order.
            self.order.value = verdict.chosen.flight.suite == pair[1]

    # TLS 1.3.

    async def _inside_tls1_3(self) -> None:
        first = self.first.get(TLS1_3)
        if first is None or first.hidden is not None or not self._may():
            return
        offered = GROUPS if self.hybrid.value else (*HYBRIDS, *GROUPS)
        offer = self._offer(TLS1_3, _SOUND_TLS1_3, floor=TLS1_3, groups=offered)
        verdict = await self._hello(offer, follow=True)
        if verdict.words(Outcome.PROTOCOL):
            self.alpn_refused = True
            verdict = await self._hello(replace(offer, alpn=()), follow=True)
        if verdict.chosen is not None and is_hybrid_group(verdict.chosen.flight.group or 0):
            # A key for that one cannot be made here: once more, without them.
            verdict = await self._hello(replace(offer, groups=GROUPS, alpn=()), follow=True)
        if verdict.chosen is not None:
            self.first[TLS1_3] = verdict.chosen
        elif Intolerance.NO_KEY_SHARE not in self.intolerances:
            await self._with_share()

    async def _tls1_3_lists(self) -> None:
        """List suites and groups of TLS 1.3 together: each is chosen for itself."""
        if TLS1_3 not in self.first or Intolerance.NO_KEY_SHARE in self.intolerances:
            return
        known = self.lists.setdefault(TLS1_3, Elimination(TLS1_3))
        for answer in self.answers:
            if answer.flight.version == TLS1_3:
                known.take(answer)
        sound = (*GROUPS, *ODD_GROUPS)
        left = [one for one in sound if one not in self.groups.get(TLS1_3, [])]
        while self._may(self._reserve()):
            listed = known.open()
            if not listed and (not left or self.most <= MOST_USUAL):
                break
            wide = self.most <= MOST_USUAL or not left
            offer = self._offer(
                TLS1_3,
                listed or list(known.accepted),
                floor=TLS1_3,
                groups=GROUPS if wide else tuple(left),
            )
            verdict = await self._hello(offer, reserve=self._reserve())
            if verdict.chosen is not None:
                known.take(verdict.chosen)
                left = [one for one in left if one != verdict.chosen.flight.group]
            elif not verdict.refused:
                known.why = verdict.why
                return
            elif wide or not listed:
                if listed:
                    known.refused.update(dict.fromkeys(listed, verdict.is_blunt))
                else:
                    self.groups_whole.add(TLS1_3)
                    left = []
            else:
                # Either list may be the cause: the suites are asked again with every group.
                again = await self._hello(
                    self._offer(TLS1_3, listed, floor=TLS1_3), reserve=self._reserve()
                )
                if again.chosen is not None:
                    known.take(again.chosen)
                    self.groups_whole.add(TLS1_3)
                    left = []
                elif again.refused:
                    known.refused.update(dict.fromkeys(listed, again.is_blunt))
                else:
                    known.why = again.why
                    return

    # What else tells.

    async def _fallback(self) -> None:
        versions = [one for one in self.first if one != SSL2]
        highest, old = max(versions), self._old()
        lower = [one for one in old if one < highest and one > SSL3]
        if not lower:
            self.fallback = Known(True)
            return
        listed = [*self.lists[lower[0]].accepted, FALLBACK_SCSV]
        verdict = await self._hello(self._offer(lower[0], listed), reserve=self._reserve())
        if verdict.chosen is not None:
            self.fallback = Known(False)
        elif verdict.words(Outcome.FALLBACK):
            self.fallback = Known(True)
        else:
            # Any other refusal of what was accepted a moment ago is due to the signal too.
            self.fallback = Known(True if verdict.refused else None, verdict.is_blunt, verdict.why)

    def _with_curves(self) -> tuple[int, list[int]] | None:
        for version in self._old():
            if version > SSL3:
                listed = [one for one in self.lists[version].accepted if suites()[one].is_ec]
                if listed:
                    return version, listed
        return None

    async def _curves(self) -> None:
        found = self._with_curves()
        if found is None:
            whole = all(
                suites()[one].exchange != "ECDHE"
                for known in self.lists.values()
                for one in known.open(harmless(known.version))
            )
            self.weak_curve = Known(False if whole else None, why=self.because())
            return
        offer = self._offer(found[0], found[1], groups=_WEAK_GROUPS)
        verdict = await self._hello(offer, reserve=self._reserve())
        group = verdict.chosen.flight.group if verdict.chosen else None
        # A service that never reads the list uses its own curve all the same.
        self.weak_curve.take(verdict, yes=group is not None and is_weak_group(group))
        if verdict.chosen is not None and group is None:
            self.weak_curve = Known(None, why="protocol-error")

    async def _groups_below(self) -> None:
        found = self._with_curves()
        if found is None:
            return
        known = self.groups.setdefault(TLS1_2, [])
        while left := [one for one in (*_CURVES, *ODD_GROUPS[1:8]) if one not in known]:
            offer = self._offer(found[0], found[1], groups=tuple(left))
            verdict = await self._hello(offer, reserve=self._reserve())
            if verdict.refused:
                self.groups_whole.add(TLS1_2)
            if verdict.chosen is None or verdict.chosen.flight.group not in left:
                return

    async def _signatures(self) -> None:
        known = self.lists.get(TLS1_2)
        if known is None:
            self.weak_signature = Known(False if TLS1_3 in self.first else None, why="not-offered")
            return
        signed = [
            one
            for one in known.accepted
            if suites()[one].exchange in {"ECDHE", "DHE"} and suites()[one].signed_by != "anon"
        ]
        if not signed:
            self.weak_signature = Known(None, why="not-offered")
            return
        offer = self._offer(TLS1_2, signed, schemes=WEAK_SCHEMES)
        verdict = await self._hello(offer, reserve=self._reserve())
        scheme = verdict.chosen.flight.scheme if verdict.chosen else None
        self.weak_signature.take(verdict, yes=scheme in WEAK_SCHEMES)

    async def _other_names(self) -> None:
        others = [one for one in self.names if one != self.sni][: _NAMES_TRIED - 1]
        for name in others:
            old = self._old()
            if old:
                # Another certificate may go with other suites.
                offer = self._offer(old[0], harmless(old[0]), server_name=name)
            else:
                offer = self._offer(TLS1_3, _SOUND_TLS1_3, floor=TLS1_3, server_name=name)
            await self._hello(offer, follow=not old, reserve=self._reserve() + 1)

    async def _control(self) -> None:
        """Cuts stand as refusals only if the service still says anything afterwards."""
        cut_last = self._last_cut > self._last_word
        if cut_last and self.answers and not self._stopped:
            good = self._good()
            if not good or (await self._hello(good[0])).chosen is None:
                self._shaky = True
        elif cut_last:
            self._shaky = True
        if self._shaky:
            self._forget_cuts()

    def _forget_cuts(self) -> None:
        why = reason("reset", "cut, though not always")
        single = (self.hybrid, self.weak_curve, self.weak_signature, self.fallback, self.order)
        for known in itertools.chain(self.versions.values(), single):
            if known.is_blunt:
                known.value, known.why = None, why
        for listed in self.lists.values():
            for number in [one for one, cut in listed.refused.items() if cut]:
                del listed.refused[number]
                listed.why = why


def order_of(known: Elimination) -> bool | None:
    """Tell from picks whose order counts: the service's, the client's; ``None``: either fits."""
    wins: set[tuple[int, int]] = set()
    for offered, picked in known.offers:
        at = offered.index(picked)
        for place, other in enumerate(offered):
            if other == picked or other not in known.accepted:
                continue
            if place < at:
                return True
            wins.add((picked, other))
    # Each of two was taken before the other, whichever stood first.
    return False if any((b, a) in wins for a, b in wins) else None


def _why(answer: Answer) -> str:
    if answer.flight.alert is not None:
        return reason("protocol-error", answer.flight.alert.name)
    if answer.outcome is Outcome.STRANGE:
        return "protocol-error"
    if answer.status is Status.OK:
        return "reset" if answer.outcome is Outcome.BLUNT else "undetermined"
    return reason(answer.status.value, answer.detail)
