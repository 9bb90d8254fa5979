"""The krbtgt account keeps its password too long (vuln_krbtgt)."""

from collections.abc import Iterator
from datetime import timedelta

from checks.ad._shared.healthy import child_domain, healthy, hide, user
from checks.ad._shared.verdicts import PROOFS, day, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_MOST = timedelta(days=365)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose krbtgt has had the same password for more than a year."""
    for domain in forest.domains:
        why = forest.unread("domain", "user", "pwdlastset", domain=domain)
        krbtgt = forest.krbtgt(domain)
        if krbtgt is None or krbtgt.password_set is None:
            yield NotMeasured(forest.place(domain), why or "hidden: krbtgt")
            continue
        if forest.at - krbtgt.password_set > _MOST:
            age = str((forest.at - krbtgt.password_set).days)
            proof = Proof("age", {"dn": krbtgt.dn, "day": day(krbtgt, "pwdlastset"), "days": age})
            yield from failed(forest, domain, [(krbtgt, proof)], *POINT.levels)


POINT = Point(
    id="vuln_krbtgt",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectClass=user)(sAMAccountName=krbtgt))",
)

CHECK = Check(
    id="ad.krbtgt",
    title_fr="Compte krbtgt : mot de passe de plus d'un an",
    title_en="krbtgt account: password more than a year old",
    risk_fr=(
        "Qui a volé un jour le secret de ce compte peut encore se faire passer pour n'importe qui "
        "dans le domaine, administrateurs compris (« golden ticket »)."
    ),
    risk_en=(
        "Whoever once stole the secret of this account can still pass for anyone in the domain, "
        "administrators included (golden ticket)."
    ),
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_krbtgt", "MITRE T1558.001"),
    remedy_fr=(
        "Changer deux fois le mot de passe de krbtgt, à dix heures d'intervalle au moins et après "
        "avoir vérifié la réplication (script New-KrbtgtKeys de Microsoft), puis chaque année."
    ),
    remedy_en=(
        "Reset the krbtgt password twice, at least ten hours apart and once replication is checked "
        "(Microsoft's New-KrbtgtKeys script), then every year."
    ),
    proofs={
        **PROOFS,
        "age": Wording(
            "{dn} : mot de passe inchangé depuis le {day} ({days} jours).",
            "{dn}: password unchanged since {day} ({days} days).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("krbtgt", password_days=366, enabled=False)),
        healthy(child_domain(), user("krbtgt", domain="SUB", password_days=4_000, enabled=False)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("krbtgt", password_days=365, enabled=False)),
    ),
    unmeasured=(healthy(hide("krbtgt", "pwdlastset")),),
)
