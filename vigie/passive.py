"""What others saw: which addresses a source may be asked about, and what their files tell."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from core.errors import UsageError
from core.model import Intensity, Language, Place, Wording
from core.observations.base import Observation
from core.observations.name import NameSeen
from core.observations.passive import PassiveAnswer, PassiveLeft, PassiveService
from core.store.store import Run
from inventories.addresses import SPECIALS
from inventories.scope import Segment
from scanner.sources.asking import Lookup, Source, Stretch, look_up
from scanner.sources.exports import MOST_BYTES, Claim, NotAnExport, read_export
from vigie.coverage import scope_of
from vigie.job import Job, utc_now

_MAY_BE_ASKED = {"", "intensity", "third-party"}
"""Answers of the gate that leave ``passive``: a mandate in date covers the address."""
_NOT_PLANNED = "not-configured"
_NO_EXPORT = Wording(
    "{file} : ni un rapport Shadowserver (CSV avec les colonnes timestamp, ip et port), ni un "
    "export Censys ou ONYPHE (JSON), de 64 Mio au plus et qu'on puisse lire",
    "{file}: neither a Shadowserver report (CSV with the columns timestamp, ip and port) nor an "
    "export of Censys or ONYPHE (JSON), of 64 MiB at most and readable",
)


def is_passive(run: Run) -> bool:
    """Tell whether a run sends nothing to its targets."""
    return run.profile == Intensity.PASSIVE.value


def stretches_to_ask(run: Run, names: Sequence[NameSeen] = ()) -> Iterator[Stretch]:
    """Give the mandated public addresses, then those of names hosted elsewhere."""
    scope = scope_of(_at_any_hour(run), names)
    for one in scope.segments(utc_now()):
        if one.sweepable and one.refusal in _MAY_BE_ASKED:
            yield from _public(one)
    for seen in names:
        for one in scope.named_segments(seen.name, (*seen.in_scope, *seen.withheld)):
            yield from _public(one)


def _public(one: Segment) -> Iterator[Stretch]:
    """Give the segment unless it is private: no internal address is told to a stranger."""
    if not any(
        odd.version == one.version and odd.first <= one.last and odd.last >= one.first
        for odd in SPECIALS
    ):
        yield Stretch(one.version, one.first, one.last, one.establishment)


def _at_any_hour(run: Run) -> Run:
    """Give the run with its mandates of today, open at any hour.

    Windows are about what is sent to targets; dates are about what may be asked of anyone.
    """
    today = utc_now().astimezone(ZoneInfo(run.inventory.ght.timezone)).date()
    mandates = tuple(
        msgspec.structs.replace(one, windows=())
        for one in run.inventory.mandates
        if one.valid_from <= today <= one.valid_until
    )
    inventory = msgspec.structs.replace(run.inventory, mandates=mandates)
    return msgspec.structs.replace(run, inventory=inventory)


async def ask_sources(
    job: Job, sources: Iterable[tuple[Source, Lookup | None, str]]
) -> AsyncIterator[Sequence[Observation]]:
    """Ask each source about what this run has not asked it yet; tells what stays unasked, and why.

    A source comes with the way to ask it, or ``None`` and why there is none.
    """
    answers = [
        seen
        for seen in job.store.observations(job.run.id, kinds=("passive-answer",))
        if isinstance(seen, PassiveAnswer)
    ]
    # What an interrupted try left unasked is asked now.
    await job.recorder.replace(("passive-left",), [])
    for source, lookup, absent in sources:
        already = {seen.place.ip or "" for seen in answers if seen.source == source.id}
        stretches = stretches_to_ask(job.run, job.seen_names)
        asking = look_up(source, lookup, stretches, now=utc_now, absent=absent, already=already)
        async for told in asking:
            for seen in told:
                if isinstance(seen, PassiveLeft) and seen.reason != _NOT_PLANNED:
                    job.unfinished.add(seen.reason)
            yield told


class Imported(NamedTuple):
    """What files of others tell about a run's own perimeter."""

    claims: tuple[PassiveService, ...]
    outside: int
    """Rows about addresses that no mandate in date covers: left out."""
    unread: int


def read_exports(run: Run, files: Iterable[Path], language: Language = Language.FR) -> Imported:
    """Read exported files; raises :class:`core.errors.UsageError` on one that is none."""
    at = utc_now()
    scope = scope_of(_at_any_hour(run))
    mine = [one for one in scope.segments(at) if one.sweepable and one.refusal in _MAY_BE_ASKED]
    kept: dict[tuple[str, str], PassiveService] = {}
    outside = unread = 0
    for file in files:
        try:
            export = read_export(_start_of(file), name=file.name, at=at)
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}") from error
        except NotAnExport as error:
            raise UsageError(_NO_EXPORT.say(language, {"file": str(file)})) from error
        unread += export.unread
        for claim in export.claims:
            owner = _owner(mine, claim.ip)
            if owner is None:
                outside += 1
                continue
            seen = _claimed(claim, owner, at)
            older = kept.get((seen.source, seen.place.key()))
            if older is None or (older.seen_on or date.min) <= (seen.seen_on or date.min):
                kept[seen.source, seen.place.key()] = seen
    return Imported(tuple(kept.values()), outside, unread)


def _start_of(file: Path) -> bytes:
    # One byte more than is taken: a file that is too long is refused without being held whole.
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _owner(mine: Sequence[Segment], ip: str) -> str | None:
    address = ip_address(ip)
    return next(
        (
            one.establishment
            for one in mine
            if one.version == address.version and one.first <= int(address) <= one.last
        ),
        None,
    )


def _claimed(claim: Claim, establishment: str, at: datetime) -> PassiveService:
    return PassiveService(
        place=Place(
            establishment=establishment, ip=claim.ip, port=claim.port, transport=claim.transport
        ),
        at=at,
        source=claim.source,
        seen_on=claim.seen_on,
        protocol=claim.protocol,
        product=claim.product,
        version=claim.version,
        names=claim.names,
        why={} if claim.seen_on else {"seen_on": "not-offered"},
    )
