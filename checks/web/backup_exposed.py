"""A backup lies at a usual path of a site."""

from collections.abc import Iterator

from checks._shared.web import GUIDE, LEFT_PROOFS, left, site, unanswered
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict
from core.observations.hygiene import WebHygiene

_ARCHIVES = frozenset({"ZIP", "gzip"})


def judge(seen: WebHygiene, facts: Facts) -> Iterator[Verdict]:
    """Flag a file that begins as an archive or a database dump does; the rest was not read."""
    del facts
    if seen.backups is None:
        yield from unanswered(seen, "backups")
    elif seen.backups:
        proofs = tuple(
            Proof("left", {"path": one.path, "shown": one.shown}) for one in seen.backups
        )
        dump = any(one.shown not in _ARCHIVES for one in seen.backups)
        yield Flagged(
            seen.place, Confidence.CERTAIN, proofs, Criticality.CRITICAL if dump else None
        )


CHECK = Check(
    id="web.backup-exposed",
    title_fr="Sauvegarde téléchargeable depuis le site",
    title_en="Backup that can be downloaded from the site",
    risk_fr=(
        "Une sauvegarde contient le site entier, souvent sa base et donc des données de "
        "personnes. Les robots essaient ces noms de fichier tous les jours."
    ),
    risk_en=(
        "A backup holds the whole site, often its database and hence personal data. Robots try "
        "these file names every day."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4",),
    references=(GUIDE, "CWE-530", "OWASP WSTG-CONF-04"),
    remedy_fr=(
        "Retirer le fichier de la racine servie et ranger les sauvegardes hors du serveur web. "
        "Chercher dans les journaux qui l'a téléchargé ; s'il contient des données de personnes, "
        "prévenir le délégué à la protection des données (violation à notifier sous 72 heures)."
    ),
    remedy_en=(
        "Remove the file from the served root and keep backups away from the web server. Look in "
        "the logs for who downloaded it; if it holds personal data, tell the data protection "
        "officer (a breach is notified within 72 hours)."
    ),
    proofs=LEFT_PROOFS,
    reads=WebHygiene,
    judge=judge,
    flagged=(
        site(backups=(left("/backup.zip", "backup", "ZIP"),)),
        site(backups=(left("/backup.sql", "backup", "MySQL dump"),)),
    ),
    clean=(site(), site(backups=None, why={"backups": "not-offered"})),
    unmeasured=(site(backups=None),),
)
