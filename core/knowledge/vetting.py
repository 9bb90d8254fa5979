"""What types cannot say of the data: closed words, and patterns that cannot be made slow."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from core.knowledge.model import SIGNAL_KINDS, Knowledge, Product, Signal
from core.knowledge.tls import TlsPolicy

_LONG = frozenset({"http_body", "http_script"})
_QUIET = frozenset({"", "print", "mllp", "industrial", "dicom", "serial"})
_CARE = frozenset({"sourced", "partly_sourced", "inferred", "product_default", "unknown"})
_SURE = frozenset({"high", "medium", "low"})
_ID = re.compile(r"[a-z][a-z0-9_]{1,60}\Z")


def faults_of(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Give each fault as a sentence and the file that it stands in."""
    yield from ((fault, "ports.toml") for fault in _port_faults(knowledge))
    for indicator in knowledge.care:
        if indicator.confidence not in _CARE:
            yield f"{indicator.id}: unknown confidence {indicator.confidence!r}", "care.toml"
    for build, count in Counter(build.build for build in knowledge.windows).items():
        if count > 1:
            yield f"build {build} stands {count} times", "windows.toml"
    yield from ((fault, "tls_policy.toml") for fault in _tls_faults(knowledge.tls))
    for product in knowledge.products:
        for fault in _product_faults(product):
            yield fault, f"products/{product.id}.toml"


def _tls_faults(policy: TlsPolicy) -> Iterator[str]:
    if not policy.profiles:
        yield "no profile"
    for family in policy.families:
        fault = pattern_fault(family.pattern, long_text=False)
        if fault:
            yield f"{family.fault}: {fault}"
    for profile in policy.profiles:
        if profile.server_order not in {"always", "when-degraded"}:
            yield f"{profile.id}: unknown server_order {profile.server_order!r}"
        if profile.confidence not in _SURE:
            yield f"{profile.id}: unknown confidence {profile.confidence!r}"
        for pattern in (profile.recommended, profile.tolerated, profile.weak_groups):
            fault = pattern_fault(pattern, long_text=False)
            if fault:
                yield f"{profile.id}: {fault}"
    days = [limit.since for limit in policy.public_validity]
    if days != sorted(days, reverse=True):
        yield "public_validity: the latest day stands first"


def _port_faults(knowledge: Knowledge) -> Iterator[str]:
    for fact in knowledge.ports:
        if not 0 < fact.port < 65_536:
            yield f"{fact.port} is no port"
        if fact.quiet not in _QUIET:
            yield f"port {fact.port}: unknown kind of quiet {fact.quiet!r}"
        if fact.confidence not in _SURE:
            yield f"port {fact.port}: unknown confidence {fact.confidence!r}"
    seen = Counter((fact.port, fact.transport) for fact in knowledge.ports)
    for (port, transport), count in seen.items():
        if count > 1:
            yield f"port {port}/{transport.value} stands {count} times"
    for port in knowledge.extra_tcp:
        if knowledge.is_quiet(port):
            yield f"extra_tcp: {port} is quiet and needs its own row only"


def _product_faults(product: Product) -> Iterator[str]:
    if not _ID.match(product.id):
        yield f"{product.id!r} is no id"
    if product.confidence not in _SURE:
        yield f"unknown confidence {product.confidence!r}"
    if not product.signals:
        yield "no signal: it can never be recognised"
    for number, signal in enumerate(product.signals, 1):
        for fault in _signal_faults(signal):
            yield f"signal {number} ({signal.kind}): {fault}"


def _signal_faults(signal: Signal) -> Iterator[str]:
    if signal.kind not in SIGNAL_KINDS:
        yield "unknown kind"
    if signal.strength not in {"strong", "medium", "weak"}:
        yield f"unknown strength {signal.strength!r}"
    if signal.face not in {"", "portal", "admin"}:
        yield f"unknown face {signal.face!r}"
    if signal.path != "*" and not signal.path.startswith("/"):
        yield f"path {signal.path!r} does not start with a slash"
    if signal.kind in _LONG and signal.path == "*":
        yield "a whole page is read at a path, not at every path"
    if len(signal.match) < 3 and signal.kind != "http_status":
        yield "a match this short is found everywhere"
    if signal.match_type == "regex":
        fault = pattern_fault(signal.match, long_text=signal.kind in _LONG)
        if fault:
            yield fault
    elif signal.match_type not in {"contains", "equals"}:
        yield f"unknown match_type {signal.match_type!r}"


def pattern_fault(pattern: str, *, long_text: bool) -> str | None:
    """Tell why a pattern could be made slow by the text it reads; ``None`` when it cannot.

    No repeated group, no back-reference, at most one endless repeat (none over a whole page), and
    bounded ones whose product stays small: the cost is then a small multiple of a page's length,
    or of the square of a line's, and lines are cut at 2,048 characters.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error}"
    bare = re.sub(r"\\.", "x", re.sub(r"\\[1-9]", "\0", pattern))
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", bare)
    if "\0" in bare or "(?P=" in bare:
        return "back-reference"
    if re.search(r"\)(?:[*+]|\{)", bare):
        return "a repeated group"
    endless = len(re.findall(r"[*+]|\{\d*,\}", bare))
    if endless > (0 if long_text else 1):
        return "too many endless repeats"
    ways = math.prod(int(most) for most in re.findall(r"\{\d*,?(\d+)\}", bare))
    if ways * (20 if endless else 1) > 400:
        return "repeats that multiply"
    return None
