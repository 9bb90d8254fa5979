"""DnsAdmins holds who is not privileged, or others control it (vuln_dnsadmins)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    grant,
    group,
    healthy,
    hidden_descriptor,
    member,
    owned,
    without,
)
from checks.ad._shared.permissions import PROOFS, proof_of
from checks.ad._shared.verdicts import failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Domain, Entry
from core.directory.rights import Right
from core.facts import Facts
from core.model import Confidence, Criticality, NotMeasured, Proof, Verdict, Wording

_OWN_RIDS = 1_000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose DnsAdmins has an unprivileged member, or is controlled by others."""
    for domain in forest.domains:
        groups = _groups(forest, domain)
        if not groups:
            yield NotMeasured(forest.place(domain), "hidden: DnsAdmins")
            continue
        found = [
            (one, Proof("member", {"dn": one.dn, "group": group_.name}))
            for group_ in groups
            for one in sorted(forest.everyone_in(group_), key=lambda one: one.row)
            if not one.is_group and one not in forest.privileged
        ]
        controls = forest.controllers_of(*groups)
        found += [(one.target, proof_of(forest, one)) for one in controls]
        yield from failed(forest, domain, found, *POINT.levels, confidence=Confidence.FIRM)
        if any(one.descriptor is None for one in groups):
            yield NotMeasured(forest.place(domain), f"hidden: {groups[0].dn}")
    yield from gaps(forest, "domain", "group", "member")


def _groups(forest: Directory, domain: Domain) -> list[Entry]:
    """Give the group by its name or, where renamed, the own groups that write DNS settings."""
    here = [one for one in forest.groups if one.domain is domain]
    named = [one for one in here if one.name.lower() == "dnsadmins"]
    settings = forest.in_system(domain, "CN=MicrosoftDNS")
    if named or settings is None:
        return named
    writing = {one.trustee for one in forest.rights_on(settings) if one.rights & Right.WRITE_SOME}
    return [one for one in here if one.sid in writing and (one.rid or 0) >= _OWN_RIDS]


POINT = Point(
    id="vuln_dnsadmins",
    levels=(1,),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(&(objectClass=group)(sAMAccountName=DnsAdmins))",
)

CHECK = Check(
    id="ad.dnsadmins",
    title_fr=("DnsAdmins compte des membres non privilégiés ou est contrôlé par d'autres"),
    title_en="DnsAdmins has unprivileged members or is controlled by others",
    risk_fr=(
        "Un membre de ce groupe peut faire charger son programme par le service DNS et devenir "
        "maître du contrôleur de domaine."
    ),
    risk_en=(
        "A member of this group can have the DNS service load a program of theirs and become "
        "master of the domain controller."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_dnsadmins",
        "MITRE T1543.003",
        "MITRE T1098",
    ),
    remedy_fr=(
        "Vider DnsAdmins, en rendre la propriété aux Admins du domaine et déléguer la gestion des "
        "zones par des droits ciblés."
    ),
    remedy_en=(
        "Empty DnsAdmins, give its ownership back to Domain Admins and delegate the management of "
        "zones by targeted rights."
    ),
    proofs={
        **PROOFS,
        "member": Wording(
            "{dn} est membre de {group} sans être privilégié.",
            "{dn} is a member of {group} without being privileged.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(member("DnsAdmins", "m.durand")),
        healthy(group("Réseau", members=["m.durand"], groups=["DnsAdmins"])),
        healthy(owned("DnsAdmins", "m.durand")),
        healthy(grant("DnsAdmins", "(A;;GA;;;@m.durand)")),
        healthy(change("DnsAdmins", samaccountname="Admins DNS"), member("DnsAdmins", "m.durand")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(member("DnsAdmins", "adm.martin")),
        healthy(change("DnsAdmins", samaccountname="Admins DNS")),
    ),
    unmeasured=(
        healthy(without("CN=MicrosoftDNS,CN=System", "DnsAdmins")),
        healthy(hidden_descriptor("DnsAdmins")),
    ),
)
