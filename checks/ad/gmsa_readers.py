"""Many may read the password of a managed account."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose managed accounts have a password that nearly everyone reads."""
    found = [
        (one, Proof("reads", {"dn": one.dn, "who": forest.name_of(sid, one.domain)}))
        for one in forest.managed
        for sid in forest.password_readers(one)
        if sids.is_broad(sid)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "msds-groupmanagedserviceaccount")


POINT = Point(
    id="gmsa_readers",
    effort=1,
    base="{D}",
    query="(objectClass=msDS-GroupManagedServiceAccount)",
)

CHECK = Check(
    id="ad.gmsa-readers",
    title_fr="Mot de passe de comptes de service gérés lisible par tous",
    title_en="Password of managed service accounts readable by everyone",
    risk_fr=("Presque tout compte du domaine peut se connecter avec ce compte de service."),
    risk_en=("Nearly any account of the domain can log on with this service account."),
    criticality=Criticality.HIGH,
    references=("MITRE T1555",),
    remedy_fr=(
        "N'autoriser que les serveurs qui portent le service (Set-ADServiceAccount "
        "-PrincipalsAllowedToRetrieveManagedPassword)."
    ),
    remedy_en=(
        "Allow only the servers that run the service (Set-ADServiceAccount "
        "-PrincipalsAllowedToRetrieveManagedPassword)."
    ),
    proofs={
        **PROOFS,
        "reads": Wording(
            "{who} lit le mot de passe de {dn}.",
            "{who} reads the password of {dn}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("gmsa-sauve$", {"msds-groupmsamembership": "O:BAD:(A;;GA;;;AU)"})),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "msds-groupmanagedserviceaccount")),),
)
