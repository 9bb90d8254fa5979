"""Whoever finds a flaw is not told whom to warn (RFC 9116)."""

from collections.abc import Iterator

from checks._shared.web import CARE, named, site, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import SecurityTxt, WebHygiene


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a site without the file; a file without a contact is none."""
    del facts
    if not seen.is_page:
        return
    if seen.security_txt is None:
        yield from unanswered(seen, "security_txt")
    elif not seen.security_txt.path:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("absent", {"name": named(seen)}),))


CHECK = Check(
    id="web.security-txt-missing",
    title_fr="Pas de contact de sécurité publié (security.txt)",
    title_en="No security contact published (security.txt)",
    risk_fr=(
        "Qui découvre de bonne foi une faille ne sait pas à qui l'écrire : l'alerte se perd, ou "
        "paraît en public."
    ),
    risk_en=(
        "Whoever finds a flaw in good faith does not know whom to write to: the warning is lost, "
        "or made public."
    ),
    criticality=Criticality.INFO,
    care=CARE,
    references=("RFC 9116",),
    remedy_fr=(
        "Publier /.well-known/security.txt avec au moins Contact et Expires (moins d'un an), "
        "vers une boîte lue par le RSSI ou l'équipe de réponse."
    ),
    remedy_en=(
        "Publish /.well-known/security.txt with at least Contact and Expires (within a year), "
        "towards a mailbox that the security officer or the response team reads."
    ),
    proofs={
        "absent": Wording(
            "https://{name}/.well-known/security.txt ne donne aucun contact.",
            "https://{name}/.well-known/security.txt gives no contact.",
        )
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(site(security_txt=SecurityTxt(path="")),),
    clean=(
        site(),
        site(is_page=False, security_txt=None),
        site(security_txt=None, why={"security_txt": "not-offered"}),
    ),
    unmeasured=(site(security_txt=None),),
)
