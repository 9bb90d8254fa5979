"""A directory read for a command: from options or an inventory to a snapshot, with progress."""

import functools
import os
import re
import stat
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

import msgspec
import trio
from rich.console import Console
from rich.status import Status

from ad_audit.collect import collect_forest
from ad_audit.session import Login, Resolve, resolve_here
from ad_audit.snapshot import Clear, Lock
from ad_audit.wire import Limits
from core.directory.raw import Collection
from core.errors import DirectoryFailure, OutOfScope, UsageError
from core.inventory import DirectoryAccess
from core.model import Language
from core.reasons import say
from core.secrets import Secret
from core.store.store import Store
from inventories.load import directory_endpoint, load_inventory
from inventories.scope import DirectoryScope, Scope
from reports.text import inert
from vigie import __version__
from vigie.config import Settings
from vigie.credentials import read_secret
from vigie.progress import Journal

_STOPS_EVERY_S = 1.0
_PLAIN_EVERY_S = 10.0
_LONGEST_PASSWORD = 4_096
_MOST_TOLD = 20

_PARTS = {
    "users": ("comptes", "accounts"),
    "computers": ("ordinateurs", "computers"),
    "groups": ("groupes", "groups"),
    "containers": ("unités d'organisation et conteneurs", "organizational units and containers"),
    "schema": ("schéma", "schema"),
    "keys": ("infrastructure de clés", "key infrastructure"),
    "sites": ("sites et contrôleurs", "sites and controllers"),
    "zones": ("zones DNS", "DNS zones"),
    "trusts": ("relations d'approbation", "trusts"),
}


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What opens a directory, and the gate that allows it."""

    login: Login
    scope: DirectoryScope
    establishment: str = ""
    """Of the inventory; empty: the directory was named on the command line."""
    directory: str = ""
    role: str = "production"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Options that name a directory, as they were typed."""

    server: str | None = None
    user: str | None = None
    password_file: Path | None = None
    password_stdin: bool = False
    kerberos: bool = False
    ca_file: Path | None = None
    fingerprint: str | None = None
    inventory: Path | None = None
    directory: str | None = None


def opening_of(
    asked: Asked, settings: Settings, *, ask: Callable[[str], str] | None = None
) -> Opening:
    """Give what opens the directory asked for; raises :class:`core.errors.UsageError`.

    ``ask`` shows a question and reads a password without echo.
    """
    _require_fingerprint(asked.fingerprint, settings)
    if asked.inventory is not None:
        return _of_inventory(asked, asked.inventory, settings)
    if not asked.server or (not asked.user and not asked.kerberos):
        raise UsageError(
            settings.say(
                "nommer l'annuaire : --server et --user, ou --inventory et --directory",
                "name the directory: --server and --user, or --inventory and --directory",
            )
        )
    if asked.directory:
        raise UsageError(
            settings.say("--directory va avec --inventory", "--directory goes with --inventory")
        )
    _require_endpoint(asked.server, settings)
    return Opening(
        login=Login(
            servers=(asked.server,),
            user=asked.user or "",
            password=_password(asked, settings, ask),
            kerberos=asked.kerberos,
            ca_file=asked.ca_file,
            fingerprint=asked.fingerprint or "",
        ),
        scope=DirectoryScope(asked.server),
    )


def collect_directory(
    opening: Opening,
    path: Path,
    lock: Lock,
    settings: Settings,
    store: Store,
    *,
    connections: int = 2,
    resume: bool = True,
    resolve: Resolve = resolve_here,
) -> Collection:
    """Read a forest into a snapshot, showing progress; gives how it went.

    Stops within seconds of ``vigie stop``. Raises as :func:`ad_audit.collect.collect_forest`.
    """
    journal = Journal(settings.state() / "ad.log", settings)
    try:
        if isinstance(lock, Clear):
            journal.note("snapshot-in-clear", file=str(path))
        with _Screen(settings, journal) as screen:
            job = functools.partial(
                collect_forest,
                opening.scope,
                opening.login,
                path,
                lock,
                version=__version__,
                limits=Limits(connections=connections),
                resume=resume,
                resolve=resolve,
                journal=functools.partial(_note, journal, settings),
                told=screen.told,
            )
            logged = functools.partial(_logged, job, journal)
            collection = trio.run(_unless_stopped, logged, store, opening)
        journal.note(
            "directory-collected",
            forest=collection.forest,
            account=collection.account,
            source=collection.source,
            objects=sum(one.read for one in collection.contexts),
            requests=collection.requests,
            bytes_in=collection.bytes_in,
            unread=len(collection.unread),
            file=str(path),
        )
        return collection
    finally:
        journal.close()


