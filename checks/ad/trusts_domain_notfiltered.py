"""Outbound external trusts out of quarantine (vuln_trusts_domain_notfiltered)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    healthy,
    trust,
    unread,
)
from checks.ad._shared.trusts import flag_trusts
from checks.ad._shared.verdicts import PROOFS
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.trusts import Trust
from core.facts import Facts
from core.model import Criticality, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that holds such a trust."""
    yield from flag_trusts(forest, POINT, _is_at_fault)


def _is_at_fault(one: Trust) -> bool:
    return one.is_outbound and not one.is_forest and one.takes_sid_history


POINT = Point(
    id="vuln_trusts_domain_notfiltered",
    levels=(1,),
    condition=Condition.OURS,
    effort=1,
    base="CN=System,{D}",
    query="(objectClass=trustedDomain)",
)

CHECK = Check(
    id="ad.trusts-domain-notfiltered",
    title_fr="Approbation externe sortante sans quarantaine",
    title_en="Outbound external trust out of quarantine",
    risk_fr=(
        "Un administrateur du domaine approuvé, ou qui l'a pris, se fait passer ici pour un "
        "administrateur."
    ),
    risk_en=(
        "An administrator of the trusted domain, or whoever took it, passes here for an "
        "administrator."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_trusts_domain_notfiltered", "MITRE T1134.005"),
    remedy_fr=(
        "Activer la quarantaine (netdom trust /Quarantine:yes) après avoir vérifié qu'aucun "
        "historique de SID n'est utilisé, ou supprimer l'approbation."
    ),
    remedy_en=(
        "Turn the quarantine on (netdom trust /Quarantine:yes) once no SID history is in "
        "use, or remove the trust."
    ),
    proofs={
        **PROOFS,
        "trust": Wording(
            ("{partner} : approbation sortante sans QUARANTINED_DOMAIN (trustAttributes {bits})."),
            ("{partner}: outbound trust without QUARANTINED_DOMAIN (trustAttributes {bits})."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(trust("autre.example", trustattributes=0)),
        healthy(trust("vieux", trustattributes=0, trusttype=flags.DOWNLEVEL, trustdirection=3)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(trust("autre.example")),
        healthy(trust("autre.example", trustattributes=0, trustdirection=flags.INBOUND)),
        healthy(trust("ROYAUME.EXAMPLE", trustattributes=0, trusttype=flags.MIT)),
        healthy(trust("foret.example", trustattributes=flags.FOREST_TRANSITIVE)),
        healthy(child_domain(), change("CN=sub.chu.example,CN=System", trustattributes=0)),
    ),
    unmeasured=(
        healthy(unread("domain", "trusteddomain")),
        healthy(trust("amie.example", trustattributes=None)),
    ),
)
