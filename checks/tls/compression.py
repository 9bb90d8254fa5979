"""TLS compression (CRIME)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to compress."""
    if seen.compression is None:
        yield from unanswered(seen, "compression")
    elif seen.compression:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("deflate"),))


CHECK = Check(
    id="tls.compression",
    title_fr="Compression TLS activée",
    title_en="TLS compression enabled",
    risk_fr=(
        "Un attaquant qui fait envoyer des requêtes au navigateur d'un agent retrouve son "
        "jeton de session à la taille des messages (attaque CRIME)."
    ),
    risk_en=(
        "An attacker who makes a user's browser send requests recovers the session token "
        "from the size of messages (the CRIME attack)."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "CVE-2012-4929",
        "RFC 9325, 3.3",
        f"{GUIDE}, R19",
    ),
    remedy_fr=(
        "Désactiver la compression TLS (elle l'est d'office dans toute bibliothèque "
        "maintenue) ou mettre le composant à jour."
    ),
    remedy_en=(
        "Disable TLS compression (every maintained library has it off) or update the component."
    ),
    proofs={
        "deflate": Wording(
            "Prouvé par la négociation : le serveur a choisi la compression DEFLATE (CRIME).",
            "Proved by the handshake: the server chose DEFLATE compression (CRIME).",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(compression=True),),
    clean=(service(),),
    unmeasured=(service(compression=None),),
)
