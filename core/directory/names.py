"""What the zones that the directory holds answer for a host (MS-DNSP 2.2.2.2, 2.3.2).

A collection asks for a few names alone (those that delegation is about, the controllers', the top
of each zone): only these may be looked for.
"""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

import msgspec

from core.directory import decode
from core.directory.objects import Entry, Objects
from core.directory.zones import Zone

_HEAD = 24
_A, _NS, _AAAA, _DNAME, _WINS = 1, 2, 28, 39, 0xFF01
_A_BYTES, _AAAA_BYTES = 4, 16
_ZONE_TYPE = 0x1
_PRIMARY = b"\1\0\0\0"
_MOST_CHARACTERS = 255
_MOST_LABELS = 4
"""Of a name in its zone: longer ones are not asked for."""

Address = IPv4Address | IPv6Address


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a zone says of a name."""

    zone: Zone
    is_there: bool
    """Whether it has any record, of its own or by a wildcard."""
    addresses: tuple[Address, ...] = ()


class Names:
    """Names of the zones, as a DNS server would look for them."""

    def __init__(self, objects: Objects, zones: Iterable[Zone]) -> None:
        self._objects = objects
        self._zones: dict[str, list[Zone]] = {}
        for one in zones:
            self._zones.setdefault(one.name, []).append(one)
        self._nodes: dict[Zone, dict[str, Entry]] = {}

    def answer(self, host: str) -> Answer | str:
        """Give what the zone of a host says; a reason of :mod:`core.reasons` where none decides."""
        if len(host) > _MOST_CHARACTERS:
            return f"protocol-error: {host[:_MOST_CHARACTERS]}"
        labels = host.lower().rstrip(".").split(".")
        for at in range(len(labels)):
            zones = self._zones.get(".".join(labels[at:]))
            if zones:
                return self._within(zones, labels[:at])
        return f"referred-elsewhere: {host}"

    def _within(self, zones: list[Zone], labels: list[str]) -> Answer | str:
        for zone in zones:
            if not _is_primary(zone):
                return f"referred-elsewhere: {zone.entry.dn}"
            top = self._kinds(zone, "@")
            if not top:
                return f"hidden: {zone.entry.dn} (@)"
            if _WINS in top:
                return f"referred-elsewhere: {zone.entry.dn} (WINS)"
        if len(labels) > _MOST_LABELS:
            return f"gave-up: {'.'.join(labels)}.{zones[0].name}"
        above = [".".join(labels[at:]) for at in range(1, len(labels))]
        wild = (*(f"*.{one}" for one in above), "*") if labels else ()
        for zone in zones:
            for name in (".".join(labels) or "@", *wild):
                kinds = self._kinds(zone, name)
                if kinds is None:
                    return f"hidden: {zone.entry.dn} ({name})"
                if kinds:
                    return Answer(
                        zone=zone, is_there=True, addresses=tuple(self._addresses(zone, name))
                    )
            for name in above:
                if {_NS, _DNAME} & (self._kinds(zone, name) or set()):
                    return f"referred-elsewhere: {name}.{zone.name}"
        return Answer(zone=zones[0], is_there=False)

    def _node(self, zone: Zone, name: str) -> Entry | None:
        held = self._nodes.get(zone)
        if held is None:
            held = self._nodes[zone] = {
                (one.text("dc") or decode.first_part(one.dn)).lower(): one
                for one in self._objects.children(zone.entry)
                if one.kind == "dnsnode" and not one.is_deleted and not one.flag("dnstombstoned")
            }
        return held.get(name)

    def _kinds(self, zone: Zone, name: str) -> set[int] | None:
        """Give the types of the records of a name; ``None`` where they are hidden."""
        node = self._node(zone, name)
        if node is None:
            return set()
        values = node.raw("dnsrecord")
        # A record of type 0 says when the name was removed.
        return {read[0] for read in map(record_of, values) if read and read[0]} if values else None

    def _addresses(self, zone: Zone, name: str) -> Iterable[Address]:
        node = self._node(zone, name)
        for value in node.raw("dnsrecord") if node is not None else ():
            kind, data = record_of(value) or (0, b"")
            if kind == _A and len(data) == _A_BYTES:
                yield IPv4Address(data)
            elif kind == _AAAA and len(data) == _AAAA_BYTES:
                yield IPv6Address(data)


def record_of(value: bytes) -> tuple[int, bytes] | None:
    """Read one ``dnsRecord``: its type and its data; ``None`` when cut short."""
    if len(value) < _HEAD:
        return None
    length, kind = struct.unpack_from("<HH", value)
    data = value[_HEAD : _HEAD + length]
    return (kind, data) if len(data) == length else None


def _is_primary(zone: Zone) -> bool:
    """Whether the zone answers by itself: no stub, no forwarder, no copy of another's."""
    read = map(decode.dns_property, zone.entry.raw("dnsproperty"))
    kinds = [one[1][:4] for one in read if one is not None and one[0] == _ZONE_TYPE]
    return all(one == _PRIMARY for one in kinds)
