"""Domain controllers in an inconsistent state (vuln_dc_inconsistent_uac)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import lacking
from checks.ad._shared.healthy import (
    child_domain,
    computer,
    controller,
    healthy,
    hide,
    thing,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags, sids
from core.directory.controllers import Controller
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_WRITABLE = flags.CONTROLLER | flags.UNCONSTRAINED
_READ_ONLY = flags.PARTIAL_SECRETS | flags.PROTOCOL_TRANSITION | flags.WORKSTATION
_ORPHAN = "CN=ANCIEN,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag the controllers whose flags, group and server object disagree, and lone server objects."""
    accounts = [one for one in forest.controllers if not one.is_entra]
    seen = forest.unread("configuration", "server", "ntdsdsa", "ntdsdsaro", "serverreference") == ""
    found: list[Found] = []
    for one in accounts:
        if one.account.has("useraccountcontrol") and one.account.primary_group is not None:
            found += _in_account(one)
        if seen:
            found += _in_sites(one)
    every = all(not forest.unread("domain", "computer", domain=one) for one in forest.domains)
    if seen and every:
        known = {one.server for one in forest.controllers}
        found += [
            (one, Proof("orphan", {"dn": one.dn}))
            for one in forest.of("server")
            if one not in known
            # A clean demotion leaves the rest: ad.server-leftover.
            and any(child.kind.startswith("ntdsdsa") for child in forest.children(one))
        ]
    yield from by_domain(forest, found, *POINT.levels)
    yield from gaps(forest, "domain", "computer", "useraccountcontrol", "primarygroupid")
    yield from gaps(forest, "configuration", "server", "ntdsdsa", "ntdsdsaro", "serverreference")
    if not found:
        needed = ("useraccountcontrol", "primarygroupid")
        yield from lacking(forest, [one.account for one in accounts], *needed)


def _in_account(one: Controller) -> Iterator[Found]:
    """Give what is wrong in the account alone."""
    bits = _READ_ONLY if one.is_read_only else _WRITABLE
    group = sids.READ_ONLY_CONTROLLERS if one.is_read_only else sids.DOMAIN_CONTROLLERS
    account = one.account
    if account.uac & bits != bits or account.primary_group != group:
        values = {"dn": account.dn, "uac": f"0x{account.uac:X}", "bits": f"0x{bits:X}"}
        values |= {"group": str(account.primary_group), "wanted": str(group)}
        yield account, Proof("account", values)


def _in_sites(one: Controller) -> Iterator[Found]:
    """Give what is wrong in the objects by which it replicates."""
    wanted = "ntdsdsaro" if one.is_read_only else "ntdsdsa"
    settings = one.settings
    if one.server is None:
        yield one.account, Proof("server", {"dn": one.account.dn})
    elif settings is None or settings.kind != wanted or not settings.has("msds-behavior-version"):
        yield one.account, Proof("settings", {"dn": one.account.dn, "server": one.server.dn})


POINT = Point(
    id="vuln_dc_inconsistent_uac",
    levels=(1,),
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(|(userAccountControl:1.2.840.113556.1.4.803:=8192)(userAccountControl:1.2.840.113556.1.4.803:=67108864)(primaryGroupID=516)(primaryGroupID=521))",
)

CHECK = Check(
    id="ad.dc-inconsistent-uac",
    title_fr="Contrôleurs de domaine dans un état incohérent",
    title_en="Domain controllers in an inconsistent state",
    risk_fr=(
        "Un compte qui n'a que certains traits d'un contrôleur peut être le vestige d'une "
        "panne, ou une porte dérobée qui réplique tous les secrets."
    ),
    risk_en=(
        "An account that has only some of a controller's features may be left over from a "
        "failure, or be a back door that replicates every secret."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_dc_inconsistent_uac", "MITRE T1207"),
    remedy_fr=(
        "Comparer chaque contrôleur aux valeurs attendues (userAccountControl, "
        "primaryGroupID, objet server sous CN=Sites et ses NTDS Settings) ; supprimer les "
        "vestiges (ntdsutil metadata cleanup) et enquêter sur toute origine inconnue."
    ),
    remedy_en=(
        "Compare each controller with the expected values (userAccountControl, "
        "primaryGroupID, server object under CN=Sites and its NTDS Settings); remove "
        "leftovers (ntdsutil metadata cleanup) and investigate any unknown origin."
    ),
    proofs={
        **PROOFS,
        "account": Wording(
            (
                "{dn} : userAccountControl {uac} (attendu : {bits}), primaryGroupID {group} "
                "(attendu : {wanted})."
            ),
            (
                "{dn}: userAccountControl {uac} (expected: {bits}), primaryGroupID {group} "
                "(expected: {wanted})."
            ),
        ),
        "server": Wording(
            "{dn} : aucun objet server sous CN=Sites ne le désigne (serverReference).",
            "{dn}: no server object under CN=Sites names it (serverReference).",
        ),
        "settings": Wording(
            "{dn} : NTDS Settings absent, incomplet ou d'une autre classe sous {server}.",
            "{dn}: NTDS Settings missing, incomplete or of another class under {server}.",
        ),
        "orphan": Wording(
            "{dn} : objet server avec NTDS Settings, qui ne désigne aucun contrôleur (serverReference).",
            "{dn}: server object with NTDS Settings that names no controller (serverReference).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(controller("DC3", useraccountcontrol=flags.CONTROLLER)),
        healthy(computer("POSTE-9", useraccountcontrol=flags.CONTROLLER | flags.UNCONSTRAINED)),
        healthy(
            controller("DC3"),
            without("CN=DC3,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration"),
        ),
        healthy(controller("RODC", read_only=True, primarygroupid=515)),
        healthy(thing(_ORPHAN, "server"), thing(f"CN=NTDS Settings,{_ORPHAN}", "ntdsdsa")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("RODC", read_only=True)),
        healthy(thing(_ORPHAN, "server")),
        healthy(computer("AzureADKerberos", primarygroupid=521, uac=flags.PARTIAL_SECRETS)),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(unread("configuration", "server")),
        healthy(hide("DC1$", "useraccountcontrol")),
    ),
)
