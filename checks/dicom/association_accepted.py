"""A DICOM node associates with a caller it does not know."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.dicom import DicomService


def judge(seen: DicomService, facts: Facts) -> Iterator[Verdict]:
    """Flag a node that let an unknown caller in; declared or not, that is the fault."""
    if seen.is_accepted is None:
        yield NotMeasured(seen.place, seen.why.get("is_accepted", "undetermined"))
        return
    if not seen.is_accepted:
        return
    software = seen.implementation or seen.implementation_uid or "—"
    proofs = [Proof("accepted", {"software": software})]
    if seen.verifies:
        proofs.append(Proof("verifies"))
    proofs.append(Proof("tls" if seen.tls else "clear"))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


CHECK = Check(
    id="dicom.association-accepted",
    title_fr="Nœud DICOM ouvert à un appelant inconnu",
    title_en="DICOM node open to an unknown caller",
    risk_fr=(
        "Un PACS ou une modalité qui accepte n'importe quel appelant depuis Internet peut livrer "
        "les images et l'identité des patients, ou en recevoir de fausses."
    ),
    risk_en=(
        "A PACS or a modality that takes any caller from the Internet may hand over images and "
        "identities of patients, or be given false ones."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("DICOM PS3.8 §9.3", "DICOM PS3.15", "PGSSI-S, PSSI type, 4.3.1.5"),
    remedy_fr=(
        "Fermer ce port côté Internet (104, 11112, 2762, 4242) et passer par un tunnel de site à "
        "site ou par DICOM sur TLS avec certificats des deux côtés ; n'accepter que les titres "
        "d'application (AET) et les adresses des partenaires connus."
    ),
    remedy_en=(
        "Close this port on the Internet side (104, 11112, 2762, 4242) and go through a "
        "site-to-site tunnel or DICOM over TLS with certificates on both sides; take only the "
        "application entity titles and the addresses of known partners."
    ),
    proofs={
        "accepted": Wording(
            "Association acceptée sans que l'appelant soit connu ({software}), puis libérée ; "
            "aucune image ni aucun patient n'a été demandé.",
            "Association accepted from an unknown caller ({software}), then released; no image "
            "and no patient was asked for.",
        ),
        "verifies": Wording(
            "Le service de vérification lui a été accordé.",
            "The verification service was granted to it.",
        ),
        "tls": Wording("L'échange est dans TLS.", "The exchange is inside TLS."),
        "clear": Wording("L'échange n'est pas chiffré.", "The exchange is not encrypted."),
    },
    reads=DicomService,
    judge=judge,
    flagged=(
        DicomService(place=place(11112), at=AT, is_accepted=True, implementation="OFFIS_DCMTK_367"),
    ),
    clean=(DicomService(place=place(104), at=AT, is_accepted=False, refusal="1/3"),),
    unmeasured=(
        DicomService(
            place=place(104),
            at=AT,
            is_accepted=None,
            why={"is_accepted": "protocol-error: A-ABORT"},
        ),
    ),
)
