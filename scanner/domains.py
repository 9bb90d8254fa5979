"""The zone and the mail policy of each domain, from the declared resolvers alone."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import trio
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from core.knowledge.domains import DomainFacts
from core.knowledge.mail import MailFacts
from core.model import Place
from core.observations.base import Observation
from core.observations.domain import Dangling, Dnssec, DomainSeen, Hosted, NameServer
from core.observations.mail_policy import MailPolicy
from scanner.asking_names import NameAsker, Said, host_of
from scanner.dnssec import Chains
from scanner.mail_policy import ask_mail, no_mail

AT_ONCE = 32
"""Domains asked about at the same time; the questions themselves keep a lower cap."""
_MOST_SERVERS = 16
_MOST_ALIASES = 500
"""Names of one domain whose alias is looked at."""


AsnOf = Callable[[str], Awaitable[int | None]]
"""Gives the number of the network that announces an address; ``None``: not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DomainAsked:
    """One domain of the inventory."""

    establishment: str
    domain: str
    missing: tuple[str, ...] = ()
    """Names of it that were found not to exist: an alias may still stand there."""
    aliased: tuple[tuple[str, str], ...] = ()
    """Names of it that exist, each with a name that it is an alias of."""


async def ask_domains(
    domains: Sequence[DomainAsked],
    tell: Callable[[tuple[Observation, ...]], Awaitable[None]],
    *,
    asker: NameAsker,
    facts: DomainFacts,
    mail: MailFacts,
    now: Callable[[], datetime],
    asn_of: AsnOf | None = None,
) -> None:
    """Tell the two observations of each domain, as answers come; nothing found is contacted.

    ``asn_of`` gives the network that announces an address; absent: nobody is to be asked.
    """
    known = frozenset(one.domain for one in domains)
    limiter = trio.CapacityLimiter(AT_ONCE)
    chains = Chains(asker, [one.ds for one in facts.anchors], now)

    async def one(asked: DomainAsked) -> None:
        async with limiter:
            reading = _Reading(asked, asker, facts, mail, now, known, chains, asn_of)
            await tell(await reading.all())

    async with trio.open_nursery() as asking:
        for domain in domains:
            asking.start_soon(one, domain)


