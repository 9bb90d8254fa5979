"""An encrypted page loads, or sends, something in clear (W3C Mixed Content)."""

from collections.abc import Iterator

from checks._shared.web import CARE, GUIDE, site
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import ClearPart, WebHygiene

_SEEN_ONLY = frozenset({"img", "audio", "video", "source"})
"""What browsers still load, or upgrade by themselves, and that runs nothing."""
_TOLD = 6


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag pages with parts in clear; less grave where those are pictures alone."""
    del facts
    if not seen.tls or not seen.clear_parts:
        return
    parts = seen.clear_parts
    told = ", ".join(f"<{one.tag}> {one.host}" for one in parts[:_TOLD])
    more = " …" if len(parts) > _TOLD else ""
    less = Criticality.LOW if all(one.tag in _SEEN_ONLY for one in parts) else None
    yield Flagged(seen.place, Confidence.FIRM, (Proof("parts", {"parts": told + more}),), less)


def _part(tag: str) -> ClearPart:
    return ClearPart(tag=tag, host="cdn.chu-exemple.example")


CHECK = Check(
    id="web.mixed-content",
    title_fr="Page chiffrée qui charge des éléments en clair",
    title_en="Encrypted page that loads parts in clear",
    risk_fr=(
        "Qui se trouve sur le chemin (wifi public, box compromise) peut remplacer ces éléments, "
        "et avec eux la page ou le formulaire où l'on saisit son mot de passe."
    ),
    risk_en=(
        "Whoever is on the way (public wifi, a compromised router) can replace these parts, and "
        "with them the page or the form where a password is typed."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(GUIDE, "W3C Mixed Content", "CWE-319"),
    remedy_fr=(
        "Écrire ces adresses en https:// (ou sans protocole ni hôte) dans les pages, et "
        "ajouter « upgrade-insecure-requests » à la politique de contenu pendant la reprise."
    ),
    remedy_en=(
        "Write these addresses with https:// (or without scheme and host) in the pages, and add "
        "“upgrade-insecure-requests” to the content policy while they are being corrected."
    ),
    proofs={
        "parts": Wording(
            "Éléments demandés en http:// par la page d'accueil : {parts}.",
            "Parts that the front page asks for over http://: {parts}.",
        )
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(site(clear_parts=(_part("script"),)), site(clear_parts=(_part("img"),))),
    clean=(site(), site(tls=False, clear_parts=None, why={"clear_parts": "not-offered"})),
)
