"""What a domain publishes about its mail besides SPF: DMARC, DKIM keys, MTA-STS, TLS-RPT, DANE."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dns.rdtypes.ANY.MX import MX

from core.knowledge.mail import MailFacts
from core.model import Place
from core.observations.mail_policy import DkimKey, Dmarc, MailHost, MailPolicy
from scanner.asking_names import NameAsker, Said, host_of
from scanner.spf import evaluate_spf

_POLICIES = frozenset({"none", "quarantine", "reject"})
_MOST_TAGS = 64
_MOST_MX = 20
_DEEPEST = 8
"""Labels above which the tree walk begins further up (RFC 7489bis, « DNS Tree Walk »)."""
_TLSA_USES = frozenset({2, 3})
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
    """Give the policy that applies to a domain, its own or its organisation's; or why not."""
    found: dict[str, tuple[str, ...]] = {}
    for name in tree_walk(domain):
        texts, why = await asker.texts(f"_dmarc.{name}", "v")
        if why:
            return None, why
        records = tuple(filter(is_dmarc, texts))
        if name == domain and records:
            return read_dmarc(domain, records, domain), ""
        # Above, several are as none.
        if len(records) == 1:
            found[name] = records
    at = organisational(domain, found)
    if not at:
        return Dmarc(records=()), ""
    return read_dmarc(at, found[at], domain), ""


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


def read_dmarc(at: str, records: Sequence[str], domain: str) -> Dmarc:
    """Give what the records at a name say for a domain at or below it."""
    if len(records) != 1:
        return Dmarc(records=tuple(records[:8]), at=at, fault="several-records")
    tags = tags_of(records[0])
    names = ("p",) if at == domain else ("sp", "p")
    policy = next((tags[name].lower() for name in names if name in tags), "")
    fault = ""
    if policy not in _POLICIES:
        # With an address for reports, receivers read « none » (RFC 7489, 6.6.3).
        fault, policy = ("", "none") if "rua" in tags else ("syntax", "")
    percent = tags.get("pct", "")
    return Dmarc(
        records=tuple(records),
        at=at,
        policy=policy,
        percent=int(percent) if re.fullmatch(r"[0-9]{1,2}", percent) else 100,
        is_testing=tags.get("t", "").lower() == "y",
        has_reports=bool(tags.get("rua")),
        fault=fault,
    )


def read_dkim(selector: str, record: str) -> DkimKey | None:
    """Give the key of one record; ``None`` when it is not a DKIM key. Total on any text."""
    tags = tags_of(record)
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return None
    algorithm = tags.get("k", "rsa").lower()[:20]
    return DkimKey(selector=selector, algorithm=algorithm, bits=_bits(algorithm, tags["p"]))


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
    asker: NameAsker, domain: str, selectors: Sequence[str]
) -> tuple[tuple[DkimKey, ...] | None, str]:
    """Give the keys under the usual selectors, or why none could be asked for."""
    above = f"_domainkey.{domain}"
    drawn, why = await asker.texts(f"vigie-{secrets.token_hex(6)}.{above}", "")
    if why:
        return None, why
    keys: list[DkimKey] = []
    for selector in selectors:
        texts, why = await asker.texts(f"{selector}.{above}", "")
        if why:
            return None, why
        # What any name gives is a wildcard, and no key of this selector.
        read = (read_dkim(selector, text) for text in texts if text not in drawn)
        keys += [key for key in read if key is not None][:1]
    return tuple(keys), ""


async def find_mx(asker: NameAsker, said: Said) -> tuple[MailHost, ...]:
    """Give the mail servers of an answer; none for the null MX (RFC 7505)."""
    servers = sorted(
        {(one.preference, host_of(one.exchange)) for one in said.records if isinstance(one, MX)}
    )
    hosts: list[MailHost] = []
    for preference, host in servers[:_MOST_MX]:
        if host != ".":
            tlsa = await asker.ask(f"_25._tcp.{host}", "TLSA")
            usable = any(getattr(one, "usage", None) in _TLSA_USES for one in tlsa.records)
            proven = None if tlsa.why else usable and said.is_validated and tlsa.is_validated
            hosts.append(MailHost(host=host, preference=preference, has_valid_tlsa=proven))
    return tuple(hosts)


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
    spf, why["spf"] = await evaluate_spf(asker, domain, facts.platforms())
    dmarc, why["dmarc"] = await find_dmarc(asker, domain)
    dkim, why["dkim"] = await find_dkim(asker, domain, facts.selector_names())
    sts, why["mta_sts"] = await asker.texts(f"_mta-sts.{domain}", "v=STSv1")
    rpt, why["tls_rpt"] = await asker.texts(f"_smtp._tls.{domain}", "v=TLSRPTv1")
    return MailPolicy(
        place=place,
        at=now(),
        domain=domain,
        mx=None if mx.why else await find_mx(asker, mx),
        spf=spf,
        dmarc=dmarc,
        dkim=dkim,
        mta_sts=None if why["mta_sts"] else sts[:4],
        tls_rpt=None if why["tls_rpt"] else rpt[:4],
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
