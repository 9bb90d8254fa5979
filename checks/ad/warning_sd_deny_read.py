"""Entries refuse reading, and so hide objects (warning_sd_deny_read)."""

from collections.abc import Iterator

from checks.ad._shared.aces import ACES, holding, unseen
from checks.ad._shared.healthy import child_domain, grant, healthy, hidden_descriptor, unread
from checks.ad._shared.verdicts import PROOFS, by_domain
from checks.registry import Check
from core.directory.descriptors import LIST_CONTENTS, LIST_OBJECT, READ_CONTROL, READ_PROPERTY
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Verdict

_READING = READ_PROPERTY | LIST_CONTENTS | LIST_OBJECT | READ_CONTROL


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with such entries."""
    found = holding(
        forest, lambda ace: ace.denies and bool(ace.rights & _READING) and not ace.object_type
    )
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="warning_sd_deny_read",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.warning-sd-deny-read",
    title_fr="Entrées refusant la lecture de l'annuaire",
    title_en="Entries that refuse reading of the directory",
    risk_fr=(
        "Ce qui est caché à l'audit l'est aussi à ceux qui défendent ; un attaquant y loge ses "
        "accès."
    ),
    risk_en=(
        "What is hidden from the audit is hidden from those who defend too; an attacker keeps "
        "accesses there."
    ),
    criticality=Criticality.LOW,
    references=(
        "ANSSI warning_sd_deny_read",
        "MITRE T1222.001",
    ),
    remedy_fr=(
        "Vérifier la raison de ces refus et les retirer, ou relever avec un compte qu'ils ne "
        "visent pas."
    ),
    remedy_en=(
        "Check the reason for these refusals and remove them, or collect with an account they do "
        "not concern."
    ),
    proofs={**PROOFS, **ACES},
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("OU=Personnel", "(D;;RP;;;AU)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(grant("OU=Personnel", "(D;;SD;;;WD)")),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
