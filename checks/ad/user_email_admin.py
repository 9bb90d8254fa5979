"""Privileged accounts that receive mail."""

from collections.abc import Iterator

from checks.ad._shared.healthy import admin, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, chain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users have a mail address or a mailbox."""
    found = [
        (
            one,
            Proof(
                "mail", {"dn": one.dn, "via": chain(forest, one), "mail": one.text("mail") or "—"}
            ),
        )
        for one in forest.privileged.enabled_users
        if one.has("mail") or one.has("msexchmailboxguid")
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", "mail", "msexchmailboxguid")


POINT = Point(
    id="user_email_admin",
    effort=2,
    base="{D}",
    query="(&(adminCount=1)(|(mail=*)(msExchMailboxGuid=*)))",
)

CHECK = Check(
    id="ad.user-email-admin",
    title_fr="Comptes privilégiés avec messagerie",
    title_en="Privileged accounts with a mailbox",
    risk_fr="Un courriel piégé ouvert avec ce compte donne la forêt : il sert au travail quotidien.",
    risk_en="A booby-trapped mail opened with this account gives the forest away: it serves for daily work.",
    criticality=Criticality.LOW,
    references=("MITRE T1566",),
    remedy_fr="Séparer le compte d'administration du compte de bureau ; retirer boîte et adresse du premier.",
    remedy_en="Separate the administration account from the office one; remove mailbox and address from the former.",
    proofs={
        **PROOFS,
        "mail": Wording(
            "{dn}, privilégié par {via}, a une messagerie ({mail}).",
            "{dn}, privileged through {via}, has a mailbox ({mail}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(admin("adm.mail", attributes={"mail": "adm.mail@chu.example"})),),
    clean=(
        healthy(),
        healthy(user("m.durand", mail="m.durand@chu.example")),
        healthy(admin("adm.mail", attributes={"mail": "a@chu.example"}, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "mail")),),
)
