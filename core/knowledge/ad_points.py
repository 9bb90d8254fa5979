"""Reads ``ad_points.toml``: every control point of ANSSI's public list, judged by us or not yet."""

import functools
import tomllib
from datetime import date
from importlib.resources import files

import msgspec

from core.model import Wording

_SCHEMA = 1


class ListedPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point of the list."""

    id: str
    """``vuln_…``."""
    levels: tuple[int, ...]
    """Rising."""
    title_fr: str
    title_en: str

    @property
    def title(self) -> Wording:
        """Our own title of it."""
        return Wording(self.title_fr, self.title_en)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int
    compiled_on: date
    point: tuple[ListedPoint, ...]


@functools.cache
def load_ad_points() -> dict[str, ListedPoint]:
    """Give the points by id, sorted; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "ad_points.toml").read_text(encoding="utf-8")
    try:
        read = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"ad_points.toml: {fault}") from fault
    if read.schema != _SCHEMA:
        raise ValueError(f"ad_points.toml: schema {read.schema} where {_SCHEMA} is read")
    return {one.id: one for one in sorted(read.point, key=lambda one: one.id)}
