"""The page does not tell browsers what to refuse on its behalf."""

import re
from collections.abc import Iterator

from checks._shared.product import named
from checks._shared.web import CARE, GUIDE, site
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import WebHygiene

_FRAMES = re.compile(r"(?:^|;)\s*frame-ancestors\s", re.IGNORECASE)


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """List what a page that people read lacks; a product's own pages are its maker's to mend."""
    if seen.headers is None or not seen.is_page:
        return
    lacking = ", ".join(_lacking(seen, seen.headers))
    if not lacking:
        return
    proofs = [Proof("lacking", {"headers": lacking})]
    if seen.product:
        proofs.append(Proof("product", {"product": named(seen.product, facts)}))
    less = Criticality.INFO if seen.product else None
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), less)


def _lacking(seen: WebHygiene, headers: dict[str, str]) -> Iterator[str]:
    policy = headers.get("content-security-policy", "")
    if not policy and not seen.meta_policy:
        yield "Content-Security-Policy"
    # A policy in the page itself cannot speak of frames (CSP 3, §3.3).
    if "x-frame-options" not in headers and not _FRAMES.search(policy):
        yield "X-Frame-Options (frame-ancestors)"
    if headers.get("x-content-type-options", "").strip().lower() != "nosniff":
        yield "X-Content-Type-Options"
    if not headers.get("referrer-policy"):
        yield "Referrer-Policy"


CHECK = Check(
    id="web.security-headers-missing",
    title_fr="En-têtes de sécurité absents",
    title_en="Security headers missing",
    risk_fr=(
        "Le navigateur n'applique pas les garde-fous qu'il sait appliquer : une faille du site "
        "(script injecté, page affichée dans une autre) y devient plus facile à exploiter."
    ),
    risk_en=(
        "The browser does not apply the guards that it could: a flaw of the site (injected "
        "script, page shown inside another) becomes easier to exploit."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(GUIDE, "W3C Content Security Policy Level 3", "RFC 7034", "OWASP Secure Headers"),
    remedy_fr=(
        "Ajouter ces en-têtes dans le serveur web ou le mandataire : X-Content-Type-Options: "
        "nosniff, Referrer-Policy: same-origin, et une Content-Security-Policy avec "
        "frame-ancestors, d'abord en mode Report-Only pour la mettre au point."
    ),
    remedy_en=(
        "Add these headers in the web server or the proxy: X-Content-Type-Options: nosniff, "
        "Referrer-Policy: same-origin, and a Content-Security-Policy with frame-ancestors, first "
        "in Report-Only mode to tune it."
    ),
    proofs={
        "lacking": Wording(
            "Absents de la page d'accueil : {headers}.", "Absent from the front page: {headers}."
        ),
        "product": Wording(
            "Page d'un produit reconnu ({product}) : seul l'éditeur, ou un mandataire placé devant, "
            "peut les ajouter.",
            "Page of a known product ({product}): only its maker, or a proxy put before it, can "
            "add them.",
        ),
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(
        site(headers={}),
        site(headers={}, product="fortinet_fortios"),
        site(headers={"content-security-policy": "default-src 'self'", "referrer-policy": "x"}),
    ),
    clean=(
        site(),
        site(is_page=False, headers=None, why={"headers": "not-offered"}),
        site(
            meta_policy=True,
            headers={
                "x-frame-options": "DENY",
                "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
            },
        ),
    ),
)
