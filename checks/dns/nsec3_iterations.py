"""NSEC3 with additional iterations."""

from collections.abc import Iterator

from checks._shared.dnssec import is_old, signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen

_DISTRUSTED = 50
"""Above, BIND, Unbound and others take the zone for unsigned or refuse to answer."""


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag any additional iteration; more gravely where resolvers give the zone up."""
    del facts
    if seen.told_at or is_old(seen):
        return
    if seen.dnssec is None or seen.dnssec.denial is None:
        yield NotMeasured(seen.place, seen.why.get("dnssec", "undetermined"))
    elif seen.dnssec.denial == "nsec3" and seen.dnssec.iterations > 0:
        values = {
            "zone": seen.zone or seen.domain,
            "iterations": str(seen.dnssec.iterations),
            "salt": str(seen.dnssec.salt_bytes),
        }
        is_many = seen.dnssec.iterations > _DISTRUSTED
        proofs = [Proof("iterations", values), *([Proof("many", values)] if is_many else [])]
        worst = Criticality.MEDIUM if is_many else Criticality.INFO
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), worst)


CHECK = Check(
    id="dns.nsec3-iterations",
    title_fr="NSEC3 avec des itérations superflues",
    title_en="NSEC3 with needless iterations",
    risk_fr="Les itérations n'apportent aucune protection et coûtent du calcul à tous ; au-delà d'un seuil, les résolveurs tiennent la zone pour non signée ou ne répondent plus.",
    risk_en="Iterations protect nothing and cost everybody computation; beyond a threshold, resolvers take the zone for unsigned or no longer answer.",
    criticality=Criticality.INFO,
    care=("D1.EXPO.8",),
    references=("RFC 9276 3.1", "CVE-2023-50868"),
    remedy_fr="Signer de nouveau la zone avec NSEC3 à 0 itération et sans sel (« nsec3param 1 0 0 - »).",
    remedy_en="Sign the zone again with NSEC3 at 0 iterations and without salt (nsec3param 1 0 0 -).",
    proofs={
        "iterations": Wording(
            "La zone {zone} demande {iterations} itérations NSEC3 de plus (sel de {salt} octets) ; la RFC 9276 n'en veut aucune.",
            "The zone {zone} asks for {iterations} additional NSEC3 iterations (salt of {salt} bytes); RFC 9276 wants none.",
        ),
        "many": Wording(
            "À {iterations}, une partie des résolveurs tient la zone pour non signée ou en panne : criticité portée à « moyenne ».",
            "At {iterations}, part of the resolvers take the zone for unsigned or failing: raised to medium.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        zone(dnssec=signed(iterations=10)),
        zone(dnssec=signed(iterations=150)),
    ),
    clean=(zone(dnssec=signed()), zone(dnssec=signed(denial="nsec"))),
    unmeasured=(zone(dnssec=None),),
)
