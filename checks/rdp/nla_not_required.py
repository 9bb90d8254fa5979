"""A remote desktop lets a client in before the user is authenticated."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.rdp import RdpAnswer, RdpService


def judge(seen: RdpService, _facts: Facts) -> Iterator[Verdict]:
    """Flag what selects anything but CredSSP, servers without negotiation included."""
    if seen.nla_required is None:
        yield NotMeasured(seen.place, seen.why.get("nla_required", "not-offered"))
        return
    if seen.nla_required:
        return
    if not seen.negotiates:
        proof = "no-negotiation"
    elif seen.nla:
        proof = "optional"
    elif seen.nla is None:
        proof = "not-enforced"
    else:
        proof = "absent"
    ways = [name for name, accepted in _ways(seen) if accepted]
    yield Flagged(
        seen.place,
        Confidence.CERTAIN if seen.negotiates else Confidence.FIRM,
        (Proof(proof, {"ways": ", ".join(ways) or "—"}),),
    )


def _ways(seen: RdpService) -> tuple[tuple[str, bool | None], ...]:
    return ("RDP", seen.standard_security), ("TLS", seen.tls)


def _seen(
    required: bool | None,
    *,
    nla: bool | None,
    tls: bool | None = None,
    standard: bool | None = None,
    negotiates: bool = True,
) -> RdpService:
    return RdpService(
        place=place(3389),
        at=AT,
        answers=(RdpAnswer(requested=3, selected=2),),
        negotiates=negotiates,
        standard_security=standard,
        tls=tls,
        nla=nla,
        nla_required=required,
    )


CHECK = Check(
    id="rdp.nla-not-required",
    title_fr="Bureau à distance sans authentification préalable obligatoire (NLA)",
    title_en="Remote desktop without mandatory network level authentication (NLA)",
    risk_fr="N'importe qui obtient l'écran d'ouverture de session, donc un canal vers le cœur de "
    "Windows, sans avoir donné de mot de passe : c'est la condition des failles de type BlueKeep.",
    risk_en="Anyone is given the logon screen, thus a channel to the core of Windows, without any "
    "password: it is the condition of flaws such as BlueKeep.",
    criticality=Criticality.HIGH,
    care=("D1.EXPO.8", "DRA.EXPO.2"),
    references=(
        "[MS-RDPBCGR] 5.4.2 et 5.4.5",
        "ANSSI, Administration sécurisée des SI, R24",
        "CVE-2019-0708",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Exiger NLA par stratégie de groupe : Configuration ordinateur > Modèles "
        "d'administration > Composants Windows > Services Bureau à distance > Hôte de session "
        "> Sécurité > « Requérir l'authentification utilisateur […] au niveau du réseau », et "
        "niveau de sécurité « SSL ». Un serveur qui ne le sait pas (XP, 2003, xrdp) n'a pas "
        "sa place sur Internet."
    ),
    remedy_en=(
        "Require NLA by group policy: Computer Configuration > Administrative Templates > "
        "Windows Components > Remote Desktop Services > Session Host > Security > “Require "
        "user authentication […] by using Network Level Authentication”, with security layer "
        "“SSL”. A server that cannot (XP, 2003, xrdp) has no place on the Internet."
    ),
    proofs={
        "no-negotiation": Wording(
            (
                "Le serveur confirme la connexion sans négocier de sécurité : sécurité RDP "
                "standard seule, sans NLA."
            ),
            (
                "The server confirms the connection without negotiating security: standard "
                "RDP security alone, without NLA."
            ),
        ),
        "optional": Wording(
            "NLA est proposée sans être exigée : le serveur accepte aussi {ways}.",
            "NLA is offered and not required: the server also accepts {ways}.",
        ),
        "absent": Wording(
            "NLA n'est pas proposée : à chaque demande, le serveur a choisi {ways}.",
            "NLA is not offered: asked for it, the server selected {ways}.",
        ),
        "not-enforced": Wording(
            "Le serveur accepte {ways} : NLA n'est pas exigée.",
            "The server accepts {ways}: NLA is not required.",
        ),
    },
    reads=RdpService,
    judge=judge,
    flagged=(
        _seen(False, nla=True, tls=True, standard=False),
        _seen(False, nla=False, tls=False, standard=True),
        _seen(False, nla=None, tls=True),
        _seen(False, nla=False, tls=False, standard=True, negotiates=False),
    ),
    clean=(_seen(True, nla=True, tls=False, standard=False),),
    unmeasured=(_seen(None, nla=True),),
)
