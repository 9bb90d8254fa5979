"""How a region runs its watch: one file of the operator's, beside the inventories.

Parsed by ``inventories.operations``. It says how and when; an inventory alone says whom Vigie may
talk to: each host named here must also stand under ``[services]`` of the GHT concerned.
"""

import msgspec


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """One operations file."""

    path: str
    inventories: tuple[str, ...] = ()
    """Paths of inventory files, one per GHT, absolute."""
