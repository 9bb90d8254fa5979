"""Every probe, found by walking this package."""

import functools
import importlib
import pkgutil

import scanner.probes
from core.model import Transport
from scanner.visit import Probe


@functools.cache
def all_probes() -> tuple[Probe, ...]:
    """Give every probe: those with a rank first, in that order, then by name."""
    found: list[Probe] = []
    for module in pkgutil.iter_modules(scanner.probes.__path__):
        probe = getattr(importlib.import_module(f"scanner.probes.{module.name}"), "PROBE", None)
        if isinstance(probe, Probe):
            found.append(probe)
    return tuple(sorted(found, key=lambda probe: (probe.rank is None, probe.rank or 0, probe.name)))


@functools.cache
def stream_probes() -> tuple[Probe, ...]:
    """Give those that speak over TCP, in the same order."""
    return tuple(probe for probe in all_probes() if probe.transport is Transport.TCP)


@functools.cache
def datagram_probes() -> tuple[Probe, ...]:
    """Give those that ask over UDP, in the same order."""
    return tuple(probe for probe in all_probes() if probe.transport is Transport.UDP)
