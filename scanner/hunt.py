"""Looks for the names of the mandated domains, through the declared resolvers alone.

How it is run, by :mod:`vigie.pipeline`, beside the other stages::

    hunt = Hunt(
        domains,                          # (domain, establishment), without those already told
        client=job.resolver,              # DnsClient
        scope=job.scope,
        facts=load_name_facts(),          # core.knowledge.names
        choices=inventory.names,          # words, budget
        segments=job.scope.segments(now), # their reverse zones are asked
        known=job.seen_names,             # seeds: never told again
        promised=("ct", "certificate", "transfer", "nsec", "passive"),
        tell=tell,                        # async, one NameSeen each
        ended=ended,                      # async, one NamesHunted per domain
        now=utc_now,
    )
    await hunt.run()

Others hand in names with :meth:`Hunt.offer`, from any task, and say with :meth:`Hunt.end` that a
way of :data:`core.observations.name.WAYS` which was promised is over (with a reason where it was
not gone through). The run ends when every promised way is over and nothing is left to ask: a way
that was promised and never ended would keep it for ever.

A name is told once, when the ways that need no scan have had their turn for its domain, so that
those which found it stand together; what finds it later is told at the end, in ``NamesHunted``.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import trio
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from core.inventory import NamesChoices
from core.knowledge.names import NameFacts
from core.model import Place
from core.observations.name import WAYS, NameSeen, NamesHunted
from inventories.hostnames import canonical_name, is_under, suffixes
from scanner.asking_names import text_of
from scanner.dns_client import DnsClient
from scanner.dns_wire import Said, host_of
from scanner.found import NameFound
from scanner.names import NameScope, seen_of
from scanner.permutations import variants_of
from scanner.reverse import Reverse
from scanner.space import Segment
from scanner.wildcards import Wildcard, Wildcards

_AT_ONCE = 16
"""Domains at work at the same time."""
_PER_SECOND = 500
"""Guesses about one domain: they end at its own name servers."""
_GUESSES = frozenset({"words", "permutation"})
"""Ways that nobody but us vouches for: what only repeats a wildcard is not believed."""
_LATE = frozenset({"certificate", "transfer", "nsec", "passive"})
"""Ways that need the scan, or may take as long: names are not held back for them."""
_OWN = ("words", "permutation", "ptr", "mx", "ns", "soa", "srv", "spf", "caa", "alias")
_BATCH = 512
_MOSTLY = 0.5
"""Share of a batch without an answer above which guesses are given up."""
_ASKED_AGAIN, _SLOWLY = 2_000, 50
"""Guesses without an answer that are asked again at the end, and how many a second."""
_REST_S = 6.0
"""Before that: recursors remember a failure for five seconds."""
_VARIANTS = 4_000
_ROUNDS = 2
"""Variants of variants found, and no further."""
_PARENTS = 24
"""Names of one domain that have names of their own, below which words are tried."""
_INCLUDED = 16
"""SPF records of the domain's own that are followed."""
_PUBLISHED_BY_WILDCARD = 200
"""Names that somebody published and a wildcard answers, told of one domain."""
_TARGETS = 256
"""Names read out of the records of one name."""
_AGAIN = 5_000


