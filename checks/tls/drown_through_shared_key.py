"""Another service shows the same key over SSLv2 (DROWN from the side)."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.tls import CARE, GUIDE
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Place, Proof, Verdict, Wording
from core.observations.run import BorrowedKey, RunSeen


def judge(seen: RunSeen, _facts: Facts) -> Iterator[Verdict]:
    """Flag each service of this establishment whose key an SSLv2 service shows too."""
    for key in seen.borrowed_keys:
        values = {"where": ", ".join(map(_text, key.sslv2[:8])), "key": key.spki_sha256[:16]}
        proof = Proof("proved" if key.has_export else "possible", values)
        for mine in key.others:
            if mine.establishment == seen.place.establishment:
                yield Flagged(
                    mine,
                    Confidence.CERTAIN if key.has_export else Confidence.FIRM,
                    (proof,),
                    None if key.has_export else Criticality.MEDIUM,
                )


def _text(spot: Place) -> str:
    return f"{spot.ip}:{spot.port}"


def _key(*, has_export: bool) -> BorrowedKey:
    return BorrowedKey(
        spki_sha256="ab" * 32,
        sslv2=(place(25, ip="203.0.113.11"),),
        has_export=has_export,
        others=(place(),),
    )


_MINE = Place(establishment="chu-exemple")

CHECK = Check(
    id="tls.drown-through-shared-key",
    title_fr="Clé partagée avec un service SSLv2 (DROWN)",
    title_en="Key shared with an SSLv2 service (DROWN)",
    risk_fr=(
        "Ce service est à jour, mais un autre montre la même clé en SSLv2 : qui a enregistré les "
        "échanges du premier peut les déchiffrer en interrogeant le second."
    ),
    risk_en=(
        "This service is up to date, but another shows the same key over SSLv2: whoever recorded "
        "the exchanges of the first can decrypt them by asking the second."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("CVE-2016-0800", "RFC 6176", f"{GUIDE}, R4, R30"),
    remedy_fr=(
        "Désactiver SSLv2 sur l'autre service, puis donner à celui-ci une clé et un certificat "
        "qui ne servent qu'à lui."
    ),
    remedy_en=(
        "Disable SSLv2 on the other service, then give this one a key and a certificate of its own."
    ),
    proofs={
        "proved": Wording(
            "La clé {key}… est montrée en SSLv2 avec un chiffrement EXPORT par {where} : DROWN "
            "est prouvé.",
            "Key {key}… is shown over SSLv2 with an EXPORT cipher by {where}: DROWN is proved.",
        ),
        "possible": Wording(
            "La clé {key}… est montrée en SSLv2, sans chiffrement EXPORT, par {where} : condition "
            "préalable de DROWN, non prouvé.",
            "Key {key}… is shown over SSLv2, without an EXPORT cipher, by {where}: a precondition "
            "of DROWN, not proved.",
        ),
    },
    reads=RunSeen,
    judge=judge,
    flagged=(
        RunSeen(place=_MINE, at=AT, borrowed_keys=(_key(has_export=True),)),
        RunSeen(place=_MINE, at=AT, borrowed_keys=(_key(has_export=False),)),
    ),
    clean=(RunSeen(place=_MINE, at=AT),),
)
