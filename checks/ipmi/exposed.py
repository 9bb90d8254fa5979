"""A management controller answers IPMI from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.ipmi import IpmiService


def judge(seen: IpmiService, facts: Facts) -> Iterator[Verdict]:
    """Flag any controller that answers; declared or not, IPMI gives password digests away."""
    offered = ", ".join(seen.authentications) or "—"
    version = "2.0" if seen.has_2_0 else "1.5"
    proofs = [Proof("answered", {"version": version, "offered": offered})]
    if seen.has_2_0:
        proofs.append(Proof("digests"))
    if seen.allows_no_authentication or seen.allows_anonymous:
        proofs.append(Proof("open"))
    declared = facts.vouched(seen.place)
    if declared is not None:
        proofs.append(Proof("known", {"justification": declared.justification or "—"}))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


CHECK = Check(
    id="ipmi.exposed",
    title_fr="Carte de gestion IPMI joignable depuis Internet",
    title_en="IPMI management controller reachable from the Internet",
    risk_fr=(
        "La carte de gestion commande le serveur entier, éteint compris. Par conception, IPMI 2.0 "
        "donne à quiconque de quoi retrouver les mots de passe hors ligne."
    ),
    risk_en=(
        "The management controller commands the whole server, even switched off. By design, IPMI "
        "2.0 gives anyone what it takes to find the passwords offline."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "IPMI 2.0 §13.14",
        "CVE-2013-4786",
        "ANSSI, Administration sécurisée des SI, R63",
    ),
    remedy_fr=(
        "Fermer 623/udp côté Internet et placer les cartes de gestion sur un réseau "
        "d'administration isolé ; couper IPMI sur LAN là où l'interface web suffit."
    ),
    remedy_en=(
        "Close 623/udp on the Internet side and put management controllers on an isolated "
        "administration network; turn IPMI over LAN off where the web interface is enough."
    ),
    proofs={
        "answered": Wording(
            "La carte a répondu (IPMI {version}, authentifications offertes : {offered}) ; aucune "
            "session n'a été ouverte.",
            "The controller answered (IPMI {version}, authentications offered: {offered}); no "
            "session was opened.",
        ),
        "digests": Wording(
            "Précondition de CVE-2013-4786 (condensats RAKP), non vérifiée.",
            "Precondition of CVE-2013-4786 (RAKP digests), not verified.",
        ),
        "open": Wording(
            "Elle annonce un accès sans nom ou sans authentification ; il n'a pas été essayé.",
            "It announces access without a name or without authentication; it was not tried.",
        ),
        "known": Wording(
            "Exposition déclarée par l'établissement ({justification}) : la faute demeure.",
            "Exposure declared by the establishment ({justification}): the fault stands.",
        ),
    },
    reads=IpmiService,
    judge=judge,
    flagged=(
        IpmiService(place=place(623), at=AT, authentications=("MD5",), has_2_0=True),
        IpmiService(place=place(623), at=AT, authentications=("none",), allows_anonymous=True),
    ),
    clean=(),
)
