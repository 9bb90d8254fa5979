"""The certificate's last day is past."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import (
    CARE,
    certificate,
    day,
    judged_at,
    leaf_or_why,
    named,
    service,
    shown_leaves,
    utc,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a certificate past its end."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    at = judged_at(seen, facts)
    proofs = tuple(
        Proof("ended", {"day": day(one.not_after), "subject": named(one)})
        for _, one in shown_leaves(seen)
        if one.not_after is not None and utc(one.not_after) < at
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
    elif leaf.not_after is None:
        yield NotMeasured(seen.place, "protocol-error")


CHECK = Check(
    id="cert.expired",
    title_fr="Certificat expiré",
    title_en="Certificate expired",
    risk_fr=(
        "Les agents s'habituent à passer outre l'alerte du navigateur : le jour où quelqu'un "
        "s'interpose pour voler leurs mots de passe, l'alerte sera la même."
    ),
    risk_en=(
        "Staff get used to clicking through the browser's warning: the day someone steps in "
        "between to steal their passwords, the warning will be the same."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R25, R30",
        "RFC 5280, 4.1.2.5",
    ),
    remedy_fr=(
        "Renouveler le certificat, l'installer et redémarrer le service ; automatiser le "
        "renouvellement (ACME) et sa surveillance."
    ),
    remedy_en=(
        "Renew the certificate, install it and restart the service; automate renewal (ACME) "
        "and its monitoring."
    ),
    proofs={
        "ended": Wording(
            "Le certificat « {subject} » n'est plus valable depuis le {day}.",
            "The certificate “{subject}” has not been valid since {day}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(certificate(not_after=AT - timedelta(days=2))),),
    clean=(service(),),
    unmeasured=(service(chain=()),),
)
