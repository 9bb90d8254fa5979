"""Who belongs to what, and who is privileged: nesting, primary groups, foreign principals.

Membership follows ``member`` downwards, never ``memberOf``: the latter misses other domains.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import msgspec

from core.directory import decode, flags, sids
from core.directory.objects import Entry, Objects

_OF_BUILTIN = (
    sids.ADMINISTRATORS,
    sids.ACCOUNT_OPERATORS,
    sids.SERVER_OPERATORS,
    sids.PRINT_OPERATORS,
    sids.BACKUP_OPERATORS,
)
_OF_DOMAIN = (sids.DOMAIN_ADMINS, sids.DOMAIN_CONTROLLERS, sids.KEY_ADMINS)
_OF_ROOT = (sids.SCHEMA_ADMINS, sids.ENTERPRISE_ADMINS, sids.ENTERPRISE_KEY_ADMINS)


class Membership:
    """Direct membership both ways, in two flat arrays."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._down, self._down_first = self._members()
        self._up, self._up_first = _turned(self._down, self._down_first)

    def members(self, row: int) -> "array[int]":
        """Give the rows that are in a group, by ``member`` or as their primary group."""
        return self._down[self._down_first[row] : self._down_first[row + 1]]

    def absent(self, row: int) -> tuple[str, ...]:
        """Give the DNs that a group lists as its members, of objects that were not collected."""
        listed = map(decode.text_of, self._objects.raw(row, "member"))
        return tuple(dn for dn in listed if self._objects.by_dn(dn) is None)

    def groups(self, row: int) -> "array[int]":
        """Give the groups that a row is in."""
        return self._up[self._up_first[row] : self._up_first[row + 1]]

    def all_members(self, rows: Iterable[int]) -> set[int]:
        """Give everything in these groups, nested ones included; loops are walked once."""
        return _closure(rows, self.members)

    def all_groups(self, row: int) -> set[int]:
        """Give every group that a row is in, through any nesting."""
        return _closure((row,), self.groups)

    @cached_property
    def loops(self) -> tuple[tuple[Entry, ...], ...]:
        """Groups that contain one another: one tuple per loop, itself-in-itself included."""
        return tuple(
            tuple(self._objects.entry(row) for row in sorted(one)) for one in self._cycles()
        )

    def _members(self) -> "tuple[array[int], array[int]]":
        objects = self._objects
        primary: dict[str, list[int]] = {}
        for entry in objects.having("primarygroupid"):
            home = sids.domain_of(entry.sid)
            if home:
                primary.setdefault(f"{home}-{entry.primary_group}", []).append(entry.row)
        flat, first = array("I"), array("I", [0])
        deleted = objects.deleted_rows
        for row, classes in enumerate(objects.classes):
            if classes and classes[-1] == "group" and row not in deleted:
                seen: set[int] = set()
                for value in objects.raw(row, "member"):
                    member = objects.by_dn(decode.text_of(value))
                    if member is not None:
                        seen.add(self._meant(member))
                seen.update(primary.get(objects.sids[row], ()))
                flat.extend(sorted(seen))
            first.append(len(flat))
        return flat, first

    def _meant(self, member: Entry) -> int:
        """Give the row of a member: the object itself where a foreign principal stands for one."""
        if member.is_foreign and member.sid.startswith("S-1-5-21-"):
            real = self._objects.by_sid(member.sid)
            if real is not None:
                return real.row
        return member.row

    def _cycles(self) -> Iterator[set[int]]:
        """Give the strongly connected components that loop (Tarjan, without recursion)."""
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        on_stack: set[int] = set()
        classes = self._objects.classes
        for start in range(len(self._objects)):
            if start in order or self._down_first[start] == self._down_first[start + 1]:
                continue
            work = [(start, iter(self.members(start)))]
            order[start] = low[start] = len(order)
            stack.append(start)
            on_stack.add(start)
            while work:
                row, rest = work[-1]
                for member in rest:
                    if not classes[member] or classes[member][-1] != "group":
                        continue
                    if member not in order:
                        order[member] = low[member] = len(order)
                        stack.append(member)
                        on_stack.add(member)
                        work.append((member, iter(self.members(member))))
                        break
                    if member in on_stack:
                        low[row] = min(low[row], order[member])
                else:
                    work.pop()
                    if work:
                        above = work[-1][0]
                        low[above] = min(low[above], low[row])
                    if low[row] == order[row]:
                        found: set[int] = set()
                        while row not in found:
                            one = stack.pop()
                            on_stack.discard(one)
                            found.add(one)
                        if len(found) > 1 or row in self.members(row):
                            yield found


