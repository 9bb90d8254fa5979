"""The pictures of a directory: nested privileged groups, and the shortest paths to tier 0."""

from collections.abc import Iterable

import msgspec

from core.results import DirectoryBlock, GroupRow, PrivilegedRow, StepRow
from reports.control_tree import Twig, draw
from reports.directory_words import WORDS, agreed
from reports.exports.privileged import KINDS
from reports.name_map import Plate
from reports.text import typeset
from reports.told import Told
from reports.view import Listed

_MOST_TOLD = 60


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One picture."""

    said: str
    """In a sentence; beside the list below it, what it says to who cannot see it."""
    plates: tuple[Plate, ...] = ()
    more: str = ""
    told: Listed = Listed(shown=(), more="")


def groups_drawn(it: Told, block: DirectoryBlock) -> Drawn:
    """Draw the privileged groups, each once, with what is directly in them."""
    groups = {one.dn: one for one in block.groups}
    accounts = {one.dn: one for one in block.privileged_accounts}
    heads = [one for one in block.groups if one.is_head]
    twigs: dict[str, Twig] = {}
    roots = [_group(it, one, twigs) for one in heads if one.members]
    # In order of nearness: a group nested in several is drawn in the nearest.
    waiting = [one for one in heads if one.members]
    for one in waiting:
        inside = [groups[dn] for dn in one.members if dn in groups]
        children = twigs[one.dn].children
        for each in sorted(inside, key=lambda row: row.name.lower()):
            if each.dn in twigs or not each.members:
                children.append(_named(it, each, "g_elsewhere" if each.members else "g_members"))
            else:
                children.append(_group(it, each, twigs))
                waiting.append(each)
        held = [accounts[dn] for dn in one.members if dn in accounts]
        held.sort(key=lambda row: (not row.enabled, row.name.lower()))
        children += [_account(it, row) for row in held]
        known = groups.keys() | accounts.keys()
        children += [
            _held(it, dn, _say(it, "g_absent"), "off") for dn in one.members if dn not in known
        ]
    plates, left = draw(
        roots,
        (_say(it, "c_group"), _say(it, "c_nature")),
        lambda name: _say(it, "g_again", name=name),
        lambda count: _counted(it, "g_more", count),
    )
    return Drawn(
        said=_say(
            it,
            "groups_said",
            groups=it.number(len(block.groups)),
            heads=it.number(len(heads)),
            nested=it.number(len(block.groups) - len(heads)),
            accounts=it.number(len(block.privileged_accounts)),
        ),
        plates=plates,
        more=_counted(it, "lines_left", left) if left else "",
    )


def _group(it: Told, one: GroupRow, twigs: dict[str, Twig]) -> Twig:
    found = twigs[one.dn] = _named(it, one, "g_members")
    return found


def _named(it: Told, one: GroupRow, note: str) -> Twig:
    count = it.number(len(one.members))
    return Twig(
        text=it.inert(one.name, 120),
        note=f"{_say(it, note, count=count)} – {it.inert(one.domain, 80)}",
        look="head" if one.is_head else "nested",
        is_group=True,
        children=[],
    )


def _account(it: Told, one: PrivilegedRow) -> Twig:
    kind = typeset(KINDS[one.kind].say(it.language), it.language)
    state = "" if one.enabled else f", {_say(it, 'disabled')}"
    return Twig(
        text=it.inert(one.name, 120),
        note=f"{kind}{state} – {it.inert(one.domain, 80)}",
        look="holder" if one.enabled else "off",
        children=[],
    )


def paths_drawn(it: Told, block: DirectoryBlock) -> Drawn:
    """Draw the paths as the tree that they are: shortest paths to one end share their ends."""
    if block.paths_why:
        return Drawn(said=_say(it, "paths_not_computed", why=it.inert(block.paths_why)))
    if not block.paths:
        return Drawn(said=_say(it, "paths_none" if block.groups else "paths_untold"))
    twigs: dict[str, Twig] = {}
    roots: list[Twig] = []
    for path in block.paths:
        for step in reversed(path):
            if step.target_id not in twigs:
                twigs[step.target_id] = _held(it, step.target, _say(it, "p_tier0"), "head")
                roots.append(twigs[step.target_id])
            if step.source_id in twigs:
                continue
            look = "holder" if step is path[0] else "nested"
            how = it.ours(step.how)
            note = f"{how} {it.inert(step.target, 120)}"
            twig = twigs[step.source_id] = _held(it, step.source, note, look)
            twigs[step.target_id].children.append(twig)
    plates, left = draw(
        roots,
        (_say(it, "c_held"), _say(it, "c_how")),
        lambda name: _say(it, "g_again", name=name),
        lambda count: _counted(it, "g_more", count),
    )
    more = [_counted(it, "lines_left", left)] if left else []
    if block.paths_left:
        more.append(_counted(it, "paths_left", block.paths_left))
    untold = max(0, len(block.paths) - _MOST_TOLD)
    return Drawn(
        said=_counted(it, "paths_said", len(block.paths) + block.paths_left),
        plates=plates,
        more=" ".join(more),
        told=Listed(
            shown=tuple(_sentence(it, path) for path in block.paths[:_MOST_TOLD]),
            more=_counted(it, "more", untold) if untold else "",
        ),
    )


def _held(it: Told, name: str, note: str, look: str) -> Twig:
    return Twig(
        text=it.inert(name, 120), note=note, look=look, is_group=look == "head", children=[]
    )


def _sentence(it: Told, path: Iterable[StepRow]) -> str:
    steps = list(path)
    said = [f"{it.ours(one.how)} {it.inert(one.target, 120)}" for one in steps]
    return f"{it.inert(steps[0].source, 120)} {_say(it, 'and_it').join(said)}."


def _say(it: Told, key: str, **values: str) -> str:
    return typeset(WORDS[key].say(it.language, values), it.language)


def _counted(it: Told, key: str, count: int) -> str:
    return typeset(agreed(key, count).say(it.language, {"count": it.number(count)}), it.language)
