"""SSH reachable from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag an SSH service, for having answered."""
    yield from exposed(seen, facts, "ssh")


def _service(protocol: str) -> Service:
    return Service(
        place=place(22),
        at=AT,
        protocol=protocol,
        evidence=("banner: SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",),
    )


CHECK = Check(
    id="ssh.exposed",
    title_fr="SSH joignable depuis Internet",
    title_en="SSH reachable from the Internet",
    risk_fr=(
        "Ce service d'administration subit jour et nuit des essais de mots de passe. Un seul "
        "compte mal protégé, ou une faille nouvelle, donne la main sur le serveur."
    ),
    risk_en=(
        "This administration service is tried with passwords day and night. One badly protected "
        "account, or one new flaw, gives control of the server."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.6",),
    references=("ANSSI OpenSSH R25", "ANSSI hygiène 23", "ANSSI administration R21", "RFC 4251"),
    remedy_fr=(
        "Placer SSH derrière le VPN d'administration, ou filtrer les adresses sources sur le "
        "pare-feu. S'il doit rester ouvert : clés seules (« PasswordAuthentication no »), pas de "
        "connexion de root, correctifs appliqués sans délai ; déclarer l'accès dans [[expected]]."
    ),
    remedy_en=(
        "Put SSH behind the administration VPN, or filter source addresses on the firewall. If it "
        "must stay open: keys only (PasswordAuthentication no), no root login, patches without "
        "delay; declare the access in [[expected]]."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(_service("ssh"),),
    clean=(_service("http"),),
)
