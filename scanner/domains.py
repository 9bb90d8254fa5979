"""The zone and the mail policy of each domain, from the declared resolvers alone."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
from core.observations.domain import Dangling, DomainSeen, NameServer
from scanner.asking_names import NameAsker, Said, host_of
from scanner.mail_policy import ask_mail, no_mail

_AT_ONCE = 32
"""Domains asked about at the same time; the questions themselves keep a lower cap."""
_MOST_SERVERS = 16
_MOST_ALIASES = 500
"""Names of one domain whose alias is looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DomainAsked:
    """One domain of the inventory."""

    establishment: str
    domain: str
    missing: tuple[str, ...] = ()
    """Names of it that were found not to exist: an alias may still stand there."""


async def ask_domains(
    domains: Sequence[DomainAsked],
    tell: Callable[[tuple[Observation, ...]], Awaitable[None]],
    *,
    asker: NameAsker,
    facts: DomainFacts,
    mail: MailFacts,
    now: Callable[[], datetime],
) -> None:
    """Tell the two observations of each domain, as answers come; nothing found is contacted."""
    known = frozenset(one.domain for one in domains)
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def one(asked: DomainAsked) -> None:
        async with limiter:
            await tell(await _Reading(asked, asker, facts, mail, now, known).all())

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
    zone_why: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def place(self) -> Place:
        return Place(establishment=self.asked.establishment, hostname=self.asked.domain)

    async def all(self) -> tuple[Observation, ...]:
        domain, asker = self.asked.domain, self.asker
        top = await asker.ask(domain, "SOA")
        if top.why:
            return self._nothing(top.why, is_bogus=await self._is_bogus(top))
        if not top.exists:
            return self._nothing("unresolved: NXDOMAIN", is_bogus=None)
        if await asker.lies():
            return self._nothing("resolver-lies", is_bogus=None)
        mx = await asker.ask(domain, "MX")
        return await self._zone(top, mx), await ask_mail(
            asker, domain, mx, facts=self.mail, place=self.place, now=self.now
        )

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
        validates = top.is_validated or await asker.validates()
        if zone:
            servers = await self._servers(zone)
            delegation = await asker.ask(zone, "DS")
            if delegation.why:
                why["is_signed"] = delegation.why
            else:
                is_signed = bool(delegation.records)
        else:
            why |= dict.fromkeys(("name_servers", "is_signed"), "not-offered")
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
            why=why,
        )

    async def _servers(self, zone: str) -> tuple[NameServer, ...] | None:
        said = await self.asker.ask(zone, "NS")
        hosts = sorted({host_of(one.target) for one in said.records if isinstance(one, NS)})
        servers: list[NameServer] = []
        for host in hosts[:_MOST_SERVERS]:
            addresses: set[str] = set()
            for kind in ("A", "AAAA"):
                found = await self.asker.ask(host, kind)
                if found.why:
                    self.zone_why["name_servers"] = found.why
                    return None
                addresses |= {one.address for one in found.records if isinstance(one, A | AAAA)}
            servers.append(NameServer(host=host, addresses=tuple(sorted(addresses))))
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
        for name in self.asked.missing[:_MOST_ALIASES]:
            said = await self.asker.ask(name, "A")
            # A loop of aliases leads nowhere, and nowhere is not missing.
            if said.chain and not said.exists:
                leading.append((name, "CNAME", said.chain[-1]))
        for owner, kind, target in leading:
            one = await self._denied(owner, kind, target)
            if one is None:
                return None
            found += one
        if mx.why:
            self.zone_why["dangling"] = mx.why
            return None
        return tuple(found)

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
        return [
            Dangling(
                owner=owner,
                kind=kind,
                target=target,
                times_denied=1 + (not again.why and not again.exists),
                missing_from=missing,
                product=self.facts.takeover(target),
            )
        ]

    def _nothing(self, why: str, *, is_bogus: bool | None) -> tuple[Observation, ...]:
        of_zone = (
            "name_servers",
            "is_signed",
            "caa",
            "dangling",
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
    domains: Iterable[tuple[str, str]], missing: Iterable[str], known: Collection[str]
) -> list[DomainAsked]:
    """Give the (domain, establishment) pairs still to be asked about, each with its missing names.

    A missing name goes with the longest domain above it.
    """
    owners = dict(domains)
    under: dict[str, list[str]] = {domain: [] for domain in owners}
    for name in sorted(missing):
        labels = name.split(".")
        above = (".".join(labels[start:]) for start in range(len(labels)))
        domain = next((one for one in above if one in under), None)
        if domain is not None:
            under[domain].append(name)
    return [
        DomainAsked(establishment=owner, domain=domain, missing=tuple(under[domain]))
        for domain, owner in sorted(owners.items())
        if domain not in known
    ]