def is_incomplete(collection: Collection) -> bool:
    """Tell whether a part was lost on the way; what the account may not read is no loss."""
    return collection.finished_at is None or any(
        not one.why.startswith("hidden") for one in collection.unread
    )


def tell_collection(collection: Collection, settings: Settings) -> list[str]:
    """Give what was read and what was not, one line each."""
    language = settings.language
    forest, account = inert(collection.forest, language), inert(collection.account, language)
    size = _size(collection.bytes_in, settings)
    lines = [
        settings.say(
            f"Forêt {forest}, lue par {account or 'Kerberos'} : {collection.requests} requêtes "
            f"LDAP, {size} reçus",
            f"Forest {forest}, read as {account or 'Kerberos'}: {collection.requests} LDAP "
            f"requests, {size} received",
        )
    ]
    for one in collection.contexts:
        share = f"{100 * one.descriptors // one.read} %" if one.read else "-"
        expected = (
            settings.say(
                f" (environ {one.expected} annoncés)", f" (about {one.expected} announced)"
            )
            if one.expected is not None
            else ""
        )
        name = inert(one.dn, language)
        lines.append(
            settings.say(
                f"  {name} : {one.read} objets{expected}, descripteurs lus : {share}",
                f"  {name}: {one.read} objects{expected}, descriptors read: {share}",
            )
        )
    if collection.unread:
        lines.append(settings.say("Non lu :", "Not read:"))
    colon = " :" if language is Language.FR else ":"
    for gap in collection.unread[:_MOST_TOLD]:
        what = inert(gap.what, language) or settings.say("tout", "all of it")
        why = inert(say(gap.why, language), language)
        lines.append(f"  {inert(gap.context, language)}, {what}{colon} {why}")
    if (more := len(collection.unread) - _MOST_TOLD) > 0:
        lines.append(settings.say(f"  et {more} autres", f"  and {more} more"))
    return lines


def _of_inventory(asked: Asked, path: Path, settings: Settings) -> Opening:
    clash = (asked.server, asked.user, asked.password_file, asked.password_stdin, asked.kerberos)
    if any(clash) or not asked.directory:
        raise UsageError(
            settings.say(
                "avec --inventory, nommer l'annuaire par --directory ID, sans --server, --user ni "
                "mot de passe",
                "with --inventory, name the directory by --directory ID, without --server, --user "
                "or password",
            )
        )
    inventory = load_inventory(path, settings.language)
    found = next((one for one in inventory.directories if one.id == asked.directory), None)
    if found is None:
        ids = ", ".join(one.id for one in inventory.directories) or "-"
        shown = inert(asked.directory, settings.language)
        raise UsageError(
            settings.say(
                f"annuaire « {shown} » inconnu ; choisir parmi : {ids}",
                f"unknown directory “{shown}”; choose among: {ids}",
            )
        )
    return Opening(
        login=Login(
            servers=(found.server,),
            user=found.user,
            password=read_secret(found.password, settings, folder=path.parent),
            ca_file=asked.ca_file or _ca_file(found, path.parent),
            fingerprint=asked.fingerprint or "",
        ),
        scope=DirectoryScope(found.server, scope=Scope(inventory)),
        establishment=found.establishment,
        directory=found.id,
        role=found.role,
    )


def _require_endpoint(server: str, settings: Settings) -> None:
    found = directory_endpoint(server)
    shown = inert(server, settings.language)
    if found is None:
        raise UsageError(
            settings.say(
                f"« {shown} » n'est pas l'adresse d'un annuaire ; écrire par exemple "
                "ldaps://dc1.chu.example",
                f"“{shown}” is no address of a directory; write for instance "
                "ldaps://dc1.chu.example",
            )
        )
    if found[2] not in DirectoryScope.PORTS:
        ports = ", ".join(map(str, sorted(DirectoryScope.PORTS)))
        raise UsageError(
            settings.say(
                f"« {shown} » : un annuaire n'est interrogé que sur les ports {ports}",
                f"“{shown}”: a directory is only asked on ports {ports}",
            )
        )


def _require_fingerprint(fingerprint: str | None, settings: Settings) -> None:
    bare = (fingerprint or "").replace(":", "").replace(" ", "")
    if fingerprint is not None and not re.fullmatch(r"[0-9A-Fa-f]{64}", bare):
        raise UsageError(
            settings.say(
                "--fingerprint : l'empreinte SHA-256 du certificat, 64 chiffres hexadécimaux",
                "--fingerprint: the SHA-256 of the certificate, 64 hexadecimal digits",
            )
        )


def _ca_file(found: DirectoryAccess, folder: Path) -> Path | None:
    return folder / found.ca_file if found.ca_file else None


