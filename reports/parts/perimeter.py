"""What was allowed, what was tried, and the map of it."""

from collections.abc import Iterable
from datetime import date
from ipaddress import IPv4Network
from itertools import pairwise

from core.inventory import Consent, Establishment, Mandate, Network, Window
from core.model import Criticality, Intensity, Status
from reports import pictures
from reports.told import MAX_LISTED, MAX_RANGES, Told, address
from reports.view import Listed, MandateRow, Map, Place, Share, Tried
from reports.words import INTENSITY, STATUS, day_name

_MAX_DRAWN = 1_024
"""Ranges of one establishment that are looked at."""

STATUS_GROUPS: tuple[tuple[str, frozenset[Status]], ...] = (
    ("answered", frozenset({Status.OPEN, Status.OK})),
    ("closed", frozenset({Status.REFUSED})),
    ("silent", frozenset({Status.TIMEOUT, Status.FILTERED})),
    (
        "disturbed",
        frozenset({Status.RESET, Status.PROTOCOL_ERROR, Status.GAVE_UP, Status.RATE_LIMITED}),
    ),
    ("unmeasured", frozenset({Status.BANNED, Status.EGRESS_FILTERED, Status.UNDETERMINED})),
    ("unsent", frozenset({Status.OUT_OF_SCOPE, Status.OUT_OF_WINDOW})),
)


def place(it: Told, one: Establishment) -> Place:
    """Give one establishment and its perimeter."""
    seen = [(row.establishment, row.hostname) for row in it.results.services]
    seen += [(row.asset.establishment, row.asset.hostname) for row in it.results.findings]
    names = {name for establishment, name in seen if name and establishment == one.id}
    return Place(
        name=it.inert(one.name or one.id, 120),
        finess=it.inert(one.finess, 20),
        contact=it.inert(one.contact, 120),
        ranges=it.listed(one.ranges),
        domains=it.listed(one.domains),
        excluded=it.listed(one.exclude),
        medical=it.listed(one.medical),
        names=it.listed(sorted(names)),
        outside=one not in it.establishments,
    )


def maps(it: Told) -> tuple[tuple[Map, ...], str]:
    """Give the ranges of this run, drawn, up to ``MAX_RANGES`` maps, and tell how many are left."""
    gravest: dict[tuple[int, int], Criticality | None] = {}
    places = [
        *((one.ip, None) for one in it.results.services),
        *((one.asset.ip, one.criticality) for one in it.active),
    ]
    for text, criticality in places:
        key = address(text)
        if key is None:
            continue
        known = gravest.get(key)
        if known is None or (criticality is not None and known < criticality):
            gravest[key] = criticality
    maps: list[Map] = []
    left = sum(len(one.ranges) for one in it.establishments)
    for one in it.establishments:
        excluded = pictures.networks(one.exclude)
        blocks = _blocks(pictures.networks(one.ranges[:_MAX_DRAWN]))
        for block, ranges in blocks[: MAX_RANGES - len(maps)]:
            seen = {at: worst for (ip, at), worst in gravest.items() if ip == block.version}
            drawn = pictures.strip(ranges, seen, excluded)
            left -= len(ranges)
            maps.append(
                Map(
                    range=str(block)
                    if ranges == [block]
                    else it.counted("map_block", len(ranges), block=str(block)),
                    establishment=it.establishment(one.id),
                    caption=it.say(
                        "map_range",
                        addresses=it.number(drawn.addresses),
                        hosts=it.number(drawn.hosts),
                        flagged=it.number(drawn.flagged),
                    ),
                    scale=it.counted("map_scale", drawn.per_cell),
                    blocks=drawn.blocks,
                )
            )
    return tuple(maps), it.counted("map_more", left) if left else ""


def _blocks(ranges: Iterable[Network]) -> list[tuple[Network, list[Network]]]:
    """Give the ranges by block of 256 addresses, since a map of one address tells nothing."""
    found: dict[Network, list[Network]] = {}
    for one in ranges:
        length = 24 if isinstance(one, IPv4Network) else 120
        block = one.supernet(new_prefix=length) if one.prefixlen > length else one
        found.setdefault(block, []).append(one)
    return [(ranges[0] if len(ranges) == 1 else block, ranges) for block, ranges in found.items()]


