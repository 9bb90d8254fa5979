"""A SQL Server Browser answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any SQL Server Browser that answered."""
    return exposed(seen, facts, "mssql-browser")


CHECK = Check(
    id="database.browser-exposed",
    title_fr="Liste des instances SQL Server lisible depuis Internet",
    title_en="List of SQL Server instances readable from the Internet",
    risk_fr=(
        "Ce service dit à quiconque quelles bases tournent ici, dans quelle version et sur quel"
        " port, même quand ce port a été changé pour le cacher."
    ),
    risk_en=(
        "This service tells anyone which databases run here, in which version and on which "
        "port, even when that port was moved to hide it."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("MS-SQLR §2.2.2", "CVE-2002-0649"),
    remedy_fr=(
        "Fermer 1434/udp côté Internet et arrêter « SQL Server Browser » là où les clients "
        "connaissent le port."
    ),
    remedy_en=(
        "Close 1434/udp on the Internet side and stop SQL Server Browser where clients know the"
        " port."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        Service(
            place=place(1434),
            at=AT,
            protocol="mssql-browser",
            evidence=("MSSQLSERVER 15.0.2000.5 tcp/1433",),
        ),
    ),
    clean=(Service(place=place(1434), at=AT, protocol="unknown"),),
)
