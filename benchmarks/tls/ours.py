"""Our own assessment of the lab: through the gate, every server at the same time."""

import ipaddress
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio

from core.errors import OutOfScope, Unanswered
from core.inventory import Limits
from core.model import Intensity, Place, Status, Transport
from core.observations.tls import TlsService
from scanner.gate import Gate, Permit
from scanner.pace import keys_of
from scanner.stream import Stream
from scanner.target import Target
from scanner.tls.assess import assess
from tests.servers import tls_lab

_UNPACED = 1_000_000
_SERVICE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Lab:
    establishment: str = "lab"
    intensity: Intensity = Intensity.STANDARD
    medical: bool = False
    until: datetime | None = None


class _OnlyLoopback:
    """The scope of the lab: all of 127.0.0.0/8, nothing else."""

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> Permit:
        """Grant loopback."""
        del hostname, at
        if not ip.startswith("127."):
            raise OutOfScope(ip, "out-of-scope")
        return _Lab()


@dataclass(kw_only=True, slots=True)
class Run:
    """What one pass over the lab took and found."""

    wall_s: float = 0
    cpu_s: float = 0
    connections: dict[str, int] = field(default_factory=dict[str, int])
    """By server."""
    at_once: dict[str, int] = field(default_factory=dict[str, int])
    """The most that were open at the same moment, by server."""
    latency_s: dict[str, float] = field(default_factory=dict[str, float])
    seen: dict[str, TlsService] = field(default_factory=dict[str, TlsService])
    unanswered: dict[str, Status] = field(default_factory=dict[str, Status])


def measure(places: Sequence[tls_lab.Place], *, thorough: bool = False, cap: int = 4) -> Run:
    """Assess every server once, all at the same time, at most ``cap`` connections each."""
    run = Run()
    limits = Limits(
        packets_per_second=_UNPACED,
        packets_per_second_per_prefix24=_UNPACED,
        packets_per_second_per_host=_UNPACED,
        connections_per_host=cap,
    )
    gate = Gate(_OnlyLoopback(), limits)

    async def one(place: tls_lab.Place) -> None:
        name = place.server.name
        target = Target(establishment="lab", ip=place.ip)
        _, host = keys_of(4, int(ipaddress.IPv4Address(place.ip)))
        run.connections[name] = run.at_once[name] = 0

        async def dial() -> Stream:
            stream = await gate.dial(target, place.port, timeout_s=5.0)
            run.connections[name] += 1
            run.at_once[name] = max(run.at_once[name], gate.slots.used(host))
            return stream

        started = time.perf_counter()
        with trio.move_on_after(_SERVICE_S) as budget:
            try:
                run.seen[name] = await assess(
                    None,
                    dial,
                    place=Place(
                        establishment="lab",
                        ip=place.ip,
                        port=place.port,
                        transport=Transport.TCP,
                    ),
                    names=(tls_lab.NAME,),
                    intensity=Intensity.STANDARD,
                    now=lambda: datetime.now(UTC),
                    thorough=thorough,
                )
            except Unanswered as answer:
                run.unanswered[name] = answer.status
        if budget.cancelled_caught:
            run.unanswered[name] = Status.GAVE_UP
        run.latency_s[name] = time.perf_counter() - started

    async def every() -> None:
        async with trio.open_nursery() as nursery:
            for place in places:
                nursery.start_soon(one, place)

    cpu = _cpu_s()
    started = time.perf_counter()
    trio.run(every)
    run.wall_s, run.cpu_s = time.perf_counter() - started, _cpu_s() - cpu
    return run


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
