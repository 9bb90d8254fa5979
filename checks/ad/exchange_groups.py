"""Exchange keeps rights by which its servers become administrators."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    ROOT,
    child_domain,
    exchange,
    grant,
    group,
    healthy,
    hidden_descriptor,
)
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.rights import Right
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_NAMES = (
    "exchange windows permissions",
    "exchange trusted subsystem",
    "organization management",
)
_OLD = ("exchange enterprise servers", "exchange domain servers")
_GRAVE = Right.GENERIC_ALL | Right.WRITE_DAC | Right.WRITE_OWNER | Right.OWNER


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose head or AdminSDHolder lets Exchange rewrite its rights, or with its oldest groups."""
    groups = {one.sid: one for one in forest.groups if one.name.lower() in _NAMES}
    for domain in forest.domains:
        found = [
            (one, Proof("old", {"dn": one.dn}))
            for one in forest.groups
            if one.domain is domain and one.name.lower() in _OLD
        ]
        hidden = ""
        for target in (forest.head(domain), forest.in_system(domain, "CN=AdminSDHolder")):
            if target is None or target.descriptor is None:
                hidden = hidden or "hidden: nTSecurityDescriptor"
                continue
            found += [
                (target, Proof("right", {"dn": target.dn, "group": groups[held.trustee].dn}))
                for held in forest.rights_on(target)
                if held.trustee in groups and held.rights & _GRAVE
            ]
        yield from failed(forest, domain, found)
        if hidden:
            yield NotMeasured(forest.place(domain), hidden)
    yield from gaps(forest, "domain", "group")


POINT = Point(
    id="exchange_groups",
    effort=2,
    base="{D}",
    query="(|(cn=Exchange Windows Permissions)(cn=Exchange Trusted Subsystem)(cn=Exchange Enterprise Servers)(cn=Exchange Domain Servers))",
)

CHECK = Check(
    id="ad.exchange-groups",
    title_fr="Droits Exchange excessifs",
    title_en="Excessive Exchange rights",
    risk_fr="Un serveur de messagerie, exposé par nature, peut réécrire les droits du domaine et en prendre le contrôle.",
    risk_en="A mail server, exposed by nature, may rewrite the rights of the domain and take it over.",
    criticality=Criticality.HIGH,
    references=("MITRE T1098",),
    remedy_fr="Passer Setup /PrepareAllDomains avec une mise à jour récente d'Exchange (mai 2022 ou après), puis retirer les groupes d'avant 2007 ; préférer le modèle à permissions séparées.",
    remedy_en="Run Setup /PrepareAllDomains with a recent Exchange update (May 2022 or later), then remove the groups from before 2007; prefer the split permissions model.",
    proofs={
        **PROOFS,
        "right": Wording(
            "{group} peut réécrire les droits de {dn} (nTSecurityDescriptor).",
            "{group} may rewrite the rights of {dn} (nTSecurityDescriptor).",
        ),
        "old": Wording(
            "{dn} est un groupe d'Exchange 2003, aux droits étendus.",
            "{dn} is a group of Exchange 2003, with wide rights.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(exchange(), grant(ROOT, "(A;;WD;;;@Exchange Windows Permissions)")),
        healthy(
            exchange(), grant("CN=AdminSDHolder,CN=System", "(A;;GA;;;@Exchange Trusted Subsystem)")
        ),
        healthy(group("Exchange Enterprise Servers")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(exchange()),
        healthy(exchange(), grant(ROOT, "(A;CIIO;WD;;;@Exchange Windows Permissions)")),
    ),
    unmeasured=(healthy(hidden_descriptor(ROOT)),),
)
