"""Privileged accounts keep their password too long (vuln_password_change_priv)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, THREE_YEARS, is_older, keeping, lacking
from checks.ad._shared.healthy import admin, child_domain, healthy, hide, unread, user
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled privileged users have had one password for over three years."""
    held = [
        one
        for one in forest.privileged.enabled_users
        if one.created is None or is_older(forest, one.created, THREE_YEARS)
    ]
    yield from by_domain(forest, keeping(forest, held, THREE_YEARS), *POINT.levels)
    yield from gaps(forest, "domain", "group", "user", "pwdlastset")
    yield from lacking(forest, held, "pwdlastset")


POINT = Point(
    id="vuln_password_change_priv",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectCategory=person)(adminCount=1)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.password-change-priv",
    title_fr="Comptes privilégiés : mot de passe de plus de trois ans",
    title_en="Privileged accounts: password more than three years old",
    risk_fr="Plus un mot de passe d'administrateur vit, plus il a eu d'occasions d'être volé, noté ou partagé ; ancien, il a aussi des clés de chiffrement faibles.",
    risk_en="The longer an administrator's password lives, the more chances it had to be stolen, written down or shared; an old one has weak encryption keys too.",
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_password_change_priv",
        "MITRE T1078.002",
    ),
    remedy_fr="Changer ces mots de passe, y compris celui de l'Administrateur intégré, puis au plus tous les trois ans ; passer les services en comptes gérés (gMSA).",
    remedy_en="Change these passwords, that of the built-in Administrator included, then every three years at most; move services to managed accounts (gMSA).",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(admin("adm.vieux", password_days=1_096, created_days=2_000)),
        healthy(user("Administrator", password_days=4_000, created_days=4_000)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(admin("adm.vieux", password_days=1_095, created_days=2_000)),
        healthy(admin("adm.parti", password_days=3_000, created_days=3_000, enabled=False)),
        healthy(admin("adm.neuf", password_days=None, created_days=3_000)),
    ),
    unmeasured=(
        healthy(unread("domain", "user")),
        healthy(admin("adm.vieux", created_days=2_000), hide("adm.vieux", "pwdlastset")),
    ),
)
