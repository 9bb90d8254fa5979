"""DNS zones that the directory holds, and who may update them (MS-DNSP 2.3.2.1)."""

import msgspec

from core.directory import decode
from core.directory.objects import Entry, Objects

_UNREAL = frozenset({"rootdnsservers", "..trustanchors", "..cache", "..rootdnsservers"})


class Zone(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One zone."""

    entry: Entry
    name: str
    """Lower case, without trailing dot."""
    update: int | None
    """``decode.UPDATE_OFF``, ``UPDATE_UNSECURE`` or ``UPDATE_SECURE``; ``None`` where hidden."""
    is_spoilt: bool
    """Some of its properties make no sense."""
    is_of_directory: bool
    """It is that of a domain of the forest, or its ``_msdcs``."""


def find_zones(objects: Objects) -> tuple[Zone, ...]:
    """Give every zone, those that are no zones (root hints, trust anchors) left out."""
    names = {one.name for one in objects.domains}
    own = names | {f"_msdcs.{one}" for one in names}
    found: list[Zone] = []
    for entry in objects.of("dnszone"):
        name = (entry.text("dc") or decode.first_part(entry.dn)).lower().rstrip(".")
        if name in _UNREAL or name.startswith(".."):
            continue
        read = [decode.dns_property(one) for one in entry.raw("dnsproperty")]
        updates = [
            int.from_bytes(one[1][:4], "little")
            for one in read
            if one is not None and one[0] == decode.ALLOW_UPDATE and one[1]
        ]
        found.append(
            Zone(
                entry=entry,
                name=name,
                update=updates[0] if updates else None,
                is_spoilt=any(one is None for one in read),
                is_of_directory=name in own,
            )
        )
    return tuple(found)
