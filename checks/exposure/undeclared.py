"""A remote access answers that the establishment did not declare."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.product import named
from checks._shared.remote import REMOTE_SUPPORT, VPN_PROTOCOLS
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service

_REMOTE_ACCESS = frozenset(
    {"rdp", "vnc", "ssh", "telnet", "winrm", "x11", "rlogin", "rexec", "rsh", "radmin", "nomachine"}
)
"""Protocols by which a person takes a session on a machine."""


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a remote access that no ``[[expected]]`` entry names, whatever its own faults."""
    is_vpn = seen.protocol in VPN_PROTOCOLS
    product = facts.knowledge.product(seen.product) if seen.product else None
    is_support = product is not None and product.category == REMOTE_SUPPORT
    if not (seen.portal or is_vpn or is_support or seen.protocol in _REMOTE_ACCESS):
        return
    # An entry for a gateway's portal speaks for its other VPN protocols too.
    if facts.declared(seen.place, seen.product, is_portal=seen.portal or is_vpn) is not None:
        return
    what = named(seen.product, facts) if seen.product else seen.protocol.upper()
    yield Flagged(seen.place, seen.confidence, (Proof("undeclared", {"what": what}),))


CHECK = Check(
    id="exposure.undeclared",
    title_fr="Accès distant non déclaré",
    title_en="Remote access not declared",
    risk_fr=(
        "Un accès distant que personne n'a déclaré n'a ni responsable, ni suivi de ses mises à "
        "jour, ni garantie de second facteur : c'est souvent l'accès oublié d'un fournisseur, "
        "et c'est par lui que l'on entre."
    ),
    risk_en=(
        "A remote access that nobody declared has no owner, no one who follows its updates, no "
        "assurance of a second factor: often a supplier's forgotten door, and the one that "
        "intruders use."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1", "DRA.EXPO.1", "DRA.AUTH.1", "DRA.AUTH.2"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 3 et 4",
        "ANSSI, Administration sécurisée des SI, R60 et R62",
        "ReCyF 5.A.1 et 8.2",
        "NIS 2, article 21(2) d et i",
    ),
    remedy_fr=(
        "Trouver à qui sert cet accès. S'il est légitime, l'inscrire dans l'inventaire "
        "([[expected]]) avec son responsable, sa justification, l'état du second facteur et une "
        "date de revue ; sinon le fermer, puis chercher depuis quand il était ouvert et qui s'en "
        "est servi."
    ),
    remedy_en=(
        "Find whom this access serves. If it is legitimate, enter it in the inventory "
        "([[expected]]) with its owner, its justification, the state of the second factor and a "
        "review date; otherwise close it, then find since when it was open and who used it."
    ),
    proofs={
        "undeclared": Wording(
            "{what} répond à cette adresse, et aucune déclaration de l'inventaire ne la nomme.",
            "{what} answers at this address, and no declaration of the inventory names it.",
        ),
    },
    reads=Service,
    judge=judge,
    flagged=(
        Service(place=place(3389), at=AT, protocol="rdp"),
        Service(place=place(2222), at=AT, protocol="ssh"),
        Service(place=place(500), at=AT, protocol="ike", product="ipsec_ike"),
        Service(place=place(8040), at=AT, protocol="http", product="screenconnect"),
        Service(
            place=place(443),
            at=AT,
            protocol="http",
            tls=True,
            product="paloalto_globalprotect",
            portal=True,
            confidence=Confidence.FIRM,
        ),
    ),
    clean=(
        Service(place=place(443), at=AT, protocol="http", tls=True),
        Service(place=place(25), at=AT, protocol="smtp"),
    ),
)
