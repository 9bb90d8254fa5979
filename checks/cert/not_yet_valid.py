"""The certificate's first day is to come."""

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
    """Flag a certificate before its beginning."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    at = judged_at(seen, facts)
    proofs = tuple(
        Proof("begins", {"day": day(one.not_before), "subject": named(one)})
        for _, one in shown_leaves(seen)
        if one.not_before is not None and utc(one.not_before) > at
    )
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)
    elif leaf.not_before is None:
        yield NotMeasured(seen.place, "protocol-error")


CHECK = Check(
    id="cert.not-yet-valid",
    title_fr="Certificat pas encore valable",
    title_en="Certificate not yet valid",
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
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R25",
        "RFC 5280, 4.1.2.5",
    ),
    remedy_fr=(
        "Vérifier l'horloge de l'équipement qui a émis le certificat, ou remettre en place le "
        "précédent jusqu'à cette date."
    ),
    remedy_en=(
        "Check the clock of the device that issued the certificate, or put the previous one "
        "back until that day."
    ),
    proofs={
        "begins": Wording(
            "Le certificat « {subject} » ne sera valable que le {day}.",
            "The certificate “{subject}” will only be valid on {day}.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(certificate(not_before=AT + timedelta(days=2))),),
    clean=(service(),),
    unmeasured=(service(chain=()),),
)
