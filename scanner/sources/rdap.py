"""RDAP (RFC 9082, RFC 9083): whose an address is, until when a domain is registered. Pure.

What registries publish is written by their customers: hostile, bounded, one line each.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range
from typing import Protocol, cast

import msgspec

from core.ownership import printable

_MOST_ITEMS = 64
"""Entities, events, remarks… read of one answer."""
_DEEPEST = 3
"""Entities within entities."""
_HOLDS = ("registrant", "administrative")
"""Roles (RFC 9083, 10.2.4) of who holds a thing, the surest first; others only serve it."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """One entity of an answer."""

    handle: str = ""
    name: str = ""
    """Organisation, else full name when the card is not that of a person."""
    roles: tuple[str, ...] = ()


class NetworkRegistered(msgspec.Struct, frozen=True, kw_only=True):
    """The registration around an address (RFC 9083, 5.4)."""

    handle: str = ""
    name: str = ""
    first: str
    last: str
    cidrs: tuple[str, ...] = ()
    country: str = ""
    parent: str = ""
    holders: tuple[Holder, ...] = ()
    """Organisations that hold it, the registrant first; no person is kept."""
    remarks: tuple[str, ...] = ()

    @property
    def holder(self) -> str:
        """Who holds it, in the registry's words; else what they describe it as, else its name."""
        named = next((one.name for one in self.holders if one.name), "")
        return named or next(iter(self.remarks), "") or self.name

    @property
    def shown_range(self) -> str:
        """CIDR, or first and last."""
        return self.cidrs[0] if len(self.cidrs) == 1 else f"{self.first} - {self.last}"

    def texts(self) -> tuple[str, ...]:
        """Give all that may name a holder, the surest first."""
        return tuple(filter(None, (*(one.name for one in self.holders), *self.remarks, self.name)))

    def holds(self, ip: str) -> bool:
        """Tell whether a literal address lies in it."""
        address, first, last = ip_address(ip), ip_address(self.first), ip_address(self.last)
        return address.version == first.version and int(first) <= int(address) <= int(last)


class DomainRegistered(msgspec.Struct, frozen=True, kw_only=True):
    """The registration of a domain (RFC 9083, 5.3)."""

    name: str
    expires_on: date | None = None
    registered_on: date | None = None
    statuses: tuple[str, ...] = ()
    registrar: str = ""
    name_servers: tuple[str, ...] = ()
    is_signed: bool | None = None


