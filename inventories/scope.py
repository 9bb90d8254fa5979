"""The one place that decides what may be contacted: targets, services and directories.

Targets: *is this address, dialled for this name, allowed now?* The answer rests on the address
really dialled; a name never opens more than the inventory says of it.

- An address in a range of an establishment, under a mandate, is open for any name.
- Any other address is open only for a host name that stands in the ``covers`` of a mandate, for
  that exact name, and only if it is public (``lab = true`` adds loopback and private ones).
- ``exclude`` wins over all, for every establishment. An excluded name closes itself and the names
  below it. Its *address* is closed too once it is known: resolve :meth:`Scope.names_to_learn`
  before the first packet and go on with :meth:`Scope.knowing`. An address that only an unresolved
  name designates cannot be told from its neighbours: exclude the address to be sure.
- What a consent covers is held by a third party: nothing above the consent's intensity, and
  nothing at all (``third-party``) while no consent is in date. This too follows a name to its
  learnt address.
- Where several mandates open the same address, the most permissive that is in date and in its
  window wins. Medical addresses are never treated above ``discreet``.

All is interval arithmetic on integers: a /8 costs what a /32 costs. Pure: the clock is passed in.
"""

import bisect
import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from core.errors import OutOfScope, UsageError
from core.inventory import Inventory, Mandate, Network
from core.model import Intensity
from inventories.addresses import SPECIALS, shown, special
from inventories.feeds import feed_addresses
from inventories.hostnames import canonical_name, is_under, suffixes
from inventories.load import directory_endpoint, host_port, service_endpoint
from inventories.windows import Calendar

SWEEPABLE = 65_536
"""Addresses above which an IPv6 segment is not walked: a /64 would take longer than the mandate
lasts.
"""

Asked = str | IPv4Address | IPv6Address | tuple[int, int]
"""An address: literal, parsed, or ``(version, integer)`` on the fast path."""

_REMEMBERED = 65_536
"""Pairs of address and name whose rules are remembered; then the memory starts afresh."""

_ORDER = {each: rank for rank, each in enumerate(Intensity)}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AWAY = datetime.max.replace(tzinfo=UTC)


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """The right to contact one address, for one name or for none, until some moment."""

    establishment: str
    intensity: Intensity
    """In force: mandate, profile, medical and consent folded together; never ``passive``."""
    medical: bool
    """One connection at a time."""
    until: datetime | None
    """UTC; the first moment at which the answer may change. ``None``: never."""
    mandate: str
    """Document of the mandate that opens it."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Neighbouring addresses of an establishment that share one answer; none is excluded."""

    version: int
    first: int
    last: int
    """Inclusive."""
    establishment: str
    medical: bool
    permit: Permit | None = None
    """Of the moment asked for. ``None``: see ``refused``."""
    refused: OutOfScope | None = None
    """Why nothing may be sent there now; its target is the first address of the segment."""
    hostname: str | None = None
    """The one name for which the address may be dialled; ``None``: any."""

    @property
    def size(self) -> int:
        """Number of addresses."""
        return self.last - self.first + 1

    @property
    def intensity(self) -> Intensity | None:
        """What is allowed at the moment asked for; ``None``: nothing."""
        return None if self.permit is None else self.permit.intensity

    @property
    def refusal(self) -> str:
        """Id of the reason in :mod:`core.reasons` why nothing may be sent; ``""`` when it may."""
        return "" if self.refused is None else self.refused.reason

    @property
    def text(self) -> str:
        """``203.0.113.0/28``, ``203.0.113.7``, or ``203.0.113.1-203.0.113.6``."""
        width = 32 if self.version == 4 else 128
        first = _literal((self.version, self.first))
        if self.size == 1:
            return first
        if self.size & (self.size - 1) == 0 and self.first % self.size == 0:
            return f"{first}/{width - self.size.bit_length() + 1}"
        return f"{first}-{_literal((self.version, self.last))}"

    @property
    def sweepable(self) -> bool:
        """Whether walking all its addresses makes sense; false above 65,536 IPv6 addresses."""
        return self.version == 4 or self.size <= SWEEPABLE


class NamedTarget(msgspec.Struct, frozen=True):
    """A host name that a mandate writes: contacted for that name alone, wherever hosted."""

    name: str
    establishment: str


