"""A zone that is not signed, or whose parent does not vouch for it."""

from collections.abc import Iterator

from checks._shared.dnssec import signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a zone without DS; surely when the resolver itself validates."""
    del facts
    if seen.told_at or seen.is_bogus:
        return
    if seen.is_signed is None:
        yield NotMeasured(seen.place, seen.why.get("is_signed", "undetermined"))
    elif not seen.is_signed:
        confidence = Confidence.CERTAIN if seen.resolver_validates else Confidence.FIRM
        proofs = [Proof("unsigned", {"zone": seen.zone})]
        if seen.dnssec is not None and seen.dnssec.keys:
            proofs.append(Proof("island", {"zone": seen.zone}))
        yield Flagged(seen.place, confidence, tuple(proofs))


CHECK = Check(
    id="dns.no-dnssec",
    title_fr="Zone DNS non signée (DNSSEC)",
    title_en="DNS zone not signed (DNSSEC)",
    risk_fr="Rien ne permet de reconnaître une fausse réponse : qui peut en glisser une envoie les usagers et le courrier de l'établissement ailleurs.",
    risk_en="Nothing lets a false answer be recognised: whoever can slip one in sends the users and the mail of the establishment elsewhere.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R50+", "RFC 9364"),
    remedy_fr="Faire signer la zone par l'hébergeur DNS (le plus souvent une option), puis déclarer la clé (DS) au bureau d'enregistrement ; surveiller ensuite l'échéance des signatures.",
    remedy_en="Have the DNS host sign the zone (most often an option), then declare the key (DS) at the registrar; watch the expiry of the signatures from then on.",
    proofs={
        "unsigned": Wording(
            "La zone {zone} n'a pas de DS : sa zone mère ne répond d'aucune clé.",
            "The zone {zone} has no DS: its parent vouches for no key.",
        ),
        "island": Wording(
            "{zone} publie pourtant des clés (DNSKEY) : il ne manque que le DS au bureau d'enregistrement.",
            "{zone} does publish keys (DNSKEY): only the DS at the registrar is missing.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        zone(is_signed=False),
        zone(is_signed=False, resolver_validates=False),
        zone(is_signed=False, dnssec=signed(delegations=())),
    ),
    clean=(zone(), zone(is_signed=False, told_at="mere.example")),
    unmeasured=(zone(is_signed=None),),
)
