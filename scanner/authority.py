"""The name servers of the mandated domains, asked directly where a mandate covers their address.

What is asked of a server, in all: the SOA and NS of each of its zones, how it proves absence, one
name that is none of its own, the same over TCP, and from ``standard`` up one zone transfer a zone.
The name that is not its own is the root (``. SOA`` with RD): it is nobody's, every server that
resolves knows it already or asks a root server once, and it is never what authority alone answers.
How much an open resolver amplifies is not measured: that would take larger answers for nothing.

A server outside every mandate is named with the reason, never contacted.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from core.errors import OutOfScope
from core.observations.base import Observation
from scanner.asking_names import NameAsker
from scanner.found import NameFound
from scanner.gate import Boundary, Gate


async def ask_authorities(
    domains: Sequence[tuple[str, str]],
    tell: Callable[[tuple[Observation, ...]], Awaitable[None]],
    *,
    asker: NameAsker,
    gate: Gate,
    scope: Boundary,
    offer: Callable[[NameFound], Awaitable[None]],
    now: Callable[[], datetime],
    refused: Callable[[OutOfScope], None] = lambda _refused: None,
    port: int = 53,
) -> None:
    """Tell one ``ZoneServer`` per domain and address, one ``DnsServer`` per address in a mandate.

    ``domains`` are (domain, establishment) pairs. ``offer`` gets the names that a transfer or a
    walk gives. A domain whose servers may not be asked just now (window, stop) is not told at all:
    ``refused`` gets why, and it stays to be asked.
    """
