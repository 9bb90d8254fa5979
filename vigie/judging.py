"""Observations to verdicts, and the folding of small facts into larger ones. No network here."""

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from checks.registry import reading
from core.facts import Facts
from core.model import Judged, NotMeasured, Place, Transport
from core.observations.base import Observation
from core.observations.host import HostSeen
from core.observations.run import RunSeen, SharedKey
from core.observations.service import Service
from core.observations.tls import TlsService

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
    """Give, for each establishment, the keys that it shares with another address."""
    places: dict[str, dict[str, Place]] = defaultdict(dict)
    for seen in services:
        if seen.chain:
            leaf = seen.chain[0]
            if leaf.spki_sha256:
                places[leaf.spki_sha256].setdefault(f"{seen.place.ip}", seen.place)
    shared = {key: tuple(spots.values()) for key, spots in places.items() if len(spots) > 1}
    for establishment in sorted(
        {spot.establishment for spots in shared.values() for spot in spots}
    ):
        yield RunSeen(
            place=Place(establishment=establishment),
            at=at,
            shared_keys=tuple(
                SharedKey(spki_sha256=key, places=spots)
                for key, spots in sorted(shared.items())
                if any(spot.establishment == establishment for spot in spots)
            ),
        )


def fold_hosts(services: Iterable[Service], ports: int, at: datetime) -> Iterator[HostSeen]:
    """Give one ``HostSeen`` per address that had an open port; ``ports`` were tried on each."""
    hosts: dict[tuple[str, str], list[Service]] = defaultdict(list)
    for seen in services:
        if seen.place.ip and seen.place.transport is Transport.TCP:
            hosts[seen.place.establishment, seen.place.ip].append(seen)
    for (establishment, ip), there in sorted(hosts.items()):
        open_ports = {seen.place.port for seen in there}
        unknown = {seen.place.port for seen in there if seen.protocol == "unknown"}
        yield HostSeen(
            place=Place(establishment=establishment, ip=ip),
            at=at,
            open_tcp=len(open_ports),
            tried_tcp=max(ports, len(open_ports)),
            improbable_open=tuple(sorted(port for port in unknown if port is not None)),
        )
