"""Names and addresses: the map, the table behind it, how names were looked for, what to confirm."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from core.model import Criticality
from core.results import AddressRow, Finding, HuntRow, NameRow, ServiceRow
from reports import name_map
from reports.name_map import Node, Owner, Plate, Spot, Stop
from reports.told import MAX_LISTED, Told
from reports.view import HuntedDomain, NamedRow, Names, Question
from reports.words import CRITICALITY, HOLDER, WAY

MAX_NAMES = 500
MAX_QUESTIONS = 100
MAX_DOMAINS = 60
_NAME_CHARACTERS = 36
_ADDRESS_CHARACTERS = 28
_SERVICE_CHARACTERS = 29
_SOURCES, _ENDS = 8, 9
_SOURCE_CHARACTERS = 28
_END_CHARACTERS = 42

_OURS, _WITHHELD, _OUTSIDE = 0, 1, 2
_KINDS = ("same-owner", "shared-edge", "hds", "hosting", "cloud", "cdn", "unknown")


def names(it: Told) -> Names:
    """Give the part; its lists are empty when the run knows no name."""
    rows = it.results.names[:MAX_NAMES]
    spots, stops, owners = _drawn(it, rows)
    plates, left = name_map.draw(spots, stops, owners, _words(it)) if stops else ((), 0)
    return Names(
        said=_said(it),
        flows=_flows(it, rows),
        plates=plates,
        plates_more=it.counted("names_left", left) if left else "",
        rows=_rows(it, rows),
        rows_more=it.more(len(it.results.names), MAX_NAMES, "more_json"),
        questions=tuple(
            Question(
                where=it.inert(one.ip, 60),
                names=it.listed(one.names, MAX_LISTED, 100),
                establishment=it.establishment(one.establishment),
                holder=_owner_text(it, one.kind, one.holder, one.range),
                question=it.ours(one.question, 600),
                toml=tuple(it.inert(line, 300) for line in one.toml[:12]),
            )
            for one in it.results.to_confirm[:MAX_QUESTIONS]
        ),
        questions_more=it.more(len(it.results.to_confirm), MAX_QUESTIONS, "more_json"),
        hunts=tuple(_hunt(it, one) for one in it.results.hunts[:MAX_DOMAINS]),
        hunts_more=it.more(len(it.results.hunts), MAX_DOMAINS, "more_json"),
    )


def _said(it: Told) -> str:
    """Tell the map in one sentence."""
    rows = it.results.names
    reached = {one.ip for row in rows for one in row.addresses}
    inside = {one.ip for row in rows for one in row.addresses if one.scope == "in-scope"}
    return it.say(
        "names_said",
        names=it.counted("names_count", len(rows)),
        addresses=it.counted("names_addresses", len(reached)),
        inside=it.number(len(inside)),
        outside=it.number(len(reached - inside)),
        unresolved=it.number(sum(not row.addresses for row in rows)),
    )


def _rank(one: AddressRow) -> tuple[int, str, str]:
    """Give the owner of an address, in the order in which owners are drawn."""
    if one.scope == "in-scope":
        return _OURS, "", ""
    if one.scope == "withheld":
        return _WITHHELD, "", one.why
    kind = one.kind if one.kind in _KINDS else "unknown"
    return _OUTSIDE + _KINDS.index(kind), kind, one.holder or one.provider


def _look(rank: tuple[int, str, str]) -> str:
    return {_OURS: "own", _WITHHELD: "withheld"}.get(rank[0], rank[1])


def _drawn(it: Told, rows: Sequence[NameRow]) -> tuple[list[Spot], list[Stop], list[Owner]]:
    owned: dict[tuple[int, str, str, str], int] = {}
    keys: list[tuple[int, str, str, str]] = []
    first: dict[tuple[str, str], AddressRow] = {}
    for row in rows:
        for one in row.addresses:
            first.setdefault((row.establishment, one.ip), one)
    for (establishment, _), one in first.items():
        rank = _rank(one)
        # What is in a mandate stands under its hospital; a host is one, whoever its customers are.
        owned.setdefault((*rank, establishment if rank[0] <= _WITHHELD else ""), 0)
    keys = sorted(owned)
    owned = {key: rank for rank, key in enumerate(keys)}
    owners = [_owner(it, key) for key in keys]
    services = _services(it)
    found = _findings(it)
    stops: list[Stop] = []
    ranks: dict[tuple[int, str], int] = {}
    spots: list[Spot] = []
    for row in rows:
        led: list[int] = []
        for one in row.addresses:
            rank = _rank(one)
            owner = owned[(*rank, row.establishment if rank[0] <= _WITHHELD else "")]
            key = (owner, one.ip)
            if key not in ranks:
                ranks[key] = len(stops)
                stops.append(_stop(it, one, owner, services, found))
            led.append(ranks[key])
        whole = it.inert(row.name, 260)
        spots.append(Spot(text=_short(whole, _NAME_CHARACTERS), title=whole, addresses=tuple(led)))
    return spots, stops, owners


def _owner(it: Told, key: tuple[int, str, str, str]) -> Owner:
    rank, kind, holder, establishment = key
    if rank == _OURS:
        return Owner(kind=it.say("map_own"), name=it.establishment(establishment), look="own")
    if rank == _WITHHELD:
        return Owner(kind=it.say("map_withheld"), name=it.ours(holder, 120), look="withheld")
    return Owner(kind=it.words.word(HOLDER[kind]), name=it.inert(holder, 120), look=kind)


def _stop(
    it: Told,
    one: AddressRow,
    owner: int,
    services: dict[str, list[ServiceRow]],
    found: dict[str, list[Finding]],
) -> Stop:
    whole = it.inert(one.ip, 60)
    if one.scope != "in-scope":
        said = it.say("map_spared" if one.scope == "withheld" else "map_untouched")
        return Stop(
            text=_short(whole, _ADDRESS_CHARACTERS), title=whole, owner=owner, services=(said,)
        )
    there = services.get(one.ip, [])
    told = tuple(
        dict.fromkeys(_cut(_service_text(it, each), _SERVICE_CHARACTERS) for each in there)
    )
    return Stop(
        text=_short(whole, _ADDRESS_CHARACTERS),
        title=whole,
        owner=owner,
        services=told or (it.say("map_silent"),),
        findings=_findings_text(it, found.get(one.ip, [])),
        look=_gravest(found.get(one.ip, [])),
    )


def _service_text(it: Told, one: ServiceRow) -> str:
    protocol = one.protocol if one.protocol not in {"", "unknown"} else it.say("unknown_protocol")
    if one.tls and one.protocol == "http":
        protocol = "https"
    transport = "/udp" if one.transport.value == "udp" else ""
    product = one.product_name or one.product or ""
    return it.inert(f"{one.port}{transport} {protocol} {product}".strip(), 80)


def _findings_text(it: Told, found: Sequence[Finding]) -> str:
    if not found:
        return ""
    worst = max(one.criticality for one in found)
    return it.counted("map_findings", len(found), criticality=it.words.word(CRITICALITY[worst]))


def _gravest(found: Iterable[Finding]) -> str:
    return max((one.criticality for one in found), default=Criticality.INFO).value


def _services(it: Told) -> dict[str, list[ServiceRow]]:
    by_address: dict[str, list[ServiceRow]] = defaultdict(list)
    for one in it.results.services:
        by_address[one.ip].append(one)
    for there in by_address.values():
        there.sort(key=lambda one: (one.transport.value, one.port))
    return by_address


def _findings(it: Told) -> dict[str, list[Finding]]:
    by_address: dict[str, list[Finding]] = defaultdict(list)
    for one in it.active:
        if one.asset.ip and one.criticality is not Criticality.INFO:
            by_address[one.asset.ip].append(one)
    return by_address


def _words(it: Told) -> name_map.Words:
    return name_map.Words(
        heads=(
            it.say("map_names"),
            it.say("map_addresses"),
            it.say("map_services"),
            it.say("map_holders"),
        ),
        more_names=lambda count: it.counted("map_more_names", count),
        more_services=lambda count: it.counted("map_more_services", count),
        more_addresses=lambda count: it.counted("map_more_addresses", count),
    )


def _flows(it: Told, rows: Sequence[NameRow]) -> Plate | None:
    """Give the whole in one look: from the hospitals to who holds the addresses of their names."""
    pairs: Counter[tuple[str, tuple[int, str, str]]] = Counter()
    for row in rows:
        reached = {_rank(one) for one in row.addresses}
        for rank in reached:
            # Why an address is withheld makes no other owner.
            pairs[row.establishment, (_WITHHELD, "", "") if rank[0] == _WITHHELD else rank] += 1
    if not pairs:
        return None
    from_counts: Counter[str] = Counter()
    to_counts: Counter[tuple[int, str, str]] = Counter()
    for (source, end), count in pairs.items():
        from_counts[source] += count
        to_counts[end] += count
    sources = [key for key, _ in from_counts.most_common()]
    ends = sorted(to_counts, key=lambda key: (key[0] > _WITHHELD, -to_counts[key], key))
    kept_sources, kept_ends = sources[:_SOURCES], ends[:_ENDS]
    between: Counter[tuple[int, int]] = Counter()
    for (source, end), count in pairs.items():
        at = kept_sources.index(source) if source in kept_sources else len(kept_sources)
        to = kept_ends.index(end) if end in kept_ends else len(kept_ends)
        between[at, to] += count
    named = Counter(row.establishment for row in rows if row.addresses)
    left = [
        Node(
            text=it.counted(
                "flow_source", named[one], who=_short(it.establishment(one), _SOURCE_CHARACTERS)
            ),
            look="source",
        )
        for one in kept_sources
    ]
    if len(sources) > _SOURCES:
        left.append(Node(text=it.say("flow_others"), look="source"))
    right = [_end(it, one, to_counts[one]) for one in kept_ends]
    if len(ends) > _ENDS:
        count = sum(to_counts[one] for one in ends[_ENDS:])
        text = it.counted("flow_end", count, who=it.say("flow_others_held"))
        right.append(Node(text=text, look="unknown"))
    return name_map.flows(left, right, dict(between))


def _end(it: Told, rank: tuple[int, str, str], count: int) -> Node:
    if rank[0] <= _WITHHELD:
        who, note = it.say("map_own" if rank[0] == _OURS else "map_withheld"), ""
    else:
        kind = it.words.word(HOLDER[rank[1]])
        holder = _short(it.inert(rank[2], 120), _END_CHARACTERS)
        who, note = (holder, kind) if holder else (kind, "")
    return Node(text=it.counted("flow_end", count, who=who), note=note, look=_look(rank))


def _short(text: str, limit: int) -> str:
    """Cut a text in its middle: both ends of a name and of an address tell it from the others."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 3 // 5
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _rows(it: Told, rows: Sequence[NameRow]) -> tuple[NamedRow, ...]:
    services, found = _services(it), _findings(it)
    by_name: dict[str, list[Finding]] = defaultdict(list)
    for one in it.active:
        if one.asset.hostname and one.criticality is not Criticality.INFO:
            by_name[one.asset.hostname].append(one)
    return tuple(_row(it, one, services, found, by_name.get(one.name, [])) for one in rows)


