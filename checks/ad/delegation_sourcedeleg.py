"""Delegation by resource to privileged services (vuln_delegation_sourcedeleg)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    healthy,
    server,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.delegation import allowed_to_act
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_ACTS = "msds-allowedtoactonbehalfofotheridentity"
_EXPECTED = frozenset({sids.SYSTEM, sids.ADMINISTRATORS, sids.ENTERPRISE_CONTROLLERS})


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain where others than tier 0 may act for anyone on an object of tier 0."""
    found: list[Found] = []
    spoilt: list[Entry] = []
    for one in forest.having(_ACTS):
        if one not in forest.tier0:
            continue
        admitted = allowed_to_act(one, _ACTS)
        if admitted is None:
            spoilt.append(one)
            continue
        for sid in admitted:
            who = forest.by_sid(sid, one.domain) or forest.by_sid(sid)
            if sid not in _EXPECTED and (who is None or who not in forest.tier0):
                values = {"dn": one.dn, "who": forest.name_of(sid, one.domain)}
                found.append((one, Proof("acts", values)))
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", "group", _ACTS)
    for one in spoilt:
        yield NotMeasured(forest.place(one.domain), f"protocol-error: {one.dn}")


POINT = Point(
    id="vuln_delegation_sourcedeleg",
    levels=(1,),
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(msDS-AllowedToActOnBehalfOfOtherIdentity=*)",
)

CHECK = Check(
    id="ad.delegation-sourcedeleg",
    title_fr="Délégation par la ressource (RBCD) vers des services privilégiés",
    title_en="Resource-based delegation (RBCD) to privileged services",
    risk_fr=(
        "Qui tient le compte autorisé se présente au contrôleur de domaine ou à un serveur "
        "essentiel au nom de n'importe qui : il prend le domaine."
    ),
    risk_en=(
        "Whoever holds the admitted account goes to the domain controller or to an essential "
        "server in anyone's name: they take the domain."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_delegation_sourcedeleg", "MITRE T1550.003"),
    remedy_fr=(
        "Vider msDS-AllowedToActOnBehalfOfOtherIdentity sur ces objets, puis chercher qui "
        "l'a écrit."
    ),
    remedy_en=(
        "Clear msDS-AllowedToActOnBehalfOfOtherIdentity on these objects, then find who wrote it."
    ),
    proofs={
        **PROOFS,
        "acts": Wording(
            (
                "{who} peut agir au nom de n'importe qui sur {dn} "
                "(msDS-AllowedToActOnBehalfOfOtherIdentity)."
            ),
            ("{who} may act in anyone's name on {dn} (msDS-AllowedToActOnBehalfOfOtherIdentity)."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            server("SRV-APP"),
            change(
                "DC1$", {"msds-allowedtoactonbehalfofotheridentity": "O:BAD:(A;;GA;;;@SRV-APP$)"}
            ),
        ),
        healthy(
            change("krbtgt", {"msds-allowedtoactonbehalfofotheridentity": "O:BAD:(A;;GA;;;WD)"})
        ),
        healthy(
            change(
                "adm.martin",
                {"msds-allowedtoactonbehalfofotheridentity": "O:BAD:(A;;GA;;;@m.durand)"},
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(
            change(
                "SRV-FICHIERS$",
                {"msds-allowedtoactonbehalfofotheridentity": "O:BAD:(A;;GA;;;@m.durand)"},
            )
        ),
        healthy(
            change("DC1$", {"msds-allowedtoactonbehalfofotheridentity": "O:BAD:(A;;GA;;;@DC2$)"})
        ),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
