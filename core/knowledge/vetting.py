"""What types cannot say of the data: closed words, and patterns that cannot be made slow."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from core.knowledge.model import (
    SIGNAL_KINDS,
    Cycle,
    Flaw,
    Front,
    Knowledge,
    Product,
    Reading,
    Signal,
    Support,
)
from core.knowledge.tls import TlsPolicy
from core.model import Wording
from core.versions import ORDERS, bounds, branch_of, parse, parse_cycle, satisfies

_LONG = frozenset({"http_body", "http_script"})
_QUIET = frozenset({"", "print", "mllp", "industrial", "dicom", "serial"})
_CARE = frozenset({"sourced", "partly_sourced", "inferred", "product_default", "unknown"})
_SURE = frozenset({"high", "medium", "low"})
_BASES = frozenset({"", "catalogue", "cisa-record", "press", "unverified"})
_GIVES = frozenset({"version", "build", "branch"})
_CVE = re.compile(r"CVE-(?:199[89]|20[0-9]{2})-[0-9]{4,7}\Z")
_KEV_BEGAN = date(2021, 11, 3)
_PORT = re.compile(r"[0-9]{1,5}/(?:tcp|udp)\Z")
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
    for front in knowledge.fronts:
        for fault in _front_faults(front):
            yield f"{front.id}: {fault}", "fronts.toml"
    for product in knowledge.products:
        for fault in _product_faults(product):
            yield fault, f"products/{product.id}.toml"


def _front_faults(front: Front) -> Iterator[str]:
    if not _ID.match(front.id):
        yield "no id"
    if front.kind not in {"cdn", "waf"}:
        yield f"unknown kind {front.kind!r}"
    if front.confidence not in _SURE:
        yield f"unknown confidence {front.confidence!r}"
    if not front.sources:
        yield "no source"
    if not front.signals and not front.pages:
        yield "no sign: it can never be told"
    for sign in (*front.signals, *front.pages):
        if sign.kind not in {"header", "cookie", "title", "body"}:
            yield f"unknown kind of sign {sign.kind!r}"
        fault = pattern_fault(sign.match, long_text=sign.kind == "body")
        if fault:
            yield f"{sign.match!r}: {fault}"


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
    for name, extra in (("extra_tcp", knowledge.extra_tcp), ("extra_udp", knowledge.extra_udp)):
        for port in extra:
            if knowledge.is_quiet(port):
                yield f"{name}: {port} is quiet and needs its own row only"


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
    yield from _wording_faults("advice", product.advice)
    yield from _wording_faults("version_how", product.version_how)
    if product.version_order not in ORDERS:
        yield f"unknown order of versions {product.version_order!r}"
        return
    if not 1 <= product.branch_parts <= 5:
        yield f"branch_parts {product.branch_parts}"
    for number, reading in enumerate(product.readings, 1):
        for fault in _reading_faults(reading, product.version_order):
            yield f"reading {number} ({reading.kind}): {fault}"
    yield from _support_faults(product.support, product)
    for cve, count in Counter(flaw.cve for flaw in product.flaws).items():
        if count > 1:
            yield f"{cve} stands {count} times"
    for flaw in product.flaws:
        for fault in _flaw_faults(flaw, product):
            yield f"{flaw.cve}: {fault}"
    for port in product.ports:
        if not _PORT.match(port):
            yield f"port {port!r} is not written as 443/tcp"
    for name in product.kev_names:
        if name.count(": ") < 1:
            yield f"kev_names: {name!r} is not « vendor: product »"


def _wording_faults(name: str, wording: Wording | None) -> Iterator[str]:
    if wording is not None and not (wording.fr.strip() and wording.en.strip()):
        yield f"{name}: a language is missing"


def _reading_faults(reading: Reading, order: str) -> Iterator[str]:
    if reading.kind not in SIGNAL_KINDS:
        yield "unknown kind"
    if reading.gives not in _GIVES:
        yield f"gives {reading.gives!r}"
    if reading.confidence not in _SURE:
        yield f"unknown confidence {reading.confidence!r}"
    if reading.kind in _LONG and reading.path == "*":
        yield "a whole page is read at a path, not at every path"
    if reading.path != "*" and not reading.path.startswith("/"):
        yield f"path {reading.path!r} does not start with a slash"
    if reading.body and (not reading.content_type or not reading.kind.startswith("http_")):
        yield "a body is posted to a web path, with its content_type"
    fault = pattern_fault(reading.match, long_text=reading.kind in _LONG)
    if fault:
        yield fault
    elif re.compile(reading.match).groups < 1:
        yield "no group: nothing is read"
    for text in reading.table.values():
        if reading.gives != "branch" and not _is_version(text, order):
            yield f"table: {text!r} is no {order} version"


def _support_faults(support: Support, product: Product) -> Iterator[str]:
    yield from _wording_faults("support.note", support.note)
    # A generation of a device is no number: it is told by its name, and read as such.
    by_name = any(reading.gives == "branch" for reading in product.readings)
    for cycle in support.cycles:
        for fault in _cycle_faults(cycle, product.version_order, by_name=by_name):
            yield f"support {cycle.cycle}: {fault}"
    for name, count in Counter(cycle.cycle for cycle in support.cycles).items():
        if count > 1:
            yield f"support {name}: stands {count} times"
    if support.cycles and support.as_of is None:
        yield "support: as_of is missing"


def _cycle_faults(cycle: Cycle, order: str, *, by_name: bool) -> Iterator[str]:
    yield from _wording_faults("note", cycle.note)
    try:
        parse_cycle(cycle.cycle, order)
    except ValueError as fault:
        if not by_name:
            yield str(fault)
    for day in (cycle.ended, cycle.active_ended):
        if day is not None and not 1995 <= day.year <= 2050:
            yield f"ends on {day}"
    if cycle.ended and cycle.active_ended and cycle.active_ended > cycle.ended:
        yield "active support outlives security support"


def _flaw_faults(flaw: Flaw, product: Product) -> Iterator[str]:
    order = product.version_order
    if not _CVE.match(flaw.cve):
        yield "not written as a CVE"
        return
    if flaw.kev_basis not in _BASES:
        yield f"unknown kev_basis {flaw.kev_basis!r}"
    if flaw.confidence not in _SURE:
        yield f"unknown confidence {flaw.confidence!r}"
    if flaw.kev is not None and (not flaw.is_kev or flaw.kev < _KEV_BEGAN):
        yield f"in CISA's catalogue since {flaw.kev}: it began on {_KEV_BEGAN}"
    if flaw.kev is not None and flaw.kev.year < int(flaw.cve[4:8]):
        yield f"in CISA's catalogue on {flaw.kev}, before its own year"
    if not flaw.is_kev and not flaw.affected:
        yield "neither exploited nor with a range: nothing can come of it"
    yield from _wording_faults("condition", flaw.condition)
    unread = [one for one in (*flaw.fixed, *flaw.packages) if not _is_version(one, order)]
    yield from (f"{one!r} is no {order} version" for one in unread)
    for one in flaw.packages:
        if one not in unread and not parse(one, order).package:
            yield f"{one!r} is no package of a distribution"
    for comparisons in (*flaw.affected, *flaw.maybe):
        try:
            yield from _range_faults(comparisons, flaw, product, unread)
        except ValueError as fault:
            yield f"{comparisons!r}: {fault}"


def _range_faults(
    comparisons: str, flaw: Flaw, product: Product, unread: list[str]
) -> Iterator[str]:
    order, parts = product.version_order, product.branch_parts
    (lower, has_lower), (upper, has_upper) = bounds(comparisons, order)
    is_empty = (
        lower is not None
        and upper is not None
        and (upper < lower or (upper == lower and not (has_lower and has_upper)))
    )
    if is_empty:
        yield f"{comparisons!r} holds no version"
    for text in flaw.fixed:
        if upper is None or text in unread:
            continue
        fixed = parse(text, order)
        if branch_of(fixed, parts) == branch_of(upper, parts) and satisfies(fixed, comparisons):
            yield f"{comparisons!r} holds {text}, which is fixed"


def _is_version(text: str, order: str) -> bool:
    try:
        parse(text, order)
    except ValueError:
        return False
    return True


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
