"""From the snapshots of a forest to a run of the store: judged, its level derived, kept."""

import getpass
import hashlib
import re
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ad_audit.snapshot import (
    Clear,
    Key,
    Passphrase,
    PrivateKey,
    lock_of,
    own_key,
    read_snapshot,
)
from checks.registry import all_points, reading
from core.directory import flags, sids
from core.directory.build import build
from core.directory.forest import Directory
from core.directory.level import (
    EDITION,
    Condition,
    Level,
    Outcome,
    Point,
    derive_level,
    outcome_of,
)
from core.directory.objects import Entry
from core.directory.paths import Path as ControlPath
from core.directory.raw import Collection
from core.directory.words import code_of, subject_of, target_of
from core.errors import UsageError
from core.facts import Facts
from core.inventory import Establishment, Ght, Inventory
from core.knowledge.ad_points import load_ad_points
from core.model import Flagged, Judged, NotMeasured, Verdict
from core.observations.directory import (
    DirectoryAudited,
    GroupSeen,
    PointSeen,
    PrivilegedSeen,
    SnapshotRead,
    StepSeen,
)
from core.secrets import Secret
from core.store.store import Plan, Run, Store
from inventories.load import load_inventory
from vigie import __version__, settling
from vigie.config import Settings
from vigie.credentials import read_secret
from vigie.directory import is_incomplete
from vigie.feeds import shelf_of
from vigie.judging import Bug
from vigie.reporting import facts_of

