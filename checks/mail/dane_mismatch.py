"""A mail server whose certificate is not the one that its TLSA records announce (DANE)."""

from collections.abc import Iterator

from checks._shared.mail import LEAF, hosts, server, unseen
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail_hosts import MailHostsSeen, MxSeen
from core.observations.mail_policy import Tlsa

_SHA256 = frozenset({0, 1})
"""Ways of matching that are kept as SHA-256; of SHA-512 nothing is kept to compare with."""
_OWN = 3


def judge(seen: MailHostsSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag servers of which no validated record matches what they show, or that offer no TLS."""
    del facts
    announced = [one for one in seen.servers if one.tlsa]
    proofs = tuple(
        Proof(
            "no-tls" if one.starttls is False else "other",
            {"host": one.host, "address": one.address, "records": _told(one)},
        )
        for one in announced
        if _matches(one) is False
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs[:10])
        return
    blind = [one for one in announced if _matches(one) is None]
    if any(one.why for one in blind):
        yield from unseen(seen)
    elif blind:
        yield NotMeasured(seen.place, "not-offered")


def _matches(one: MxSeen) -> bool | None:
    """Whether a record matches; ``None``: what would tell was not seen."""
    if one.starttls is False:
        return False
    if not one.certificates:
        return None
    if any(_is_of(record, one) for record in one.tlsa):
        return True
    return False if all(record.matching in _SHA256 for record in one.tlsa) else None


def _is_of(record: Tlsa, one: MxSeen) -> bool:
    shown = one.certificates[:1] if record.usage == _OWN else one.certificates
    digests = {each.spki_sha256 if record.selector == 1 else each.sha256 for each in shown}
    return record.matching in _SHA256 and record.data in digests


def _told(one: MxSeen) -> str:
    records = (
        f"{record.usage} {record.selector} {record.matching} {record.data[:16]}…"
        for record in one.tlsa[:3]
    )
    return ", ".join(records)


_GOOD = (Tlsa(3, 1, 1, LEAF.spki_sha256),)
_OTHER = (Tlsa(3, 1, 1, "ee" * 32), Tlsa(2, 0, 1, LEAF.spki_sha256))

CHECK = Check(
    id="mail.dane-mismatch",
    title_fr="Certificat du serveur de courrier contraire à DANE",
    title_en="Mail server certificate contrary to DANE",
    risk_fr="Les expéditeurs qui suivent DANE refusent de livrer : des messages adressés à l'établissement sont retardés, puis perdus.",
    risk_en="Senders that follow DANE refuse to deliver: messages to the establishment are delayed, then lost.",
    criticality=Criticality.HIGH,
    care=("D1.EXPO.8",),
    references=("RFC 7672 2.2", "RFC 7671 8"),
    remedy_fr="Publier le TLSA du certificat en place (3 1 1), attendre l'expiration de l'ancien dans les caches, puis retirer l'ancien ; à chaque renouvellement, garder la même clé ou publier le nouveau TLSA avant de changer.",
    remedy_en="Publish the TLSA of the certificate in place (3 1 1), wait for the old one to leave the caches, then remove the old one; at each renewal, keep the same key or publish the new TLSA before the change.",
    proofs={
        "other": Wording(
            "{host} ({address}) montre un autre certificat que ceux que ses TLSA annoncent ({records}).",
            "{host} ({address}) shows another certificate than those its TLSA records announce ({records}).",
        ),
        "no-tls": Wording(
            "{host} ({address}) n'annonce pas STARTTLS, alors que ses TLSA l'exigent ({records}).",
            "{host} ({address}) announces no STARTTLS, although its TLSA records require it ({records}).",
        ),
    },
    reads=MailHostsSeen,
    judge=judge,
    flagged=(
        hosts(server(tlsa=_OTHER)),
        hosts(server(tlsa=_GOOD, starttls=False, certificates=())),
        hosts(server(tlsa=(Tlsa(3, 1, 1, "dd" * 32),))),
    ),
    clean=(
        hosts(),
        hosts(server(tlsa=_GOOD)),
        hosts(server(tlsa=(Tlsa(2, 0, 1, "cc" * 32),))),
        hosts(server(tlsa=(Tlsa(3, 0, 0, LEAF.sha256), *_OTHER))),
    ),
    unmeasured=(
        hosts(server(tlsa=_GOOD, certificates=(), starttls=None, why="timeout")),
        hosts(server(tlsa=(Tlsa(3, 1, 2, "aa" * 64),))),
        hosts(MxSeen(host="mx.x.example", why="out-of-scope", is_elsewhere=True, tlsa=_GOOD)),
    ),
)
