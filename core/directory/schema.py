"""What the live schema says: GUIDs of classes, attributes and rights, LAPS, default descriptors."""

import msgspec

from core.directory import guids
from core.directory.objects import Entry, Objects

CONFIDENTIAL = 0x80
"""Bit of searchFlags: reading needs more than read property."""
_LAPS_LEGACY = ("ms-mcs-admpwd",)
_LAPS = (
    "mslaps-password",
    "mslaps-encryptedpassword",
    "mslaps-encryptedpasswordhistory",
    "mslaps-encrypteddsrmpassword",
    "mslaps-encrypteddsrmpasswordhistory",
)


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute of the schema."""

    name: str
    guid: str
    property_set: str = ""
    """GUID; empty: in none."""
    search_flags: int = 0
    is_live: bool = True
    """False: from our own table, as the schema was not read."""

    @property
    def is_confidential(self) -> bool:
        """Whether read property alone does not show it."""
        return bool(self.search_flags & CONFIDENTIAL)


class Schema:
    """Names to GUIDs and back."""

    def __init__(self, objects: Objects) -> None:
        self.classes: dict[str, str] = dict(guids.CLASSES)
        """Lower-case LDAP name → GUID."""
        self.attributes: dict[str, Attribute] = {
            name: Attribute(
                name=name, guid=guid, property_set=guids.SET_OF.get(name, ""), is_live=False
            )
            for name, guid in guids.ATTRIBUTES.items()
        }
        self.rights: dict[str, str] = dict(guids.RIGHTS)
        """Name of an extended right, validated write or property set → GUID."""
        self.is_read = False
        """Whether the schema itself was read."""
        self.class_entries: dict[str, Entry] = {}
        """Lower-case LDAP name → object that defines the class."""
        for entry in objects.of("classschema"):
            name, guid = _named(entry)
            if name and guid:
                self.classes[name] = guid
                self.class_entries[name] = entry
                self.is_read = True
        for entry in objects.of("attributeschema"):
            name, guid = _named(entry)
            if name and guid:
                values = entry.raw("attributesecurityguid")
                self.attributes[name] = Attribute(
                    name=name,
                    guid=guid,
                    property_set=(guids.from_bytes(values[0]) or "") if values else "",
                    search_flags=entry.number("searchflags") or 0,
                )
                self.is_read = True
        for entry in objects.of("controlaccessright"):
            guid = entry.text("rightsguid").lower()
            if guids.is_guid(guid):
                self.rights[entry.text("cn") or entry.name] = guid.strip("{}")
        self._names: dict[str, str] = {}
        for table in (guids.VALIDATED, guids.SETS, self.rights, self.classes):
            self._names.update({guid: name for name, guid in table.items()})
        self._names.update({one.guid: one.name for one in self.attributes.values()})

    def has_class(self, name: str) -> bool:
        """Whether the schema has a class; not known otherwise where it was not read."""
        return name in self.class_entries or not self.is_read

    def name_of(self, guid: str) -> str:
        """Give what a GUID stands for; itself where unknown."""
        return self._names.get(guid, guid)

    def granting(self, attribute: str) -> frozenset[str]:
        """Give the GUIDs by which an entry reaches an attribute: its own, that of its set."""
        known = self.attributes.get(attribute)
        if known is None:
            return frozenset()
        return frozenset({known.guid, known.property_set} - {""})

    @property
    def laps_legacy(self) -> bool:
        """Whether the first LAPS is in the schema."""
        return any(name in self.attributes for name in _LAPS_LEGACY)

    @property
    def laps(self) -> bool:
        """Whether Windows LAPS is in the schema."""
        return any(name in self.attributes for name in _LAPS)

    @property
    def laps_guids(self) -> frozenset[str]:
        """GUIDs of the attributes that hold a local password, and of their sets."""
        return frozenset(guid for name in (*_LAPS_LEGACY, *_LAPS) for guid in self.granting(name))


def _named(entry: Entry) -> tuple[str, str]:
    values = entry.raw("schemaidguid")
    return entry.text("ldapdisplayname").lower(), (
        guids.from_bytes(values[0]) or ""
    ) if values else ""
