"""An X11 display reachable from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.x11 import X11Service


def judge(seen: X11Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a display for having answered; one that refuses strangers is less grave."""
    if seen.is_open:
        server = f"{seen.vendor} {seen.release or ''}".strip() or "X11"
        proof, criticality = Proof("open", {"server": server}), Criticality.CRITICAL
    else:
        proof, criticality = Proof("refuses", {"reason": seen.refusal or "—"}), Criticality.HIGH
    proofs = [proof]
    declared = facts.vouched(seen.place)
    if declared is not None and not seen.is_open:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


def _service(*, is_open: bool) -> X11Service:
    if is_open:
        return X11Service(
            place=place(6000), at=AT, is_open=True, vendor="The X.Org Foundation", release=12101007
        )
    return X11Service(place=place(6000), at=AT, is_open=False, refusal="Authorization required")


CHECK = Check(
    id="x11.exposed",
    title_fr="Affichage X11 joignable depuis Internet",
    title_en="X11 display reachable from the Internet",
    risk_fr=(
        "Un affichage X11 ouvert laisse voir l'écran, lire ce qui est tapé et agir à la place de "
        "l'utilisateur. Rien n'y est chiffré."
    ),
    risk_en=(
        "An open X11 display lets others see the screen, read what is typed and act in place of "
        "the user. Nothing in it is encrypted."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.6", "DRA.EXPO.2"),
    references=("ANSSI hygiène 21", "ANSSI hygiène 23", "X.Org Xsecurity(7)", "CVE-1999-0526"),
    remedy_fr=(
        "Lancer le serveur X avec « -nolisten tcp », fermer les ports 6000 à 6063, ne jamais "
        "employer « xhost + ». Pour un affichage à distance, passer par « ssh -X » à travers le "
        "VPN."
    ),
    remedy_en=(
        "Start the X server with -nolisten tcp, close ports 6000 to 6063, never use xhost +. For a "
        "remote display, use ssh -X through the VPN."
    ),
    proofs={
        "open": Wording(
            "Le serveur a accepté un client inconnu, sans aucune autorisation : {server}.",
            "The server took an unknown client, without any authorisation: {server}.",
        ),
        "refuses": Wording(
            "Le serveur répond, et refuse un client sans autorisation ({reason}) : criticité "
            "ramenée à « élevée ».",
            "The server answers, and refuses a client without authorisation ({reason}): brought "
            "down to high.",
        ),
        "declared": PROOFS["declared"],
    },
    reads=X11Service,
    judge=judge,
    flagged=(_service(is_open=True), _service(is_open=False)),
    clean=(),
)
