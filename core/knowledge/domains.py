"""Reads ``domains.toml``: hosting whose names come free again."""

import functools
import tomllib
from datetime import date
from importlib.resources import files

import msgspec

_SCHEMA = 1


class Takeover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosting whose names, once they no longer exist, any customer may take."""

    product: str
    suffixes: tuple[str, ...]
    source: str


class DomainFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file tells."""

    schema: int
    compiled_on: date
    takeovers: tuple[Takeover, ...]

    def takeover(self, host: str) -> str:
        """Give the product under whose names a host stands; empty when none is known."""
        for one in self.takeovers:
            if any(host.endswith(f".{suffix}") for suffix in one.suffixes):
                return one.product
        return ""


@functools.cache
def load_domain_facts() -> DomainFacts:
    """Give the built-in facts; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "domains.toml").read_text(encoding="utf-8")
    try:
        facts = msgspec.convert(tomllib.loads(text), DomainFacts)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"domains.toml: {fault}") from fault
    if facts.schema != _SCHEMA:
        raise ValueError(f"domains.toml: schema {facts.schema} where {_SCHEMA} is read")
    return facts
