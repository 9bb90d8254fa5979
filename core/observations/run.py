"""A whole run, folded when it ends."""

import msgspec

from core.model import Place
from core.observations.base import Observation


class SharedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One public key and every place that showed it."""

    spki_sha256: str
    places: tuple[Place, ...]


class RunSeen(Observation, frozen=True, kw_only=True, tag="run"):
    """What only the whole tells; its place is each establishment's."""

    shared_keys: tuple[SharedKey, ...] = ()
    """Keys seen on two addresses or more, of which one at least is this establishment's."""
