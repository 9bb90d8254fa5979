"""TLS 1.2 without extended master secret (RFC 7627)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that speaks TLS 1.2 or older without RFC 7627."""
    if seen.extended_master_secret is None:
        yield NotMeasured(seen.place, seen.why_not("extended_master_secret"))
    elif not seen.extended_master_secret:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("no-extension"),))


CHECK = Check(
    id="tls.no-extended-master-secret",
    title_fr="Secret principal étendu absent (RFC 7627)",
    title_en="No extended master secret (RFC 7627)",
    risk_fr=(
        "Les clés d'un échange ne sont pas liées à la négociation qui les a produites, ce "
        "qu'exploite l'attaque dite de la triple négociation, surtout avec des certificats "
        "clients."
    ),
    risk_en=(
        "The keys of an exchange are not bound to the handshake that made them, which the "
        "triple handshake attack makes use of, above all with client certificates."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 7627",
        "RFC 9325, 3.5",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R2",
    ),
    remedy_fr=(
        "Mettre à jour la bibliothèque TLS du composant : toutes celles qui sont maintenues "
        "l'activent d'office. Activer TLS 1.3, qui n'a pas ce défaut."
    ),
    remedy_en=(
        "Update the TLS library of the component: all that are maintained enable it by "
        "default. Enable TLS 1.3, which does not have this flaw."
    ),
    proofs={
        "no-extension": Wording(
            "La réponse du serveur ne porte pas l'extension extended_master_secret.",
            "The server's hello does not carry the extended_master_secret extension.",
        )
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(extended_master_secret=False),),
    clean=(service(),),
    unmeasured=(service(extended_master_secret=None),),
)
