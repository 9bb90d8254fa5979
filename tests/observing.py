"""Hypothesis strategies for observations, built from their types: new fields are drawn too."""

import functools
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from core.model import Place, Transport
from core.observations.base import Observation
from core.reasons import _REASONS

_TEXT = st.text(max_size=40)
_AT = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_PLACES = st.builds(
    Place,
    establishment=st.just("chu-exemple"),
    ip=st.sampled_from(["203.0.113.10", "203.0.113.11", "2001:db8::1"]),
    port=st.integers(1, 65535),
    transport=st.just(Transport.TCP),
    hostname=st.none() | st.just("portail.chu.example"),
)
_PROTOCOLS = st.sampled_from(
    """rdp vnc ssh telnet ftp smtp imap pop3 http smb ldap postgresql mysql redis memcached mongodb
    x11 rsync winrm dns msrpc ike openvpn l2tp pptp sstp unknown""".split()  # noqa: SIM905 - read as a list of words
)


@functools.cache
def observations(family: type[Observation]) -> st.SearchStrategy[Any]:
    """Give anything that the type of an observation allows."""
    return _struct(family)


def _struct(cls: type[Any]) -> st.SearchStrategy[Any]:
    if cls is Place:
        return _PLACES
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in info.fields:
        if field.name == "why" and isinstance(field.type, inspect.StrType):
            fields["why"] = st.sampled_from(["", *sorted(_REASONS)])
        elif field.name == "why":
            fields["why"] = st.dictionaries(
                st.sampled_from([one.name for one in info.fields]),
                st.sampled_from(sorted(_REASONS)),
            )
        elif field.name in {"unanswered", "left_out"}:
            fields[field.name] = st.dictionaries(_TEXT, st.sampled_from(sorted(_REASONS)))
        elif field.name == "protocol":
            fields["protocol"] = _PROTOCOLS
        else:
            fields[field.name] = _of(field.type)
    return st.builds(cls, **fields)


def _of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _struct(kind.cls)
        case inspect.UnionType():
            return st.one_of(*map(_of, kind.types))
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.VarTupleType():
            return st.lists(_of(kind.item_type), max_size=3).map(tuple)
        case inspect.TupleType():
            return st.tuples(*map(_of, kind.item_types))
        case inspect.DictType():
            return st.dictionaries(_of(kind.key_type), _of(kind.value_type), max_size=3)
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(-(2**31), 2**40)
        case inspect.FloatType():
            return st.floats(allow_nan=False)
        case inspect.StrType():
            return _TEXT
        case inspect.BytesType():
            return st.binary(max_size=40)
        case inspect.DateTimeType():
            return _AT
        case inspect.DateType():
            return st.dates()
        case _:
            raise msgspec.ValidationError(f"no strategy for {kind}")
