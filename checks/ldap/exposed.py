"""A directory answers from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag any LDAP service, whatever its port."""
    yield from exposed(seen, facts, "ldap")


CHECK = Check(
    id="ldap.exposed",
    title_fr="Annuaire LDAP joignable depuis Internet",
    title_en="LDAP directory reachable from the Internet",
    risk_fr=(
        "Un annuaire joignable d'Internet révèle l'organisation interne et permet d'essayer les "
        "mots de passe de tout le personnel ; un contrôleur de domaine exposé met en jeu tout le "
        "système d'information."
    ),
    risk_en=(
        "A directory reachable from the Internet reveals the inside of the organisation and lets "
        "anyone try the passwords of all staff; an exposed domain controller puts the whole "
        "information system at stake."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.4", "D1.EXPO.6"),
    references=(
        "ANSSI, Interconnexion d'un SI à Internet, R10",
        "ANSSI, Guide d'hygiène informatique, mesure 23",
        "ReCyF 7.B.3",
        "RFC 4512, 5.1",
    ),
    remedy_fr=(
        "Fermer 389, 636, 3268 et 3269 au pare-feu Internet, en TCP et en UDP. Pour un service "
        "externe qui a besoin de comptes, préférer une fédération d'identité (SAML, OpenID "
        "Connect) ou une synchronisation sortante ; à défaut, filtrer par adresse source."
    ),
    remedy_en=(
        "Close 389, 636, 3268 and 3269 at the Internet firewall, TCP and UDP. For an outside "
        "service that needs accounts, prefer identity federation (SAML, OpenID Connect) or "
        "outbound synchronisation; failing that, filter by source address."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(
        Service(place=place(389), at=AT, protocol="ldap", evidence=("rootDSE resultCode: 0",)),
    ),
    clean=(Service(place=place(389), at=AT, protocol="unknown"),),
)
