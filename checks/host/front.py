"""A content network, an anti-DDoS service or an application firewall answers for the server."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.front import FrontSeen


def judge(seen: FrontSeen, facts: Facts) -> Iterator[Verdict]:
    """Tell the front by what it left, and what stands behind as not measured."""
    del facts
    proofs = [Proof("answers", {"front": seen.name, "shown": "; ".join(seen.shown) or "—"})]
    if seen.own_page:
        proofs.append(Proof("own-page", {"front": seen.name}))
    yield Flagged(seen.place, seen.confidence, tuple(proofs))
    if seen.confidence >= Confidence.FIRM:
        yield NotMeasured(seen.place, "behind-front")


def _seen(confidence: Confidence, *, own_page: bool = False) -> FrontSeen:
    return FrontSeen(
        place=place(),
        at=AT,
        front="cloudflare",
        name="Cloudflare",
        front_kind="cdn",
        confidence=confidence,
        shown=("Cf-Ray: 8f0a1b2c3d4e5f60-CDG", "Server: cloudflare"),
        own_page=own_page,
    )


CHECK = Check(
    id="host.front",
    title_fr="Une façade répond à la place du serveur",
    title_en="A front answers in place of the server",
    risk_fr=(
        "Ce qui est vu ici (chiffrement, en-têtes, ports) est celui de la façade. Le serveur "
        "d'origine peut être joignable par ailleurs, sans elle, avec ses propres défauts."
    ),
    risk_en=(
        "What is seen here (encryption, headers, ports) is that of the front. The server behind "
        "may be within reach by another way, without it, with faults of its own."
    ),
    criticality=Criticality.INFO,
    care=("D1.EXPO.1",),
    references=("RFC 9110 §7.6.3 (Via)", "ANSSI, Comprendre et anticiper les attaques DDoS"),
    remedy_fr=(
        "N'accepter sur le serveur d'origine que les adresses publiées par la façade, et mettre "
        "son adresse réelle dans les plages de l'inventaire pour qu'elle soit mesurée aussi."
    ),
    remedy_en=(
        "Have the server behind accept only the addresses that the front publishes, and put its "
        "real address in the ranges of the inventory so that it is measured too."
    ),
    proofs={
        "answers": Wording("{front} répond : {shown}.", "{front} answers: {shown}."),
        "own-page": Wording(
            "La page reçue est de {front} : rien n'a été vu de ce qui se trouve derrière.",
            "The page that came is {front}'s own: nothing was seen of what stands behind.",
        ),
    },
    reads=FrontSeen,
    judge=judge,
    flagged=(
        _seen(Confidence.CERTAIN),
        _seen(Confidence.FIRM, own_page=True),
        _seen(Confidence.TENTATIVE),
    ),
    clean=(),
)
