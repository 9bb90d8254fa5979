"""A DICOM node answers from the Internet, though it refuses callers it does not know."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.dicom import DicomService


def judge(seen: DicomService, facts: Facts) -> Iterator[Verdict]:
    """Flag a node that answers strangers, with a refusal; an open one has its own fault."""
    if seen.is_accepted:
        return
    proofs = [Proof("refuses", {"refusal": seen.refusal}) if seen.refusal else Proof("aborts")]
    criticality: Criticality | None = None
    declared = facts.vouched(seen.place)
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


CHECK = Check(
    id="dicom.exposed",
    title_fr="Nœud DICOM joignable depuis Internet",
    title_en="DICOM node reachable from the Internet",
    risk_fr=(
        "Cet équipement d'imagerie répond à Internet. Il refuse les appelants inconnus, mais un "
        "titre d'application se devine ou se lit, et l'échange n'a pas d'autre verrou."
    ),
    risk_en=(
        "This imaging equipment answers the Internet. It refuses unknown callers, but an "
        "application entity title can be guessed or read, and the exchange has no other lock."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=("DICOM PS3.8 §9.3.4", "PGSSI-S, PSSI type, 4.3.1.5"),
    remedy_fr=(
        "Fermer ce port côté Internet ; pour un partenaire, filtrer par adresse dans un tunnel de "
        "site à site, ou DICOM sur TLS avec certificats des deux côtés."
    ),
    remedy_en=(
        "Close this port on the Internet side; for a partner, filter by address inside a "
        "site-to-site tunnel, or DICOM over TLS with certificates on both sides."
    ),
    proofs={
        "refuses": Wording(
            "Association refusée, en réponse DICOM (source/raison {refusal}).",
            "Association rejected, in a DICOM answer (source/reason {refusal}).",
        ),
        "aborts": Wording(
            "Réponse DICOM : association interrompue (A-ABORT).",
            "DICOM answer: association aborted (A-ABORT).",
        ),
        "declared": PROOFS["declared"],
    },
    reads=DicomService,
    judge=judge,
    flagged=(
        DicomService(place=place(104), at=AT, is_accepted=False, refusal="1/3"),
        DicomService(place=place(104), at=AT, is_accepted=None),
    ),
    clean=(DicomService(place=place(104), at=AT, is_accepted=True),),
)
