"""SSLv3 is broken (RFC 7568, POODLE)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, accepted_suites, service, suites
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Verdict,
    Wording,
)
from core.observations.tls import TlsService


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to SSLv3; POODLE is proved with a CBC suite."""
    if seen.sslv3 is None:
        yield NotMeasured(seen.place, seen.why_not("sslv3"))
        return
    if not seen.sslv3:
        return
    names = accepted_suites(seen).get("SSLv3", ())
    proofs = [Proof("agreed", {"suites": ", ".join(names[:6]) or "—"})]
    cbc = [name for name in names if "_CBC_" in name]
    if cbc:
        proofs.append(Proof("poodle", {"suite": cbc[0]}))
    elif "SSLv3" in seen.enumerated:
        proofs.append(Proof("no-cbc"))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


CHECK = Check(
    id="tls.sslv3",
    title_fr="SSLv3 accepté",
    title_en="SSLv3 accepted",
    risk_fr=(
        "SSLv3 permet à un attaquant placé sur le chemin de retrouver octet par octet un "
        "mot de passe ou un jeton de session (attaque POODLE)."
    ),
    risk_en=(
        "SSLv3 lets someone on the way recover a password or a session token byte by byte "
        "(the POODLE attack)."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 7568",
        "CVE-2014-3566",
        f"{GUIDE}, R4",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Désactiver SSLv3 et n'offrir que TLS 1.2 et 1.3 ; si l'équipement ne le peut pas, "
        "le placer derrière un mandataire inverse à jour ou le retirer d'Internet."
    ),
    remedy_en=(
        "Disable SSLv3 and offer only TLS 1.2 and 1.3; if the device cannot, put it behind "
        "an up-to-date reverse proxy or take it off the Internet."
    ),
    proofs={
        "agreed": Wording(
            "Le service a négocié SSLv3 ; suites : {suites}.",
            "The service negotiated SSLv3; suites: {suites}.",
        ),
        "poodle": Wording(
            "Prouvé par la négociation : SSLv3 avec une suite CBC ({suite}), ce que POODLE exploite.",
            "Proved by the handshake: SSLv3 with a CBC suite ({suite}), which is what POODLE exploits.",
        ),
        "no-cbc": Wording(
            "Aucune suite CBC n'a été acceptée en SSLv3 : POODLE n'y trouve pas prise.",
            "No CBC suite was accepted in SSLv3: POODLE finds no hold there.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(sslv3=True, accepted={"SSLv3": suites("TLS_RSA_WITH_AES_128_CBC_SHA")}),
        service(sslv3=True, enumerated=("SSLv3",)),
    ),
    clean=(service(),),
    unmeasured=(service(sslv3=None),),
)
