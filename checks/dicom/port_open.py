"""A DICOM port is open, and this scan was not allowed to ask it anything."""

from collections.abc import Iterator

from checks._shared.quiet import PROOFS, host, presumed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.host import HostSeen


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag an open DICOM port that was only listened to (discreet, or marked medical)."""
    return presumed(seen, facts, "dicom")


CHECK = Check(
    id="dicom.port-open",
    title_fr="Port DICOM ouvert sur Internet",
    title_en="DICOM port open to the Internet",
    risk_fr=(
        "Si c'est un PACS ou une modalité, images et identités de patients ne sont séparées "
        "d'Internet que par un titre d'application."
    ),
    risk_en=(
        "If this is a PACS or a modality, only an application entity title stands between the "
        "Internet and images and identities of patients."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("DICOM PS3.8", "PGSSI-S, PSSI type, 4.3.1.5"),
    remedy_fr=(
        "Vérifier auprès de l'imagerie ce qui écoute ici, et fermer ce port côté Internet ; un "
        "partenaire passe par un tunnel de site à site."
    ),
    remedy_en=(
        "Ask the imaging department what listens here, and close this port on the Internet side; "
        "a partner goes through a site-to-site tunnel."
    ),
    proofs=PROOFS,
    reads=HostSeen,
    judge=judge,
    flagged=(host(104),),
    clean=(host(), host(9100)),
)
