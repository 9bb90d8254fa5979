"""0-RTT is accepted (RFC 8446, 8)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service whose tickets allow early data."""
    if seen.early_data_bytes is None:
        # Without TLS 1.3 there is nothing to ask.
        if seen.tls1_3 is not False:
            yield from unanswered(seen, "early_data_bytes")
    elif seen.early_data_bytes > 0:
        proof = Proof("allowed", {"bytes": str(seen.early_data_bytes)})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="tls.early-data",
    title_fr="Données anticipées (0-RTT) acceptées",
    title_en="Early data (0-RTT) accepted",
    risk_fr=(
        "Une requête envoyée ainsi peut être rejouée par un attaquant : une action "
        "(prescription, paiement, commande) serait faite deux fois."
    ),
    risk_en=(
        "A request sent this way can be replayed by an attacker: an action (prescription, "
        "payment, order) would be done twice."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 8446, 8",
        "RFC 8470",
        f"{GUIDE}, R23",
    ),
    remedy_fr=(
        "Désactiver 0-RTT. nginx : « ssl_early_data off; » ; HAProxy : retirer « allow-0rtt »."
    ),
    remedy_en=("Disable 0-RTT. nginx: “ssl_early_data off;”; HAProxy: remove “allow-0rtt”."),
    proofs={
        "allowed": Wording(
            "Les tickets du serveur permettent {bytes} octets de données anticipées.",
            "The server's tickets allow {bytes} bytes of early data.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(early_data_bytes=16_384),),
    clean=(
        service(),
        service(tls1_3=False, early_data_bytes=None),
    ),
    unmeasured=(service(early_data_bytes=None),),
)
