"""L2TP accepts tunnels outside of IPsec, which alone encrypts them."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Transport,
    Verdict,
    Wording,
)
from core.observations.vpn import VpnService


def judge(seen: VpnService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a gateway that agreed to a tunnel which came without IPsec."""
    if seen.protocol != "l2tp":
        return
    if seen.accepted is None:
        yield NotMeasured(seen.place, seen.why.get("accepted", "not-offered"))
    elif seen.accepted:
        proofs = [Proof("agreed", {"maker": seen.maker or "—"})]
        if seen.tunnel_secret:
            proofs.append(Proof("secret", {}))
        yield Flagged(seen.place, Confidence.FIRM, tuple(proofs))


def _seen(*, accepted: bool | None, protocol: str = "l2tp", secret: bool = False) -> VpnService:
    return VpnService(
        place=msgspec.structs.replace(place(1701), transport=Transport.UDP),
        at=AT,
        protocol=protocol,
        accepted=accepted,
        tunnel_secret=secret,
    )


CHECK = Check(
    id="vpn.l2tp-without-ipsec",
    title_fr="L2TP accepté hors d'IPsec",
    title_en="L2TP accepted outside of IPsec",
    risk_fr=(
        "L2TP ne chiffre rien : sans IPsec, comptes, mots de passe et données passent en clair, ou "
        "presque, sur Internet. Une passerelle qui l'accepte ainsi laisse un poste mal réglé, ou "
        "un attaquant, se passer de la protection."
    ),
    risk_en=(
        "L2TP encrypts nothing: without IPsec, accounts, passwords and data cross the Internet in "
        "clear, or nearly so. A gateway that takes it that way lets a badly set up machine, or an "
        "attacker, do without the protection."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8", "DRA.EXPO.4"),
    references=("RFC 2661", "RFC 3193"),
    remedy_fr=(
        "Sur le pare-feu, n'admettre 1701/udp que sorti d'un tunnel IPsec (règle de politique "
        "IPsec, « ipsec policy » de nftables ou équivalent) ; préférer IKEv2, qui n'a pas besoin "
        "de L2TP."
    ),
    remedy_en=(
        "On the firewall, admit 1701/udp only when it comes out of an IPsec tunnel (a rule on "
        "IPsec policy, as nftables has it, or the like); prefer IKEv2, which does not need L2TP."
    ),
    proofs={
        "agreed": Wording(
            "La passerelle a accepté un tunnel demandé hors d'IPsec (constructeur annoncé : "
            "{maker}), refermé aussitôt ; aucune session n'a été ouverte.",
            "The gateway agreed to a tunnel asked for outside of IPsec (maker told: {maker}), "
            "closed at once; no session was opened.",
        ),
        "secret": Wording(
            "Elle demande un secret de tunnel, qui authentifie mais ne chiffre pas.",
            "It asks for a tunnel secret, which authenticates and does not encrypt.",
        ),
    },
    reads=VpnService,
    judge=judge,
    flagged=(_seen(accepted=True), _seen(accepted=True, secret=True)),
    clean=(_seen(accepted=False), _seen(accepted=True, protocol="openvpn")),
    unmeasured=(_seen(accepted=None),),
)
