"""Shortest paths of control: from anyone to tier 0, and to the targets of a control point."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from core.directory import sids
from core.directory.descriptors import Descriptor
from core.directory.graph import DANGEROUS, GRAVE, TRUSTED, Edge, Graph, Label
from core.directory.groups import Membership, Privileged
from core.directory.guids import RIGHTS
from core.directory.objects import Domain, Entry, Objects
from core.directory.rights import NO_RIGHT, Right, Rights

_HANDED = (Edge.CONTAINS, Edge.ADMIN_SD_HOLDER, Edge.MEMBER, Edge.SID_HISTORY)
_EVERY_ACCOUNT = (sids.AUTHENTICATED_USERS, sids.EVERYONE, sids.NETWORK, sids.THIS_ORGANIZATION)


class Step(msgspec.Struct, frozen=True, eq=False):
    """One step of a path: ``sid`` or ``source`` controls ``target``, by ``label``."""

    source: Entry | None
    sid: str
    """SID of the source; empty where it has none (a GPO, a container)."""
    label: Label
    target: Entry


Path = tuple[Step, ...]


class Control(msgspec.Struct, frozen=True, eq=False):
    """One principal that ought not to, and does, control one target."""

    target: Entry
    trustee: str
    """SID that holds the right."""
    holder: Entry | None
    """Its object, where there is one."""
    label: Label
    path: Path
    """From an account that can use it to the target; one step when the trustee is that account."""


class Paths:
    """The control graph searched backwards from tier 0, once."""

    def __init__(self, graph: Graph, tier0: Iterable[Entry]) -> None:
        self._graph = graph
        self._next: dict[int, tuple[int, Label] | None] = {}
        waiting = [graph.node_of(one) for one in tier0]
        for node in waiting:
            self._next.setdefault(node, None)
        for node in waiting:
            for source, label in graph.sources(node):
                if source not in self._next:
                    self._next[source] = (node, label)
                    waiting.append(source)

    @property
    def everyone(self) -> tuple[str, ...]:
        """SIDs held by every account that lead to tier 0: then each account does."""
        graph = self._graph
        return tuple(
            one for one in (*_EVERY_ACCOUNT, sids.ANONYMOUS) if graph.node(one, None) in self._next
        )

    def reaches(self, entry: Entry) -> bool:
        """Whether an object outside tier 0 leads to it, by itself or as any account does."""
        return bool(self.path_from(entry))

    def path_from(self, entry: Entry) -> Path:
        """Give a shortest path from an object to tier 0; empty without one, or inside tier 0."""
        path = self._path(self._graph.node_of(entry))
        if path or self._graph.node_of(entry) in self._next or not entry.is_account:
            return path
        return next((self.path_of(one) for one in self.everyone if one != sids.ANONYMOUS), ())

    def path_of(self, sid: str, domain: Domain | None = None) -> Path:
        """Give the same from a SID."""
        return self._path(self._graph.node(sid, domain))

    def leading(self) -> tuple[Entry, ...]:
        """Give the accounts that may log in, outside tier 0, that lead to it, the nearest first.

        Those that do so as any account does are not among them: see :attr:`everyone`.
        """
        return tuple(one for one in self._found() if one.is_account and one.is_enabled)

    @property
    def strangers(self) -> tuple[str, ...]:
        """SIDs of other forests, and of accounts that are gone, that lead to tier 0."""
        known = {*_EVERY_ACCOUNT, *TRUSTED, sids.ANONYMOUS}
        found = (self._graph.sid(node) for node in self._next if node >= 2 * self._graph.count)
        return tuple(sid for sid in found if sid.startswith("S-1-5-21-") and sid not in known)

    def leading_groups(self) -> tuple[Entry, ...]:
        """Give the groups outside tier 0 that lead to it, the nearest first."""
        return tuple(one for one in self._found() if one.is_group)

    def absent(self) -> tuple[str, ...]:
        """Give the DNs of members that were not collected, of groups that lead to tier 0."""
        return tuple(dict.fromkeys(dn for node in self._next for dn in self._graph.absent(node)))

    def _found(self) -> Iterator[Entry]:
        for node, after in self._next.items():
            if after is not None and node < self._graph.count:
                entry = self._graph.entry(node)
                if entry is not None:
                    yield entry

    def _path(self, node: int) -> Path:
        steps: list[Step] = []
        after = self._next.get(node)
        while after is not None:
            target, label = after
            entry = self._graph.entry(target)
            # One who may link a GPO is shown at the container itself.
            if entry is not None and self._graph.entry(node) is not entry:
                steps.append(Step(self._graph.entry(node), self._graph.sid(node), label, entry))
            node, after = target, self._next.get(target)
        return tuple(steps)


class Controls:
    """Answers the points on permissions: who controls this, that is not expected to."""

    def __init__(
        self,
        objects: Objects,
        graph: Graph,
        rights: Rights,
        membership: Membership,
        privileged: Privileged,
        is_owner_blocked: Callable[[], bool],
    ) -> None:
        self._objects = objects
        self._graph = graph
        self._rights = rights
        self._membership = membership
        self._privileged = privileged
        self._is_owner_blocked = is_owner_blocked
        self._accepted: dict[int, bool] = {}
        self._actors: dict[int, Path | None] = {}

    def of(
        self,
        targets: Iterable[Entry],
        *,
        level: int = 1,
        besides: Iterable[str] = (),
        more: Right = NO_RIGHT,
        only: Right | None = None,
    ) -> tuple[Control, ...]:
        """Give who controls these targets without being expected to, one per trustee and target.

        ``level`` 1 for the rights that are used at once, 2 for every dangerous one. ``besides`` are
        SIDs that are expected too; ``more`` rights that count on these targets; ``only`` replaces
        the rights that count. Expected: the system, the privileged accounts and groups, and what is
        protected as AdminSDHolder protects. A group that only the privileged, or
        nobody, can act through is no one.
        """
        wanted = int(only if only is not None else (GRAVE if level == 1 else DANGEROUS) | more)
        expected = frozenset(besides)
        found: list[Control] = []
        for target in targets:
            seen: set[int] = set()
            for node, label in self._direct(target, wanted, level):
                sid = self._graph.sid(node)
                if node in seen or sid in expected or self.is_expected(node):
                    continue
                seen.add(node)
                path = self._actor(node)
                if path is None:
                    continue
                last = Step(self._graph.entry(node), sid, label, target)
                found.append(Control(target, sid, self._graph.entry(node), label, (*path, last)))
        return tuple(found)

    def under_condition(
        self,
        targets: Iterable[Entry],
        *,
        level: int = 1,
        besides: Iterable[str] = (),
        more: Right = NO_RIGHT,
        only: Right | None = None,
    ) -> tuple[tuple[Entry, str], ...]:
        """Give targets, and SIDs that control them if a condition is met, :meth:`of` left out.

        We do not evaluate it: nobody knows whether they do. The arguments are those of :meth:`of`.
        """
        wanted = int(only if only is not None else (GRAVE if level == 1 else DANGEROUS) | more)
        expected = frozenset(besides)
        found: list[tuple[Entry, str]] = []
        for target in targets:
            for node in self._graph.by_conditions(target.row, wanted):
                sid = self._graph.sid(node)
                if sid in expected or self.is_expected(node) or self._actor(node) is None:
                    continue
                found.append((target, sid))
        return tuple(found)

    def is_expected(self, node: int) -> bool:
        """Whether a principal may hold such rights: privileged, or protected like one."""
        found = self._accepted.get(node)
        if found is None:
            entry = self._graph.entry(node)
            sid = self._graph.sid(node)
            found = sid in TRUSTED or (
                entry is not None
                and (entry.row in self._privileged.rows or self.is_protected_like(entry))
            )
            self._accepted[node] = found
        return found

    def is_protected_like(self, entry: Entry) -> bool:
        """Whether it is protected as AdminSDHolder protects (ANSSI's tolerance)."""
        if entry.is_group:
            members = self._membership.members(entry.row)
            if not members or self._membership.absent(entry.row):
                return False
            held = [self._objects.entry(row) for row in members]
            if any(one.is_group or one.is_foreign for one in held):
                return False
            if not all(self._is_shielded(one) for one in held):
                return False
        return self._is_shielded(entry)

    def _is_shielded(self, entry: Entry) -> bool:
        domain = entry.domain
        own = entry.descriptor
        if domain is None or own is None or not own.is_protected:
            return False
        holder = self._objects.by_dn(f"CN=AdminSDHolder,CN=System,{domain.dn}")
        model: Descriptor | None = holder.descriptor if holder is not None else None
        if model is None:
            return False
        held = set(model.aces)
        return all(
            ace in held
            or ace.trustee in (sids.SELF, sids.ENTERPRISE_CONTROLLERS)
            or ace.object_type == RIGHTS["Send-To"]
            for ace in own.aces
        )

    def _direct(self, target: Entry, wanted: int, level: int) -> Iterable[tuple[int, Label]]:
        if level == 1 and target.kind == "computer" and self._is_owner_blocked():
            wanted &= ~int(Right.OWNER)
        yield from self._graph.by_rights(target.row, wanted)
        if target.kind in ("domaindns", "configuration", "dmd"):
            yield from self._graph.dcsync(target.row)
        if target.kind == "computer" and wanted & Right.GENERIC_ALL:
            yield from self._graph.managers(target.row)

    def _actor(self, node: int) -> Path | None:
        """Give the shortest path from an account to a principal; ``None`` when none can act.

        An account, a SID that everyone holds and one of elsewhere act by themselves: no step.
        """
        if node in self._actors:
            return self._actors[node]
        after: dict[int, tuple[int, Label] | None] = {node: None}
        waiting = [node]
        found: Path | None = None
        for at in waiting:
            if self._acts(at):
                found = self._steps(at, after)
                break
            for source, label in self._graph.sources(at):
                # Whoever is privileged gains nothing; who is only protected so still fills a group.
                is_idle = source in self._privileged.rows or (
                    label is not Edge.MEMBER and self.is_expected(source)
                )
                if source not in after and not is_idle:
                    after[source] = (at, label)
                    waiting.append(source)
        self._actors[node] = found
        return found

    def _acts(self, node: int) -> bool:
        entry = self._graph.entry(node)
        if entry is not None:
            # Who is in a group that was not wholly read may be anyone.
            is_open = entry.is_group and bool(self._membership.absent(entry.row))
            return node < self._graph.count and (entry.is_account or is_open)
        sid = self._graph.sid(node)
        # The account of a domain of this forest that is no more cannot be used.
        own = {one.sid for one in self._objects.domains if one.sid and one.is_read}
        return bool(sid) and sids.domain_of(sid) not in own and sid not in TRUSTED

    def _steps(self, node: int, after: dict[int, tuple[int, Label] | None]) -> Path:
        steps: list[Step] = []
        at = after[node]
        while at is not None:
            target, label = at
            entry = self._graph.entry(target)
            if entry is not None:
                steps.append(Step(self._graph.entry(node), self._graph.sid(node), label, entry))
            node, at = target, after[target]
        return tuple(steps)
