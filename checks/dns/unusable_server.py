"""A name server that nobody can find: without an address, or known by an alias."""

from collections.abc import Iterator

from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen, NameServer


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag NS whose host has no address, or is an alias."""
    del facts
    if seen.told_at:
        return
    if seen.name_servers is None:
        yield NotMeasured(seen.place, seen.why.get("name_servers", "undetermined"))
        return
    proofs: list[Proof] = []
    for one in seen.name_servers:
        values = {"zone": seen.zone, "host": one.host, "alias": one.alias}
        if not one.addresses:
            proofs.append(Proof("nowhere", values))
        elif one.alias:
            proofs.append(Proof("alias", values))
    if proofs:
        yield Flagged(seen.place, Confidence.FIRM, tuple(proofs[:16]))


def _with(*addresses: str, alias: str = "") -> DomainSeen:
    made = NameServer(host="ns2.chu.example", addresses=addresses, alias=alias)
    healthy = zone().name_servers or ()
    return zone(name_servers=(*healthy, made))


CHECK = Check(
    id="dns.unusable-server",
    title_fr="Serveur de noms introuvable",
    title_en="Name server that cannot be found",
    risk_fr="Le domaine a moins de serveurs qu'il n'y paraît : une part des questions se perd, et la panne d'un autre suffit à le faire disparaître.",
    risk_en="The domain has fewer servers than it seems: part of the questions are lost, and the failure of another one is enough to make it disappear.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 2181 10.3", "RFC 1912 2.4", "RFC 1034 4.2.2"),
    remedy_fr="Donner au serveur un enregistrement A (et AAAA) à son propre nom, avec l'adresse correspondante (« glue ») au bureau d'enregistrement s'il est dans la zone, ou le retirer des NS.",
    remedy_en="Give the server an A (and AAAA) record at its own name, with the matching address (glue) at the registrar if it is inside the zone, or remove it from the NS.",
    proofs={
        "nowhere": Wording(
            "{host}, serveur déclaré de {zone}, n'a pas d'adresse.",
            "{host}, a declared server of {zone}, has no address.",
        ),
        "alias": Wording(
            "{host}, serveur déclaré de {zone}, est un alias de {alias}, ce que le DNS interdit.",
            "{host}, a declared server of {zone}, is an alias of {alias}, which the DNS forbids.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(_with(), _with("203.0.113.6", alias="dns.chu.example")),
    clean=(zone(), zone(name_servers=(), told_at="mere.example")),
    unmeasured=(zone(name_servers=None),),
)
