"""Servers of one zone that do not hold the same version of it."""

from collections.abc import Iterator

from checks._shared.zone_server import zone_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import ZoneServer


def judge(seen: ZoneServer, facts: Facts) -> Iterator[Verdict]:
    """Flag a server behind the newest one; firmly when the difference lasts."""
    del facts
    if seen.answer is not None and seen.answer != "authoritative":
        # It serves no version at all: a fault of its own.
        return
    if seen.serial is None:
        yield NotMeasured(seen.place, seen.why.get("serial", "undetermined"))
    elif seen.newest is not None and seen.serial != seen.newest:
        values = {
            "host": seen.host,
            "domain": seen.domain,
            "serial": str(seen.serial),
            "newest": str(seen.newest),
            "at": seen.newest_at,
        }
        confidence = Confidence.FIRM if seen.is_lasting else Confidence.TENTATIVE
        yield Flagged(seen.place, confidence, (Proof("behind", values),))


CHECK = Check(
    id="dns.serial-mismatch",
    title_fr="Serveurs de noms qui n'ont pas la même version de la zone",
    title_en="Name servers that hold different versions of the zone",
    risk_fr="Selon le serveur interrogé, un nom mène à l'ancienne adresse ou à la nouvelle : pannes intermittentes, correction de sécurité appliquée à moitié.",
    risk_en="Depending on the server asked, a name leads to the old address or to the new one: intermittent failures, security changes half applied.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 1912 2.2", "RFC 1982", "RFC 1996"),
    remedy_fr="Rétablir le transfert entre le primaire et ce serveur (pare-feu, clé TSIG, NOTIFY). Sans objet si les serveurs sont des contrôleurs de domaine Windows, qui numérotent chacun de leur côté : le confirmer dans Vigie.",
    remedy_en="Restore the transfer between the primary and this server (firewall, TSIG key, NOTIFY). Not applicable if the servers are Windows domain controllers, each of which numbers on its own: confirm it in Vigie.",
    proofs={
        "behind": Wording(
            "{host} sert la version {serial} de {domain} ; {at} en sert une plus récente, {newest}.",
            "{host} serves version {serial} of {domain}; {at} serves a newer one, {newest}.",
        )
    },
    reads=ZoneServer,
    judge=judge,
    flagged=(
        zone_server(newest=2026010102, newest_at="203.0.113.6", is_lasting=True),
        zone_server(newest=2026010102, newest_at="203.0.113.6"),
    ),
    clean=(zone_server(), zone_server(answer="refused", serial=None)),
    unmeasured=(zone_server(serial=None),),
)
