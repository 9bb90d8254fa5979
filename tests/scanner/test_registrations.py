"""Until when domains are registered: one answer each, the name above where it is the registered."""

from datetime import UTC, date, datetime

from core.observations.registration import Registration
from scanner.registrations import tell_registrations
from scanner.sources.rdap import DomainRegistered, DomainTold, NetworkTold, Registry
from tests.on_trio import on_trio

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Known:
    """A registry of these domains, that counts what it is asked."""

    def __init__(self, **ends: date | None) -> None:
        self.ends = {f"{name}.example": day for name, day in ends.items()}
        self.why = "not-registered"
        self.asked: list[str] = []

    async def network(self, ip: str) -> NetworkTold:
        raise AssertionError(ip)

    async def domain(self, name: str) -> DomainTold:
        self.asked.append(name)
        if name not in self.ends:
            return DomainTold(why=self.why)
        found = DomainRegistered(name=name, expires_on=self.ends[name], statuses=("active",))
        return DomainTold(domain=found, source="rdap.example")


async def told(registry: Registry | None, *domains: str) -> list[Registration]:
    found: list[Registration] = []

    async def tell(one: Registration) -> None:
        found.append(one)

    pairs = [("chu", domain) for domain in domains]
    await tell_registrations(pairs, tell, registry=registry, now=lambda: NOW)
    return found


@on_trio
async def test_a_domain() -> None:
    (one,) = await told(Known(chu=date(2027, 1, 1)), "chu.example")
    assert (one.expires_on, one.registered, one.source, one.why) == (
        date(2027, 1, 1),
        "chu.example",
        "rdap.example",
        {},
    )
    assert one.place.hostname == "chu.example"


@on_trio
async def test_those_registered_as_one_are_told_at_the_first() -> None:
    first, second = await told(Known(chu=date(2027, 1, 1)), "sante.chu.example", "chu.example")
    assert (first.registered, first.told_at) == ("chu.example", "")
    assert (second.registered, second.told_at) == ("chu.example", "sante.chu.example")


@on_trio
async def test_what_could_not_be_known_has_its_reason() -> None:
    (one,) = await told(None, "chu.example")
    assert (one.expires_on, one.why) == (None, {"expires_on": "not-configured"})
    registry = Known()
    (one,) = await told(registry, "a.b.c.d.example")
    assert one.why == {"expires_on": "not-registered"}
    assert registry.asked == ["a.b.c.d.example", "b.c.d.example", "c.d.example"]
    registry = Known()
    registry.why = "rate-limited"
    (one,) = await told(registry, "a.chu.example")
    assert (one.why, registry.asked) == ({"expires_on": "rate-limited"}, ["a.chu.example"])
    (one,) = await told(Known(chu=None), "chu.example")
    assert one.why == {"expires_on": "not-offered"}
