"""Organisational units that hide what they hold (info_sd_missing_au_lc)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, descriptor, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.descriptors import LIST_CONTENTS
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with units whose content ordinary accounts may not list."""
    found: list[Found] = []
    for one in forest.of("organizationalunit"):
        held = one.descriptor
        if held is not None:
            who = forest.rights.trustees(held, LIST_CONTENTS, kind="organizationalunit")
            if not any(map(sids.is_broad, who)):
                found.append((one, Proof("closed", {"dn": one.dn})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "organizationalunit", "ntsecuritydescriptor")


POINT = Point(
    id="info_sd_missing_au_lc",
    effort=1,
    base="{D}",
    query="(objectClass=organizationalUnit)",
)

CHECK = Check(
    id="ad.info-sd-missing-au-lc",
    title_fr="Unités d'organisation au contenu caché",
    title_en="Organisational units with hidden content",
    risk_fr="Un compte ordinaire n'en voit pas le contenu : l'audit non plus.",
    risk_en=("An ordinary account does not see what they hold: neither does the audit."),
    criticality=Criticality.INFO,
    references=("ANSSI info_sd_missing_au_lc",),
    remedy_fr=(
        "Donner au compte d'audit le droit de lister leur contenu, puis relever de nouveau."
    ),
    remedy_en=("Give the audit account the right to list their content, then collect again."),
    proofs={
        **PROOFS,
        "closed": Wording(
            "{dn} : « Utilisateurs authentifiés » ne peut lister le contenu.",
            "{dn}: Authenticated Users may not list the content.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(descriptor("OU=Personnel", "O:DAG:DAD:P(A;;GA;;;DA)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "organizationalunit")),),
)
