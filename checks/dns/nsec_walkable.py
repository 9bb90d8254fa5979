"""A signed zone whose names can be listed one after the other."""

from collections.abc import Iterator

from checks._shared.dnssec import is_old, signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import Dnssec, DomainSeen


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag NSEC that names the true next name."""
    del facts
    if seen.told_at or is_old(seen):
        return
    if seen.dnssec is None or seen.dnssec.denial is None:
        yield NotMeasured(seen.place, seen.why.get("dnssec", "undetermined"))
    elif seen.dnssec.denial == "nsec":
        yield Flagged(
            seen.place, Confidence.CERTAIN, (Proof("nsec", {"zone": seen.zone or seen.domain}),)
        )


CHECK = Check(
    id="dns.nsec-walkable",
    title_fr="Noms de la zone énumérables (NSEC)",
    title_en="Names of the zone can be listed (NSEC)",
    risk_fr="Chaque réponse négative donne le nom suivant de la zone : de proche en proche, n'importe qui en dresse la liste complète, comme par un transfert ouvert.",
    risk_en="Each negative answer gives the next name of the zone: step by step, anybody draws up the whole list, as if by an open transfer.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("RFC 4470", "RFC 5155 1.1", "RFC 9276", "RFC 9824"),
    remedy_fr="Si les noms ne doivent pas être connus, passer à NSEC3 sans itération ni sel (RFC 9276) ou aux réponses négatives compactes (RFC 9824) ; dans tous les cas, ne publier sur Internet que les noms qui doivent y être.",
    remedy_en="If the names are not to be known, move to NSEC3 without iterations or salt (RFC 9276) or to compact denial (RFC 9824); in any case publish on the Internet only the names that must be there.",
    proofs={
        "nsec": Wording(
            "La zone {zone} prouve l'absence d'un nom par NSEC, qui donne le nom suivant.",
            "The zone {zone} proves the absence of a name by NSEC, which gives the next name.",
        )
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(zone(dnssec=signed(denial="nsec")),),
    clean=(
        zone(dnssec=signed()),
        zone(dnssec=signed(denial="minimal")),
        zone(dnssec=Dnssec()),
    ),
    unmeasured=(zone(dnssec=None),),
)
