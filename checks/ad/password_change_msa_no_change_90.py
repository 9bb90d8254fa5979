"""Managed service accounts keep their secret for more than 90 days (vuln_password_change_msa_no_change_90)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import OLD, keeping, lacking
from checks.ad._shared.healthy import healthy, hide, managed, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Verdict

_DAYS = 90


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose enabled managed accounts have had one secret for more than 90 days."""
    held = [one for one in forest.managed if one.is_enabled]
    yield from by_domain(forest, keeping(forest, held, _DAYS), *POINT.levels)
    yield from gaps(forest, "domain", "computer", "pwdlastset")
    yield from lacking(forest, held, "pwdlastset")


POINT = Point(
    id="vuln_password_change_msa_no_change_90",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(|(objectClass=msDS-ManagedServiceAccount)(objectClass=msDS-GroupManagedServiceAccount)(objectClass=msDS-DelegatedManagedServiceAccount))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.password-change-msa-no-change-90",
    title_fr="Comptes de service gérés au secret de plus de 90 jours",
    title_en="Managed service accounts with a secret older than 90 days",
    risk_fr="Un compte géré renouvelle seul son secret ; quand il ne le fait plus, il est en général abandonné, avec tous ses droits.",
    risk_en="A managed account renews its secret by itself; when it no longer does, it is mostly abandoned, with all its rights.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_password_change_msa_no_change_90",
        "MITRE T1078.002",
    ),
    remedy_fr="Vérifier l'usage du compte et son intervalle de renouvellement (30 jours) ; désactiver puis supprimer ceux qui ne servent plus.",
    remedy_en="Check the use of the account and its renewal interval (30 days); disable then delete those no longer used.",
    proofs={
        **PROOFS,
        **OLD,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(managed("gmsa-vieux", password_days=91)),
        healthy(managed("smsa", password_days=400, kind="msds-managedserviceaccount")),
    ),
    clean=(
        healthy(),
        healthy(managed("gmsa-limite", password_days=90)),
        healthy(managed("gmsa-vieux", password_days=400, enabled=False)),
    ),
    unmeasured=(
        healthy(unread("domain", "pwdlastset")),
        healthy(hide("gmsa-sauve$", "pwdlastset")),
    ),
)
