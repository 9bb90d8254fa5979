"""Templates of version 1 take the policies asked for (ESC15)."""

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

_NAMED = {"mspki-certificate-name-flag": 1}
_VERSION = "mspki-template-schema-version"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that publishes such a template for ordinary accounts."""
    services = forest.certificates

    def wanted(one: Entry) -> bool:
        return one.number(_VERSION) == 1 and services.supplies_subject(one)

    yield from exposed(forest, wanted, Confidence.TENTATIVE)


POINT = Point(
    id="adcs_esc15",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc15",
    title_fr="Modèles de version 1 acceptant les usages demandés (ESC15)",
    title_en="Version 1 templates that take the usages asked for (ESC15)",
    risk_fr=(
        "Sur une autorité non mise à jour (CVE-2024-49019), un compte ordinaire en tire un "
        "certificat d'administrateur."
    ),
    risk_en=(
        "On an authority that is not up to date (CVE-2024-49019), an ordinary account obtains an "
        "administrator's certificate from it."
    ),
    criticality=Criticality.HIGH,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Appliquer les mises à jour de novembre 2024 sur l'autorité (niveau non lu ici) et "
        "restreindre l'inscription à ces modèles."
    ),
    remedy_en=(
        "Apply the updates of November 2024 on the authority (level not read here) and restrict "
        "enrolment on these templates."
    ),
    proofs={
        **PROOFS,
        "template": Wording(
            ("{dn} : inscription ouverte à {who} ; version 1, identité choisie par le demandeur."),
            "{dn}: enrolment open to {who}; version 1, name chosen by who asks.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(template("WebServer", "AU", attributes={**_NAMED, _VERSION: 1})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("WebServer", attributes={**_NAMED, _VERSION: 1})),
        healthy(template("Web", "AU", attributes={_VERSION: 1})),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
