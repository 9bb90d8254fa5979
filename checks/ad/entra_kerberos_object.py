"""The Entra Kerberos object: what it may reveal, and the age of its key."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import (
    computer,
    controller,
    healthy,
    unread,
    user,
)
from checks.ad._shared.read_only import NEVER, shows_policy_of
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, day, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_MOST_DAYS = 365
_DENIED = (
    sids.ADMINISTRATORS,
    sids.SERVER_OPERATORS,
    sids.ACCOUNT_OPERATORS,
    sids.BACKUP_OPERATORS,
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose AzureADKerberos denies too little, or whose krbtgt_AzureAD is old."""
    found: list[Found] = []
    hidden: dict[Domain | None, str] = {}
    for one in (each.account for each in forest.controllers if each.is_entra):
        domain = one.domain
        if not shows_policy_of(one):
            hidden[domain] = f"hidden: {one.dn} (msDS-NeverRevealGroup)"
        elif domain is not None:
            held = {each.sid for each in one.linked(NEVER)}
            wanted = (*_DENIED, domain.rid(sids.DENIED_REPLICATION))
            lacks = [forest.name_of(sid, domain) for sid in wanted if sid not in held]
            if lacks:
                values = {"dn": one.dn, "groups": ", ".join(lacks)}
                found.append((one, Proof("lacks", values)))
    for one in forest.users:
        if one.name.lower() != "krbtgt_azuread":
            continue
        if is_older(forest, one.password_set, _MOST_DAYS):
            found.append((one, Proof("old", {"dn": one.dn, "day": day(one, "pwdlastset")})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "user", "group", NEVER, "pwdlastset")
    for place, why in hidden.items():
        yield NotMeasured(forest.place(place), why)


POINT = Point(
    id="entra_kerberos_object",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(&(objectClass=computer)(cn=AzureADKerberos))",
)

CHECK = Check(
    id="ad.entra-kerberos-object",
    title_fr="Objet Entra Kerberos (AzureADKerberos) mal réglé",
    title_en="Entra Kerberos object (AzureADKerberos) badly set",
    risk_fr=(
        "Cet objet permet à Entra d'émettre des tickets : trop permissif ou à la clé "
        "ancienne, il mène du nuage à l'administration du domaine."
    ),
    risk_en=(
        "This object lets Entra issue tickets: too permissive or with an old key, it leads "
        "from the cloud to the administration of the domain."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1558",),
    remedy_fr=(
        "Remettre les groupes d'administration par défaut dans msDS-NeverRevealGroup et "
        "renouveler la clé chaque année (Set-AzureADKerberosServer -RotateServerKey)."
    ),
    remedy_en=(
        "Put the default administration groups back in msDS-NeverRevealGroup and renew the "
        "key every year (Set-AzureADKerberosServer -RotateServerKey)."
    ),
    proofs={
        **PROOFS,
        "lacks": Wording(
            "{dn} : msDS-NeverRevealGroup ne contient pas {groups}.",
            "{dn}: msDS-NeverRevealGroup lacks {groups}.",
        ),
        "old": Wording("{dn} : clé du {day}.", "{dn}: key of {day}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            computer(
                "AzureADKerberos",
                {"msds-neverrevealgroup": "CN=Administrators,CN=Builtin,DC=chu,DC=example"},
                primarygroupid=521,
            )
        ),
        healthy(user("krbtgt_AzureAD", password_days=366, enabled=False)),
    ),
    clean=(
        healthy(),
        healthy(
            controller("AzureADKerberos", read_only=True),
            user("krbtgt_AzureAD", password_days=300, enabled=False),
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(computer("AzureADKerberos", primarygroupid=521)),
    ),
)
