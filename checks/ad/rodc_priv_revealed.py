"""Secrets of privileged accounts on a read-only controller (vuln_rodc_priv_revealed)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    child_domain,
    controller,
    healthy,
    unread,
)
from checks.ad._shared.read_only import read_only
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_REVEALED = "msds-revealedusers"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose read-only controllers hold the secret of a privileged account."""
    keys = {forest.krbtgt(one) for one in forest.domains}
    for domain in forest.domains:
        found: list[Found] = []
        hidden = ""
        for one in read_only(forest, domain):
            # Its own secrets are always there: with nothing at all, the attribute was hidden.
            if not one.account.has(_REVEALED):
                hidden = hidden or f"hidden: {one.account.dn} (msDS-RevealedUsers)"
            for who in dict.fromkeys(one.account.linked(_REVEALED)):
                if who is not one.account and (who in forest.privileged or who in keys):
                    values = {"dn": one.account.dn, "who": who.dn}
                    found.append((one.account, Proof("revealed", values)))
        yield from failed(forest, domain, found, *POINT.levels)
        why = forest.unread("domain", "computer", "group", "user", _REVEALED, domain=domain)
        if why or hidden:
            yield NotMeasured(forest.place(domain), why or hidden)


POINT = Point(
    id="vuln_rodc_priv_revealed",
    levels=(2,),
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(primaryGroupID=521)",
)

CHECK = Check(
    id="ad.rodc-priv-revealed",
    title_fr="Secrets de comptes privilégiés présents sur un contrôleur en lecture seule",
    title_en="Secrets of privileged accounts on a read-only controller",
    risk_fr=(
        "Ce contrôleur est placé là où l'on peut le voler : le vol livre un compte qui "
        "commande tout l'annuaire."
    ),
    risk_en=(
        "This controller stands where it may be stolen: the theft yields an account that "
        "commands the whole directory."
    ),
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_rodc_priv_revealed", "MITRE T1003"),
    remedy_fr=(
        "Interdire ces comptes dans la stratégie de réplication du contrôleur "
        "(msDS-NeverRevealGroup), puis changer leur mot de passe."
    ),
    remedy_en=(
        "Forbid these accounts in the controller's replication policy "
        "(msDS-NeverRevealGroup), then change their passwords."
    ),
    proofs={
        **PROOFS,
        "revealed": Wording(
            "{dn} détient le secret de {who} (msDS-RevealedUsers).",
            "{dn} holds the secret of {who} (msDS-RevealedUsers).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(
            controller(
                "RODC",
                {"msds-revealedusers": "B:8:00000000:CN=adm.martin,CN=Users,DC=chu,DC=example"},
                read_only=True,
            )
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            controller(
                "RODC",
                {
                    "msds-revealedusers": "B:8:00000000:CN=RODC,OU=Domain Controllers,DC=chu,DC=example"
                },
                read_only=True,
            )
        ),
    ),
    unmeasured=(
        healthy(controller("RODC", read_only=True)),
        healthy(unread("domain", "computer")),
    ),
)
