"""Schema older than that of Windows Server 2016."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    healthy,
    hide,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_LEAST = 87


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest whose schema lacks what recent protections need."""
    schema = forest.by_dn(forest.schema_dn)
    held = schema.number("objectversion") if schema is not None else None
    if schema is None or held is None:
        why = forest.unread("schema", "dmd", "objectversion")
        yield NotMeasured(forest.place(), why or "hidden: objectVersion")
    elif held < _LEAST:
        proof = Proof("version", {"dn": schema.dn, "held": str(held)})
        yield from failed(forest, None, [(schema, proof)])


POINT = Point(
    id="schema_version",
    condition=Condition.OURS,
    effort=1,
    base="{S}",
    query="(objectClass=dMD)",
)

CHECK = Check(
    id="ad.schema-version",
    title_fr="Schéma d'annuaire ancien",
    title_en="Old directory schema",
    risk_fr="Les protections récentes des comptes et des clés ne peuvent pas y être décrites.",
    risk_en="Recent protections of accounts and keys cannot be described in it.",
    criticality=Criticality.INFO,
    references=("Microsoft adprep",),
    remedy_fr=(
        "Mettre à jour le schéma (adprep /forestprep) en ajoutant des contrôleurs sous une "
        "version suivie de Windows Server."
    ),
    remedy_en=(
        "Update the schema (adprep /forestprep) as controllers on a supported Windows Server "
        "are added."
    ),
    proofs={
        **PROOFS,
        "version": Wording(
            (
                "{dn} : objectVersion {held} (56 : 2012, 69 : 2012 R2, 87 : 2016, 88 : 2019 "
                "et 2022, 91 : 2025)."
            ),
            (
                "{dn}: objectVersion {held} (56: 2012, 69: 2012 R2, 87: 2016, 88: 2019 and "
                "2022, 91: 2025)."
            ),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("CN=Schema,CN=Configuration", objectversion=69)),),
    clean=(healthy(),),
    unmeasured=(healthy(hide("CN=Schema,CN=Configuration", "objectversion")),),
)
