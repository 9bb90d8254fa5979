"""Which versions a service has, newest first, and in which form it takes a hello. No I/O."""

from dataclasses import replace

from core.observations.tls import Intolerance
from scanner.tls.exchange import Answer, Outcome
from scanner.tls.hello import GROUPS, HYBRIDS, X25519, Offer
from scanner.tls.picture import Known, Picture
from scanner.tls.registry import (
    SSL2,
    SSL3,
    TLS1_0,
    TLS1_1,
    TLS1_2,
    TLS1_3,
    alarming,
    harmless,
    keyed,
    suites,
)
from scanner.tls.secrets13 import KeyPair
from scanner.tls.steps import Steps, Verdict, ask

SOUND_TLS1_3 = (0x1302, 0x1301, 0x1303, 0x1304, 0x1305)
_HANDSHAKE_FAILURE, _INTERNAL_ERROR = 40, 80


def find_versions(work: Picture) -> Steps[None]:
    """Ask for one version after another: what was chosen tells which to ask for next."""
    ceiling = TLS1_3
    if work.first:
        # A handshake made by others told the newest version already.
        ceiling = min(work.first) - 1
    while ceiling >= TLS1_0 and not work.stopped:
        newest = not work.first
        verdict = yield from _named(work, ceiling)
        if verdict.chosen is not None:
            version = verdict.chosen.flight.version or 0
            work.agreed(version, ceiling, verdict.chosen)
            ceiling = version - 1
        elif work.name_needed or (verdict.agreed is None and not newest):
            work.unknown(range(SSL3, ceiling + 1), verdict)
            return
        elif verdict.words(Outcome.NO_VERSION):
            # Before anything worked it may mean the hello's own version: one step down only.
            # A service known to negotiate means all of the offer.
            work.refused(range(ceiling if newest else SSL3, ceiling + 1), verdict)
            ceiling = ceiling - 1 if newest else SSL3
        elif newest:
            ceiling = yield from _workaround(work, ceiling, verdict)
        else:
            ceiling = yield from _doubted(work, ceiling, verdict)
    if not work.first and not work.stopped and not work.name_needed:
        yield from ask_old_version(work, SSL3)
        if not work.first and work.is_tls:
            yield from _alarming_alone(work)


def _named(work: Picture, ceiling: int) -> Steps[Verdict]:
    """Say a first hello of a version, with one name after another until one is welcome."""
    verdict = yield from ask(_first_offer(work, ceiling), follow=ceiling == TLS1_3)
    if work.first:
        return verdict
    untried: list[str | None] = [one for one in work.names if one != work.sni]
    if work.sni is not None:
        untried.append(None)
    while _wants_a_name(work, verdict):
        if not untried or not work.may():
            work.name_needed = not untried
            break
        work.sni = untried.pop(0)
        verdict = yield from ask(_first_offer(work, ceiling), follow=ceiling == TLS1_3)
        if verdict.chosen is not None:
            work.intolerant(Intolerance.UNKNOWN_NAME)
    return verdict


def _first_offer(work: Picture, ceiling: int) -> Offer:
    listed = harmless(min(ceiling, TLS1_2))
    if ceiling < TLS1_3:
        return work.offer(ceiling, listed)
    return work.offer(ceiling, (*SOUND_TLS1_3, *listed), groups=(*HYBRIDS, *GROUPS))


def _wants_a_name(work: Picture, verdict: Verdict) -> bool:
    if verdict.words(Outcome.NAME):
        return True
    if len(work.names) < 1 + (work.sni is not None) or verdict.answer is None:
        return False
    alert = verdict.answer.flight.alert
    return alert is not None and alert.description in {_HANDSHAKE_FAILURE, _INTERNAL_ERROR}


def _workaround(work: Picture, ceiling: int, verdict: Verdict) -> Steps[int]:
    """Nothing was agreed to yet, and the refusal may be of the hello itself."""
    work.unknown(range(ceiling, ceiling + 1), verdict)
    if ceiling != TLS1_3:
        return ceiling - 1
    work.refused_sound = verdict.words(Outcome.NO_SUITE)
    shared = yield from ask_with_share(work)
    if shared is not None:
        work.agreed(shared.flight.version or 0, TLS1_3, shared)
        return (shared.flight.version or 0) - 1
    lower = yield from ask(_first_offer(work, TLS1_2))
    if lower.chosen is not None:
        work.intolerant(Intolerance.TLS1_3_HELLO)
        version = lower.chosen.flight.version or 0
        work.agreed(version, TLS1_2, lower.chosen)
        return version - 1
    work.unknown(range(TLS1_2, TLS1_2 + 1), lower)
    if lower.words(Outcome.NO_VERSION):
        work.refused([TLS1_2], lower)
    return (yield from _plainer(work, lower))


