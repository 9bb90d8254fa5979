"""A remote desktop accepts the security layer of 1998."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.rdp import RdpAnswer, RdpService


def judge(seen: RdpService, _facts: Facts) -> Iterator[Verdict]:
    """Flag what selects standard RDP security, and what knows nothing else."""
    if seen.standard_security is None:
        yield NotMeasured(seen.place, seen.why.get("standard_security", "not-offered"))
    elif seen.standard_security:
        yield Flagged(
            seen.place,
            Confidence.CERTAIN if seen.negotiates else Confidence.FIRM,
            (Proof("selected" if seen.negotiates else "no-negotiation"),),
        )


def _seen(*, accepted: bool | None, negotiates: bool = True) -> RdpService:
    return RdpService(
        place=place(3389),
        at=AT,
        answers=(RdpAnswer(requested=0, selected=0 if accepted else None),),
        negotiates=negotiates,
        standard_security=accepted,
    )


CHECK = Check(
    id="rdp.standard-security-accepted",
    title_fr="Bureau à distance acceptant la sécurité RDP standard",
    title_en="Remote desktop accepting standard RDP security",
    risk_fr=(
        "La sécurité RDP standard ne prouve pas l'identité du serveur et chiffre en RC4 : "
        "celui qui se place sur le trajet lit l'écran et le mot de passe."
    ),
    risk_en=(
        "Standard RDP security does not prove who the server is and encrypts with RC4: "
        "whoever sits on the path reads the screen and the password."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.8", "DRA.EXPO.4"),
    references=(
        "[MS-RDPBCGR] 5.3",
        "RFC 7465",
        "ANSSI, Guide d'hygiène informatique, mesure 21",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Exiger la couche de sécurité « SSL » (stratégie « Requérir l'utilisation d'une "
        "couche de sécurité spécifique pour les connexions distantes (RDP) ») et NLA. Sous "
        "xrdp : « security_layer=tls ». Remplacer un système qui ne sait que la sécurité "
        "standard."
    ),
    remedy_en=(
        "Require the “SSL” security layer (policy “Require use of specific security layer for "
        "remote (RDP) connections”) and NLA. With xrdp: “security_layer=tls”. Replace a "
        "system that knows standard security only."
    ),
    proofs={
        "selected": Wording(
            "Le serveur a choisi la sécurité RDP standard (protocole 0).",
            "The server selected standard RDP security (protocol 0).",
        ),
        "no-negotiation": Wording(
            (
                "Le serveur ignore la négociation de sécurité : il ne connaît que la sécurité "
                "RDP standard."
            ),
            "The server ignores security negotiation: it knows standard RDP security only.",
        ),
    },
    reads=RdpService,
    judge=judge,
    flagged=(_seen(accepted=True), _seen(accepted=True, negotiates=False)),
    clean=(_seen(accepted=False),),
    unmeasured=(_seen(accepted=None),),
)
