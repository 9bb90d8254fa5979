"""LDAP: the rootDSE, which a server gives before a bind (RFC 4512 5.1). Nothing else is read."""

from core.errors import Unanswered
from core.model import Confidence, Intensity, Status
from core.observations.base import Observation
from core.observations.ldap import LdapRoot
from core.observations.service import Service
from scanner import ber
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_SEARCH_ENTRY, _SEARCH_DONE, _SEARCH_REFERENCE, _EXTENDED_RESPONSE = 0x64, 0x65, 0x73, 0x78
_STARTTLS_OID = "1.3.6.1.4.1.1466.20037"
_ACTIVE_DIRECTORY_OID = "1.2.840.113556.1.4.800"
_MAX_MESSAGE_BYTES = 262_144
"""An Active Directory rootDSE is 4 kB; OpenLDAP's with all its extensions as much."""
_MAX_MESSAGES = 4
_MAX_VALUES = 100
_MAX_VALUE_CHARS = 512
_ATTRIBUTES = (
    "namingContexts",
    "dnsHostName",
    "vendorName",
    "vendorVersion",
    "supportedSASLMechanisms",
    "supportedExtension",
    "supportedCapabilities",
    "domainControllerFunctionality",
    "forestFunctionality",
)

_QUESTION = ber.encode(
    ber.SEQUENCE,
    ber.integer(1),
    ber.encode(
        0x63,
        ber.encode(ber.OCTET_STRING),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(1),
        ber.integer(5),
        ber.encode(0x01, b"\0"),
        ber.encode(0x87, b"objectClass"),
        ber.encode(
            ber.SEQUENCE, *(ber.encode(ber.OCTET_STRING, name.encode()) for name in _ATTRIBUTES)
        ),
    ),
)
_STARTTLS = ber.encode(
    ber.SEQUENCE, ber.integer(1), ber.encode(0x77, ber.encode(0x80, _STARTTLS_OID.encode()))
)
_UNBIND = ber.encode(ber.SEQUENCE, ber.integer(2), ber.encode(0x42))


def recognises(heard: bytes) -> bool:
    """Whether bytes begin like an answer to a search, or like a notice of disconnection."""
    if len(heard) < 8 or heard[0] != ber.SEQUENCE:
        return False
    start = 2 + (heard[1] & 0x7F if heard[1] & 0x80 else 0)
    return heard[start : start + 2] == b"\x02\x01" and heard[start + 3 : start + 4] in (
        b"\x64",
        b"\x65",
        b"\x78",
    )


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_QUESTION)
        try:
            attributes, code = await _answer(stream)
        except Unanswered as answer:
            if answer.status is Status.PROTOCOL_ERROR:
                return None
            raise
        await _leave(stream)
    root = _root(visit, attributes, code)
    vendor = "Active Directory" if root.active_directory else root.vendor
    service = Service(
        place=visit.place,
        at=visit.now(),
        protocol="ldap",
        tls=visit.inside_tls,
        confidence=Confidence.CERTAIN,
        evidence=(
            f"rootDSE resultCode: {code}",
            *((vendor,) if vendor else ()),
        ),
        inner_names=(
            *((f"dnsHostName: {root.dns_host_name}",) if root.dns_host_name else ()),
            *(f"namingContexts: {name}" for name in root.naming_contexts[:1]),
        ),
    )
    seen: tuple[Observation, ...] = (root,)
    if root.starttls and not visit.inside_tls and visit.intensity > Intensity.DISCREET:
        seen += await behind(visit, "ldap", open_tls)
    return Measured(service=service, seen=seen)


async def open_tls(stream: Stream) -> None:
    """Ask for StartTLS (RFC 4511 4.14); raises ``Unanswered`` where it is refused."""
    await stream.send(_STARTTLS)
    message = await ber.receive(stream, ber.SEQUENCE, max_bytes=_MAX_MESSAGE_BYTES)
    kind, content = read_message(message.content)
    if kind != _EXTENDED_RESPONSE or read_result(content) != 0:
        raise Unanswered(Status.PROTOCOL_ERROR, "StartTLS refused")