def _row(
    it: Told,
    one: NameRow,
    by_address: dict[str, list[ServiceRow]],
    found_at: dict[str, list[Finding]],
    of_name: Sequence[Finding],
) -> NamedRow:
    inside = dict.fromkeys(each.ip for each in one.addresses if each.scope == "in-scope")
    services = [
        each
        for ip in inside
        for each in by_address.get(ip, ())
        if each.hostname in {None, one.name}
    ]
    services.sort(key=lambda each: (each.transport.value, each.port))
    found = [
        *of_name,
        *(each for ip in inside for each in found_at.get(ip, ()) if each.asset.hostname is None),
    ]
    worst = max((each.criticality for each in found), default=None)
    return NamedRow(
        name=it.inert(one.name, 200),
        establishment=it.establishment(one.establishment),
        found_by=", ".join(_way(it, way) for way in one.found_by[:MAX_LISTED]),
        addresses=it.listed((each.ip for each in one.addresses), MAX_LISTED, 60),
        chain=it.listed(one.chain, 6, 120),
        error=it.inert(one.error, 80),
        holders=it.listed((_holder(it, each) for each in one.addresses), 4, 160),
        services=it.listed((_service_text(it, each) for each in services), 6, 60),
        badge=it.badge(worst) if worst else None,
        findings=it.counted("names_findings", len(found)) if found else "",
    )


