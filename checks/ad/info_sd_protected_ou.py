"""Organisational units that inherit nothing (info_sd_protected_ou)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, descriptor, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with organisational units whose inheritance is off."""
    found = [
        (one, Proof("protected", {"dn": one.dn}))
        for one in forest.of("organizationalunit")
        if one.descriptor is not None and one.descriptor.is_protected
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "organizationalunit", "ntsecuritydescriptor")


POINT = Point(
    id="info_sd_protected_ou",
    effort=1,
    base="{D}",
    query="(objectClass=organizationalUnit)",
)

CHECK = Check(
    id="ad.info-sd-protected-ou",
    title_fr="Unités d'organisation sans héritage",
    title_en="Organisational units without inheritance",
    risk_fr=(
        "Les permissions posées plus haut, refus compris, n'y valent pas : elles doivent être "
        "contrôlées à part."
    ),
    risk_en=(
        "Permissions set above, refusals included, do not hold there: they must be checked apart."
    ),
    criticality=Criticality.INFO,
    references=("ANSSI info_sd_protected_ou",),
    remedy_fr="Vérifier que l'absence d'héritage est voulue ; sinon la rétablir.",
    remedy_en="Check that inheritance is off on purpose; otherwise restore it.",
    proofs={
        **PROOFS,
        "protected": Wording(
            "{dn} : héritage désactivé.",
            "{dn}: inheritance is off.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(descriptor("OU=Personnel", "O:DAG:DAD:P(A;;GA;;;DA)(A;;RPLCLORC;;;AU)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "organizationalunit")),),
)