class NetworkTold(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking about an address."""

    network: NetworkRegistered | None = None
    why: str = ""
    """Reason id, with a detail; beside a network: why it is not fresh."""
    source: str = ""
    """Host of the registry."""
    told_on: date | None = None
    """Where it was kept from earlier."""


class DomainTold(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking about a domain; as :class:`NetworkTold`."""

    domain: DomainRegistered | None = None
    why: str = ""
    source: str = ""
    told_on: date | None = None


class Registry(Protocol):
    """Asks the configured registries; raises nothing of the other side."""

    async def network(self, ip: str) -> NetworkTold: ...
    async def domain(self, name: str) -> DomainTold: ...


def is_answer(body: bytes) -> bool:
    """Tell whether these are bytes of RDAP at all: one object of JSON."""
    return _object(body) is not None


def read_network(body: bytes, ip: str) -> NetworkRegistered | None:
    """Read an answer about an address; ``None`` when it is none, or about others. Total."""
    answer = _object(body)
    if answer is None or _text(answer, "objectClassName").lower() != "ip network":
        return None
    bounds = _bounds(answer)
    if bounds is None:
        return None
    first, last = bounds
    address = ip_address(ip)
    if address.version != first.version or not int(first) <= int(address) <= int(last):
        return None
    # The whole Internet, as registries tell what is not theirs, is nobody's registration.
    if int(last) - int(first) >= 2 ** (first.max_prefixlen - (6 if first.version == 4 else 12)):
        return None
    holders = sorted(_holders(answer, 0), key=_surest)
    return NetworkRegistered(
        handle=_text(answer, "handle"),
        name=_text(answer, "name"),
        first=str(first),
        last=str(last),
        cidrs=_cidrs(first, last),
        country=_text(answer, "country")[:2].upper(),
        parent=_text(answer, "parentHandle"),
        holders=tuple(dict.fromkeys(holders)),
        remarks=tuple(dict.fromkeys(_remarks(answer))),
    )


def read_domain(body: bytes, name: str) -> DomainRegistered | None:
    """Read an answer about a domain; ``None`` when it is none, or about another. Total."""
    answer = _object(body)
    if answer is None or _text(answer, "objectClassName").lower() != "domain":
        return None
    if _text(answer, "ldhName").lower().rstrip(".") != name:
        return None
    events = dict(reversed(list(_events(answer))))
    secure = _mapping(answer.get("secureDNS"))
    signed = secure.get("delegationSigned")
    servers = {
        _text(_mapping(one), "ldhName").lower().rstrip(".")
        for one in _items(answer.get("nameservers"))
    }
    registrars = (one.name or one.handle for one in _entities(answer, 0, "registrar"))
    return DomainRegistered(
        name=name,
        expires_on=events.get("expiration"),
        registered_on=events.get("registration"),
        statuses=tuple(filter(None, (_line(one) for one in _items(answer.get("status")))))[:16],
        registrar=next(filter(None, registrars), ""),
        name_servers=tuple(sorted(filter(None, servers)))[:16],
        is_signed=signed if isinstance(signed, bool) else None,
    )


def _object(body: bytes) -> Mapping[str, object] | None:
    try:
        answer: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("Mapping[str, object]", answer) if isinstance(answer, dict) else None


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _items(value: object) -> Sequence[object]:
    return cast("list[object]", value)[:_MOST_ITEMS] if isinstance(value, list) else ()


def _line(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""


def _text(answer: Mapping[str, object], key: str) -> str:
    return _line(answer.get(key))


def _bounds(
    answer: Mapping[str, object],
) -> tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address] | None:
    try:
        # Some registries write the prefix too.
        first = ip_address(_text(answer, "startAddress").partition("/")[0])
        last = ip_address(_text(answer, "endAddress").partition("/")[0])
    except ValueError:
        return None
    if int(first) > int(last):
        return None
    if isinstance(first, IPv4Address) and isinstance(last, IPv4Address):
        return first, last
    if isinstance(first, IPv6Address) and isinstance(last, IPv6Address):
        return first, last
    return None


def _cidrs(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> tuple[str, ...]:
    found: list[str] = []
    for network in summarize_address_range(first, last):
        found.append(str(ip_network(network)))
        if len(found) >= 16:
            break
    return tuple(found)


def _events(answer: Mapping[str, object]) -> Iterator[tuple[str, date]]:
    for item in _items(answer.get("events")):
        event = _mapping(item)
        day = _day(_text(event, "eventDate"))
        if day is not None:
            yield _text(event, "eventAction").lower(), day


def _day(text: str) -> date | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.date()


def _remarks(answer: Mapping[str, object]) -> Iterator[str]:
    for item in _items(answer.get("remarks")):
        for line in _items(_mapping(item).get("description"))[:8]:
            if text := _line(line):
                yield text


def _surest(holder: Holder) -> int:
    return min(_HOLDS.index(role) for role in holder.roles if role in _HOLDS)


def _holders(answer: Mapping[str, object], depth: int) -> Iterator[Holder]:
    for role in _HOLDS:
        yield from _entities(answer, depth, role)


def _entities(answer: Mapping[str, object], depth: int, role: str) -> Iterator[Holder]:
    """Give the entities of one role, nested ones last."""
    if depth >= _DEEPEST:
        return
    inner: list[Mapping[str, object]] = []
    for item in _items(answer.get("entities")):
        entity = _mapping(item)
        roles = tuple(filter(None, (_line(one).lower() for one in _items(entity.get("roles")))))
        inner.append(entity)
        if role in roles:
            yield Holder(
                handle=_text(entity, "handle"),
                name=_card_name(entity.get("vcardArray")),
                roles=roles[:8],
            )
    for entity in inner[:8]:
        yield from _entities(entity, depth + 1, role)


def _card_name(card: object) -> str:
    """Give the organisation of a jCard (RFC 7095); a person's name is never kept."""
    parts = _items(card)
    if len(parts) != 2:
        return ""
    found: dict[str, str] = {}
    for item in _items(parts[1]):
        row = _items(item)
        if len(row) < 4 or not isinstance(row[0], str):
            continue
        said = _line(row[3]) or " ".join(map(_line, _items(row[3])))
        found.setdefault(row[0].lower(), printable(said))
    if found.get("org"):
        return found["org"]
    is_person = found.get("kind", "").lower() == "individual"
    return "" if is_person else found.get("fn", "")
