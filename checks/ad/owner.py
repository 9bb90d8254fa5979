"""Objects belong to other than administrators (vuln_owner)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older
from checks.ad._shared.healthy import (
    child_domain,
    computer,
    healthy,
    hidden_descriptor,
    owned,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain, Entry
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_DAYS = 7
_TOLD = 20
_CLASSES = (
    "user",
    "computer",
    "group",
    "organizationalunit",
    "grouppolicycontainer",
    "msds-managedserviceaccount",
    "msds-groupmanagedserviceaccount",
)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with objects, a week old or more, whose owner is no administrator group."""
    expected = {sids.ADMINISTRATORS, sids.SYSTEM, forest.root.rid(sids.ENTERPRISE_ADMINS)}
    expected.update(one.rid(sids.DOMAIN_ADMINS) for one in forest.domains)
    found: dict[Domain | None, list[Found]] = {}
    owners: dict[Domain | None, dict[str, int]] = {}
    hidden: dict[Domain | None, Entry] = {}
    for one in forest.of(*_CLASSES):
        held = one.descriptor
        if held is None:
            hidden.setdefault(one.domain, one)
        elif held.owner and held.owner not in expected and is_older(forest, one.created, _DAYS):
            who = forest.name_of(held.owner, one.domain)
            found.setdefault(one.domain, []).append(
                (one, Proof("owned", {"dn": one.dn, "who": who}))
            )
            count = owners.setdefault(one.domain, {})
            count[who] = count.get(who, 0) + 1
    for domain, objects in found.items():
        most = sorted(owners[domain].items(), key=lambda one: (-one[1], one[0]))[:_TOLD]
        head = [Proof("owner", {"who": who, "count": str(count)}) for who, count in most]
        yield from failed(forest, domain, objects, *POINT.levels, head=head)
    for domain, one in hidden.items():
        yield NotMeasured(forest.place(domain), f"hidden: {one.dn}")
    yield from gaps(forest, "domain", *_CLASSES, "ntsecuritydescriptor")


POINT = Point(
    id="vuln_owner",
    levels=(3,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(|(&(objectCategory=person)(objectClass=user))(objectCategory=computer)(objectCategory=group)(objectClass=organizationalUnit)(objectClass=groupPolicyContainer))",
)

CHECK = Check(
    id="ad.owner",
    title_fr="Objets appartenant à d'autres que les administrateurs",
    title_en="Objects that belong to other than administrators",
    risk_fr=(
        "Le propriétaire d'un objet peut en changer les droits, donc en prendre le contrôle, même "
        "si aucun droit ne lui est donné."
    ),
    risk_en=(
        "The owner of an object can change its rights, and so take control of it, even when given "
        "no right at all."
    ),
    criticality=Criticality.MEDIUM,
    references=(
        "ANSSI vuln_owner",
        "MITRE T1222.001",
        "MITRE T1098",
    ),
    remedy_fr=(
        "Rendre ces objets aux Admins du domaine (Set-Acl, ou dsacls après prise de possession) "
        "et contrôler le compte qui joint les machines au domaine."
    ),
    remedy_en=(
        "Give these objects back to Domain Admins (Set-Acl, or dsacls after taking ownership) and "
        "check the account that joins machines to the domain."
    ),
    proofs={
        **PROOFS,
        "owner": Wording(
            "{who} possède {count} objet(s).",
            "{who} owns {count} object(s).",
        ),
        "owned": Wording(
            "{dn} appartient à {who}.",
            "{dn} belongs to {who}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(owned("POSTE-001$", "m.durand")),
        healthy(owned("OU=Personnel", "adm.martin")),
        healthy(child_domain(), owned("SUB\\krbtgt", "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("NEUF", created_days=3), owned("NEUF$", "m.durand")),
        healthy(owned("POSTE-001$", "S-1-5-18")),
    ),
    unmeasured=(
        healthy(hidden_descriptor("POSTE-001$")),
        healthy(unread("domain", "computer")),
    ),
)
