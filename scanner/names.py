"""Host names to addresses, through resolvers handed in; nothing found is contacted here."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.resolver
import dns.rrset
import trio
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from core.errors import OutOfScope
from core.model import Place
from core.observations.name import NameSeen

_PARALLEL = 32


class NameScope(Protocol):
    """What is asked of the scope about names and where they lead."""

    def may_resolve(self, name: str) -> bool: ...
    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> object: ...


async def resolve_names(
    names: Iterable[tuple[str, str]],
    tell: Callable[[NameSeen], Awaitable[None]],
    *,
    resolver: dns.asyncresolver.Resolver,
    scope: NameScope,
    now: Callable[[], datetime],
) -> None:
    """Tell one ``NameSeen`` per (establishment, name), as answers come.

    A resolver that lies can only name addresses: the gate judges each one again when it is dialled.
    """
    limiter = trio.CapacityLimiter(_PARALLEL)

    async def one(establishment: str, name: str) -> None:
        async with limiter:
            await tell(await _resolve(establishment, name, resolver, scope, now))

    async with trio.open_nursery() as asking:
        for establishment, name in names:
            if scope.may_resolve(name):
                asking.start_soon(one, establishment, name)


async def _resolve(
    establishment: str,
    name: str,
    resolver: dns.asyncresolver.Resolver,
    scope: NameScope,
    now: Callable[[], datetime],
) -> NameSeen:
    addresses: set[str] = set()
    chain: list[str] = []
    error = ""
    for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
        try:
            answer = await resolver.resolve(
                dns.name.from_text(name), kind, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            error = "NXDOMAIN"
            break
        except (dns.exception.DNSException, OSError) as failed:
            error = _said(failed)
            continue
        chain = chain or [
            record.target.to_text(omit_final_dot=True).lower()
            for rrset in answer.response.answer
            for record in _records(rrset)
            if isinstance(record, CNAME)
        ]
        for record in _records(answer.rrset):
            if isinstance(record, A | AAAA):
                addresses.add(record.address)
    in_scope: list[str] = []
    withheld: dict[str, str] = {}
    for address in sorted(addresses):
        try:
            scope.permit(address, hostname=name, at=now())
        except OutOfScope as refused:
            # Mandated but closed just now is still in scope: the gate will say when.
            if refused.reason != "out-of-window":
                if refused.reason != "out-of-scope":
                    withheld[address] = refused.reason
                continue
        in_scope.append(address)
    return NameSeen(
        place=Place(establishment=establishment, hostname=name),
        at=now(),
        name=name,
        addresses=tuple(sorted(addresses)),
        in_scope=tuple(in_scope),
        withheld=withheld,
        chain=tuple(chain),
        error=error or ("" if addresses else "no address"),
    )


def _said(failed: Exception) -> str:
    if isinstance(failed, dns.exception.Timeout):
        return "timeout"
    if isinstance(failed, dns.resolver.NoNameservers):
        return "SERVFAIL"
    return type(failed).__name__


def _records(rrset: dns.rrset.RRset | None) -> list[dns.rdata.Rdata]:
    return list(rrset) if rrset is not None else []
