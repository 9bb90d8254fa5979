"""A healthy domain and its departures, for the examples of checks; what several of them ask."""

from typing import TypeVar

import msgspec

from checks._shared.examples import AT
from core.model import Place
from core.observations.domain import (
    Dmarc,
    DomainSeen,
    MailHost,
    MailPolicy,
    NameServer,
    Spf,
)

_Seen = TypeVar("_Seen", DomainSeen, MailPolicy)
_DOMAIN = "chu.example"
_PLACE = Place(establishment="chu-exemple", hostname=_DOMAIN)

_ZONE = DomainSeen(
    place=_PLACE,
    at=AT,
    domain=_DOMAIN,
    zone=_DOMAIN,
    name_servers=(
        NameServer(host="ns1.chu.example", addresses=("203.0.113.5",)),
        NameServer(host="ns.operateur.example", addresses=("198.51.100.5",)),
    ),
    is_signed=True,
    is_bogus=False,
    resolver_validates=True,
    caa=('0 issue "ac.example"',),
    dangling=(),
)
_MAIL = MailPolicy(
    place=_PLACE,
    at=AT,
    domain=_DOMAIN,
    mx=(MailHost(host="mx.chu.example", preference=10, has_valid_tlsa=False),),
    spf=Spf(records=("v=spf1 mx -all",), default="-", lookups=1),
    dmarc=Dmarc(
        records=("v=DMARC1; p=reject; rua=mailto:dmarc@chu.example",),
        at=_DOMAIN,
        policy="reject",
        has_reports=True,
    ),
    dkim=(),
    mta_sts=("v=STSv1; id=20260101",),
    tls_rpt=("v=TLSRPTv1; rua=mailto:tls@chu.example",),
)


def zone(**changes: object) -> DomainSeen:
    """Give a healthy zone but for these fields; ``None`` ones as left by a silent resolver."""
    return _changed(_ZONE, changes)


def mail(**changes: object) -> MailPolicy:
    """Give a healthy mail policy but for these fields; the same for ``None``."""
    return _changed(_MAIL, changes)


def _changed(seen: _Seen, changes: dict[str, object]) -> _Seen:
    why = {name: "timeout" for name, value in changes.items() if value is None}
    return msgspec.structs.replace(seen, **changes, why=why)


def quoted(text: str, most: int = 200) -> str:
    """Give a record for a proof, cut."""
    return text if len(text) <= most else f"{text[:most]}…"
