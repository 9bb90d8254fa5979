"""Essential objects that cannot be read (vuln_critical_objects)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    healthy,
    hidden_descriptor,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, failed
from checks.registry import Check
from core.directory import sids
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Objects
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_OF_DOMAIN = (sids.ADMINISTRATOR, sids.KRBTGT, sids.DOMAIN_ADMINS)
_OF_ROOT = (sids.SCHEMA_ADMINS, sids.ENTERPRISE_ADMINS)


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose essential objects, or their descriptors, did not come."""
    for domain in forest.domains:
        # The objects alone: that one of them is a member that was not read is no reason to be mute.
        why = Objects.unread(forest, "domain", "user", "group", "container", domain=domain)
        if why or not domain.sid:
            yield NotMeasured(forest.place(domain), why or f"hidden: {domain.dn}")
            continue
        wanted = {
            domain.rid(one): forest.account(domain, one)
            for one in (*_OF_DOMAIN, *(_OF_ROOT if domain.is_root else ()))
        }
        wanted["CN=AdminSDHolder"] = forest.in_system(domain, "CN=AdminSDHolder")
        lost = [Proof("lost", {"what": name}) for name, one in wanted.items() if one is None]
        found = [
            (one, Proof("hidden", {"dn": one.dn}))
            for one in wanted.values()
            if one is not None and one.descriptor is None
        ]
        yield from failed(forest, domain, found, *POINT.levels, head=lost)


POINT = Point(
    id="vuln_critical_objects",
    levels=(1,),
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(|(sAMAccountName=krbtgt)(cn=AdminSDHolder)(adminCount=1))",
)

CHECK = Check(
    id="ad.critical-objects",
    title_fr="Objets essentiels illisibles",
    title_en="Essential objects not readable",
    risk_fr=(
        "Sans ces objets, l'état réel des privilèges est inconnu : les autres points ne sont "
        "pas fiables."
    ),
    risk_en=(
        "Without these objects the true state of privileges is unknown: the other points are "
        "not reliable."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_critical_objects",),
    remedy_fr=(
        "Refaire l'audit avec un compte qui lit ces objets et leur descripteur de sécurité, "
        "et rétablir les droits de lecture par défaut."
    ),
    remedy_en=(
        "Run the audit again with an account that reads these objects and their security "
        "descriptor, and restore the default read rights."
    ),
    proofs={
        **PROOFS,
        "lost": Wording("{what} : introuvable.", "{what}: not found."),
        "hidden": Wording(
            "{dn} : descripteur de sécurité illisible (nTSecurityDescriptor).",
            "{dn}: security descriptor not readable (nTSecurityDescriptor).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(without("krbtgt")),
        healthy(hidden_descriptor("Domain Admins")),
        healthy(without("CN=AdminSDHolder,CN=System")),
        healthy(without("Schema Admins")),
        healthy(child_domain(), hidden_descriptor("SUB\\Administrator")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("domain", "group")),),
)
