"""A forest read once, by an ordinary account: every naming context, part by part, to a snapshot.

One indexed pass per class and naming context, judged nowhere here; only the attributes of
:mod:`ad_audit.attributes`, and of those only what the live schema has. What did not come is told
part by part: nothing is silently half read.
"""

from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import msgspec
import trio

from ad_audit import ber
from ad_audit.attributes import (
    DETAILS,
    NODES,
    PARTS,
    SCHEMA_PARTS,
    Part,
    attributes_of,
    nodes_named,
)
from ad_audit.faults import Fault
from ad_audit.session import (
    Directory,
    Journal,
    Login,
    Resolve,
    RootDse,
    open_directory,
    read_root,
    resolve_here,
)
from ad_audit.snapshot import Lock, PartState, Progress, Writer, unfinished
from ad_audit.wire import Ask, Counters, Limits, Page, Wire
from core.directory import flags
from core.directory.raw import Collection, Context, RawObject, Readable, Unread
from core.errors import DirectoryFailure, OutOfScope, Unanswered
from core.model import Status
from inventories.load import directory_endpoint
from inventories.scope import DirectoryScope

Told = Callable[[str, str, int], None]
"""Naming context, part, objects read of it so far."""

_RESUMED_WITHIN = timedelta(days=1)
_MOST_CONTEXTS = 500
_MOST_CONTROLLERS = 500
_ROOTS_AT_ONCE = 8
_TRIED_CONTROLLERS = 3
_PAGES_AHEAD = 2
_MOST_RANGES = 2_000
_MOST_TARGETS = 1_000
_MOST_NAMES = 2_000
"""Of one account: a directory holds some 1,300 values of what is no link."""
_MOST_LABELS = 4
"""Of a node's name in its zone."""
_MOST_RANGED_VALUES = 2_000_000
_MOST_READABLE = 10_000
_SD = ber.sd_flags(7)
_WATCHED_RIDS = frozenset({500, 502, 512, 516, 518, 519, 521, 526, 527, 544})
"""Whose history is asked for: the krbtgt, its holders, and the groups that own the forest."""
_ROOT = "rootDSE "
_CLASSES = frozenset(name for part in (*SCHEMA_PARTS, *PARTS) for name in part.classes)
_CATALOGUE = {3268: 389, 3269: 636}
_KINDS = (("dc=domaindnszones,", "domain-dns"), ("dc=forestdnszones,", "forest-dns"))
_REASONS = {
    Fault.NAME: "unresolved",
    Fault.PORT: "refused",
    Fault.SILENT: "timeout",
    Fault.CUT: "reset",
    Fault.BUSY: "busy",
    Fault.NONSENSE: "protocol-error",
    Fault.CERTIFICATE_UNTRUSTED: "certificate-refused",
    Fault.CERTIFICATE_NAME: "certificate-refused",
    Fault.CERTIFICATE_DATE: "certificate-refused",
    Fault.FINGERPRINT: "certificate-refused",
    Fault.TLS: "protocol-error",
    Fault.STARTTLS: "not-offered",
}
_NO_PASSWORD_LEFT = frozenset(_REASONS) - {Fault.CUT, Fault.BUSY, Fault.NONSENSE}
"""Faults that come before a password is sent."""
_RESULTS = {50: "hidden", 10: "referred-elsewhere", 51: "busy", 52: "busy", 3: "gave-up"}
"""Result codes of RFC 4511 to reasons; the others are « gave-up » with their number."""


async def collect_forest(
    scope: DirectoryScope,
    login: Login,
    path: Path,
    lock: Lock,
    *,
    version: str,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    resume: bool = True,
    resolve: Resolve = resolve_here,
    journal: Journal = lambda _event, _detail: None,
    told: Told = lambda _context, _part, _objects: None,
) -> Collection:
    """Read a forest to the snapshot at ``path``; gives how it went, as the snapshot says it too.

    ``version`` is Vigie's own. An interrupted collection to the same path is taken up again when
    ``resume``, if it is of the same account, under the same lock and of the day. Raises
    :class:`core.errors.DirectoryFailure` and :class:`core.errors.OutOfScope` when the directory is
    not opened; what is lost later is in :attr:`Collection.unread` and :attr:`Context.is_whole`.
    """
    # A global catalogue holds some attributes of each object, and says nothing of the others.
    login = msgspec.structs.replace(login, servers=tuple(map(_beside_catalogue, login.servers)))
    async with open_directory(scope, login, resolve=resolve, journal=journal) as directory:
        if not _is_forest(directory.root):
            place = f"{directory.server}:{directory.port}"
            raise DirectoryFailure(Fault.NOT_ACTIVE_DIRECTORY.value, place)
        run = _Run(scope, login, limits, resolve, journal, told)
        await run.begin(directory, path, lock, version, resume=resume)
        try:
            await run.read_all(directory)
            return await run.finish()
        finally:
            run.writer.close()


