"""Observations to JSON and back, whatever their family."""

import functools
import importlib
import pkgutil
from typing import Any, Union

import msgspec

import core.observations
from core.observations.base import Observation


@functools.cache
def families() -> tuple[type[Observation], ...]:
    """Give every family of observation, found by walking the package; sorted by tag."""
    for module in pkgutil.iter_modules(core.observations.__path__):
        importlib.import_module(f"core.observations.{module.name}")
    found: list[type[Observation]] = []
    waiting = [Observation]
    while waiting:
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            found.append(child)
    return tuple(sorted(found, key=kind))


def kind(family: type[Observation]) -> str:
    """Give the tag by which a family is stored."""
    return str(family.__struct_config__.tag)


@functools.cache
def _decoder() -> "msgspec.json.Decoder[Any]":
    # A union of all families: msgspec picks the struct by its tag in one pass.
    return msgspec.json.Decoder(Union[families()])  # noqa: UP007 - known at run time alone


def encode(seen: Observation) -> bytes:
    """Give one observation as one line of JSON."""
    return msgspec.json.encode(seen)


def decode(line: bytes | str) -> Observation:
    """Read one observation back; raises ``msgspec.ValidationError`` on foreign bytes."""
    seen: Observation = _decoder().decode(line)
    return seen
