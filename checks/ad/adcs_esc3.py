"""Templates make enrolment agents of ordinary accounts (ESC3)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, template, unread
from checks.ad._shared.templates import AGENT, exposed
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
        return AGENT in services.usages(one)

    yield from exposed(forest, wanted)


POINT = Point(
    id="adcs_esc3",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc3",
    title_fr="Agents d'inscription ouverts aux comptes ordinaires (ESC3)",
    title_en="Enrolment agents open to ordinary accounts (ESC3)",
    risk_fr=(
        "Un agent d'inscription demande des certificats au nom des autres, administrateurs compris."
    ),
    risk_en=(
        "An enrolment agent asks for certificates in the name of others, administrators included."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "SpecterOps Certified Pre-Owned",
        "MITRE T1649",
    ),
    remedy_fr=(
        "Réserver l'inscription à ceux qui en ont besoin, exiger l'accord d'un gestionnaire, ou "
        "dépublier le modèle. Restreindre les agents d'inscription sur l'autorité."
    ),
    remedy_en=(
        "Keep enrolment for those who need it, require a manager's approval, or unpublish the "
        "template. Restrict enrolment agents on the authority."
    ),
    proofs={
        **PROOFS,
        "template": Wording(
            ("{dn} : inscription ouverte à {who} ; donne le rôle d'agent d'inscription."),
            "{dn}: enrolment open to {who}; gives the role of enrolment agent.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            template("Agent", "AU", attributes={"mspki-certificate-application-policy": AGENT})
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Agent", attributes={"mspki-certificate-application-policy": AGENT})),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
