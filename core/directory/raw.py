"""What a collection hands over: objects as the directory gave them, and how the reading went."""

from datetime import datetime

import msgspec


class RawObject(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One object. Everything in it is foreign."""

    context: int
    """Index in :attr:`Collection.contexts`."""
    dn: str
    attributes: dict[str, tuple[bytes, ...]]
    """Lower-case names without options; ranged values are joined. Absent: not there, or hidden."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One naming context."""

    dn: str
    kind: str
    """``domain``, ``configuration``, ``schema``, ``domain-dns``, ``forest-dns`` or ``other``."""
    server: str = ""
    """Host that was asked."""
    expected: int | None = None
    """Objects that the server says it holds, where it says."""
    read: int = 0
    descriptors: int = 0
    """Objects whose security descriptor came."""
    is_whole: bool = True
    why: str = ""
    """Reason id where it is not whole."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """One part that was asked for and did not come."""

    context: str
    what: str
    """Class or attribute."""
    why: str
    """Reason id, with its detail."""


class Readable(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute made for a password, filled in, that our account may read.

    Its value was never asked for.
    """

    dn: str
    attribute: str


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """How a collection went: the head of a snapshot."""

    schema: int = 1
    vigie_version: str
    forest: str
    """DNS name of the root domain."""
    root_dn: str
    account: str
    account_sid: str = ""
    source: str = ""
    """Our own address on the connection."""
    started_at: datetime
    finished_at: datetime | None = None
    """UTC; ``None``: interrupted."""
    contexts: tuple[Context, ...] = ()
    root_dse: dict[str, tuple[str, ...]] = {}
    """Of the server first asked; lower-case names."""
    controllers: dict[str, dict[str, tuple[str, ...]]] = {}
    """Host of each controller asked → its root DSE."""
    unread: tuple[Unread, ...] = ()
    readable: tuple[Readable, ...] | None = None
    """``None``: not asked, by a version that did not know how."""
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
