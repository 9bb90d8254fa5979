"""A healthy mail policy and its departures, for the examples of checks; what several of them ask."""

import msgspec

from checks._shared.examples import AT
from core.model import Place
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


def quoted(text: str, most: int = 200) -> str:
    """Give a record for a proof, cut."""
    return text if len(text) <= most else f"{text[:most]}…"
