"""A file server still speaks SMB 1."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.smb import SmbService


def judge(seen: SmbService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a server that agreed to « NT LM 0.12 »."""
    if seen.smb1 is None:
        yield NotMeasured(seen.place, seen.why.get("smb1", "not-offered"))
    elif seen.smb1:
        yield Flagged(
            seen.place,
            Confidence.CERTAIN,
            (Proof("accepted" if seen.smb2 else "only", {"os": seen.native_os or "—"}),),
        )


CHECK = Check(
    id="smb.v1-accepted",
    title_fr="Partage de fichiers acceptant SMB version 1",
    title_en="File sharing that accepts SMB version 1",
    risk_fr=(
        "SMB 1 est la porte d'EternalBlue, par laquelle WannaCry et NotPetya ont arrêté des "
        "hôpitaux entiers ; Microsoft l'a retiré de Windows."
    ),
    risk_en="SMB 1 is the door of EternalBlue, through which WannaCry and NotPetya stopped whole "
    "hospitals; Microsoft removed it from Windows.",
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.7"),
    references=(
        "CVE-2017-0144",
        "Microsoft, MS17-010",
        "Microsoft, Detect, enable and disable SMBv1, SMBv2 and SMBv3 in Windows",
        "ANSSI, Guide d'hygiène informatique, mesure 35",
        "ReCyF 5.B.7",
    ),
    remedy_fr=(
        "Désactiver SMB 1 : « Set-SmbServerConfiguration -EnableSMB1Protocol $false », puis "
        "retirer la fonctionnalité FS-SMB1. Sous Samba : « server min protocol = SMB2 ». "
        "Isoler l'équipement (copieur, modalité d'imagerie) qui l'exigerait encore, et "
        "bloquer 139 et 445 depuis Internet."
    ),
    remedy_en=(
        "Disable SMB 1: “Set-SmbServerConfiguration -EnableSMB1Protocol $false”, then remove "
        "the FS-SMB1 feature. With Samba: “server min protocol = SMB2”. Isolate any device "
        "(copier, imaging modality) that still needs it, and block 139 and 445 from the "
        "Internet."
    ),
    proofs={
        "accepted": Wording(
            "Le serveur parle SMB 2, et a aussi accepté le dialecte « NT LM 0.12 ».",
            "The server speaks SMB 2, and also accepted the “NT LM 0.12” dialect.",
        ),
        "only": Wording(
            "Le serveur ne parle que SMB 1 (« NT LM 0.12 » ; système annoncé : {os}).",
            "The server speaks SMB 1 only (“NT LM 0.12”; system announced: {os}).",
        ),
    },
    reads=SmbService,
    judge=judge,
    flagged=(
        SmbService(place=place(445), at=AT, smb1=True, smb2=True, dialect="3.1.1"),
        SmbService(place=place(445), at=AT, smb1=True, smb2=False, native_os="Windows 5.1"),
    ),
    clean=(SmbService(place=place(445), at=AT, smb1=False, smb2=True),),
    unmeasured=(SmbService(place=place(445), at=AT, why={"smb1": "intensity"}),),
)
