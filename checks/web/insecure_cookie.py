"""A session cookie lacks the attributes that protect it (RFC 6265)."""

from collections.abc import Iterator

from checks._shared.web import CARE, GUIDE, site
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import CookieSet, WebHygiene

_TOLD = 6


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag cookies named like a session; SameSite alone is less, browsers have a default."""
    del facts
    proofs: list[Proof] = []
    grave = False
    for one in seen.cookies or ():
        lacking = _lacking(one, tls=seen.tls)
        if one.session and lacking:
            grave |= lacking != ["SameSite"]
            proofs.append(Proof("cookie", {"name": one.name, "lacking": ", ".join(lacking)}))
    if proofs:
        yield Flagged(
            seen.place,
            Confidence.FIRM,
            tuple(proofs[:_TOLD]),
            None if grave else Criticality.LOW,
        )


def _lacking(one: CookieSet, *, tls: bool) -> list[str]:
    lacking: list[str] = []
    # Browsers refuse the attribute in clear: that the page is in clear is another finding.
    if tls and not one.secure:
        lacking.append("Secure")
    if not one.http_only:
        lacking.append("HttpOnly")
    if not one.same_site:
        lacking.append("SameSite")
    return lacking


def _cookie(*, secure: bool = True, http_only: bool = True, same_site: str = "lax") -> CookieSet:
    return CookieSet(
        name="PHPSESSID", secure=secure, http_only=http_only, same_site=same_site, session=True
    )


CHECK = Check(
    id="web.insecure-cookie",
    title_fr="Cookie de session mal protégé",
    title_en="Session cookie without its protections",
    risk_fr=(
        "Ce cookie vaut mot de passe tant que la session dure. Sans ces attributs, il peut être "
        "lu en clair sur le réseau, par un script malveillant, ou employé à l'insu de l'agent."
    ),
    risk_en=(
        "This cookie is worth a password while the session lasts. Without these attributes it can "
        "be read in clear on the network or by a hostile script, or used behind the user's back."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(GUIDE, "RFC 6265 4.1.2", "CWE-614", "CWE-1004"),
    remedy_fr=(
        "Poser le cookie de session avec Secure, HttpOnly et SameSite=Lax (ou Strict), dans les "
        "réglages de l'application ou, à défaut, par le serveur mandataire."
    ),
    remedy_en=(
        "Set the session cookie with Secure, HttpOnly and SameSite=Lax (or Strict), in the "
        "settings of the application or, failing that, at the reverse proxy."
    ),
    proofs={
        "cookie": Wording(
            "Cookie {name} posé sans {lacking}.", "Cookie {name} set without {lacking}."
        )
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(
        site(cookies=(_cookie(secure=False),)),
        site(cookies=(_cookie(http_only=False),)),
        site(cookies=(_cookie(same_site=""),)),
    ),
    clean=(
        site(),
        site(cookies=(_cookie(),)),
        site(tls=False, cookies=(_cookie(secure=False),)),
        site(cookies=(CookieSet(name="lang"),)),
    ),
)
