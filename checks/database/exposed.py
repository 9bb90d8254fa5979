"""A database answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.database import DatabaseService


def judge(seen: DatabaseService, facts: Facts) -> Iterator[Verdict]:
    """Flag any database; critical only where it serves strangers, information where declared."""
    told = {"engine": seen.engine, "version": seen.version or ""}
    proofs = [Proof("answered-version" if seen.version else "answered", told)]
    criticality: Criticality | None = None
    declared = facts.vouched(seen.place)
    if seen.no_authentication:
        proofs.append(Proof("open-to-all"))
        criticality = Criticality.CRITICAL
    elif declared is not None:
        proofs.append(Proof("declared", {"justification": declared.justification or "—"}))
        criticality = Criticality.INFO
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


CHECK = Check(
    id="database.exposed",
    title_fr="Base de données joignable depuis Internet",
    title_en="Database reachable from the Internet",
    risk_fr=(
        "Une base de données n'a pas à répondre à Internet : des robots y essaient des mots de "
        "passe sans relâche, et la moindre faille donne accès d'un coup à toutes les données, "
        "de santé comprises."
    ),
    risk_en=(
        "A database has no business answering the Internet: robots try passwords on it without "
        "pause, and the least flaw gives access to all the data at once, health data included."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 22, 23",
        "PGSSI-S, PSSI type, 4.3.1.5",
        "ReCyF 7.A.7, 7.B.3",
    ),
    remedy_fr=(
        "Fermer ce port au pare-feu Internet et n'écouter que sur l'adresse interne (PostgreSQL : "
        "listen_addresses ; MySQL, MariaDB et Redis : bind ; MongoDB : net.bindIp ; memcached : "
        "-l). Pour un prestataire ou un site distant, passer par un VPN."
    ),
    remedy_en=(
        "Close this port at the Internet firewall and listen on the internal address only "
        "(PostgreSQL: listen_addresses; MySQL, MariaDB and Redis: bind; MongoDB: net.bindIp; "
        "memcached: -l). For a supplier or a remote site, go through a VPN."
    ),
    proofs={
        "answered": Wording(
            "Le service {engine} a répondu sur ce port, sans donner sa version.",
            "The {engine} service answered on this port, without telling its version.",
        ),
        "answered-version": Wording(
            "Le service {engine} (version : {version}) a répondu sur ce port.",
            "The {engine} service (version: {version}) answered on this port.",
        ),
        "open-to-all": Wording(
            "Il sert qui que ce soit, sans authentification : criticité portée à « critique ».",
            "It serves anybody, without authentication: raised to critical.",
        ),
        "declared": Wording(
            "Exposition déclarée par l'établissement ({justification}) : criticité ramenée à "
            "« information ».",
            "Exposure declared by the establishment ({justification}): brought down to "
            "information.",
        ),
    },
    reads=DatabaseService,
    judge=judge,
    flagged=(
        DatabaseService(place=place(3306), at=AT, engine="mariadb", version="10.11.6-MariaDB"),
        DatabaseService(place=place(6379), at=AT, engine="redis", no_authentication=True),
    ),
    clean=(),
)
