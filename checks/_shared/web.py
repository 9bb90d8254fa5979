"""Web sites: what their checks ask alike, and a site kept well for their examples."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from core.model import NotMeasured, Wording
from core.observations.hygiene import LeftOpen, SecurityTxt, WebHygiene

CARE = ("D1.EXPO.8",)
GUIDE = "ANSSI, Recommandations pour la mise en œuvre d'un site web (ANSSI-PA-009)"

LEFT_PROOFS = {
    "left": Wording(
        "{path} répond, contenu vérifié : {shown}. Un chemin inventé ne répond pas de même.",
        "{path} answers, content verified: {shown}. An invented path does not answer so.",
    )
}
"""Wording of what was found at a path."""


def unanswered(seen: WebHygiene, field: str) -> Iterator[NotMeasured]:
    """Give the question as not measured, unless it does not arise at this site."""
    why = seen.why_not(field)
    if why.partition(":")[0] != "not-offered":
        yield NotMeasured(seen.place, why)


def named(seen: WebHygiene) -> str:
    """Give the site as a person names it."""
    return seen.host or seen.place.hostname or seen.place.ip or "?"


def left(path: str, what: str, shown: str) -> LeftOpen:
    """Give something left at a path, for examples."""
    return LeftOpen(path=path, what=what, shown=shown)


def site(**changes: object) -> WebHygiene:
    """Give a site of the example hospital that is kept well, with some fields changed."""
    why = {name: "request-limit" for name, value in changes.items() if value is None}
    kept = WebHygiene(
        place=place(hostname="www.chu-exemple.example"),
        at=AT,
        tls=True,
        host="www.chu-exemple.example",
        trusted=True,
        status=200,
        is_page=True,
        hsts="max-age=31536000; includeSubDomains",
        headers={
            "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
        },
        cookies=(),
        clear_parts=(),
        listing="",
        git=(),
        status_pages=(),
        backups=(),
        security_txt=SecurityTxt(path="/.well-known/security.txt", has_contact=True),
    )
    return msgspec.structs.replace(kept, **{"why": why, **changes})
