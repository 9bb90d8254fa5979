"""SPF of a domain as a whole: whom it passes, how it ends, what in it stops receivers.

Every term counts as if it came to it: the sender whom nothing matches meets all the limits. Whom
it passes is computed over all addresses at once, as sets; terms that depend on who sends (macros,
``ptr``) are put to the test with a sender of nobody by :mod:`scanner.spf_check`.
"""

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from dns.rdtypes.ANY.MX import MX

from core.observations.mail_policy import Spf, SpfFault
from scanner.address_set import (
    EVERYONE,
    NOBODY,
    Stretches,
    common,
    count_v4,
    count_v6_64,
    stretches_of,
    union,
    without,
)
from scanner.asking_names import NameAsker, host_of
from scanner.spf_check import (
    MOST_LOOKUPS,
    MOST_MX,
    MOST_VOID,
    Result,
    check_host,
    is_askable,
    networks_of,
    spf_records,
)
from scanner.spf_terms import LOOKING, Network, Sender, Term, network_of, parse_spf

_MOST_ASKED = 30
"""Terms after which includes are counted and no longer followed."""
_MOST_STEPS = 400
"""Sets compared for one domain: beyond, fewer are told than pass; large networks always are."""
_WIDE_V4 = 8
_WIDE_V6 = 16
"""Prefix lengths up to which a network is a large part of the Internet."""
_NOBODY_V4 = ipaddress.ip_address("192.0.2.77")
_NOBODY_V6 = ipaddress.ip_address("2001:db8::77")
"""Addresses that nobody may use (RFC 5737, RFC 3849): what passes them passes anyone."""


@dataclass(slots=True)
class _Ends:
    """How the policy of one domain ends, and whom it passes."""

    default: str = ""
    """Qualifier that falls to whoever no term names; empty when nothing says."""
    passed: Stretches = NOBODY


@dataclass(kw_only=True, slots=True)
class _Walk:
    """One evaluation: what is met on the way."""

    asker: NameAsker
    platforms: Mapping[str, str]
    lookups: int = 0
    void: int = 0
    is_cut: bool = False
    has_macros: bool = False
    has_ptr: bool = False
    faults: list[SpfFault] = field(default_factory=list[SpfFault])
    wide: list[str] = field(default_factory=list[str])
    met: list[str] = field(default_factory=list[str])
    unread: str = ""
    steps: int = 0
    """Sets compared so far."""

    async def follow(
        self, domain: str, record: str, path: tuple[str, ...], left: Stretches, *, counts: bool
    ) -> _Ends:
        """Read one record for the addresses that are left; ``counts``: what passes here passes."""
        terms, fault = parse_spf(record)
        if fault is not None:
            self._fault(fault.id, f"{domain}: {fault.detail}" if len(path) > 1 else fault.detail)
        tally = _Tally(self, left)
        for term in terms:
            if term.name == "all":
                return tally.ends(term.qualifier)
            if not term.qualifier:
                continue
            matched, is_anyone = await self._matched(term, domain, path, tally, counts=counts)
            tally.take(term.qualifier, matched)
            if is_anyone:
                return _Ends(term.qualifier, tally.passed_now())
        for term in terms:
            if term.name == "redirect":
                self.lookups += 1
                ends = await self._target(term.value, path, tally, counts=counts)
                return _Ends(ends.default, union(tally.passed_now(), ends.passed))
        return _Ends("", tally.passed_now())

    async def _matched(
        self, term: Term, domain: str, path: tuple[str, ...], tally: "_Tally", *, counts: bool
    ) -> tuple[Stretches, bool]:
        """Ask what a term asks; give whom it matches, and whether that is anyone at all."""
        counts = counts and term.qualifier == "+"
        if term.name in {"ip4", "ip6"}:
            network = network_of(term.value, int(term.name[-1]))
            if network is None:
                return NOBODY, False
            limit = _WIDE_V4 if term.name == "ip4" else _WIDE_V6
            if counts and network.prefixlen <= limit:
                self.wide.append(f"{term.name}:{term.value}")
            return stretches_of((network,)), False
        if term.name in LOOKING:
            self.lookups += 1
        if "%" in term.value:
            self.has_macros = True
            return NOBODY, False
        if term.name == "include":
            ends = await self._target(term.value, path, tally, counts=counts)
            return ends.passed, ends.default == "+"
        if term.name == "ptr":
            self.has_ptr = True
            return NOBODY, False
        if not self._may_ask() or not is_askable(term.value or domain):
            return NOBODY, False
        found = await self._look(term, (term.value or domain).lower().rstrip("."))
        if term.name == "exists":
            return (EVERYONE, True) if found else (NOBODY, False)
        return stretches_of(found), False

    def _may_ask(self) -> bool:
        if self.lookups > _MOST_ASKED:
            self.is_cut = True
        return not self.is_cut

    async def _look(self, term: Term, host: str) -> list[Network]:
        """Give the networks that ``a``, ``mx`` or ``exists`` leads to; count what is empty."""
        hosts = [host]
        if term.name == "mx":
            said = await self.asker.ask(host, "MX")
            servers = [host_of(one.exchange) for one in said.records if isinstance(one, MX)]
            if len(servers) > MOST_MX:
                self._fault("too-many-mx", host)
            self.unread = self.unread or said.why
            self.void += not said.why and not said.records
            hosts = [one for one in sorted(servers)[:MOST_MX] if one != "."]
        found: list[Network] = []
        for one in hosts:
            for kind in ("A",) if term.name == "exists" else ("A", "AAAA"):
                said = await self.asker.ask(one, kind)
                if said.why:
                    self.unread = self.unread or said.why
                    return found
                found += networks_of(said, term.v4 if kind == "A" else term.v6)
        # A sender in one family alone meets more empty answers: those that all meet are counted.
        # « exists » is made to be empty for most: only a sender would tell.
        self.void += term.name == "a" and not found
        return found

    async def _target(
        self, target: str, path: tuple[str, ...], tally: "_Tally", *, counts: bool
    ) -> _Ends:
        """Follow the policy of another domain."""
        if "%" in target:
            self.has_macros = True
            return _Ends()
        target = target.lower().rstrip(".")
        if (platform := self.platforms.get(target)) and platform not in self.met and counts:
            self.met.append(platform)
        if target in path:
            self._fault("loop", " → ".join((*path, target))[:200])
            return _Ends()
        if not self._may_ask() or not is_askable(target):
            return _Ends()
        records, said = await spf_records(self.asker, target)
        if said.why:
            self.unread = self.unread or said.why
            return _Ends()
        if len(records) != 1:
            self.void += not said.records
            self._fault("several-records" if records else "no-target", target)
            return _Ends()
        left = tally.left_now()
        return await self.follow(target, records[0], (*path, target), left, counts=counts)

    def _fault(self, id_: str, detail: str = "") -> None:
        fault = SpfFault(id_, detail[:200])
        if fault not in self.faults and len(self.faults) < 8:
            self.faults.append(fault)


