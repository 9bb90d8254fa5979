"""Many privileged accounts, yet under the threshold (warning_privileged_members)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, many, unread
from checks.ad._shared.verdicts import PROOFS, chain, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_LEAST = 50
_BY_DOMAIN = 3
_NEAR = 0.5


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose privileged accounts are more than half the threshold, and not above it."""
    most = max(_LEAST, _BY_DOMAIN * len(forest.domains))
    count = len(forest.privileged.counted)
    if _NEAR * most < count <= most:
        values = {"count": str(count), "most": str(most)}
        found = [
            (one, Proof("member", {"dn": one.dn, "via": chain(forest, one)}))
            for one in forest.privileged.counted
        ]
        yield from failed(forest, None, found, head=[Proof("count", values)])
    yield from gaps(forest, "domain", "group", "user", "foreignsecurityprincipal")


POINT = Point(
    id="warning_privileged_members",
    effort=3,
    base="{D}",
    query="(&(objectCategory=group)(adminCount=1))",
)

CHECK = Check(
    id="ad.warning-privileged-members",
    title_fr="Comptes privilégiés nombreux",
    title_en="Many privileged accounts",
    risk_fr="Leur nombre approche du seuil que l'ANSSI juge critique ; chacun suffit à perdre l'annuaire.",
    risk_en="Their number comes near the threshold that ANSSI calls critical; any one is enough to lose the directory.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI warning_privileged_members",
        "MITRE T1078.002",
    ),
    remedy_fr="Revoir chaque appartenance : vider les groupes d'opérateurs, sortir les services, déléguer par unité d'organisation.",
    remedy_en="Review each membership: empty the operator groups, take services out, delegate by organisational unit.",
    proofs={
        **PROOFS,
        "count": Wording(
            "{count} comptes privilégiés ; le seuil est de {most}.",
            "{count} privileged accounts; the threshold is {most}.",
        ),
        "member": Wording("{dn}, par {via}.", "{dn}, through {via}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(many(30, "adm", groups=["Domain Admins"])),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(many(10, "adm", groups=["Domain Admins"])),
        healthy(many(60, "adm", groups=["Domain Admins"])),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
