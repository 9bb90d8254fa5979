"""The Guest account may log in (vuln_guest)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, hide, user, without
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose RID 501 is not disabled."""
    for domain in forest.domains:
        guest = forest.account(domain, sids.GUEST)
        if guest is None or not guest.has("useraccountcontrol"):
            why = forest.unread("domain", "user", "useraccountcontrol", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: Guest")
        elif guest.is_enabled:
            values = {"dn": guest.dn, "uac": f"0x{guest.uac:x}"}
            found = [(guest, Proof("enabled", values))]
            yield from failed(forest, domain, found, *POINT.levels)


POINT = Point(
    id="vuln_guest",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(|(sAMAccountName=Guest)(sAMAccountName=Invité))",
)

CHECK = Check(
    id="ad.guest",
    title_fr="Compte Invité activé",
    title_en="Guest account enabled",
    risk_fr="N'importe qui peut entrer dans le domaine sans mot de passe ni nom.",
    risk_en="Anyone may enter the domain without a password or a name.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_guest",
        "MITRE T1078.001",
    ),
    remedy_fr="Désactiver le compte Invité (RID 501).",
    remedy_en="Disable the Guest account (RID 501).",
    proofs={
        **PROOFS,
        "enabled": Wording(
            "{dn} est activé (userAccountControl = {uac}).",
            "{dn} is enabled (userAccountControl = {uac}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("Guest")),
        healthy(child_domain(), user("Guest", domain="SUB")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("Guest", {"samaccountname": "Invité"}, enabled=False)),
    ),
    unmeasured=(
        healthy(without("Guest")),
        healthy(hide("Guest", "useraccountcontrol")),
    ),
)
