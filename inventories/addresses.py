"""Addresses as people write them: one canonical spelling, and for every other the one to write
instead.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

import msgspec

from core.inventory import Network
from core.model import Wording

Address = IPv4Address | IPv6Address


class Special(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of addresses that an inventory cannot open freely."""

    version: int
    first: int
    last: int
    named: Wording
    lab: bool
    """True: admitted with ``lab = true``. False: never contacted."""


def _stretch(first: str, last: str, fr: str, en: str, *, lab: bool) -> Special:
    low, high = ip_address(first), ip_address(last)
    return Special(
        version=low.version, first=int(low), last=int(high), named=Wording(fr, en), lab=lab
    )


def _block(cidr: str, fr: str, en: str, *, lab: bool) -> Special:
    block = ip_network(cidr)
    return _stretch(str(block[0]), str(block[-1]), fr, en, lab=lab)


SPECIALS: tuple[Special, ...] = (
    _block("127.0.0.0/8", "boucle locale", "loopback", lab=True),
    _block("10.0.0.0/8", "privée, RFC 1918", "private, RFC 1918", lab=True),
    _block("172.16.0.0/12", "privée, RFC 1918", "private, RFC 1918", lab=True),
    _block("192.168.0.0/16", "privée, RFC 1918", "private, RFC 1918", lab=True),
    _block(
        "100.64.0.0/10",
        "partagée par un opérateur, RFC 6598",
        "shared by a carrier, RFC 6598",
        lab=True,
    ),
    _block("169.254.0.0/16", "de lien local", "link-local", lab=True),
    _block("198.18.0.0/15", "de banc d'essai, RFC 2544", "benchmarking, RFC 2544", lab=True),
    _block("192.0.0.0/24", "réservée à l'IETF, RFC 6890", "reserved by RFC 6890", lab=True),
    _stretch("::1", "::1", "boucle locale", "loopback", lab=True),
    _block("fc00::/7", "privée, RFC 4193", "private, RFC 4193", lab=True),
    _block("fe80::/10", "de lien local", "link-local", lab=True),
    _block("fec0::/10", "de site local, RFC 3879", "site-local, RFC 3879", lab=True),
    _block("0.0.0.0/8", "indéfinie, RFC 6890", "unspecified, RFC 6890", lab=False),
    _block("224.0.0.0/4", "de multidiffusion", "multicast", lab=False),
    _block("240.0.0.0/4", "réservée ou de diffusion", "reserved or broadcast", lab=False),
    _stretch("::", "::", "indéfinie", "unspecified", lab=False),
    _block("ff00::/8", "de multidiffusion", "multicast", lab=False),
    # Each of these carries an IPv4 address inside: a translator on the way would reach a machine
    # that was never judged.
    _stretch("::2", "::ffff:ffff", "IPv4 écrite en IPv6", "IPv4 inside IPv6", lab=False),
    _block("::ffff:0:0/96", "IPv4 écrite en IPv6", "IPv4 mapped into IPv6", lab=False),
    _block("64:ff9b::/96", "de traduction NAT64", "NAT64 translation", lab=False),
    _block("64:ff9b:1::/48", "de traduction NAT64", "NAT64 translation", lab=False),
    _block("2001::/32", "de tunnel Teredo", "Teredo tunnel", lab=False),
    _block("2002::/16", "de tunnel 6to4", "6to4 tunnel", lab=False),
)
"""RFC 6890 and its registries. Documentation ranges are absent on purpose: they count as public."""


def special(version: int, first: int, last: int) -> Special | None:
    """Give the gravest special stretch that ``first`` to ``last`` touches: never before lab."""
    touched = [
        each
        for each in SPECIALS
        if each.version == version and each.first <= last and first <= each.last
    ]
    return min(touched, key=lambda each: each.lab, default=None)


class Misspelt(Exception):
    """A text that is no canonical address or network: what is wrong, and what to write instead."""

    def __init__(self, fr: str, en: str, *, instead: str = "") -> None:
        self.wording = Wording(fr, en)
        self.instead = instead
        """The right spelling where there is one; ``""`` otherwise."""
        super().__init__(en)


