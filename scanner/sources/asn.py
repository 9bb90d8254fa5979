"""The network that announces an address, from a zone of the DNS that maps one to the other.

As Team Cymru serves it: TXT of ``7.100.51.198.origin.asn.cymru.com`` is « 64496 | 198.51.100.0/24 |
FR | ripencc | 2010-01-01 »; of ``AS64496.asn.cymru.com``, « 64496 | FR | ripencc | 2010-01-01 |
EXEMPLE-AS, FR ». For IPv6, ``origin6`` stands in the place of ``origin``.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address, ip_network

from dns.rdtypes.ANY.TXT import TXT

from core.ownership import printable
from scanner.asking_names import text_of
from scanner.attribution import AskOrigin, Origin
from scanner.dns_wire import Said

_HIGHEST = (1 << 32) - 1


def origin_question(ip: str, zone: str) -> str:
    """Give the name to ask about a literal address."""
    address = ip_address(ip)
    if address.version == 4:
        return ".".join([*reversed(str(address).split(".")), zone])
    first, dot, rest = zone.partition(".")
    digits = address.exploded.replace(":", "")
    return ".".join([*reversed(digits), f"{'origin6' if first == 'origin' else first}{dot}{rest}"])


def name_question(asn: int, zone: str) -> str:
    """Give the name to ask about a network."""
    return f"AS{asn}.{zone.partition('.')[2]}"


def read_origin(texts: list[str], ip: str) -> Origin | None:
    """Read an answer about an address: the narrowest range wins. Total."""
    best: tuple[int, int, str] | None = None
    for text in texts[:16]:
        parts = [part.strip() for part in text[:400].split("|")]
        if len(parts) < 2:
            continue
        # Several networks may announce one range: the first is shown.
        asn = _asn(parts[0].split(" ")[0])
        try:
            network = ip_network(parts[1])
        except ValueError:
            continue
        address = ip_address(ip)
        if asn is None or network.version != address.version or address not in network:
            continue
        if best is None or network.prefixlen > best[0]:
            best = (network.prefixlen, asn, str(network))
    return None if best is None else Origin(asn=best[1], range=best[2])


def read_name(texts: list[str]) -> str:
    """Read an answer about a network: its name as its registry has it. Total."""
    for text in texts[:4]:
        parts = text[:400].split("|")
        if len(parts) >= 5:
            return printable(parts[4])
    return ""


def _asn(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return number if 0 < (number := int(text)) <= _HIGHEST else None


def origin_asker(ask: Callable[[str, str], Awaitable[Said]], zone: str) -> AskOrigin:
    """Give the way to ask which network announces an address; each network is named once."""
    names: dict[int, str] = {}

    async def origin(ip: str) -> Origin:
        said = await ask(origin_question(ip, zone), "TXT")
        told = read_origin(_texts(said), ip)
        if told is None or told.asn is None:
            return Origin(why=said.why or "not-registered")
        if told.asn not in names:
            named = await ask(name_question(told.asn, zone), "TXT")
            names[told.asn] = read_name(_texts(named))
        return Origin(asn=told.asn, range=told.range, name=names[told.asn])

    return origin


def _texts(said: Said) -> list[str]:
    return [text_of(one) for one in said.records if isinstance(one, TXT)]
