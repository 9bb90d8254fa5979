"""A signed zone whose signatures do not hold."""

from collections.abc import Iterator

import msgspec

from checks._shared.dnssec import signed
from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import ChainFault, DomainSeen


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a chain that we found broken, or an answer that a validating resolver withholds.

    Certain when both say so.
    """
    del facts
    if seen.told_at:
        return
    faults = seen.dnssec.faults if seen.dnssec is not None else ()
    if faults or seen.is_bogus:
        proofs = [_proof(one) for one in faults[:8]]
        if seen.is_bogus:
            proofs.append(Proof("bogus", {"domain": seen.domain}))
        confidence = Confidence.CERTAIN if faults and seen.is_bogus else Confidence.FIRM
        yield Flagged(seen.place, confidence, tuple(proofs))
    elif seen.is_bogus is None and (
        seen.dnssec is None or (seen.dnssec.delegations and seen.dnssec.chain == "unknown")
    ):
        yield NotMeasured(seen.place, seen.why.get("is_bogus", "undetermined"))


def _proof(fault: ChainFault) -> Proof:
    values = {"zone": fault.at or ".", "what": fault.what}
    if fault.id != "signature":
        return Proof(fault.id if fault.id in _STEPS else "step", values)
    return Proof(fault.detail if fault.detail in _SIGNATURES else "unsigned", values)


_STEPS = {
    "no-keys": Wording(
        "La zone mère déclare une clé (DS) pour {zone}, qui n'en publie aucune (DNSKEY).",
        "The parent zone declares a key (DS) for {zone}, which publishes none (DNSKEY).",
    ),
    "no-match": Wording(
        "Aucune clé publiée par {zone} (DNSKEY) n'est celle que déclare sa zone mère (DS).",
        "No key published by {zone} (DNSKEY) is the one that its parent zone declares (DS).",
    ),
    "ds": Wording(
        "La zone mère {zone} ne signe pas comme il faut la clé qu'elle déclare (DS).",
        "The parent zone {zone} does not properly sign the key that it declares (DS).",
    ),
    "above": Wording(
        "La chaîne de confiance est déjà rompue au-dessus, à {zone}.",
        "The chain of trust is broken above already, at {zone}.",
    ),
    "step": Wording(
        "La chaîne de confiance est rompue à {zone}.", "The chain of trust is broken at {zone}."
    ),
}
_SIGNATURES = {
    "expired": Wording(
        "À {zone}, la signature de {what} est expirée.",
        "At {zone}, the signature of {what} has expired.",
    ),
    "not-yet": Wording(
        "À {zone}, la signature de {what} ne vaut pas encore : horloge du signataire en avance ?",
        "At {zone}, the signature of {what} is not valid yet: is the signer's clock ahead?",
    ),
    "unknown-key": Wording(
        "À {zone}, {what} est signé par une clé que la zone ne publie pas ou que sa mère ne déclare pas.",
        "At {zone}, {what} is signed by a key that the zone does not publish or its parent does not declare.",
    ),
    "another-signer": Wording(
        "À {zone}, {what} est signé au nom d'une autre zone.",
        "At {zone}, {what} is signed in the name of another zone.",
    ),
    "bad": Wording(
        "À {zone}, la signature de {what} est fausse : le contenu a changé depuis qu'il a été signé, ou la clé n'est pas la bonne.",
        "At {zone}, the signature of {what} is false: the content changed since it was signed, or the key is the wrong one.",
    ),
    "unsigned": Wording("À {zone}, {what} n'est pas signé.", "At {zone}, {what} is not signed."),
}
_BROKEN = signed(faults=(ChainFault(at="chu.example", id="no-match"),))
_EXPIRED = signed(
    faults=(ChainFault(at="chu.example", id="signature", what="SOA", detail="expired"),)
)

CHECK = Check(
    id="dns.dnssec-broken",
    title_fr="Signatures DNSSEC invalides",
    title_en="Invalid DNSSEC signatures",
    risk_fr="Pour tous ceux dont le résolveur vérifie les signatures, soit une grande partie des opérateurs, le domaine n'existe plus : ni site, ni courrier.",
    risk_en="For all those whose resolver verifies signatures, a large part of the operators, the domain no longer exists: neither site nor mail.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R50+", "RFC 4035 5"),
    remedy_fr="Vérifier chez l'hébergeur DNS que la zone est encore signée, que ses signatures ne sont pas expirées et que le DS déclaré au bureau d'enregistrement est celui de sa clé ; à défaut, retirer le DS.",
    remedy_en="Verify with the DNS host that the zone is still signed, that its signatures have not expired and that the DS at the registrar is that of its key; failing that, remove the DS.",
    proofs={
        "bogus": Wording(
            "Le résolveur, qui vérifie les signatures, refuse de répondre pour {domain} ; il répond quand on lui demande de ne pas vérifier.",
            "The resolver, which verifies signatures, refuses to answer for {domain}; it answers when asked not to verify.",
        ),
        **_STEPS,
        **_SIGNATURES,
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        zone(is_bogus=True),
        zone(dnssec=_BROKEN),
        msgspec.structs.replace(zone(is_bogus=None), dnssec=_EXPIRED),
    ),
    clean=(
        zone(),
        zone(dnssec=signed()),
        msgspec.structs.replace(zone(is_bogus=None), dnssec=signed()),
        zone(is_bogus=True, told_at="mere.example"),
    ),
    unmeasured=(zone(is_bogus=None),),
)
