"""Constrained delegation to a domain controller or another privileged service (vuln_delegation_a2d2)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, computer, healthy, server, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ALLOWED = "msds-allowedtodelegateto"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts may act for anyone on a privileged service."""
    found: list[tuple[Entry, Proof]] = []
    for one in forest.having(_ALLOWED):
        if not one.is_enabled or forest.is_controller(one):
            continue
        for spn in one.texts(_ALLOWED):
            reached = [
                target for target in forest.spn_targets(spn) if _is_privileged(forest, target)
            ]
            if reached:
                values = {"dn": one.dn, "spn": spn, "target": reached[0].dn}
                found.append((one, Proof("spn", values)))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "group", _ALLOWED)


def _is_privileged(forest: Directory, target: Entry) -> bool:
    """Whether a service runs as a controller, krbtgt or a privileged account."""
    return (
        forest.is_controller(target)
        or target in forest.privileged
        or target in {forest.krbtgt(one) for one in forest.domains}
    )


POINT = Point(
    id="vuln_delegation_a2d2",
    levels=(1,),
    effort=2,
    base="{D}",
    query="(msDS-AllowedToDelegateTo=*)",
)

CHECK = Check(
    id="ad.delegation-a2d2",
    title_fr="Délégation contrainte vers un service privilégié",
    title_en="Constrained delegation to a privileged service",
    risk_fr=(
        "Qui tient ce compte se présente au contrôleur de domaine au nom de n'importe qui : il "
        "prend le domaine."
    ),
    risk_en=(
        "Whoever holds this account goes to the domain controller in anyone's name: they take the "
        "domain."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_delegation_a2d2", "MITRE T1558", "MITRE T1550.003"),
    remedy_fr=(
        "Retirer de msDS-AllowedToDelegateTo tout SPN d'un contrôleur de domaine ou d'un compte "
        "privilégié, quelle que soit la classe de service : elle se réécrit."
    ),
    remedy_en=(
        "Remove from msDS-AllowedToDelegateTo every SPN of a domain controller or of a privileged "
        "account, whatever its service class: it can be rewritten."
    ),
    proofs={
        **PROOFS,
        "spn": Wording(
            "{dn} a une délégation vers {spn}, porté par {target}.",
            "{dn} has a delegation to {spn}, carried by {target}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=tuple(
        healthy(child_domain(), server("SRV-APP", {_ALLOWED: spn}))
        for spn in (
            "cifs/DC1",
            "CIFS/dc1.chu.example",
            "ldap/dc1.chu.example:389",
            "HOST/dc2/CHU",
            "ldap/chu.example",
            "http/SUBDC1.sub.chu.example/sub.chu.example",
            "krbtgt/CHU.EXAMPLE",
        )
    ),
    clean=(
        healthy(),
        healthy(computer("DC10"), server("SRV-APP", {_ALLOWED: "cifs/DC10.chu.example"})),
        healthy(user("svc", {_ALLOWED: "cifs/DC1"}, enabled=False)),
        healthy(server("SRV-APP", {_ALLOWED: "http/SRV-FICHIERS"})),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
