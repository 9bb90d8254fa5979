"""A name of the establishment leads to an address that no mandate covers."""

from collections.abc import Iterator

from checks._shared.examples import AT
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.name import NameSeen


def judge(seen: NameSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a name with addresses outside the scope; they were resolved, never contacted."""
    del facts
    inside = {*seen.in_scope, *seen.withheld}
    outside = [address for address in seen.addresses if address not in inside]
    if not outside:
        return
    proofs = [Proof("outside", {"name": seen.name, "addresses": ", ".join(outside[:8])})]
    if seen.chain:
        proofs.append(Proof("chain", {"chain": " → ".join(seen.chain[:5])}))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


_PLACE = Place(establishment="chu-exemple", hostname="portail.chu.example")

CHECK = Check(
    id="asset.unattributed",
    title_fr="Nom qui mène à une adresse hors mandat",
    title_en="Name that leads outside the mandate",
    risk_fr="Un service porte le nom de l'établissement sur une machine que personne n'a donné mandat de surveiller : il n'a pas été contacté et son état est inconnu.",
    risk_en="A service bears the name of the establishment on a machine that no mandate covers: it was not contacted and its state is unknown.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("ReCyF v2.5 (projet) 5.A.1",),
    remedy_fr="Confirmer à qui appartient l'adresse ; l'ajouter aux plages et au mandat, ou obtenir l'accord de l'hébergeur et ajouter le nom exact à « covers ».",
    remedy_en="Confirm whose address it is; add it to the ranges and the mandate, or obtain the host's consent and add the exact name to covers.",
    proofs={
        "outside": Wording(
            "{name} mène à {addresses}, hors des plages mandatées ; rien n'y a été envoyé.",
            "{name} leads to {addresses}, outside the mandated ranges; nothing was sent there.",
        ),
        "chain": Wording(
            "Alias suivis par le résolveur : {chain}.", "Aliases followed by the resolver: {chain}."
        ),
    },
    reads=NameSeen,
    judge=judge,
    flagged=(
        NameSeen(place=_PLACE, at=AT, name="portail.chu.example", addresses=("198.51.100.7",)),
    ),
    clean=(
        NameSeen(
            place=_PLACE,
            at=AT,
            name="portail.chu.example",
            addresses=("203.0.113.7",),
            in_scope=("203.0.113.7",),
        ),
        NameSeen(
            place=_PLACE,
            at=AT,
            name="portail.chu.example",
            addresses=("203.0.113.7",),
            withheld={"203.0.113.7": "third-party"},
        ),
        NameSeen(place=_PLACE, at=AT, name="portail.chu.example", error="NXDOMAIN"),
    ),
)
