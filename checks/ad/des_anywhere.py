"""Accounts still declare DES."""

from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, computer, healthy, unread
from checks.ad._shared.verdicts import PROOFS, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled accounts whose encryption types hold a DES one."""
    found = [
        (one, Proof("des", {"dn": one.dn, "types": str(one.encryption)}))
        for one in forest.having("msds-supportedencryptiontypes")
        if one.encryption & flags.DES and one.is_account and one.is_enabled
    ]
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", "msds-supportedencryptiontypes")


POINT = Point(
    id="des_anywhere",
    effort=2,
    base="{D}",
    query="(msDS-SupportedEncryptionTypes:1.2.840.113556.1.4.804:=3)",
)

CHECK = Check(
    id="ad.des-anywhere",
    title_fr="DES encore déclaré",
    title_en="DES still declared",
    risk_fr="Le DES se casse en quelques heures ; un contrôleur ancien ou mal réglé peut encore s'en servir pour ces comptes.",
    risk_en="DES breaks in hours; an old or misconfigured controller may still use it for these accounts.",
    criticality=Criticality.HIGH,
    references=(
        "RFC 6649",
        "MITRE T1558",
    ),
    remedy_fr="Retirer les bits 1 et 2 de msDS-SupportedEncryptionTypes, sur le compte ou par la stratégie « types de chiffrement autorisés pour Kerberos ».",
    remedy_en="Clear bits 1 and 2 of msDS-SupportedEncryptionTypes, on the account or by the policy « Configure encryption types allowed for Kerberos ».",
    proofs={
        **PROOFS,
        "des": Wording(
            "{dn} : msDS-SupportedEncryptionTypes = {types}.",
            "{dn}: msDS-SupportedEncryptionTypes = {types}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(computer("IRM-01", {"msds-supportedencryptiontypes": 31})),),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(computer("IRM-01", {"msds-supportedencryptiontypes": 31}, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "msds-supportedencryptiontypes")),),
)
