"""What a TLS service accepts, found out with few hellos, from harmless to alarming.

Versions first; then suites by elimination (all are offered, the service picks one, that one or its
family is left out of the next hello, until it refuses); then what else tells. What to ask is logic
without I/O (:mod:`scanner.tls.steps`); :mod:`scanner.tls.talk` says it.
"""

from dataclasses import dataclass, replace
from typing import Final

from core.observations.tls import Intolerance
from scanner.tls.hello import GROUPS, HYBRIDS
from scanner.tls.key_exchange import (
    ask_fallback,
    ask_weak_curves,
    ask_weak_signatures,
    list_groups,
)
from scanner.tls.picture import (
    MOST_DISCREET,
    MOST_SPARED,
    MOST_USUAL,
    MOST_WHOLE,
    Known,
    Picture,
    Shown,
)
from scanner.tls.registry import (
    SSL2,
    SSL3,
    TLS1_3,
    alarming,
    harmless,
    is_hybrid_group,
    keyed,
)
from scanner.tls.steps import Steps, ask, together
from scanner.tls.suite_lists import ask_order, ask_weak, eliminate, list_tls1_3, take_order
from scanner.tls.talk import DialPlain, Prelude, Talk
from scanner.tls.versions import (
    SOUND_TLS1_3,
    ask_old_version,
    ask_sslv2,
    ask_with_share,
    find_versions,
    settle_doubt,
)

__all__ = [
    "MOST_DISCREET",
    "MOST_NAMES",
    "MOST_SPARED",
    "MOST_USUAL",
    "MOST_WHOLE",
    "DialPlain",
    "Known",
    "Prelude",
    "Shown",
    "Survey",
]

MOST_NAMES: Final = 8
"""Other names asked for; each adds one connection to the allowance."""
_RSA_SCHEMES: Final = (0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B)
_OTHER_SCHEMES: Final = (0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C)
"""ECDSA and EdDSA, as TLS 1.3 numbers them."""
_PKCS1_SCHEMES: Final = (0x0401, 0x0501, 0x0601)
"""For the signatures of certificates alone: no key signs a handshake of TLS 1.3 with them."""


