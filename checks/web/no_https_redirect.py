"""A site is served in clear and does not lead to HTTPS."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks._shared.web import CARE, GUIDE
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import PlainWeb

_NOT_SERVED = frozenset({403, 404, 410})
_TOLD = 8


def judge(seen: PlainWeb, facts: Facts) -> Iterator[Verdict]:
    """Flag what serves a page, or asks for a password, on port 80 and stays there."""
    del facts
    status = seen.status
    if seen.leads_to_tls or status is None or status >= 500 or status in _NOT_SERVED:
        return
    if 400 <= status < 500 and status != 401:
        return
    names = ", ".join(seen.names[:_TOLD]) or seen.place.ip or "?"
    if len(seen.names) > _TOLD:
        names += " …"
    values = {"names": names, "status": str(status)}
    proofs = [Proof("stays", values)]
    if seen.redirect:
        proofs.append(Proof("leads", {"to": seen.redirect}))
    if seen.tls_port is None:
        proofs.append(Proof("no-https", {}))
    else:
        proofs.append(Proof("https", {"port": str(seen.tls_port)}))
    if seen.cookies:
        proofs.append(Proof("cookies", {}))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


def _plain(**changes: object) -> PlainWeb:
    seen = PlainWeb(
        place=place(80, hostname="www.chu-exemple.example"),
        at=AT,
        names=("www.chu-exemple.example",),
        status=200,
        tls_port=443,
    )
    return msgspec.structs.replace(seen, **changes)


CHECK = Check(
    id="web.no-https-redirect",
    title_fr="Site servi en clair, sans renvoi vers HTTPS",
    title_en="Site served in clear, without a redirect to HTTPS",
    risk_fr=(
        "Ce que les visiteurs lisent et saisissent passe en clair : tout intermédiaire peut le "
        "lire, et remplacer la page."
    ),
    risk_en=(
        "What visitors read and type goes in clear: anyone on the way can read it, and replace "
        "the page."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(GUIDE, "RFC 9110 15.4", "RFC 6797 7.2"),
    remedy_fr=(
        "Répondre sur le port 80 par un renvoi permanent (301 ou 308) vers https:// du même nom, "
        "pour chacun de ces noms, et n'y servir aucune autre page."
    ),
    remedy_en=(
        "Answer on port 80 with a permanent redirect (301 or 308) to https:// of the same name, "
        "for each of these names, and serve no other page there."
    ),
    proofs={
        "stays": Wording(
            "http://{names} répond {status} sans renvoyer vers HTTPS.",
            "http://{names} answers {status} without leading to HTTPS.",
        ),
        "leads": Wording("Renvoi vers : {to}.", "It leads to: {to}."),
        "https": Wording(
            "La même adresse parle pourtant HTTPS sur le port {port}.",
            "Yet the same address speaks HTTPS on port {port}.",
        ),
        "no-https": Wording(
            "Aucun service HTTPS n'a été vu à cette adresse.",
            "No HTTPS service was seen at this address.",
        ),
        "cookies": Wording(
            "Un cookie de session y est posé en clair.", "A session cookie is set there in clear."
        ),
    },
    reads=PlainWeb,
    judge=judge,
    flagged=(_plain(), _plain(status=401, tls_port=None), _plain(status=302, redirect="/accueil")),
    clean=(_plain(leads_to_tls=True), _plain(status=404), _plain(status=None), _plain(status=503)),
)