class _Policy(NamedTuple):
    """What decides an answer, apart from the clock. Indexes are those of the inventory."""

    establishment: str
    medical: bool
    held: bool
    mandates: tuple[int, ...]
    consents: tuple[int, ...]


class _Answer(msgspec.Struct, frozen=True):
    """The outcome of a policy, the same from ``since`` until just before ``until``."""

    since: datetime
    until: datetime
    permit: Permit | None
    reason: str
    next_opening: datetime | None


class _Layer(NamedTuple):
    """One statement of the inventory about a stretch of addresses."""

    kind: str
    number: int


_SHUT = _Layer("shut", 0)
_NEVER = _Layer("never", 0)


class Scope:
    """What one run may contact. Immutable, but for a memory of its own answers."""

    def __init__(
        self,
        inventory: Inventory,
        *,
        profile: Intensity | None = None,
        establishments: Collection[str] | None = None,
        known: Mapping[str, Collection[str]] | None = None,
        held: Collection[str] = (),
    ) -> None:
        """``profile`` caps the mandates (absent: ``standard``); ``establishments`` keeps those ids.

        ``known`` gives addresses of names of :meth:`names_to_learn`; ``held`` gives CIDRs known
        to be
        a third party's. Raises :class:`core.errors.UsageError` on an unknown establishment.
        """
        self.inventory = inventory
        self.profile = profile
        ids = [each.id for each in inventory.establishments]
        if unknown := sorted(set(establishments or ()) - set(ids)):
            raise UsageError(
                f"établissement « {shown(unknown[0])} » inconnu ; choisir parmi : {', '.join(ids)}"
            )
        self._chosen = frozenset(ids if establishments is None else establishments)
        self._known = dict(known or {})
        self._held = tuple(held)
        zone = ZoneInfo(inventory.ght.timezone)
        self._mandates = [
            Calendar(zone, each.valid_from, each.valid_until, each.windows)
            for each in inventory.mandates
        ]
        self._consents = [
            Calendar(zone, each.valid_from, each.valid_until) for each in inventory.consents
        ]
        self._domains: dict[str, str] = {}
        self._excluded_names: set[str] = set()
        self._medical_names: set[str] = set()
        for each in inventory.establishments:
            for domain in each.domains:
                self._domains.setdefault(domain, each.id)
            self._excluded_names.update(text for text in each.exclude if _network(text) is None)
            self._medical_names.update(text for text in each.medical if _network(text) is None)
        self._consent_names: dict[str, list[int]] = defaultdict(list)
        for index, consent in enumerate(inventory.consents):
            for text in consent.covers:
                if _network(text) is None:
                    self._consent_names[text].append(index)
        self._learn = frozenset({*self._excluded_names, *self._medical_names, *self._consent_names})
        self._whole: dict[str, list[int]] = defaultdict(list)
        for index, mandate in enumerate(inventory.mandates):
            for identifier in () if mandate.covers else mandate.establishments:
                self._whole[identifier].append(index)
        self._exact = self._exact_names()
        self._answers: dict[_Policy, _Answer] = {}
        self._dialled: dict[tuple[tuple[int, int], str], _Policy | None] = {}
        self._firsts: dict[int, list[int]] = {}
        self._lasts: dict[int, list[int]] = {}
        self._index: dict[int, list[int]] = {}
        self._policies: list[_Policy] = []
        self._latest: list[_Answer] = []
        self._bounds: list[tuple[int, int, int]] = []
        self._shut: dict[int, tuple[list[int], list[int]]] = {}
        self._facts: dict[int, tuple[list[int], list[frozenset[_Layer]]]] = {}
        for version in (4, 6):
            self._cut(version)
        stale = _Answer(_FAR_AWAY, _LONG_AGO, None, "", None)
        self._latest = [stale] * len(self._policies)

    def permit(self, ip: Asked, *, hostname: str | None = None, at: datetime) -> Permit:
        """Give the right to dial an address, for a name or for none; raises :class:`OutOfScope`.

        ``ip`` is the address really dialled. Integer, octal and short spellings are refused, an
        IPv4-mapped IPv6 address is judged as the IPv4 it is. Reasons: ``out-of-scope``,
        ``out-of-window``, ``intensity``, ``third-party``.
        """
        where = ip if isinstance(ip, tuple) else _packed(ip)
        if where is None:
            raise OutOfScope(str(ip)[:100], "out-of-scope")
        if hostname is None:
            index = self.lookup(where[0], where[1])
            if index < 0:
                raise OutOfScope(_literal(where), "out-of-scope")
            answer = self._latest[index]
            if answer.since <= at < answer.until and answer.permit is not None:
                return answer.permit
            return self._granted_segment(index, at, where)
        return self._for_name(where, hostname, at)

    def allows(self, ip: Asked, *, hostname: str | None = None, at: datetime) -> bool:
        """Tell whether :meth:`permit` would give a right."""
        try:
            self.permit(ip, hostname=hostname, at=at)
        except OutOfScope:
            return False
        return True

    def lookup(self, version: int, value: int) -> int:
        """Give the number of the segment that holds an address, -1 when there is none. O(log n).

        Segments are numbered as in :meth:`segments`. An IPv4-mapped address is none: unmap it
        first.
        """
        place = bisect.bisect_right(self._firsts[version], value) - 1
        if place < 0 or value > self._lasts[version][place]:
            return -1
        return self._index[version][place]

    def segment_permit(self, index: int, at: datetime) -> Permit:
        """Give the right over a whole segment, to keep until ``Permit.until``; raises as
        :meth:`permit`.
        """
        answer = self._latest[index]
        if answer.since <= at < answer.until and answer.permit is not None:
            return answer.permit
        version, first, _ = self._bounds[index]
        return self._granted_segment(index, at, (version, first))

    def segments(self, at: datetime) -> tuple[Segment, ...]:
        """Give the addresses of the chosen establishments as runs, IPv4 first, in address order.

        Excluded and never-contacted addresses are cut out. Runs that no mandate covers are there
        with
        their refusal (``out-of-scope``), so that a report can say so.
        """
        out: list[Segment] = []
        for (version, first, last), policy in zip(self._bounds, self._policies, strict=True):
            answer = self._answer(policy, at)
            refusal = None if answer.permit else _refusal(_literal((version, first)), answer)
            out.append(
                Segment(
                    version=version,
                    first=first,
                    last=last,
                    establishment=policy.establishment,
                    medical=policy.medical,
                    permit=answer.permit,
                    refused=refusal,
                )
            )
        return tuple(out)

    def named_targets(self) -> tuple[NamedTarget, ...]:
        """Give the host names of ``covers`` that may be contacted for that name alone, sorted.

        Excluded ones are left out. Each address found for one is still judged by :meth:`permit`.
        """
        return tuple(
            NamedTarget(name, establishment)
            for name, (establishment, _) in sorted(self._exact.items())
            if not self._excludes_name(name)
        )

    def allows_a_name(self, at: datetime) -> bool:
        """Whether a name hosted elsewhere may be contacted now, should its address allow it."""
        policies = [self._name_policy(one.name) for one in self.named_targets()]
        return any(self._answer(policy, at).permit is not None for policy in policies)

    def named_segments(self, name: str, addresses: Iterable[str]) -> tuple[Segment, ...]:
        """Give one segment per address, outside the ranges, that this name alone may open.

        Excluded and never-contacted addresses are left out; the moment is not judged. IPv4 first,
        in address order.
        """
        canonical = canonical_name(name)
        exact = self._exact.get(canonical) if canonical is not None else None
        if canonical is None or exact is None or self._excludes_name(canonical):
            return ()
        found = {where for each in addresses if (where := _packed(each)) is not None}
        return tuple(
            Segment(
                version=where[0],
                first=where[1],
                last=where[1],
                establishment=exact[0],
                medical=self._policy_for_name(where, canonical).medical,
                hostname=canonical,
            )
            for where in sorted(found)
            if self.lookup(*where) < 0 and self._dialable(where) and not self._shuts(where)
        )

    def may_resolve(self, name: str) -> bool:
        """Tell whether a resolver may be asked: a name of a chosen domain, or a name written.

        Names that are excluded, medical or under a consent may be asked about too: their address is
        needed to spare it, and asking a resolver contacts no target.
        """
        canonical = canonical_name(name)
        if canonical is None:
            return False
        if canonical in self._exact or canonical in self._learn:
            return True
        return any(self._domains.get(each) in self._chosen for each in suffixes(canonical))

    def names_under(self, domain: str) -> tuple[str, ...]:
        """Give the host names that the inventory writes at or below a domain, sorted, none
        excluded.
        """
        above = canonical_name(domain)
        written = {*self._exact, *self._medical_names, *self._domains}
        for expected in self.inventory.expected:
            if (name := canonical_name(expected.asset)) is not None:
                written.add(name)
        return tuple(
            sorted(
                name
                for name in written
                if above is not None and is_under(name, above) and not self._excludes_name(name)
            )
        )

    def domains(self) -> tuple[tuple[str, str], ...]:
        """Give each domain of the chosen establishments with its establishment, sorted."""
        return tuple(sorted(pair for pair in self._domains.items() if pair[1] in self._chosen))

    def names_to_learn(self) -> frozenset[str]:
        """Give the names whose addresses change what may be done: excluded, medical, under a
        consent.
        """
        return self._learn

    def knowing(
        self, known: Mapping[str, Collection[str]], *, held: Collection[str] = ()
    ) -> "Scope":
        """Give the same scope with addresses learnt for names, and CIDRs known as a third party's.

        It only ever closes or lowers: nothing learnt opens an address.
        """
        together: dict[str, Collection[str]] = dict(self._known)
        for name, addresses in known.items():
            together[name] = tuple(dict.fromkeys([*together.get(name, ()), *addresses]))
        return Scope(
            self.inventory,
            profile=self.profile,
            establishments=self._chosen,
            known=together,
            held=(*self._held, *held),
        )

    def is_excluded(self, asked: Asked) -> bool:
        """Tell whether an address or a host name stands under ``exclude``, learnt addresses
        included.
        """
        where = asked if isinstance(asked, tuple) else _packed(asked)
        if where is not None:
            return self._shuts(where)
        name = canonical_name(str(asked))
        return name is not None and self._excludes_name(name)

    def next_opening(self, at: datetime) -> datetime | None:
        """Give the earliest moment when something refused now becomes allowed; ``None`` if none is
        known.
        """
        policies = {*self._policies, *(self._name_policy(name) for name, _ in self._names())}
        openings = [
            answer.next_opening
            for answer in (self._answer(policy, at) for policy in policies)
            if answer.permit is None and answer.next_opening is not None
        ]
        return min(openings, default=None)

    def _names(self) -> list[tuple[str, str]]:
        return [(each.name, each.establishment) for each in self.named_targets()]

    def _exact_names(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Give, for each host name of ``covers``, its establishment and its mandates."""
        owners: dict[str, str] = {}
        mandates: dict[str, list[int]] = defaultdict(list)
        for index, mandate in enumerate(self.inventory.mandates):
            for name in mandate.covers:
                if _network(name) is not None:
                    continue
                owner = self._owner_of_name(mandate, name)
                if owner in self._chosen:
                    owners.setdefault(name, owner)
                    mandates[name].append(index)
        return {name: (owner, tuple(mandates[name])) for name, owner in owners.items()}

    def _owner_of_name(self, mandate: Mandate, name: str) -> str:
        """Attribute a name hosted elsewhere: by domain, else by the rest of the mandate."""
        for above in suffixes(name):
            owner = self._domains.get(above)
            if owner is not None and (
                not mandate.establishments or owner in mandate.establishments
            ):
                return owner
        if mandate.establishments:
            return mandate.establishments[0]
        ranges = [net for text in mandate.covers if (net := _network(text)) is not None]
        for each in self.inventory.establishments:
            own = [net for text in each.ranges if (net := _network(text)) is not None]
            if any(_overlap(one, other) for one in own for other in ranges):
                return each.id
        for text in mandate.covers:
            for above in suffixes(text) if _network(text) is None else ():
                if above in self._domains:
                    return self._domains[above]
        return self.inventory.establishments[0].id if self.inventory.establishments else ""

    def _excludes_name(self, name: str) -> bool:
        return any(each in self._excluded_names for each in suffixes(name))

    def _consents_of(self, name: str) -> set[int]:
        return {index for each in suffixes(name) for index in self._consent_names.get(each, ())}

    def _name_policy(self, name: str) -> _Policy:
        establishment, mandates = self._exact[name]
        return _Policy(
            establishment,
            any(each in self._medical_names for each in suffixes(name)),
            False,
            mandates,
            tuple(sorted(self._consents_of(name))),
        )

    def _for_name(self, where: tuple[int, int], hostname: str, at: datetime) -> Permit:
        if len(self._dialled) >= _REMEMBERED:
            self._dialled.clear()
        key = where, hostname
        if key not in self._dialled:
            self._dialled[key] = self._policy_for_dialling(where, hostname)
        policy = self._dialled[key]
        if policy is not None:
            answer = self._answer(policy, at)
            if answer.permit is not None:
                return answer.permit
        target = f"{_literal(where)} ({canonical_name(hostname) or hostname[:100]!r})"
        if policy is None:
            raise OutOfScope(target, "out-of-scope")
        raise _refusal(target, self._answer(policy, at))

    def _policy_for_dialling(self, where: tuple[int, int], hostname: str) -> _Policy | None:
        """Give what decides for an address dialled for a name; ``None``: never, at any moment."""
        index = self.lookup(*where)
        if _packed(hostname) == where:
            return self._policies[index] if index >= 0 else None
        name = canonical_name(hostname)
        if name is None or self._excludes_name(name) or self._shuts(where):
            return None
        if index < 0 and (name not in self._exact or not self._dialable(where)):
            return None
        return self._policy_for_name(where, name)

    def _policy_for_name(self, where: tuple[int, int], name: str) -> _Policy:
        """Give what decides for an address dialled for a name; the name may only add to it."""
        index = self.lookup(*where)
        exact = self._exact.get(name, ("", ()))
        medical = any(each in self._medical_names for each in suffixes(name))
        consents = self._consents_of(name)
        if index >= 0:
            base = self._policies[index]
        else:
            # Not among the chosen ranges: what the inventory says of the address still binds.
            said = self._said_of(where)
            base = _Policy(
                exact[0],
                any(layer.kind == "medical" for layer in said),
                any(layer.kind == "held" for layer in said),
                (),
                tuple(sorted(layer.number for layer in said if layer.kind == "consent")),
            )
        return _Policy(
            base.establishment,
            base.medical or medical,
            base.held,
            tuple(sorted({*base.mandates, *exact[1]})),
            tuple(sorted({*base.consents, *consents})),
        )

    def _dialable(self, where: tuple[int, int]) -> bool:
        odd = special(where[0], where[1], where[1])
        return odd is None or (odd.lab and self.inventory.lab)

    def _shuts(self, where: tuple[int, int]) -> bool:
        firsts, lasts = self._shut[where[0]]
        place = bisect.bisect_right(firsts, where[1]) - 1
        return place >= 0 and where[1] <= lasts[place]

    def _said_of(self, where: tuple[int, int]) -> frozenset[_Layer]:
        firsts, layers = self._facts[where[0]]
        place = bisect.bisect_right(firsts, where[1]) - 1
        return layers[place] if place >= 0 else frozenset()

    def _granted_segment(self, index: int, at: datetime, where: tuple[int, int]) -> Permit:
        answer = self._latest[index] = self._answer(self._policies[index], at)
        if answer.permit is None:
            raise _refusal(_literal(where), answer)
        return answer.permit

    def _answer(self, policy: _Policy, at: datetime) -> _Answer:
        kept = self._answers.get(policy)
        if kept is not None and kept.since <= at < kept.until:
            return kept
        answer = self._decide(policy, at)
        self._answers[policy] = answer
        return answer

    def _decide(self, policy: _Policy, at: datetime) -> _Answer:
        """Judge a policy at a moment."""
        ceiling = Intensity.STANDARD if self.profile is None else self.profile
        if policy.medical:
            ceiling = min(ceiling, Intensity.DISCREET, key=_ORDER.__getitem__)
        third_party = policy.held or bool(policy.consents)
        given = [
            self.inventory.consents[index].intensity
            for index in policy.consents
            if self._consents[index].is_open(at)
        ]
        open_now = [index for index in policy.mandates if self._mandates[index].is_open(at)]
        until = self._may_change(policy, open_now, at)

        def refused(reason: str) -> _Answer:
            opening = self._next_opening(policy, ceiling, at)
            return _Answer(at, until, None, reason, opening)

        if not open_now:
            later = [
                min(ceiling, self.inventory.mandates[index].intensity)
                for index in policy.mandates
                if self._mandates[index].start > at or self._valid_on(index, at)
            ]
            if not later:
                return refused("out-of-scope")
            # Where nothing is ever sent, no window is waited for.
            is_passive = max(later) is Intensity.PASSIVE
            return refused("intensity" if is_passive else "out-of-window")
        if third_party and not given:
            return refused("third-party")
        if given:
            ceiling = min(ceiling, max(given, key=_ORDER.__getitem__), key=_ORDER.__getitem__)
        best = max(open_now, key=lambda index: self._strength(index, ceiling, at))
        intensity = min(ceiling, self.inventory.mandates[best].intensity, key=_ORDER.__getitem__)
        if intensity is Intensity.PASSIVE:
            return refused("intensity")
        permit = Permit(
            establishment=policy.establishment,
            intensity=intensity,
            medical=policy.medical,
            until=None if until == _FAR_AWAY else until,
            mandate=self.inventory.mandates[best].document,
        )
        return _Answer(at, until, permit, "", None)

    def _strength(self, index: int, ceiling: Intensity, at: datetime) -> tuple[int, datetime, int]:
        """Order mandates: effective intensity, then the one that lasts, then the first written."""
        intensity = self.inventory.mandates[index].intensity
        lasts = self._mandates[index].closes(at) or _FAR_AWAY
        return min(_ORDER[ceiling], _ORDER[intensity]), lasts, -index

    def _valid_on(self, index: int, at: datetime) -> bool:
        calendar = self._mandates[index]
        return calendar.start <= at and (calendar.end is None or at < calendar.end)

    def _may_change(self, policy: _Policy, open_now: list[int], at: datetime) -> datetime:
        """Give the first moment after ``at`` when a mandate or consent opens, closes or ends."""
        changes: list[datetime | None] = []
        for index in policy.mandates:
            calendar = self._mandates[index]
            if index in open_now:
                changes.append(calendar.closes(at))
            else:
                changes.extend((calendar.first_open(at), calendar.end))
        for index in policy.consents:
            changes.extend((self._consents[index].start, self._consents[index].end))
        return min((each for each in changes if each is not None and each > at), default=_FAR_AWAY)

    def _next_opening(self, policy: _Policy, ceiling: Intensity, at: datetime) -> datetime | None:
        """Give the first moment after ``at`` when a mandate and, where needed, a consent are both
        open.
        """
        passive = Intensity.PASSIVE
        if ceiling is passive:
            return None
        consents: list[Calendar | None] = [
            self._consents[index]
            for index in policy.consents
            if self.inventory.consents[index].intensity is not passive
        ]
        if not policy.consents and not policy.held:
            consents = [None]
        found: list[datetime] = []
        for index in policy.mandates:
            if self.inventory.mandates[index].intensity is passive:
                continue
            for consent in consents:
                start = at if consent is None else max(at, consent.start)
                opening = self._mandates[index].first_open(start)
                in_date = (
                    consent is None
                    or consent.end is None
                    or (opening is not None and opening < consent.end)
                )
                if opening is not None and in_date:
                    found.append(opening)
        return min(found, default=None)

    def _cut(self, version: int) -> None:
        """Cut the address space where any statement of the inventory starts or ends."""
        stretches = self._stretches(version)
        events: dict[int, list[tuple[_Layer, int]]] = defaultdict(list)
        for first, last, layer in stretches:
            events[first].append((layer, 1))
            events[last + 1].append((layer, -1))
        active: dict[_Layer, int] = defaultdict(int)
        points = sorted(events)
        fact_firsts: list[int] = []
        fact_layers: list[frozenset[_Layer]] = []
        shut: list[tuple[int, int]] = []
        firsts: list[int] = []
        lasts: list[int] = []
        indexes: list[int] = []
        previous: tuple[int, _Policy] | None = None
        for place, point in enumerate(points):
            for layer, step in events[point]:
                active[layer] += step
                if not active[layer]:
                    del active[layer]
            last = (points[place + 1] if place + 1 < len(points) else point) - 1
            layers = frozenset(active)
            fact_firsts.append(point)
            fact_layers.append(layers)
            if _SHUT in layers:
                shut.append((point, last))
            if _SHUT in layers or _NEVER in layers:
                continue
            policy = self._policy_of(layers)
            if policy is None:
                continue
            if previous is not None and previous == (point - 1, policy):
                lasts[-1] = last
                self._bounds[-1] = (version, self._bounds[-1][1], last)
            else:
                firsts.append(point)
                lasts.append(last)
                indexes.append(len(self._policies))
                self._policies.append(policy)
                self._bounds.append((version, point, last))
            previous = (last, policy)
        self._firsts[version], self._lasts[version] = firsts, lasts
        self._index[version] = indexes
        self._shut[version] = ([each[0] for each in shut], [each[1] for each in shut])
        self._facts[version] = (fact_firsts, fact_layers)

    def _stretches(self, version: int) -> list[tuple[int, int, _Layer]]:
        """Give every statement of the inventory about addresses of a version."""
        out: list[tuple[int, int, _Layer]] = []

        def add(texts: Iterable[str], kind: str, index: int = 0) -> None:
            for text in texts:
                network = _network(text)
                if network is not None and network.version == version:
                    bounds = int(network.network_address), int(network.broadcast_address)
                    out.append((*bounds, _Layer(kind, index)))

        for index, each in enumerate(self.inventory.establishments):
            if each.id in self._chosen:
                add(each.ranges, "establishment", index)
            add(each.exclude, _SHUT.kind)
            add(each.medical, "medical")
        for index, mandate in enumerate(self.inventory.mandates):
            add(mandate.covers, "mandate", index)
        for index, consent in enumerate(self.inventory.consents):
            add(consent.covers, "consent", index)
        add(self._held, "held")
        for name, addresses in self._known.items():
            canonical = canonical_name(name)
            if canonical is None:
                continue
            single = [str(ip_network(_literal(at))) for at in map(_packed, addresses) if at]
            if self._excludes_name(canonical):
                add(single, _SHUT.kind)
            if any(above in self._medical_names for above in suffixes(canonical)):
                add(single, "medical")
            for index in self._consents_of(canonical):
                add(single, "consent", index)
        for odd in SPECIALS:
            if odd.version == version and not (odd.lab and self.inventory.lab):
                out.append((odd.first, odd.last, _NEVER))
        return out

    def _policy_of(self, layers: frozenset[_Layer]) -> _Policy | None:
        """Fold the statements about one stretch; ``None`` where no chosen establishment is."""
        owners = sorted(layer.number for layer in layers if layer.kind == "establishment")
        if not owners:
            return None
        covering = [layer.number for layer in layers if layer.kind == "mandate"]
        best: tuple[str, tuple[int, ...]] | None = None
        for owner in owners:
            identifier = self.inventory.establishments[owner].id
            for_it = {
                index
                for index in covering
                if not (named := self.inventory.mandates[index].establishments)
                or identifier in named
            }
            mandates = tuple(sorted({*self._whole[identifier], *for_it}))
            if best is None or (mandates and not best[1]):
                best = (identifier, mandates)
        if best is None:
            return None
        return _Policy(
            best[0],
            any(layer.kind == "medical" for layer in layers),
            any(layer.kind == "held" for layer in layers),
            best[1],
            tuple(sorted(layer.number for layer in layers if layer.kind == "consent")),
        )


class ServiceScope:
    """What Vigie itself may talk to besides targets: what ``[services]`` names, and nothing else.

    Asked with the host *as configured*; a target's answer never reaches this gate, so it opens
    nothing.
    """

    def __init__(self, inventory: Inventory) -> None:
        services = inventory.services
        self._open: dict[str, set[tuple[str, int]]] = defaultdict(set)
        for resolver in services.resolvers:
            found = host_port(resolver)
            if found is not None:
                self._open["resolvers"].add((found[0], found[1] or 53))
        canary = host_port(services.canary) if services.canary else None
        if canary is not None:
            # The canary listens on many ports: that is what it is for. Port 0 stands for any.
            self._open["canary"].add((canary[0], 0))
        named = {
            "shodan": services.shodan,
            "revocation": " ".join(services.revocation),
            "ct": " ".join(services.ct),
            "rdap": " ".join(services.rdap),
        }
        for kind, text in {**services.others, **named}.items():
            for word in text.split():
                endpoint = service_endpoint(word)
                if endpoint is not None:
                    self._open[kind].add(endpoint)

        for url in feed_addresses(services.others).values():
            endpoint = service_endpoint(url)
            if endpoint is not None:
                self._open["feeds"].add(endpoint)

    def kinds(self) -> frozenset[str]:
        """Give the kinds of service that are configured."""
        return frozenset(kind for kind, hosts in self._open.items() if hosts)

    def permit_service(self, kind: str, host: str, port: int) -> None:
        """Return if this service is named by the inventory; raises :class:`core.errors.OutOfScope`.

        A key written without a port opens every port of its host.
        """
        where = _packed(host)
        name = _literal(where) if where is not None else canonical_name(host)
        hosts = self._open.get(kind, set())
        if name is None or not 1 <= port <= 65_535 or not {(name, port), (name, 0)} & hosts:
            raise OutOfScope(f"{kind} {host[:100]}:{port}", "out-of-scope")


class DirectoryScope:
    """One directory audit: the server that was named, and the controllers its own forest names.

    Naming a server (command line or ``[[directories]]``) authorises it; private addresses are
    usual.
    """

    PORTS = frozenset({88, 389, 636, 3268, 3269})

    def __init__(self, server: str, *, scope: Scope | None = None) -> None:
        """``server`` is an ``ldap://`` or ``ldaps://`` URL; the exclusions of ``scope`` win.

        Raises :class:`core.errors.UsageError` on anything else than such a URL.
        """
        found = directory_endpoint(server)
        if found is None:
            raise UsageError(
                f"« {shown(server)} » n'est pas l'adresse d'un annuaire ; "
                "écrire par exemple ldaps://dc1.chu.example"
            )
        self._scope = scope
        self._hosts = {found[1]}
        self._controllers: set[str] = set()

    def add_controllers(self, names: Iterable[str]) -> tuple[str, ...]:
        """Open the controllers that the forest's configuration names; gives those taken, sorted.

        Only ``dNSHostName`` of the configuration partition may come here, never a referral.
        """
        taken = {name for each in names if (name := canonical_name(each)) is not None}
        self._controllers |= taken
        return tuple(sorted(taken))

    def permit_directory(self, server: str, port: int, *, ip: str | None = None) -> None:
        """Return if this host and port may be contacted; raises :class:`core.errors.OutOfScope`.

        ``server`` is a host or an LDAP URL; ``ip`` the address really dialled, where it is known.
        """
        target = f"{server[:100]}:{port}"
        endpoint = directory_endpoint(server) if "://" in server else host_port(server)
        host = None if endpoint is None else str(endpoint[-2])
        if host is None or port not in self.PORTS or host not in self._hosts | self._controllers:
            raise OutOfScope(target, "out-of-scope")
        dialled = host if ip is None else ip
        where = _packed(dialled)
        if ip is not None and where is None:
            raise OutOfScope(target, "out-of-scope")
        if where is not None:
            odd = special(where[0], where[1], where[1])
            if odd is not None and not odd.lab:
                raise OutOfScope(target, "out-of-scope")
        if self._scope is not None and (
            self._scope.is_excluded(host) or self._scope.is_excluded(dialled)
        ):
            raise OutOfScope(target, "out-of-scope")


def _packed(ip: str | IPv4Address | IPv6Address) -> tuple[int, int] | None:
    """Give version and number of a literal in its usual spelling; ``None`` for any other text."""
    try:
        address = ip_address(ip) if isinstance(ip, str) else ip
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        mapped = address.ipv4_mapped
        if mapped is not None:
            return 4, int(mapped)
    return address.version, int(address)


def _literal(where: tuple[int, int]) -> str:
    return str(IPv4Address(where[1]) if where[0] == 4 else IPv6Address(where[1]))


@functools.lru_cache(maxsize=65_536)
def _network(text: str) -> Network | None:
    """Give the network of a CIDR or lone address; ``None`` for a host name."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _overlap(one: Network, other: Network) -> bool:
    return (
        one.version == other.version
        and int(one.network_address) <= int(other.broadcast_address)
        and int(other.network_address) <= int(one.broadcast_address)
    )


def _refusal(target: str, answer: _Answer) -> OutOfScope:
    return OutOfScope(target, answer.reason, next_opening=answer.next_opening)