class _Lost(Exception):
    """A connection is of no more use; the part that was under way is not whole."""

    def __init__(self, error: DirectoryFailure | Unanswered) -> None:
        self.is_lie = isinstance(error, Unanswered)
        super().__init__()


class _Kept:
    """Objects that the collection itself needs: who holds which naming context."""

    def __init__(self) -> None:
        self.hosts: dict[str, str] = {}
        """Distinguished name of a server object, in lower case → its host."""
        self.holders: dict[str, list[str]] = {}
        """Naming context, in lower case → server objects that hold it."""
        self.domains: list[str] = []
        self.zones: list[str] = []
        """Partitions of DNS; a controller that is no DNS server holds none."""

    def see(self, part: str, one: RawObject) -> None:
        """Take what one object of the configuration tells."""
        if part == "partitions":
            bits = _number(one, "systemflags")
            if bits is not None and bits & 3 == 3:
                self.domains += _texts(one, "ncname")[:1]
            elif bits is not None and bits & 1:
                found = _texts(one, "ncname")[:1]
                self.zones += [dn for dn in found if _kind(dn, ()) != "other"]
        elif part == "sites":
            for host in _texts(one, "dnshostname")[:1]:
                self.hosts[one.dn.lower()] = host
            held = {
                *_texts(one, "hasmasterncs"),
                *_texts(one, "msds-hasmasterncs"),
                *_texts(one, "msds-hasdomainncs"),
            }
            for each in held:
                self.holders.setdefault(each.lower(), []).append(parent(one.dn).lower())

    def controllers(self) -> list[str]:
        """Give the hosts of all controllers, sorted."""
        servers = {server for held in self.holders.values() for server in held}
        return sorted({self.hosts[one] for one in servers if one in self.hosts})

    def controllers_of(self, dn: str) -> list[str]:
        """Give the hosts that hold a naming context, sorted."""
        held = self.holders.get(dn.lower(), ())
        return sorted({self.hosts[one] for one in held if one in self.hosts})


