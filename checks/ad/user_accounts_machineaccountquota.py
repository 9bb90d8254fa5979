"""Any account may join machines to the domain (vuln_user_accounts_machineaccountquota)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, hide
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose ms-DS-MachineAccountQuota is above 0; an absent value says nothing."""
    for domain in forest.domains:
        head = forest.head(domain)
        quota = head.number("ms-ds-machineaccountquota") if head is not None else None
        if head is None or quota is None:
            why = forest.unread("domain", "domaindns", "ms-ds-machineaccountquota", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: ms-DS-MachineAccountQuota")
        elif quota > 0:
            proof = Proof("quota", {"dn": head.dn, "quota": str(quota)})
            yield from failed(forest, domain, [(head, proof)], *POINT.levels)


POINT = Point(
    id="vuln_user_accounts_machineaccountquota",
    levels=(4,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(objectClass=domainDNS)",
)

CHECK = Check(
    id="ad.user-accounts-machineaccountquota",
    title_fr="Tout compte peut joindre des machines au domaine",
    title_en="Any account may join machines to the domain",
    risk_fr="Un intrus crée ses propres comptes de machine, point de départ de nombreuses attaques par délégation ou par certificat.",
    risk_en="An intruder creates machine accounts of their own, the starting point of many attacks by delegation or certificate.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI vuln_user_accounts_machineaccountquota",
        "MITRE T1136.002",
    ),
    remedy_fr="Mettre ms-DS-MachineAccountQuota à 0 à la racine du domaine et déléguer la jonction à une équipe, sur une unité d'organisation.",
    remedy_en="Set ms-DS-MachineAccountQuota to 0 on the domain head and delegate joining to a team, on an organisational unit.",
    proofs={
        **PROOFS,
        "quota": Wording(
            "{dn} : ms-DS-MachineAccountQuota = {quota}.",
            "{dn}: ms-DS-MachineAccountQuota = {quota}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(ROOT, {"ms-ds-machineaccountquota": 10})),
        healthy(change(ROOT, {"ms-ds-machineaccountquota": 1})),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(hide(ROOT, "ms-ds-machineaccountquota")),),
)
