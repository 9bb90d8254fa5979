"""A page made for whoever runs the server is open to all."""

from collections.abc import Iterator

from checks._shared.web import GUIDE, LEFT_PROOFS, left, site, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict
from core.observations.hygiene import LeftOpen, WebHygiene

_SPILLS = frozenset({"heapdump", "env", "configprops", "threaddump", "logfile", "httptrace"})
"""Parts of Spring Boot Actuator that give memory, settings or requests away."""


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag status pages; graver where one gives settings or memory away."""
    del facts
    if seen.status_pages is None:
        yield from unanswered(seen, "status_pages")
    elif seen.status_pages:
        proofs = tuple(
            Proof("left", {"path": one.path, "shown": one.shown}) for one in seen.status_pages
        )
        graver = Criticality.HIGH if any(map(_spills, seen.status_pages)) else None
        yield Flagged(seen.place, Confidence.CERTAIN, proofs, graver)


def _spills(one: LeftOpen) -> bool:
    return one.what == "phpinfo" or not _SPILLS.isdisjoint(one.shown.split(", "))


CHECK = Check(
    id="web.status-page-exposed",
    title_fr="Page d'état du serveur ouverte à tous",
    title_en="Server status page open to all",
    risk_fr=(
        "Cette page montre à un inconnu ce que fait le serveur : adresses des visiteurs, "
        "chemins internes, réglages, parfois la mémoire et les mots de passe."
    ),
    risk_en=(
        "This page shows a stranger what the server is doing: visitors' addresses, internal "
        "paths, settings, sometimes memory and passwords."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4",),
    references=(GUIDE, "CWE-497", "OWASP WSTG-CONF-05"),
    remedy_fr=(
        "Réserver la page à l'adresse locale ou au réseau d'administration (Apache : « Require "
        "local » ; nginx : « allow » puis « deny all » ; Spring : "
        "management.endpoints.web.exposure), et supprimer phpinfo."
    ),
    remedy_en=(
        "Keep the page for the local address or the administration network (Apache: “Require "
        "local”; nginx: “allow” then “deny all”; Spring: management.endpoints.web.exposure), and "
        "delete phpinfo."
    ),
    proofs=LEFT_PROOFS,
    reads=WebHygiene,
    judge=judge,
    flagged=(
        site(status_pages=(left("/server-status", "apache-status", "Apache Server Status"),)),
        site(status_pages=(left("/actuator", "actuator", "env, health, heapdump"),)),
    ),
    clean=(site(), site(status_pages=None, why={"status_pages": "not-offered"})),
    unmeasured=(site(status_pages=None),),
)