class _Run:
    """One collection under way."""

    writer: Writer
    collection: Collection

    def __init__(
        self,
        scope: DirectoryScope,
        login: Login,
        limits: Limits,
        resolve: Resolve,
        journal: Journal,
        told: Told,
    ) -> None:
        self.scope = scope
        self.login = login
        self.limits = limits
        self.resolve = resolve
        self.journal = journal
        self.told = told
        self.counters = Counters()
        self.contexts: list[Context] = []
        self.unread: list[Unread] = []
        self.known: frozenset[str] = frozenset()
        self.kept = _Kept()
        self.reopenings = limits.reopenings
        self.refused = ""
        """Why no connection is opened any more: an account that was refused is not shown again."""
        self.targets: set[str] = set()
        """Names in DNS that delegations lead to, as nodes of a zone are called."""
        self.readable: dict[Readable, None] = {}
        self.objects = 0
        self.reached: set[int] = set()
        """Indexes of the contexts asked for this time."""
        self.seen: set[bytes] = set()
        """GUIDs of the objects read: a part may find what another found before."""
        self.children: Counter[str] = Counter()
        self.claimed: dict[str, tuple[int, int]] = {}
        """Container, in lower case → index of its context, and children that its server counts."""
        self.writing = trio.Lock()

    async def begin(
        self, directory: Directory, path: Path, lock: Lock, version: str, *, resume: bool
    ) -> None:
        """Open the snapshot, or take up the one that was interrupted."""
        root = directory.root
        left = unfinished(path) if resume else None
        taken = None
        if left is not None and _is_recent(left):
            taken = await trio.to_thread.run_sync(Writer.resume, path, lock)
        if taken is not None:
            before = taken.progress.collection
            # Two accounts do not see the same: what one read is not what the other would.
            if before is not None and (before.root_dn, before.account) == (
                root.root_domain_naming_context,
                directory.account,
            ):
                self.writer, self.collection = taken, before
                # What was missed is asked again; what lies in parts that are done is not.
                self.contexts = [
                    msgspec.structs.replace(one, is_whole=True, why="") for one in before.contexts
                ]
                by_dn = {one.dn: index for index, one in enumerate(self.contexts)}
                for one in before.unread:
                    is_detail = one.what and one.what not in _CLASSES
                    if one.context in by_dn and is_detail and not one.what.startswith(_ROOT):
                        self.miss(by_dn[one.context], (one.what,), one.why)
                self.known = frozenset(taken.progress.known)
                self.targets = set(taken.progress.targets)
                self.readable = dict.fromkeys(before.readable or ())
                self.counters.requests = before.requests
                self.counters.bytes_in = before.bytes_in
                self.counters.bytes_out = before.bytes_out
                self.journal("collection-resumed", {"file": str(path)})
                return
            taken.close()
        self.collection = Collection(
            vigie_version=version,
            forest=dns_name(root.root_domain_naming_context),
            root_dn=root.root_domain_naming_context,
            account=directory.account,
            source=directory.source,
            started_at=datetime.now(UTC),
            root_dse=directory.root_attributes,
        )
        self.writer = await trio.to_thread.run_sync(Writer, path, lock, self.collection)

    async def read_all(self, directory: Directory) -> None:
        """Read every naming context of the forest."""
        root = directory.root
        here = {one.lower() for one in root.naming_contexts}
        async with self._lines(directory, self.login) as lines:
            await self._whoami(lines)
            schema = self._context(root.schema_naming_context, "schema", directory.server)
            await self._read(lines, [schema], SCHEMA_PARTS)
            configuration = self._context(
                root.configuration_naming_context, "configuration", directory.server
            )
            home = self._context(root.default_naming_context, "domain", directory.server)
            # The domain first: one connection reads its users, by far the longest part, while the
            # other reads all the rest.
            await self._read(lines, [home, configuration, schema], PARTS)
            await self._ask_controllers(directory)
            special = {
                root.schema_naming_context.lower(),
                root.configuration_naming_context.lower(),
            }
            domains = {one.lower() for one in self.kept.domains}
            domains.add(root.default_naming_context.lower())
            indexes = [
                self._context(dn, _kind(dn, domains), directory.server)
                for dn in root.naming_contexts[:_MOST_CONTEXTS]
                if dn.lower() not in special
            ]
            await self._read(lines, [one for one in indexes if one != home], PARTS)
            await self._read_nodes(lines, indexes)
        for dn in sorted(dict.fromkeys(self.kept.domains))[:_MOST_CONTEXTS]:
            if dn.lower() not in here:
                await self._read_elsewhere(dn, "domain")
        for dn in sorted(dict.fromkeys(self.kept.zones))[:_MOST_CONTEXTS]:
            if dn.lower() not in {self.contexts[one].dn.lower() for one in self.reached}:
                await self._read_elsewhere(dn, _kind(dn, ()))

    async def finish(self) -> Collection:
        """Say how it went, and close the snapshot."""
        finished = self._so_far(finished_at=datetime.now(UTC))
        await trio.to_thread.run_sync(self.writer.finish, finished)
        return finished

    def _so_far(self, *, finished_at: datetime | None = None) -> Collection:
        return msgspec.structs.replace(
            self.collection,
            finished_at=finished_at,
            contexts=tuple(self._counted(at) for at in range(len(self.contexts))),
            unread=tuple(self.unread),
            readable=tuple(self.readable),
            requests=self.counters.requests,
            bytes_in=self.counters.bytes_in,
            bytes_out=self.counters.bytes_out,
        )

    def _counted(self, index: int) -> Context:
        context = self.contexts[index]
        states = [
            state
            for key, state in self.writer.progress.parts.items()
            if key.startswith(f"{index}/")
        ]
        read = sum(one.objects for one in states)
        hidden = [
            max(0, claimed - self.children[dn])
            for dn, (at, claimed) in self.claimed.items()
            if at == index
        ]
        return msgspec.structs.replace(
            context,
            read=read,
            descriptors=sum(one.descriptors for one in states),
            expected=read + sum(hidden) if hidden else None,
        )

    def _context(self, dn: str, kind: str, server: str) -> int:
        """Give the index of a naming context, the same after a resume."""
        for index, one in enumerate(self.contexts):
            if one.dn.lower() == dn.lower():
                return index
        self.contexts.append(Context(dn=dn, kind=kind, server=server))
        return len(self.contexts) - 1

    def miss(self, index: int, what: Sequence[str], why: str) -> None:
        """Tell which classes or attributes did not come; none: nothing of the context did."""
        context = self.contexts[index]
        for each in what or ("",):
            one = Unread(context=context.dn, what=each, why=why)
            if one not in self.unread:
                self.unread.append(one)
        if not what:
            self.contexts[index] = msgspec.structs.replace(context, is_whole=False, why=why)

    @asynccontextmanager
    async def _lines(self, directory: Directory, login: Login) -> AsyncGenerator["list[_Line]"]:
        """Give one or two connections to the same controller.

        Raises :class:`core.errors.DirectoryFailure` when the account is refused on the second: it
        is then used no more at all.
        """
        async with AsyncExitStack() as stack:
            lines = [_Line(self, directory, login, stack)]
            if self.limits.connections > 1:
                # The account was just accepted there: it is not tried, it is used.
                again = msgspec.structs.replace(login, servers=(_url(directory),))

                async def there(_host: str) -> Sequence[str]:
                    # One name may be that of every controller of a domain.
                    return (directory.address,)

                try:
                    second = await stack.enter_async_context(
                        open_directory(self.scope, again, resolve=there, journal=self.journal)
                    )
                except DirectoryFailure as error:
                    self.not_opened(error)
                    if self.refused and Fault(error.fault) not in _REASONS:
                        raise
                else:
                    lines.append(_Line(self, second, again, stack))
            yield lines

    def not_opened(self, error: DirectoryFailure | OutOfScope) -> str:
        """Give why a connection was not opened."""
        if isinstance(error, OutOfScope) or Fault(error.fault) in _NO_PASSWORD_LEFT:
            return _why(error)
        # No lockout: whoever was refused once is not shown anywhere again.
        self.refused = f"credential-refused: {error.fault}"
        return self.refused

    async def _whoami(self, lines: Sequence["_Line"]) -> None:
        """Learn the SID of our own account."""
        if self.collection.account_sid:
            return
        user = self.collection.account
        name = ber.escape(user.rpartition("\\")[2].partition("@")[0])
        filter_ = f"(|(userPrincipalName={ber.escape(user)})(sAMAccountName={name}))"
        directory = lines[0].directory
        base = directory.root.default_naming_context
        try:
            found = await directory.search(base, filter_, ["objectSid"], subtree=True)
        except DirectoryFailure:
            # Not worth the collection: a connection that was cut is opened again by what follows.
            return
        sids = [one.attributes.get("objectSid", ()) for one in found]
        if len(sids) == 1 and sids[0]:
            self.collection = msgspec.structs.replace(
                self.collection, account_sid=sid_text(sids[0][0])
            )

    async def _read(
        self, lines: Sequence["_Line"], indexes: Sequence[int], parts: Sequence[Part]
    ) -> None:
        """Read the parts of naming contexts that are not read yet, in order."""
        self.reached.update(indexes)
        pending = deque(
            (index, part)
            for index in indexes
            for part in parts
            if self.contexts[index].kind in part.kinds
            and (not part.holding or not self.known or part.holding in self.known)
        )

        async def work(line: "_Line") -> None:
            while pending:
                index, part = pending.popleft()
                state = self.writer.progress.parts.get(f"{index}/{part.name}")
                if state is None or not state.is_done:
                    await self._read_part(line, index, part)
                elif part.name in {"partitions", "sites"}:
                    # Of an earlier run, and needed again: it is small.
                    await self._read_part(line, index, part)

        async with trio.open_nursery() as nursery:
            for line in lines:
                nursery.start_soon(work, line)
        async with self.writing:
            await trio.to_thread.run_sync(self._save)

    async def _read_nodes(self, lines: Sequence["_Line"], indexes: Sequence[int]) -> None:
        """Read what DNS says of the names that delegations lead to: one may be another's alias.

        The top of each zone, and its wildcard, tell whether a name that does not come is missing.
        """
        if self.targets:
            part = nodes_named(["@", "*", *sorted(self.targets)[:_MOST_TARGETS]])
            await self._read(lines, indexes, (part,))
            if len(self.targets) > _MOST_TARGETS:
                self.miss(indexes[0], NODES.classes, "gave-up: too many")

    def _save(self) -> None:
        self.writer.progress.known = tuple(sorted(self.known))
        self.writer.progress.targets = tuple(sorted(self.targets))
        self.writer.save(self._so_far())

    async def _read_part(self, line: "_Line", index: int, part: Part) -> None:
        """Read one part, again from its start when the connection is lost on the way."""
        lies = 0
        for _ in range(1 + self.limits.reopenings):
            if not line.is_open and not await line.reopen():
                self.miss(index, part.classes, self.refused or line.why or "reset")
                return
            async with self.writing:
                state = self.writer.start(f"{index}/{part.name}")
            reading = _Reading(self, index, part, state)
            try:
                why = await line.read(reading)
            except _Lost as lost:
                reading.forget()
                lies += lost.is_lie
                if lies > 1:
                    break
                continue
            if why:
                self.miss(index, part.classes, why)
            if part.name == "schema" and not why:
                self.known = frozenset(reading.names)
            async with self.writing:
                await trio.to_thread.run_sync(self._end, reading.state, bool(why))
            return
        self.miss(index, part.classes, line.why or "reset")

    def _end(self, state: PartState, is_short: bool) -> None:
        if is_short:
            # Not marked as done: a resume reads it again, and what came counts meanwhile.
            self.writer.save(self._so_far())
        else:
            self.writer.end(state, self._so_far())

    async def _ask_controllers(self, directory: Directory) -> None:
        """Read the rootDSE of every controller that the configuration names, without an account."""
        hosts = self.kept.controllers()
        taken = self.scope.add_controllers(hosts)[:_MOST_CONTROLLERS]
        found: dict[str, dict[str, tuple[str, ...]]] = dict(self.collection.controllers)
        mine = {directory.server.lower(), directory.root.dns_host_name.lower()}
        configuration = self._context(
            directory.root.configuration_naming_context, "configuration", directory.server
        )
        limiter = trio.CapacityLimiter(_ROOTS_AT_ONCE)

        async def ask(host: str) -> None:
            async with limiter:
                login = msgspec.structs.replace(self.login, servers=(_url(directory, host),))
                try:
                    found[host] = await read_root(self.scope, login, resolve=self.resolve)
                except (DirectoryFailure, OutOfScope) as error:
                    why = _why(error)
                    self.unread.append(
                        Unread(
                            context=self.contexts[configuration].dn,
                            what=f"{_ROOT}{host}",
                            why=why,
                        )
                    )

        async with trio.open_nursery() as nursery:
            for host in taken:
                if host in mine:
                    found[host] = directory.root_attributes
                elif host not in found:
                    nursery.start_soon(ask, host)
        self.collection = msgspec.structs.replace(self.collection, controllers=found)

    async def _read_elsewhere(self, dn: str, kind: str) -> None:
        """Read another partition of the forest, on a controller that holds it."""
        hosts = self.kept.controllers_of(dn)[:_TRIED_CONTROLLERS]
        index = self._context(dn, kind, hosts[0] if hosts else "")
        if self.refused or not hosts:
            self.miss(index, (), self.refused or "no-controller")
            return
        scheme, _, port = directory_endpoint(self.login.servers[0]) or ("ldaps", "", 636)
        servers = tuple(f"{scheme}://{host}:{port}" for host in hosts)
        login = msgspec.structs.replace(self.login, servers=servers)
        try:
            async with open_directory(
                self.scope, login, resolve=self.resolve, journal=self.journal
            ) as directory:
                self.contexts[index] = msgspec.structs.replace(
                    self.contexts[index], server=directory.server
                )
                async with self._lines(directory, login) as lines:
                    await self._read(lines, [index], PARTS)
                    indexes = [index]
                    zones = f"DC=DomainDnsZones,{dn}"
                    if zones.lower() in {one.lower() for one in directory.root.naming_contexts}:
                        beside = self._context(zones, "domain-dns", directory.server)
                        await self._read(lines, [beside], PARTS)
                        indexes.append(beside)
                    await self._read_nodes(lines, indexes)
        except (DirectoryFailure, OutOfScope) as error:
            self.miss(index, (), self.not_opened(error))


