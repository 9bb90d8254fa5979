"""From the store to the results of a directory audit, beside those of the audit before."""

from collections.abc import Mapping

from checks.registry import by_id
from core.directory.words import words_by_code
from core.knowledge.ad_points import load_ad_points
from core.model import Flagged, Language, fingerprint
from core.observations.directory import DirectoryAudited, PointSeen, SnapshotRead, StepSeen
from core.reasons import say
from core.results import (
    Asset,
    ContextRow,
    Coverage,
    DirectoryBlock,
    GroupRow,
    NotMeasuredRow,
    PointRow,
    PrivilegedRow,
    Results,
    RunInfo,
    SnapshotRow,
    StepRow,
)
from core.store.store import Run, Store
from vigie.results import finding, gravest_first

_MOST_LOOKED_AT = 50
"""Runs of the same GHT among which the audit before is looked for."""


def directory_results(store: Store, run: Run, language: Language) -> Results:
    """Give the results of a run of kind « directory », worded."""
    seen = _audited(store, run)
    before = _before(store, run, seen) if seen else None
    kept = store.findings(run_id=run.id)
    findings = [
        finding(one, kept[fingerprint(one.check, one.verdict.place)], language)
        for one in store.judged(run.id)
        if isinstance(one.verdict, Flagged)
    ]
    findings.sort(key=gravest_first)
    block = _block(seen, before, language) if seen else None
    return Results(
        run=RunInfo(
            id=run.id,
            kind=run.kind,
            language=language,
            started_at=run.started_at,
            finished_at=run.finished_at,
            complete=run.complete,
            vigie_version=run.vigie_version,
            inventory=run.ght,
            profile=run.profile,
        ),
        coverage=Coverage(addresses=0, ports_tried=0, statuses={}),
        services=(),
        findings=tuple(findings),
        not_measured=_not_measured(seen, block) if seen and block else (),
        directory=block,
    )


def _audited(store: Store, run: Run) -> DirectoryAudited | None:
    for one in store.observations(run.id, kinds=("directory-audited",)):
        if isinstance(one, DirectoryAudited):
            return one
    return None


def _before(store: Store, run: Run, seen: DirectoryAudited) -> tuple[Run, DirectoryAudited] | None:
    """Give the latest audit of the same forest as it was earlier; the same snapshot is no other."""
    found: list[tuple[Run, DirectoryAudited]] = []
    for other in store.runs(ght=run.ght, limit=_MOST_LOOKED_AT):
        if other.kind != "directory" or other.id == run.id:
            continue
        old = _audited(store, other)
        if old and old.place == seen.place and old.at < seen.at:
            found.append((other, old))
    return max(found, key=lambda one: one[1].at, default=None)


def _not_measured(seen: DirectoryAudited, block: DirectoryBlock) -> tuple[NotMeasuredRow, ...]:
    asset = Asset(establishment=seen.place.establishment, forest=seen.place.forest)
    return tuple(
        NotMeasuredRow(asset=asset, what=one.title, why=one.why) for one in block.points if one.why
    )


def _block(
    seen: DirectoryAudited, before: tuple[Run, DirectoryAudited] | None, language: Language
) -> DirectoryBlock:
    old = {one.id: one for one in before[1].points} if before else {}
    return DirectoryBlock(
        forest=seen.forest,
        level=seen.level,
        level_is=seen.level_is,
        list_edition=seen.list_edition,
        points=tuple(_point(one, old, language) for one in seen.points),
        privileged_accounts=tuple(
            PrivilegedRow(**{name: getattr(one, name) for name in PrivilegedRow.__struct_fields__})
            for one in seen.privileged
        ),
        domains=seen.domains,
        role=seen.role,
        snapshots=tuple(_snapshot(one, language) for one in seen.snapshots),
        compared_with=before[0].id if before else "",
        compared_at=before[1].at if before else None,
        groups=tuple(
            GroupRow(
                dn=one.dn,
                name=one.name,
                domain=one.domain,
                is_head=one.is_head,
                members=one.members,
            )
            for one in seen.groups
        ),
        paths=tuple(tuple(_step(step, language) for step in path) for path in seen.paths),
        paths_left=seen.paths_left,
        paths_why=say(seen.paths_why, language) if seen.paths_why else "",
    )


def _step(one: StepSeen, language: Language) -> StepRow:
    return StepRow(
        source=one.source,
        source_id=one.source_id,
        how=words_by_code(one.how).say(language),
        target=one.target,
        target_id=one.target_id,
    )


def _point(one: PointSeen, old: Mapping[str, PointSeen], language: Language) -> PointRow:
    then = old.get(one.id)
    both = then is not None and then.status == one.status == "failed"
    return PointRow(
        id=one.id,
        levels_failed=one.failed,
        status=one.status,
        objects=one.objects,
        condition=one.condition,
        why=say(one.why, language) if one.why else "",
        title=_title(one, language),
        levels=one.levels,
        check=one.check,
        effort=one.effort,
        query=one.query,
        bases=one.bases,
        change=_change(one, then),
        objects_new=_less(one.objects, then.objects) if both and then else (),
        objects_gone=_less(then.objects, one.objects) if both and then else (),
    )


def _change(now: PointSeen, then: PointSeen | None) -> str:
    if then is None:
        return ""
    if now.status == "failed":
        return "still" if then.status == "failed" else "new"
    if then.status != "failed":
        return ""
    return "fixed" if now.status == "passed" else "lost"


def _less(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    held = {one.lower() for one in others}
    return tuple(one for one in some if one.lower() not in held)


def _title(one: PointSeen, language: Language) -> str:
    check = by_id().get(one.check)
    if check is not None:
        return check.title_fr if language is Language.FR else check.title_en
    listed = load_ad_points().get(one.id)
    return listed.title.say(language) if listed else one.id


def _snapshot(one: SnapshotRead, language: Language) -> SnapshotRow:
    head = one.collection
    return SnapshotRow(
        path=one.path,
        sha256=one.sha256,
        account=head.account,
        source=head.source,
        started_at=head.started_at,
        finished_at=head.finished_at,
        requests=head.requests,
        bytes_in=head.bytes_in,
        bytes_out=head.bytes_out,
        servers=tuple(
            dict.fromkeys(
                (
                    *(context.server for context in head.contexts if context.server),
                    *head.controllers,
                )
            )
        ),
        contexts=tuple(
            ContextRow(
                dn=context.dn,
                read=context.read,
                expected=context.expected,
                descriptors=context.descriptors,
                whole=context.is_whole,
                why=say(context.why, language) if context.why else "",
            )
            for context in head.contexts
        ),
    )
