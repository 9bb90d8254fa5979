"""Reads ``cadence.toml``: how often each kind of target is measured again."""

import functools
import tomllib
from datetime import date, timedelta
from importlib.resources import files

import msgspec

from core.cadence import Cadence, Tier, parse_span

_SCHEMA = 1


class _Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    period: str
    spread: float
    source: str


class _Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fastest: str
    source: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int
    compiled_on: date
    gather: float
    run: str
    retry: str
    silences: int
    tiers: dict[str, _Tier]
    families: dict[str, _Family]


@functools.cache
def load_cadence() -> Cadence:
    """Give the paces; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "cadence.toml").read_text(encoding="utf-8")
    try:
        read = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"cadence.toml: {fault}") from fault
    if read.schema != _SCHEMA:
        raise ValueError(f"cadence.toml: schema {read.schema} where {_SCHEMA} is read")
    return Cadence(
        tiers={
            name: Tier(id=name, period=_span(one.period), spread=one.spread)
            for name, one in read.tiers.items()
        },
        fastest={name: _span(one.fastest) for name, one in read.families.items()},
        gather=read.gather,
        run=_span(read.run),
        retry=_span(read.retry),
        silences=read.silences,
    )


def _span(text: str) -> timedelta:
    span = parse_span(text)
    if span is None:
        raise ValueError(f"cadence.toml: {text!r} is no length of time")
    return span