class _Line:
    """One connection, opened again when it is cut."""

    why: str
    """Why it is not open."""

    def __init__(
        self, run: _Run, directory: Directory, login: Login, stack: AsyncExitStack
    ) -> None:
        self._run = run
        self._login = msgspec.structs.replace(login, servers=(_url(directory),))
        self._stack = stack
        self._wire = Wire(directory.socket, run.limits, run.counters)
        self.directory = directory
        self.is_open = True
        self.why = ""

    async def reopen(self) -> bool:
        """Open it again, if that is still allowed."""
        run = self._run
        if run.refused or run.reopenings <= 0:
            return False
        run.reopenings -= 1
        run.journal("directory-reopened", {"server": self.directory.server, "why": self.why})
        try:
            self.directory = await self._stack.enter_async_context(
                open_directory(run.scope, self._login, resolve=run.resolve, journal=run.journal)
            )
        except DirectoryFailure as error:
            self.why = run.not_opened(error)
            return False
        self._wire = Wire(self.directory.socket, run.limits, run.counters)
        self.is_open = True
        return True

    async def read(self, reading: "_Reading") -> str:
        """Read one part; gives why it is not whole, empty when it is. Raises :class:`_Lost`."""
        for is_last in (False, True):
            why = await self._read_once(reading)
            if not why or not reading.lost_cookie or is_last:
                return why
            reading.again()
        raise AssertionError

    async def _read_once(self, reading: "_Reading") -> str:
        send, receive = trio.open_memory_channel[Page](_PAGES_AHEAD)
        failed: list[DirectoryFailure | Unanswered] = []

        def converse(_sock: object) -> None:
            for page in self._wire.pages(reading.ask):
                trio.from_thread.run(send.send, page)

        async def pump(scope: trio.CancelScope) -> None:
            async with send:
                try:
                    await self.directory.converse(converse)
                except (DirectoryFailure, Unanswered) as error:
                    failed.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump, nursery.cancel_scope)
            async with receive:
                async for page in receive:
                    try:
                        async with self._run.writing:
                            await trio.to_thread.run_sync(reading.absorb, page)
                    except Unanswered as error:
                        failed.append(error)
                        self._wire.stop()
                        nursery.cancel_scope.cancel()
        if failed:
            await self._lost(failed[0])
        if reading.held:
            await self._complete(reading)
        return reading.why

    async def _complete(self, reading: "_Reading") -> None:
        """Ask what single objects still lack, and hand them on in any case."""
        failed: DirectoryFailure | Unanswered | None = None
        try:
            await self.directory.converse(lambda _sock: reading.complete(self._wire))
        except (DirectoryFailure, Unanswered) as error:
            failed = error
            self._run.miss(reading.index, reading.lacking(), _why(error))
        async with self._run.writing:
            await trio.to_thread.run_sync(reading.release)
        if failed is not None:
            await self._close(failed)

    async def _lost(self, error: DirectoryFailure | Unanswered) -> NoReturn:
        await self._close(error)
        raise _Lost(error)

    async def _close(self, error: DirectoryFailure | Unanswered) -> None:
        self.is_open = False
        self.why = _why(error)
        await self.directory.aclose()


