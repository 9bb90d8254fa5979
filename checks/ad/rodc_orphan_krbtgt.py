"""Keys of read-only controllers that are gone (vuln_rodc_orphan_krbtgt)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    controller,
    healthy,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ENTRA = "krbtgt_azuread"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain that keeps the key account of a read-only controller no longer there."""
    used = {one for each in forest.computers for one in each.linked("msds-krbtgtlink")}
    found: list[Found] = []
    for one in forest.having("msds-secondarykrbtgtnumber"):
        is_used = one in used or one.has("msds-krbtgtlinkbl") or one.name.lower() == _ENTRA
        if one.is_user and not is_used:
            found.append((one, Proof("orphan", {"dn": one.dn})))
    why = forest.unread("domain", "computer", "msds-krbtgtlink")
    if not why:
        yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "msds-krbtgtlink", "msds-krbtgtlinkbl")


POINT = Point(
    id="vuln_rodc_orphan_krbtgt",
    levels=(3,),
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(&(objectClass=user)(msDS-SecondaryKrbTgtNumber=*)(!(msDS-KrbTgtLinkBl=*)))",
)

CHECK = Check(
    id="ad.rodc-orphan-krbtgt",
    title_fr="Comptes krbtgt de contrôleurs en lecture seule disparus",
    title_en="krbtgt accounts of read-only controllers that are gone",
    risk_fr="Cette clé signe encore des tickets ; elle a pu être volée avec l'ancien contrôleur.",
    risk_en="This key still signs tickets; it may have been stolen with the former controller.",
    criticality=Criticality.MEDIUM,
    references=("ANSSI vuln_rodc_orphan_krbtgt", "MITRE T1558.001"),
    remedy_fr="Vérifier que le contrôleur n'existe plus, puis supprimer ce compte krbtgt_NNNNN.",
    remedy_en="Check that the controller is gone, then delete this krbtgt_NNNNN account.",
    proofs={
        **PROOFS,
        "orphan": Wording(
            "{dn} : aucun contrôleur ne l'utilise (msDS-KrbTgtLinkBl vide).",
            "{dn}: no controller uses it (msDS-KrbTgtLinkBl empty).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("krbtgt_12345", {"msds-secondarykrbtgtnumber": 12345}, enabled=False)),),
    clean=(
        healthy(),
        healthy(controller("RODC", read_only=True)),
        healthy(user("krbtgt_AzureAD", {"msds-secondarykrbtgtnumber": 32768}, enabled=False)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(
            unread("domain", "computer"),
            user("krbtgt_12345", {"msds-secondarykrbtgtnumber": 12345}, enabled=False),
        ),
    ),
)
