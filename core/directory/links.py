"""Group policy: what is linked where, and what reaches an object (MS-GPOL 3.2.5.1)."""

import re
from collections.abc import Iterator

import msgspec

from core.directory import flags
from core.directory.objects import Entry, Objects

_LINK = re.compile(r"\[LDAP://([^;\]]{1,1024});(\d{1,10})\]", re.IGNORECASE)
_BLOCKED = 1
_DEEPEST = 128


class Link(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One link from a domain, an organisational unit or a site to a GPO."""

    place: Entry
    gpo_dn: str
    gpo: Entry | None
    """Absent: the GPO is gone, or hidden."""
    options: int

    @property
    def is_disabled(self) -> bool:
        """Whether the link itself is off."""
        return bool(self.options & flags.LINK_DISABLED)

    @property
    def is_enforced(self) -> bool:
        """Whether it passes where inheritance is blocked."""
        return bool(self.options & flags.LINK_ENFORCED)


class Links:
    """Links read once, and what reaches each container."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._read: dict[int, tuple[Link, ...]] = {}
        self._reaching: dict[int, tuple[Link, ...]] = {}

    def of(self, place: Entry) -> tuple[Link, ...]:
        """Give the links of a domain, an organisational unit or a site, disabled ones included."""
        found = self._read.get(place.row)
        if found is None:
            found = tuple(self._parsed(place))
            self._read[place.row] = found
        return found

    def every(self) -> Iterator[Link]:
        """Give every link of the forest."""
        for place in self._objects.having("gplink"):
            yield from self.of(place)

    def reaching(self, entry: Entry, site: Entry | None = None) -> tuple[Link, ...]:
        """Give the links whose GPO reaches what lies where an object lies, the nearest first.

        Disabled links and what a block of inheritance stops are left out. Security filtering, WMI
        filters and the parts that a GPO switches off are not considered: whoever edits the GPO may
        change them. Site links count for the ``site`` that is given.
        """
        above = entry.parent
        found = self._at(above) if above is not None else ()
        if site is not None:
            blocked = above is not None and self._is_blocked(above)
            found += tuple(
                one
                for one in self.of(site)
                if not one.is_disabled and (one.is_enforced or not blocked)
            )
        return found

    def _at(self, place: Entry) -> tuple[Link, ...]:
        found = self._reaching.get(place.row)
        if found is not None:
            return found
        links: list[Link] = []
        blocked = False
        for at in self._upwards(place):
            links += (
                one
                for one in self.of(at)
                if not one.is_disabled and (one.is_enforced or not blocked)
            )
            blocked = blocked or at.number("gpoptions") == _BLOCKED
        found = self._reaching[place.row] = tuple(links)
        return found

    def _is_blocked(self, place: Entry) -> bool:
        return any(at.number("gpoptions") == _BLOCKED for at in self._upwards(place))

    def _upwards(self, place: Entry) -> Iterator[Entry]:
        """Give a container and those above it, up to the head of its domain."""
        home = place.domain
        at: Entry | None = place
        for _ in range(_DEEPEST):
            if at is None:
                return
            yield at
            if home is not None and at.dn.lower() == home.dn.lower():
                return
            at = at.parent

    def _parsed(self, place: Entry) -> Iterator[Link]:
        for dn, options in _LINK.findall(place.text("gplink")):
            yield Link(place=place, gpo_dn=dn, gpo=self._objects.by_dn(dn), options=int(options))