class _Reading:
    """One part under way: what it asks, what it keeps, how it ends."""

    def __init__(self, run: _Run, index: int, part: Part, state: PartState) -> None:
        self._run = run
        self.index = index
        self.part = part
        self.state = state
        self.why = ""
        self.lost_cookie = False
        self.names: set[str] = set()
        self.held: list[RawObject] = []
        self._context = run.contexts[index]
        self._base = f"{part.below},{self._context.dn}" if part.below else self._context.dn
        self._filter = ber.compile_filter(part.filter)
        self._attributes = attributes_of(part, run.known)
        self._wanted = frozenset(one.lower() for one in self._attributes)
        self._names: dict[bytes, str] = {}
        self._details = attributes_of(msgspec.structs.replace(part, attributes=DETAILS), run.known)
        self._is_told = False
        self._seen: set[bytes] = set()
        self._elsewhere: set[bytes] = set()
        self._pages = 0

    def ask(self, number: int, cookie: bytes) -> bytes:
        """Give the request of the next page."""
        run = self._run
        return ber.search(
            number,
            self._base,
            self._filter,
            self._attributes,
            scope=self.part.scope,
            time_limit_s=int(run.limits.page_s),
            controls=(ber.paged(run.limits.page_size, cookie), _SD, ber.domain_scope()),
        )

    def again(self) -> None:
        """Forget what was read: it is asked again from the start."""
        self.state = self._run.writer.start(f"{self.index}/{self.part.name}")
        self.why, self.lost_cookie, self._pages = "", False, 0
        self.forget()

    def forget(self) -> None:
        """Forget the objects: what was written of them counts no more."""
        self._run.seen -= self._seen - self._elsewhere
        self._seen.clear()
        self._elsewhere.clear()
        self.held.clear()

    def absorb(self, page: Page) -> None:
        """Take one page; raises :class:`core.errors.Unanswered` when it lies."""
        self._pages += 1
        fresh: list[RawObject] = []
        before = len(self._seen)
        for message, envelope in page.entries:
            one = self._object(ber.read_entry(message, envelope, self._names))
            if one is not None:
                fresh.append(one)
        if page.entries and len(self._seen) == before:
            raise Unanswered(Status.PROTOCOL_ERROR, "a page of objects that came before")
        self._run.objects += len(fresh)
        if self._run.objects > self._run.limits.most_objects:
            raise Unanswered(Status.GAVE_UP, "more objects than a forest has")
        if self.part.holding:
            self._tell_readable(fresh)
        else:
            self._keep(fresh)
            self._hand_on([one for one in fresh if not self._holds(one)], page.size_bytes)
        self._end(page)
        self._run.told(self._context.dn, self.part.name, self.state.objects + len(self.held))

    def complete(self, wire: Wire) -> None:
        """Ask the details of privileged objects, and the rest of long attributes."""
        if self._details:
            asked = (
                (at, self._ask_one(one.dn, self._details))
                for at, one in enumerate(self.held)
                if self._is_privileged(one)
            )
            wanted = {name.lower() for name in self._details}
            refused: Counter[int] = Counter()
            for at, page in wire.answers(asked):
                for message, envelope in page.entries[:1]:
                    more = ber.read_entry(message, envelope).attributes
                    kept = {
                        name: values
                        for name, values in more.items()
                        if name.partition(";")[0] in wanted
                    }
                    self.held[at] = _with(self.held[at], kept)
                refused[page.result.code] += 1
            for code in sorted(set(refused) - {0}):
                why = f"{_RESULTS.get(code, 'gave-up')}: result {code}, {refused[code]}"
                self._run.miss(self.index, self._details, why)
        for at, one in enumerate(self.held):
            for name in [name for name in one.attributes if ";range=" in name]:
                self.held[at] = self._whole(wire, self.held[at], name)

    def lacking(self) -> tuple[str, ...]:
        """Give the attributes that objects which wait still lack."""
        ranged = {
            name.partition(";")[0]
            for one in self.held
            for name in one.attributes
            if ";range=" in name
        }
        details = self._details if any(map(self._is_privileged, self.held)) else ()
        return (*details, *sorted(ranged))

    def release(self) -> None:
        """Hand on the objects that waited, as whole as they are."""
        held, self.held = self.held, []
        for one in held:
            for name in [name for name in one.attributes if ";range=" in name]:
                self._run.miss(self.index, (name.partition(";")[0],), f"gave-up: {one.dn[:300]}")
        whole = [_without_options(one) for one in held]
        size = sum(
            len(value) for one in whole for values in one.attributes.values() for value in values
        )
        self._hand_on(whole, size)

    def _object(self, entry: ber.Entry) -> RawObject | None:
        attributes = entry.attributes
        if not attributes.keys() <= self._wanted:
            attributes = {
                name: values
                for name, values in attributes.items()
                if name.partition(";")[0] in self._wanted
            }
        key = next(
            iter(attributes.get("objectguid", ())), entry.dn.lower().encode(errors="replace")
        )
        if key in self._seen:
            return None
        self._seen.add(key)
        if self.part.holding:
            self._elsewhere.add(key)
            return RawObject(context=self.index, dn=entry.dn, attributes=attributes)
        if key in self._run.seen:
            # Another part's, which forgets it by itself should it begin again.
            self._elsewhere.add(key)
            return None
        self._run.seen.add(key)
        return RawObject(context=self.index, dn=entry.dn, attributes=attributes)

    def _tell_readable(self, objects: Sequence[RawObject]) -> None:
        run = self._run
        for one in objects:
            if len(run.readable) >= _MOST_READABLE:
                run.miss(self.index, self.part.classes, "gave-up: too many")
                return
            run.readable[Readable(dn=one.dn, attribute=self.part.holding)] = None

    def _keep(self, objects: Sequence[RawObject]) -> None:
        run = self._run
        if self.part.name == "schema":
            for one in objects:
                self.names.update(name.lower() for name in _texts(one, "ldapdisplayname"))
        elif self.part.name in {"partitions", "sites"}:
            for one in objects:
                run.kept.see(self.part.name, one)
        if self._context.kind == "domain":
            for one in objects:
                for name in asked_of_dns(one)[:_MOST_NAMES]:
                    run.targets.update(node_names(name))
                run.children[parent(one.dn).lower()] += 1
                count = _number(one, "msds-approx-immed-subordinates")
                if count is not None and 0 <= count <= run.limits.most_objects:
                    run.claimed[one.dn.lower()] = (self.index, count)

    def _holds(self, one: RawObject) -> bool:
        is_ranged = not one.attributes.keys() <= self._wanted
        if is_ranged or self._is_privileged(one):
            if len(self.held) < self._run.limits.most_held:
                self.held.append(one)
                return True
            if not self._is_told:
                self._is_told = True
                self._run.miss(self.index, self._details, "gave-up: too many")
        return False

    def _is_privileged(self, one: RawObject) -> bool:
        if self._context.kind != "domain" or self.part.name not in {"users", "groups"}:
            return False
        return (
            _number(one, "admincount") == 1
            or "msds-secondarykrbtgtnumber" in one.attributes
            or _rid(one) in _WATCHED_RIDS
        )

    def _hand_on(self, objects: Sequence[RawObject], size_bytes: int) -> None:
        self.state.objects += len(objects)
        self.state.descriptors += sum("ntsecuritydescriptor" in one.attributes for one in objects)
        self._run.writer.add(self.state, objects, size_bytes)

    def _end(self, page: Page) -> None:
        code = page.result.code
        if code == 0 or (code in {3, 4, 11} and page.result.cookie):
            return
        if code == 32 and self.part.below:
            # Nothing of the kind in this forest.
            return
        self.lost_cookie = code in {2, 12, 53} and self._pages > 1
        self.why = f"{_RESULTS.get(code, 'gave-up')}: result {code}"

    def _ask_one(self, dn: str, attributes: Sequence[str]) -> Ask:
        every = ber.compile_filter("(objectClass=*)")

        def ask(number: int, _cookie: bytes) -> bytes:
            return ber.search(
                number,
                dn,
                every,
                attributes,
                scope=ber.BASE,
                time_limit_s=int(self._run.limits.page_s),
                controls=(_SD,),
            )

        return ask

    def _whole(self, wire: Wire, one: RawObject, name: str) -> RawObject:
        """Ask the rest of an attribute that came by a range ([MS-ADTS] 3.1.1.3.1.3.3)."""
        base = name.partition(";")[0]
        values = list(one.attributes[name])
        first = 0
        for _ in range(_MOST_RANGES):
            span = _range(name)
            if span is None or span[0] != first or len(values) > _MOST_RANGED_VALUES:
                return one
            if span[1] is None:
                others = {
                    key: each
                    for key, each in one.attributes.items()
                    if key.partition(";")[0] != base
                }
                return msgspec.structs.replace(one, attributes={**others, base: tuple(values)})
            first = span[1] + 1
            more: dict[str, tuple[bytes, ...]] = {}
            for _, page in wire.answers([(0, self._ask_one(one.dn, (f"{base};range={first}-*",)))]):
                if page.entries:
                    more = ber.read_entry(*page.entries[0]).attributes
            name = next((key for key in more if key.startswith(f"{base};range=")), "")
            values += more.get(name, ())
        return one


