"""Principals of elsewhere are in privileged groups (warning_privileged_members_foreign)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, foreign, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_EXPECTED = (sids.SYSTEM, sids.ENTERPRISE_CONTROLLERS)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose privileged groups hold principals of no domain of the forest."""
    found = [
        (
            one,
            Proof(
                "foreign",
                {"dn": one.dn, "via": chain(forest, one), "name": forest.name_of(one.sid)},
            ),
        )
        for one in forest.privileged.accounts
        if one.is_foreign and one.sid not in _EXPECTED
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "foreignsecurityprincipal", "member")


POINT = Point(
    id="warning_privileged_members_foreign",
    effort=2,
    base="CN=ForeignSecurityPrincipals,{D}",
    query="(objectClass=foreignSecurityPrincipal)",
)

CHECK = Check(
    id="ad.warning-privileged-members-foreign",
    title_fr="Principaux étrangers dans des groupes privilégiés",
    title_en="Foreign principals in privileged groups",
    risk_fr="Le sort de la forêt dépend de la sécurité d'une autre, ou d'une identité que tout le monde porte.",
    risk_en="The fate of the forest depends on the security of another, or on an identity that everyone bears.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI warning_privileged_members_foreign",
        "MITRE T1078.002",
        "MITRE T1482",
    ),
    remedy_fr="Retirer ces membres ; donner aux administrateurs externes un compte de cette forêt, protégé comme les autres.",
    remedy_en="Remove these members; give outside administrators an account of this forest, protected like the others.",
    proofs={
        **PROOFS,
        "foreign": Wording(
            "{name} ({dn}), privilégié par {via}.", "{name} ({dn}), privileged through {via}."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(foreign("S-1-5-21-7-7-7-1104", "Administrators")),
        healthy(foreign("S-1-5-11", "Backup Operators")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(foreign("S-1-5-21-7-7-7-1104", "DnsUpdateProxy")),
    ),
    unmeasured=(healthy(unread("domain", "member")),),
)
