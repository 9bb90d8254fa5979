"""Trusts to be looked at."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking
from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    trust,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.trusts import Trust
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with trusts of an old kind, in RC4, or that let everyone in."""
    found: list[Found] = []
    for one in map(forest.trust_of, forest.trusts):
        marks = "" if one.is_within_forest or not one.is_windows else _marks(one)
        if marks:
            values = {"partner": one.partner, "marks": marks, "bits": f"0x{one.attributes:X}"}
            found.append((one.entry, Proof("trust", values)))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "trusteddomain")
    yield from lacking(forest, forest.trusts, "trustdirection", "trusttype", "trustattributes")


def _marks(one: Trust) -> str:
    """Give the names of what is to be looked at, as Windows calls them."""
    held = {
        "TRUST_TYPE_DOWNLEVEL": one.kind == flags.DOWNLEVEL,
        "RC4_HMAC": not one.entry.encryption & flags.AES,
        "!CROSS_ORGANIZATION": one.is_outbound
        and one.is_forest
        and not one.attributes & flags.CROSS_ORGANIZATION,
        "PIM_TRUST": bool(one.attributes & flags.PIM_TRUST),
    }
    return ", ".join(name for name, is_so in held.items() if is_so)


POINT = Point(
    id="trust_inventory",
    condition=Condition.OURS,
    effort=2,
    base="CN=System,{D}",
    query="(objectClass=trustedDomain)",
)

CHECK = Check(
    id="ad.trust-inventory",
    title_fr="Approbations à revoir",
    title_en="Trusts to review",
    risk_fr="Une approbation étend la confiance à un annuaire que l'établissement ne tient pas.",
    risk_en="A trust extends confidence to a directory that the hospital does not hold.",
    criticality=Criticality.LOW,
    references=("MITRE T1482",),
    remedy_fr=(
        "Supprimer les approbations sans usage ; pour les autres, imposer AES (ksetup "
        "/setenctypeattr ou l'option AES de l'approbation) et l'authentification sélective."
    ),
    remedy_en=(
        "Remove the trusts not in use; for the others, require AES (ksetup /setenctypeattr "
        "or the trust's AES option) and selective authentication."
    ),
    proofs={
        **PROOFS,
        "trust": Wording(
            (
                "{partner} : {marks} (trustAttributes {bits} ; !CROSS_ORGANIZATION : sans "
                "authentification sélective)."
            ),
            (
                "{partner}: {marks} (trustAttributes {bits}; !CROSS_ORGANIZATION: without "
                "selective authentication)."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(trust("autre.example")),
        healthy(
            trust(
                "foret.example",
                {"msds-supportedencryptiontypes": 24},
                trustattributes=flags.FOREST_TRANSITIVE,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(trust("autre.example", {"msds-supportedencryptiontypes": 24})),
    ),
    unmeasured=(healthy(unread("domain", "trusteddomain")),),
)
