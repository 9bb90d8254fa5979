"""A whole run, folded when it ends."""

import msgspec

from core.model import Place
from core.observations.base import Observation


class SharedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One public key and every place that showed it."""

    spki_sha256: str
    places: tuple[Place, ...]


class BorrowedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One public key that an SSLv2 service shows, and other services too."""

    spki_sha256: str
    sslv2: tuple[Place, ...]
    """Where SSLv2 answered with it."""
    has_export: bool
    """One of those agreed to EXPORT kinds: DROWN is proved."""
    others: tuple[Place, ...]
    """Where else it serves; ports of one address count apart."""


class RunSeen(Observation, frozen=True, kw_only=True, tag="run"):
    """What only the whole tells; its place is each establishment's."""

    shared_keys: tuple[SharedKey, ...] = ()
    """Keys seen on two addresses or more, of which one at least is this establishment's."""
    borrowed_keys: tuple[BorrowedKey, ...] = ()
    """Keys of this establishment's services that an SSLv2 service shows as well."""
