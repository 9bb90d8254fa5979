"""A delegation that does not say what the zone below it says."""

from collections.abc import Iterator

import msgspec

from checks._shared.zone_server import zone_server
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.zone_server import Delegation, ZoneServer


def judge(seen: ZoneServer, facts: Facts) -> Iterator[Verdict]:
    """Flag each mandated domain whose delegation differs, in servers or in their addresses.

    Only what a server of the zone above told us is judged: a parent outside the mandate is not
    asked, and resolvers do not repeat what it says.
    """
    del facts
    if seen.answer is None and seen.is_listed and seen.below:
        yield NotMeasured(seen.place, seen.why.get("answer", "undetermined"))
    for one in seen.delegations:
        proofs = list(_differences(one))
        if proofs:
            place = msgspec.structs.replace(seen.place, hostname=one.child)
            yield Flagged(place, Confidence.FIRM, tuple(proofs[:16]))


def _differences(one: Delegation) -> Iterator[Proof]:
    above, below = set(one.servers), set(one.resolved)
    if below and above != below:
        yield Proof(
            "servers",
            {
                "child": one.child,
                "above": ", ".join(sorted(above)[:8]),
                "below": ", ".join(sorted(below)[:8]),
            },
        )
    for host, told in sorted(one.glue.items()):
        true = one.resolved_glue.get(host, ())
        values = {"host": host, "told": ", ".join(told[:8]), "true": ", ".join(true[:8])}
        if not told:
            yield Proof("none", values)
        elif true and set(told) != set(true):
            yield Proof("glue", values)


def _with(**changes: object) -> ZoneServer:
    sound = Delegation(
        child="labo.chu.example",
        servers=("ns.labo.chu.example",),
        resolved=("ns.labo.chu.example",),
        glue={"ns.labo.chu.example": ("203.0.113.9",)},
        resolved_glue={"ns.labo.chu.example": ("203.0.113.9",)},
    )
    return zone_server(delegations=(msgspec.structs.replace(sound, **changes),))


CHECK = Check(
    id="dns.glue-mismatch",
    title_fr="Délégation DNS qui ne correspond pas à la zone déléguée",
    title_en="DNS delegation that does not match the delegated zone",
    risk_fr="Les résolveurs sont envoyés vers des serveurs ou des adresses périmés : lenteurs, pannes selon le résolveur, et détournement possible si l'ancienne adresse est reprise par un autre.",
    risk_en="Resolvers are sent to outdated servers or addresses: slowness, failures depending on the resolver, and possible diversion if somebody else gets the old address.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("RFC 1912 2.3", "RFC 9471", "RFC 1034 4.2.2"),
    remedy_fr="Mettre à jour, dans la zone mère, les NS et les adresses (« glue ») du sous-domaine pour qu'ils soient ceux de la zone déléguée.",
    remedy_en="Update, in the parent zone, the NS and the addresses (glue) of the subdomain so that they are those of the delegated zone.",
    proofs={
        "servers": Wording(
            "La zone mère délègue {child} à {above} ; la zone elle-même nomme {below}.",
            "The parent zone delegates {child} to {above}; the zone itself names {below}.",
        ),
        "glue": Wording(
            "La zone mère donne à {host} l'adresse {told} ; la vraie est {true}.",
            "The parent zone gives {host} the address {told}; the true one is {true}.",
        ),
        "none": Wording(
            "La zone mère ne donne aucune adresse à {host}, qui est dans la zone déléguée : il ne peut être trouvé.",
            "The parent zone gives no address to {host}, which is inside the delegated zone: it cannot be found.",
        ),
    },
    reads=ZoneServer,
    judge=judge,
    flagged=(
        _with(resolved=("ns2.labo.chu.example",)),
        _with(resolved_glue={"ns.labo.chu.example": ("203.0.113.10",)}),
        _with(glue={"ns.labo.chu.example": ()}),
    ),
    clean=(zone_server(), _with(), zone_server(answer=None)),
    unmeasured=(zone_server(answer=None, below=("labo.chu.example",)),),
)
