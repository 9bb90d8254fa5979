"""A server to which a zone is entrusted, and which does not serve it."""

from collections.abc import Iterator

from checks._shared.zone_server import zone_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import ZoneServer


def judge(seen: ZoneServer, facts: Facts) -> Iterator[Verdict]:
    """Flag any answer but an authoritative one; silence proves nothing."""
    del facts
    if not seen.is_listed:
        # Nobody is sent there: a primary may well be closed to strangers.
        return
    if seen.answer is None:
        yield NotMeasured(seen.place, seen.why.get("answer", "undetermined"))
    elif seen.answer != "authoritative":
        values = {"host": seen.host, "domain": seen.domain, "code": seen.told}
        yield Flagged(
            seen.place, Confidence.FIRM, (Proof(_PROOFS.get(seen.answer, "code"), values),)
        )


_PROOFS = {"closed": "closed", "not-authoritative": "other"}


CHECK = Check(
    id="dns.lame-delegation",
    title_fr="Serveur de noms qui ne sert pas la zone qui lui est confiée",
    title_en="Name server that does not serve the zone entrusted to it",
    risk_fr="Une partie des questions reste sans réponse : accès lents ou en échec, et une seule panne de plus suffit à faire disparaître le domaine.",
    risk_en="Part of the questions stay unanswered: accesses are slow or fail, and one more failure is enough to make the domain disappear.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("RFC 1912 2.8", "RFC 9499 7", "RFC 2182"),
    remedy_fr="Charger la zone sur ce serveur (ou rétablir son transfert depuis le primaire), ou bien le retirer des NS de la zone et de la délégation chez le bureau d'enregistrement.",
    remedy_en="Load the zone on this server (or restore its transfer from the primary), or else remove it from the NS of the zone and from the delegation at the registrar.",
    proofs={
        "code": Wording(
            "{host} répond {code} à une question sur {domain}, dont il est pourtant serveur déclaré.",
            "{host} answers {code} to a question about {domain}, of which it is a declared server.",
        ),
        "other": Wording(
            "{host} répond pour {domain} sans autorité ({code}) : il n'a pas la zone.",
            "{host} answers for {domain} without authority ({code}): it does not have the zone.",
        ),
        "closed": Wording(
            "{host}, serveur déclaré de {domain}, refuse les questions DNS en UDP comme en TCP (port fermé).",
            "{host}, a declared server of {domain}, refuses DNS questions over UDP and TCP alike (closed port).",
        ),
    },
    reads=ZoneServer,
    judge=judge,
    flagged=(
        zone_server(answer="refused", told="REFUSED"),
        zone_server(answer="failed", told="SERVFAIL"),
        zone_server(answer="not-authoritative"),
        zone_server(answer="closed", told=""),
    ),
    clean=(zone_server(), zone_server(answer="refused", is_listed=False)),
    unmeasured=(zone_server(answer=None),),
)
