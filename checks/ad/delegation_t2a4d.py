"""Delegation with protocol transition to a controller (vuln_delegation_t2a4d)."""

from collections.abc import Iterator

from checks.ad._shared.delegation import ALLOWED, DELEGATED, delegated
from checks.ad._shared.healthy import (
    cname,
    computer,
    controller,
    healthy,
    server,
    unread,
    user,
)
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Verdict


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain some of whose accounts act for anyone, who never logged on, on a controller."""
    accounts = [
        one
        for one in forest.having(ALLOWED)
        if one.is_enabled and one.uac & flags.PROTOCOL_TRANSITION and not forest.is_controller(one)
    ]
    yield from by_domain(forest, delegated(forest, accounts), *POINT.levels)
    yield from gaps(forest, "domain", "user", "computer", ALLOWED, "useraccountcontrol")


POINT = Point(
    id="vuln_delegation_t2a4d",
    levels=(1,),
    condition=Condition.OURS,
    effort=2,
    base="{D}",
    query="(&(msDS-AllowedToDelegateTo=*)(userAccountControl:1.2.840.113556.1.4.803:=16777216))",
)

CHECK = Check(
    id="ad.delegation-t2a4d",
    title_fr="Délégation avec transition de protocole vers un contrôleur de domaine ou krbtgt",
    title_en="Delegation with protocol transition to a domain controller or krbtgt",
    risk_fr=(
        "Qui tient ce compte se présente au contrôleur de domaine au nom de n'importe qui, "
        "sans que personne ne se soit connecté : il prend le domaine."
    ),
    risk_en=(
        "Whoever holds this account goes to the domain controller in anyone's name, without "
        "anyone having logged on: they take the domain."
    ),
    criticality=Criticality.CRITICAL,
    references=("ANSSI vuln_delegation_t2a4d", "MITRE T1550.003"),
    remedy_fr=(
        "Retirer de msDS-AllowedToDelegateTo tout SPN d'un contrôleur ou de krbtgt et "
        "retirer l'option « n'importe quel protocole d'authentification » "
        "(TRUSTED_TO_AUTH_FOR_DELEGATION)."
    ),
    remedy_en=(
        "Remove every SPN of a controller or of krbtgt from msDS-AllowedToDelegateTo and "
        'clear "use any authentication protocol" (TRUSTED_TO_AUTH_FOR_DELEGATION).'
    ),
    proofs={
        **PROOFS,
        **DELEGATED,
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            server(
                "SRV-APP", {"msds-allowedtodelegateto": "cifs/DC1"}, uac=flags.PROTOCOL_TRANSITION
            )
        ),
        healthy(
            server(
                "SRV-APP",
                {"msds-allowedtodelegateto": "LDAP/dc1.chu.example:389/chu.example"},
                uac=flags.PROTOCOL_TRANSITION,
            )
        ),
        healthy(
            cname("annuaire", "dc1.chu.example"),
            user(
                "svc",
                {"msds-allowedtodelegateto": "ldap/annuaire.chu.example"},
                uac=flags.PROTOCOL_TRANSITION,
            ),
        ),
        healthy(
            user(
                "svc",
                {"msds-allowedtodelegateto": "krbtgt/CHU.EXAMPLE"},
                uac=flags.PROTOCOL_TRANSITION,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(server("SRV-APP", {"msds-allowedtodelegateto": "cifs/DC1"})),
        healthy(
            computer("DC10"),
            server(
                "SRV-APP",
                {"msds-allowedtodelegateto": "cifs/DC10.chu.example"},
                uac=flags.PROTOCOL_TRANSITION,
            ),
        ),
        healthy(
            user(
                "svc",
                {"msds-allowedtodelegateto": "cifs/DC1"},
                uac=flags.PROTOCOL_TRANSITION,
                enabled=False,
            )
        ),
        healthy(controller("RODC", {"msds-allowedtodelegateto": "cifs/DC1"}, read_only=True)),
    ),
    unmeasured=(healthy(unread("domain", "computer")),),
)