def intro(it: Told) -> str:
    """Tell who was spoken to; in a passive run, nobody was."""
    passive = it.results.run.profile == Intensity.PASSIVE.value
    return it.say("perimeter_intro_passive" if passive else "perimeter_intro")


def _validity(it: Told, start: date, end: date) -> str:
    return it.say("validity_from_to", start=it.clock.short(start), end=it.clock.short(end))


def mandate(it: Told, one: Mandate) -> MandateRow:
    """Give one mandate."""
    names = ", ".join(it.establishment(id_) for id_ in one.establishments[:MAX_LISTED])
    covers = one.covers or ((it.say("covers_all", names=names),) if names else ())
    return MandateRow(
        who=it.inert(one.signed_by),
        holder=False,
        document=it.inert(one.document),
        validity=_validity(it, one.valid_from, one.valid_until),
        expired=one.valid_until < it.today,
        intensity=it.words.word(INTENSITY[one.intensity]),
        windows=it.listed(_window(it, each) for each in one.windows),
        covers=it.listed(covers, each=400),
        emergency=it.inert(one.emergency, 60),
    )


def consent(it: Told, one: Consent) -> MandateRow:
    """Give the consent of a third party, in the table of mandates."""
    return MandateRow(
        who=it.inert(one.holder),
        holder=True,
        document=it.inert(one.document),
        validity=_validity(it, one.valid_from, one.valid_until),
        expired=one.valid_until < it.today,
        intensity=it.words.word(INTENSITY[one.intensity]),
        windows=Listed(shown=()),
        covers=it.listed(one.covers),
        emergency="",
    )


def _window(it: Told, window: Window) -> str:
    days = [day_name(day, it.language) for day in window.days]
    consecutive = all(after == before + 1 for before, after in pairwise(window.days))
    said = f"{days[0]} → {days[-1]}" if len(days) > 2 and consecutive else ", ".join(days)
    return f"{said} {_clock_face(window.opens_min)}–{_clock_face(window.closes_min)}"


def tried(it: Told) -> tuple[Tried, ...]:
    """Give the statuses that came up, with their counts."""
    statuses = it.results.coverage.statuses
    rows: list[Tried] = []
    for group, members in STATUS_GROUPS:
        for status in STATUS:
            count = statuses.get(status.value, 0)
            if status in members and count:
                name, meaning = STATUS[status]
                rows.append(
                    Tried(
                        group=group,
                        name=it.words.word(name),
                        meaning=it.words.word(meaning),
                        count=it.number(count),
                    )
                )
    known = {one.value for one in Status}
    for code in sorted(statuses.keys() - known)[:MAX_LISTED]:
        rows.append(
            Tried(
                group="unmeasured",
                name=it.inert(code, 40),
                meaning="",
                count=it.number(statuses[code]),
            )
        )
    return tuple(rows)


def _share_counts(it: Told) -> list[tuple[str, int]]:
    statuses = it.results.coverage.statuses
    return [
        (group, sum(max(0, statuses.get(one.value, 0)) for one in members))
        for group, members in STATUS_GROUPS
    ]


def tried_blocks(it: Told) -> tuple[pictures.Block, ...]:
    """Give the picture of all attempts by group of statuses."""
    counts = _share_counts(it)
    parts = [(group, count, it.number(count)) for group, count in counts]
    return pictures.stacked(parts, sum(count for _, count in counts), 26)


def shares(it: Told) -> tuple[Share, ...]:
    """Give the groups of statuses with their counts."""
    return tuple(
        Share(look=group, label=it.say(f"g_{group}"), count=it.number(count))
        for group, count in _share_counts(it)
        if count
    )


def _clock_face(minutes: int) -> str:
    inside = minutes if minutes == 1_440 else minutes % 1_440
    return f"{inside // 60:02d}:{inside % 60:02d}"
