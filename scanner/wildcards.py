"""Wildcards of zones: what a label that nobody chose is answered, so that guesses are not believed.

Learnt under each name below which guesses are made (RFC 4592: a wildcard may stand at any depth),
from several labels drawn at random, since answers may rotate. A real record beside a wildcard is
known by answering differently.
"""

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

import trio

from scanner.dns_client import DnsClient
from scanner.dns_wire import Said
from scanner.names import addresses_of

_LABELS = 3
"""Drawn at first; where none is answered, there is no wildcard."""
_MORE, _QUIET = 21, 5
"""Drawn besides, at most, until as many in a row bring nothing new."""
_FEW_NETWORKS = 2
_MOST_PARENTS = 1_000
"""Names of one domain below which labels are drawn."""


@dataclass(slots=True)
class Wildcard:
    """What labels drawn at random are answered below one name."""

    parent: str
    why: str = ""
    """Reason id when it could not be learnt."""
    answers: bool = False
    """Any label exists."""
    is_lie: bool = False
    """Addresses are given for labels whose other records are denied: no zone says so, a resolver
    that rewrites NXDOMAIN does."""
    is_open: bool = False
    """Each label is answered something new, without end."""
    has_empty: bool = False
    """Labels exist without an address."""
    addresses: set[str] = field(default_factory=set[str])
    chains: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    """Aliases, the label drawn written « * »."""
    asked: int = 0
    lost: int = 0

    def repeats(self, name: str, said: Iterable[Said]) -> bool:
        """Whether answers for a name are no more than the wildcard's."""
        if not self.answers:
            return False
        said = tuple(said)
        if chain := next((one.chain for one in said if one.chain), ()):
            return _masked(name, chain) in self.chains
        if not all(one.exists for one in said):
            return False
        found = addresses_of(said)
        if not found:
            return self.has_empty
        if found <= self.addresses:
            return True
        if not self.is_open:
            return False
        # New answers are the rule there: only another network tells.
        networks = {_network(one) for one in self.addresses}
        return len(networks) > _FEW_NETWORKS or {_network(one) for one in found} <= networks

    def is_part_of(self, above: "Wildcard") -> bool:
        """Whether it answers nothing that the one above does not."""
        chains = self.chains <= above.chains
        return chains and (above.is_open or bool(self.chains) or self.addresses <= above.addresses)

    def take(self, name: str, said: Said) -> bool:
        """Take in the answer for a label drawn; gives whether it brought anything new."""
        self.asked += 1
        if said.why:
            self.lost += 1
            return False
        if said.chain:
            masked = _masked(name, said.chain)
            if masked in self.chains:
                return False
            self.chains.add(masked)
            return True
        found = addresses_of([said])
        is_new = not found <= self.addresses
        self.addresses |= found
        return is_new


class Wildcards:
    """The wildcards of one domain, each learnt once."""

    def __init__(self, client: DnsClient) -> None:
        self._client = client
        self._known: dict[str, Wildcard] = {}
        self._learning: dict[str, trio.Event] = {}

    def told(self) -> list[Wildcard]:
        """Give those learnt so far, sorted; one that answers far below its name is told once."""
        found: list[Wildcard] = []
        for one in sorted(self._known.values(), key=lambda each: each.parent.count(".")):
            if not one.answers or one.is_lie:
                continue
            above = [other for other in found if one.parent.endswith(f".{other.parent}")]
            if not above or not one.is_part_of(above[-1]):
                found.append(one)
        return sorted(found, key=lambda each: each.parent)

    async def under(self, parent: str) -> Wildcard:
        """Give what stands below a name; learns it the first time."""
        if (event := self._learning.get(parent)) is not None:
            await event.wait()
            return self._known.get(parent, Wildcard(parent, why="interrupted"))
        if len(self._learning) >= _MOST_PARENTS:
            return Wildcard(parent, why="request-limit")
        event = self._learning[parent] = trio.Event()
        try:
            self._known[parent] = await _learn(self._client, parent)
        finally:
            event.set()
        return self._known[parent]


async def _learn(client: DnsClient, parent: str) -> Wildcard:
    made = Wildcard(parent)
    drawn = [f"{secrets.token_hex(6)}.{parent}" for _ in range(_LABELS)]
    told: dict[str, Said] = {}

    def take(name: str, _: str, said: Said) -> None:
        told[name] = said
        made.take(name, said)

    await client.ask_all([(name, "A") for name in drawn], take)
    heard = {name: said for name, said in told.items() if not said.why}
    if not heard:
        made.why = next((said.why for said in told.values()), "timeout")
        return made
    # An alias to nothing exists itself.
    existing = {name: said for name, said in heard.items() if said.exists or said.chain}
    if not existing:
        return made
    made.answers = True
    empty: set[str] = {name for name, said in existing.items() if not said.records}
    for name, said in existing.items():
        sixth, text = [await client.ask(name, kind) for kind in ("AAAA", "TXT")]
        made.take(name, sixth)
        made.take(name, text)
        if sixth.records:
            empty.discard(name)
        if said.records and not said.chain and not text.why and not text.exists:
            made.is_lie = True
            return made
    made.has_empty = any(not existing[name].chain for name in empty)
    await _draw_more(client, made)
    return made


async def _draw_more(client: DnsClient, made: Wildcard) -> None:
    quiet = 0
    for _ in range(_MORE):
        name = f"{secrets.token_hex(6)}.{made.parent}"
        is_new = False
        for kind in ("A", "AAAA"):
            said = await client.ask(name, kind)
            is_new |= made.take(name, said)
            if not said.records:
                break
        quiet = 0 if is_new else quiet + 1
        if quiet >= _QUIET:
            return
    made.is_open = True


def _masked(name: str, chain: tuple[str, ...]) -> tuple[str, ...]:
    label = name.partition(".")[0]
    return tuple(
        ".".join("*" if part == label else part for part in one.split(".")) for one in chain
    )


def _network(address: str) -> str:
    length = 64 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
