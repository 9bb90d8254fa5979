"""A host that accepts connections whatever the port: a middlebox, a tarpit or a honeypot."""

from collections.abc import Iterator

from checks._shared.examples import AT
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.host import HostSeen

_MANY = 40
"""No real server of the field opens that many of the ports that Vigie tries."""
_SHARE = 0.8
_CONTROLS = 2
"""Control ports that must accept; one could be a service that is off the usual ports."""


def judge(seen: HostSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a host that accepts on ports drawn at random; failing those, on nearly every port."""
    del facts
    if seen.control_tried:
        if seen.control_tried >= _CONTROLS and seen.control_open >= seen.control_tried:
            count = str(seen.control_open)
            values = {"count": count, "open": str(seen.open_tcp), "tried": str(seen.tried_tcp)}
            yield Flagged(seen.place, Confidence.CERTAIN, (Proof("controls", values),))
        # Refused or silent where nobody listens: its open ports are its own, many as they may be.
        return
    if seen.tried_tcp <= 0 or seen.open_tcp < min(_MANY, seen.tried_tcp * _SHARE):
        return
    if seen.open_tcp < _MANY:
        return
    share = min(100, round(100 * seen.open_tcp / seen.tried_tcp))
    certain = share >= 100 * _SHARE
    yield Flagged(
        seen.place,
        Confidence.FIRM if certain else Confidence.TENTATIVE,
        (
            Proof(
                "share",
                {"open": str(seen.open_tcp), "tried": str(seen.tried_tcp), "share": str(share)},
            ),
        ),
    )


_PLACE = Place(establishment="chu-exemple", ip="203.0.113.10")

CHECK = Check(
    id="host.answers-everywhere",
    title_fr="Adresse qui répond sur presque tous les ports",
    title_en="Address that answers on nearly every port",
    risk_fr="Un équipement intermédiaire (pare-feu en mode « SYN proxy », leurre, boîtier anti-déni de service) accepte les connexions à la place des serveurs : ce qui se trouve derrière n'est pas mesuré.",
    risk_en="A middlebox (SYN proxy, decoy, anti-DDoS appliance) accepts connections in place of the servers: what stands behind it is not measured.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("RFC 4987 §3.6 (SYN cookies et mandataires SYN)",),
    remedy_fr="Confirmer quel équipement répond, puis demander son filtrage ou une exception pour les adresses sources de Vigie afin de mesurer les serveurs réels.",
    remedy_en="Confirm which appliance answers, then have it filter, or let the source addresses of Vigie through so that the real servers are measured.",
    proofs={
        "controls": Wording(
            "L'adresse accepte les connexions sur {count} ports tirés au hasard, où rien n'écoute d'ordinaire ({open} ports ouverts sur les {tried} de la liste) : seuls les services reconnus à leur réponse sont comptés.",
            "The address accepts connections on {count} ports drawn at random, where nothing usually listens ({open} open ports of the {tried} in the list): only services recognised by their answer are counted.",
        ),
        "share": Wording(
            "{open} ports ouverts sur {tried} essayés ({share} %) : les services n'y sont pas comptés un à un.",
            "{open} ports open out of {tried} tried ({share} %): services there are not counted one by one.",
        ),
    },
    reads=HostSeen,
    judge=judge,
    flagged=(
        HostSeen(place=_PLACE, at=AT, open_tcp=190, tried_tcp=195),
        HostSeen(place=_PLACE, at=AT, open_tcp=3, tried_tcp=3, control_tried=2, control_open=2),
    ),
    clean=(
        HostSeen(place=_PLACE, at=AT, open_tcp=60, tried_tcp=60, control_tried=1),
        HostSeen(place=_PLACE, at=AT, open_tcp=3, tried_tcp=3, control_tried=2, control_open=1),
        HostSeen(place=_PLACE, at=AT, open_tcp=3, tried_tcp=195),
        HostSeen(place=_PLACE, at=AT, open_tcp=5, tried_tcp=5),
    ),
)
