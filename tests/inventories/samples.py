"""Inventories for tests, built as types or as text."""

from datetime import date

from core.inventory import Consent, Establishment, Ght, Inventory, Mandate
from core.model import Intensity

HEAD = """schema = 1
[ght]
id = "g"
name = "G"
"""


def mandate(**changes: object) -> Mandate:
    """Give a mandate over establishment ``a`` for 2026, any time, standard."""
    usual: dict[str, object] = {
        "establishments": ("a",),
        "signed_by": "x",
        "document": "m.pdf",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "intensity": Intensity.STANDARD,
    }
    return Mandate(**{**usual, **changes})  # type: ignore[arg-type]


def consent(**changes: object) -> Consent:
    """Give a discreet consent for 2026 over 203.0.113.32/28."""
    usual: dict[str, object] = {
        "holder": "h",
        "covers": ("203.0.113.32/28",),
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "intensity": Intensity.DISCREET,
    }
    return Consent(**{**usual, **changes})  # type: ignore[arg-type]


def establishment(**changes: object) -> Establishment:
    """Give establishment ``a``: 203.0.113.0/24 and chu.example."""
    usual: dict[str, object] = {
        "id": "a",
        "name": "A",
        "ranges": ("203.0.113.0/24",),
        "domains": ("chu.example",),
    }
    return Establishment(**{**usual, **changes})  # type: ignore[arg-type]


def inventory(
    *mandates: Mandate,
    establishments: tuple[Establishment, ...] | None = None,
    consents: tuple[Consent, ...] = (),
    lab: bool = False,
    timezone: str = "Europe/Paris",
) -> Inventory:
    """Give an inventory with these mandates."""
    return Inventory(
        path="i.toml",
        lab=lab,
        ght=Ght(id="g", name="G", timezone=timezone),
        establishments=(establishment(),) if establishments is None else establishments,
        mandates=mandates,
        consents=consents,
    )
