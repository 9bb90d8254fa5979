"""Says who holds the addresses that no mandate covers; none of them is ever contacted.

Lists first (ranges, aliases), then the registry where one is configured, then the network. What is
told of a holder comes from strangers; what is concluded stands in the kind.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network

import msgspec
import trio

from core.inventory import Inventory
from core.knowledge.hosting import Host, Hosting
from core.observations.name import AddressHolder, NameSeen
from core.ownership import answer_for, outside, printable
from inventories.addresses import special
from scanner.sources.rdap import NetworkRegistered, NetworkTold, Registry

MOST_ASKED = 500
"""Addresses that one run asks registries about: what is kept of a range answers for its others."""
_REFERENCES = 32
"""Mandated ranges whose own registration is asked for, to be recognised elsewhere."""
_PRIVATE = "private-address"
_MOST_ADDRESSES = 32
"""Of one name."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The network that announces an address."""

    asn: int | None = None
    name: str = ""
    range: str = ""
    why: str = ""


AskOrigin = Callable[[str], Awaitable[Origin]]
"""Asks which network announces a literal address; raises nothing of the other side."""


class Attributor:
    """Fills the holders of names. One per run."""

    def __init__(
        self,
        inventory: Inventory,
        hosting: Hosting,
        *,
        registry: Registry | None = None,
        origin: AskOrigin | None = None,
    ) -> None:
        """``registry`` and ``origin`` are ``None`` where ``[services]`` configures none."""
        self._inventory = inventory
        self._hosting = hosting
        self._registry = registry
        self._origin = origin
        self._own = OwnNames(inventory)
        self._led: dict[str, set[str]] = defaultdict(set)
        self._known: dict[str, AddressHolder] = {}
        self._asked = 0
        self._one_at_a_time = trio.Lock()
        self._references: list[NetworkRegistered] | None = None

    def note(self, seen: NameSeen) -> None:
        """Remember which establishment leads where: an edge that several share is known by it."""
        for ip in outside(seen):
            self._led[ip].add(seen.place.establishment)

    async def attribute(self, seen: NameSeen) -> NameSeen:
        """Give the same name with who holds each of its addresses outside the mandate."""
        self.note(seen)
        holders: dict[str, AddressHolder] = {}
        for ip in outside(seen)[:_MOST_ADDRESSES]:
            holder = await self._holder(ip, seen)
            if holder.kind == "unknown" and len(self._led[ip]) > 1:
                holder = msgspec.structs.replace(holder, kind="shared-edge")
            holders[ip] = holder
        return msgspec.structs.replace(seen, holders=holders) if holders else seen

    async def _holder(self, ip: str, seen: NameSeen) -> AddressHolder:
        # One question at a time: registries are slow to answer and quick to refuse.
        async with self._one_at_a_time:
            known = self._known.get(ip)
            if known is None:
                known = self._known[ip] = await self._told(ip)
        alias = self._hosting.by_alias(seen.chain)
        if alias is not None and known.kind != "same-owner":
            known = _joined(known, alias, "cname", over=known.kind in {"unknown", "hosting"})
        return self._declared(known, seen.name, ip)

    async def _told(self, ip: str) -> AddressHolder:
        """Give what lists, the registry and the network say of an address, whatever its names."""
        told = await self._register(ip)
        network = told.network
        is_asked = self._origin is not None and told.why != _PRIVATE
        origin = await self._origin(ip) if self._origin and is_asked else Origin()
        holder = AddressHolder(
            kind="unknown",
            holder=network.holder if network else printable(origin.name),
            asn=origin.asn,
            range=network.shown_range if network else origin.range,
            source="rdap" if network else ("asn" if origin.asn is not None else ""),
            why=told.why if network is None else "",
        )
        if network is not None and await self._is_own(network):
            return msgspec.structs.replace(holder, kind="same-owner")
        texts = network.texts() if network else ()
        for found, source in (
            (self._hosting.by_range(ip), "ranges"),
            (self._hosting.by_registry(texts), "rdap"),
            (self._hosting.by_asn(origin.asn), "asn"),
        ):
            if found is not None:
                holder = _joined(holder, found, source, over=holder.kind == "unknown")
        return holder

    async def _register(self, ip: str) -> NetworkTold:
        address = ip_address(ip)
        if not self._inventory.lab and special(address.version, int(address), int(address)):
            # No internal address is told to a stranger, and none is registered.
            return NetworkTold(why=_PRIVATE)
        if self._registry is None:
            return NetworkTold(why="not-configured")
        if self._asked >= MOST_ASKED:
            return NetworkTold(why="request-limit")
        self._asked += 1
        return await self._registry.network(ip)

    async def _is_own(self, network: NetworkRegistered) -> bool:
        if self._own.is_named_in(network.texts()):
            return True
        return any(_same_registration(network, one) for one in await self._own_registrations())

    async def _own_registrations(self) -> Sequence[NetworkRegistered]:
        """Give the registrations of the mandated ranges, asked for once."""
        if self._references is None:
            self._references = []
            ranges = [text for one in self._inventory.establishments for text in one.ranges]
            for text in ranges[:_REFERENCES]:
                told = await self._register(str(ip_network(text)[0]))
                if told.network is not None and not self._hosting.by_registry(told.network.texts()):
                    self._references.append(told.network)
        return self._references

    def _declared(self, holder: AddressHolder, name: str, ip: str) -> AddressHolder:
        """Put what the establishment itself said before what registries say."""
        answer = answer_for(self._inventory.answers, name, ip)
        if answer is not None and answer.belongs == "ours":
            return _declared(holder, "same-owner", holder.holder or answer.holder)
        named = answer.holder if answer is not None and answer.belongs == "third-party" else ""
        if not named:
            named = next(
                (one.holder for one in self._inventory.consents if _covers(one.covers, name, ip)),
                "",
            )
        if not named:
            return holder
        kind = "hosting" if holder.kind in {"unknown", "shared-edge"} else holder.kind
        return _declared(holder, kind, named)


