"""Which findings make one ticket, and the reference by which it is known for ever."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from checks.registry import by_id
from core.model import Flagged, Judged, Language, Place
from core.operations import Gathering
from core.results import Finding
from core.store.tickets import Followed, TicketRow
from vigie.results import finding

ALONE = Gathering(id="finding", checks=("*",), by=())
"""Where no rule fits: one finding, one ticket."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Open findings that one ticket tells of, the gravest first."""

    reference: str
    establishment: str
    rule: Gathering
    cause: str
    open: tuple[Followed, ...]


def group(
    findings: Iterable[Followed], rules: Sequence[Gathering], known: Mapping[str, TicketRow]
) -> dict[str, Group]:
    """Give the groups of what is open, by reference, in the order of their gravest finding.

    A finding stays with the ticket that told of it first, whatever the rules have become since.
    """
    told_in = {identity: row.reference for row in known.values() for identity in identities(row)}
    names = {rule.id: rule for rule in rules}
    members: dict[str, list[Followed]] = {}
    about: dict[str, tuple[Gathering, str, str]] = {}
    for one in findings:
        establishment = one.row.place.establishment
        reference = told_in.get(one.row.fingerprint)
        if reference is None:
            rule = next((rule for rule in rules if _fits(rule, one.row.check)), ALONE)
            cause = one.row.fingerprint if rule is ALONE else _cause(rule, one)
            reference = reference_of(establishment, rule.id, cause)
        else:
            memory = known[reference].memory
            rule = names.get(memory.rule, ALONE)
            cause = memory.cause
        members.setdefault(reference, []).append(one)
        about.setdefault(reference, (rule, cause, establishment))
    return {
        reference: Group(
            reference=reference,
            establishment=about[reference][2],
            rule=about[reference][0],
            cause=about[reference][1],
            open=tuple(found),
        )
        for reference, found in members.items()
    }


def worded(one: Followed, language: Language) -> Finding:
    """Put a finding into words; without its evidence where its verdict is no longer kept."""
    judged = one.judged or Judged(
        check=one.row.check,
        verdict=Flagged(place=one.row.place, confidence=one.row.confidence, proofs=()),
        at=one.row.last_seen,
    )
    return finding(judged, one.row, language)


def identities(row: TicketRow) -> set[str]:
    """Give the findings that a ticket tells of, or is about to."""
    pending = row.memory.pending
    return {*row.memory.members, *(pending.members if pending else ())}


def reference_of(establishment: str, rule: str, cause: str) -> str:
    """Give the reference of a ticket: it never depends on what is in it."""
    identity = "\n".join((establishment, rule, cause))
    return f"vigie-{hashlib.sha256(identity.encode()).hexdigest()[:24]}"


def title_of(found: Group, language: Language, most: int = 180) -> str:
    """Give the title of its ticket: what, and where."""
    first = found.open[0]
    titles = list(dict.fromkeys(title_of_check(one.row.check, language) for one in found.open))
    places = list(dict.fromkeys(spot(one.row.place) for one in found.open))
    what = titles[0] if len(titles) == 1 else f"{titles[0]} (+ {len(titles) - 1})"
    where = places[0] if len(places) == 1 else f"{places[0]} (+ {len(places) - 1})"
    return f"{what} : {where or first.row.place.establishment}"[:most]


def title_of_check(check: str, language: Language) -> str:
    """Give what a check found, in words."""
    known = by_id().get(check)
    if known is None:
        return check
    return known.title_fr if language is Language.FR else known.title_en


def spot(place: Place) -> str:
    """Give where it is, in the trade's shorthand."""
    if place.forest or place.domain:
        return place.domain or place.forest or ""
    host = place.hostname or place.ip or ""
    if place.port is None:
        return host
    return f"[{host}]:{place.port}" if ":" in host else f"{host}:{place.port}"


def _fits(rule: Gathering, check: str) -> bool:
    family = check.partition(".")[0]
    return any(one in {"*", check, f"{family}.*"} for one in rule.checks)


def _cause(rule: Gathering, one: Followed) -> str:
    return "|".join(f"{name}={_shared(name, one)}" for name in rule.by)


def _shared(name: str, one: Followed) -> str:
    place = one.row.place
    match name:
        case "check":
            return one.row.check
        case "host":
            return place.ip or place.hostname or place.domain or place.forest or ""
        case "name":
            return place.hostname or place.ip or ""
        case "port":
            return f"{place.transport.value if place.transport else ''}/{place.port or ''}"
        case "domain":
            return place.domain or place.forest or ""
        case _:
            return _product(one)


def _product(one: Followed) -> str:
    """Give the product that a verdict names; where none does, the check stands for it."""
    if one.judged is not None and isinstance(one.judged.verdict, Flagged):
        for proof in one.judged.verdict.proofs:
            if proof.values.get("product"):
                return proof.values["product"]
    return one.row.check