@dataclass(slots=True, kw_only=True)
class Survey(Picture):
    """One service under measure; :meth:`run` once, then read the fields."""

    dial: DialPlain
    prelude: Prelude | None

    async def run(self) -> None:
        """Ask all that the allowance permits."""
        talk = Talk(self, self.dial, self.prelude)
        await talk.carry_out(self._steps())
        # Cuts stand as refusals only if the service still says anything afterwards.
        if self.last_cut > self.last_word:
            asks_again = bool(self.answers) and not self.stopped
            self.is_shaky |= not asks_again or not await talk.still_answers()
        if self.is_shaky:
            self.forget_cuts()

    def _steps(self) -> Steps[None]:
        yield from find_versions(self)
        if not self.first and self.is_tls and self.most > MOST_DISCREET and not self.name_needed:
            yield from ask_sslv2(self)
        if not set(self.first) - {SSL2} or self.stopped:
            return
        if self.is_spared or self.most <= MOST_DISCREET:
            yield from ask_weak(self)
            yield from settle_doubt(self)
        else:
            yield from self._harmless_part()
            yield from self._alarming_part()

    def _harmless_part(self) -> Steps[None]:
        yield from self._inside_tls1_3()
        self.widen()
        old = self.old()
        yield from together(
            *(eliminate(self, version, harmless, by_family=True) for version in old),
            self._other_names(),
            self._other_key(),
            self._other_protocol(),
        )
        take_order(self)
        asks_order = self.order.value is None
        several = bool(old) and len(self.lists[old[0]].accepted) > 1
        yield from together(
            ask_fallback(self),
            ask_weak_curves(self),
            *((ask_order(self),) if asks_order and several else ()),
            ask_weak_signatures(self),
        )
        asks_order = asks_order and not several
        keep = self.reserve() + asks_order
        # Suites are judged one by one, groups hardly: what is left goes to those first.
        yield from together(
            *(eliminate(self, version, harmless, by_family=False, reserve=keep) for version in old)
        )
        yield from together(
            *((ask_order(self),) if asks_order else ()),
            *((list_groups(self),) if self.most > MOST_USUAL else ()),
            *self._tls1_3(),
        )

    def _tls1_3(self) -> tuple[Steps[None], ...]:
        if TLS1_3 not in self.first or Intolerance.NO_KEY_SHARE in self.intolerances:
            return ()
        return (list_tls1_3(self),)

    def _alarming_part(self) -> Steps[None]:
        yield from settle_doubt(self)
        if SSL3 not in self.versions:
            yield from ask_old_version(self, SSL3)
            self.widen()
        # Before the suites that follow: their answers show that a cut here was no outage.
        yield from ask_sslv2(self)
        self.widen()
        if SSL3 in self.first:
            yield from eliminate(self, SSL3, harmless, by_family=True)
        for finely in (False, True):
            yield from together(
                *(
                    eliminate(self, version, alarming, by_family=True, finely=finely)
                    for version in self.old()
                )
            )
        if self.most > MOST_USUAL:
            for stage in (harmless, alarming):
                yield from together(
                    *(
                        eliminate(self, version, stage, by_family=False, reserve=1)
                        for version in self.old()
                    )
                )
            # Secrets shared beforehand are configured for all versions or for none.
            for version in self.old()[:1]:
                yield from eliminate(self, version, keyed, by_family=False, reserve=1)

    def _inside_tls1_3(self) -> Steps[None]:
        """Read what TLS 1.3 encrypts, where others met it first."""
        first = self.first.get(TLS1_3)
        if first is None or first.hidden is not None or not self.may():
            return
        offered = GROUPS if self.hybrid.value else (*HYBRIDS, *GROUPS)
        offer = self.offer(TLS1_3, SOUND_TLS1_3, floor=TLS1_3, groups=offered)
        verdict = yield from ask(offer, follow=True)
        if verdict.chosen is not None and is_hybrid_group(verdict.chosen.flight.group or 0):
            # A key for that one cannot be made here: once more, without them.
            verdict = yield from ask(replace(offer, groups=GROUPS, alpn=()), follow=True)
        if verdict.chosen is not None:
            self.first[TLS1_3] = verdict.chosen
        elif Intolerance.NO_KEY_SHARE not in self.intolerances:
            yield from ask_with_share(self)

    def _other_names(self) -> Steps[None]:
        """Ask for other names: another certificate may go with other suites."""
        others = [one for one in self.names if one != self.sni][:MOST_NAMES]
        self.for_names = len(others)
        old = self.old()
        for name in others:
            if old:
                offer = self.offer(old[0], harmless(old[0]), server_name=name)
            else:
                offer = self.offer(TLS1_3, SOUND_TLS1_3, floor=TLS1_3, server_name=name)
            yield from ask(offer, follow=not old, reserve=self.reserve() + 1)

    def _other_protocol(self) -> Steps[None]:
        """Offer the protocol that was not taken up, without the one that was."""
        left = self.untold_protocols()
        good = next((one.offer for one in self.answers if one.offer.alpn), None)
        if good is not None and self.alpn and left:
            yield from ask(replace(good, alpn=left), follow=True, reserve=self.reserve() + 1)

    def _other_key(self) -> Steps[None]:
        """Ask TLS 1.3 for a certificate of another kind of key; below, the suites tell it."""
        first = self.first.get(TLS1_3)
        scheme = first.hidden.scheme if first is not None and first.hidden is not None else None
        if self.old() or scheme is None or Intolerance.NO_KEY_SHARE in self.intolerances:
            return
        schemes = _OTHER_SCHEMES if scheme in _RSA_SCHEMES else _RSA_SCHEMES
        offer = self.offer(TLS1_3, SOUND_TLS1_3, floor=TLS1_3, schemes=(*schemes, *_PKCS1_SCHEMES))
        yield from ask(offer, follow=True, reserve=self.reserve() + 1)
