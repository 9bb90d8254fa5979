"""The grammar of SPF records and their macros (RFC 7208, sections 4.6.1, 5, 6, 7 and 12). Pure."""

import ipaddress
import re
import string
from dataclasses import dataclass
from urllib.parse import quote

from core.observations.mail_policy import SpfFault

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
"""Terms that cost the receiver a question (RFC 7208, 4.6.4)."""

_MOST_TERMS = 500
_MOST_RECORD = 8_000
_MOST_NAME = 253

_TERM = re.compile(r"([-+~?]?)([A-Za-z][A-Za-z0-9_.-]*)(?:([:=/])(.*))?", re.ASCII)
_LETTERS = "slodiphv"
_MACRO = re.compile(r"%(?:([%_-])|\{([A-Za-z])([0-9]*)(r?)([-.+,/_=]*)\})", re.ASCII | re.I)
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]*", re.ASCII)
_LENGTH = r"(0|[1-9][0-9]{0,2})"
_HOST = re.compile(rf"(.*?)(?:/{_LENGTH})?(?://{_LENGTH})?", re.ASCII)
_NETWORK = re.compile(rf"([0-9a-fA-F.:]+)(?:/{_LENGTH})?", re.ASCII)
_TOP = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One mechanism, or one modifier."""

    qualifier: str
    """``+ - ~ ?``; empty for a modifier."""
    name: str
    """In lower case; « = » for a modifier that nobody knows."""
    value: str = ""
    """Domain, its macros as written, or network; empty where the domain itself is meant."""
    v4: int = 32
    """Prefix lengths that ``a`` and ``mx`` ask for."""
    v6: int = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who is said to send: what macros may ask about."""

    ip: Address
    mailbox: str
    """``local@domain``, as in MAIL FROM."""
    helo: str

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF one (RFC 7208, 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


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


def _term(text: str) -> Term | None:
    matched = _TERM.fullmatch(text)
    if matched is None:
        return None
    qualifier, name, sign, value = matched.groups(default="")
    name = name.lower()
    if sign == "=":
        return None if qualifier else _modifier(name, value)
    qualifier = qualifier or "+"
    if name in {"a", "mx"}:
        return _host(qualifier, name, sign, value)
    if sign == "/":
        return None
    is_right = {
        "all": not sign,
        "include": is_domain_spec(value),
        "exists": is_domain_spec(value),
        "ptr": not sign or is_domain_spec(value),
        "ip4": network_of(value, 4) is not None,
        "ip6": network_of(value, 6) is not None,
    }.get(name, False)
    return Term(qualifier=qualifier, name=name, value=value) if is_right else None


def _modifier(name: str, value: str) -> Term | None:
    if name in {"redirect", "exp"}:
        return Term(qualifier="", name=name, value=value) if is_domain_spec(value) else None
    # Of a modifier that nobody knows, nothing is asked but that its macros can be read.
    return Term(qualifier="", name="=", value=value) if _is_macro_string(value, "crt") else None


def _host(qualifier: str, name: str, sign: str, value: str) -> Term | None:
    """Read what follows ``a`` or ``mx``: a domain, prefix lengths, or both."""
    matched = _HOST.fullmatch(f"/{value}" if sign == "/" else value)
    if matched is None:
        return None
    domain, v4, v6 = matched[1], int(matched[2] or 32), int(matched[3] or 128)
    if v4 > 32 or v6 > 128 or (not is_domain_spec(domain) if sign == ":" else domain):
        return None
    return Term(qualifier=qualifier, name=name, value=domain, v4=v4, v6=v6)


def _is_macro_string(text: str, more: str = "") -> bool:
    for one in _MACRO.finditer(text):
        if one[1]:
            continue
        if one[2].lower() not in _LETTERS + more or (one[3] and not int(one[3])):
            return False
    return _LITERAL.fullmatch(_MACRO.sub("", text)) is not None


def is_domain_spec(text: str) -> bool:
    """Tell whether a text is a domain, macros or not (RFC 7208, 7.1)."""
    if not text or not _is_macro_string(text):
        return False
    last = None
    for last in _MACRO.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if last is not None and last.end() == len(text):
        return True
    below, dot, top = text.removesuffix(".").rpartition(".")
    is_named = _TOP.fullmatch(top) is not None and not top.isdigit()
    return bool(dot and below and is_named)


def network_of(text: str, version: int) -> Network | None:
    """Give the network of an ``ip4`` or ``ip6`` term; ``None`` when it cannot be read."""
    # Masks written as addresses are read by the library, and by no receiver.
    if _NETWORK.fullmatch(text) is None:
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return found if found.version == version else None


def expand(text: str, sender: Sender, domain: str) -> str:
    """Give a domain with its macros filled in (RFC 7208, 7.3), the leftmost labels cut above 253.

    ``%{p}`` gives « unknown », as the RFC advises.
    """
    letters = {
        "s": sender.mailbox,
        "l": sender.mailbox.rpartition("@")[0],
        "o": sender.domain,
        "d": domain,
        "i": _dotted(sender.ip),
        "p": "unknown",
        "v": "in-addr" if sender.ip.version == 4 else "ip6",
        "h": sender.helo,
    }

    def filled(one: re.Match[str]) -> str:
        if one[1]:
            return {"%": "%", "_": " ", "-": "%20"}[one[1]]
        value = letters.get(one[2].lower(), "")
        parts = re.split(f"[{re.escape(one[5] or '.')}]", value)
        if one[4]:
            parts.reverse()
        if one[3] and 0 < int(one[3][:4]) < len(parts):
            parts = parts[-int(one[3][:4]) :]
        told = ".".join(parts)
        return _escaped(told) if one[2].isupper() else told

    told = _MACRO.sub(filled, text).removesuffix(".")
    while len(told) > _MOST_NAME and "." in told:
        told = told.partition(".")[2]
    return told


def _dotted(ip: Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))


def _escaped(text: str) -> str:
    return "".join(one if one in _UNRESERVED else quote(one, safe="") for one in text)
