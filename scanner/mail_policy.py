"""What a domain publishes about its mail besides SPF: DMARC, DKIM keys, MTA-STS, TLS-RPT, DANE."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec
import trio
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TLSA import TLSA

from core.knowledge.mail import MailFacts
from core.model import Place
from core.observations.mail_policy import (
    DkimKey,
    Dmarc,
    DmarcReports,
    MailHost,
    MailPolicy,
    Spf,
    Tlsa,
)
from scanner.asking_names import NameAsker, Said, host_of
from scanner.organisation import organisation_of
from scanner.spf import evaluate_spf

_POLICIES = frozenset({"none", "quarantine", "reject"})
_MOST_TAGS = 64
_MOST_MX = 20
_DEEPEST = 8
"""Labels above which the tree walk begins further up (RFC 9989, « DNS Tree Walk »)."""
_STRENGTH = {"": 0, "none": 1, "quarantine": 2, "reject": 3}
_MAILTO = re.compile(r"mailto:([^@!\s]{1,64}@[A-Za-z0-9.-]{1,253})(?:![0-9]+[kmgt]?)?", re.I)
_MOST_REPORTS = 8
_COMMONEST = 6
_MOST_TLSA = 8
TLSA_USES = frozenset({2, 3})
"""Certificate usages that count for SMTP: DANE-TA and DANE-EE (RFC 7672, 3.1)."""


def tags_of(record: str) -> dict[str, str]:
    """Read ``tag=value; …`` (RFC 6376, 3.2); the first of a name counts. Total on any text."""
    found: dict[str, str] = {}
    for part in record.split(";")[:_MOST_TAGS]:
        name, sign, value = part.partition("=")
        if sign:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def is_dmarc(text: str) -> bool:
    """Tell whether a TXT record is a DMARC one: its version comes first, in capitals."""
    return re.match(r"v\s*=\s*DMARC1\s*(;|$)", text) is not None


def tree_walk(domain: str) -> Iterator[str]:
    """Give the names at which DMARC is looked for, from the domain to its top, eight at most."""
    labels = domain.split(".")
    yield domain
    first = len(labels) - (_DEEPEST - 1) if len(labels) >= _DEEPEST else 1
    for start in range(first, len(labels)):
        yield ".".join(labels[start:])


async def find_dmarc(asker: NameAsker, domain: str) -> tuple[Dmarc | None, str]:
    """Give the policy that applies to a domain, its own or its organisation's; or why not.

    Above the domain, receivers look at the organisation by the public suffix list (RFC 7489), or
    walk the tree (RFC 9989): where the two differ, the weaker policy is given.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name in tree_walk(domain):
        texts, why = await asker.texts(f"_dmarc.{name}", "v")
        if why:
            return None, why
        records = tuple(filter(is_dmarc, texts))
        if name == domain and records:
            return await _reported(asker, read_dmarc(domain, records, domain, "own"))
        # Above, several are as none.
        if len(records) == 1:
            found[name] = records
    walked = organisational(domain, found)
    listed = organisation_of(domain)
    listed = listed if listed in found else ""
    rules = {walked: "tree-walk", listed: "public-suffix"} if walked != listed else {walked: "both"}
    read = [read_dmarc(at, found[at], domain, rule) for at, rule in rules.items() if at]
    if not read:
        return Dmarc(records=()), ""
    return await _reported(asker, min(read, key=lambda one: _STRENGTH[one.policy]))


async def _reported(asker: NameAsker, dmarc: Dmarc) -> tuple[Dmarc, str]:
    """Ask those whom reports go to whether they want them (RFC 7489, 7.1)."""
    told: list[DmarcReports] = []
    for one in dmarc.reports:
        domain = one.address.rpartition("@")[2]
        if not domain:
            told.append(one)
            continue
        is_external = organisation_of(domain) != organisation_of(dmarc.at)
        is_wanted: bool | None = None
        if is_external:
            texts, why = await asker.texts(f"{dmarc.at}._report._dmarc.{domain}", "v")
            is_wanted = None if why else any(map(is_dmarc, texts))
        there = await asker.ask(domain, "MX")
        told.append(
            msgspec.structs.replace(
                one,
                is_external=is_external,
                is_wanted=is_wanted,
                has_mail=None if there.why else there.exists,
            )
        )
    return msgspec.structs.replace(dmarc, reports=tuple(told)), ""


