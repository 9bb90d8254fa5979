"""Groups, curves and signatures of a service, and how it takes a fallback. No I/O."""

import functools
from dataclasses import replace

from scanner.tls.certificates import read_certificate
from scanner.tls.exchange import Outcome
from scanner.tls.hello import GROUPS, ODD_GROUPS, WEAK_SCHEMES
from scanner.tls.picture import Known, Picture
from scanner.tls.registry import (
    FALLBACK_SCSV,
    SSL2,
    SSL3,
    TLS1_2,
    TLS1_3,
    groups,
    harmless,
    is_weak_group,
    suites,
)
from scanner.tls.steps import Steps, ask

_CURVES = tuple(one for one in GROUPS if one < 256 and not 31 <= one <= 33)


@functools.cache
def _weak_groups() -> tuple[int, ...]:
    return tuple(one for one in groups() if is_weak_group(one))


def ask_fallback(work: Picture) -> Steps[None]:
    """Say a hello that calls itself a fallback (RFC 7507) below the newest version."""
    highest = max(one for one in work.first if one != SSL2)
    lower = [one for one in work.old() if one < highest and one > SSL3]
    if not lower:
        work.fallback = Known(True)
        return
    listed = [*work.lists[lower[0]].accepted, FALLBACK_SCSV]
    verdict = yield from ask(work.offer(lower[0], listed), reserve=work.reserve())
    if verdict.chosen is not None:
        work.fallback = Known(False)
    elif verdict.words(Outcome.FALLBACK):
        work.fallback = Known(True)
    else:
        # Any other refusal of what was accepted a moment ago is due to the signal too.
        work.fallback = Known(True if verdict.refused else None, verdict.is_blunt, verdict.why)


def _with_curves(work: Picture) -> tuple[int, list[int]] | None:
    for version in work.old():
        if version > SSL3:
            listed = [one for one in work.lists[version].accepted if suites()[one].is_ec]
            # What an EC key signs depends on its own curve too: another key tells more.
            listed = [one for one in listed if suites()[one].signed_by != "ECDSA"] or listed
            if listed:
                return version, listed
    return None


def _own_curves(work: Picture, listed: list[int]) -> tuple[int, ...]:
    """Give the curves of the keys shown, where all suites need one: not offered, it ends all.

    A hello that leaves out the curve of a certificate does not get it (RFC 8422 5.1).
    """
    if any(suites()[one].signed_by != "ECDSA" for one in listed):
        return ()
    shown = {read_certificate(one.chain[0]).curve for one in work.shown}
    return tuple(number for number, name in groups().items() if name in shown)


def ask_weak_curves(work: Picture) -> Steps[None]:
    """Offer weak curves alone, below TLS 1.3, which has none."""
    found = _with_curves(work)
    if found is None:
        whole = all(
            suites()[one].exchange != "ECDHE"
            for known in work.lists.values()
            for one in known.open(harmless)
        )
        work.weak_curve = Known(False if whole else None, why=work.because())
        return
    offer = work.offer(*found, groups=_weak_groups())
    verdict = yield from ask(offer, reserve=work.reserve())
    own = _own_curves(work, found[1])
    if verdict.refused and own:
        verdict = yield from ask(
            replace(offer, groups=(*_weak_groups(), *own)), reserve=work.reserve()
        )
    group = verdict.chosen.flight.group if verdict.chosen else None
    # A service that never reads the list uses its own curve all the same.
    work.weak_curve.take(verdict, yes=group is not None and is_weak_group(group))
    if verdict.chosen is not None and group is None:
        work.weak_curve = Known(None, why="protocol-error")


def list_groups(work: Picture) -> Steps[None]:
    """List the curves below TLS 1.3, by elimination."""
    found = _with_curves(work)
    if found is None:
        return
    known = work.groups.setdefault(TLS1_2, [])
    own = _own_curves(work, found[1])
    while left := [one for one in (*_CURVES, *ODD_GROUPS[1:8]) if one not in known]:
        kept = tuple(one for one in own if one not in left)
        offer = work.offer(*found, groups=(*left, *kept))
        verdict = yield from ask(offer, reserve=work.reserve())
        group = verdict.chosen.flight.group if verdict.chosen else None
        if verdict.refused or group in kept:
            # Whoever gets this certificate offers its curve, and then no other is taken.
            work.groups_whole.add(TLS1_2)
        if group not in left:
            return


def ask_weak_signatures(work: Picture) -> Steps[None]:
    """Offer signatures with SHA-1 and MD5 alone."""
    known = work.lists.get(TLS1_2)
    if known is None:
        work.weak_signature = Known(False if TLS1_3 in work.first else None, why="not-offered")
        return
    signed = [
        one
        for one in known.accepted
        if suites()[one].exchange in {"ECDHE", "DHE"} and suites()[one].signed_by != "anon"
    ]
    if not signed:
        work.weak_signature = Known(None, why="not-offered")
        return
    offer = work.offer(TLS1_2, signed, schemes=WEAK_SCHEMES)
    verdict = yield from ask(offer, reserve=work.reserve())
    scheme = verdict.chosen.flight.scheme if verdict.chosen else None
    work.weak_signature.take(verdict, yes=scheme in WEAK_SCHEMES)
