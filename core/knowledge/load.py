"""Reads the TOML beside it, on demand: ports, windows, care, TLS, and one file per product."""

import functools
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from core.knowledge.model import (
    CareIndicator,
    Front,
    Knowledge,
    PortFact,
    Product,
    WindowsBuild,
)
from core.knowledge.tls import SuiteFamily, TlsContext, TlsPolicy, TlsProfile, ValidityLimit
from core.knowledge.vetting import faults_of
from core.model import Criticality, Transport, Wording

_SCHEMA = 1


@functools.cache
def load_knowledge() -> Knowledge:
    """Give all built-in facts; raises ``ValueError`` naming the file on data that does not fit."""
    return read_knowledge(files("core.knowledge"))


def read_knowledge(folder: Traversable) -> Knowledge:
    """Give the facts that stand in a folder laid out like this package; same errors."""
    ports = _read(folder / "ports.toml", _Ports)
    windows = _read(folder / "windows.toml", _Windows)
    care = _read(folder / "care.toml", _Care)
    tls = _read(folder / "tls_policy.toml", _TlsPolicy)
    fronts = _read(folder / "fronts.toml", _Fronts)
    knowledge = Knowledge(
        compiled_on=ports.compiled_on,
        exploited_until=ports.exploited_until,
        ports=tuple(_with_advice(ports)),
        extra_tcp=ports.extra_tcp,
        extra_udp=ports.extra_udp,
        products=tuple(_products(folder / "products")),
        windows=windows.builds,
        windows_ignored=windows.ignored_versions,
        care=tuple(_indicators(care)),
        care_disclaimer=care.disclaimer,
        tls=TlsPolicy(
            compiled_on=tls.compiled_on,
            families=tls.families,
            profiles=tls.profiles,
            public_validity=tls.public_validity,
            contexts=tls.contexts,
        ),
        fronts=fronts.fronts,
    )
    for name, where in faults_of(knowledge):
        raise ValueError(f"{folder / where}: {name}")
    return knowledge


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int

    def __post_init__(self) -> None:
        if self.schema != _SCHEMA:
            raise ValueError(f"schema {self.schema} where {_SCHEMA} is read")


class _Port(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    # As PortFact, but its advice is the name of one: many ports share a sentence.
    port: int
    transport: Transport
    service: str
    criticality: Criticality
    quiet: str = ""
    egress: bool = False
    listed: bool = True
    products: tuple[str, ...] = ()
    advice: str
    confidence: str = "high"


class _Ports(_File, frozen=True, kw_only=True):
    compiled_on: date
    exploited_until: date | None = None
    extra_tcp: tuple[int, ...]
    extra_udp: tuple[int, ...] = ()
    advice: dict[str, Wording]
    ports: tuple[_Port, ...]


class _Windows(_File, frozen=True, kw_only=True):
    ignored_versions: tuple[str, ...]
    builds: tuple[WindowsBuild, ...]


class _Indicator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: Wording
    target: Wording
    official_ref: str = ""
    measured_by: tuple[str, ...]
    confidence: str


class _Objective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: Wording
    indicators: tuple[_Indicator, ...]


class _Domain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: Wording
    confidence: str
    objectives: tuple[_Objective, ...]


class _Care(_File, frozen=True, kw_only=True):
    disclaimer: Wording
    domains: tuple[_Domain, ...]


class _TlsPolicy(_File, frozen=True, kw_only=True):
    compiled_on: date
    families: tuple[SuiteFamily, ...]
    profiles: tuple[TlsProfile, ...]
    public_validity: tuple[ValidityLimit, ...]
    contexts: tuple[TlsContext, ...] = ()


class _Fronts(_File, frozen=True, kw_only=True):
    fronts: tuple[Front, ...]


class _ProductFile(_File, frozen=True, kw_only=True):
    product: Product


_Shape = TypeVar("_Shape")


def _read(file: Traversable, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), shape)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as fault:
        raise ValueError(f"{file}: {fault}") from fault


def _with_advice(read: _Ports) -> Iterator[PortFact]:
    for port in read.ports:
        advice = read.advice.get(port.advice)
        if advice is None:
            raise ValueError(f"ports.toml: port {port.port}: no advice named {port.advice!r}")
        yield PortFact(
            port=port.port,
            transport=port.transport,
            service=port.service,
            criticality=port.criticality,
            quiet=port.quiet,
            egress=port.egress,
            listed=port.listed,
            products=port.products,
            advice=advice,
            confidence=port.confidence,
        )


def _products(folder: Traversable) -> Iterator[Product]:
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        product = _read(file, _ProductFile).product
        if file.name != f"{product.id}.toml":
            raise ValueError(
                f"{file}: holds the product {product.id!r}; the file is named after it"
            )
        yield product


def _indicators(care: _Care) -> Iterator[CareIndicator]:
    for domain in care.domains:
        for objective in domain.objectives:
            for read in objective.indicators:
                yield CareIndicator(
                    id=read.id,
                    domain=domain.id,
                    objective=objective.label,
                    label=read.label,
                    target=read.target,
                    official_ref=read.official_ref,
                    measured_by=read.measured_by,
                    confidence=read.confidence,
                )