def organisational(domain: str, found: Mapping[str, Sequence[str]]) -> str:
    """Give the name whose record speaks for a domain that has none; empty when there is none."""
    last = ""
    below = domain
    for name in tree_walk(domain):
        if name in found:
            psd = tags_of(found[name][0]).get("psd", "")
            if psd == "n":
                return name
            if psd == "y":
                return below if below in found else name
            last = name
        below = name
    return last


def read_dmarc(at: str, records: Sequence[str], domain: str, rule: str = "own") -> Dmarc:
    """Give what the records at a name say for a domain at or below it."""
    if len(records) != 1:
        return Dmarc(records=tuple(records[:8]), at=at, rule=rule, fault="several-records")
    tags = tags_of(records[0])
    reports = tuple(
        one for tag in ("rua", "ruf") if tag in tags for one in read_reports(tag, tags[tag])
    )
    has_reports = any(one.tag == "rua" and one.address for one in reports)
    own = tags.get("p", "").lower()
    below = tags.get("sp", own).lower()
    missing = tags.get("np", "").lower()
    fault = ""
    if own not in _POLICIES or below not in _POLICIES:
        # With an address for reports, receivers read « none » (RFC 7489, 6.6.3).
        fault, own = ("", "none") if has_reports else ("syntax", "")
        below = own
    percent = tags.get("pct", "")
    return Dmarc(
        records=tuple(records),
        at=at,
        rule=rule,
        policy=own if at == domain else below,
        below=below,
        below_missing=missing if missing in _POLICIES else below,
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
        percent=int(percent) if re.fullmatch(r"[0-9]{1,2}", percent) else 100,
        is_testing=tags.get("t", "").lower() == "y",
        has_reports=has_reports,
        reports=reports,
        fault=fault,
    )


def read_reports(tag: str, value: str) -> Iterator[DmarcReports]:
    """Give the addresses of a list of URIs (RFC 7489, 6.2), at most eight. Total on any text."""
    for uri in value.split(",")[:_MOST_REPORTS]:
        matched = _MAILTO.fullmatch(uri.strip())
        yield DmarcReports(tag=tag, address=matched[1].lower() if matched else "")


def read_dkim(selector: str, record: str, product: str = "") -> DkimKey | None:
    """Give the key of one record; ``None`` when it is not a DKIM key. Total on any text."""
    tags = tags_of(record)
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return None
    algorithm = tags.get("k", "rsa").lower()[:20]
    hashes = [one.strip().lower()[:20] for one in tags.get("h", "").split(":")[:8]]
    return DkimKey(
        selector=selector,
        product=product,
        algorithm=algorithm,
        bits=_bits(algorithm, tags["p"]),
        is_revoked=not tags["p"],
        is_testing="y" in [one.strip().lower() for one in tags.get("t", "").split(":")],
        hashes=tuple(one for one in hashes if one),
    )


