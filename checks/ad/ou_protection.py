"""Organisational units that a slip of the hand deletes."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    descriptor,
    healthy,
    hidden_descriptor,
    ou,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.descriptors import DELETE, DELETE_TREE, Descriptor
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_WHOLE = DELETE | DELETE_TREE
_BARE = "O:DAG:DAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with units that nothing protects; those that Windows never deletes are left out."""
    units = [
        one for one in forest.of("organizationalunit") if not one.flag("iscriticalsystemobject")
    ]
    found = [
        (one, Proof("unit", {"dn": one.dn}))
        for one in units
        if one.descriptor is not None and not _is_protected(one.descriptor)
    ]
    yield from by_domain(forest, found)
    hidden = {one.domain: one for one in units if one.descriptor is None}
    for domain, one in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {one.dn}")
    yield from gaps(forest, "domain", "organizationalunit", "ntsecuritydescriptor")


def _is_protected(held: Descriptor) -> bool:
    refused = 0
    for ace in held.aces:
        if (
            ace.denies
            and ace.trustee == sids.EVERYONE
            and not (ace.is_inherit_only or ace.object_type)
        ):
            refused |= ace.rights
    return refused & _WHOLE == _WHOLE


POINT = Point(
    id="ou_protection",
    effort=1,
    base="{D}",
    query="(objectClass=organizationalUnit)",
)

CHECK = Check(
    id="ad.ou-protection",
    title_fr="Unités d'organisation sans protection contre la suppression accidentelle",
    title_en="Organisational units without protection against accidental deletion",
    risk_fr=(
        "Une fausse manœuvre supprime l'unité avec tous les comptes qu'elle contient ; l'activité "
        "s'arrête le temps de les restaurer."
    ),
    risk_en=(
        "A slip of the hand deletes the unit with every account in it; work stops until they are "
        "restored."
    ),
    criticality=Criticality.LOW,
    references=("MITRE T1485",),
    remedy_fr=(
        "Cocher « Protéger l'objet des suppressions accidentelles » sur chaque unité "
        "(Set-ADOrganizationalUnit -ProtectedFromAccidentalDeletion $true)."
    ),
    remedy_en=(
        "Tick “Protect object from accidental deletion” on each unit "
        "(Set-ADOrganizationalUnit -ProtectedFromAccidentalDeletion $true)."
    ),
    proofs={
        **PROOFS,
        "unit": Wording(
            "{dn} : rien n'interdit à « Tout le monde » de la supprimer avec son contenu.",
            "{dn}: nothing denies its deletion, with what it holds, to Everyone.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(ou("Urgences", sddl=_BARE)),
        healthy(descriptor("OU=Postes", f"{_BARE}(D;;SD;;;WD)")),
        healthy(descriptor("OU=Postes", f"{_BARE}(D;CIIO;SDDT;;;WD)")),
        healthy(descriptor("OU=Postes", f"{_BARE}(D;;SDDT;;;DA)")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(descriptor("OU=Postes", f"{_BARE}(D;;SD;;;WD)(D;;DT;;;WD)")),
        healthy(
            descriptor("OU=Domain Controllers", _BARE),
            change("OU=Domain Controllers", iscriticalsystemobject=True),
        ),
    ),
    unmeasured=(
        healthy(hidden_descriptor("OU=Postes")),
        healthy(unread("domain", "organizationalunit")),
    ),
)