class OwnNames:
    """Recognises the group and its establishments in what registries write."""

    def __init__(self, inventory: Inventory) -> None:
        self._finess = {one.finess for one in inventory.establishments if one.finess}
        named = [inventory.ght.name, *(one.name for one in inventory.establishments)]
        self._names = [own for name in named if (own := _own(_words(name))) is not None]

    def is_named_in(self, texts: Iterable[str]) -> bool:
        """Tell whether one of the texts names one of us.

        A FINESS number does. So does the whole of a name; and all the words that are a name's own
        beside one that tells a hospital: « CH DUNES » is « Centre hospitalier des Dunes », « Les
        Dunes SARL » is not.
        """
        for text in texts:
            words = _words(text)
            if self._finess & set(words):
                return True
            for own in self._names:
                if own.proper <= set(words) and (
                    own.care & set(words) or _follows(own.words, words)
                ):
                    return True
        return False


class _OwnName(msgspec.Struct, frozen=True):
    words: tuple[str, ...]
    proper: frozenset[str]
    """Words that tell this one from other hospitals."""
    care: frozenset[str]
    """Words that tell a hospital."""


_SHORT = {
    "ch": ("centre", "hospitalier"),
    "chu": ("centre", "hospitalier", "universitaire"),
    "chru": ("centre", "hospitalier", "regional", "universitaire"),
    "chr": ("centre", "hospitalier", "regional"),
    "chs": ("centre", "hospitalier", "specialise"),
    "chi": ("centre", "hospitalier", "intercommunal"),
    "epsm": ("etablissement", "sante", "mentale"),
    "ght": ("groupement", "hospitalier", "territoire"),
    "gh": ("groupe", "hospitalier"),
    "st": ("saint",),
    "ste": ("sainte",),
}
_CARE = frozenset(
    {"hospitalier", "hospitaliere", "hospitaliers", "hospices", "hopital", "hopitaux", "clinique"}
    | {"polyclinique", "ehpad", "sante", "maternite", "hospital", "hospitals"}
)
_COMMON = (
    _CARE
    | {
        "centre",
        "groupe",
        "groupement",
        "territoire",
        "universitaire",
        "universitaires",
        "regional",
    }
    | {"regionale", "specialise", "intercommunal", "intercommunale", "etablissement", "public"}
    | {"etablissements", "mentale", "general", "generale", "saint", "sainte", "nord", "sud", "est"}
    | {"ouest", "site", "reseau", "network", "net", "france", "french"}
)
_EMPTY = frozenset(
    {"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "of", "sur"}
    | {"sous", "the"}
)


def _words(text: str) -> tuple[str, ...]:
    """Give the words of a text without accents, in full, those that say nothing left out."""
    folded = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    folded = re.sub(r"\b(?:[a-z]\.){2,8}", lambda found: f"{found[0].replace('.', '')} ", folded)
    found: list[str] = []
    for word in re.findall(r"[a-z0-9]+", folded)[:60]:
        found.extend(_SHORT.get(word, (word,)))
    return tuple(word for word in found if word not in _EMPTY)


def _own(words: tuple[str, ...]) -> _OwnName | None:
    """Give what makes a name its own; ``None`` where that is too little to go by."""
    proper = frozenset(word for word in words if word not in _COMMON)
    if not any(len(word) >= 4 for word in proper):
        return None
    return _OwnName(words, proper, frozenset(words) & _CARE)


def _follows(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Tell whether words stand one after the other in others."""
    if len(inner) < 2:
        return False
    size = len(inner)
    return any(tuple(outer[at : at + size]) == inner for at in range(len(outer) - size + 1))


def _same_registration(one: NetworkRegistered, other: NetworkRegistered) -> bool:
    """Tell whether two registrations are one, or held by one organisation."""
    if one.handle and one.handle == other.handle and one.first == other.first:
        return True
    handles = {each.handle for each in other.holders if each.handle and "registrant" in each.roles}
    return any(each.handle in handles and "registrant" in each.roles for each in one.holders)


def _joined(holder: AddressHolder, host: Host, source: str, *, over: bool) -> AddressHolder:
    """Add a provider to what is known; ``over`` lets it say the kind."""
    if not over and holder.provider:
        return holder
    sources = dict.fromkeys(filter(None, (*holder.source.split(","), source)))
    return msgspec.structs.replace(
        holder,
        kind=host.kind if over else holder.kind,
        provider=host.id,
        hds=host.hds.confidence if host.hds and host.hds.certified == "yes" else "",
        holder=holder.holder or host.name,
        source=",".join(sources),
    )


def _declared(holder: AddressHolder, kind: str, name: str) -> AddressHolder:
    sources = ("declared", *filter(None, holder.source.split(",")))
    return msgspec.structs.replace(holder, kind=kind, holder=name, source=",".join(sources))


def _covers(covers: Iterable[str], name: str, ip: str) -> bool:
    address = ip_address(ip)
    for text in covers:
        if "/" not in text:
            if text == name:
                return True
            continue
        network = ip_network(text)
        if network.version == address.version and address in network:
            return True
    return False
