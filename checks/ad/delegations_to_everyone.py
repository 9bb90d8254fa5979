"""Everyone has dangerous rights on something."""

from collections.abc import Iterator

from checks.ad._shared.aces import unseen
from checks.ad._shared.healthy import (
    child_domain,
    exchange,
    grant,
    healthy,
    hidden_descriptor,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.graph import OWNING
from core.directory.level import Point
from core.directory.rights import Right
from core.directory.words import words_of
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_TAKING = OWNING | Right.GENERIC_WRITE | Right.FORCE_PASSWORD | Right.WRITE_MEMBER
_TAKING_BITS = int(_TAKING)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain, or the forest, with objects that nearly every account controls."""
    found: list[Found] = []
    for entry in forest.entries:
        if entry.is_deleted:
            continue
        for trustee, bits, _ in forest.rights.granted(entry.row):
            if bits & _TAKING_BITS and sids.is_broad(trustee):
                words = words_of(Right(bits) & _TAKING)
                who = forest.name_of(trustee, entry.domain)
                values = {"dn": entry.dn, "who": who, "fr": words.fr, "en": words.en}
                found.append((entry, Proof("everyone", values)))
    yield from by_domain(forest, found)
    yield from unseen(forest)


POINT = Point(
    id="delegations_to_everyone",
    effort=1,
    base="{D}",
    query="(objectClass=*)",
)

CHECK = Check(
    id="ad.delegations-to-everyone",
    title_fr="Objets contrôlés par tous les comptes",
    title_en="Objects controlled by every account",
    risk_fr=(
        "N'importe quel compte du domaine, même celui d'un stagiaire, prend le contrôle de ces "
        "objets."
    ),
    risk_en=("Any account of the domain, even a trainee's, takes control of these objects."),
    criticality=Criticality.CRITICAL,
    references=("MITRE T1222.001",),
    remedy_fr=(
        "Retirer ces droits (dsacls ou ldp) ou traiter le délégataire comme un compte de niveau 0."
    ),
    remedy_en=("Remove these rights (dsacls or ldp) or treat the delegate as a tier-0 account."),
    proofs={
        **PROOFS,
        "everyone": Wording(
            "{who} {fr} {dn}.{en:.0}",
            "{who} {en} {dn}.{fr:.0}",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(grant("SRV-FICHIERS$", "(A;;GA;;;AU)")),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
    ),
    unmeasured=(
        healthy(unread("domain", "ntsecuritydescriptor")),
        healthy(hidden_descriptor("m.durand")),
        healthy(hidden_descriptor("CN=Sites,CN=Configuration")),
    ),
)
