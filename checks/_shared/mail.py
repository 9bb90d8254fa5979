"""A healthy mail policy and its departures, for the examples of checks; what several of them ask."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT
from core.facts import Facts
from core.model import NotMeasured, Place, reason
from core.observations.mail_hosts import MailHostsSeen, MtaSts, MxCertificate, MxSeen
from core.observations.mail_policy import DkimKey, Dmarc, MailHost, MailPolicy, Spf

DOMAIN = "chu.example"
_MAIL = MailPolicy(
    place=Place(establishment="chu-exemple", hostname=DOMAIN),
    at=AT,
    domain=DOMAIN,
    mx=(MailHost(host="mx.chu.example", preference=10, has_valid_tlsa=False),),
    spf=Spf(records=("v=spf1 mx -all",), default="-", lookups=1),
    dmarc=Dmarc(
        records=("v=DMARC1; p=reject; rua=mailto:dmarc@chu.example",),
        at=DOMAIN,
        rule="own",
        policy="reject",
        below="reject",
        below_missing="reject",
        has_reports=True,
    ),
    dkim=(DkimKey(selector="selector1", product="Microsoft 365", algorithm="rsa", bits=2_048),),
    has_dkim_names=True,
    resolver_validates=True,
    mta_sts=("v=STSv1; id=20260101",),
    tls_rpt=("v=TLSRPTv1; rua=mailto:tls@chu.example",),
)


def mail(**changes: object) -> MailPolicy:
    """Give a healthy mail policy but for these fields; ``None`` ones as left by a silent resolver."""
    why = {name: "timeout" for name, value in changes.items() if value is None}
    return msgspec.structs.replace(_MAIL, **changes, why=why)


LEAF = MxCertificate("aa" * 32, "bb" * 32)
_SERVER = MxSeen(
    host="mx.chu.example",
    address="203.0.113.25",
    starttls=True,
    certificates=(LEAF, MxCertificate("cc" * 32, "dd" * 32)),
    covers=True,
)
_POLICY = MtaSts(mode="enforce", mx=("mx.chu.example",), max_age_s=604_800)


def hosts(*servers: MxSeen, **changes: object) -> MailHostsSeen:
    """Give healthy mail servers, or these; ``None`` fields as left by a silent host."""
    usual = MailHostsSeen(
        place=Place(establishment="chu-exemple", hostname=DOMAIN),
        at=AT,
        domain=DOMAIN,
        servers=servers or (_SERVER,),
        is_sts_announced=True,
        policy=_POLICY,
    )
    why = {name: "timeout" for name, value in changes.items() if value is None}
    return msgspec.structs.replace(usual, **changes, why=why)


def server(**changes: object) -> MxSeen:
    """Give a healthy mail server but for these fields."""
    return msgspec.structs.replace(_SERVER, **changes)


def policy(**changes: object) -> MtaSts:
    """Give an MTA-STS policy that is enforced, but for these fields."""
    return msgspec.structs.replace(_POLICY, **changes)


def unseen(seen: MailHostsSeen) -> Iterator[NotMeasured]:
    """Say once why servers of a domain were not looked at: those elsewhere first."""
    away = sorted({one.host for one in seen.servers if one.is_elsewhere})
    silent = sorted(
        {(one.host, one.why) for one in seen.servers if one.why and not one.is_elsewhere}
    )
    if away:
        yield NotMeasured(seen.place, reason("mail-elsewhere", ", ".join(away[:5])))
    elif silent:
        host, why = silent[0]
        yield NotMeasured(seen.place, reason(why.partition(":")[0], host))


def is_told_above(dmarc: Dmarc, domain: str, facts: Facts) -> bool:
    """Tell whether a policy from above the domain is told at its own domain, which is ours too."""
    ours = {one for each in facts.establishments for one in each.domains}
    return dmarc.at != domain and dmarc.at in ours


def quoted(text: str, most: int = 200) -> str:
    """Give a record for a proof, cut."""
    return text if len(text) <= most else f"{text[:most]}…"
