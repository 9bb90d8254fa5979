"""What a FHIR server declares of itself in its capability statement. Pure.

https://hl7.org/fhir/capabilitystatement.html. ``/metadata`` is public by design; it is all that is
ever asked, never a resource.
"""

import html
import re
from typing import NamedTuple

import msgspec

_TAG = re.compile(r"<[^<>]{0,500}>")
_KIND = re.compile(r'"resourceType"\s{0,5}:\s{0,5}"(?:CapabilityStatement|Conformance)"')
_VERSION = re.compile(r'"fhirVersion"\s{0,5}:\s{0,5}"([0-9A-Za-z.\-]{1,20})"')
_SHORT = re.compile(r"[^\x20-\x7e]+")


class Capabilities(NamedTuple):
    """A capability statement, as far as it was read."""

    fhir_version: str
    software: str
    security: tuple[str, ...] | None
    """Codes of the security services declared, sorted; empty: none is; ``None``: not read."""


class _Coding(msgspec.Struct):
    code: str = ""


class _Concept(msgspec.Struct):
    coding: list[_Coding] = []
    text: str = ""


class _Security(msgspec.Struct):
    service: list[_Concept] = []
    description: str = ""


class _Rest(msgspec.Struct):
    mode: str = ""
    security: _Security | None = None


class _Software(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Statement(msgspec.Struct):
    kind: str = msgspec.field(name="resourceType", default="")
    fhir_version: str = msgspec.field(name="fhirVersion", default="")
    software: _Software | None = None
    rest: list[_Rest] = []


def read_capabilities(body: bytes) -> Capabilities | None:
    """Read a statement, whole or cut, as JSON or as a page that shows it; ``None`` for others."""
    try:
        whole = msgspec.json.decode(body, type=_Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _glimpsed(body)
    if whole.kind not in {"CapabilityStatement", "Conformance"}:
        return None
    told = whole.software or _Software()
    services = {
        _plain(code)
        for rest in whole.rest
        if rest.security is not None
        for service in rest.security.service
        for code in ([one.code for one in service.coding] or [service.text])
        if code
    }
    return Capabilities(
        _plain(whole.fhir_version),
        _plain(f"{told.name} {told.version}"),
        tuple(sorted(services)) if whole.rest else None,
    )


def _glimpsed(body: bytes) -> Capabilities | None:
    """Read what the beginning of a statement, or a page around it, still tells."""
    text = html.unescape(_TAG.sub("", body[:262_144].decode("utf-8", "replace")))
    if _KIND.search(text) is None:
        return None
    version = _VERSION.search(text)
    return Capabilities(version[1] if version else "", "", None)


def _plain(text: str) -> str:
    return _SHORT.sub(" ", text).strip()[:60]
