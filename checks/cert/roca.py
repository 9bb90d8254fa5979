"""An RSA key made by a flawed chip (ROCA)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, certificate, leaf_or_why, named, service, shown_leaves
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a modulus with the mark of the flawed library; nothing is sent for it."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    proofs = tuple(
        Proof("mark", {"subject": named(one)}) for _, one in shown_leaves(seen) if one.roca
    )
    if proofs:
        yield Flagged(seen.place, Confidence.FIRM, proofs)


CHECK = Check(
    id="cert.roca",
    title_fr="Clé RSA issue d'une puce défaillante (ROCA)",
    title_en="RSA key from a flawed chip (ROCA)",
    risk_fr=(
        "La clé privée peut se calculer à partir du certificat, en jours ou en mois selon "
        "sa taille. Qui la trouve se fait passer pour le serveur."
    ),
    risk_en=(
        "The private key can be computed from the certificate, in days or months depending "
        "on its size. Whoever finds it can pose as the server."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "CVE-2017-15361",
        f"{GUIDE}, R26",
    ),
    remedy_fr=(
        "Produire une nouvelle clé par logiciel ou avec une puce corrigée, faire émettre un "
        "nouveau certificat et révoquer l'ancien."
    ),
    remedy_en=(
        "Make a new key in software or with a corrected chip, have a new certificate issued "
        "and revoke the old one."
    ),
    proofs={
        "mark": Wording(
            "Le module de la clé de « {subject} » porte la marque de la bibliothèque fautive.",
            "The modulus of the key of “{subject}” bears the mark of the flawed library.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(certificate(roca=True)),),
    clean=(
        service(),
        service(certificate(roca=False)),
    ),
    unmeasured=(service(chain=()),),
)
