"""Which suites a service takes in each version, and whose order counts. No I/O."""

from collections.abc import Sequence

from core.model import reason
from scanner.tls.elimination import Elimination, Stage, order_of
from scanner.tls.hello import GROUPS, ODD_GROUPS
from scanner.tls.picture import MOST_USUAL, Known, Picture
from scanner.tls.registry import TLS1_3, alarming, harmless, suites
from scanner.tls.steps import Steps, ask


def eliminate(
    work: Picture,
    version: int,
    stage: Stage,
    *,
    by_family: bool,
    finely: bool = False,
    reserve: int = 0,
) -> Steps[None]:
    """Offer what is left of a version's suites until all of it is refused."""
    known = work.lists[version]
    best_first = bool(len(known.offers) % 2)
    while True:
        listed = known.open(stage)
        if by_family:
            listed = known.without_seen(listed, finely=finely)
        if not listed:
            return
        # Turning the list around tells whose order counts.
        best_first = not best_first
        goes_on = yield from _ask_of(work, version, listed if best_first else listed[::-1], reserve)
        if not goes_on:
            return


def _ask_of(work: Picture, version: int, listed: Sequence[int], reserve: int = 0) -> Steps[bool]:
    """Offer some suites of a version; give whether it is worth going on."""
    known = work.lists[version]
    if not listed:
        return False
    verdict = yield from ask(work.offer(version, listed), reserve=reserve)
    if verdict.chosen is not None:
        taken = verdict.chosen.flight.version == version and known.take(verdict.chosen)
        if not taken:
            known.why = reason("protocol-error", "a suite that was not offered")
        work.widen()
        return taken
    if verdict.refused:
        if verdict.answer is not None:
            known.refuse(verdict.answer.offer.suites, is_blunt=verdict.is_blunt)
        return work.short
    known.why = verdict.why
    return False


def ask_weak(work: Picture) -> Steps[None]:
    """Ask the newest version below TLS 1.3 for what matters most: its weak suites."""
    old = work.old()
    if old and work.may():
        left = work.lists[old[0]].open(harmless)
        yield from _ask_of(work, old[0], [one for one in left if suites()[one].weakness])
        yield from _ask_of(work, old[0], alarming(old[0]))


def take_order(work: Picture) -> None:
    """Tell whose order counts from what was picked so far."""
    old = work.old()
    if old:
        work.order.value = order_of(work.lists[old[0]])
    else:
        work.order = Known(None, why="not-offered")


def ask_order(work: Picture) -> Steps[None]:
    """Tell whose order counts, by one more hello where that is not known."""
    take_order(work)
    old = work.old()
    if not old or work.order.value is not None:
        return
    known = work.lists[old[0]]
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
        work.order = Known(None, why="not-offered" if known.is_whole else work.because())
        return
    verdict = yield from ask(work.offer(old[0], pair), reserve=work.reserve())
    if verdict.chosen is None:
        work.order.why = verdict.why
    else:
        # The one that it picked before now stands last: taking it again is its own order.
        work.order.value = verdict.chosen.flight.suite == pair[1]


def list_tls1_3(work: Picture) -> Steps[None]:
    """List suites and groups of TLS 1.3 together: each is chosen for itself."""
    known = work.lists.setdefault(TLS1_3, Elimination(TLS1_3))
    for answer in work.answers:
        if answer.flight.version == TLS1_3:
            known.take(answer)
    sound = (*GROUPS, *ODD_GROUPS)
    left = [one for one in sound if one not in work.groups.get(TLS1_3, [])]
    while work.may(work.reserve()):
        listed = known.open()
        if not listed and (not left or work.most <= MOST_USUAL):
            break
        wide = work.most <= MOST_USUAL or not left
        offer = work.offer(
            TLS1_3,
            listed or list(known.accepted),
            floor=TLS1_3,
            groups=GROUPS if wide else tuple(left),
        )
        verdict = yield from ask(offer, reserve=work.reserve())
        if verdict.chosen is not None:
            known.take(verdict.chosen)
            left = [one for one in left if one != verdict.chosen.flight.group]
        elif not verdict.refused:
            known.why = verdict.why
            return
        elif wide or not listed:
            if listed:
                known.refuse(listed, is_blunt=verdict.is_blunt)
            else:
                work.groups_whole.add(TLS1_3)
                left = []
        else:
            # Either list may be the cause: the suites are asked again with every group.
            again = yield from ask(work.offer(TLS1_3, listed, floor=TLS1_3), reserve=work.reserve())
            if again.chosen is not None:
                known.take(again.chosen)
                work.groups_whole.add(TLS1_3)
                left = []
            elif again.refused:
                known.refuse(listed, is_blunt=again.is_blunt)
            else:
                known.why = again.why
                return
