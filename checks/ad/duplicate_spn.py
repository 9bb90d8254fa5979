"""The same service name on several accounts."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest where two accounts carry one SPN, whatever the case; krbtgt apart."""
    holders: dict[str, list[Entry]] = {}
    for one in forest.having("serviceprincipalname"):
        if one.rid != sids.KRBTGT and one.is_account:
            for spn in {name.lower() for name in one.spns}:
                holders.setdefault(spn, []).append(one)
    found = [
        (one, Proof("spn", {"spn": spn, "dn": one.dn}))
        for spn, held in holders.items()
        if len(held) > 1
        for one in held
    ]
    yield from failed(forest, None, found)
    yield from gaps(forest, "domain", "user", "computer", "serviceprincipalname")


POINT = Point(
    id="duplicate_spn",
    effort=1,
    base="{D}",
    query="(servicePrincipalName=*)",
)

CHECK = Check(
    id="ad.duplicate-spn",
    title_fr="SPN en double",
    title_en="Duplicate SPNs",
    risk_fr="Kerberos ne sait plus à qui remettre les tickets : le service tombe, ou se rabat sur NTLM, que l'on sait relayer.",
    risk_en="Kerberos no longer knows whom tickets are for: the service fails, or falls back to NTLM, which can be relayed.",
    criticality=Criticality.LOW,
    references=("MITRE T1558",),
    remedy_fr="Trouver les doublons (setspn -X -F) et retirer le nom du compte qui ne rend pas le service (setspn -D).",
    remedy_en="Find duplicates (setspn -X -F) and remove the name from the account that does not give the service (setspn -D).",
    proofs={
        **PROOFS,
        "spn": Wording(
            "{spn} est porté par {dn}, entre autres.", "{spn} is carried by {dn}, among others."
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(user("svc-a", spn="HTTP/web"), user("svc-b", spn="http/WEB")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("svc-a", spn=["HTTP/web", "http/WEB"])),
    ),
    unmeasured=(healthy(unread("domain", "serviceprincipalname")),),
)