def _is_recent(left: Progress) -> bool:
    before = left.collection
    return before is not None and datetime.now(UTC) - before.started_at < _RESUMED_WITHIN


def _is_forest(root: RootDse) -> bool:
    # What names no schema or no domain would be read as an empty one.
    return root.is_active_directory and all(
        (
            root.default_naming_context,
            root.configuration_naming_context,
            root.schema_naming_context,
            root.root_domain_naming_context,
        )
    )


def parent(dn: str) -> str:
    """Give what follows the first relative name of a distinguished name."""
    at = -1
    while True:
        at = dn.find(",", at + 1)
        if at < 0:
            return ""
        # An odd number of backslashes before it: the comma is of the name.
        before = dn[:at]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return dn[at + 1 :]


def node_names(target: str) -> tuple[str, ...]:
    """Give how a zone may call the host of a service principal name, and what stands above it.

    ``cifs/a.b.chu.example:445/chu.example`` is ``a``, ``a.b``, ``a.b.chu`` or whole; ``b``… may be
    another's to answer for, and ``*.b``… answers for what is not there.
    """
    host = target.partition("/")[2].partition("/")[0].partition(":")[0].rstrip(".").lower()
    labels = host.split(".")[: _MOST_LABELS + 1]
    if not all(0 < len(label) < 64 for label in labels):
        return ()
    above = [one for at in range(1, len(labels)) for one in _beginnings(labels[at:])]
    return (*_beginnings(labels), *above, *(f"*.{one}" for one in above))