@dataclass(slots=True)
class _Reading:
    """One domain being asked about."""

    asked: DomainAsked
    asker: NameAsker
    facts: DomainFacts
    mail: MailFacts
    now: Callable[[], datetime]
    others: Collection[str]
    chains: Chains
    asn_of: AsnOf | None
    zone_why: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def place(self) -> Place:
        return Place(establishment=self.asked.establishment, hostname=self.asked.domain)

    async def all(self) -> tuple[Observation, ...]:
        domain, asker = self.asked.domain, self.asker
        top = await asker.ask(domain, "SOA")
        if top.why:
            return await self._withheld(top.why, is_bogus=await self._is_bogus(top))
        if not top.exists:
            return self._nothing("unresolved: NXDOMAIN", is_bogus=None)
        if await asker.lies():
            return self._nothing("resolver-lies", is_bogus=None)
        mx = await asker.ask(domain, "MX")
        return await self._zone(top, mx), await ask_mail(
            asker, domain, mx, facts=self.mail, place=self.place, now=self.now
        )

    async def _withheld(self, why: str, *, is_bogus: bool | None) -> tuple[Observation, ...]:
        """Tell what is left when the resolver gives no answer: where its chain is broken."""
        zone, mail = self._nothing(why, is_bogus=is_bogus)
        if is_bogus:
            top = await self.asker.ask_signed(self.asked.domain, "SOA")
            dnssec, fault = await self.chains.read(top.apex or self.asked.domain)
            reasons = {**zone.why, "dnssec": fault}
            if not fault:
                del reasons["dnssec"]
            zone = msgspec.structs.replace(zone, zone=top.apex, dnssec=dnssec, why=reasons)
        return zone, mail

    async def _is_bogus(self, top: Said) -> bool | None:
        """Whether an answer is withheld for its signatures: it comes when they are not checked."""
        if top.why == "timeout":
            return None
        unchecked = await self.asker.ask_unchecked(self.asked.domain, "SOA")
        return True if not unchecked.why and await self.asker.validates() else None

    async def _zone(self, top: Said, mx: Said) -> DomainSeen:
        asker, why = self.asker, self.zone_why
        # An alias leads into the zone of somebody else, which is not this domain's.
        zone = top.apex if f".{self.asked.domain}".endswith(f".{top.apex}") else ""
        servers: tuple[NameServer, ...] | None = None
        is_signed: bool | None = None
        dnssec: Dnssec | None = None
        validates = top.is_validated or await asker.validates()
        if zone:
            servers = await self._servers(zone)
            delegation = await asker.ask(zone, "DS")
            if delegation.why:
                why["is_signed"] = delegation.why
            else:
                is_signed = bool(delegation.records)
            dnssec, fault = await self.chains.read(zone)
            if fault:
                why["dnssec"] = fault
        else:
            why |= dict.fromkeys(("name_servers", "is_signed", "dnssec"), "not-offered")
        is_bogus = False if top.is_validated or is_signed is False else None
        if is_bogus is None:
            why["is_bogus"] = why.get("is_signed", "resolver-not-validating")
        return DomainSeen(
            place=self.place,
            at=self.now(),
            domain=self.asked.domain,
            zone=zone,
            told_at=zone if zone != self.asked.domain and zone in self.others else "",
            name_servers=servers,
            is_signed=is_signed,
            is_bogus=is_bogus,
            resolver_validates=validates,
            caa=await self._caa(),
            dangling=await self._dangling(servers, mx),
            hosted=tuple(self._hosted()),
            dnssec=dnssec,
            why=why,
        )

    async def _servers(self, zone: str) -> tuple[NameServer, ...] | None:
        said = await self.asker.ask(zone, "NS")
        hosts = sorted({host_of(one.target) for one in said.records if isinstance(one, NS)})
        servers: list[NameServer] = []
        for host in hosts[:_MOST_SERVERS]:
            addresses: set[str] = set()
            alias = ""
            for kind in ("A", "AAAA"):
                found = await self.asker.ask(host, kind)
                if found.why:
                    self.zone_why["name_servers"] = found.why
                    return None
                addresses |= {one.address for one in found.records if isinstance(one, A | AAAA)}
                alias = alias or (found.chain[0] if found.chain else "")
            told = [await self.asn_of(one) for one in sorted(addresses)] if self.asn_of else []
            servers.append(
                NameServer(
                    host=host,
                    addresses=tuple(sorted(addresses)),
                    alias=alias,
                    asns=tuple(sorted({asn for asn in told if asn is not None})),
                )
            )
        if not servers:
            self.zone_why["name_servers"] = said.why or "not-offered"
            return None
        return tuple(servers)

    async def _caa(self) -> tuple[str, ...] | None:
        """Climb from the domain, as an authority does (RFC 8659, 3); not into the top level."""
        labels = self.asked.domain.split(".")
        for start in range(max(1, len(labels) - 1)):
            said = await self.asker.ask(".".join(labels[start:]), "CAA")
            if said.why:
                self.zone_why["caa"] = said.why
                return None
            found = [one for one in said.records if isinstance(one, CAA)]
            if found:
                return tuple(one.to_text()[:200] for one in found[:16])
        return ()

    async def _dangling(
        self, servers: Sequence[NameServer] | None, mx: Said
    ) -> tuple[Dangling, ...] | None:
        domain, found = self.asked.domain, list[Dangling]()
        leading: list[tuple[str, str, str]] = [
            (domain, "MX", host_of(one.exchange))
            for one in mx.records[:_MOST_SERVERS]
            if isinstance(one, MX)
        ]
        leading += [(domain, "NS", one.host) for one in servers or ()]
        leading += await self._left_behind()
        for owner, kind, target in leading:
            one = await self._denied(owner, kind, target)
            if one is None:
                return None
            found += one
        if mx.why:
            self.zone_why["dangling"] = mx.why
            return None
        return tuple(found)

    async def _left_behind(self) -> list[tuple[str, str, str]]:
        """Give the missing names that are aliases, each with what it leads to in the end."""
        found: list[tuple[str, str, str]] = []

        async def ask(name: str) -> None:
            said = await self.asker.ask(name, "A")
            # A loop of aliases leads nowhere, and nowhere is not missing.
            if said.chain and not said.exists:
                found.append((name, "CNAME", said.chain[-1]))

        async with trio.open_nursery() as asking:
            for name in self.asked.missing[:_MOST_ALIASES]:
                asking.start_soon(ask, name)
        return sorted(found)

    def _hosted(self) -> Iterable[Hosted]:
        """Give the names that lead where the host's own answer alone tells if the site exists."""
        for owner, target in self.asked.aliased[:_MOST_ALIASES]:
            hosting = self.facts.hosted(target)
            if hosting is not None and hosting.told_by == "host" and hosting.claim == "anyone":
                yield Hosted(owner=owner, target=target, product=hosting.product)

    async def _denied(self, owner: str, kind: str, target: str) -> list[Dangling] | None:
        """Give the record as dangling when its target does not exist; ``None`` when unanswered."""
        said = await self.asker.ask(target, "A")
        if said.why:
            self.zone_why["dangling"] = said.why
            return None
        if said.exists or target == ".":
            return []
        again = await self.asker.ask_again(target, "A")
        labels = target.split(".")
        missing = target
        for start in range(1, len(labels) - 1):
            above = ".".join(labels[start:])
            if (higher := await self.asker.ask(above, "SOA")).why or higher.exists:
                break
            missing = above
        hosting = self.facts.hosted(target)
        return [
            Dangling(
                owner=owner,
                kind=kind,
                target=target,
                times_denied=1 + (not again.why and not again.exists),
                missing_from=missing,
                product=hosting.product if hosting else "",
                is_recycled=hosting is not None
                and (hosting.told_by, hosting.claim) == ("dns", "anyone"),
            )
        ]

    def _nothing(self, why: str, *, is_bogus: bool | None) -> tuple[DomainSeen, MailPolicy]:
        of_zone = (
            "name_servers",
            "is_signed",
            "caa",
            "dangling",
            "dnssec",
            *(() if is_bogus else ("is_bogus",)),
        )
        zone = DomainSeen(
            place=self.place,
            at=self.now(),
            domain=self.asked.domain,
            name_servers=None,
            is_signed=None,
            is_bogus=is_bogus,
            caa=None,
            dangling=None,
            why=dict.fromkeys(of_zone, why),
        )
        mail = no_mail(self.place, self.now(), self.asked.domain, why)
        return zone, mail


