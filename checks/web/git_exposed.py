"""The folder of a version control system is served with the site."""

from collections.abc import Iterator

from checks._shared.web import GUIDE, LEFT_PROOFS, left, site, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict
from core.observations.hygiene import WebHygiene


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a ``.git`` whose ``HEAD`` came; nothing else of it is ever asked for."""
    del facts
    if seen.git is None:
        yield from unanswered(seen, "git")
    elif seen.git:
        one = seen.git[0]
        proof = Proof("left", {"path": one.path, "shown": one.shown})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


CHECK = Check(
    id="web.git-exposed",
    title_fr="Dépôt de code (.git) servi par le site",
    title_en="Source repository (.git) served by the site",
    risk_fr=(
        "N'importe qui peut reconstituer le code du site et tout son passé : mots de passe de "
        "bases, clés d'accès et failles s'y lisent d'ordinaire."
    ),
    risk_en=(
        "Anyone can rebuild the code of the site and all of its past: database passwords, access "
        "keys and flaws are usually there to be read."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4",),
    references=(GUIDE, "CWE-527", "OWASP WSTG-CONF-04"),
    remedy_fr=(
        "Retirer le dossier .git de la racine servie, interdire les chemins qui commencent par "
        "un point dans le serveur web, puis changer tous les secrets que le dépôt contenait ou "
        "a contenus. Chercher dans les journaux qui l'a lu."
    ),
    remedy_en=(
        "Remove the .git folder from the served root, deny paths that begin with a dot in the web "
        "server, then change every secret that the repository holds or ever held. Look in the "
        "logs for who read it."
    ),
    proofs=LEFT_PROOFS,
    reads=WebHygiene,
    judge=judge,
    flagged=(site(git=(left("/.git/HEAD", "git", "ref: refs/heads/main"),)),),
    clean=(site(), site(git=None, why={"git": "not-offered"})),
    unmeasured=(site(git=None),),
)
