"""A zone signed with an algorithm or a key that no longer protects it."""

from collections.abc import Iterator

from checks._shared.dnssec import DIGESTS, algorithm_name, is_old, signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import DelegationKey, Dnssec, DomainSeen, ZoneKey

_WITHDRAWN = frozenset({1, 3, 5, 6, 7, 12})
"""Not to be signed with any more (RFC 9904; RFC 9905 for SHA-1; RFC 9906 for GOST)."""
_WITHDRAWN_DIGESTS = frozenset({1, 3})
_RSA_BITS = 2_048
"""ANSSI, Guide des mécanismes cryptographiques: at least, and 3072 beyond 2030."""


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag withdrawn algorithms and digests, and RSA keys under 2048 bits."""
    del facts
    if seen.told_at or is_old(seen):
        return
    if seen.dnssec is None:
        yield NotMeasured(seen.place, seen.why.get("dnssec", "undetermined"))
        return
    found = seen.dnssec
    if not found.delegations:
        return
    proofs, worst = _keys(found), Criticality.LOW
    if any(proof.id == "algorithm" for proof in proofs):
        worst = Criticality.MEDIUM
    digests = {one.digest for one in found.delegations}
    # Beside a better one, validators leave the old digest aside (RFC 4509, 3).
    if digests <= _WITHDRAWN_DIGESTS:
        names = ", ".join(DIGESTS.get(one, str(one)) for one in sorted(digests))
        proofs.append(Proof("digest", {"digest": names}))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs[:16]), worst)


def _keys(found: Dnssec) -> list[Proof]:
    proofs: list[Proof] = []
    for key in found.keys:
        if key.is_revoked:
            continue
        values = {"tag": str(key.tag), "algorithm": algorithm_name(key.algorithm)}
        if key.algorithm in _WITHDRAWN:
            proofs.append(Proof("algorithm", values))
        if key.bits is not None and key.bits < _RSA_BITS:
            proofs.append(Proof("short", {**values, "bits": str(key.bits)}))
    return proofs


CHECK = Check(
    id="dns.dnssec-weak-algorithm",
    title_fr="Algorithme ou clé DNSSEC trop faible",
    title_en="DNSSEC algorithm or key too weak",
    risk_fr="La signature ne protège plus comme on le croit : une clé courte peut être retrouvée, et des résolveurs tiennent déjà pour non signée une zone qui ne l'est qu'avec SHA-1.",
    risk_en="The signature no longer protects as believed: a short key can be recovered, and some resolvers already take a zone signed with SHA-1 alone for unsigned.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=(
        "RFC 9904",
        "RFC 9905",
        "RFC 9906",
        "RFC 8624",
        "ANSSI mécanismes cryptographiques",
    ),
    remedy_fr="Passer à ECDSAP256SHA256 (13) ou ED25519 (15) par un changement d'algorithme conduit selon la RFC 6781 § 4.1.4, puis déclarer un DS en SHA-256 au bureau d'enregistrement.",
    remedy_en="Move to ECDSAP256SHA256 (13) or ED25519 (15) by an algorithm rollover as RFC 6781 section 4.1.4 describes, then declare a SHA-256 DS at the registrar.",
    proofs={
        "algorithm": Wording(
            "La clé {tag} est de l'algorithme {algorithm}, retiré : criticité portée à « moyenne ».",
            "Key {tag} is of algorithm {algorithm}, which is withdrawn: raised to medium.",
        ),
        "short": Wording(
            "La clé {tag} ({algorithm}) n'a que {bits} bits.",
            "Key {tag} ({algorithm}) has {bits} bits only.",
        ),
        "digest": Wording(
            "La zone mère ne déclare la clé qu'avec l'empreinte {digest}, retirée.",
            "The parent zone declares the key with the withdrawn digest {digest} alone.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        zone(dnssec=signed(keys=(ZoneKey(tag=1, algorithm=7, bits=2048),))),
        zone(dnssec=signed(keys=(ZoneKey(tag=1, algorithm=8, bits=1024),))),
        zone(
            dnssec=signed(
                delegations=(DelegationKey(tag=1, algorithm=13, digest=1, is_matched=True),)
            )
        ),
    ),
    clean=(
        zone(dnssec=signed()),
        zone(dnssec=signed(keys=(ZoneKey(tag=1, algorithm=8, bits=2048),))),
        zone(dnssec=Dnssec()),
    ),
    unmeasured=(zone(dnssec=None),),
)
