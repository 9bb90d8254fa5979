"""Reads ``mail.toml``: selectors of DKIM keys, and platforms that send for many customers."""

import functools
import tomllib
from datetime import date
from importlib.resources import files

import msgspec

_SCHEMA = 1


class Selectors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """DKIM selectors that a common sender uses unless told otherwise."""

    product: str
    names: tuple[str, ...]
    source: str


class Platform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that sends for many customers from the same addresses."""

    product: str
    includes: tuple[str, ...]
    """Domains that it tells its customers to include in their SPF."""
    source: str


class MailFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file tells."""

    schema: int
    compiled_on: date
    selectors: tuple[Selectors, ...]
    shared: tuple[Platform, ...] = ()

    def platforms(self) -> dict[str, str]:
        """Give each domain to include → its product."""
        return {name: one.product for one in self.shared for name in one.includes}

    def products_by_selector(self) -> dict[str, str]:
        """Give each selector once, in the order of the file, with the senders that use it."""
        products: dict[str, list[str]] = {}
        for one in self.selectors:
            for name in one.names:
                products.setdefault(name, []).append(one.product)
        return {name: ", ".join(many) for name, many in products.items()}


@functools.cache
def load_mail_facts() -> MailFacts:
    """Give the built-in facts; raises ``ValueError`` on data that does not fit."""
    text = (files("core.knowledge") / "mail.toml").read_text(encoding="utf-8")
    try:
        facts = msgspec.convert(tomllib.loads(text), MailFacts)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise ValueError(f"mail.toml: {fault}") from fault
    if facts.schema != _SCHEMA:
        raise ValueError(f"mail.toml: schema {facts.schema} where {_SCHEMA} is read")
    return facts
