"""SPF of a domain (RFC 7208), read without a sender: every term counts as if it came to it."""

import ipaddress
import re
from dataclasses import dataclass, field

from dns.rdtypes.ANY.MX import MX

from core.observations.mail_policy import Spf, SpfFault
from scanner.asking_names import NameAsker

MOST_LOOKUPS = 10
"""RFC 7208, 4.6.4."""
MOST_VOID = 2
"""The same."""
_MOST_MX = 10
_MOST_ASKED = 30
"""Questions after which includes are counted and no longer followed."""
_MOST_TERMS = 500
_MOST_RECORD = 8_000
_WIDE_V4 = 8
_WIDE_V6 = 16
"""Prefix lengths up to which a network is a large part of the Internet."""

_TERM = re.compile(r"([-+~?]?)([A-Za-z][A-Za-z0-9_.-]*)(?:([:=/])(.*))?", re.ASCII)
_MACRO = re.compile(r"%(?:[%_-]|\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[-.+,/_=]*\})", re.ASCII)
_CIDRS = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?", re.ASCII)
_LOOKING = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One mechanism, or one modifier that matters (``redirect``)."""

    qualifier: str
    name: str
    value: str = ""
    """Domain, or network; empty where the domain itself is meant."""


def parse_spf(record: str) -> tuple[tuple[Term, ...], SpfFault | None]:
    """Give the terms of one record up to the first that is wrong, and that fault. Total."""
    if len(record) > _MOST_RECORD:
        return (), SpfFault("too-long")
    terms: list[Term] = []
    once: set[str] = set()
    for text in record.split(" ")[1 : _MOST_TERMS + 1]:
        if not text:
            continue
        term = _term(text)
        if term is None or term.name in once:
            return tuple(terms), SpfFault("syntax", text[:100])
        if term.name in {"redirect", "exp"}:
            once.add(term.name)
        terms.append(term)
    return tuple(terms), None


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF one (RFC 7208, 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _term(text: str) -> Term | None:
    matched = _TERM.fullmatch(text)
    if matched is None:
        return None
    qualifier, name, sign, value = matched.groups(default="")
    name = name.lower()
    if sign == "=":
        # Of a modifier that nobody knows, nothing is asked but that its macros can be read.
        known = name in {"redirect", "exp"}
        is_right = not qualifier and _is_macro_string(value) and (bool(value) or not known)
        return Term(qualifier="", name=name if known else "=", value=value) if is_right else None
    if sign == "/":
        value = f"/{value}"
    is_right = {
        "all": not sign,
        "include": sign == ":" and _is_domain(value),
        "exists": sign == ":" and _is_domain(value),
        "ptr": not sign or (sign == ":" and _is_domain(value)),
        "a": _is_host(sign, value),
        "mx": _is_host(sign, value),
        "ip4": sign == ":" and _network(value, 4) is not None,
        "ip6": sign == ":" and _network(value, 6) is not None,
    }.get(name, False)
    if not is_right:
        return None
    if name in {"a", "mx"}:
        value = value.partition("/")[0]
    return Term(qualifier=qualifier or "+", name=name, value=value)


def _is_host(sign: str, value: str) -> bool:
    """Whether what follows ``a`` or ``mx`` is a domain, prefix lengths, or both."""
    domain, slash, rest = value.partition("/")
    lengths = _CIDRS.fullmatch(slash + rest)
    if lengths is None or int(lengths[1] or 0) > 32 or int(lengths[2] or 0) > 128:
        return False
    return _is_domain(domain) if sign == ":" else not domain


def _is_macro_string(text: str) -> bool:
    return "%" not in _MACRO.sub("", text)


def _is_domain(text: str) -> bool:
    if not text or not _is_macro_string(text):
        return False
    return "%" in text or "." in text.rstrip(".")


def _network(text: str, version: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    # Masks written as addresses are read by the library, and by no receiver.
    _, slash, length = text.partition("/")
    return found if found.version == version and (not slash or length.isdigit()) else None


@dataclass(kw_only=True, slots=True)
class _Walk:
    """One evaluation: what is met on the way."""

    asker: NameAsker
    lookups: int = 0
    void: int = 0
    is_cut: bool = False
    has_macros: bool = False
    faults: list[SpfFault] = field(default_factory=list[SpfFault])
    wide: list[str] = field(default_factory=list[str])
    unread: str = ""

    async def follow(self, domain: str, record: str, path: tuple[str, ...]) -> str:
        """Give the qualifier that falls to whoever no term names; empty when nothing says."""
        terms, fault = parse_spf(record)
        if fault is not None:
            self._fault(fault.id, f"{domain}: {fault.detail}" if len(path) > 1 else fault.detail)
        for term in terms:
            if term.name == "all":
                return term.qualifier
            if term.name in _LOOKING:
                self.lookups += 1
                if await self._passes_anyone(term, domain, path):
                    return term.qualifier
            elif term.name in {"ip4", "ip6"} and term.qualifier == "+":
                network = _network(term.value, int(term.name[-1]))
                limit = _WIDE_V4 if term.name == "ip4" else _WIDE_V6
                if network is not None and network.prefixlen <= limit:
                    self.wide.append(f"{term.name}:{term.value}")
        for term in terms:
            if term.name == "redirect":
                self.lookups += 1
                return await self._target(term.value, path)
        return ""

    async def _passes_anyone(self, term: Term, domain: str, path: tuple[str, ...]) -> bool:
        """Ask what a term asks; tell whether an include lets everyone through."""
        if "%" in term.value:
            self.has_macros = True
            return False
        if term.name == "include":
            return await self._target(term.value, path) == "+"
        if term.name == "ptr" or not self._may_ask():
            return False
        await self._look(term, term.value or domain)
        return False

    def _may_ask(self) -> bool:
        if self.lookups > _MOST_ASKED:
            self.is_cut = True
        return not self.is_cut

    async def _look(self, term: Term, host: str) -> None:
        kinds = {"mx": ("MX",), "exists": ("A",)}.get(term.name, ("A", "AAAA"))
        for kind in kinds:
            said = await self.asker.ask(host, kind)
            if said.why:
                self.unread = self.unread or said.why
                return
            if said.records:
                if len([one for one in said.records if isinstance(one, MX)]) > _MOST_MX:
                    self._fault("too-many-mx", host)
                return
        # « exists » is made to be empty for most: only a sender would tell.
        if term.name != "exists":
            self.void += 1

    async def _target(self, target: str, path: tuple[str, ...]) -> str:
        """Give how the policy of another domain ends."""
        if "%" in target:
            self.has_macros = True
            return ""
        target = target.lower().rstrip(".")
        if target in path:
            self._fault("loop", " → ".join((*path, target))[:200])
            return ""
        if not self._may_ask():
            return ""
        records, why, is_void = await published(self.asker, target)
        if why:
            self.unread = self.unread or why
            return ""
        if len(records) != 1:
            self.void += is_void
            self._fault("several-records" if records else "no-target", target)
            return ""
        return await self.follow(target, records[0], (*path, target))

    def _fault(self, id_: str, detail: str = "") -> None:
        fault = SpfFault(id_, detail[:200])
        if fault not in self.faults and len(self.faults) < 8:
            self.faults.append(fault)


async def published(asker: NameAsker, domain: str) -> tuple[tuple[str, ...], str, bool]:
    """Give the SPF records of a domain, why there was no answer, and whether it was empty."""
    texts, why = await asker.texts(domain, "v=spf1")
    said = await asker.ask(domain, "TXT")
    return tuple(text for text in texts if is_spf(text)), why, not why and not said.records


async def evaluate_spf(asker: NameAsker, domain: str) -> tuple[Spf | None, str]:
    """Give the policy of a domain, and why it, or a part of it, could not be had."""
    records, why, _ = await published(asker, domain)
    if why:
        return None, why
    if len(records) != 1:
        faults = (SpfFault("several-records", domain),) if records else ()
        return Spf(records=records[:8], faults=faults), ""
    walk = _Walk(asker=asker)
    default = await walk.follow(domain, records[0], (domain,))
    if walk.lookups > MOST_LOOKUPS:
        walk.faults.append(SpfFault("too-many-lookups", str(walk.lookups)))
    if walk.void > MOST_VOID:
        walk.faults.append(SpfFault("too-many-void", str(walk.void)))
    return Spf(
        records=records,
        default=default,
        wide=tuple(dict.fromkeys(walk.wide))[:16],
        lookups=walk.lookups,
        is_cut=walk.is_cut,
        void_lookups=walk.void,
        faults=tuple(walk.faults),
        has_macros=walk.has_macros,
        is_whole=not walk.unread,
    ), walk.unread