def _beginnings(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(".".join(labels[:count]) for count in range(1, len(labels) + 1))[:_MOST_LABELS]


def asked_of_dns(one: RawObject) -> list[str]:
    """Give the service names of an account whose hosts are looked for in DNS.

    Those that it may delegate to, its own where it is trusted for delegation, and the host of a
    domain controller.
    """
    delegated = _texts(one, "msds-allowedtodelegateto")
    bits = _number(one, "useraccountcontrol") or 0
    if bits & (flags.CONTROLLER | flags.PARTIAL_SECRETS):
        return [*(f"HOST/{host}" for host in _texts(one, "dnshostname")), *delegated]
    if delegated or bits & (flags.UNCONSTRAINED | flags.PROTOCOL_TRANSITION):
        return [*delegated, *_texts(one, "serviceprincipalname")]
    return []


def dns_name(dn: str) -> str:
    """Give the DNS name of a domain's distinguished name."""
    labels = [part[3:] for part in dn.lower().split(",") if part.startswith("dc=")]
    return ".".join(labels)


def sid_text(raw: bytes) -> str:
    """Give a SID as text ([MS-DTYP] 2.4.2); empty when it is none."""
    if len(raw) < 8 or raw[0] != 1 or len(raw) != 8 + 4 * raw[1]:
        return ""
    subs = (int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4))
    return "-".join(("S-1", str(int.from_bytes(raw[2:8], "big")), *map(str, subs)))


