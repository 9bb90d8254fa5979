"""A hunt through a resolver of ours, and what it told."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio

from core.errors import OutOfScope
from core.inventory import NamesChoices
from core.knowledge.names import NameFacts, Variants, Words
from core.observations.name import NameSeen, NamesHunted
from inventories.scope import Segment
from scanner.dns_client import DnsClient
from scanner.found import NameFound
from scanner.hunt import Hunt
from tests.scanner.names_served import Answer, resolver_of, served

OWN = "chu.example"
AT = datetime(2026, 1, 15, tzinfo=UTC)
FACTS = NameFacts(
    schema=1,
    compiled_on=AT.date(),
    labels=(Words(category="all", words=("www", "vpn", "pacs", "mail", "extranet", "absent")),),
    below=("dev", "www"),
    services=("_sip._tls", "_ldap._tcp"),
    variants=Variants(
        stages=("test", "recette", "prod"),
        numbers=("1", "2"),
        sites=("nord",),
        separators=("-", ""),
    ),
)


class AllOf:
    """A scope of one domain whose addresses are 203.0.113.0/24."""

    def may_resolve(self, name: str) -> bool:
        return name == OWN or name.endswith(f".{OWN}")

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> object:
        if not ip.startswith("203.0.113."):
            raise OutOfScope(ip, "out-of-scope")
        return None


@dataclass
class Told:
    """What a hunt told."""

    names: list[NameSeen] = field(default_factory=list[NameSeen])
    hunted: list[NamesHunted] = field(default_factory=list[NamesHunted])

    @property
    def by_name(self) -> dict[str, NameSeen]:
        assert len({one.name for one in self.names}) == len(self.names), "a name told twice"
        return {one.name: one for one in self.names}

    @property
    def ways(self) -> dict[str, tuple[str, ...]]:
        return {name: one.found_by for name, one in self.by_name.items()}


def hunted(
    *answers: Answer,
    offers: Sequence[NameFound] = (),
    later: Sequence[NameFound] = (),
    known: Iterable[NameSeen] = (),
    segments: Iterable[Segment] = (),
    facts: NameFacts = FACTS,
    choices: NamesChoices = NamesChoices(),  # noqa: B008 - frozen
    promised: Collection[str] = (),
    domains: Sequence[str] = (OWN,),
    lifetime_s: float = 8.0,
    meddle: Callable[[Hunt], None] = lambda _hunt: None,
) -> Told:
    """Hunt to the end; ``offers`` come at once, ``later`` when the first name has been told."""
    told, first = Told(), trio.Event()

    async def tell(one: NameSeen) -> None:
        told.names.append(one)
        first.set()

    async def ended(one: NamesHunted) -> None:
        told.hunted.append(one)

    async def at(ports: list[int]) -> None:
        hunt = Hunt(
            [(one, "chu") for one in domains],
            client=resolver_of(*ports, lifetime_s=lifetime_s),
            scope=AllOf(),
            facts=facts,
            choices=choices,
            segments=segments,
            known=known,
            promised={*(one.way for one in (*offers, *later)), *promised},
            tell=tell,
            ended=ended,
            now=lambda: AT,
        )
        for one in offers:
            hunt.offer(one)
        meddle(hunt)

        async def end() -> None:
            for way in {one.way for one in offers} - {one.way for one in later}:
                hunt.end(way)
            if later:
                await first.wait()
            for one in later:
                hunt.offer(one)
            for one in later:
                hunt.end(one.way)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(hunt.run)
            nursery.start_soon(end)

    async def main(left: Sequence[Answer], ports: list[int]) -> None:
        if left:
            async with served(left[0]) as port:
                await main(left[1:], [*ports, port])
            return
        with trio.fail_after(60):
            await at(ports)

    trio.run(main, answers, [])
    return told


def client_of(port: int, *more: int, lifetime_s: float = 5.0) -> DnsClient:
    """Give a client of ports on loopback."""
    return resolver_of(port, *more, lifetime_s=lifetime_s)
