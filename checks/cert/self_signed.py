"""The certificate is signed by its own key."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    CONTEXT_PROOFS,
    certificate,
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
    """Flag a self-signed certificate; the one that Windows makes for RDP is not ours to judge."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    if leaf.self_signed is None or seen.trust is None:
        yield NotMeasured(seen.place, "protocol-error")
        return
    proofs = tuple(
        Proof("own-key", {"subject": named(one)})
        for one, _ in shown_with(Trust.SELF_SIGNED, seen)
        if not one.is_rdp_default
    )
    if proofs:
        criticality, context = in_context("cert.self-signed", seen, facts, Criticality.HIGH)
        yield Flagged(seen.place, Confidence.CERTAIN, (*proofs, *context), criticality)


CHECK = Check(
    id="cert.self-signed",
    title_fr="Certificat autosigné",
    title_en="Self-signed certificate",
    risk_fr=(
        "Personne ne garantit que ce serveur est bien celui de l'établissement. Les agents "
        "s'habituent à passer outre l'alerte du navigateur : le jour où quelqu'un s'interpose "
        "pour voler leurs mots de passe, l'alerte sera la même."
    ),
    risk_en=(
        "Nobody vouches that this server is the hospital's own. Staff get used to clicking "
        "through the browser's warning: the day someone steps in between to steal their "
        "passwords, the warning will be the same."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R8", "RFC 9325, 7.1"),
    remedy_fr=(
        "Installer un certificat émis par une autorité publique (ACME) ou, pour un usage "
        "interne, par l'autorité de l'établissement, et ne pas exposer ce service à Internet."
    ),
    remedy_en=(
        "Install a certificate from a public authority (ACME) or, for internal use, from the "
        "hospital's own authority, and do not expose this service to the Internet."
    ),
    proofs={
        **CONTEXT_PROOFS,
        "own-key": Wording(
            "Le certificat « {subject} » est signé par sa propre clé.",
            "The certificate “{subject}” is signed by its own key.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(certificate(self_signed=True), trust=Trust.SELF_SIGNED),),
    clean=(
        service(),
        service(certificate(self_signed=True, is_rdp_default=True), trust=Trust.SELF_SIGNED),
    ),
    unmeasured=(service(chain=()),),
)
