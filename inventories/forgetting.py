"""An inventory without one of its establishments: what stays when a hospital leaves."""

import ipaddress

import msgspec

from core.inventory import Establishment, Inventory


def without_establishment(inventory: Inventory, leaving: str) -> Inventory | None:
    """Give the inventory without an establishment and all that is about it; ``None``: none is left.

    What mandates and consents cover under its ranges and domains goes with it.
    """
    gone = next((one for one in inventory.establishments if one.id == leaving), None)
    if gone is None:
        return inventory
    left = tuple(one for one in inventory.establishments if one.id != leaving)
    if not left:
        return None
    mandates = tuple(
        msgspec.structs.replace(
            one,
            establishments=tuple(name for name in one.establishments if name != leaving),
            covers=_others(one.covers, gone),
        )
        for one in inventory.mandates
    )
    consents = tuple(
        msgspec.structs.replace(one, covers=_others(one.covers, gone)) for one in inventory.consents
    )
    return msgspec.structs.replace(
        inventory,
        establishments=left,
        # One given for the leaving establishment alone must not become everybody's.
        mandates=tuple(
            one
            for one, before in zip(mandates, inventory.mandates, strict=True)
            if one.establishments or (one.covers and not before.establishments)
        ),
        consents=tuple(one for one in consents if one.covers),
        expected=tuple(one for one in inventory.expected if not _is_of(one.asset, gone)),
        directories=tuple(one for one in inventory.directories if one.establishment != leaving),
        answers=tuple(one for one in inventory.answers if not _is_of(one.asset, gone)),
    )


def _others(covers: tuple[str, ...], gone: Establishment) -> tuple[str, ...]:
    return tuple(one for one in covers if not _is_of(one, gone))


def _is_of(written: str, gone: Establishment) -> bool:
    try:
        asset = ipaddress.ip_network(written)
    except ValueError:
        return any(
            written == domain or written.endswith(f".{domain}") for domain in gone.domains
        ) or written in {*gone.exclude, *gone.medical}
    for each in gone.ranges:
        around = ipaddress.ip_network(each)
        if asset.version == around.version and asset.subnet_of(around):  # type: ignore[arg-type]
            return True
    return False