_DIGITS = re.compile(r"[0-9]{1,40}")
_PART = re.compile(r"0[xX][0-9a-fA-F]{0,16}|[0-9]{1,20}")
_ADDRESS_SHAPED = re.compile(
    r"[0-9.\s/*-]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.%/a-zA-Z]*|0[xX][0-9a-fA-F]+"
)


def looks_like_address(text: str) -> bool:
    """Tell whether a text was meant as an address or a range rather than as a name."""
    if _ADDRESS_SHAPED.fullmatch(text):
        return True
    host = text.partition("/")[0]
    return all(_PART.fullmatch(part) for part in host.split("."))


def parse_network(text: str) -> Network:
    """Give the network of a CIDR or of one address; raises :class:`Misspelt`."""
    if text != text.strip():
        raise Misspelt("espaces en trop", "stray spaces", instead=text.strip())
    host, slash, prefix = text.partition("/")
    if "%" in host:
        raise Misspelt(
            "une adresse avec identifiant de zone n'a de sens que sur une machine",
            "an address with a zone id makes sense on one machine only",
            instead=host.partition("%")[0] + slash + prefix,
        )
    address = _parse_host(host, slash + prefix) if slash else _parse_lone(text)
    if not slash:
        return ip_network(address)
    return _prefixed(address, prefix)


def parse_address(text: str) -> Address:
    """Give one address, IPv4-mapped IPv6 refused; raises :class:`Misspelt`."""
    network = parse_network(text)
    if network.num_addresses != 1:
        raise Misspelt("une seule adresse est attendue", "one single address is expected")
    return network.network_address


def dotted(number: int) -> str:
    """Give the dotted form of an IPv4 address written as one number; ``""`` if it is none."""
    return str(IPv4Address(number)) if 0 <= number < 2**32 else ""


def _prefixed(address: Address, prefix: str) -> Network:
    width = address.max_prefixlen
    if not _DIGITS.fullmatch(prefix):
        instead = ""
        if isinstance(address, IPv4Address):
            try:
                instead = str(IPv4Network(f"{address}/{prefix}", strict=False))
            except ValueError:
                instead = ""
        raise Misspelt(
            f"« /{shown(prefix)} » n'est pas une longueur de préfixe",
            f"“/{shown(prefix)}” is not a prefix length",
            instead=instead,
        )
    length = int(prefix)
    if length > width:
        raise Misspelt(
            f"longueur de préfixe {shown(prefix)} au-delà de {width}",
            f"prefix length {shown(prefix)} above {width}",
        )
    if prefix != str(length):
        raise Misspelt("zéros en tête", "leading zeros", instead=f"{address}/{length}")
    whole: Network
    if isinstance(address, IPv4Address):
        whole = IPv4Network((int(address), length), strict=False)
    else:
        whole = IPv6Network((int(address), length), strict=False)
    if whole.network_address != address:
        raise Misspelt(
            "des bits de machine ne sont pas nuls",
            "host bits are set",
            instead=f"{whole}",
        )
    return whole


def _parse_lone(text: str) -> Address:
    """Parse what has no slash; ranges, masks and stars get the CIDR that says the same."""
    first, dash, last = text.partition("-")
    if dash and "." in first:
        raise Misspelt(
            "une plage s'écrit en CIDR",
            "a range is written as CIDR",
            instead=_between(first.strip(), last.strip()),
        )
    if "*" in text:
        parts = text.split(".")
        fixed = [part for part in parts if part != "*"]
        star = ""
        if len(parts) == 4 and parts[len(fixed) :] == ["*"] * (4 - len(fixed)):
            octets = fixed + ["0"] * (4 - len(fixed))
            if _plain(".".join(octets)):
                star = f"{'.'.join(octets)}/{8 * len(fixed)}"
        raise Misspelt("une plage s'écrit en CIDR", "a range is written as CIDR", instead=star)
    if len(words := text.split()) == 2 and (start := _plain(words[0])) is not None:
        instead = ""
        try:
            instead = str(ip_network(f"{start}/{words[1]}", strict=False))
        except ValueError:
            instead = ""
        raise Misspelt("une plage s'écrit en CIDR", "a range is written as CIDR", instead=instead)
    return _parse_host(text, "")


