"""Reads ``domains.toml``: the anchors of the root, and hosting whose names come free again."""

import functools
import tomllib
from datetime import date
from importlib.resources import files
from typing import Literal

import msgspec

_SCHEMA = 2


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key of the root, as its DS."""

    ds: str
    source: str


class Hosting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosting under whose names the alias of a site that is gone may be left behind."""

    product: str
    suffixes: tuple[str, ...]
    told_by: Literal["dns", "host"]
    """Whether the DNS shows that a site is gone, or its host's page alone."""
    claim: Literal["anyone", "proof", "random"]
    """Who may have a name that came free."""
    confidence: Literal["sourced", "partly_sourced"]
    source: str


class DomainFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file tells."""

    schema: int
    compiled_on: date
    anchors: tuple[Anchor, ...]
    hosting: tuple[Hosting, ...]

    def hosted(self, name: str) -> Hosting | None:
        """Give the hosting under whose names a host stands; ``None`` when none is known."""
        for one in self.hosting:
            if any(name.endswith(f".{suffix}") for suffix in one.suffixes):
                return one
        return None


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
