"""The recycle bin of the directory is off."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    healthy,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_NAME = "recycle bin feature"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that does not keep deleted objects whole."""
    partitions = forest.in_configuration("CN=Partitions")
    why = forest.unread("configuration", "crossrefcontainer", "msds-enabledfeature")
    if partitions is None or why:
        yield NotMeasured(forest.place(), why or "hidden: CN=Partitions")
        return
    enabled = any(_NAME in one.lower() for one in partitions.texts("msds-enabledfeature"))
    features = forest.having("msds-enabledfeaturebl")
    if not enabled and not any(_NAME in one.dn.lower() for one in features):
        yield from failed(forest, None, [(partitions, Proof("off", {"dn": partitions.dn}))])


POINT = Point(
    id="recycle_bin",
    condition=Condition.OURS,
    effort=1,
    base="CN=Partitions,{C}",
    query="(objectClass=crossRefContainer)",
)

CHECK = Check(
    id="ad.recycle-bin",
    title_fr="Corbeille Active Directory inactive",
    title_en="Active Directory recycle bin off",
    risk_fr=(
        "Un objet supprimé par erreur ou par malveillance revient sans ses appartenances ni "
        "ses droits."
    ),
    risk_en=(
        "An object deleted by mistake or by malice comes back without its memberships and rights."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1490",),
    remedy_fr=(
        "L'activer (Enable-ADOptionalFeature 'Recycle Bin Feature') ; cela ne se défait pas "
        "et demande le niveau fonctionnel 2008 R2."
    ),
    remedy_en=(
        "Turn it on (Enable-ADOptionalFeature 'Recycle Bin Feature'); it cannot be undone "
        "and needs functional level 2008 R2."
    ),
    proofs={
        **PROOFS,
        "off": Wording(
            "{dn} : msDS-EnabledFeature ne nomme pas la corbeille.",
            "{dn}: msDS-EnabledFeature does not name the recycle bin.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            without(
                "CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration"
            )
        ),
    ),
    clean=(healthy(),),
    unmeasured=(healthy(unread("configuration", "crossrefcontainer")),),
)
