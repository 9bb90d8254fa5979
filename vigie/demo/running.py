"""The region at work: every listener opened, its papers written, served until cancelled."""

import functools
import json
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import trio

from core.errors import UsageError
from core.knowledge.load import load_knowledge
from core.knowledge.model import Knowledge
from scanner.controls import HIGHEST, LOWEST
from scanner.questions import askable
from vigie.demo.certificates import Authority
from vigie.demo.inventory import inventory
from vigie.demo.layout import (
    DEFAULT_HOSTS,
    MOST_HOSTS,
    NETWORK,
    Region,
    lay_out,
    unusable_ports,
)
from vigie.demo.servers.base import Handler, Ledger, Room, attend
from vigie.demo.servers.datagrams import Answer, attend_datagrams
from vigie.demo.servers.hostile import mute
from vigie.demo.servers.names import ServedZone, Zone, resolve
from vigie.demo.servers.quiet import forbidden, quiet
from vigie.demo.servers.registries import Registered, registries
from vigie.demo.truth import ground_truth

_BACKLOG = 128
_SPARE_DESCRIPTORS = 512


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """What the region tells those who scan it."""

    inventory: str
    truth: str
    violations: str
    """Written again at each trespass, and empty of them after a good scan."""
    hosts: int
    ports: str
    """The default list as it can be on this machine, as a port SPEC."""
    udp_ports: str
    """The same over UDP: « U:5060,U:… », or nothing."""
    ports_shifted: dict[str, int]
    """Port → port used instead, where the first cannot be bound."""


