"""A name server that resolves any name for whoever asks."""

from collections.abc import Iterator

from checks._shared.zone_server import dns_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import DnsServer


def judge(seen: DnsServer, facts: Facts) -> Iterator[Verdict]:
    """Flag a name resolved for us; surely when the server also showed authority of its own."""
    del facts
    if seen.resolves is None:
        yield NotMeasured(seen.place, seen.why.get("resolves", "undetermined"))
    elif seen.resolves:
        values = {"server": seen.hosts[0] if seen.hosts else seen.place.ip or ""}
        # An answer put in its place on the way would not speak with authority for its zones.
        confidence = Confidence.CERTAIN if seen.is_authoritative else Confidence.FIRM
        yield Flagged(seen.place, confidence, (Proof("resolved", values),))


CHECK = Check(
    id="dns.open-recursion",
    title_fr="Résolveur DNS ouvert à tout Internet",
    title_en="DNS resolver open to the whole Internet",
    risk_fr="Le serveur sert de relais à des attaques par déni de service contre d'autres, et ses réponses faussées peuvent égarer les usagers de l'établissement qui s'y fient.",
    risk_en="The server is used as a relay for denial-of-service attacks on others, and answers falsified there may mislead the users of the establishment who rely on it.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=(
        "ANSSI, Bonnes pratiques pour l'acquisition et l'exploitation de noms de domaine",
        "RFC 5358",
        "RFC 8499 6",
    ),
    remedy_fr="Couper la récursion sur un serveur qui fait autorité (« recursion no » pour BIND) ; sur un résolveur, la réserver aux réseaux de l'établissement et fermer le port 53 à Internet.",
    remedy_en="Turn recursion off on a server that has authority (recursion no in BIND); on a resolver, keep it for the networks of the establishment and close port 53 to the Internet.",
    proofs={
        "resolved": Wording(
            "{server} a résolu pour nous un nom qui n'est pas des siens (la racine, « . SOA ») et annonce la récursion. L'ampleur d'une amplification n'est pas mesurée.",
            "{server} resolved for us a name that is not its own (the root, . SOA) and announces recursion. How much it would amplify is not measured.",
        )
    },
    reads=DnsServer,
    judge=judge,
    flagged=(
        dns_server(resolves=True, offers_recursion=True),
        dns_server(resolves=True, offers_recursion=True, is_authoritative=False),
    ),
    clean=(dns_server(), dns_server(offers_recursion=True)),
    unmeasured=(dns_server(resolves=None, offers_recursion=None),),
)