async def _leave(stream: Stream) -> None:
    """Say goodbye as RFC 4511 4.3 asks; a server that left first loses nothing."""
    try:
        await stream.send(_UNBIND)
    except Unanswered:
        return


async def _answer(stream: Stream) -> tuple[dict[str, tuple[str, ...]] | None, int]:
    """Give the attributes (``None`` without an entry; names in lower case) and the result code."""
    entry: dict[str, tuple[str, ...]] | None = None
    for _ in range(_MAX_MESSAGES):
        message = await ber.receive(stream, ber.SEQUENCE, max_bytes=_MAX_MESSAGE_BYTES)
        kind, content = read_message(message.content)
        if kind == _SEARCH_ENTRY:
            entry = read_entry(content)
        elif kind in (_SEARCH_DONE, _EXTENDED_RESPONSE):
            return entry, read_result(content)
        elif kind != _SEARCH_REFERENCE:
            raise Unanswered(Status.PROTOCOL_ERROR, f"LDAP operation {kind:#04x}")
    raise Unanswered(Status.GAVE_UP, "more LDAP messages than one entry needs")


def read_message(content: bytes) -> tuple[int, bytes]:
    """Give operation and content of an LDAPMessage; raises ``Unanswered`` on anything else."""
    parts = ber.items(content)
    if len(parts) < 2 or parts[0].tag != ber.INTEGER or ber.number(parts[0]) not in (0, 1):
        raise Unanswered(Status.PROTOCOL_ERROR, "not an LDAP message for us")
    return parts[1].tag, parts[1].content


def read_entry(content: bytes) -> dict[str, tuple[str, ...]]:
    """Give attributes by lower-case name, values bounded; raises ``Unanswered`` on bad BER."""
    parts = ber.items(content)
    if len(parts) != 2:
        raise Unanswered(Status.PROTOCOL_ERROR, "LDAP entry")
    found: dict[str, tuple[str, ...]] = {}
    for attribute in ber.inside(parts[1], ber.SEQUENCE)[:_MAX_VALUES]:
        pair = ber.inside(attribute, ber.SEQUENCE)
        if len(pair) != 2:
            raise Unanswered(Status.PROTOCOL_ERROR, "LDAP attribute")
        values = ber.items(pair[1].content)[:_MAX_VALUES]
        found[_text(pair[0].content).lower()] = tuple(_text(value.content) for value in values)
    return found


def read_result(content: bytes) -> int:
    """Give the result code; raises ``Unanswered`` on bad BER."""
    parts = ber.items(content)
    if not parts or parts[0].tag != ber.ENUMERATED:
        raise Unanswered(Status.PROTOCOL_ERROR, "LDAP result")
    return ber.number(parts[0])


def _root(visit: Visit, attributes: dict[str, tuple[str, ...]] | None, code: int) -> LdapRoot:
    read = attributes or {}

    def first(name: str) -> str:
        return next(iter(read.get(name.lower(), ())), "")

    def level(name: str) -> int | None:
        text = first(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None

    extensions = read.get("supportedextension")
    return LdapRoot(
        place=visit.place,
        at=visit.now(),
        why={} if extensions is not None else {"starttls": "not-offered"},
        readable=attributes is not None,
        result_code=code,
        naming_contexts=read.get("namingcontexts", ()),
        dns_host_name=first("dnsHostName"),
        vendor=" ".join(part for part in (first("vendorName"), first("vendorVersion")) if part),
        sasl_mechanisms=read.get("supportedsaslmechanisms", ()),
        starttls=None if extensions is None else _STARTTLS_OID in extensions,
        active_directory=_ACTIVE_DIRECTORY_OID in read.get("supportedcapabilities", ()),
        domain_controller_level=level("domainControllerFunctionality"),
        forest_level=level("forestFunctionality"),
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")[:_MAX_VALUE_CHARS]


PROBE = Probe(
    name="ldap",
    ports=(389, 636, 3268, 3269),
    recognises=recognises,
    measure=_measure,
    rank=70,
)
