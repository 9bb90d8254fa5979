"""VNC offers the security type « None »: the screen is open to anyone."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.vnc import VncService

_NONE, _PASSWORD, _TIGHT, _TLS, _VENCRYPT = 1, 2, 16, 18, 19


def judge(seen: VncService, facts: Facts) -> Iterator[Verdict]:
    """Flag type 1 (RFC 6143 §7.2.1) among those that the greeting offers."""
    if seen.security_types is None:
        yield NotMeasured(seen.place, seen.why.get("security_types", "undetermined"))
        return
    offered = set(seen.security_types)
    if _NONE in offered:
        types = ", ".join(str(kind) for kind in seen.security_types[:16])
        proof = Proof("offered", {"types": types, "version": seen.version})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))
    elif offered & {_TLS, _VENCRYPT} or (_TIGHT in offered and _PASSWORD not in offered):
        # These tell whether they authenticate only to a client that has chosen them.
        yield NotMeasured(seen.place, "login-needed")


def _service(*types: int, version: str = "003.008") -> VncService:
    return VncService(place=place(5900), at=AT, version=version, security_types=types)


CHECK = Check(
    id="vnc.no-authentication",
    title_fr="VNC ouvert sans mot de passe",
    title_en="VNC open without a password",
    risk_fr=(
        "N'importe qui, depuis Internet, voit l'écran de ce poste et en prend la main, sans aucun "
        "mot de passe. Des moteurs de recherche publics recensent ces écrans."
    ),
    risk_en=(
        "Anyone on the Internet sees the screen of this computer and takes control of it, without "
        "any password. Public search engines list such screens."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.6", "DRA.EXPO.2"),
    references=("RFC 6143 §7.2.1", "ANSSI hygiène 23", "ANSSI administration R34"),
    remedy_fr=(
        "Fermer le port dès aujourd'hui, puis exiger une authentification sur le serveur VNC et ne "
        "le laisser joignable qu'à travers le VPN. Rechercher dans les journaux qui s'y est "
        "connecté et traiter le poste comme peut-être compromis."
    ),
    remedy_en=(
        "Close the port today, then demand authentication on the VNC server and leave it reachable "
        "through the VPN alone. Look in the logs for who connected, and treat the computer as "
        "possibly compromised."
    ),
    proofs={
        "offered": Wording(
            "Le serveur (RFB {version}) propose le type de sécurité 1, « None », parmi : {types}.",
            "The server (RFB {version}) offers security type 1, None, among: {types}.",
        )
    },
    reads=VncService,
    judge=judge,
    flagged=(_service(1), _service(2, 1), _service(1, version="003.003")),
    clean=(_service(2), _service(2, 16), _service(5, 6), _service(30)),
    unmeasured=(
        _service(19),
        _service(16),
        VncService(
            place=place(5900),
            at=AT,
            why={"security_types": "rate-limited"},
            version="003.008",
            security_types=None,
        ),
    ),
)
