"""A PPTP gateway answers: what it carries is as good as in clear."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.vpn import VpnService


def judge(seen: VpnService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a PPTP gateway for having answered; being declared does not mend the protocol."""
    if seen.protocol != "pptp":
        return
    yield Flagged(
        seen.place, Confidence.CERTAIN, (Proof("answered", {"maker": seen.maker or "—"}),)
    )


CHECK = Check(
    id="vpn.cleartext-pptp",
    title_fr="VPN PPTP : un chiffrement qui ne protège plus",
    title_en="PPTP VPN: encryption that no longer protects",
    risk_fr=(
        "Qui enregistre une connexion PPTP en tire l'empreinte du mot de passe en moins d'un jour, "
        "quel que soit ce mot de passe, puis lit tout ce que le tunnel a transporté et entre sous "
        "le nom de la personne, souvent avec son compte de domaine."
    ),
    risk_en=(
        "Whoever records one PPTP connection draws the digest of the password from it in less "
        "than a day, whatever that password is, then reads all that the tunnel carried and enters "
        "in that person's name, often with their domain account."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.8", "DRA.EXPO.1", "DRA.EXPO.4"),
    references=(
        "RFC 2637",
        "Microsoft Security Advisory 2743314",
        "ANSSI, Recommandations sur le nomadisme numérique",
    ),
    remedy_fr=(
        "Remplacer PPTP par IKEv2 ou un VPN TLS tenu à jour, avec un second facteur, puis fermer "
        "1723/tcp et le protocole GRE (47) sur le pare-feu. Changer les mots de passe des comptes "
        "qui l'ont utilisé."
    ),
    remedy_en=(
        "Replace PPTP by IKEv2 or a current TLS VPN, with a second factor, then close 1723/tcp and "
        "the GRE protocol (47) on the firewall. Change the passwords of the accounts that used it."
    ),
    proofs={
        "answered": Wording(
            "Une passerelle PPTP a répondu à la demande de connexion de contrôle (constructeur "
            "annoncé : {maker}) ; aucun appel n'a été ouvert.",
            "A PPTP gateway answered the request for a control connection (maker told: {maker}); "
            "no call was opened.",
        ),
    },
    reads=VpnService,
    judge=judge,
    flagged=(VpnService(place=place(1723), at=AT, protocol="pptp", maker="Microsoft"),),
    clean=(
        VpnService(place=place(1194), at=AT, protocol="openvpn"),
        VpnService(place=place(443), at=AT, protocol="sstp"),
    ),
)
