"""AdminSDHolder inherits rights (warning_sd_adminsdholder_protec)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, descriptor, healthy, hidden_descriptor
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_TARGET = "CN=AdminSDHolder,CN=System"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose AdminSDHolder takes the rights of its parent."""
    for domain in forest.domains:
        one = forest.in_system(domain, "CN=AdminSDHolder")
        held = one.descriptor if one is not None else None
        if one is None or held is None:
            yield NotMeasured(forest.place(domain), "hidden: AdminSDHolder")
        elif not held.is_protected:
            yield from failed(forest, domain, [(one, Proof("inherits", {"dn": one.dn}))])


POINT = Point(
    id="warning_sd_adminsdholder_protec",
    effort=1,
    base="CN=AdminSDHolder,CN=System,{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.warning-sd-adminsdholder-protec",
    title_fr="adminSDHolder hérite de permissions",
    title_en="AdminSDHolder inherits permissions",
    risk_fr=("Toute permission donnée plus haut est recopiée sur les comptes privilégiés."),
    risk_en="Any permission given above is copied to the privileged accounts.",
    criticality=Criticality.MEDIUM,
    references=("ANSSI warning_sd_adminsdholder_protec",),
    remedy_fr=(
        "Désactiver l'héritage sur CN=AdminSDHolder,CN=System et retirer les entrées héritées."
    ),
    remedy_en=(
        "Disable inheritance on CN=AdminSDHolder,CN=System and remove the inherited entries."
    ),
    proofs={
        **PROOFS,
        "inherits": Wording(
            "{dn} : héritage actif (SE_DACL_PROTECTED absent).",
            "{dn}: inheritance is on (SE_DACL_PROTECTED missing).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(descriptor(_TARGET, "O:DAG:DAD:AI(A;;GA;;;DA)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(hidden_descriptor(_TARGET)),),
)
