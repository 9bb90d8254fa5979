"""Templates leave the security extension out (ESC9)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, template, unread
from checks.ad._shared.templates import exposed
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Confidence, Criticality, Verdict, Wording

_FLAGS = "mspki-enrollment-flag"
_UNBOUND = 0x80000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that publishes such a template for ordinary accounts."""
    services = forest.certificates

    def wanted(one: Entry) -> bool:
        return bool((one.number(_FLAGS) or 0) & _UNBOUND) and services.allows_logon(one)

    yield from exposed(forest, wanted, Confidence.TENTATIVE)


POINT = Point(
    id="adcs_esc9",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc9",
    title_fr="Modèles de certificats sans extension de sécurité (ESC9)",
    title_en="Certificate templates without the security extension (ESC9)",
    risk_fr=(
        "Un certificat qui ne dit pas le SID de son porteur peut servir à se connecter sous un "
        "autre compte, là où les contrôleurs l'acceptent encore."
    ),
    risk_en=(
        "A certificate that does not tell its bearer's SID may serve to log on as another "
        "account, where controllers still accept it."
    ),
    criticality=Criticality.MEDIUM,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Retirer CT_FLAG_NO_SECURITY_EXTENSION (0x80000) du modèle et vérifier que "
        "StrongCertificateBindingEnforcement vaut 2 sur les contrôleurs (non lu ici)."
    ),
    remedy_en=(
        "Remove CT_FLAG_NO_SECURITY_EXTENSION (0x80000) from the template and check that "
        "StrongCertificateBindingEnforcement is 2 on the controllers (not read here)."
    ),
    proofs={
        **PROOFS,
        "template": Wording(
            (
                "{dn} : inscription ouverte à {who} ; msPKI-Enrollment-Flag contient "
                "NO_SECURITY_EXTENSION."
            ),
            ("{dn}: enrolment open to {who}; msPKI-Enrollment-Flag holds NO_SECURITY_EXTENSION."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(template("Faible", "AU", attributes={_FLAGS: _UNBOUND})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Faible", attributes={_FLAGS: _UNBOUND})),
        healthy(template("Web", "AU")),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
