"""The method, and the list of exposed services."""

from datetime import date

from core.feeds import FEED_NAMES
from core.model import Intensity
from core.results import FeedRow, PassiveRow, ServiceRow
from reports.told import Told, address, endpoint
from reports.view import Passive, Service

_NAMES_TOLD = 6


def method_lines(it: Told) -> tuple[str, ...]:
    """Give how the run was made and what it cannot see."""
    if it.results.run.kind == "directory":
        return (it.say("method_versions"),)
    if it.results.run.profile == Intensity.PASSIVE.value:
        return (it.say("method_passive"), it.say("method_versions"), *_knowledge(it))
    limits = it.scene.inventory.limits
    canary = it.scene.inventory.services.canary
    return (
        it.say("method_harmless"),
        it.say("method_moment"),
        it.say(
            "method_limits",
            rate=it.number(limits.packets_per_second),
            host=it.number(limits.packets_per_second_per_host),
            connections=it.number(limits.connections_per_host),
        ),
        it.say("method_canary" if canary else "method_no_canary"),
        it.say("method_versions"),
        *_knowledge(it),
    )


def _knowledge(it: Told) -> tuple[str, ...]:
    """Give by what it was judged, and how old that was."""
    run = it.results.run
    if run.compiled_on is None:
        return ()
    day = it.clock.short(run.compiled_on)
    whole = run.exploited_until
    has_kev = any(one.feed == "kev" for one in run.feeds)
    part = (it.say("method_exploited", day=it.clock.short(whole)),) if whole and not has_kev else ()
    if not run.feeds:
        return (it.say("method_built_in", day=day), *part)
    told = ", ".join(_aged(it, one) for one in run.feeds if one.feed in FEED_NAMES)
    return (it.say("method_feeds", day=day, feeds=told), *part)


def _aged(it: Told, one: FeedRow) -> str:
    feed = it.words.word(FEED_NAMES[one.feed])
    if one.age_days < 2:
        return it.say("feed_one" if one.age_days else "feed_today", feed=feed)
    return it.say("feed_aged", feed=feed, days=it.number(one.age_days))


def service_row(it: Told, one: ServiceRow) -> Service:
    """Give one line of the annex."""
    product = one.product_name or one.product or ""
    unknown = one.protocol in {"", "unknown"}
    return Service(
        where=it.inert(endpoint(one.ip, one.port, one.transport)),
        name=it.inert(_called(one), 160),
        establishment=it.establishment(one.establishment),
        protocol=it.say("unknown_protocol") if unknown else it.inert(one.protocol, 40),
        tls=one.tls,
        product=it.inert(f"{product} {one.version or ''}".strip(), 120),
        certainty=it.confidence(one.confidence),
        evidence=it.listed(one.evidence, 2, 160),
    )


def _called(one: ServiceRow) -> str:
    """Give the names of a site, the one under which it was measured first."""
    first = (one.hostname,) if one.hostname else ()
    names = tuple(dict.fromkeys((*first, *one.names)))
    return ", ".join(names[:_NAMES_TOLD]) + (" …" if len(names) > _NAMES_TOLD else "")


def service_order(one: ServiceRow) -> tuple[str, tuple[int, int], str, int, str]:
    """Give the rank of a service: establishment, address as a number, port."""
    return one.establishment, address(one.ip) or (9, 0), one.ip, one.port, one.hostname or ""


_SOURCES = {
    "shodan": "Shodan",
    "internetdb": "Shodan InternetDB",
    "shadowserver": "Shadowserver",
    "censys": "Censys",
    "onyphe": "ONYPHE",
}
"""Sources as they call themselves."""


def passive_row(it: Told, one: PassiveRow) -> Passive:
    """Give one claim of a source, with its source and day."""
    source = it.inert(_SOURCES.get(one.source, one.source), 40)
    day = _day(it, one.seen_on)
    if one.confirmed:
        seen = it.say("passive_confirmed", source=source)
    elif day:
        seen = it.say("passive_seen", source=source, day=day)
    else:
        seen = it.say("passive_undated", source=source)
    said = " ".join(part for part in (one.protocol, one.product, one.version) if part)
    return Passive(
        where=it.inert(endpoint(one.ip, one.port, one.transport)),
        establishment=it.establishment(one.establishment),
        said=it.inert(said, 120),
        seen=seen,
    )


def _day(it: Told, text: str) -> str:
    try:
        return it.clock.short(date.fromisoformat(text))
    except ValueError:
        return ""
