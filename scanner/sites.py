"""Names feed the scan: what each port shows to each name that leads there, told once.

A name costs one look: one TLS hello with its SNI, one ``GET /`` with its Host. Names that are shown
the same (certificate, status, redirect, page) are one site; each site that identification did not
meet is assessed once, under one of its names. All goes through the gate, judged for that name.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from core.observations.base import Observation
from core.observations.name import NameSeen
from scanner.identify import Ask
from scanner.target import Target

KINDS = ("service", "http", "tls", "sites")
"""Kinds of observation that :func:`hosts_of` reads."""

AskFor = Callable[[Target, int, str | None], Ask]
"""Gives what may be asked at a port of a target under a name, exact; ``None``: under no name, but
as the address itself (``hostname`` of the target is then its literal, ``names`` is empty). Raises
``OutOfScope`` when nothing may now."""
Tell = Callable[[tuple[Observation, ...]], Awaitable[None]]
"""Takes all that was seen at one port, together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPort:
    """One port where names may make a difference, with what identification said of it."""

    target: Target
    """As it was identified."""
    port: int
    seen: tuple[Observation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """One address with its ports, by number, and the mandated names that lead there."""

    ip: str
    ports: tuple[OpenPort, ...]
    names: tuple[str, ...] = ()
    """Of the inventory, the most specific first."""
    found: tuple[str, ...] = ()
    """Found by any other way."""


def hosts_of(seen: Iterable[Observation], names: Iterable[NameSeen]) -> tuple[Host, ...]:
    """Give the addresses worth a look, sorted; ports of which ``SitesSeen`` speaks are done.

    ``seen`` is what the run identified so far (see :data:`KINDS`).
    """
    raise NotImplementedError


async def look_at_sites(host: Host, ask: AskFor, tell: Tell) -> None:
    """Look at one address under all of its names, one connection at a time.

    Raises ``OutOfScope`` when the window closes meanwhile: what was told stays, the rest is not
    done.
    """
    raise NotImplementedError
