"""Machines on which others act for anyone (RBCD)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_NAME = "msds-allowedtoactonbehalfofotheridentity"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with resource-based delegations: each is to be justified."""
    found = [
        (one, Proof("acts", {"dn": one.dn, "who": forest.name_of(sid, one.domain)}))
        for one in forest.having("msds-allowedtoactonbehalfofotheridentity")
        for sid in forest.allowed_to_act_on(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "user", _NAME)


POINT = Point(
    id="rbcd_any",
    effort=1,
    base="{D}",
    query="(msDS-AllowedToActOnBehalfOfOtherIdentity=*)",
)

CHECK = Check(
    id="ad.rbcd-any",
    title_fr="Délégations contraintes par ressource en place",
    title_en="Resource-based constrained delegations in place",
    risk_fr=("Ces comptes se connectent à la machine au nom de n'importe quel utilisateur."),
    risk_en="These accounts connect to the machine in the name of any user.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1134.001",),
    remedy_fr=(
        "Justifier chaque délégation et vider msDS-AllowedToActOnBehalfOfOtherIdentity des autres."
    ),
    remedy_en=(
        "Justify each delegation and empty msDS-AllowedToActOnBehalfOfOtherIdentity of the others."
    ),
    proofs={
        **PROOFS,
        "acts": Wording(
            "{who} agit au nom de tout utilisateur sur {dn}.",
            "{who} acts in the name of any user on {dn}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("SRV-FICHIERS$", {_NAME: "O:BAD:(A;;GA;;;@POSTE-001$)"})),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