def _way(it: Told, way: str) -> str:
    return it.words.word(WAY[way]) if way in WAY else it.inert(way, 40)


def _holder(it: Told, one: AddressRow) -> str:
    if one.scope == "in-scope":
        return it.say("map_own")
    if one.scope == "withheld":
        why = it.ours(one.why, 200)
        return f"{it.say('map_withheld')} ({why})" if why else it.say("map_withheld")
    kind = one.kind if one.kind in HOLDER else "unknown"
    told = _owner_text(it, kind, one.holder or one.provider, "")
    return f"{told}, AS{one.asn}" if one.asn is not None else told


def _owner_text(it: Told, kind: str, holder: str, span: str) -> str:
    said = it.words.word(HOLDER[kind if kind in HOLDER else "unknown"])
    more = ", ".join(text for text in (it.inert(holder, 120), it.inert(span, 80)) if text)
    return it.say("holder_is", kind=said, holder=more) if more else said


def _hunt(it: Told, one: HuntRow) -> HuntedDomain:
    found = [
        f"{_way(it, way)} {it.number(count)}"
        for way, count in sorted(one.found.items(), key=lambda pair: -pair[1])
        if count
    ]
    return HuntedDomain(
        domain=it.inert(one.domain, 200),
        establishment=it.establishment(one.establishment),
        asked=it.number(max(0, one.asked)),
        lost=it.number(max(0, one.lost)),
        found=it.listed(found, MAX_LISTED, 60),
        wildcards=it.listed(one.wildcards, 6, 120),
        untried=it.listed(
            (f"{_way(it, way)} ({it.ours(why, 200)})" for way, why in one.tried.items() if why),
            len(WAY),
            300,
        ),
    )
