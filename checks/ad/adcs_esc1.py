"""Templates grant the name asked for, whatever the authority (ESC1)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, template, unread
from checks.ad._shared.templates import exposed
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
        return services.supplies_subject(one) and services.allows_logon(one)

    yield from exposed(forest, wanted)


POINT = Point(
    id="adcs_esc1",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc1",
    title_fr=("Modèles délivrant l'identité demandée, autorité de connexion ou non (ESC1)"),
    title_en=("Templates granting the identity asked for, logon authority or not (ESC1)"),
    risk_fr=("Un compte ordinaire peut obtenir un certificat qui vaut celui d'un administrateur."),
    risk_en=("An ordinary account may obtain a certificate worth that of an administrator."),
    criticality=Criticality.HIGH,
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
            ("{dn} : inscription ouverte à {who} ; le demandeur choisit l'identité inscrite."),
            "{dn}: enrolment open to {who}; who asks chooses the name in it.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(template("Web", "AU", attributes=_NAMED)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Web", attributes=_NAMED)),
        healthy(template("Web", "AU")),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
