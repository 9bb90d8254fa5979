"""The krbtgt account was never reset twice."""

from collections.abc import Iterator
from datetime import UTC, datetime

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import change, child_domain, healthy
from checks.ad._shared.verdicts import PROOFS, day, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_DAYS = 730
_FIRST = 2
"""Version of the key of a new domain; each reset adds one."""
_VERSION = "msds-keyversionnumber"
_OLD = datetime(2015, 6, 1, tzinfo=UTC)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain over two years old whose krbtgt was reset once at most since it was made."""
    for domain in forest.domains:
        krbtgt = forest.krbtgt(domain)
        version = krbtgt.number(_VERSION) if krbtgt is not None else None
        if krbtgt is not None and not is_older(forest, krbtgt.created, _DAYS):
            continue
        if krbtgt is None or version is None:
            why = forest.unread("domain", "user", _VERSION, domain=domain)
            yield NotMeasured(forest.place(domain), why or "hidden: msDS-KeyVersionNumber")
        elif version < _FIRST + 2:
            values = {"dn": krbtgt.dn, "version": str(version), "day": day(krbtgt, "whencreated")}
            yield from failed(forest, domain, [(krbtgt, Proof("version", values))])


POINT = Point(
    id="krbtgt_metadata",
    effort=1,
    base="{D}",
    query="(sAMAccountName=krbtgt)",
)

CHECK = Check(
    id="ad.krbtgt-metadata",
    title_fr="Compte krbtgt jamais renouvelé deux fois",
    title_en="krbtgt account never reset twice",
    risk_fr="Les contrôleurs acceptent aussi l'avant-dernier secret de ce compte : sans double changement, un secret volé jadis vaut toujours.",
    risk_en="Controllers also accept the secret before last of this account: without a double reset, a secret stolen long ago is still good.",
    criticality=Criticality.MEDIUM,
    references=("MITRE T1558.001",),
    remedy_fr="Changer deux fois le mot de passe de krbtgt, à dix heures d'intervalle au moins (script New-KrbtgtKeys de Microsoft), puis chaque année.",
    remedy_en="Reset the krbtgt password twice, at least ten hours apart (Microsoft's New-KrbtgtKeys script), then every year.",
    proofs={
        **PROOFS,
        "version": Wording(
            "{dn} : version {version} de la clé (msDS-KeyVersionNumber), compte créé le {day}.",
            "{dn}: key version {version} (msDS-KeyVersionNumber), account created {day}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("krbtgt", {_VERSION: 3}, whencreated=_OLD)),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("krbtgt", {_VERSION: 4}, whencreated=_OLD)),
        healthy(change("krbtgt", {_VERSION: 2})),
    ),
    unmeasured=(healthy(change("krbtgt", whencreated=_OLD)),),
)
