"""Accounts that stop working when controllers refuse RC4."""

from collections.abc import Iterator

from checks.ad._shared.accounts import groups_of_rid
from checks.ad._shared.healthy import child_domain, computer, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, day, gaps
from checks.registry import Check
from core.directory import flags, sids
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled accounts that declare RC4 without AES, or older than AES keys."""
    found: list[Found] = []
    # This group is made when the domain learns AES: a password from before has no AES key.
    groups = groups_of_rid(forest, sids.READ_ONLY_CONTROLLERS)
    since = {group.domain: group.created for group in groups if group.created is not None}
    # No machine stands behind Entra's controller.
    silent = {one.account for one in forest.controllers if one.is_entra}
    for one in (*forest.users, *forest.computers):
        if not one.is_enabled or one in silent:
            continue
        start, renewed = since.get(one.domain), one.password_set
        values = {"dn": one.dn, "types": str(one.encryption), "day": day(one, "pwdlastset")}
        if one.encryption & flags.RC4 and not one.encryption & flags.AES:
            found.append((one, Proof("rc4", values)))
        elif start is not None and renewed is not None and renewed < start:
            found.append((one, Proof("keys", values)))
    yield from by_domain(forest, found)
    yield from gaps(
        forest, "domain", "user", "computer", "pwdlastset", "msds-supportedencryptiontypes"
    )


POINT = Point(
    id="rc4_accounts_2026",
    effort=2,
    base="{D}",
    query="(&(msDS-SupportedEncryptionTypes:1.2.840.113556.1.4.803:=4)(!(msDS-SupportedEncryptionTypes:1.2.840.113556.1.4.804:=24))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.rc4-accounts-2026",
    title_fr="Comptes qui ne tiennent que par RC4, bloqué par les mises à jour de 2026",
    title_en="Accounts that only have RC4, which the 2026 updates block",
    risk_fr="Ces comptes cesseront de s'authentifier quand les contrôleurs refuseront RC4 (KB5073381) : une application de soins peut s'arrêter. D'ici là, leur mot de passe se cherche vite.",
    risk_en="These accounts will stop authenticating when controllers refuse RC4 (KB5073381): a care application may stop. Until then, their password is searched fast.",
    criticality=Criticality.HIGH,
    references=(
        "Microsoft KB5073381",
        "CVE-2026-20833",
        "MITRE T1558.003",
    ),
    remedy_fr="Déclarer AES (msDS-SupportedEncryptionTypes = 24, ou 28 le temps d'une transition), puis changer le mot de passe pour que les clés AES existent.",
    remedy_en="Declare AES (msDS-SupportedEncryptionTypes = 24, or 28 during a transition), then change the password so that AES keys exist.",
    proofs={
        **PROOFS,
        "rc4": Wording(
            "{dn} déclare RC4 sans AES (msDS-SupportedEncryptionTypes = {types}, mot de passe du {day}).",
            "{dn} declares RC4 without AES (msDS-SupportedEncryptionTypes = {types}, password of {day}).",
        ),
        "keys": Wording(
            "{dn} : mot de passe du {day}, d'avant les clés AES du domaine (msDS-SupportedEncryptionTypes = {types}).",
            "{dn}: password of {day}, from before the domain had AES keys (msDS-SupportedEncryptionTypes = {types}).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(computer("NAS", {"msds-supportedencryptiontypes": 4})),
        healthy(user("svc-vieux", password_days=401, created_days=5_000)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("NAS", {"msds-supportedencryptiontypes": 28})),
        healthy(computer("NAS", {"msds-supportedencryptiontypes": 4}, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "msds-supportedencryptiontypes")),),
)
