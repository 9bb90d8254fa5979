"""A forest as one run read and judged it: the snapshots it rests on, each point, the privileged.

The snapshots are the observation itself; they stay where they are, known by their digest.
"""

from datetime import datetime

import msgspec

from core.directory.raw import Collection
from core.observations.base import Observation


class SnapshotRead(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot that was analysed."""

    path: str
    sha256: str
    collection: Collection
    """How the collection went, without the root DSEs."""


class PointSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one point over the whole forest."""

    id: str
    """``vuln_…``, ``warning_…``, ``info_…``; our own beyond the list."""
    check: str = ""
    """Empty: no check judges it yet."""
    levels: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    status: str
    """``passed``, ``failed`` or ``not_evaluated``."""
    why: str = ""
    """Reason of :mod:`core.reasons`; beside a failure: what was not seen besides."""
    objects: tuple[str, ...] = ()
    """DN of all that is at fault."""
    condition: str
    effort: int = 2
    query: str = ""
    bases: tuple[str, ...] = ()
    """DNs, those of this forest."""


class PrivilegedSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One privileged account. Dates are UTC; ``None``: never, or hidden."""

    dn: str
    sid: str
    name: str
    domain: str
    kind: str
    """``user``, ``computer``, ``managed`` or ``foreign``."""
    via: tuple[str, ...]
    """Names of the groups, from the one that it is in up to one of the definition."""
    enabled: bool
    created: datetime | None = None
    last_logon: datetime | None = None
    password_set: datetime | None = None
    password_never_expires: bool = False
    password_not_required: bool = False
    no_preauth: bool = False
    protected_users: bool = False
    smartcard: bool = False
    not_delegated: bool = False
    delegation: str = ""
    """``unconstrained``, ``constrained``, ``transition`` or empty."""
    spns: tuple[str, ...] = ()
    owner: str = ""
    """Who owns its descriptor: DN, or SID."""


class GroupSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One privileged group."""

    dn: str
    name: str
    domain: str
    is_head: bool
    """One of the definition; false: nested in one of those."""
    members: tuple[str, ...]
    """DN of its direct members: groups too, and those that were not collected."""


class StepSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a path of control."""

    source: str
    """Its name."""
    source_id: str
    """DN, or SID where there is no object."""
    how: str
    """Code of :func:`core.directory.words.words_by_code`."""
    target: str
    target_id: str


class DirectoryAudited(Observation, frozen=True, kw_only=True, tag="directory-audited"):
    """One forest, judged; one per run."""

    forest: str
    domains: tuple[str, ...]
    role: str = "production"
    level: int
    level_is: str
    list_edition: str
    points: tuple[PointSeen, ...]
    privileged: tuple[PrivilegedSeen, ...]
    snapshots: tuple[SnapshotRead, ...]
    groups: tuple[GroupSeen, ...] = ()
    paths: tuple[tuple[StepSeen, ...], ...] = ()
    """Shortest paths to tier 0 from those outside the privileged groups, the nearest first."""
    paths_left: int = 0
    """How many more there are, not kept."""
    paths_why: str = ""
    """Reason of :mod:`core.reasons` where they were not computed."""
