"""A database serves strangers."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.database import DatabaseService


def judge(seen: DatabaseService, _facts: Facts) -> Iterator[Verdict]:
    """Flag what served one harmless command; engines that cannot show it so are not measured."""
    if seen.no_authentication is None:
        yield NotMeasured(seen.place, seen.why_not("no_authentication"))
    elif seen.no_authentication:
        proof = Proof("served", {"engine": seen.engine})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="database.no-authentication",
    title_fr="Base de données sans authentification",
    title_en="Database without authentication",
    risk_fr=(
        "N'importe qui peut lire, modifier ou effacer ce que contient ce service. Des robots "
        "vident ces bases puis demandent une rançon ; un Redis ouvert donne souvent aussi la main "
        "sur le serveur."
    ),
    risk_en=(
        "Anybody can read, change or erase what this service holds. Robots empty such databases "
        "and ask for a ransom; an open Redis often gives control of the server as well."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 9, 22, 23",
        "CWE-306",
        "ReCyF 8.2",
    ),
    remedy_fr=(
        "Fermer ce port au pare-feu Internet aujourd'hui. Puis exiger une authentification "
        "(Redis : ACL ou requirepass, et protected-mode yes ; memcached : SASL ou -Y), n'écouter "
        "que sur l'adresse interne, changer les secrets que la base contenait et chercher des "
        "traces d'accès."
    ),
    remedy_en=(
        "Close this port at the Internet firewall today. Then require authentication (Redis: ACL "
        "or requirepass, and protected-mode yes; memcached: SASL or -Y), listen on the internal "
        "address only, change the secrets that the database held and look for traces of access."
    ),
    proofs={
        "served": Wording(
            "Le service {engine} a exécuté une commande inoffensive sans demander qui nous sommes.",
            "The {engine} service ran one harmless command without asking who we are.",
        )
    },
    reads=DatabaseService,
    judge=judge,
    flagged=(DatabaseService(place=place(6379), at=AT, engine="redis", no_authentication=True),),
    clean=(DatabaseService(place=place(6379), at=AT, engine="redis", no_authentication=False),),
    unmeasured=(DatabaseService(place=place(5432), at=AT, engine="postgresql"),),
)
