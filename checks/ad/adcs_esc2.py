"""Templates are good for any purpose (ESC2)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, template, unread
from checks.ad._shared.templates import ANY, exposed
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that publishes such a template for ordinary accounts."""
    services = forest.certificates

    def wanted(one: Entry) -> bool:
        return not services.usages(one) or ANY in services.usages(one)

    yield from exposed(forest, wanted)


POINT = Point(
    id="adcs_esc2",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc2",
    title_fr="Modèles de certificats valables pour tout usage (ESC2)",
    title_en="Certificate templates good for any purpose (ESC2)",
    risk_fr=("Un compte ordinaire peut obtenir un certificat qui vaut celui d'un administrateur."),
    risk_en=("An ordinary account may obtain a certificate worth that of an administrator."),
    criticality=Criticality.HIGH,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Réserver l'inscription à ceux qui en ont besoin, exiger l'accord d'un gestionnaire, ou "
        "dépublier le modèle. Limiter les usages du modèle."
    ),
    remedy_en=(
        "Keep enrolment for those who need it, require a manager's approval, or unpublish the "
        "template. Limit the usages of the template."
    ),
    proofs={
        **PROOFS,
        "template": Wording(
            ("{dn} : inscription ouverte à {who} ; certificat valable pour tout usage."),
            "{dn}: enrolment open to {who}; certificate good for any purpose.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            template(
                "Tout",
                "AU",
                attributes={
                    "pkiextendedkeyusage": ANY,
                    "mspki-certificate-application-policy": ANY,
                },
            )
        ),
        healthy(
            template(
                "Tout",
                "AU",
                attributes={"pkiextendedkeyusage": (), "mspki-certificate-application-policy": ()},
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Web", "AU")),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