def _bits(algorithm: str, key: str) -> int | None:
    try:
        der = base64.b64decode("".join(key.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if algorithm == "ed25519":
        return 256 if len(der) == 32 else None
    try:
        public = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if isinstance(public, RSAPublicKey):
        return public.key_size
    return 256 if isinstance(public, Ed25519PublicKey) else None


async def find_dkim(
    asker: NameAsker, domain: str, selectors: Mapping[str, str]
) -> tuple[tuple[DkimKey, ...] | None, bool | None, str]:
    """Give the keys under the usual selectors, whether anything stands where keys do, or why not.

    ``selectors``: each with the sender that uses it, commonest first. Where nothing stands below
    ``_domainkey``, only the first few are asked, against servers that deny what has names below.
    """
    above = f"_domainkey.{domain}"
    top = await asker.ask(above, "TXT")
    drawn, why = await asker.texts(f"vigie-{secrets.token_hex(6)}.{above}", "")
    if top.why or why:
        return None, None, top.why or why
    asked = list(selectors.items())[: None if top.exists else _COMMONEST]
    told: dict[str, tuple[tuple[str, ...], str]] = {}

    async def look(selector: str) -> None:
        told[selector] = await asker.texts(f"{selector}.{above}", "")

    async with trio.open_nursery() as looking:
        for selector, _ in asked:
            looking.start_soon(look, selector)
    keys: list[DkimKey] = []
    for selector, product in asked:
        texts, why = told[selector]
        if why:
            return None, None, why
        # What any name gives is a wildcard, and no key of this selector.
        read = (read_dkim(selector, text, product) for text in texts if text not in drawn)
        keys += [key for key in read if key is not None][:1]
    return tuple(keys), top.exists or bool(keys), ""


async def find_mx(asker: NameAsker, said: Said) -> tuple[MailHost, ...]:
    """Give the mail servers of an answer; none for the null MX (RFC 7505)."""
    servers = sorted(
        {(one.preference, host_of(one.exchange)) for one in said.records if isinstance(one, MX)}
    )
    hosts: list[MailHost] = []
    for preference, host in servers[:_MOST_MX]:
        if host != ".":
            answer = await asker.ask(f"_25._tcp.{host}", "TLSA")
            published = [one for one in answer.records if isinstance(one, TLSA)][:_MOST_TLSA]
            usable = any(one.usage in TLSA_USES for one in published)
            proven = None if answer.why else usable and said.is_validated and answer.is_validated
            hosts.append(
                MailHost(
                    host=host,
                    preference=preference,
                    has_valid_tlsa=proven,
                    tlsa=tuple(map(read_tlsa, published)),
                )
            )
    return tuple(hosts)


def read_tlsa(record: TLSA) -> Tlsa:
    """Give a record; what it holds whole is kept by its digest."""
    data = sha256(record.cert).hexdigest() if record.mtype == 0 else record.cert[:64].hex()
    return Tlsa(record.usage, record.selector, record.mtype, data)


@dataclass(slots=True)
class _Found:
    """What the parts of one reading gave."""

    mx: tuple[MailHost, ...] | None = None
    spf: Spf | None = None
    dmarc: Dmarc | None = None
    dkim: tuple[DkimKey, ...] | None = None
    has_names: bool | None = None
    sts: tuple[str, ...] = ()
    rpt: tuple[str, ...] = ()


async def ask_mail(
    asker: NameAsker,
    domain: str,
    mx: Said,
    *,
    facts: MailFacts,
    place: Place,
    now: Callable[[], datetime],
) -> MailPolicy:
    """Give what a domain publishes of its mail; ``mx`` is the answer that told its servers."""
    why = {"mx": mx.why}
    found = _Found()

    async def spf() -> None:
        found.spf, why["spf"] = await evaluate_spf(asker, domain, facts.platforms())

    async def dmarc() -> None:
        found.dmarc, why["dmarc"] = await find_dmarc(asker, domain)

    async def dkim() -> None:
        selectors = facts.products_by_selector()
        found.dkim, found.has_names, why["dkim"] = await find_dkim(asker, domain, selectors)

    async def transport() -> None:
        found.sts, why["mta_sts"] = await asker.texts(f"_mta-sts.{domain}", "v=STSv1")
        found.rpt, why["tls_rpt"] = await asker.texts(f"_smtp._tls.{domain}", "v=TLSRPTv1")

    async def servers() -> None:
        found.mx = None if mx.why else await find_mx(asker, mx)

    # Each waits for its own answers: a far server costs its round trips once, not five times.
    async with trio.open_nursery() as reading:
        for part in (spf, dmarc, dkim, transport, servers):
            reading.start_soon(part)
    return MailPolicy(
        place=place,
        at=now(),
        domain=domain,
        mx=found.mx,
        spf=found.spf,
        dmarc=found.dmarc,
        dkim=found.dkim,
        has_dkim_names=found.has_names,
        resolver_validates=await asker.validates(),
        mta_sts=None if why["mta_sts"] else found.sts[:4],
        tls_rpt=None if why["tls_rpt"] else found.rpt[:4],
        why={name: reason for name, reason in why.items() if reason},
    )


def no_mail(place: Place, at: datetime, domain: str, why: str) -> MailPolicy:
    """Give the policy of a domain of which nothing could be asked."""
    asked = ("mx", "spf", "dmarc", "dkim", "mta_sts", "tls_rpt")
    return MailPolicy(
        place=place,
        at=at,
        domain=domain,
        mx=None,
        spf=None,
        dmarc=None,
        dkim=None,
        mta_sts=None,
        tls_rpt=None,
        why=dict.fromkeys(asked, why),
    )
