"""The gateway answers IKEv1 aggressive mode: its shared key can be guessed at leisure."""

from collections.abc import Iterator

from checks._shared.ike import CARE, GUIDE, agreed, answer, example
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ike import IkeAnswer, IkeService


def judge(seen: IkeService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a gateway that answered aggressive mode; less gravely where no shared key is in play."""
    if seen.aggressive is None:
        yield NotMeasured(seen.place, seen.why.get("aggressive", "not-offered"))
        return
    if not seen.aggressive:
        return
    taken = next((one for one in seen.answers if one.question == "v1-aggressive"), None)
    if taken is None or not taken.chosen:
        yield Flagged(seen.place, Confidence.FIRM, (Proof("looked", {}),))
    elif "PSK" in taken.authentication:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("hash", {"agreed": agreed(taken)}),))
    else:
        # A signature proves nothing about a shared key: only the identities are in clear.
        proof = Proof("signed", {"agreed": agreed(taken)})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), Criticality.MEDIUM)


CHECK = Check(
    id="ike.aggressive-mode",
    title_fr="Le mode agressif d'IKEv1 livre de quoi deviner la clé partagée",
    title_en="IKEv1 aggressive mode gives away what it takes to guess the shared key",
    risk_fr=(
        "Sans rien savoir, n'importe qui obtient de la passerelle une empreinte de la clé partagée "
        "du VPN, puis l'attaque hors ligne, sans être vu ni limité. Une clé choisie par une "
        "personne tombe en heures ; elle ouvre la porte du réseau, ou la première des deux."
    ),
    risk_en=(
        "Knowing nothing, anyone is given a digest of the VPN's shared key, then attacks it "
        "offline, unseen and unlimited. A key chosen by a person falls within hours; it opens the "
        "door of the network, or the first of two."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("RFC 2409, 5.4", "CVE-2002-1623", "RFC 9395", GUIDE),
    remedy_fr=(
        "Désactiver le mode agressif et passer à IKEv2 avec des certificats (ou, à défaut, une clé "
        "partagée tirée au hasard, de 20 octets au moins, propre à chaque partenaire). Changer "
        "toute clé qui a servi en mode agressif : il faut la tenir pour connue."
    ),
    remedy_en=(
        "Disable aggressive mode and move to IKEv2 with certificates (or, failing that, a random "
        "shared key of at least 20 bytes, one per partner). Change every key that served in "
        "aggressive mode: it must be taken as known."
    ),
    proofs={
        "hash": Wording(
            "La passerelle a répondu en mode agressif à une identité neutre, avec la preuve de sa "
            "clé partagée ({agreed}). Cette preuve n'a été ni gardée ni essayée.",
            "The gateway answered aggressive mode for a neutral identity, with the proof of its "
            "shared key ({agreed}). That proof was neither kept nor tried.",
        ),
        "signed": Wording(
            "La passerelle a répondu en mode agressif, par une signature ({agreed}) : seules les "
            "identités circulent en clair, criticité ramenée à « moyenne ».",
            "The gateway answered aggressive mode, by a signature ({agreed}): identities alone "
            "travel in clear, brought down to medium.",
        ),
        "looked": Wording(
            "La passerelle a examiné notre message du mode agressif et n'en a refusé que le groupe "
            "Diffie-Hellman : le mode est actif.",
            "The gateway looked into our aggressive mode message and refused its Diffie-Hellman "
            "group alone: the mode is on.",
        ),
    },
    reads=IkeService,
    judge=judge,
    flagged=(
        example(answer("v1-aggressive", 2, authentication="PSK"), v1=True, aggressive=True),
        example(answer("v1-aggressive", 2, authentication="XAUTH-PSK"), v1=True, aggressive=True),
        example(answer("v1-aggressive", authentication="RSA-SIG"), v1=True, aggressive=True),
        example(
            IkeAnswer(question="v1-aggressive", notify="INVALID-KEY-INFORMATION"), aggressive=True
        ),
    ),
    clean=(example(),),
    unmeasured=(
        example(aggressive=None, why={"aggressive": "identity-needed: AUTHENTICATION-FAILED"}),
        example(aggressive=None, why={"aggressive": "intensity"}),
    ),
)
