"""A key may log in besides the password on a machine of an authentication silo (info_keycredentiallink_silo)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import ROOT, change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_KEYS = "msds-keycredentiallink"
_MEMBERS = "msds-authnpolicysilomembers"
_SILO = "CN=Niveau 0,CN=AuthN Silos,CN=AuthN Policy Configuration,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """List the keys on a machine of an authentication silo."""
    listed = {
        dn.lower() for silo in forest.of("msds-authnpolicysilo") for dn in silo.texts(_MEMBERS)
    }
    found = [
        (one, Proof("keys", {"dn": one.dn, "count": str(len(one.raw(_KEYS)))}))
        for one in forest.having(_KEYS)
        if one.is_computer and one.dn.lower() in listed
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", _KEYS)
    yield from gaps(forest, "configuration", "msds-authnpolicysilo")


POINT = Point(
    id="info_keycredentiallink_silo",
    effort=1,
    base="{D}",
    query="(msDS-KeyCredentialLink=*)",
)

CHECK = Check(
    id="ad.info-keycredentiallink-silo",
    title_fr="Clé d'authentification (msDS-KeyCredentialLink) sur une machine d'un silo d'authentification",
    title_en="Authentication key (msDS-KeyCredentialLink) on a machine of an authentication silo",
    risk_fr="Pour information : cette clé ouvre une session sans le mot de passe, et survit à son changement. Légitime avec Windows Hello, elle sert aussi de porte dérobée.",
    risk_en="For information: this key logs on without the password, and outlives its change. Legitimate with Windows Hello, it also serves as a back door.",
    criticality=Criticality.INFO,
    references=(
        "ANSSI info_keycredentiallink_silo",
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
    flagged=(
        healthy(
            change("POSTE-001$", {_KEYS: "B:2:00:x"}),
            change(_SILO, {_MEMBERS: f"CN=POSTE-001,OU=Postes,{ROOT}"}),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("POSTE-001$", {_KEYS: "B:2:00:x"})),
    ),
    unmeasured=(healthy(unread("domain", "msds-keycredentiallink")),),
)
