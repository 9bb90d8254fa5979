"""The secrets of smart-card accounts are not renewed (vuln_smartcard_expire_passwords)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, hide, unread
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_ATTRIBUTE = "msds-expirepasswordsonsmartcardonlyaccounts"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose head does not say TRUE, smart cards in use or not."""
    for domain in forest.domains:
        head = forest.head(domain)
        why = forest.unread("domain", "domaindns", _ATTRIBUTE, domain=domain)
        if head is None or (why and not head.has(_ATTRIBUTE)):
            yield NotMeasured(forest.place(domain), why or "hidden: domainDNS")
        elif head.flag(_ATTRIBUTE) is not True:
            values = {"dn": head.dn, "value": head.text(_ATTRIBUTE) or "—"}
            yield from failed(forest, domain, [(head, Proof("unset", values))], *POINT.levels)


POINT = Point(
    id="vuln_smartcard_expire_passwords",
    levels=(4,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectClass=domainDNS)(!(msDS-ExpirePasswordsOnSmartCardOnlyAccounts=TRUE)))",
)

CHECK = Check(
    id="ad.smartcard-expire-passwords",
    title_fr="Secrets des comptes à carte à puce non renouvelés",
    title_en="Secrets of smart-card accounts not renewed",
    risk_fr="Le secret caché derrière une carte (CPS, carte d'agent) ne change jamais : volé une fois, il sert à entrer sans la carte.",
    risk_en="The secret hidden behind a card (staff or professional card) never changes: once stolen, it lets one in without the card.",
    criticality=Criticality.LOW,
    references=(
        "ANSSI vuln_smartcard_expire_passwords",
        "MITRE T1550.002",
    ),
    remedy_fr="Au niveau fonctionnel 2016, mettre msDS-ExpirePasswordsOnSmartCardOnlyAccounts à TRUE à la racine de chaque domaine.",
    remedy_en="At functional level 2016, set msDS-ExpirePasswordsOnSmartCardOnlyAccounts to TRUE on the head of each domain.",
    proofs={
        **PROOFS,
        "unset": Wording(
            "{dn} : msDS-ExpirePasswordsOnSmartCardOnlyAccounts = {value}.",
            "{dn}: msDS-ExpirePasswordsOnSmartCardOnlyAccounts = {value}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(hide(ROOT, _ATTRIBUTE)),
        healthy(change(ROOT, {_ATTRIBUTE: False})),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(
        healthy(unread("domain", _ATTRIBUTE), hide(ROOT, _ATTRIBUTE)),
        healthy(unread("domain"), hide(ROOT, _ATTRIBUTE)),
    ),
)