async def run_region(
    directory: Path,
    hosts: int = DEFAULT_HOSTS,
    *,
    network: str = NETWORK,
    task_status: trio.TaskStatus[Papers] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the region until cancelled; ``task_status`` gives its papers once every port listens.

    Raises :class:`core.errors.UsageError` when the number, or this machine, does not allow it.
    """
    if not 1 <= hosts <= MOST_HOSTS:
        raise UsageError(f"--hosts {hosts}: give a number from 1 to {MOST_HOSTS}")
    knowledge = load_knowledge()
    unusable = unusable_ports(knowledge.default_tcp(), network)
    # A name server needs both.
    unusable |= unusable_ports((53,), network, socket.SOCK_DGRAM)
    asked = tuple(port for port in knowledge.default_udp() if askable(port, knowledge))
    no_udp = unusable_ports(asked, network, socket.SOCK_DGRAM)
    listed_udp = tuple(port for port in asked if port not in no_udp)
    region = lay_out(hosts, knowledge, unusable, network, listed_udp)
    await trio.Path(directory).mkdir(parents=True, exist_ok=True)
    ledger = Ledger(path=directory / "violations.json")
    ledger.write()
    names = region.names()
    published = [
        one.records(region.network, names, has_dns=region.has_dns) for one in region.domains()
    ]
    zones = _zones(region, names)
    rooms = _rooms(region, ledger, Authority(directory / "certificates"), knowledge, zones)
    _allow_descriptors(len(rooms) + _SPARE_DESCRIPTORS)
    async with trio.open_nursery() as nursery:
        try:
            for room, serve in rooms:
                nursery.start_soon(attend, _listener(room.ip, room.port), room, serve)
            for ip, served in zones.items():
                bound = await _datagram_socket(ip, 53)
                nursery.start_soon(attend_datagrams, bound, served.answer)
            for ip, port, answer in _questions(region, ledger):
                nursery.start_soon(attend_datagrams, await _datagram_socket(ip, port), answer)
            nursery.start_soon(
                resolve,
                await _datagram_socket(*region.resolver),
                Zone(names, [line for one in published for line in one]),
            )
            nursery.start_soon(
                attend,
                _listener(*region.registries),
                _bare(*region.registries, ledger),
                _registries(region),
            )
            task_status.started(_write_papers(directory, region))
            await trio.sleep_forever()
        finally:
            ledger.write()


async def serve(
    directory: Path,
    hosts: int,
    network: str,
    told: Callable[[Papers], None],
    *,
    pipe: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until ``pipe``, a descriptor, is closed at its other end.

    ``told`` is called once, when every port listens.
    """
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:

            async def end_with(pipe: int) -> None:
                await trio.lowlevel.wait_readable(pipe)
                nursery.cancel_scope.cancel()

            if pipe is not None:
                nursery.start_soon(end_with, pipe)
            region = functools.partial(run_region, directory, hosts, network=network)
            papers: Papers = await nursery.start(region)
            told(papers)
            async for _ in signals:
                nursery.cancel_scope.cancel()


def _zones(region: Region, names: dict[str, str]) -> dict[str, ServedZone]:
    """Give the zones served inside the region, by address."""
    found: dict[str, ServedZone] = {}
    for ip, domain in region.authorities().items():
        below = [
            f"{name}. A {at}" for name, at in names.items() if name.endswith(f".{domain.name}")
        ]
        lines = [*domain.records(region.network, names), *below]
        found[ip] = ServedZone(domain.name, lines, opens=domain.opens)
    return found


def _rooms(
    region: Region,
    ledger: Ledger,
    authority: Authority,
    knowledge: Knowledge,
    zones: dict[str, ServedZone],
) -> list[tuple[Room, Handler]]:
    def is_fragile(port: int) -> bool:
        # A DICOM port may be asked for an association, and for nothing else.
        fact = knowledge.quiet_fact(port)
        return fact is not None and fact.quiet != "dicom"

    lure = region.lure[0] if region.lure[1] == 80 else f"{region.lure[0]}:{region.lure[1]}"
    rooms: list[tuple[Room, Handler]] = []
    for host in region.hosts:
        company = list[trio.SocketStream]() if host.kind.medical else None
        for port, seat in host.seats:
            context = (
                authority.context(seat.tls, host.hostname, host.ip, f"{host.hostname}-{port}")
                if seat.tls
                else None
            )
            if context is not None and host.first_of_kind:
                domain = f"{host.hospital.id}.example"
                leaves = {f"{v.label}.{domain}": v.leaf for v in seat.virtuals if v.leaf}
                authority.add(context, leaves, host.ip)
            room = Room(
                ip=host.ip,
                port=port,
                hostname=host.hostname,
                ledger=ledger,
                tls=context,
                tls_first=seat.tls is not None and seat.tls_first,
                company=company,
                lure=lure,
            )
            zone = zones.get(host.ip) if port == 53 else None
            rooms.append((room, zone.attend if zone else seat.serve))
        if host.kind.everywhere:
            rooms += [
                (_bare(host.ip, port, ledger), quiet if is_fragile(port) else mute)
                for port in (*region.listed, *range(LOWEST, HIGHEST + 1))
            ]
    rooms += [(_bare(region.excluded, port, ledger), forbidden) for port in region.listed]
    rooms.append((_bare(*region.lure, ledger), forbidden))
    return rooms


def _registries(region: Region) -> Handler:
    domains, today = region.domains(), datetime.now(UTC).date()
    return registries(
        {one.name: [f"{label}.{one.name}" for label in one.certified] for one in domains},
        {one.name: today + timedelta(days=one.expires_days) for one in domains},
        [
            Registered(range=f"{region.network}.253.0/24", holder="Hébergeur du Col (fictif)"),
            Registered(range=f"{region.network}.254.0/23", holder="GHT des Monts (fictif)"),
        ],
        today,
    )


def _bare(ip: str, port: int, ledger: Ledger) -> Room:
    return Room(ip=ip, port=port, hostname="", ledger=ledger)


def _listener(ip: str, port: int) -> trio.SocketListener:
    bound = trio.socket.from_stdlib_socket(_bound(ip, port))
    return trio.SocketListener(bound)


def _bound(ip: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((ip, port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        raise _taken(ip, port, error) from error
    return made


def _taken(ip: str, port: int, error: OSError) -> UsageError:
    return UsageError(f"{ip}:{port}: {error.strerror}; is another demo region running?")


def _questions(region: Region, ledger: Ledger) -> list[tuple[str, int, Answer]]:
    """Give what answers over UDP, and what watches the address that no scanner may touch."""
    served = [(host.ip, seat.port, seat.answer) for host in region.hosts for seat in host.datagrams]

    def watch(port: int) -> Answer:
        room = _bare(region.excluded, port, ledger)

        def trespassed(question: bytes) -> None:
            room.trespass("contact with an excluded address", question[:64].hex())

        return trespassed

    return [*served, *((region.excluded, port, watch(port)) for port in region.listed_udp)]


async def _datagram_socket(ip: str, port: int) -> trio.socket.SocketType:
    bound = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        await bound.bind((ip, port))
    except OSError as error:
        bound.close()
        raise _taken(ip, port, error) from error
    return bound


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def _write_papers(directory: Path, region: Region) -> Papers:
    paths = {name: directory / name for name in ("region.toml", "truth.json", "violations.json")}
    paths["region.toml"].write_text(inventory(region, datetime.now(UTC).date()), encoding="utf-8")
    text = json.dumps(ground_truth(region), ensure_ascii=False, indent=1)
    paths["truth.json"].write_text(text, encoding="utf-8")
    return Papers(
        inventory=str(paths["region.toml"]),
        truth=str(paths["truth.json"]),
        violations=str(paths["violations.json"]),
        hosts=len(region.hosts),
        ports=",".join(map(str, region.listed)),
        udp_ports=",".join(f"U:{port}" for port in region.listed_udp),
        ports_shifted={str(port): other for port, other in sorted(region.moved.items())},
    )
