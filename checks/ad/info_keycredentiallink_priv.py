"""A key may log in besides the password on a privileged account (info_keycredentiallink_priv)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_KEYS = "msds-keycredentiallink"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """List the keys on a privileged account."""
    found = [
        (one, Proof("keys", {"dn": one.dn, "count": str(len(one.raw(_KEYS)))}))
        for one in forest.having(_KEYS)
        if one in forest.privileged and not forest.is_controller(one)
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "group", "user", _KEYS)


POINT = Point(
    id="info_keycredentiallink_priv",
    effort=1,
    base="{D}",
    query="(msDS-KeyCredentialLink=*)",
)

CHECK = Check(
    id="ad.info-keycredentiallink-priv",
    title_fr="Clé d'authentification (msDS-KeyCredentialLink) sur un compte privilégié",
    title_en="Authentication key (msDS-KeyCredentialLink) on a privileged account",
    risk_fr="Pour information : cette clé ouvre une session sans le mot de passe, et survit à son changement. Légitime avec Windows Hello, elle sert aussi de porte dérobée.",
    risk_en="For information: this key logs on without the password, and outlives its change. Legitimate with Windows Hello, it also serves as a back door.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_keycredentiallink_priv",
        "MITRE T1556",
    ),
    remedy_fr="Rapprocher chaque clé d'un enrôlement connu (Windows Hello, carte virtuelle, Entra) ; vider l'attribut sinon, et enquêter.",
    remedy_en="Match each key with a known enrolment (Windows Hello, virtual card, Entra); clear the attribute otherwise, and investigate.",
    proofs={
        **PROOFS,
        "keys": Wording(
            "{dn} : {count} clé(s) dans msDS-KeyCredentialLink.",
            "{dn}: {count} key(s) in msDS-KeyCredentialLink.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("adm.martin", {_KEYS: "B:2:00:x"})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("DC1$", {_KEYS: "B:2:00:x"})),
    ),
    unmeasured=(healthy(unread("domain", "msds-keycredentiallink")),),
)
