"""What a collection asks: nothing that makes a controller search without its indexes."""

import re

import pytest

from ad_audit.attributes import PARTS, SCHEMA_PARTS, Part, nodes_named

_INDEXED = frozenset({"objectclass", "objectcategory", "name"})
"""On every controller ([MS-ADTS] 3.1.1.2.3.4, fATTINDEX)."""
_ASSERTION = re.compile(r"\(([A-Za-z0-9-]+)=([^()]*)\)")


@pytest.mark.parametrize(
    "part", [*SCHEMA_PARTS, *PARTS, nodes_named(["a*b", "(c)"])], ids=lambda one: one.name
)
def test_a_filter_is_indexed(part: Part) -> None:
    held = _ASSERTION.findall(part.filter)
    assert held
    # Neither a bit rule (IN_CHAIN is one), nor a negation, nor a part of a value.
    assert ":=" not in part.filter
    assert "!" not in part.filter
    assert not [value for _, value in held if "*" in value and value != "*"]
    # One indexed term is enough in an AND; each must be in an OR.
    names = [name.lower() for name, _ in held]
    assert _INDEXED & {names[0]} if part.filter.startswith("(&") else set(names) <= _INDEXED
