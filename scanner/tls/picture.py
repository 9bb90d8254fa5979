"""What a survey knows of one service so far, and what may still be asked of it. No I/O."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from core.model import Status, reason
from core.observations.tls import Intolerance
from scanner.tls.elimination import Elimination
from scanner.tls.exchange import Answer, Outcome
from scanner.tls.hello import HYBRIDS, Offer
from scanner.tls.registry import (
    SSL2,
    SSL3,
    TLS1_0,
    TLS1_1,
    TLS1_2,
    TLS1_3,
    is_hybrid_group,
    suites,
)
from scanner.tls.steps import Verdict

MOST_DISCREET: Final = 2
MOST_SPARED: Final = 6
MOST_USUAL: Final = 14
MOST_WHOLE: Final = 45
"""Connections of one service: discreet, a small device, as a rule, where something weak answers."""

_ALARMING_FAMILIES = 3


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
class Shown:
    """One chain of certificates and for what it was shown."""

    sni: str | None
    chain: tuple[bytes, ...]


@dataclass(slots=True, kw_only=True)
class Picture:
    """One service: what was found, and the allowance that is left."""

    names: Sequence[str]
    most: int
    for_names: int = 0
    """Connections beside ``most``, for other names."""
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
    stopped: bool = False
    """It is asked nothing more."""
    late: bool = False
    """Its time is up."""
    is_shaky: bool = False
    """It cut a hello and then took the same: its cuts prove nothing."""
    last_cut: int = 0
    """Rank of the last hello that was cut."""
    last_word: int = 0
    """Rank of the last one that was answered."""
    extended: bool = True
    """It puts up with extensions."""
    short: bool = False
    """It wants short hellos."""
    refused_sound: bool = False
    """It said that it has none of the suites of TLS 1.3, nor any other that is sound."""
    doubt: int = 0
    """Highest old version that refused all sound suites, in words."""

    # What came.

    def take_first(self, answer: Answer) -> None:
        """Take in the handshake by which others found TLS here; it offered TLS 1.0 to 1.3."""
        self.agreed(answer.flight.version or 0, TLS1_3, answer)

    def note(self, answer: Answer, rank: int) -> None:
        """Keep what any answer tells, whatever it was asked for."""
        self.is_tls |= answer.flight.is_tls
        if not answer.is_lost:
            self.last_word = max(self.last_word, rank)
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
        if version is not None and not _HYBRIDS.isdisjoint(answer.offer.groups):
            self.hybrid.value = bool(self.hybrid.value) or is_hybrid_group(group or 0)

    def note_chain(self, sni: str | None, chain: tuple[bytes, ...]) -> None:
        """Keep a chain, once."""
        if chain and all(one.chain[0] != chain[0] for one in self.shown):
            self.shown.append(Shown(sni, chain))
            if not self.is_spared and self.spares(chain):
                self.is_spared = True
                self.most, self.for_names = min(self.most, MOST_SPARED), 0

    def agreed(self, version: int, ceiling: int, answer: Answer) -> None:
        """Take in that a version was chosen when ``ceiling`` was the newest offered."""
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

    def refused(self, which: Iterable[int], verdict: Verdict) -> None:
        """Take in that versions were refused."""
        for version in which:
            if version not in self.first:
                self.versions[version] = Known(False, verdict.is_blunt)

    def unknown(self, which: Iterable[int], verdict: Verdict) -> None:
        """Take in that versions could not be told."""
        for version in which:
            if version not in self.versions:
                self.versions[version] = Known(None, why=self._why_named(verdict))

    def _why_named(self, verdict: Verdict) -> str:
        answer = verdict.answer
        if answer is None or answer.flight.alert is None:
            return verdict.why
        named = self.name_needed or answer.outcome is Outcome.NAME
        return reason("name-needed" if named else "protocol-error", answer.flight.alert.name)

    def intolerant(self, of: Intolerance) -> None:
        """Take in what the service minds in a hello, once."""
        if of not in self.intolerances:
            self.intolerances.append(of)

    def forget_cuts(self) -> None:
        """Take back all that rests on cuts alone."""
        why = reason("reset", "cut, though not always")
        single = (self.hybrid, self.weak_curve, self.weak_signature, self.fallback, self.order)
        for known in itertools.chain(self.versions.values(), single):
            if known.is_blunt:
                known.value, known.why = None, why
        for listed in self.lists.values():
            listed.forget_cuts(why)

    # What may still be asked.

    def may(self, reserve: int = 0) -> bool:
        """Whether one more hello is allowed, ``reserve`` connections kept for others."""
        if self.stopped or self.late:
            return False
        if self.connections + reserve >= self.most + self.for_names:
            self.spent = True
            return False
        return True

    def widen(self) -> None:
        """Allow more connections where something weak answered."""
        weak = any(version < TLS1_2 for version in self.first) or any(
            suites()[one].weakness for known in self.lists.values() for one in known.accepted
        )
        if not self.is_spared and self.may_widen and (weak or self.thorough or self.sslv2_kinds):
            self.most = max(self.most, MOST_WHOLE)

    def reserve(self) -> int:
        """Give the connections to keep for the alarming part and its control."""
        doubts = bool(self.doubt) + (self.last_cut > self.last_word)
        each = 1 if self.most <= MOST_USUAL else _ALARMING_FAMILIES + 1
        return each * (len(self.old()) + (SSL3 not in self.versions)) + 1 + doubts

    def because(self) -> str:
        """Give why nothing more was asked."""
        if self.name_needed:
            return "name-needed"
        if self.stopped and self.failed is not None:
            return why_of(self.failed)
        if self.late:
            return "gave-up"
        if self.most <= MOST_DISCREET:
            return "intensity"
        return "request-limit" if self.spent or self.first else "undetermined"

    def old(self) -> list[int]:
        """Give the versions below TLS 1.3 that were agreed to, newest first."""
        return [one for one in (TLS1_2, TLS1_1, TLS1_0, SSL3) if one in self.first]

    def good(self) -> Offer | None:
        """Give the first hello of ours that was answered, if one was."""
        return next((one.offer for one in self.answers if one.offer.ceiling != SSL2), None)

    # The form of hellos.

    def offer(self, ceiling: int, listed: Iterable[int], **changes: object) -> Offer:
        """Give a hello in the form that the service puts up with."""
        numbers = tuple(listed)
        if self.short:
            numbers = numbers[:24]
        made = Offer(
            ceiling=ceiling,
            suites=numbers,
            server_name=self.sni,
            alpn=self._protocols(),
            compression=ceiling < TLS1_3 and self.extended,
            extended=self.extended and ceiling > SSL3,
            curious=not self.short,
        )
        return replace(made, **changes) if changes else made  # type: ignore[arg-type]

    def _protocols(self) -> tuple[str, ...]:
        if not self.offers_alpn or self.alpn_refused:
            return ()
        unknown = self.untold_protocols()
        # With one that it has behind them: offered none of its own, a server may refuse the hello.
        return (*unknown, *self.alpn) if unknown else ()

    def untold_protocols(self) -> tuple[str, ...]:
        """Give those of ours that it has not taken up yet."""
        return tuple(one for one in ("h2", "http/1.1") if one not in self.alpn)


_HYBRIDS = frozenset(HYBRIDS)


def why_of(answer: Answer) -> str:
    """Give why a hello brought no more, for the ``why`` of an observation."""
    if answer.flight.alert is not None:
        return reason("protocol-error", answer.flight.alert.name)
    if answer.outcome is Outcome.STRANGE:
        return "protocol-error"
    if answer.status is Status.OK:
        return "reset" if answer.outcome is Outcome.BLUNT else "undetermined"
    return reason(answer.status.value, answer.detail)
