"""Others control the DPAPI backup keys (vuln_permissions_dpapi)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    owned,
    unread,
    without,
)
from checks.ad._shared.permissions import PROOFS, controlled
from checks.ad._shared.verdicts import gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Verdict

_KEY = "CN=BCKUPKEY_1 Secret,CN=System"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose DPAPI backup keys the unexpected control."""
    keys = [one for one in forest.of("secret") if one.name.upper().startswith("BCKUPKEY")]
    held = {one.domain for one in keys}
    for domain in forest.domains:
        if domain not in held:
            yield NotMeasured(forest.place(domain), "hidden: CN=BCKUPKEY_*,CN=System")
    yield from controlled(forest, POINT, keys)
    yield from gaps(forest, "domain", "secret")


POINT = Point(
    id="vuln_permissions_dpapi",
    levels=(1, 2),
    effort=1,
    base="CN=System,{D}",
    query="(&(objectClass=secret)(cn=BCKUPKEY*))",
)

CHECK = Check(
    id="ad.permissions-dpapi",
    title_fr="Clés de sauvegarde DPAPI contrôlées par des comptes non privilégiés",
    title_en="DPAPI backup keys controlled by accounts that are not privileged",
    risk_fr=(
        "Qui obtient ces clés déchiffre les mots de passe et certificats enregistrés par tous les "
        "utilisateurs ; elles ne se changent pas."
    ),
    risk_en=(
        "Whoever obtains these keys decrypts the passwords and certificates saved by every user; "
        "they cannot be changed."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_permissions_dpapi",
        "MITRE T1555.004",
        "MITRE T1552.004",
    ),
    remedy_fr=(
        "Supprimer ces droits (dsacls ou ldp), rendre l'objet aux Admins du domaine et revenir "
        "aux droits d'origine ; à défaut, protéger le délégataire comme un compte de niveau 0."
    ),
    remedy_en=(
        "Remove these rights (dsacls or ldp), give the object back to Domain Admins and return to "
        "the default rights; failing that, protect the delegate as a tier-0 account."
    ),
    proofs=PROOFS,
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(grant(_KEY, "(A;;GA;;;@m.durand)")),
        healthy(owned(_KEY, "m.durand")),
        healthy(grant(_KEY, "(A;;CR;;;@m.durand)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(group("Vide"), grant(_KEY, "(A;;GA;;;@Vide)")),
        healthy(grant(_KEY, "(D;;GA;;;@m.durand)", "(A;;GA;;;@m.durand)")),
    ),
    unmeasured=(
        healthy(hidden_descriptor(_KEY)),
        healthy(without(_KEY, "CN=BCKUPKEY_2 Secret,CN=System")),
        healthy(unread("domain", "secret")),
    ),
)
