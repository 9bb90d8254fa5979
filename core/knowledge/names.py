"""Reads ``names.toml``: how French hospitals name their hosts, and how such names vary."""

import functools
import tomllib
from datetime import date
from importlib.resources import files

import msgspec

_SCHEMA = 1


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First labels of one kind of host, the likeliest first."""

    category: str
    words: tuple[str, ...]


class Variants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands before, behind or in the place of a part of a name."""

    stages: tuple[str, ...]
    """Test, acceptance, production: put before or behind, and exchanged for one another."""
    numbers: tuple[str, ...]
    """Put behind a name without one."""
    sites: tuple[str, ...]
    """Codes of places and networks, put before or behind."""
    separators: tuple[str, ...]


class NameFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file tells."""

    schema: int
    compiled_on: date
    labels: tuple[Words, ...]
    below: tuple[str, ...]
    """Tried under a name found that has names of its own; few: there are many such names."""
    services: tuple[str, ...]
    """Owners of SRV records (RFC 2782), without the domain."""
    variants: Variants

    def words(self) -> tuple[str, ...]:
        """Give each first label once, in the order of the file."""
        return tuple(dict.fromkeys(word for one in self.labels for word in one.words))


@functools.cache
def load_name_facts() -> NameFacts:
    """Give the built-in facts; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "names.toml").read_text(encoding="utf-8")
    try:
        facts = msgspec.convert(tomllib.loads(text), NameFacts)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"names.toml: {fault}") from fault
    if facts.schema != _SCHEMA:
        raise ValueError(f"names.toml: schema {facts.schema} where {_SCHEMA} is read")
    return facts
