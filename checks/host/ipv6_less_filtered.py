"""The same machine opens in IPv6 what it filters in IPv4."""

from collections.abc import Iterator, Sequence

from checks._shared.examples import AT
from checks._shared.remote import REMOTE_PROTOCOLS, REMOTE_SUPPORT, VPN_PROTOCOLS
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Place,
    Proof,
    Verdict,
    Wording,
)
from core.observations.parity import ParityPort, ParitySeen

_INNER = frozenset(
    """smb msrpc netbios ldap snmp mssql mysql postgresql redis memcached mongodb oracle elasticsearch
    rsync nfs rpcbind docker dicom hl7 modbus s7 ipmi""".split()  # noqa: SIM905 - read as a list of words
)
"""Protocols that nobody means to offer to the Internet."""
_TOLD = 12


def judge(seen: ParitySeen, facts: Facts) -> Iterator[Verdict]:
    """Flag ports that are open in IPv6 and met silence on every IPv4 address of the same name.

    A port refused in IPv4 went through the filter and found nobody: that alone is no such gap.
    """
    if "ports" in seen.why:
        yield NotMeasured(seen.place, seen.why["ports"])
        return
    gap = [one for one in seen.ports if one.ipv4 == "filtered"]
    if gap:
        proofs = [
            Proof(
                "ports",
                {"ports": _listed(gap), "ipv6": f"{seen.place.ip}", "ipv4": _some(seen.ipv4)},
            ),
            Proof("names", {"names": _some(seen.names)}),
        ]
        if seen.is_ipv4_silent:
            proofs.append(Proof("silent", {"ipv4": _some(seen.ipv4)}))
        if refused := [one for one in seen.ports if one.ipv4 == "refused"]:
            proofs.append(Proof("refused", {"ports": _listed(refused)}))
        grave = [one for one in gap if _is_grave(one, facts)]
        if grave:
            proofs.append(Proof("grave", {"ports": _listed(grave)}))
        yield Flagged(
            seen.place,
            Confidence.TENTATIVE if seen.is_ipv4_silent else Confidence.FIRM,
            tuple(proofs),
            criticality=Criticality.HIGH if grave else None,
        )
    if any(one.ipv4 not in {"open", "filtered", "refused"} for one in seen.ports):
        yield NotMeasured(seen.place, seen.why.get("ipv4", "no-ipv4"))


def _is_grave(one: ParityPort, facts: Facts) -> bool:
    """Whether the port lets someone in, or leads to what belongs inside."""
    product = facts.knowledge.product(one.product) if one.product else None
    if product is not None and product.category == REMOTE_SUPPORT:
        return True
    return one.portal or one.protocol in REMOTE_PROTOCOLS | VPN_PROTOCOLS | _INNER


def _listed(ports: Sequence[ParityPort]) -> str:
    told = [
        f"{one.port} ({one.protocol})" if one.protocol not in {"", "unknown"} else str(one.port)
        for one in ports[:_TOLD]
    ]
    return ", ".join(told) + (" …" if len(ports) > _TOLD else "")


def _some(texts: Sequence[str]) -> str:
    return (", ".join(texts[:_TOLD]) or "—") + (" …" if len(texts) > _TOLD else "")


def _seen(
    *ports: ParityPort, silent: bool = False, why: dict[str, str] | None = None
) -> ParitySeen:
    return ParitySeen(
        place=Place(
            establishment="chu-exemple", ip="2001:db8:10::5", hostname="portail.chu.example"
        ),
        at=AT,
        why=why or {},
        names=("portail.chu.example",),
        ipv4=("203.0.113.10",),
        ports=ports,
        is_ipv4_silent=silent,
    )


_HTTPS = ParityPort(port=443, protocol="http", ipv4="open")

CHECK = Check(
    id="host.ipv6-less-filtered",
    title_fr="Machine moins filtrée en IPv6 qu'en IPv4",
    title_en="Machine less filtered in IPv6 than in IPv4",
    risk_fr=(
        "Le pare-feu protège l'adresse IPv4 et oublie l'adresse IPv6 du même nom : ce qui a été "
        "volontairement fermé reste joignable par quiconque dispose d'IPv6, et les contrôles menés "
        "en IPv4 seul ne le voient pas."
    ),
    risk_en=(
        "The firewall protects the IPv4 address and forgets the IPv6 address of the same name: "
        "what was closed on purpose stays within reach of anyone with IPv6, and checks made over "
        "IPv4 alone do not see it."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1",),
    references=(
        "RFC 9099 §2.7.1 (double pile)",
        "ANSSI, Recommandations pour la définition d'une politique de filtrage réseau d'un pare-feu",
    ),
    remedy_fr=(
        "Écrire les mêmes règles de filtrage pour les deux versions d'IP, tout refuser par défaut "
        "en IPv6 (sauf les messages ICMPv6 indispensables, RFC 4890), puis vérifier depuis "
        "l'extérieur ; retirer l'enregistrement AAAA si IPv6 n'est pas voulu sur cette machine."
    ),
    remedy_en=(
        "Write the same filtering rules for both versions of IP, refuse all by default in IPv6 "
        "(save the ICMPv6 messages that are needed, RFC 4890), then verify from outside; remove "
        "the AAAA record if IPv6 is not wanted on this machine."
    ),
    proofs={
        "ports": Wording(
            "Ouverts sur {ipv6}, sans réponse sur {ipv4} : TCP {ports}.",
            "Open on {ipv6}, no answer on {ipv4}: TCP {ports}.",
        ),
        "names": Wording(
            "Les deux adresses portent le même nom : {names}.",
            "Both addresses bear the same name: {names}.",
        ),
        "silent": Wording(
            "Rien ne répond sur {ipv4} : l'adresse est filtrée entièrement, ou n'est plus en "
            "service.",
            "Nothing answers on {ipv4}: the address is wholly filtered, or no longer in service.",
        ),
        "refused": Wording(
            "Ouverts en IPv6 aussi, refusés en IPv4 par la machine elle-même : TCP {ports}.",
            "Open in IPv6 too, refused in IPv4 by the machine itself: TCP {ports}.",
        ),
        "grave": Wording(
            "Plus grave : accès distant, ou service qui n'a pas sa place sur Internet : TCP "
            "{ports}.",
            "Graver: remote access, or a service that has no place on the Internet: TCP {ports}.",
        ),
    },
    reads=ParitySeen,
    judge=judge,
    flagged=(
        _seen(_HTTPS, ParityPort(port=8080, protocol="http", ipv4="filtered")),
        _seen(ParityPort(port=3389, protocol="rdp", ipv4="filtered"), silent=True),
        _seen(
            ParityPort(port=22, protocol="ssh", ipv4="filtered"),
            ParityPort(port=80, protocol="http", ipv4="refused"),
        ),
    ),
    clean=(
        _seen(_HTTPS),
        _seen(_HTTPS, ParityPort(port=8080, protocol="http", ipv4="refused")),
    ),
    unmeasured=(
        _seen(
            _HTTPS,
            ParityPort(port=445, protocol="smb", ipv4="unknown"),
            why={"ipv4": "no-canary"},
        ),
        _seen(ParityPort(port=22, protocol="ssh", ipv4="unknown"), why={"ipv4": "banned"}),
        _seen(why={"ports": "answers-everywhere"}),
    ),
)
