"""Browsers are not told to keep to HTTPS (RFC 6797)."""

import re
from collections.abc import Iterator

from checks._shared.web import CARE, GUIDE, named, site, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.hygiene import WebHygiene

_LEAST_S = 15_552_000
"""180 days: below, whoever comes back after the holidays is not protected."""
_MAX_AGE = re.compile(r"""(?:^|;)\s*max-age\s*=\s*"?(\d{1,12})"?\s*(?:;|$)""", re.IGNORECASE)


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a site whose browsers would heed the header, and that does not give it, or too short.

    Where the certificate is refused, or no name is used, browsers must ignore it (RFC 6797, 8.1):
    there the certificate is the fault.
    """
    del facts
    if not seen.tls:
        return
    if seen.hsts is None:
        yield from unanswered(seen, "hsts")
        return
    found = _MAX_AGE.search(seen.hsts)
    age_s = int(found[1]) if found else 0
    if age_s >= _LEAST_S:
        return
    if seen.host is None:
        yield NotMeasured(seen.place, "no-name")
    elif seen.trusted is None:
        yield NotMeasured(seen.place, seen.why_not("trusted"))
    elif seen.trusted:
        proof = Proof("absent", {"name": named(seen)})
        if seen.hsts:
            proof = Proof("short", {"header": seen.hsts, "days": str(age_s // 86_400)})
        graver = Criticality.MEDIUM if seen.portal else None
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), graver)


CHECK = Check(
    id="web.hsts-missing",
    title_fr="Navigateurs non tenus à HTTPS (HSTS absent ou trop court)",
    title_en="Browsers not held to HTTPS (HSTS missing or too short)",
    risk_fr=(
        "À la première visite d'une adresse tapée sans https, qui tient le réseau peut répondre "
        "à la place du site et garder l'agent en clair, mot de passe compris."
    ),
    risk_en=(
        "When an address is typed without https, whoever holds the network can answer in place "
        "of the site and keep the user in clear, password included."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(GUIDE, "RFC 6797"),
    remedy_fr=(
        "Ajouter « Strict-Transport-Security: max-age=31536000; includeSubDomains » aux réponses "
        "HTTPS, après avoir vérifié que tous les sous-domaines sont en HTTPS ; commencer par une "
        "durée courte, puis l'allonger."
    ),
    remedy_en=(
        "Add “Strict-Transport-Security: max-age=31536000; includeSubDomains” to HTTPS answers, "
        "after checking that every subdomain is on HTTPS; begin with a short time, then lengthen "
        "it."
    ),
    proofs={
        "absent": Wording(
            "Aucune réponse HTTPS de {name} ne porte Strict-Transport-Security.",
            "No HTTPS answer of {name} carries Strict-Transport-Security.",
        ),
        "short": Wording(
            "Strict-Transport-Security: {header} ({days} jours ; 180 au moins sont attendus).",
            "Strict-Transport-Security: {header} ({days} days; at least 180 are expected).",
        ),
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(
        site(hsts=""),
        site(hsts="max-age=300"),
        site(hsts="includeSubDomains"),
        site(hsts="", portal=True),
    ),
    clean=(
        site(),
        site(hsts='max-age="31536000"'),
        site(hsts="", trusted=False),
        site(tls=False, hsts=None, why={"hsts": "not-offered"}),
    ),
    unmeasured=(site(hsts="", host=None), site(hsts="", trusted=None), site(hsts=None)),
)
