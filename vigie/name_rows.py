"""Names, where they lead and what was done to find them, as rows of results; pure."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

import msgspec

from core.model import Language, Place
from core.observations.name import WAYS, AddressHolder, NameSeen, NamesHunted
from core.ownership import to_confirm
from core.reasons import say
from core.results import AddressRow, Asset, HuntRow, NameRow, NotMeasuredRow, ToConfirmRow
from core.store.store import Run
from reports.words import WAY


def merged(names: Iterable[NameSeen]) -> tuple[NameSeen, ...]:
    """Give each name once, sorted; one told again was found by other ways too."""
    found: dict[tuple[str, str], NameSeen] = {}
    for one in names:
        key = (one.place.establishment, one.name)
        before = found.get(key)
        if before is None:
            found[key] = one
            continue
        ways = tuple(dict.fromkeys((*before.found_by, *one.found_by)))
        found[key] = msgspec.structs.replace(
            one, found_by=ways, holders={**before.holders, **one.holders}
        )
    return tuple(found[key] for key in sorted(found))


def name_rows(names: Sequence[NameSeen], language: Language) -> tuple[NameRow, ...]:
    """Give names, each once, as rows."""
    return tuple(
        NameRow(
            establishment=one.place.establishment,
            name=one.name,
            found_by=one.found_by,
            addresses=tuple(
                _address(one, ip, language) for ip in sorted(one.addresses, key=_by_number)
            ),
            chain=one.chain,
            error=one.error,
        )
        for one in names
    )


def _address(one: NameSeen, ip: str, language: Language) -> AddressRow:
    if ip in one.in_scope:
        return AddressRow(ip=ip, scope="in-scope")
    if ip in one.withheld:
        return AddressRow(ip=ip, scope="withheld", why=say(one.withheld[ip], language))
    holder = one.holders.get(ip, AddressHolder(kind=""))
    return AddressRow(
        ip=ip,
        scope="outside",
        why=say(holder.why, language) if holder.why else "",
        kind=holder.kind,
        holder=holder.holder,
        provider=holder.provider,
        asn=holder.asn,
        range=holder.range,
        source=holder.source,
    )


def hunt_rows(hunts: Iterable[NamesHunted], language: Language) -> tuple[HuntRow, ...]:
    """Give what was done for each domain; the last telling of each counts."""
    last = {(one.place.establishment, one.domain): one for one in hunts}
    return tuple(
        HuntRow(
            establishment=one.place.establishment,
            domain=one.domain,
            asked=one.asked,
            lost=one.lost,
            found=one.found,
            wildcards=one.wildcards,
            tried={way: say(why, language) if why else "" for way, why in one.tried.items()},
        )
        for _, one in sorted(last.items())
    )


def questions(run: Run, names: Iterable[NameSeen], language: Language) -> tuple[ToConfirmRow, ...]:
    """Give what the establishment alone can tell, and has not told yet."""
    return tuple(
        ToConfirmRow(
            establishment=one.establishment,
            ip=one.ip,
            names=one.names,
            kind=one.holder.kind,
            holder=one.holder.holder or one.holder.provider,
            range=one.holder.range,
            question=one.question,
            toml=one.toml,
        )
        for one in to_confirm(names, run.inventory.answers, language)
    )


def not_hunted(hunts: Iterable[NamesHunted], language: Language) -> Iterator[NotMeasuredRow]:
    """Tell the ways of finding names that were not gone through, or not wholly, and what was lost.

    Ways that the inventory configures for none of its domains are told once.
    """
    french = language is Language.FR
    last = {(one.place.establishment, one.domain): one for one in hunts}
    common = _common([one.tried for one in last.values()])
    what = "recherche de noms : " if french else "search for names: "
    for way, why in common.items():
        establishments = sorted({one.place.establishment for one in last.values()})
        for establishment in establishments:
            count = sum(one.place.establishment == establishment for one in last.values())
            asset = _asset(Place(establishment=establishment))
            yield NotMeasuredRow(
                asset=asset, what=what + _said(way, language), why=say(why, language), count=count
            )
    for _, one in sorted(last.items()):
        asset = _asset(one.place, one.domain)
        for way, why in one.tried.items():
            if why and way not in common:
                yield NotMeasuredRow(
                    asset=asset, what=what + _said(way, language), why=say(why, language)
                )
        if one.lost:
            yield NotMeasuredRow(
                asset=asset,
                what="recherche de noms : questions sans réponse"
                if french
                else "search for names: questions without an answer",
                why=say("resolver-failure", language),
                count=one.lost,
            )


def _common(tried: Sequence[dict[str, str]]) -> dict[str, str]:
    """Give the ways that failed for the same reason everywhere, in the order of :data:`WAYS`."""
    if len(tried) < 2:
        return {}
    found: dict[str, str] = {}
    for way in WAYS:
        reasons = {one.get(way, "") for one in tried}
        if len(reasons) == 1 and (why := reasons.pop()):
            found[way] = why
    return found


def _said(way: str, language: Language) -> str:
    return WAY[way].say(language) if way in WAY else way


def _asset(place: Place, domain: str = "") -> Asset:
    return Asset(
        establishment=place.establishment,
        hostname=place.hostname,
        domain=place.domain or domain or None,
    )


def _by_number(ip: str) -> tuple[int, int]:
    address = ip_address(ip)
    return address.version, int(address)
