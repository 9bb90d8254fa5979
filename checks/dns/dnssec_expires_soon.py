"""Signatures that are about to expire and were not renewed when they should have been."""

from collections.abc import Iterator
from datetime import datetime

from checks._shared.dnssec import is_old, signature, signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DomainSeen, Signature

_LEFT = 0.1
"""Part of its life that a signature has left when signers have long renewed it: BIND does at a
third, Knot at a tenth and some hours more, those that sign on the fly at half."""


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag each set of records whose last good signature has less than a tenth of its life left."""
    del facts
    if seen.told_at or is_old(seen):
        return
    if seen.dnssec is None:
        yield NotMeasured(seen.place, seen.why.get("dnssec", "undetermined"))
        return
    if not seen.dnssec.delegations:
        return
    latest: dict[str, Signature] = {}
    for one in seen.dnssec.signatures:
        known = latest.get(one.covers)
        if not one.fault and (known is None or one.expiration > known.expiration):
            latest[one.covers] = one
    ending = [one for one in latest.values() if _is_ending(one, seen.at)]
    if ending:
        proofs = [
            Proof(
                "ends",
                {
                    "zone": seen.zone or seen.domain,
                    "what": one.covers,
                    "until": f"{one.expiration:%Y-%m-%d %H:%M} UTC",
                },
            )
            for one in sorted(ending, key=lambda one: one.expiration)
        ]
        yield Flagged(seen.place, Confidence.FIRM, tuple(proofs))


def _is_ending(one: Signature, at: datetime) -> bool:
    return one.expiration - at < (one.expiration - one.inception) * _LEFT


_ENDING = signature(expiration=datetime.fromisoformat("2026-01-15T23:00:00+00:00"))

CHECK = Check(
    id="dns.dnssec-expires-soon",
    title_fr="Signatures DNSSEC sur le point d'expirer",
    title_en="DNSSEC signatures about to expire",
    risk_fr="À l'échéance, le domaine disparaît d'un coup pour tous ceux dont le résolveur vérifie les signatures : site, courrier et accès à distance.",
    risk_en="When they expire, the domain disappears at once for all those whose resolver verifies signatures: site, mail and remote access.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R50+", "RFC 6781 4.4", "RFC 4035 5.3.1"),
    remedy_fr="Relancer la signature de la zone et rechercher pourquoi elle ne s'est pas renouvelée d'elle-même (tâche planifiée arrêtée, clé inaccessible, secondaire qui ne reçoit plus la zone) ; surveiller l'échéance.",
    remedy_en="Sign the zone again and find out why that did not happen by itself (scheduled task stopped, key out of reach, secondary that no longer gets the zone); watch the expiry.",
    proofs={
        "ends": Wording(
            "À {zone}, la signature de {what} expire le {until} : il lui reste moins d'un dixième de sa durée.",
            "At {zone}, the signature of {what} expires on {until}: less than a tenth of its life is left.",
        )
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(zone(dnssec=signed(signatures=(_ENDING,))),),
    clean=(
        zone(dnssec=signed()),
        zone(dnssec=signed(signatures=(_ENDING, signature()))),
        zone(dnssec=signed(delegations=(), signatures=(_ENDING,))),
    ),
    unmeasured=(zone(dnssec=None),),
)
