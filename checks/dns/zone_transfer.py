"""A name server that gives its whole zone to whoever asks."""

from collections.abc import Iterator

import msgspec

from checks._shared.zone_server import zone_server
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Transport,
    Verdict,
    Wording,
)
from core.observations.zone_server import Transfer, ZoneServer


def judge(seen: ZoneServer, facts: Facts) -> Iterator[Verdict]:
    """Flag a transfer that was answered with records of the zone."""
    del facts
    if seen.answer is not None and seen.answer != "authoritative":
        # It does not serve the zone: there is nothing to transfer, and a fault of its own.
        return
    if seen.transfer is None:
        yield NotMeasured(seen.place, seen.why.get("transfer", "undetermined"))
    elif seen.transfer.is_open:
        values = {
            "host": seen.host,
            "domain": seen.domain,
            "records": str(seen.transfer.records),
            "names": str(seen.transfer.names),
        }
        proof = Proof("whole" if seen.transfer.is_whole else "part", values)
        place = msgspec.structs.replace(
            seen.place, transport=Transport.TCP if seen.place.port else None
        )
        yield Flagged(place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="dns.zone-transfer",
    title_fr="Transfert de zone DNS ouvert à tous",
    title_en="DNS zone transfer open to anyone",
    risk_fr="Qui veut attaquer l'établissement obtient d'un coup la liste de tous ses noms : serveurs internes, équipements, accès oubliés.",
    risk_en="Whoever wants to attack the establishment gets the list of all its names at once: internal servers, devices, forgotten accesses.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1", "D1.EXPO.8"),
    references=(
        "ANSSI, Bonnes pratiques pour l'acquisition et l'exploitation de noms de domaine",
        "RFC 5936 6",
        "CWE-16",
    ),
    remedy_fr="N'autoriser le transfert (AXFR, IXFR) qu'aux serveurs secondaires, par une clé TSIG ou à défaut par leur adresse (« allow-transfer » pour BIND, « acl » pour Knot, « provide-xfr » pour NSD, « Transferts de zone » du serveur DNS de Windows).",
    remedy_en="Allow transfers (AXFR, IXFR) to the secondary servers alone, by a TSIG key or failing that by their address (allow-transfer in BIND, acl in Knot, provide-xfr in NSD, Zone Transfers of the Windows DNS server).",
    proofs={
        "whole": Wording(
            "{host} a donné toute la zone {domain} : {records} enregistrements, {names} noms.",
            "{host} gave the whole zone {domain}: {records} records, {names} names.",
        ),
        "part": Wording(
            "{host} a commencé à donner la zone {domain} : {records} enregistrements lus, {names} noms, avant l'arrêt.",
            "{host} began to give the zone {domain}: {records} records read, {names} names, before it ended.",
        ),
    },
    reads=ZoneServer,
    judge=judge,
    flagged=(
        zone_server(transfer=Transfer(is_open=True, records=400, names=120, is_whole=True)),
        zone_server(transfer=Transfer(is_open=True, records=5000, names=900, told="bounded")),
    ),
    clean=(zone_server(), zone_server(answer="refused", transfer=None)),
    unmeasured=(zone_server(transfer=None), zone_server(answer=None, transfer=None)),
)
