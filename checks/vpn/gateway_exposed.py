"""A VPN gateway without a web portal (IPsec, OpenVPN, L2TP) answers from the Internet."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS
from checks._shared.remote import VPN_PROTOCOLS
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Transport, Verdict
from core.observations.service import Service

_JUDGED_ELSEWHERE = frozenset({"pptp"})
"""``vpn.cleartext-pptp`` says it all."""


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a gateway: made to be exposed, so medium at most, and information once declared."""
    if seen.protocol not in VPN_PROTOCOLS - _JUDGED_ELSEWHERE or seen.portal:
        return
    evidence = "; ".join(seen.evidence[:3]) or seen.protocol
    proofs = [Proof("answered", {"protocol": seen.protocol, "evidence": evidence})]
    declared = facts.vouched(seen.place, seen.product, is_portal=True)
    product = facts.knowledge.product(seen.product) if seen.product else None
    criticality = min(product.criticality, Criticality.MEDIUM) if product else None
    if declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, seen.confidence, tuple(proofs), criticality)


def _service(protocol: str, port: int, **fields: object) -> Service:
    told: dict[str, object] = {
        "place": msgspec.structs.replace(place(port), transport=Transport.UDP),
        "at": AT,
        "protocol": protocol,
        **fields,
    }
    return Service(**told)  # type: ignore[arg-type]


CHECK = Check(
    id="vpn.gateway-exposed",
    title_fr="Passerelle VPN joignable depuis Internet",
    title_en="VPN gateway reachable from the Internet",
    risk_fr=(
        "Une passerelle VPN est faite pour être exposée, et c'est aussi la première porte qu'un "
        "attaquant essaie : une faille non corrigée, une clé partagée faible ou un compte volé y "
        "donnent accès au réseau interne."
    ),
    risk_en=(
        "A VPN gateway is made to be exposed, and is also the first door that an attacker tries: "
        "an unpatched flaw, a weak shared key or a stolen account give access to the internal "
        "network through it."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1", "DRA.EXPO.1", "DRA.EXPO.3"),
    references=(
        "ANSSI, Recommandations de sécurité relatives à IPsec (DAT-NT-003)",
        "ANSSI, Recommandations sur le nomadisme numérique",
        "ReCyF 5.B.4, 8.1 et 8.3",
    ),
    remedy_fr=(
        "Déclarer cette passerelle dans l'inventaire ([[expected]]) avec son responsable, sa "
        "justification et l'état du second facteur ; suivre les correctifs de son constructeur. Une "
        "liaison entre sites n'a à répondre qu'aux adresses de ses partenaires : les filtrer. Avec "
        "OpenVPN, activer tls-crypt : le service ne répond plus qu'aux porteurs de la clé."
    ),
    remedy_en=(
        "Declare this gateway in the inventory ([[expected]]) with its owner, its justification "
        "and the state of the second factor; follow its maker's fixes. A link between sites has "
        "to answer its partners' addresses alone: filter them. With OpenVPN, enable tls-crypt: "
        "the service then answers holders of the key alone."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        _service("ike", 500, product="ipsec_ike", evidence=("IKEv2: AES-CBC-256, MODP-2048",)),
        _service("openvpn", 1194, product="openvpn_protocol"),
        _service("l2tp", 1701),
        _service("ike", 500, product="fortinet_fortios", confidence=Confidence.FIRM),
    ),
    clean=(
        _service("pptp", 1723),
        _service("dns", 53),
        _service("sstp", 443, product="sstp", portal=True),
    ),
)
