"""Telnet reachable from the Internet."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Flagged, Proof, Verdict, Wording
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag a telnet service, for having answered; inside TLS it is no longer in clear."""
    if not seen.tls:
        yield from exposed(seen, facts, "telnet")
        return
    for verdict in exposed(seen, facts, "telnet", criticality=Criticality.MEDIUM):
        if isinstance(verdict, Flagged):
            yield msgspec.structs.replace(verdict, proofs=(*verdict.proofs, Proof("inside-tls")))


def _service(protocol: str, *, tls: bool = False) -> Service:
    return Service(
        place=place(992 if tls else 23),
        at=AT,
        protocol=protocol,
        tls=tls,
        evidence=("options: DO TERMINAL-TYPE, WILL ECHO",),
    )


CHECK = Check(
    id="telnet.exposed",
    title_fr="Telnet joignable depuis Internet",
    title_en="Telnet reachable from the Internet",
    risk_fr=(
        "Identifiants, mots de passe et commandes circulent en clair : qui se trouve sur le trajet "
        "les lit. Les réseaux de machines piratées essaient ces accès en permanence."
    ),
    risk_en=(
        "Accounts, passwords and commands travel in clear: whoever is on the path reads them. "
        "Networks of hijacked machines try such accesses all the time."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.6", "DRA.EXPO.2"),
    references=(
        "ANSSI OpenSSH R2",
        "ANSSI OpenSSH R3",
        "ANSSI hygiène 21",
        "RFC 854",
        "CVE-2026-24061",
    ),
    remedy_fr=(
        "Arrêter telnet et fermer le port ; administrer par SSH, à travers le VPN. Si l'équipement "
        "ne connaît que telnet, le retirer d'Internet et l'isoler dans un réseau d'administration. "
        "Changer les mots de passe qui ont circulé en clair."
    ),
    remedy_en=(
        "Stop telnet and close the port; administer by SSH, through the VPN. If the device knows "
        "telnet only, take it off the Internet and isolate it in an administration network. Change "
        "the passwords that travelled in clear."
    ),
    proofs={
        **PROOFS,
        "inside-tls": Wording(
            "La session est dans un tunnel TLS : elle n'est pas en clair, criticité ramenée à "
            "« moyenne » au plus.",
            "The session is inside a TLS tunnel: it is not in clear, brought down to medium at "
            "most.",
        ),
    },
    reads=Service,
    judge=judge,
    flagged=(_service("telnet"), _service("telnet", tls=True)),
    clean=(_service("ssh"), _service("http", tls=True)),
)
