"""Entries of descriptors, looked for over the whole forest: each distinct descriptor once."""

from collections.abc import Callable, Iterator

from checks.ad._shared.verdicts import Found, gaps
from core.directory.descriptors import Ace
from core.directory.forest import Directory
from core.model import Proof, Verdict, Wording

ACES = {
    "entry": Wording(
        "{dn} : entrée pour {who} (droits 0x{mask}, objet {type}).",
        "{dn}: entry for {who} (rights 0x{mask}, object {type}).",
    ),
}
"""Wording of :func:`holding`."""


def holding(forest: Directory, wanted: Callable[[Ace], bool]) -> Iterator[Found]:
    """Give each object that has such an entry of its own (not handed down), with the first one."""
    fitting = {
        at: ace
        for at, descriptor in enumerate(forest.descriptors)
        for ace in descriptor.aces[::-1]
        if not ace.is_inherited and wanted(ace)
    }
    if not fitting:
        return
    for row, at in enumerate(forest.descriptor_ids):
        ace = fitting.get(at)
        if ace is not None and row not in forest.deleted_rows:
            entry = forest.entry(row)
            values = {
                "dn": entry.dn,
                "who": forest.name_of(ace.trustee, entry.domain),
                "mask": f"{ace.mask:x}",
                "type": forest.schema.name_of(ace.object_type) if ace.object_type else "—",
            }
            yield entry, Proof("entry", values)


def unseen(forest: Directory) -> Iterator[Verdict]:
    """Tell, by domain and for the rest of the forest, that some descriptors did not come."""
    for kind in ("domain", "configuration", "schema"):
        yield from gaps(forest, kind, "ntsecuritydescriptor")
