"""The domain keeps every password reversibly (vuln_reversible_password_priv_namingcontext)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, hide
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_STORE_CLEARTEXT = 0x10


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose head has DOMAIN_PASSWORD_STORE_CLEARTEXT (16) in pwdProperties."""
    for domain in forest.domains:
        head = forest.head(domain)
        bits = head.number("pwdproperties") if head is not None else None
        if head is None or bits is None:
            why = forest.unread("domain", "domaindns", "pwdproperties", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: pwdProperties")
        elif bits & _STORE_CLEARTEXT:
            proof = Proof("bits", {"dn": head.dn, "bits": str(bits)})
            yield from failed(forest, domain, [(head, proof)], *POINT.levels)


POINT = Point(
    id="vuln_reversible_password_priv_namingcontext",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectClass=domainDNS)(pwdProperties:1.2.840.113556.1.4.803:=16))",
)

CHECK = Check(
    id="ad.reversible-password-priv-namingcontext",
    title_fr="Stockage réversible des mots de passe activé pour le domaine",
    title_en="Reversible password storage enabled for the domain",
    risk_fr="Tous les mots de passe changés depuis sont gardés de façon à être relus : qui vole une copie de l'annuaire les lit en clair.",
    risk_en="All passwords changed since are kept so that they can be read back: whoever steals a copy of the directory reads them in clear.",
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_reversible_password_priv_namingcontext",
        "MITRE T1556.005",
    ),
    remedy_fr="Dans la stratégie du domaine, désactiver « enregistrer les mots de passe en utilisant un chiffrement réversible », puis faire changer les mots de passe.",
    remedy_en="In the domain policy, disable « Store passwords using reversible encryption », then have passwords changed.",
    proofs={
        **PROOFS,
        "bits": Wording("{dn} : pwdProperties = {bits}.", "{dn}: pwdProperties = {bits}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change(ROOT, pwdproperties=17)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change(ROOT, pwdproperties=0)),
    ),
    unmeasured=(healthy(hide(ROOT, "pwdproperties")),),
)
