"""Passwords stand in attributes made for other systems, in sight of every account."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    readable,
    unasked_passwords,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Proof, Verdict, Wording

_NAMES = ("mssfu30password", "orclcommonattribute", "os400password", "unixuserpassword", "userpassword")  # fmt: skip


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled accounts that have such an attribute; nobody read its value."""
    found = [
        (one, Proof("readable", {"dn": one.dn, "attribute": attribute}))
        for one, attribute in forest.readable
        if one.is_enabled
    ]
    yield from by_domain(forest, found, confidence=Confidence.FIRM)
    if any(one.readable is None for one in forest.collections):
        yield NotMeasured(forest.place(), "not-collected: userPassword")
    yield from gaps(forest, "domain", "user", *_NAMES)


POINT = Point(
    id="cleartext_attributes",
    effort=1,
    base="{D}",
    query=(
        "(&(objectCategory=person)(|(userPassword=*)(unixUserPassword=*)(msSFU30Password=*)"
        "(orclCommonAttribute=*)(os400Password=*)))"
    ),
)

CHECK = Check(
    id="ad.cleartext-attributes",
    title_fr="Mots de passe lisibles dans des attributs destinés à d'autres systèmes",
    title_en="Passwords readable in attributes made for other systems",
    risk_fr=(
        "Ces attributs gardent un mot de passe en clair ou faiblement protégé : tout compte du "
        "domaine peut s'en servir pour se connecter à la place de son titulaire."
    ),
    risk_en=(
        "These attributes keep a password in clear or weakly protected: any account of the domain "
        "may use it to log on in its owner's place."
    ),
    criticality=Criticality.CRITICAL,
    references=("MITRE T1552.001", "MS-ADTS 3.1.1.4.4"),
    remedy_fr=(
        "Vider ces attributs, changer les mots de passe concernés, et arrêter la synchronisation "
        "qui les remplit ; à défaut, rendre l'attribut confidentiel (searchFlags, bit 128)."
    ),
    remedy_en=(
        "Clear these attributes, change the passwords concerned, and stop the synchronisation that "
        "fills them; failing that, make the attribute confidential (searchFlags, bit 128)."
    ),
    proofs={
        **PROOFS,
        "readable": Wording(
            "{dn} : {attribute} est renseigné et lisible avec le compte de l'audit (sa valeur n'a "
            "pas été demandée).",
            "{dn}: {attribute} is filled in and readable with the account of the audit (its value "
            "was not asked for).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(readable("m.durand", "userpassword")),
        healthy(user("nfs"), readable("nfs", "unixuserpassword")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("parti", enabled=False), readable("parti", "userpassword")),
    ),
    unmeasured=(
        healthy(unasked_passwords()),
        healthy(unread("domain", "unixuserpassword")),
    ),
)
