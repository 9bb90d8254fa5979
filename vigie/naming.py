"""The stages about names: resolve, look for more, say who holds what lies outside; contact nothing.

names of the inventory ─→ known ─→ hunt ─────────────→ settled
transparency logs, certificates, servers in a mandate ─┘ (candidates)
each name ─→ holders of what lies outside the mandate ─→ told, once
"""

import math
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeGuard

import trio

from core.knowledge.names import load_name_facts
from core.model import Intensity
from core.observations.base import Observation
from core.observations.name import NameSeen, NamesHunted
from core.observations.passive import PassiveService
from core.observations.registration import Registration
from core.observations.tls import TlsService
from core.observations.zone_server import DnsServer, ZoneServer
from scanner.authority import ask_authorities
from scanner.found import NameFound
from scanner.hunt import Hunt
from scanner.names import resolve_names
from scanner.registrations import tell_registrations
from vigie.job import Job, utc_now
from vigie.passive import is_passive
from vigie.services import attributor, ct_source, rdap_source

Tell = Callable[[Sequence[Observation]], Awaitable[None]]

_PROMISED = ("ct", "certificate", "transfer", "nsec", "passive")
_NAMING = ("tls", "passive-service")
"""Kinds of observation that name hosts besides."""
_LOGS_S = 1_200.0
"""For all domains together: what looks at names waits for them."""
_EARLY = 100_000
"""Names kept for a hunt that has not begun."""
_ATTRIBUTORS = 8
"""Names whose holders are asked for at the same time; registries keep a lower cap."""


