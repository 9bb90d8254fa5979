"""The account of seamless single sign-on keeps its key."""

from collections.abc import Iterator

from checks.ad._shared.accounts import is_older, lacking
from checks.ad._shared.healthy import (
    computer,
    healthy,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_NAME = "azureadssoacc"
_MOST_DAYS = 40


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose AZUREADSSOACC kept its key over 40 days, or takes no AES."""
    accounts = [
        one for one in forest.computers if one.name.rstrip("$").lower() == _NAME and one.is_enabled
    ]
    found: list[Found] = []
    for one in accounts:
        if is_older(forest, one.password_set, _MOST_DAYS):
            found.append((one, Proof("old", {"dn": one.dn, "day": day(one, "pwdlastset")})))
        if one.encryption and not one.encryption & flags.AES:
            found.append((one, Proof("rc4", {"dn": one.dn, "value": f"0x{one.encryption:X}"})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "computer", "pwdlastset")
    yield from lacking(forest, accounts, "pwdlastset")


POINT = Point(
    id="azureadssoacc",
    condition=Condition.OURS,
    effort=1,
    base="{D}",
    query="(sAMAccountName=AZUREADSSOACC$)",
)

CHECK = Check(
    id="ad.azureadssoacc",
    title_fr="Clé de l'authentification unique Entra (AZUREADSSOACC) non renouvelée",
    title_en="Key of Entra seamless single sign-on (AZUREADSSOACC) not renewed",
    risk_fr=(
        "Qui a volé cette clé ouvre une session Microsoft 365 au nom de n'importe quel utilisateur."
    ),
    risk_en="Whoever stole this key opens a Microsoft 365 session as any user.",
    criticality=Criticality.HIGH,
    references=("MITRE T1558.002",),
    remedy_fr=(
        "Renouveler la clé tous les 30 jours (Update-AzureADSSOForest), ou désactiver "
        "l'authentification unique transparente."
    ),
    remedy_en=(
        "Renew the key every 30 days (Update-AzureADSSOForest), or turn seamless single "
        "sign-on off."
    ),
    proofs={
        **PROOFS,
        "old": Wording("{dn} : clé du {day}.", "{dn}: key of {day}."),
        "rc4": Wording(
            "{dn} : msDS-SupportedEncryptionTypes {value}, sans AES.",
            "{dn}: msDS-SupportedEncryptionTypes {value}, without AES.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(computer("AZUREADSSOACC", password_days=41)),
        healthy(computer("AZUREADSSOACC", {"msds-supportedencryptiontypes": 4})),
    ),
    clean=(
        healthy(),
        healthy(computer("AZUREADSSOACC", password_days=20)),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(computer("AZUREADSSOACC", {"pwdlastset": None})),
    ),
)
