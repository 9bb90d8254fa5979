"""Templates let ordinary accounts pass for any server (ESC17)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, template, unread
from checks.ad._shared.templates import SERVER, exposed
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Verdict, Wording

_NAMED = {"mspki-certificate-name-flag": 1}


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that publishes such a template for ordinary accounts."""
    services = forest.certificates

    def wanted(one: Entry) -> bool:
        return services.supplies_subject(one) and SERVER in services.usages(one)

    yield from exposed(forest, wanted)


POINT = Point(
    id="adcs_esc17",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc17",
    title_fr="Certificats de serveur au nom choisi par le demandeur (ESC17)",
    title_en="Server certificates in the name chosen by who asks (ESC17)",
    risk_fr=(
        "Un compte ordinaire se fait passer pour un service interne, comme celui des mises à jour "
        "(WSUS)."
    ),
    risk_en=("An ordinary account passes for an internal service, such as that of updates (WSUS)."),
    criticality=Criticality.MEDIUM,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Réserver l'inscription à ceux qui en ont besoin, exiger l'accord d'un gestionnaire, ou "
        "dépublier le modèle."
    ),
    remedy_en=(
        "Keep enrolment for those who need it, require a manager's approval, or unpublish the "
        "template."
    ),
    proofs={
        **PROOFS,
        "template": Wording(
            ("{dn} : inscription ouverte à {who} ; certificat de serveur à tout nom."),
            "{dn}: enrolment open to {who}; server certificate for any name.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            template(
                "Web", "AU", attributes={**_NAMED, "mspki-certificate-application-policy": SERVER}
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            template("Web", attributes={**_NAMED, "mspki-certificate-application-policy": SERVER})
        ),
        healthy(template("Web", "AU")),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
