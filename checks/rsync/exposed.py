"""An rsync daemon reachable from the Internet."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.exposure import PROOFS, exposed
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.service import Service


def judge(seen: Service, facts: Facts) -> Iterator[Verdict]:
    """Flag an rsync daemon, for having answered. Its modules are never listed."""
    yield from exposed(seen, facts, "rsync")


def _service(protocol: str) -> Service:
    return Service(
        place=place(873), at=AT, protocol=protocol, evidence=("banner: @RSYNCD: 31.0 sha256",)
    )


CHECK = Check(
    id="rsync.exposed",
    title_fr="Partage rsync joignable depuis Internet",
    title_en="rsync share reachable from the Internet",
    risk_fr=(
        "rsync sert souvent aux sauvegardes et demande rarement un mot de passe : des fichiers "
        "entiers, parfois des copies de serveurs, peuvent être lus ou remplacés, en clair."
    ),
    risk_en=(
        "rsync often serves backups and seldom asks for a password: whole files, sometimes copies "
        "of servers, may be read or replaced, in clear."
    ),
    criticality=Criticality.CRITICAL,
    care=("D1.EXPO.6",),
    references=("ANSSI hygiène 19", "ANSSI hygiène 23", "CVE-2024-12084"),
    remedy_fr=(
        "Fermer le port 873 ; faire passer rsync dans SSH ou dans le VPN. À défaut : « hosts "
        "allow », « auth users », « read only » et « list = no » sur chaque module, rsync 3.4.0 "
        "ou plus récent."
    ),
    remedy_en=(
        "Close port 873; take rsync through SSH or the VPN. Failing that: hosts allow, auth users, "
        "read only and list = no on every module, rsync 3.4.0 or later."
    ),
    proofs=PROOFS,
    reads=Service,
    judge=judge,
    flagged=(_service("rsync"),),
    clean=(_service("http"),),
)