def _url(directory: Directory, host: str = "") -> str:
    named = host or directory.server
    return f"{directory.scheme}://{f'[{named}]' if ':' in named else named}:{directory.port}"


def _beside_catalogue(server: str) -> str:
    """Give the same controller on the port of its whole domain."""
    found = directory_endpoint(server)
    if found is None or found[2] not in _CATALOGUE:
        return server
    scheme, host, port = found
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{_CATALOGUE[port]}"


def _kind(dn: str, domains: Iterable[str]) -> str:
    lower = dn.lower()
    if lower in domains:
        return "domain"
    return next((kind for prefix, kind in _KINDS if lower.startswith(prefix)), "other")


def _why(error: DirectoryFailure | OutOfScope | Unanswered) -> str:
    match error:
        case OutOfScope():
            return error.reason
        case Unanswered():
            return f"{error.status.value}: {error.detail}"
        case DirectoryFailure():
            reason = _REASONS.get(Fault(error.fault), "credential-refused")
            return f"{reason}: {error.detail or error.fault}"


def _texts(one: RawObject, name: str) -> list[str]:
    return [value.decode(errors="replace") for value in one.attributes.get(name, ())]


def _number(one: RawObject, name: str) -> int | None:
    values = one.attributes.get(name, ())
    if not values or not 1 <= len(values[0]) <= 12:
        return None
    try:
        return int(values[0])
    except ValueError:
        return None


def _rid(one: RawObject) -> int:
    values = one.attributes.get("objectsid", ())
    return int.from_bytes(values[0][-4:], "little") if values and len(values[0]) >= 12 else -1


def _range(name: str) -> tuple[int, int | None] | None:
    low, dash, high = name.partition(";range=")[2].partition("-")
    if not dash or not low.isdecimal() or len(low) > 9:
        return None
    if high == "*":
        return int(low), None
    if not high.isdecimal() or len(high) > 9 or int(high) < int(low):
        return None
    return int(low), int(high)


def _with(one: RawObject, more: dict[str, tuple[bytes, ...]]) -> RawObject:
    return msgspec.structs.replace(one, attributes={**one.attributes, **more})


def _without_options(one: RawObject) -> RawObject:
    """Give attributes under their bare names, ranges that stayed open included."""
    found: dict[str, tuple[bytes, ...]] = {}
    for name, values in one.attributes.items():
        base = name.partition(";")[0]
        found[base] = found.get(base, ()) + values
    return msgspec.structs.replace(one, attributes=found)
