"""The chain leads to an authority that is not public."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    CONTEXT_PROOFS,
    in_context,
    leaf_or_why,
    named,
    service,
    shown_with,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService, Trust


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a private authority; a self-signed certificate has its own check."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    if seen.trust is None:
        yield NotMeasured(seen.place, seen.why_not("trust"))
        return
    proofs = tuple(
        Proof("private", {"subject": named(one), "issuer": issuer})
        for one, issuer in shown_with(Trust.PRIVATE, seen)
    )
    if proofs:
        criticality, context = in_context("cert.untrusted-chain", seen, facts, Criticality.HIGH)
        yield Flagged(seen.place, Confidence.FIRM, (*proofs, *context), criticality)


CHECK = Check(
    id="cert.untrusted-chain",
    title_fr="Autorité de certification non reconnue",
    title_en="Authority not publicly trusted",
    risk_fr=(
        "Le certificat vient d'une autorité que les navigateurs ne connaissent pas : hors du "
        "parc de l'établissement, l'utilisateur reçoit une alerte et ne peut distinguer le "
        "vrai serveur d'un faux. Les agents s'habituent à passer outre l'alerte du navigateur "
        ": le jour où quelqu'un s'interpose pour voler leurs mots de passe, l'alerte sera la "
        "même."
    ),
    risk_en=(
        "The certificate comes from an authority that browsers do not know: outside the "
        "hospital's own machines, users get a warning and cannot tell the real server from a "
        "false one. Staff get used to clicking through the browser's warning: the day someone "
        "steps in between to steal their passwords, the warning will be the same."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R8, R34", "RFC 5280, 6"),
    remedy_fr=(
        "Pour un service ouvert au public ou aux partenaires, installer un certificat d'une "
        "autorité publique (ou d'IGC-Santé si tous les usagers la reconnaissent) ; sinon, "
        "fermer le service à Internet."
    ),
    remedy_en=(
        "For a service open to the public or to partners, install a certificate from a public "
        "authority (or IGC-Santé if all users trust it); otherwise, close the service to the "
        "Internet."
    ),
    proofs={
        **CONTEXT_PROOFS,
        "private": Wording(
            "La chaîne du certificat « {subject} » mène à « {issuer} », absent des racines publiques.",
            "The chain of “{subject}” leads to “{issuer}”, which is not a public root.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(trust=Trust.PRIVATE),
        service(trust=Trust.PRIVATE, missing_issuer="CN=AC interne"),
    ),
    clean=(
        service(),
        service(trust=Trust.DECLARED),
        service(trust=Trust.SELF_SIGNED),
        service(trust=Trust.MISSING_LINK),
    ),
    unmeasured=(service(chain=()), service(trust=None)),
)
