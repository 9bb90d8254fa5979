"""A host whose every open port accepts a connection, then stays mute or cuts it."""

from collections.abc import Iterator

from checks._shared.examples import AT
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.host import HostSeen

_FEW = 3
"""One or two mute ports may be services that wait for their own client."""
_TOLD = 12


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a host of which not one open port said a byte; told otherwise when it accepts all."""
    del facts
    mute = len(seen.speechless_open)
    if mute < _FEW or mute < seen.open_tcp or 1 < seen.control_tried == seen.control_open:
        return
    ports = ", ".join(map(str, seen.speechless_open[:_TOLD])) + (" …" if mute > _TOLD else "")
    yield Flagged(
        seen.place, Confidence.FIRM, (Proof("mute", {"count": str(mute), "ports": ports}),)
    )


def _seen(*mute: int, open_tcp: int, controls: int = 0) -> HostSeen:
    return HostSeen(
        place=Place(establishment="chu-exemple", ip="203.0.113.10"),
        at=AT,
        open_tcp=open_tcp,
        tried_tcp=195,
        improbable_open=mute,
        speechless_open=mute,
        control_tried=controls,
        control_open=controls,
    )


CHECK = Check(
    id="host.says-nothing",
    title_fr="Adresse qui accepte les connexions et se tait",
    title_en="Address that accepts connections and says nothing",
    risk_fr="Un pare-feu, un répartiteur ou un filtre d'adresses accepte à la place des serveurs, puis coupe ou se tait : ce qui se trouve derrière n'est pas mesuré, et peut répondre à d'autres adresses que les nôtres.",
    risk_en="A firewall, a load balancer or an address filter accepts in place of the servers, then cuts or stays mute: what stands behind it is not measured, and may answer other addresses than ours.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("RFC 9293 §3.5",),
    remedy_fr="Vérifier quel équipement accepte ces connexions et à qui ces ports doivent répondre ; fermer ceux qui ne servent pas, et laisser passer les adresses sources de Vigie pour mesurer les autres.",
    remedy_en="Find out which appliance accepts these connections and whom these ports are meant for; close those of no use, and let the source addresses of Vigie through to have the others measured.",
    proofs={
        "mute": Wording(
            "{count} ports ouverts, aucun n'a rien dit : {ports}.",
            "{count} open ports, none said anything: {ports}.",
        )
    },
    reads=HostSeen,
    judge=judge,
    flagged=(_seen(22, 80, 443, open_tcp=3),),
    clean=(
        _seen(22, 80, open_tcp=2),
        _seen(22, 80, 443, open_tcp=4),
        _seen(22, 80, 443, open_tcp=3, controls=2),
    ),
)
