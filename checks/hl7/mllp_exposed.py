"""A port of HL7 messages (MLLP) is open to the Internet."""

from collections.abc import Iterator

from checks._shared.quiet import PROOFS, host, presumed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.host import HostSeen


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag an open MLLP port: tentatively, since a message would be a business act."""
    return presumed(seen, facts, "mllp")


CHECK = Check(
    id="hl7.mllp-exposed",
    title_fr="Port HL7 (MLLP) ouvert sur Internet",
    title_en="HL7 port (MLLP) open to the Internet",
    risk_fr=(
        "Les messages HL7 portent des identités et des résultats, sans chiffrement ni mot de "
        "passe : qui atteint ce port peut en injecter dans le dossier d'un patient."
    ),
    risk_en=(
        "HL7 messages carry identities and results, without encryption or password: whoever "
        "reaches this port may inject some into a patient's record."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("HL7 MLLP Release 2", "PGSSI-S, PSSI type, 4.3.1.5"),
    remedy_fr=(
        "Vérifier auprès de l'équipe d'intégration à quoi sert ce port. Si c'est une interface "
        "HL7, la fermer côté Internet et la faire passer par un tunnel de site à site ou par MLLP "
        "sur TLS avec certificats des deux côtés."
    ),
    remedy_en=(
        "Ask the integration team what this port is for. If it is an HL7 interface, close it on "
        "the Internet side and carry it through a site-to-site tunnel or MLLP over TLS with "
        "certificates on both sides."
    ),
    proofs=PROOFS,
    reads=HostSeen,
    judge=judge,
    flagged=(host(2575),),
    clean=(host(), host(9100)),
)
