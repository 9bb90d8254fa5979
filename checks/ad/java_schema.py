"""Accounts carry Java objects (RFC 2713)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_NAMES = ("javaCodebase", "javaFactory", "javaRemoteLocation", "javaSerializedData")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with accounts that carry what Java programs load."""
    found = [
        (one, Proof("java", {"dn": one.dn, "attribute": name}))
        for name in _NAMES
        for one in forest.having(name.lower())
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer")


POINT = Point(
    id="java_schema",
    effort=1,
    base="{D}",
    query="(|(javaCodebase=*)(javaFactory=*)(javaSerializedData=*))",
)

CHECK = Check(
    id="ad.java-schema",
    title_fr="Objets Java portés par des comptes",
    title_en="Java objects carried by accounts",
    risk_fr=(
        "Un programme Java qui lit l'annuaire peut exécuter ce que ces attributs contiennent."
    ),
    risk_en=("A Java program that reads the directory may run what these attributes hold."),
    criticality=Criticality.MEDIUM,
    references=(
        "RFC 2713",
        "MITRE T1190",
    ),
    remedy_fr="Vider ces attributs après avoir établi qui les a écrits.",
    remedy_en="Empty these attributes once it is known who wrote them.",
    proofs={
        **PROOFS,
        "java": Wording(
            "{dn} : attribut {attribute} renseigné.",
            "{dn}: attribute {attribute} is set.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("m.durand", javacodebase="http://x/")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
