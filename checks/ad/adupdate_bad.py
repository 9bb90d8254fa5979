"""Domain preparation at revision 15 (vuln_adupdate_bad)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    healthy,
    hide,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_BAD = 15


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain prepared by the media of 2016 that give Key Admins too much."""
    for domain in forest.domains:
        update = forest.in_system(domain, "CN=ActiveDirectoryUpdate,CN=DomainUpdates")
        revision = update.number("revision") if update is not None else None
        if update is None or revision is None:
            why = forest.unread("domain", "container", "revision", domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: CN=ActiveDirectoryUpdate")
        elif revision == _BAD:
            proof = Proof("revision", {"dn": update.dn, "revision": str(revision)})
            yield from failed(forest, domain, [(update, proof)], *POINT.levels)


POINT = Point(
    id="vuln_adupdate_bad",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System,{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.adupdate-bad",
    title_fr="Préparation de domaine en révision 15",
    title_en="Domain preparation at revision 15",
    risk_fr="Cette révision donne aux groupes Key Admins le contrôle total de la tête du domaine.",
    risk_en="This revision gives the Key Admins groups full control of the head of the domain.",
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_adupdate_bad", "MITRE T1222.001"),
    remedy_fr=(
        "Exécuter adprep /forestprep puis /domainprep depuis un média Windows Server 2019 ou "
        "plus récent, puis vérifier les droits de Key Admins sur la tête du domaine."
    ),
    remedy_en=(
        "Run adprep /forestprep then /domainprep from Windows Server 2019 media or later, "
        "then check the rights of Key Admins on the head of the domain."
    ),
    proofs={
        **PROOFS,
        "revision": Wording("{dn} : revision = {revision}.", "{dn}: revision = {revision}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System", revision=15)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System", revision=11)),
    ),
    unmeasured=(
        healthy(hide("CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System", "revision")),
        healthy(without("CN=ActiveDirectoryUpdate,CN=DomainUpdates,CN=System")),
    ),
)