class Naming:
    """The names of one pass over a run."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._hunt: Hunt | None = None
        self._early: list[NameFound] = []
        self._over_early: list[tuple[str, str, str]] = []
        """What other stages handed in before the hunt began."""
        folder = job.settings.state() / "names"
        self._logs = ct_source(job.run.inventory, folder / "ct")
        self._registry = rdap_source(job.run.inventory, folder / "rdap")
        self._attributor = attributor(job.run.inventory, self._registry)
        self.settled = trio.Event()
        """Every name that this pass will find is found."""

    async def run(self, tell: Tell) -> None:
        """Tell each name, and one ``NamesHunted`` per domain; has ended when all are told."""
        # Without bound: the names are those of a budget, and the scan waits for their addresses.
        found_in, found = trio.open_memory_channel[NameSeen](math.inf)
        async with trio.open_nursery() as nursery:
            for _ in range(_ATTRIBUTORS):
                nursery.start_soon(self._attribute, found.clone(), tell)
            found.close()
            async with found_in:

                async def learnt(seen: NameSeen) -> None:
                    self._job.learn(seen)
                    self._attributor.note(seen)
                    await found_in.send(seen)

                await self._resolve(learnt)
                await self._look_for_more(learnt, tell)
        self.settled.set()

    async def _attribute(self, found: trio.MemoryReceiveChannel[NameSeen], tell: Tell) -> None:
        async with found:
            async for seen in found:
                try:
                    told = await self._attributor.attribute(seen)
                except Exception:
                    self._job.bug(f"attribute {seen.name}", traceback.format_exc())
                    told = seen
                await tell((told,))

    async def _resolve(self, learnt: Callable[[NameSeen], Awaitable[None]]) -> None:
        job = self._job
        if job.resolver is not None:
            wanted = job.names_to_resolve()
            await resolve_names(wanted, learnt, resolver=job.resolver, scope=job.scope, now=utc_now)
        job.know_names()
        job.names_known.set()

    async def _look_for_more(
        self, learnt: Callable[[NameSeen], Awaitable[None]], tell: Tell
    ) -> None:
        job = self._job
        domains = job.domains_to_hunt()
        if job.resolver is None or not domains:
            return

        async def ended(hunted: NamesHunted) -> None:
            await tell((hunted,))

        hunt = self._hunt = Hunt(
            domains,
            client=job.resolver,
            scope=job.scope,
            facts=load_name_facts(),
            choices=job.run.inventory.names,
            segments=[
                one for one in job.scope.segments(utc_now()) if one.refusal != "out-of-scope"
            ],
            known=job.seen_names,
            promised=_PROMISED,
            tell=learnt,
            ended=ended,
            now=utc_now,
        )
        self.offer_passive()
        # What was seen before an interruption is not identified again.
        self.read(job.store.observations(job.run.id, kinds=_NAMING))
        for found in self._early:
            hunt.offer(found)
        for way, why, domain in self._over_early:
            hunt.end(way, why, domain=domain)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._ask_logs, [domain for domain, _ in domains])
                await hunt.run()
        except* Exception:
            job.bug("hunt", traceback.format_exc())
        job.know_names()

    async def _ask_logs(self, domains: Sequence[str]) -> None:
        """Ask certificate transparency logs where the inventory configures them."""
        if self._logs is None:
            self.over("ct", "not-configured")
            return
        with trio.move_on_after(_LOGS_S):
            for domain in domains:
                answer = await self._logs.names_of(domain)
                for found in answer.names:
                    self.offer(found)
                self.over("ct", answer.why, domain=domain)
        self.over("ct", "timeout")

    async def ask_registries(self, tell: Tell) -> None:
        """Tell until when the mandated domains are registered."""

        async def told(seen: Registration) -> None:
            await tell((seen,))

        domains = [(owner, domain) for domain, owner in self._job.domains_registered()]
        await tell_registrations(domains, told, registry=self._registry, now=utc_now)

    # What other stages hand in.

    def offer(self, found: NameFound) -> None:
        """Take in a candidate."""
        if self._hunt is not None:
            self._hunt.offer(found)
        elif not self.settled.is_set() and len(self._early) < _EARLY:
            self._early.append(found)

    def over(self, way: str, why: str = "", *, domain: str = "") -> None:
        """Say that a way is over."""
        if self._hunt is not None:
            self._hunt.end(way, why, domain=domain)
        else:
            self._over_early.append((way, why, domain))

    def offer_passive(self) -> None:
        """Hand in the names that files of others tell; those that are asked come as they answer."""
        for claim in self._job.facts.claims:
            for name in claim.names:
                self.offer(NameFound(name, "passive"))
        if not is_passive(self._job.run):
            self.over("passive", "" if self._job.facts.claims else "not-configured")

    def read(self, seen: Iterable[Observation]) -> None:
        """Hand in the names of certificates seen by the scan, and what passive sources tell."""
        for one in seen:
            if isinstance(one, TlsService):
                for chain in (one.chain, *(also.chain for also in one.also_shown)):
                    for name in chain[0].names if chain else ():
                        self.offer(NameFound(name, "certificate"))
            elif isinstance(one, PassiveService):
                for name in one.names:
                    self.offer(NameFound(name, "passive"))


async def ask_servers(job: Job, naming: Naming, tell: Tell) -> None:
    """Ask the name servers that a mandate covers about their zones; what they list is hunted."""
    ways = ("transfer", "nsec")
    if job.asker is None or job.run.plan.retest or job.scope.profile is Intensity.PASSIVE:
        for way in ways:
            naming.over(way, "intensity")
        return
    stored = [
        seen
        for seen in job.store.observations(job.run.id, kinds=("zone-server", "dns-server"))
        if isinstance(seen, ZoneServer | DnsServer)
    ]
    known = {_key(seen) for seen in stored}
    reached = {seen.domain for seen in stored if _answered(seen)}

    async def told(seen: tuple[Observation, ...]) -> None:
        reached.update(one.domain for one in seen if _answered(one))
        await tell([one for one in seen if _key(one) not in known])

    async def offer(found: NameFound) -> None:
        naming.offer(found)

    # A domain whose names are still hunted is asked about again: what its servers listed before
    # an interruption was not kept.
    domains = list(dict.fromkeys((*job.domains_to_hunt(), *job.domains_of_servers())))
    try:
        await ask_authorities(
            domains,
            told,
            asker=job.asker,
            gate=job.gate,
            scope=job.scope,
            offer=offer,
            now=utc_now,
            refused=job.refused,
        )
    except Exception:
        job.bug("authorities", traceback.format_exc())
    for way in ways:
        for domain, _ in domains:
            # A server outside the mandate is nobody's to ask: its zone told nothing.
            naming.over(way, "" if domain in reached else "out-of-scope", domain=domain)


def _key(seen: Observation) -> tuple[str, str, str]:
    domain = seen.domain if isinstance(seen, ZoneServer) else ""
    return type(seen).__name__, domain, seen.place.key()


def _answered(seen: Observation) -> TypeGuard[ZoneServer]:
    return isinstance(seen, ZoneServer) and seen.answer is not None
