"""Too many privileged accounts (vuln_privileged_members)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import controller, foreign, group, healthy, many, unread
from checks.ad._shared.verdicts import PROOFS, chain, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_LEAST = 50
_BY_DOMAIN = 3


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose privileged accounts are more than 50, or than 3 by domain."""
    most = max(_LEAST, _BY_DOMAIN * len(forest.domains))
    counted = forest.privileged.counted
    names = len(forest.privileged.counted_names)
    levels = [level for level, count in ((1, names), (2, len(counted))) if count > most]
    if levels:
        values = {"count": str(len(counted)), "names": str(names), "most": str(most)}
        found = [
            (one, Proof("member", {"dn": one.dn, "via": chain(forest, one)})) for one in counted
        ]
        yield from failed(forest, None, found, *levels, head=[Proof("count", values)])
    yield from gaps(forest, "domain", "group", "user", "foreignsecurityprincipal")


POINT = Point(
    id="vuln_privileged_members",
    levels=(1, 2),
    effort=3,
    base="{D}",
    query="(&(objectCategory=group)(adminCount=1))",
)

CHECK = Check(
    id="ad.privileged-members",
    title_fr="Trop de comptes privilégiés",
    title_en="Too many privileged accounts",
    risk_fr=(
        "Chaque compte privilégié suffit à perdre tout l'annuaire ; nombreux, ils ne peuvent être "
        "ni surveillés ni protégés comme il faut."
    ),
    risk_en=(
        "Any one privileged account is enough to lose the whole directory; when they are many, "
        "they can be neither watched nor protected as they should."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_privileged_members", "MITRE T1078.002"),
    remedy_fr=(
        "Vider les groupes d'opérateurs, retirer des groupes d'administration les comptes de "
        "service et ceux dont le besoin a passé, déléguer par unité d'organisation le reste."
    ),
    remedy_en=(
        "Empty the operator groups, take service accounts and those no longer needed out of the "
        "administration groups, delegate the rest by organisational unit."
    ),
    proofs={
        **PROOFS,
        "count": Wording(
            "{count} comptes privilégiés, soit {names} noms distincts ; le seuil est de {most} "
            "(compte Administrateur natif et contrôleurs de domaine non comptés).",
            "{count} privileged accounts, that is {names} distinct names; the threshold is {most} "
            "(built-in Administrator and domain controllers not counted).",
        ),
        "member": Wording("{dn}, par {via}.", "{dn}, through {via}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(many(49, "adm", groups=["Domain Admins"])),
        healthy(
            many(47, "adm", groups=["Domain Admins"]),
            many(1, "primaire", primarygroupid=512),
            foreign("S-1-5-21-7-7-7-1104", "Administrators"),
            group("Boucle A", members=["Domain Admins"], groups=["Domain Admins"]),
        ),
    ),
    clean=(
        healthy(),
        healthy(many(48, "adm", groups=["Domain Admins"])),
        healthy(
            many(46, "adm", groups=["Domain Admins"]),
            many(1, "primaire", primarygroupid=512),
            foreign("S-1-5-21-7-7-7-1104", "Administrators"),
            group("Boucle A", members=["Domain Admins"], groups=["Domain Admins"]),
            controller("DC3"),
        ),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
