"""``findings.json``: the results as the contract ``vigie.findings/1`` says, whole and uncut."""

import re
from datetime import UTC, datetime
from typing import cast

import msgspec

from core.results import Results

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(results: Results) -> bytes:
    """Give indented UTF-8 JSON with a final line end, ISO 8601 UTC times, no absent field.

    Everything is kept at its full length. The one change: a lone surrogate, which no UTF-8 file can
    hold, becomes U+FFFD.
    """
    plain = msgspec.to_builtins(results, builtin_types=(datetime,))
    for added in ("passive", "tls", "names", "hunts", "to_confirm", "directory"):
        if not plain[added]:
            del plain[added]
    return msgspec.json.format(msgspec.json.encode(_clean(plain)), indent=2) + b"\n"


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, dict):
        held = cast("dict[object, object]", value)
        return {_clean(key): _clean(each) for key, each in held.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(each) for each in cast("list[object]", value)]
    return value
