"""The published security contact is past its date (RFC 9116, 2.5.5)."""

from collections.abc import Iterator
from datetime import timedelta

from checks._shared.examples import AT
from checks._shared.tls import utc
from checks._shared.web import CARE, site
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import SecurityTxt, WebHygiene


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a file whose date has gone by, or that gives none although it must."""
    told = seen.security_txt
    if told is None or not told.path:
        return
    if told.expires is None:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("undated", {"path": told.path}),))
    elif utc(told.expires) <= utc(seen.at) or told.expires.date() < facts.today:
        values = {"path": told.path, "day": told.expires.date().isoformat()}
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("expired", values),))


def _until(days: int | None) -> SecurityTxt:
    expires = None if days is None else AT + timedelta(days=days)
    return SecurityTxt(path="/.well-known/security.txt", has_contact=True, expires=expires)


CHECK = Check(
    id="web.security-txt-expired",
    title_fr="Contact de sécurité périmé (security.txt)",
    title_en="Security contact out of date (security.txt)",
    risk_fr=(
        "Qui découvre une faille doit tenir ce contact pour abandonné : l'alerte risque de "
        "n'arriver à personne."
    ),
    risk_en=(
        "Whoever finds a flaw must take this contact for abandoned: the warning may reach nobody."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=("RFC 9116 2.5.5",),
    remedy_fr=(
        "Vérifier que l'adresse de contact est lue, et donner au champ Expires une date à moins "
        "d'un an ; la repousser chaque année."
    ),
    remedy_en=(
        "Check that the contact address is read, and give the Expires field a date within a "
        "year; move it on every year."
    ),
    proofs={
        "expired": Wording("{path} est périmé depuis le {day}.", "{path} expired on {day}."),
        "undated": Wording(
            "{path} ne porte pas de champ Expires lisible.",
            "{path} has no Expires field that can be read.",
        ),
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(site(security_txt=_until(-3)), site(security_txt=_until(None))),
    clean=(
        site(security_txt=_until(200)),
        site(security_txt=SecurityTxt(path="")),
        site(security_txt=None),
    ),
)