class Privileged(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The privileged accounts and groups, by ANSSI's definition."""

    groups: tuple[Entry, ...]
    """The groups of the definition, then those nested in them."""
    heads: tuple[Entry, ...]
    """The groups of the definition alone."""
    accounts: tuple[Entry, ...]
    """Users, machines and managed accounts; foreign principals too, which cannot be opened."""
    via: dict[Entry, tuple[Entry, ...]]
    """Account or group → shortest chain of groups from it up to one of the definition."""
    rows: frozenset[int]
    """Rows of all of them."""

    def __contains__(self, entry: object) -> bool:
        return isinstance(entry, Entry) and entry.row in self.rows

    @property
    def users(self) -> tuple[Entry, ...]:
        """Accounts of people and services, disabled ones included."""
        return tuple(one for one in self.accounts if one.is_user)

    @property
    def enabled_users(self) -> tuple[Entry, ...]:
        """Those that may log in."""
        return tuple(one for one in self.accounts if one.is_user and one.is_enabled)

    @property
    def counted(self) -> tuple[Entry, ...]:
        """Those that ANSSI counts: each once, without RID 500 and without controllers."""
        return tuple(
            one for one in self.accounts if one.rid != sids.ADMINISTRATOR and not is_controller(one)
        )

    @property
    def counted_names(self) -> tuple[str, ...]:
        """Distinct names of those counted: the same person in two domains is one."""
        return tuple(sorted({one.name.lower() for one in self.counted}))


def is_controller(entry: Entry) -> bool:
    """Whether an account is that of a domain controller, read-only ones included."""
    if not entry.is_computer:
        return False
    return entry.primary_group in (sids.DOMAIN_CONTROLLERS, sids.READ_ONLY_CONTROLLERS) or bool(
        entry.uac & (flags.CONTROLLER | flags.PARTIAL_SECRETS)
    )


def privileged_heads(objects: Objects) -> tuple[Entry, ...]:
    """Give the groups of the definition that were read."""
    found: list[Entry | None] = []
    for domain in objects.domains:
        found += [objects.by_sid(sid, domain) for sid in _OF_BUILTIN]
        found += [objects.account(domain, rid) for rid in _OF_DOMAIN]
        if domain.is_root:
            found += [objects.account(domain, rid) for rid in _OF_ROOT]
    return tuple(one for one in found if one is not None)


def find_privileged(objects: Objects, membership: Membership) -> Privileged:
    """Give the privileged set: the groups of the definition, all they hold, and each RID 500."""
    heads = privileged_heads(objects)
    above: dict[int, int] = {one.row: -1 for one in heads}
    waiting = [one.row for one in heads]
    for row in waiting:
        for member in membership.members(row):
            if member not in above:
                above[member] = row
                waiting.append(member)
    for domain in objects.domains:
        administrator = objects.account(domain, sids.ADMINISTRATOR)
        if administrator is not None:
            above.setdefault(administrator.row, -1)
    via: dict[Entry, tuple[Entry, ...]] = {}
    for row in above:
        chain: list[Entry] = []
        at = above[row]
        while at >= 0:
            chain.append(objects.entry(at))
            at = above[at]
        via[objects.entry(row)] = tuple(chain)
    known = list(via)
    return Privileged(
        groups=tuple(one for one in known if one.is_group),
        heads=heads,
        accounts=tuple(one for one in known if not one.is_group),
        via=via,
        rows=frozenset(above),
    )


def _closure(start: Iterable[int], step: "Callable[[int], array[int]]") -> set[int]:
    waiting = list(start)
    seen: set[int] = set()
    while waiting:
        for one in step(waiting.pop()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen


def _turned(flat: "array[int]", first: "array[int]") -> "tuple[array[int], array[int]]":
    """Give the same edges by their other end."""
    count = len(first) - 1
    sizes = array("I", [0]) * (count + 1)
    for one in flat:
        sizes[one + 1] += 1
    for at in range(count):
        sizes[at + 1] += sizes[at]
    place = array("I", sizes)
    turned = array("I", [0]) * len(flat)
    for row in range(count):
        for at in range(first[row], first[row + 1]):
            one = flat[at]
            turned[place[one]] = row
            place[one] += 1
    return turned, sizes