def _plainer(work: Picture, verdict: Verdict) -> Steps[int]:
    """Make the hello shorter, then older and bare, until it is answered."""
    if verdict.is_blunt or verdict.agreed is None:
        work.short = True
        shorter = yield from ask(_first_offer(work, TLS1_2))
        if shorter.chosen is not None:
            work.intolerant(Intolerance.LONG_HELLO)
            version = shorter.chosen.flight.version or 0
            work.agreed(version, TLS1_2, shorter.chosen)
            return version - 1
        work.extended = False
        bare = yield from ask(_first_offer(work, TLS1_0))
        if bare.chosen is not None:
            work.intolerant(Intolerance.EXTENSIONS)
            work.short = False
            version = bare.chosen.flight.version or 0
            work.agreed(version, TLS1_0, bare.chosen)
            return version - 1
        work.short, work.extended = False, True
    return TLS1_1


def ask_with_share(work: Picture) -> Steps[Answer | None]:
    """Say the TLS 1.3 hello again, with a key share, to whoever would not choose a group."""
    pair = KeyPair.make(X25519)
    if pair is None or not work.may(1):
        return None
    offer = replace(_first_offer(work, TLS1_3), shares=((pair.group, pair.public),))
    verdict = yield from ask(offer)
    if verdict.chosen is None or verdict.chosen.flight.version != TLS1_3:
        return verdict.chosen
    work.intolerant(Intolerance.NO_KEY_SHARE)
    work.retry = Known(False)
    return verdict.chosen


def _doubted(work: Picture, ceiling: int, verdict: Verdict) -> Steps[int]:
    """Something newer works; this was refused, but not as a version is."""
    if verdict.words(Outcome.NO_SUITE):
        # Only what is alarming is left to offer there: that comes last.
        work.unknown(range(SSL3, ceiling + 1), verdict)
        work.doubt = ceiling
        return SSL3
    # OpenSSL 3 has old versions in name at its default security level, finds nothing to sign
    # with, and says internal_error: what needs no signature may still be agreed to.
    listed = [one for one in harmless(ceiling) if suites()[one].exchange == "RSA"]
    again = yield from ask(work.offer(ceiling, listed))
    if again.chosen is not None:
        version = again.chosen.flight.version or 0
        work.agreed(version, ceiling, again.chosen)
        return version - 1
    if again.refused:
        work.refused(range(SSL3, ceiling + 1), again)
    else:
        work.unknown(range(SSL3, ceiling + 1), again)
    return SSL3


def settle_doubt(work: Picture) -> Steps[None]:
    """Ask an old version that refused all that is sound for the rest."""
    if not work.doubt:
        return
    verdict = yield from ask(work.offer(work.doubt, alarming(work.doubt)))
    if verdict.chosen is not None:
        work.agreed(verdict.chosen.flight.version or 0, work.doubt, verdict.chosen)
    elif verdict.refused:
        work.refused(range(SSL3, work.doubt + 1), verdict)


def ask_old_version(work: Picture, version: int) -> Steps[None]:
    """Ask for one version with what is sound in it."""
    verdict = yield from ask(work.offer(version, harmless(version)))
    if verdict.chosen is not None:
        work.agreed(verdict.chosen.flight.version or 0, version, verdict.chosen)
    elif verdict.refused:
        work.refused([version], verdict)
    else:
        work.unknown([version], verdict)


def _alarming_alone(work: Picture) -> Steps[None]:
    """Ask a service that has nothing sound for something alarming."""
    verdict = yield from ask(work.offer(TLS1_2, (*alarming(TLS1_2), *keyed(TLS1_2))))
    if verdict.chosen is not None:
        version = verdict.chosen.flight.version or 0
        work.agreed(version, TLS1_2, verdict.chosen)
        if work.refused_sound:
            work.versions[TLS1_3] = Known(False)


def ask_sslv2(work: Picture) -> Steps[None]:
    """Ask for SSLv2, with every cipher kind that it had."""
    verdict = yield from ask(Offer(ceiling=SSL2))
    known = Known()
    known.take(verdict)
    if verdict.chosen is not None:
        work.sslv2_kinds = verdict.chosen.flight.kinds
        work.first[SSL2] = verdict.chosen
    elif verdict.answer is not None and verdict.answer.outcome is Outcome.STRANGE:
        # An answer in plain HTTP, or of another kind, to what looks like no TLS at all.
        known = Known(False)
    work.versions[SSL2] = known
