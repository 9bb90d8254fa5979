"""Puts a hostile string in every text of a structure, whatever its fields are called."""

from typing import TypeVar

import msgspec

Made = TypeVar("Made", bound=msgspec.Struct)

STRINGS = (
    "<script>alert(1)</script>",
    "</script></style></title></bdi><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)> ' onmouseover='x",
    "{{ 7*7 }}{% include 'x' %}${7*7}",
    "]]>--><!-- <plaintext>",
    "\u202eetirovaf\u202c \u2066\u2067\u200f\u061c \u200b\ufeff",
    "nul\x00 esc\x1b[31m bell\x07 del\x7f c1\x9b cr\r\nlf\ttab \u2028\u2029",
    "\ud800 lone \udfff surrogates",
    "e" + "\u0301" * 500,
    '=HYPERLINK("http://evil.example")',
    "`backticks` ``` and {braces} {0} %s",
    "javascript:alert(1)",
    "",
    " ",
)
HUGE = "<b>é\u202e\x00" * (1_048_576 // 6)


def poisoned(value: Made, text: str) -> Made:
    """Give the same structure, every free text replaced."""
    return _walk(value, text)  # type: ignore[return-value]


def _walk(value: object, text: str) -> object:
    if isinstance(value, msgspec.Struct):
        changed = {
            name: _walk(getattr(value, name), text)
            for name in value.__struct_fields__
            if name != "schema"
        }
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_walk(each, text) for each in value)
    if isinstance(value, dict):
        return {key: _walk(held, text) for key, held in value.items()} | (
            {text: 3} if value and all(isinstance(held, int) for held in value.values()) else {}
        )
    return value
