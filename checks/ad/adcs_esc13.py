"""Templates give membership of a group (ESC13)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, child_domain, healthy, template, thing, unread
from checks.ad._shared.templates import exposed
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Verdict, Wording

_POLICY = "mspki-certificate-policy"
_OID = "CN=1.OID,CN=OID,CN=Public Key Services,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that publishes such a template for ordinary accounts."""
    linked_ = {
        one.text("mspki-cert-template-oid")
        for one in forest.having("msds-oidtogrouplink")
        if one.has("mspki-cert-template-oid")
    }

    def wanted(one: Entry) -> bool:
        return any(policy in linked_ for policy in one.texts(_POLICY))

    yield from exposed(forest, wanted)


POINT = Point(
    id="adcs_esc13",
    effort=1,
    base="CN=Certificate Templates,CN=Public Key Services,CN=Services,{C}",
    query="(objectClass=pKICertificateTemplate)",
)

CHECK = Check(
    id="ad.adcs-esc13",
    title_fr="Modèles de certificats donnant l'appartenance à un groupe (ESC13)",
    title_en="Certificate templates that give membership of a group (ESC13)",
    risk_fr=(
        "Qui obtient ce certificat reçoit, à la connexion, les droits d'un groupe dont il n'est "
        "pas membre."
    ),
    risk_en=(
        "Whoever obtains this certificate receives, when logging on, the rights of a group they "
        "are no member of."
    ),
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
            (
                "{dn} : inscription ouverte à {who} ; sa stratégie d'émission est liée à un "
                "groupe (msDS-OIDToGroupLink)."
            ),
            (
                "{dn}: enrolment open to {who}; its issuance policy is linked to a group "
                "(msDS-OIDToGroupLink)."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            thing(
                _OID,
                "mspki-enterprise-oid",
                {
                    "mspki-cert-template-oid": "1.2.3",
                    "msds-oidtogrouplink": f"CN=Domain Admins,CN=Users,{ROOT}",
                },
            ),
            template("Lié", "AU", attributes={_POLICY: "1.2.3"}),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(template("Lié", "AU", attributes={_POLICY: "1.2.3"})),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