_BLOCK = 1 << 20
_MOST_PATHS = 1_000
_TOP = 5


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whose forest it is."""

    inventory: Inventory | None = None
    """``None``: none was named; the forest then stands for the GHT and for the establishment."""
    establishment: str = ""
    role: str = "production"


def analyse(
    snapshots: Sequence[tuple[Path, Key]],
    whose: Whose,
    settings: Settings,
    store: Store,
    bug: Bug,
    step: Callable[[str, str], None] = lambda _french, _english: None,
) -> Run:
    """Judge a forest from its snapshots and keep the run; gives it, ended.

    Raises :class:`core.errors.SnapshotUnreadable`, and :class:`core.errors.UsageError` when the
    snapshots are of several forests.
    """
    step("lecture des instantanés", "reading the snapshots")
    began = datetime.now(UTC)
    opened = [read_snapshot(path, key) for path, key in snapshots]
    heads = [collection for collection, _ in opened]
    if len({one.forest.lower() for one in heads}) > 1:
        names = ", ".join(sorted({one.forest for one in heads}))
        raise UsageError(
            settings.say(
                f"ces instantanés sont de plusieurs forêts : {names}",
                f"these snapshots are of several forests: {names}",
            )
        )
    inventory = whose.inventory or _of_forest(heads[0].forest)
    establishment = whose.establishment or inventory.establishments[0].id
    digests = [_digest(path) for path, _ in snapshots]
    forest = build(opened, establishment=establishment)
    run = Run(
        id=f"{began:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        kind="directory",
        ght=inventory.ght.id,
        profile="",
        started_at=began,
        finished_at=None,
        complete=False,
        vigie_version=__version__,
        plan=Plan(seed=0, tcp_ports=(), establishments=(establishment,), profile=None),
        inventory=inventory,
    )
    facts = facts_of(run, known=shelf_of(settings).known())
    step("évaluation des points de contrôle", "judging the control points")
    given = _verdicts(forest, facts, bug)
    points = tuple(_points(forest, given))
    level = _level(given)
    paths_why = ""
    try:
        paths, paths_left = _paths(forest)
    except Exception:  # the points stand without the graph: its fault is told, and stays there
        bug("paths", traceback.format_exc())
        paths, paths_left, paths_why = (), 0, "bug"
    seen = DirectoryAudited(
        place=forest.place(),
        at=forest.at,
        forest=forest.name,
        domains=tuple(one.name for one in forest.domains),
        role=whose.role,
        level=level.level,
        level_is=level.level_is,
        list_edition=EDITION,
        points=points,
        privileged=tuple(_privileged(forest)),
        groups=tuple(_groups(forest)),
        paths=paths,
        paths_left=paths_left,
        paths_why=paths_why,
        snapshots=tuple(
            SnapshotRead(
                path=str(path.resolve()),
                sha256=digest,
                collection=_without_roots(collection),
            )
            for (path, _), digest, collection in zip(snapshots, digests, heads, strict=True)
        ),
    )
    store.start_run(run)
    store.keep(
        run,
        observations=[seen],
        judged=[
            Judged(check=check, verdict=verdict, at=forest.at)
            for check, verdicts in given.items()
            for verdict in verdicts
        ],
    )
    settling.end(store, run, at=datetime.now(UTC), complete=not any(map(is_incomplete, heads)))
    return store.run(run.id)


def _of_forest(name: str) -> Inventory:
    called = name or "forest"
    return Inventory(
        path="",
        ght=Ght(id=called, name=called),
        establishments=(Establishment(id=called, name=called),),
    )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _without_roots(collection: Collection) -> Collection:
    # The snapshot holds them; what the report needs of them is who was asked.
    return msgspec.structs.replace(
        collection, root_dse={}, controllers={key: {} for key in collection.controllers}
    )


def _verdicts(forest: Directory, facts: Facts, bug: Bug) -> dict[str, tuple[Verdict, ...]]:
    found: dict[str, tuple[Verdict, ...]] = {}
    for check in reading(Directory):
        try:
            found[check.id] = tuple(check.judge(forest, facts))
        except Exception:  # a broken check is isolated here, and told as not evaluated
            bug(check.id, traceback.format_exc())
            found[check.id] = (NotMeasured(forest.place(), "bug"),)
    return found


def _outcomes(given: dict[str, tuple[Verdict, ...]]) -> Iterator[tuple[str, Outcome]]:
    """Give what came of each point, by id of check; those of the list without a check too."""
    points = all_points()
    for check, verdicts in given.items():
        if check in points:
            yield check, outcome_of(points[check], verdicts)
    judged = {point.id for point in points.values()}
    for listed in load_ad_points().values():
        if listed.id not in judged:
            point = Point(id=listed.id, levels=listed.levels)
            yield (
                "",
                Outcome(point=point, unknown=listed.levels, why="check-not-written"),
            )


def _level(given: dict[str, tuple[Verdict, ...]]) -> Level:
    level = derive_level(outcome for _, outcome in _outcomes(given))
    # The list is incomplete at the top: what fails there alone proves no level of its own.
    return Level(_TOP - 1, "at_least") if level == Level(_TOP, "exact") else level


def _points(forest: Directory, given: dict[str, tuple[Verdict, ...]]) -> Iterator[PointSeen]:
    for check, outcome in _outcomes(given):
        point = outcome.point
        objects = dict.fromkeys(
            name
            for verdict in given.get(check, ())
            if isinstance(verdict, Flagged)
            for name in verdict.objects
        )
        yield PointSeen(
            id=point.id,
            check=check,
            levels=point.levels,
            failed=outcome.failed,
            status=_status(outcome, given.get(check, ())),
            why=outcome.why,
            objects=tuple(objects),
            condition=(point.condition if check else Condition.PUBLISHED).value,
            effort=point.effort,
            query=point.query,
            bases=_bases(forest, point.base),
        )


def _status(outcome: Outcome, verdicts: Sequence[Verdict]) -> str:
    # What moves no level fails without a level.
    if any(isinstance(one, Flagged) for one in verdicts):
        return "failed"
    return outcome.status


def _bases(forest: Directory, base: str) -> tuple[str, ...]:
    if "{D}" in base:
        return tuple(base.replace("{D}", one.dn) for one in forest.domains)
    base = base.replace("{C}", forest.configuration_dn).replace("{S}", forest.schema_dn)
    return (base,) if base else ()


def _privileged(forest: Directory) -> Iterator[PrivilegedSeen]:
    protected = {
        member
        for domain in forest.domains
        if (group := forest.account(domain, sids.PROTECTED_USERS)) is not None
        for member in forest.everyone_in(group)
    }
    via = forest.privileged.via
    for one in forest.privileged.accounts:
        descriptor = one.descriptor
        owner = forest.by_sid(descriptor.owner) if descriptor and descriptor.owner else None
        uac = one.uac
        yield PrivilegedSeen(
            dn=one.dn,
            sid=one.sid,
            name=one.name,
            domain=one.domain.name if one.domain else "",
            kind=_kind(one),
            via=tuple(group.name for group in via.get(one, ())),
            enabled=one.is_enabled,
            created=one.created,
            last_logon=one.last_logon,
            password_set=one.password_set,
            password_never_expires=bool(uac & flags.NEVER_EXPIRES),
            password_not_required=bool(uac & flags.PASSWORD_NOT_REQUIRED),
            no_preauth=bool(uac & flags.NO_PREAUTH),
            protected_users=one in protected,
            smartcard=bool(uac & flags.SMARTCARD),
            not_delegated=bool(uac & flags.NOT_DELEGATED),
            delegation=_delegation(one),
            spns=one.spns,
            owner=owner.dn if owner else (descriptor.owner or "") if descriptor else "",
        )


def _groups(forest: Directory) -> Iterator[GroupSeen]:
    privileged = forest.privileged
    heads = set(privileged.heads)
    for one in privileged.groups:
        members = [each.dn for each in forest.members_of(one)]
        yield GroupSeen(
            dn=one.dn,
            name=one.name,
            domain=one.domain.name if one.domain else "",
            is_head=one in heads,
            members=(*members, *forest.absent_from(one)),
        )


def _paths(forest: Directory) -> tuple[tuple[tuple[StepSeen, ...], ...], int]:
    """Give the paths from what every account holds, then from each account, and how many more."""
    paths = forest.paths
    sids_ = (*paths.everyone, *paths.strangers)
    # Those protected like the privileged are more of tier 0 rather than a way to it.
    accounts = [one for one in paths.leading() if not forest.controls.is_protected_like(one)]
    found = [paths.path_of(sid) for sid in sids_[:_MOST_PATHS]]
    found += [paths.path_from(one) for one in accounts[: _MOST_PATHS - len(found)]]
    left = len(sids_) + len(accounts) - len(found)
    return tuple(_steps(forest, one) for one in found if one), left


def _steps(forest: Directory, path: ControlPath) -> tuple[StepSeen, ...]:
    return tuple(
        StepSeen(
            source=subject_of(forest, step),
            source_id=step.source.dn if step.source is not None else step.sid,
            how=code_of(step.label),
            target=target_of(forest, step),
            target_id=step.target.dn,
        )
        for step in path
    )


def _kind(entry: Entry) -> str:
    if entry.is_managed:
        return "managed"
    if entry.is_computer:
        return "computer"
    return "user" if entry.is_user else "foreign"


def _delegation(entry: Entry) -> str:
    if entry.uac & flags.UNCONSTRAINED:
        return "unconstrained"
    if entry.uac & flags.PROTOCOL_TRANSITION:
        return "transition"
    return "constrained" if entry.has("msds-allowedtodelegateto") else ""


def whose_is(inventory: Path | None, directory: str | None, settings: Settings) -> Whose:
    """Give whose forest an inventory says it is; raises :class:`core.errors.UsageError`."""
    if inventory is None:
        if directory:
            raise UsageError(
                settings.say("--directory va avec --inventory", "--directory goes with --inventory")
            )
        return Whose()
    held = load_inventory(inventory, settings.language)
    found = next((one for one in held.directories if one.id == directory), None)
    if found is None:
        ids = ", ".join(one.id for one in held.directories) or "-"
        raise UsageError(
            settings.say(
                f"--directory : choisir un annuaire parmi : {ids}",
                f"--directory: choose a directory among: {ids}",
            )
        )
    return Whose(inventory=held, establishment=found.establishment, role=found.role)


def keys_of(
    paths: Sequence[Path],
    settings: Settings,
    passphrase_file: Path | None,
    private_key: Path | None,
) -> list[tuple[Path, Key]]:
    """Give what opens each snapshot, asking at most once for a passphrase.

    Raises :class:`core.errors.SnapshotUnreadable`, and :class:`core.errors.UsageError` when what
    opens one was not given.
    """
    secret: Secret | None = None
    found: list[tuple[Path, Key]] = []
    for path in paths:
        lock = lock_of(path)
        if lock == "clear":
            found.append((path, Clear()))
        elif lock == "own":
            found.append((path, own_key(settings.state())))
        elif lock == "passphrase":
            secret = secret or _words(passphrase_file, settings)
            found.append((path, Passphrase(secret)))
        elif private_key is not None:
            if secret is None and b"ENCRYPTED" in private_key.read_bytes():
                secret = _words(passphrase_file, settings)
            found.append((path, PrivateKey(private_key, secret)))
        else:
            raise UsageError(
                settings.say(
                    f"{path} est chiffré pour une clé publique : donner --private-key",
                    f"{path} is encrypted for a public key: give --private-key",
                )
            )
    return found


def _words(file: Path | None, settings: Settings) -> Secret:
    if file is not None:
        return read_secret(f"file:{file}", settings, folder=Path.cwd())
    if not sys.stdin.isatty():
        raise UsageError(
            settings.say(
                "l'instantané ou la clé privée est chiffré : donner --passphrase-file",
                "the snapshot or the private key is encrypted: give --passphrase-file",
            )
        )
    return Secret(getpass.getpass(settings.say("Phrase de passe : ", "Passphrase: ")))


def snapshot_path(server: str, settings: Settings) -> Path:
    """Give where an audit collects: the same for a server, so that it is taken up again there."""
    folder = settings.state() / "ad"
    folder.mkdir(mode=0o700, exist_ok=True)
    name = re.sub(r"[^a-z0-9.-]+", "-", server.lower()).strip("-.")[:100]
    return folder / f"{name or 'directory'}.vigie-ad"


def keep_snapshot(path: Path, collection: Collection) -> Path:
    """Give a collected snapshot a name of its own: the store refers to it, the next audit adds."""
    kept = path.with_name(f"{path.stem}-{collection.started_at:%Y%m%dT%H%M%S}.vigie-ad")
    return path.replace(kept)


def folder_of(run: Run) -> Path:
    """Give the folder of results where none was asked for."""
    return Path(f"vigie-ad-{re.sub(r'[^A-Za-z0-9.-]+', '-', run.ght)[:60]}-{run.id}")