def _password(asked: Asked, settings: Settings, ask: Callable[[str], str] | None) -> Secret:
    given = (asked.password_file is not None, asked.password_stdin, asked.kerberos)
    if sum(given) > 1:
        raise UsageError(
            settings.say(
                "choisir entre --password-file, --password-stdin et --kerberos",
                "choose between --password-file, --password-stdin and --kerberos",
            )
        )
    if asked.kerberos:
        return Secret("")
    if asked.password_file is not None:
        return read_secret(f"file:{asked.password_file}", settings, folder=Path.cwd())
    if asked.password_stdin:
        line = sys.stdin.readline(_LONGEST_PASSWORD + 1)
        return Secret(line.removesuffix("\n").removesuffix("\r"))
    if not sys.stdin.isatty() and ask is None:
        raise UsageError(
            settings.say(
                "donner le mot de passe par --password-file ou --password-stdin",
                "give the password by --password-file or --password-stdin",
            )
        )
    if ask is not None:
        return read_secret("prompt", settings, folder=Path.cwd(), ask=ask)
    return read_secret("prompt", settings, folder=Path.cwd())


async def _logged(job: Callable[[], Awaitable[Collection]], journal: Journal) -> Collection:
    """Run it; who watches logons must find a refused one in our log too."""
    try:
        return await job()
    except DirectoryFailure as error:
        journal.note("directory-failed", server=error.server, fault=error.fault)
        raise


async def _unless_stopped(
    job: Callable[[], Awaitable[Collection]], store: Store, opening: Opening
) -> Collection:
    """Run until the end, or until someone says stop."""
    place = opening.establishment or opening.login.servers[0]
    mine = {"*", opening.establishment} - {""}

    async def heed() -> None:
        while True:
            if mine & await trio.to_thread.run_sync(store.held):
                raise OutOfScope(place, "stopped")
            await trio.sleep(_STOPS_EVERY_S)

    if mine & store.held():
        raise OutOfScope(place, "stopped")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heed)
        collection = await job()
        nursery.cancel_scope.cancel()
    return collection


def _note(journal: Journal, settings: Settings, event: str, detail: dict[str, str]) -> None:
    journal.note(event, **detail)
    if event == "collection-resumed":
        _tell(
            settings,
            settings.say(
                "collecte interrompue trouvée : elle est reprise",
                "an interrupted collection was found: it is taken up again",
            ),
        )
    if event == "directory-fingerprint-trusted":
        _tell(
            settings,
            settings.say(
                f"{detail['server']} : certificat admis par sa seule empreinte, à votre demande",
                f"{detail['server']}: certificate taken by its fingerprint alone, as you asked",
            ),
        )


def _tell(settings: Settings, text: str) -> None:
    if not settings.quiet and not settings.json_log:
        print(text, file=sys.stderr, flush=True)


def _size(size: int, settings: Settings) -> str:
    unit = settings.say("Mo", "MB")
    whole, tenth = divmod(round(size / 100_000), 10)
    return f"{whole}{settings.say(',', '.')}{tenth} {unit}"


class _Screen:
    """What is being read: one live line on a terminal, a plain line now and then elsewhere."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._at = time.monotonic()
        self._done: dict[tuple[str, str], int] = {}
        self._status: Status | None = None
        show = not settings.quiet and not settings.json_log
        self._plain = show and not sys.stderr.isatty()
        if show and sys.stderr.isatty():
            self._status = Console(stderr=True).status("")

    def __enter__(self) -> "_Screen":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def told(self, context: str, part: str, objects: int) -> None:
        """Take a step; called from any thread."""
        self._done[context, part] = objects
        total = sum(self._done.values())
        words = _PARTS.get(part, (part, part))
        name = self._settings.say(*words)
        place = inert(context, self._settings.language)
        text = self._settings.say(
            f"{total} objets lus ; {name} de {place}", f"{total} objects read; {name} of {place}"
        )
        if self._status is not None:
            self._status.update(text)
            return
        if time.monotonic() - self._at < _PLAIN_EVERY_S:
            return
        self._at = time.monotonic()
        if self._plain:
            print(text, file=sys.stderr, flush=True)
        elif self._settings.json_log:
            self._journal.note("progress", objects=total, context=context, part=part)


def require_writable(path: Path, settings: Settings) -> None:
    """Raise :class:`core.errors.UsageError` when a snapshot cannot be written there."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(
            settings.say(
                f"{path} : impossible d'y écrire un instantané",
                f"{path}: no snapshot can be written there",
            )
        )
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise UsageError(
            settings.say(f"{path} : ce n'est pas un fichier", f"{path}: not a regular file")
        )