class _Tally:
    """Whom one record passes, and who is left for its next terms.

    Terms of one qualifier are compared together: records of hundreds of addresses cost one step.
    """

    def __init__(self, walk: _Walk, left: Stretches) -> None:
        self._walk = walk
        self._left, self._passed = left, NOBODY
        self._qualifier = "+"
        self._held: list[tuple[int, int]] = []

    def take(self, qualifier: str, matched: Stretches) -> None:
        if qualifier != self._qualifier:
            self._compare()
            self._qualifier = qualifier
        self._held += matched

    def left_now(self) -> Stretches:
        self._compare()
        return self._left

    def passed_now(self) -> Stretches:
        self._compare()
        return self._passed

    def ends(self, qualifier: str) -> _Ends:
        left = self.left_now() if qualifier == "+" else NOBODY
        return _Ends(qualifier, union(self.passed_now(), left))

    def _compare(self) -> None:
        held, self._held = union(self._held), []
        if not held or self._walk.steps >= _MOST_STEPS:
            return
        self._walk.steps += 1
        matched = common(held, self._left)
        self._left = without(self._left, matched)
        if self._qualifier == "+":
            self._passed = union(self._passed, matched)


async def evaluate_spf(
    asker: NameAsker, domain: str, platforms: Mapping[str, str]
) -> tuple[Spf | None, str]:
    """Give the policy of a domain, and why it, or a part of it, could not be had.

    ``platforms``: domain that senders are told to include → product that sends for many.
    """
    records, said = await spf_records(asker, domain)
    if said.why:
        return None, said.why
    if len(records) != 1:
        faults = (SpfFault("several-records", domain),) if records else ()
        return Spf(records=records[:8], faults=faults), ""
    walk = _Walk(asker=asker, platforms=platforms)
    ends = await walk.follow(domain, records[0], (domain,), EVERYONE, counts=True)
    if walk.lookups > MOST_LOOKUPS:
        walk.faults.append(SpfFault("too-many-lookups", str(walk.lookups)))
    if walk.void > MOST_VOID:
        walk.faults.append(SpfFault("too-many-void", str(walk.void)))
    stranger = ""
    if not walk.faults and not walk.unread and (walk.has_macros or walk.has_ptr):
        stranger = await _for_nobody(asker, domain)
    return Spf(
        records=records,
        default=ends.default,
        wide=tuple(dict.fromkeys(walk.wide))[:16],
        passed_v4=count_v4(ends.passed),
        passed_v6_64=count_v6_64(ends.passed),
        stranger=stranger,
        platforms=tuple(walk.met[:16]),
        lookups=walk.lookups,
        is_cut=walk.is_cut,
        void_lookups=walk.void,
        faults=tuple(walk.faults),
        has_macros=walk.has_macros,
        has_ptr=walk.has_ptr,
        is_whole=not walk.unread,
    ), walk.unread


async def _for_nobody(asker: NameAsker, domain: str) -> str:
    """Give what becomes of a sender at addresses of nobody; the best of both families."""
    results: list[Result] = []
    mailbox = f"vigie-{secrets.token_hex(6)}@{domain}"
    for ip in (_NOBODY_V4, _NOBODY_V6):
        sender = Sender(ip=ip, mailbox=mailbox, helo=domain)
        results.append(await check_host(asker, domain, sender))
    best = (Result.PASS, Result.NEUTRAL, Result.SOFTFAIL, Result.FAIL)
    return next((one.value for one in best if one in results), results[0].value)