def _parse_host(host: str, suffix: str) -> Address:
    if ":" in host:
        return _parse_v6(host, suffix)
    exact = _plain(host)
    if exact is not None:
        return exact
    _refuse_odd_v4(host, suffix)
    raise Misspelt(f"« {shown(host)} » n'est pas une adresse", f"“{shown(host)}” is not an address")


def _parse_v6(host: str, suffix: str) -> Address:
    try:
        address = IPv6Address(host)
    except ValueError:
        bare = host.removeprefix("[").removesuffix("]")
        raise Misspelt(
            f"« {shown(host)} » n'est pas une adresse IPv6",
            f"“{shown(host)}” is not an IPv6 address",
            instead=bare + suffix if bare != host and _is_v6(bare) else "",
        ) from None
    mapped = address.ipv4_mapped
    if mapped is not None:
        bits = suffix.removeprefix("/")
        length = int(bits) - 96 if _DIGITS.fullmatch(bits) else 32
        instead = str(mapped)
        if suffix:
            instead = str(IPv4Network((int(mapped), length), False)) if 0 <= length <= 32 else ""
        raise Misspelt(
            "adresse IPv4 écrite en IPv6", "IPv4 address written as IPv6", instead=instead
        )
    return address


def _refuse_odd_v4(host: str, suffix: str) -> None:
    """Refuse the spellings that ``inet_aton`` takes: tools disagree on what they mean."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_PART.fullmatch(part) for part in parts):
        return
    readings = {
        reading for octal in (True, False) if (reading := _aton(parts, octal=octal)) is not None
    }
    if len(readings) == 2:
        first, second = sorted(readings)
        raise Misspelt(
            f"les zéros en tête se lisent en octal ou en décimal selon les outils : « {first} » "
            f"ou « {second} »",
            f"leading zeros are read as octal or decimal by different tools: “{first}” or "
            f"“{second}”",
            instead=str(second) + suffix,
        )
    for reading in readings:
        raise Misspelt(
            f"« {shown(host)} » n'est pas la forme pointée d'une adresse",
            f"“{shown(host)}” is not the dotted form of an address",
            instead=str(reading) + suffix,
        )


def _aton(parts: list[str], *, octal: bool) -> IPv4Address | None:
    numbers: list[int] = []
    for part in parts:
        try:
            if part[:2] in {"0x", "0X"}:
                numbers.append(int(part[2:] or "0", 16))
            elif octal and part.startswith("0"):
                numbers.append(int(part, 8))
            else:
                numbers.append(int(part))
        except ValueError:
            return None
    *head, tail = numbers
    if any(number > 255 for number in head) or tail >= 256 ** (5 - len(parts)):
        return None
    value = tail
    for place, number in enumerate(head):
        value |= number << (24 - 8 * place)
    return IPv4Address(value)


def _plain(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def _is_v6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _between(first: str, last: str) -> str:
    start = _plain(first)
    end = _plain(last) or _plain(f"{first.rpartition('.')[0]}.{last}")
    if start is None or end is None or start > end:
        return ""
    blocks = [str(block) for block in summarize_address_range(start, end)]
    return '", "'.join(blocks) if len(blocks) <= 8 else ""


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the same numbers as sorted, disjoint, non-adjacent stretches, ends included."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def shown(text: str) -> str:
    """Give a text from a file as it may be printed: one line, no control character, short."""
    clean = "".join(char if char.isprintable() else "�" for char in text[:80])
    return clean if len(clean) <= 60 else clean[:59] + "…"


def parse_endpoint(text: str, default_port: int) -> tuple[str, int]:
    """Give address and port of ``192.0.2.53``, ``127.0.0.1:5353`` or ``[2001:db8::53]:53``.

    Raises :class:`Misspelt`.
    """
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Misspelt("crochet mal fermé", "bracket not closed", instead="[2001:db8::53]:53")
        port = rest.removeprefix(":")
        if rest == ":":
            raise Misspelt("port manquant après « : »", "port missing after “:”")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not port:
            raise Misspelt("port manquant après « : »", "port missing after “:”", instead=host)
    address = parse_address(host)
    if not port:
        return str(address), default_port
    number = int(port) if _DIGITS.fullmatch(port) else 0
    if not 1 <= number <= 65_535:
        raise Misspelt(
            f"port « {shown(port)} » hors de 1 à 65535", f"port “{shown(port)}” not in 1 to 65535"
        )
    return str(address), number
