"""Observations to verdicts, and the folding of small facts into larger ones. No network here."""

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from checks.registry import reading
from core.facts import Facts
from core.model import Judged, NotMeasured, Place, Transport
from core.observations.base import Observation
from core.observations.host import ControlsTried, HostSeen
from core.observations.hygiene import PlainWeb, WebHygiene
from core.observations.run import BorrowedKey, RunSeen, SharedKey
from core.observations.service import Service
from core.observations.site import SitesSeen
from core.observations.tls import TlsService

_PLAIN_WEB = 80
Bug = Callable[[str, str], None]
"""Told the id of a check and a trace when a check of ours fails; the run goes on."""


def judge(seen: Observation, facts: Facts, bug: Bug) -> Iterator[Judged]:
    """Give every verdict on one observation."""
    for check in reading(type(seen)):
        try:
            verdicts = tuple(check.judge(seen, facts))
        except Exception:  # a broken check is isolated here, and told as not measured
            bug(check.id, traceback.format_exc())
            verdicts = (NotMeasured(seen.place, "bug"),)
        for verdict in verdicts:
            yield Judged(check=check.id, verdict=verdict, at=seen.at)


def fold_run(services: Iterable[TlsService], at: datetime) -> Iterator[RunSeen]:
    """Give, for each establishment, the keys that it shares with another service."""
    seen_with: dict[str, list[TlsService]] = defaultdict(list)
    for seen in services:
        for key in _keys(seen):
            seen_with[key].append(seen)
    shared = list(_shared(seen_with))
    borrowed = list(_borrowed(seen_with))
    owners = {spot.establishment for key in shared for spot in key.places}
    owners |= {spot.establishment for key in borrowed for spot in key.others}
    for establishment in sorted(owners):
        yield RunSeen(
            place=Place(establishment=establishment),
            at=at,
            shared_keys=tuple(key for key in shared if _is_of(establishment, key.places)),
            borrowed_keys=tuple(key for key in borrowed if _is_of(establishment, key.others)),
        )


def _keys(seen: TlsService) -> Iterator[str]:
    """Give the keys that a service showed as its own: by name, and one of each kind."""
    leaves = (one[0] for one in (seen.chain, *(also.chain for also in seen.also_shown)) if one)
    yield from dict.fromkeys(leaf.spki_sha256 for leaf in leaves if leaf.spki_sha256)


def _shared(seen_with: Mapping[str, Sequence[TlsService]]) -> Iterator[SharedKey]:
    for key, there in sorted(seen_with.items()):
        by_address: dict[str, Place] = {}
        for seen in there:
            by_address.setdefault(f"{seen.place.ip}", seen.place)
        if len(by_address) > 1:
            yield SharedKey(spki_sha256=key, places=tuple(by_address.values()))


def _borrowed(seen_with: Mapping[str, Sequence[TlsService]]) -> Iterator[BorrowedKey]:
    for key, there in sorted(seen_with.items()):
        old = [seen for seen in there if seen.sslv2]
        others = tuple(seen.place for seen in there if not seen.sslv2)
        if old and others:
            kinds = [suite.name for seen in old for suite in seen.accepted.get("SSLv2", ())]
            yield BorrowedKey(
                spki_sha256=key,
                sslv2=tuple(seen.place for seen in old),
                has_export=any("EXPORT" in kind for kind in kinds),
                others=others,
            )


def _is_of(establishment: str, places: Iterable[Place]) -> bool:
    return any(spot.establishment == establishment for spot in places)


def fold_hosts(
    services: Iterable[Service], ports: int, at: datetime, controls: Iterable[ControlsTried] = ()
) -> Iterator[HostSeen]:
    """Give one ``HostSeen`` per address that had an open port; ``ports`` were tried on each."""
    hosts: dict[tuple[str, str], list[Service]] = defaultdict(list)
    for seen in services:
        if seen.place.ip and seen.place.transport is Transport.TCP:
            hosts[seen.place.establishment, seen.place.ip].append(seen)
    controlled = {(one.place.establishment, one.place.ip): one for one in controls if one.place.ip}
    for establishment, ip in sorted(hosts.keys() | controlled.keys(), key=str):
        there = hosts.get((establishment, f"{ip}"), [])
        control = controlled.get((establishment, ip))
        open_ports = {seen.place.port for seen in there}
        unknown = [seen for seen in there if seen.protocol == "unknown"]
        yield HostSeen(
            place=Place(establishment=establishment, ip=ip),
            at=at,
            open_tcp=len(open_ports),
            tried_tcp=max(ports, len(open_ports)),
            improbable_open=_ports(unknown),
            speechless_open=_ports(one for one in unknown if is_speechless(one) and not one.quiet),
            quiet_open=_ports(one for one in unknown if one.quiet),
            control_tried=len(control.tried) if control else 0,
            control_open=len(control.accepted) if control else 0,
        )


def names_by_place(sites: Iterable[SitesSeen]) -> dict[Place, tuple[str, ...]]:
    """Give, for each place at which a site was assessed, the names to which it is shown."""
    names: dict[Place, tuple[str, ...]] = {}
    for seen in sites:
        for number, site in enumerate(seen.sites):
            # The first one is what identification met, at the place of the port itself.
            if site.assessed_as is not None or number == 0:
                names[msgspec.structs.replace(seen.place, hostname=site.assessed_as)] = site.names
    return names


def fold_web(
    kept: Iterable[WebHygiene], sites: Iterable[SitesSeen], services: Iterable[Service]
) -> Iterator[PlainWeb]:
    """Give what each site shows on port 80, with whether its address speaks HTTPS."""
    tls_ports: dict[str | None, set[int]] = defaultdict(set)
    for service in services:
        if service.tls and service.protocol in {"http", "sstp"} and service.place.port:
            tls_ports[service.place.ip].add(service.place.port)
    names = names_by_place(sites)
    for one in kept:
        if one.tls or one.place.port != _PLAIN_WEB:
            continue
        ports = tls_ports[one.place.ip]
        own = (one.host,) if one.host else ()
        yield PlainWeb(
            place=one.place,
            at=one.at,
            names=tuple(dict.fromkeys((*own, *names.get(one.place, ())))),
            status=one.status,
            redirect=one.redirect,
            leads_to_tls=one.leads_to_tls,
            cookies=any(cookie.session for cookie in one.cookies or ()),
            tls_port=443 if 443 in ports else min(ports, default=None),
        )


def is_speechless(seen: Service) -> bool:
    """Whether nothing at all was heard behind an open port."""
    return seen.protocol == "unknown" and not seen.banner and not seen.tls


def _ports(services: Iterable[Service]) -> tuple[int, ...]:
    return tuple(sorted({one.place.port for one in services if one.place.port is not None}))
