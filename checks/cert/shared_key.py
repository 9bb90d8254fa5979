"""The same private key serves on several addresses."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.run import RunSeen, SharedKey


def judge(seen: RunSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag each place of this establishment that shows a key shown elsewhere too."""
    del facts
    for key in seen.shared_keys:
        for mine in key.places:
            others = [_text(other) for other in key.places if other != mine]
            if mine.establishment == seen.place.establishment and others:
                yield Flagged(
                    mine,
                    Confidence.CERTAIN,
                    (
                        Proof(
                            "others",
                            {"others": ", ".join(others[:8]), "key": key.spki_sha256[:16]},
                        ),
                    ),
                )


def _text(spot: Place) -> str:
    return f"{spot.ip}:{spot.port}" if spot.port else f"{spot.ip}"


_KEY = SharedKey(spki_sha256="ab" * 32, places=(place(), place(ip="203.0.113.11")))
_MINE = Place(establishment="chu-exemple")

CHECK = Check(
    id="cert.shared-key",
    title_fr="Même clé privée sur plusieurs adresses",
    title_en="Same private key on several addresses",
    risk_fr="La compromission d'une seule machine livre la clé de toutes : un attaquant peut alors se faire passer pour chacune d'elles.",
    risk_en="One compromised machine gives away the key of all: an attacker can then impersonate each of them.",
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI TLS R30",),
    remedy_fr="Émettre un certificat et une clé par point de terminaison TLS ; accepter le constat pour un couple haute disponibilité.",
    remedy_en="Issue one certificate and key per TLS termination; accept the finding for a high-availability pair.",
    proofs={
        "others": Wording(
            "La clé publique {key}… est aussi montrée par {others}.",
            "Public key {key}… is also shown by {others}.",
        )
    },
    reads=RunSeen,
    judge=judge,
    flagged=(RunSeen(place=_MINE, at=AT, shared_keys=(_KEY,)),),
    clean=(RunSeen(place=_MINE, at=AT),),
)
