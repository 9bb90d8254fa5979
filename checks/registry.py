"""What a check is, and where all of them are: every module of this package that holds a ``CHECK``."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import checks
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict, Wording
from core.observations.base import Observation

Seen = TypeVar("Seen", bound=Observation | Directory)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check(Generic[Seen]):
    """One fault that can be told from one kind of observation, or from a directory."""

    id: str
    """``family.what-is-wrong``; names the fault; never renamed, never reused."""
    title_fr: str
    title_en: str
    risk_fr: str
    """One or two sentences for a director: what may happen."""
    risk_en: str
    criticality: Criticality
    """Default; a verdict may carry another, taken from data."""
    care: tuple[str, ...] = ()
    """CaRE indicator ids of ``core/knowledge/care.toml``."""
    references: tuple[str, ...] = ()
    remedy_fr: str
    """For an administrator: what to do, exactly."""
    remedy_en: str
    proofs: Mapping[str, Wording] = field(default_factory=lambda: MappingProxyType({}))
    """Wordings of the proofs that ``judge`` may give, by id."""
    reads: type[Seen]
    also_reads: tuple[type[Seen], ...] = ()
    """Other families from which the same fault is told, at places of their own."""
    judge: Callable[[Seen, Facts], Iterable[Verdict]]
    """Pure; nothing yielded means measured and clean."""
    flagged: tuple[Seen, ...]
    """Examples on which it must flag."""
    clean: tuple[Seen, ...]
    """Examples on which it must yield nothing."""
    unmeasured: tuple[Seen, ...] = ()
    """Examples on which it must yield ``NotMeasured`` and nothing else."""

    @property
    def families(self) -> tuple[type[Seen], ...]:
        """Every family that it reads."""
        return (self.reads, *self.also_reads)


@functools.cache
def all_checks() -> tuple[Check[Any], ...]:
    """Give every check, sorted by id."""
    found: list[Check[Any]] = []
    for module in pkgutil.walk_packages(checks.__path__, prefix="checks."):
        check: Check[Any] | None = getattr(importlib.import_module(module.name), "CHECK", None)
        if check is not None:
            found.append(check)
    return tuple(sorted(found, key=lambda check: check.id))


@functools.cache
def all_points() -> Mapping[str, Point]:
    """Give what each check of a directory is in the list of control points, by id of check."""
    found: dict[str, Point] = {}
    for module in pkgutil.walk_packages(checks.__path__, prefix="checks."):
        held = importlib.import_module(module.name)
        check: Check[Any] | None = getattr(held, "CHECK", None)
        point: Point | None = getattr(held, "POINT", None)
        if check is not None and point is not None:
            found[check.id] = point
    return MappingProxyType(dict(sorted(found.items())))


@functools.cache
def by_id() -> Mapping[str, Check[Any]]:
    """Give the catalogue by id."""
    return MappingProxyType({check.id: check for check in all_checks()})


@functools.cache
def reading(family: type[Observation] | type[Directory]) -> tuple[Check[Any], ...]:
    """Give the checks that read this family of observation."""
    return tuple(check for check in all_checks() if family in check.families)