def to_ask(
    domains: Iterable[tuple[str, str]],
    missing: Iterable[str],
    known: Collection[str],
    aliased: Iterable[tuple[str, str]] = (),
) -> list[DomainAsked]:
    """Give the (domain, establishment) pairs still to be asked about, each with its own names.

    ``missing`` are names that do not exist, ``aliased`` pairs of a name that does and of one that
    it is an alias of. A name goes with the longest domain above it.
    """
    owners = dict(domains)
    under: dict[str, list[str]] = {domain: [] for domain in owners}
    leading: dict[str, list[tuple[str, str]]] = {domain: [] for domain in owners}
    for name in sorted(set(missing)):
        if (domain := _domain_of(name, owners)) is not None:
            under[domain].append(name)
    for name, target in sorted(set(aliased)):
        if (domain := _domain_of(name, owners)) is not None:
            leading[domain].append((name, target))
    return [
        DomainAsked(
            establishment=owner,
            domain=domain,
            missing=tuple(under[domain]),
            aliased=tuple(leading[domain]),
        )
        for domain, owner in sorted(owners.items())
        if domain not in known
    ]


def _domain_of(name: str, domains: Collection[str]) -> str | None:
    labels = name.split(".")
    above = (".".join(labels[start:]) for start in range(len(labels)))
    return next((one for one in above if one in domains), None)
