"""A name of the establishment leads to a server that does not know it."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks._shared.web import CARE
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.site import SiteShown, SitesSeen

_SAYS_SO = {"name-refused": "refused", "misdirected": "misdirected"}


def judge(seen: SitesSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag each name that the server refuses in so many words, while it serves others."""
    del facts
    for name, why in sorted(seen.unanswered.items()):
        where = msgspec.structs.replace(seen.place, hostname=name)
        proof = _SAYS_SO.get(why.partition(":")[0])
        if proof is None or not seen.sites:
            yield NotMeasured(where, why)
        else:
            yield Flagged(where, Confidence.FIRM, (Proof(proof, {"name": name}),))
    for name, why in sorted(seen.left_out.items()):
        yield NotMeasured(msgspec.structs.replace(seen.place, hostname=name), why)


def _sites(**changes: object) -> SitesSeen:
    shown = SiteShown(names=("www.chu.example",), status=200)
    seen = SitesSeen(place=place(), at=AT, tls=True, sites=(shown,), looks=2)
    return msgspec.structs.replace(seen, **changes)


CHECK = Check(
    id="web.name-not-served",
    title_fr="Nom qui mène à un serveur qui ne le connaît pas",
    title_en="Name that leads to a server that does not know it",
    risk_fr=(
        "C'est la trace d'un service retiré ou oublié : le nom entretient une fausse piste et "
        "pourra mener ailleurs quand l'adresse changera de main."
    ),
    risk_en=(
        "It is what is left of a service withdrawn or forgotten: the name keeps a false lead "
        "alive and may lead elsewhere when the address changes hands."
    ),
    criticality=Criticality.INFO,
    care=(*CARE, "D1.EXPO.1"),
    references=("RFC 6066 3", "RFC 9110 15.5.20"),
    remedy_fr=(
        "Retirer du DNS le nom qui ne sert plus, ou ajouter le site virtuel qui lui manque, avec "
        "son certificat."
    ),
    remedy_en=(
        "Remove the name that is no longer used from the DNS, or add the virtual host that it "
        "lacks, with its certificate."
    ),
    proofs={
        "refused": Wording(
            "Demandé pour {name}, le serveur refuse ce nom (alerte TLS).",
            "Asked for {name}, the server refuses this name (TLS alert).",
        ),
        "misdirected": Wording(
            "Demandé pour {name}, le serveur répond qu'il ne le sert pas (421).",
            "Asked for {name}, the server answers that it does not serve it (421).",
        ),
    },
    reads=SitesSeen,
    judge=judge,
    flagged=(
        _sites(unanswered={"vieux.chu.example": "name-refused"}),
        _sites(unanswered={"vieux.chu.example": "misdirected"}),
    ),
    clean=(_sites(),),
    unmeasured=(
        _sites(unanswered={"lent.chu.example": "timeout"}),
        _sites(left_out={"n257.chu.example": "names-limit"}),
        _sites(sites=(), unanswered={"vieux.chu.example": "name-refused"}),
    ),
)
