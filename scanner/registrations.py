"""Until when the mandated domains are registered, as the configured registries tell."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from core.model import Place
from core.observations.registration import Registration
from scanner.sources.rdap import DomainTold, Registry

_MOST_DOMAINS = 500
"""Of one run."""
_LEVELS = 3
"""A domain below another is registered with it: those above are asked about in turn."""


async def tell_registrations(
    domains: Iterable[tuple[str, str]],
    tell: Callable[[Registration], Awaitable[None]],
    *,
    registry: Registry | None,
    now: Callable[[], datetime],
) -> None:
    """Tell one observation per (establishment, domain), the first of several registered as one.

    ``registry`` is ``None`` when ``[services] rdap`` names none: each domain is told unmeasured.
    """
    told: dict[str, str] = {}
    for number, (establishment, domain) in enumerate(domains):
        place = Place(establishment=establishment, hostname=domain)
        if registry is None or number >= _MOST_DOMAINS:
            why = "not-configured" if registry is None else "request-limit"
            await tell(_unknown(place, domain, now(), why))
            continue
        name, answer = await _registered(registry, domain)
        if answer.domain is None:
            await tell(_unknown(place, domain, now(), answer.why))
            continue
        one = answer.domain
        first = told.setdefault(name, domain)
        await tell(
            Registration(
                place=place,
                at=now(),
                domain=domain,
                registered=name,
                told_at="" if first == domain else first,
                expires_on=one.expires_on,
                registered_on=one.registered_on,
                statuses=one.statuses,
                registrar=one.registrar,
                name_servers=one.name_servers,
                is_signed=one.is_signed,
                source=answer.source,
                told_on=answer.told_on,
                why={} if one.expires_on else {"expires_on": "not-offered"},
            )
        )


async def _registered(registry: Registry, domain: str) -> tuple[str, DomainTold]:
    """Give the name under which a domain is registered, with what the registry says of it."""
    first = await registry.domain(domain)
    labels = domain.split(".")
    if first.why != "not-registered":
        return domain, first
    for start in range(1, min(_LEVELS, len(labels) - 1)):
        name = ".".join(labels[start:])
        above = await registry.domain(name)
        if above.domain is not None:
            return name, above
    return domain, first


def _unknown(place: Place, domain: str, at: datetime, why: str) -> Registration:
    return Registration(place=place, at=at, domain=domain, expires_on=None, why={"expires_on": why})
