"""The heartbeat extension (RFC 6520): a precondition of Heartbleed, nothing more."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that took the extension up; nothing is ever sent in it."""
    if seen.heartbeat is None:
        yield from unanswered(seen, "heartbeat")
    elif seen.heartbeat:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("took-up"),))


CHECK = Check(
    id="tls.heartbeat",
    title_fr="Extension heartbeat active",
    title_en="Heartbeat extension enabled",
    risk_fr=(
        "Cette fonction ne sert pas sur TCP. Elle indique une bibliothèque ancienne, que "
        "deux failles connues (Heartbleed, CCS) ont pu toucher ; seule sa version exacte le "
        "dirait."
    ),
    risk_en=(
        "This feature has no use over TCP. It betrays an old library, which two known flaws "
        "(Heartbleed, CCS) may have touched; only its exact version would tell."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 6520",
        "CVE-2014-0160",
        "CVE-2014-0224",
        f"{GUIDE}, R2",
    ),
    remedy_fr=(
        "Relever la version d'OpenSSL du composant ; de 1.0.1 à 1.0.1f, mettre à jour sans "
        "délai, puis changer clé, certificat et mots de passe. Sinon, désactiver "
        "l'extension."
    ),
    remedy_en=(
        "Read the component's OpenSSL version; from 1.0.1 to 1.0.1f, update at once, then "
        "change key, certificate and passwords. Otherwise disable the extension."
    ),
    proofs={
        "took-up": Wording(
            "Le serveur a repris l'extension heartbeat : condition préalable de Heartbleed et de l'injection CCS, non prouvées ; rien n'a été envoyé pour le vérifier.",
            "The server took up the heartbeat extension: a precondition of Heartbleed and of CCS injection, not proved; nothing was sent to find out.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(heartbeat=True),),
    clean=(service(),),
    unmeasured=(service(heartbeat=None),),
)
