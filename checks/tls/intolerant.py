"""A server that takes badly what the standard says to ignore."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, service
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.tls import Intolerance, TlsService

_WORDS = {
    Intolerance.TLS1_3_HELLO: "tls1-3",
    Intolerance.TLS1_2_HELLO: "tls1-2",
    Intolerance.EXTENSIONS: "extensions",
    Intolerance.LONG_HELLO: "long",
    Intolerance.NO_KEY_SHARE: "key-share",
}
"""Wanting a name is not a fault: many sites share an address."""


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag each intolerance that had to be worked around."""
    proofs = tuple(Proof(_WORDS[one]) for one in seen.intolerances if one in _WORDS)
    if proofs:
        yield Flagged(seen.place, Confidence.FIRM, proofs)


CHECK = Check(
    id="tls.intolerant",
    title_fr="Mise en œuvre de TLS intolérante",
    title_en="Intolerant TLS implementation",
    risk_fr=(
        "Le composant ne suit pas la norme : des navigateurs à jour peuvent ne plus s'y "
        "connecter, et il est sans doute ancien."
    ),
    risk_en=(
        "The component does not follow the standard: current browsers may fail to connect, "
        "and it is probably old."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=(
        "RFC 8446, 4.2, D.4",
        "RFC 5246, E.1",
        f"{GUIDE}, R2",
    ),
    remedy_fr=("Mettre à jour le composant, ou le placer derrière un mandataire inverse à jour."),
    remedy_en="Update the component, or put it behind an up-to-date reverse proxy.",
    proofs={
        "tls1-3": Wording(
            "Une négociation qui propose TLS 1.3 échoue, celle qui s'arrête à 1.2 aboutit.",
            "A hello that offers TLS 1.3 fails, one that stops at 1.2 is answered.",
        ),
        "tls1-2": Wording(
            "Une négociation qui propose TLS 1.2 échoue, une plus ancienne aboutit.",
            "A hello that offers TLS 1.2 fails, an older one is answered.",
        ),
        "extensions": Wording(
            "Une négociation avec des extensions échoue.",
            "A hello with extensions fails.",
        ),
        "long": Wording(
            "Une négociation longue échoue.",
            "A long hello fails.",
        ),
        "key-share": Wording(
            "Une négociation TLS 1.3 qui laisse le choix du groupe au serveur échoue.",
            "A TLS 1.3 hello that leaves the choice of the group to the server fails.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(service(intolerances=(Intolerance.LONG_HELLO,)),),
    clean=(
        service(),
        service(intolerances=(Intolerance.UNKNOWN_NAME,)),
    ),
)
