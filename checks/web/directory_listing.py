"""The front page is the list of the server's own files."""

from collections.abc import Iterator

from checks._shared.web import GUIDE, site
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.hygiene import WebHygiene


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a front page that a server makes of a folder without an index."""
    del facts
    if seen.listing:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("listing", {"title": seen.listing}),))


CHECK = Check(
    id="web.directory-listing",
    title_fr="Contenu d'un dossier affiché par le site",
    title_en="Site that shows the contents of a folder",
    risk_fr=(
        "Le serveur donne la liste de ses fichiers à qui la demande, y compris ceux qui "
        "n'étaient destinés à personne."
    ),
    risk_en=(
        "The server gives the list of its files to whoever asks, those meant for nobody included."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.4",),
    references=(GUIDE, "CWE-548", "OWASP WSTG-CONF-04"),
    remedy_fr=(
        "Désactiver l'affichage des dossiers (Apache : « Options -Indexes » ; nginx : "
        "« autoindex off » ; IIS : exploration des répertoires), vérifier ce qui y était rangé, "
        "et retirer le site s'il ne sert plus."
    ),
    remedy_en=(
        "Turn the listing of folders off (Apache: “Options -Indexes”; nginx: “autoindex off”; "
        "IIS: directory browsing), review what was kept there, and remove the site if it is no "
        "longer used."
    ),
    proofs={
        "listing": Wording(
            "La page d'accueil est une liste de fichiers : « {title} ».",
            "The front page is a list of files: “{title}”.",
        )
    },
    reads=WebHygiene,
    judge=judge,
    flagged=(site(listing="Index of /"),),
    clean=(site(), site(listing=None, why={"listing": "not-offered"})),
)