class Hunt:
    """The names of all mandated domains. One per run."""

    def __init__(
        self,
        domains: Sequence[tuple[str, str]],
        *,
        client: DnsClient,
        scope: NameScope,
        facts: NameFacts,
        choices: NamesChoices,
        segments: Iterable[Segment],
        known: Iterable[NameSeen],
        promised: Collection[str],
        tell: Callable[[NameSeen], Awaitable[None]],
        ended: Callable[[NamesHunted], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self.client = client
        self.scope = scope
        self.facts = facts
        self.choices = choices
        self.tell, self.ended, self.now = tell, ended, now
        self.promised = tuple(way for way in WAYS if way in promised)
        self.refused = 0
        """Candidates that are no host name, of no domain of ours."""
        self._reverse = Reverse(client, segments)
        self._hunted = {domain: _Domain(self, domain, owner) for domain, owner in domains}
        for seen in known:
            if (found := self._of(seen.name)) is not None:
                found.know(seen)

    def offer(self, found: NameFound) -> None:
        """Take in a candidate; never waits, never raises. Past the budget it is counted alone."""
        text = found.name.strip().lower().removeprefix("*.")[:1_024]
        name = canonical_name(text)
        domain = self._of(name if name is not None else text.removesuffix("."))
        if domain is None:
            self.refused += name is None
        elif name is None or found.way not in WAYS:
            domain.refused += 1
        else:
            domain.offer(name, found.way)

    def end(self, way: str, why: str = "", *, domain: str = "") -> None:
        """Say that a promised way is over: for one domain, or for all that remain.

        ``why``: reason id where it was not gone through, or not wholly.
        """
        for one in self._hunted.values():
            if domain in {"", one.domain}:
                one.end(way, why)

    async def run(self) -> None:
        """Hunt until every way is over; cancelled, what was told stays told."""
        if not self._hunted:
            await trio.lowlevel.checkpoint()
            return
        is_honest = await self.client.find_liars()
        limiter = trio.CapacityLimiter(_AT_ONCE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ask_reverse, is_honest)
            for one in self._hunted.values():
                nursery.start_soon(one.run, limiter, is_honest)

    async def _ask_reverse(self, is_honest: bool) -> None:
        if not is_honest or not self.choices.enumerate:
            self.end("ptr", "resolver-lies" if not is_honest else "not-configured")
            return
        why = await self._reverse.ask(lambda name: self.offer(NameFound(name, "ptr")))
        self.end("ptr", why)

    def _of(self, name: str) -> "_Domain | None":
        """Give the longest domain at or above a name."""
        return next((found for one in suffixes(name) if (found := self._hunted.get(one))), None)


@dataclass(slots=True)
class _Name:
    """One candidate that was taken in."""

    name: str
    ways: list[str]
    said: list[Said]
    is_told: bool = False
    is_found: bool = False


class _Domain:
    """One domain being hunted."""

    def __init__(self, hunt: Hunt, domain: str, establishment: str) -> None:
        self.domain = domain
        self.refused = 0
        self._hunt = hunt
        self._establishment = establishment
        self._names: dict[str, _Name] = {}
        self._queue: deque[_Name] = deque()
        self._open = {"ptr", *hunt.promised}
        self._tried = dict.fromkeys((*_OWN, *hunt.promised), "")
        self._changed = trio.Event()
        self._asked = self._lost = self._tries = self._by_wildcard = 0
        self._again: dict[str, list[str]] = {}
        self._wildcards = Wildcards(hunt.client)
        self._holds = True
        self._parents: list[str] = []
        self._is_over = False

    # What others hand in.

    def know(self, seen: NameSeen) -> None:
        """Take in a name that was told already: a seed, never told again."""
        known = _Name(seen.name, list(seen.found_by), [], is_told=True)
        known.is_found = not seen.error
        self._names[seen.name] = known

    def offer(self, name: str, way: str) -> None:
        """Take in a candidate below this domain."""
        if (held := self._names.get(name)) is not None:
            if way in held.ways:
                return
            if not held.is_told:
                held.ways.append(way)
            elif name in self._again or len(self._again) < _AGAIN:
                ways = self._again.setdefault(name, [])
                if way not in ways:
                    ways.append(way)
            return
        # Owners of records, not hosts: _dmarc, _sip._tcp…
        if self._is_over or any(label.startswith("_") for label in name.split(".")):
            return
        if not self._hunt.scope.may_resolve(name):
            return
        if self._tries >= self._hunt.choices.budget:
            self._note(way, "request-limit")
            return
        self._tries += 1
        made = self._names[name] = _Name(name, [way], [])
        self._queue.append(made)
        self._changed.set()

    def _note(self, way: str, why: str) -> None:
        """Say why a way was not, or not wholly, gone through; the first reason stays."""
        self._tried[way] = self._tried.get(way) or why

    def end(self, way: str, why: str) -> None:
        """Close a way."""
        if way in self._open:
            self._open.discard(way)
            self._note(way, why)
            self._changed.set()

    # The hunt.

    async def run(self, limiter: trio.CapacityLimiter, is_honest: bool) -> None:
        """Hunt in this domain to its end."""
        async with limiter:
            why = await self._first() if is_honest else "resolver-lies"
            if not why:
                await self._own_ways()
            else:
                self._tried = dict.fromkeys(self._tried, why)
                self._queue.clear()
                self._holds = False
        if not why:
            await self._until(lambda: not self._open - _LATE)
            async with limiter:
                await self._drain()
                await self._vary()
                await self._settle()
            await self._until(lambda: not self._open)
            await self._drain()
        else:
            await self._until(lambda: not self._open, drains=False)
        self._is_over = True
        await self._hunt.ended(self._told())

    async def _until(self, is_so: Callable[[], bool], *, drains: bool = True) -> None:
        while not is_so():
            if drains:
                await self._drain()
            if is_so():
                return
            await self._changed.wait()
            self._changed = trio.Event()

    async def _first(self) -> str:
        """Give the reason why nothing of this domain can be known; empty when it can."""
        top = await self._ask(self.domain, "SOA")
        if top.why:
            return top.why
        if not top.exists:
            return "unresolved"
        under = await self._wildcards.under(self.domain)
        self._count(under)
        return "resolver-lies" if under.is_lie else ""

    async def _own_ways(self) -> None:
        await self._records(self.domain)
        await self._drain()
        if not self._hunt.choices.enumerate:
            self._tried["words"] = self._tried["permutation"] = "not-configured"
            return
        words = dict.fromkeys((*self._hunt.choices.words, *self._hunt.facts.words()))
        await self._guess((f"{word}.{self.domain}" for word in words), "words")
        await self._drain()
        await self._below()

    async def _below(self) -> None:
        """Try words below the names that have names of their own."""
        done: set[str] = set()
        while left := [one for one in self._parents if one not in done][: _PARENTS - len(done)]:
            for parent in left:
                done.add(parent)
                await self._records(parent)
                words = (f"{word}.{parent}" for word in self._hunt.facts.below)
                await self._guess(words, "words")
            await self._drain()
        if len(self._parents) > len(done):
            self._note("words", "request-limit")

    async def _vary(self) -> None:
        """Try names like those found."""
        if not self._hunt.choices.enumerate or self._tried["permutation"]:
            return
        left = _VARIANTS
        seen = 0
        for _ in range(_ROUNDS):
            found = [one.name for one in self._names.values() if one.is_found]
            if len(found) == seen or left <= 0:
                return
            seen = len(found)
            like = variants_of(
                [one.removesuffix(f".{self.domain}") for one in found if one != self.domain],
                self._hunt.facts.variants,
                sites=[self._establishment.partition("-")[2]] if "-" in self._establishment else (),
            )
            tried = [
                name
                for one in _first_of(like, 4 * left)
                if (name := f"{one}.{self.domain}") not in self._names
            ]
            await self._guess(iter(tried[:left]), "permutation")
            if len(tried) > left:
                self._note("permutation", "request-limit")
            left -= len(tried)

    # Asking.

    async def _ask(self, name: str, kind: str) -> Said:
        said = await self._hunt.client.ask(name, kind)
        self._asked += 1
        self._lost += bool(said.why)
        return said

    def _count(self, under: Wildcard) -> None:
        self._asked += under.asked
        self._lost += under.lost
        under.asked = under.lost = 0

    async def _guess(self, names: Iterator[str], way: str) -> None:
        """Ask about guesses by batches; a domain that stops answering is left alone."""
        left: list[_Name] = []
        while batch := list(_first_of(names, _BATCH)):
            room = self._hunt.choices.budget - self._tries
            if room < len(batch):
                self._note(way, "request-limit")
            fresh: list[_Name] = []
            for text in batch[: max(0, room)]:
                name = canonical_name(text)
                if name is None or not self._hunt.scope.may_resolve(name):
                    continue
                if (held := self._names.get(name)) is not None:
                    if held.is_found or not held.is_told:
                        self.offer(name, way)
                    continue
                fresh.append(_Name(name, [way], []))
            self._tries += len(fresh)
            lost = await self._resolve(fresh)
            if len(lost) > _MOSTLY * len(fresh):
                self._note(way, "timeout")
                return
            left += lost
            if not fresh and room <= 0:
                break
        if left:
            await trio.sleep(_REST_S)
        # Servers that thin out their answers (RRL) give the rest to who asks slowly.
        if left and await self._resolve(left[:_ASKED_AGAIN], per_second=_SLOWLY):
            self._note(way, "half-answered")
        if len(left) > _ASKED_AGAIN:
            self._note(way, "half-answered")

    async def _drain(self) -> None:
        """Ask about everything that was offered."""
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            await self._resolve([one for one in batch if not one.is_found])
            if not self._holds:
                await self._settle()

    async def _resolve(
        self, batch: Sequence[_Name], *, per_second: float = _PER_SECOND
    ) -> list[_Name]:
        """Ask for the addresses of candidates; gives those that got no answer."""
        lost: list[_Name] = []
        by_name = {one.name: one for one in batch}
        existing: list[_Name] = []

        def heard(name: str, _: str, said: Said) -> None:
            self._asked += 1
            one = by_name[name]
            is_lost = said.why not in {"", "alias-loop"}
            if is_lost:
                self._lost += 1
                lost.append(one)
            is_asked_again = is_lost and one.ways[0] in _GUESSES
            if (said.exists or said.chain) and not is_asked_again:
                one.said.append(said)
                existing.append(one)

        await self._hunt.client.ask_all(
            ((one.name, "A") for one in batch), heard, per_second=per_second
        )
        kept = await self._unlike_wildcards(existing)
        await self._sixth(kept)
        for one in kept:
            # A wildcard without IPv4 addresses shows only now.
            if one.name == self.domain or _leads(one.said[:1]) or not await self._repeats(one):
                await self._keep(one)
        return lost

    async def _unlike_wildcards(self, existing: Sequence[_Name]) -> list[_Name]:
        kept: list[_Name] = []
        async with trio.open_nursery() as learning:
            parents = {one.name.partition(".")[2] for one in existing if one.name != self.domain}
            for parent in parents:
                learning.start_soon(self._wildcards.under, parent)
        for one in existing:
            if one.name == self.domain:
                kept.append(one)
                continue
            under = await self._wildcards.under(one.name.partition(".")[2])
            self._count(under)
            for alias in {alias for chain in under.chains for alias in chain}:
                self._hunt.offer(NameFound(alias, "alias"))
            is_guess = one.ways[0] in _GUESSES
            if under.is_lie or (under.why and is_guess):
                for way in one.ways:
                    self._note(way, under.why or "resolver-lies")
                continue
            if not _leads(one.said) or not await self._repeats(one):
                kept.append(one)
        return kept

    async def _repeats(self, one: _Name) -> bool:
        """Whether a name only repeats its wildcard, and is not among the few published ones."""
        under = await self._wildcards.under(one.name.partition(".")[2])
        if not under.repeats(one.name, one.said):
            return False
        is_guess = one.ways[0] in _GUESSES
        if under.is_open and is_guess:
            self._note(one.ways[0], "wildcard-rotates")
        if is_guess or self._by_wildcard >= _PUBLISHED_BY_WILDCARD:
            return True
        self._by_wildcard += 1
        return False

    async def _sixth(self, kept: Sequence[_Name]) -> None:
        by_name = {one.name: one for one in kept}

        def heard(name: str, _: str, said: Said) -> None:
            self._asked += 1
            self._lost += bool(said.why)
            by_name[name].said.append(said)

        wanted = [one.name for one in kept if one.said[0].exists]
        await self._hunt.client.ask_all(
            ((name, "AAAA") for name in wanted), heard, per_second=_PER_SECOND
        )

    async def _keep(self, one: _Name) -> None:
        """Hold a name that exists, with what its answers lead to."""
        is_guess = one.ways[0] in _GUESSES
        if not any(said.records or said.chain or said.why for said in one.said):
            # No host, but names may stand below it.
            self._parents.append(one.name)
            if is_guess and not await self._has_records(one.name):
                return
        one.is_found = True
        held = self._names.setdefault(one.name, one)
        if held is not one:
            # Offered while it was being asked about.
            held.ways += [way for way in one.ways if way not in held.ways]
            if not held.is_found:
                held.is_found, held.said = True, one.said
        for said in one.said:
            for alias in said.chain:
                self._hunt.offer(NameFound(alias, "alias"))

    async def _has_records(self, name: str) -> bool:
        for kind in ("NS", "MX", "TXT"):
            said = await self._ask(name, kind)
            if said.records or said.why:
                return True
        return False

    async def _settle(self) -> None:
        """Tell the names found that were not told yet."""
        self._holds = False
        for one in [one for one in self._names.values() if one.is_found and not one.is_told]:
            one.is_told = True
            await self._hunt.tell(
                seen_of(
                    self._establishment,
                    one.name,
                    one.said,
                    scope=self._hunt.scope,
                    at=self._hunt.now(),
                    found_by=tuple(one.ways),
                )
            )
            one.said.clear()

    # Records that name hosts.

    async def _records(self, name: str) -> None:
        """Offer the hosts that the records of a domain name."""
        asked = [(name, kind) for kind in ("MX", "NS", "SOA", "CAA", "TXT")]
        asked += [(f"{one}.{name}", "SRV") for one in self._hunt.facts.services]
        spf: deque[str] = deque()

        def heard(owner: str, kind: str, said: Said) -> None:
            self._asked += 1
            if said.why:
                self._lost += 1
                way = _WAY_OF[kind]
                self._note(way, said.why)
            for record in said.records[:_TARGETS]:
                match record:
                    case MX():
                        self._target(host_of(record.exchange), "mx")
                    case NS():
                        self._target(host_of(record.target), "ns")
                    case SOA():
                        self._target(host_of(record.mname), "soa")
                    case SRV():
                        self._target(host_of(record.target), "srv")
                    case CAA():
                        self._target(_host_in(record.value.decode("latin-1")), "caa")
                    case TXT():
                        spf.extend(self._spf(text_of(record)))
                    case _:
                        pass

        await self._hunt.client.ask_all(asked, heard, per_second=_PER_SECOND)
        done: set[str] = set()
        while spf and len(done) < _INCLUDED:
            included = spf.popleft()
            if included in done or not is_under(included, self.domain):
                continue
            done.add(included)
            if self._hunt.scope.may_resolve(included):
                heard(included, "TXT", await self._hunt.client.ask(included, "TXT"))

    def _target(self, name: str, way: str) -> None:
        if name and name != ".":
            self._hunt.offer(NameFound(name, way))

    def _spf(self, text: str) -> Iterator[str]:
        """Offer the hosts of an SPF record; gives the records that it includes."""
        if not text.lower().startswith("v=spf1"):
            return
        for term in text.split()[1 : _TARGETS + 1]:
            name, mark, value = term.lstrip("+-~?").partition(":" if ":" in term else "=")
            host = value.partition("/")[0].removesuffix(".").lower()
            if not mark or not host or "%" in host:
                continue
            if name.lower() in {"a", "mx", "ptr", "exists"}:
                self._target(host, "spf")
            elif name.lower() in {"include", "redirect"}:
                self._target(host, "spf")
                yield host

    def _told(self) -> NamesHunted:
        found: Counter[str] = Counter()
        for one in self._names.values():
            if one.is_found and one.is_told and one.ways[0] != "inventory":
                found[one.ways[0]] += 1
        wild = self._wildcards.told()
        return NamesHunted(
            place=Place(establishment=self._establishment, hostname=self.domain),
            at=self._hunt.now(),
            domain=self.domain,
            asked=self._asked,
            lost=self._lost,
            found=dict(found),
            wildcards=tuple(one.parent for one in wild),
            tried=self._tried,
            leads={one.parent: tuple(sorted(one.addresses)[:64]) for one in wild if one.addresses},
            again={name: tuple(ways) for name, ways in self._again.items()},
            refused=self.refused,
        )


_WAY_OF = {"MX": "mx", "NS": "ns", "SOA": "soa", "CAA": "caa", "TXT": "spf", "SRV": "srv"}


def _leads(said: Iterable[Said]) -> bool:
    return any(one.records or one.chain for one in said)


def _first_of(given: Iterator[str], count: int) -> Iterator[str]:
    for _ in range(count):
        try:
            yield next(given)
        except StopIteration:
            return


def _host_in(value: str) -> str:
    """Give the host of a CAA value: an authority, a page or a mailbox (RFC 8659, 4)."""
    text = value.partition(";")[0].strip()
    if text.lower().startswith("mailto:"):
        return text.rpartition("@")[2]
    return text.partition("://")[2].partition("/")[0].partition(":")[0] if "://" in text else text
