"""Host names to addresses, through resolvers handed in; nothing found is contacted here."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Protocol

import trio
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from core.errors import OutOfScope
from core.model import Place
from core.observations.name import NameSeen
from scanner.dns_client import DnsClient
from scanner.dns_wire import Said

_PARALLEL = 64


class NameScope(Protocol):
    """What is asked of the scope about names and where they lead."""

    def may_resolve(self, name: str) -> bool: ...
    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> object: ...


async def resolve_names(
    names: Iterable[tuple[str, str]],
    tell: Callable[[NameSeen], Awaitable[None]],
    *,
    resolver: DnsClient,
    scope: NameScope,
    now: Callable[[], datetime],
) -> None:
    """Tell one ``NameSeen`` per (establishment, name), as answers come.

    A resolver that lies can only name addresses: the gate judges each one again when it is dialled.
    """
    limiter = trio.CapacityLimiter(_PARALLEL)

    async def one(establishment: str, name: str) -> None:
        async with limiter:
            said = [await resolver.ask(name, "A")]
            if said[0].why or said[0].exists:
                said.append(await resolver.ask(name, "AAAA"))
            await tell(seen_of(establishment, name, said, scope=scope, at=now()))

    async with trio.open_nursery() as asking:
        for establishment, name in names:
            if scope.may_resolve(name):
                asking.start_soon(one, establishment, name)


def addresses_of(said: Iterable[Said]) -> set[str]:
    """Give the addresses that answers name, literal."""
    return {
        record.address for one in said for record in one.records if isinstance(record, A | AAAA)
    }


def seen_of(
    establishment: str,
    name: str,
    said: Iterable[Said],
    *,
    scope: NameScope,
    at: datetime,
    found_by: tuple[str, ...] = ("inventory",),
) -> NameSeen:
    """Give a name as its answers tell it, each address judged by the scope."""
    said = tuple(said)
    addresses = sorted(addresses_of(said))
    in_scope: list[str] = []
    withheld: dict[str, str] = {}
    for address in addresses:
        try:
            scope.permit(address, hostname=name, at=at)
        except OutOfScope as refused:
            # Mandated but closed just now is still in scope: the gate will say when.
            if refused.reason != "out-of-window":
                if refused.reason != "out-of-scope":
                    withheld[address] = refused.reason
                continue
        in_scope.append(address)
    error = next((_fault(one.why) for one in reversed(said) if one.why), "")
    if not error and not all(one.exists for one in said):
        error = "NXDOMAIN"
    return NameSeen(
        place=Place(establishment=establishment, hostname=name),
        at=at,
        name=name,
        addresses=tuple(addresses),
        in_scope=tuple(in_scope),
        withheld=withheld,
        chain=next((one.chain for one in said if one.chain), ()),
        error=error or ("" if addresses else "no address"),
        found_by=found_by,
    )


def _fault(why: str) -> str:
    code, _, detail = why.partition(": ")
    return detail if code == "resolver-failure" and detail else code
