"""Host names in their one form: ASCII (IDNA 2008), lower case, no trailing dot."""

import functools
import re

import idna

_CANONICAL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A last label that is a number makes an address for many resolvers (WHATWG URL, « ends in a number
»).
"""


@functools.lru_cache(maxsize=16_384)
def canonical_name(text: str) -> str | None:
    """Give the name as it is compared and dialled; ``None`` for what is no host name."""
    name = text.strip().removesuffix(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii").lower().removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(name) > 253 or not _CANONICAL.fullmatch(name) or _NUMERIC_END.fullmatch(name):
        return None
    if any(label.startswith("-") or label.endswith("-") for label in name.split(".")):
        return None
    return name


def suffixes(name: str) -> tuple[str, ...]:
    """Give a name and every name above it, longest first: ``a.b.example``, ``b.example``,
    ``example``.
    """
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))


def is_under(name: str, domain: str) -> bool:
    """Tell whether a canonical name is a domain or below it."""
    return name == domain or name.endswith(f".{domain}")
