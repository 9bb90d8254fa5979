"""Kerberos ciphers of the domain controllers (vuln_dc_crypto)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import (
    change,
    child_domain,
    computer,
    healthy,
    hide,
    unread,
)
from checks.ad._shared.verdicts import PROOFS, Found, failed
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain whose controllers take DES (level 2), lack AES (3) or take RC4 (4)."""
    for domain in forest.domains:
        found: list[Found] = []
        levels: set[int] = set()
        why = forest.unread("domain", "computer", "msds-supportedencryptiontypes", domain=domain)
        for one in (each.account for each in forest.controllers if not each.is_entra):
            failing = _levels(one.encryption)
            is_known = bool(one.encryption) or not why
            if one.domain is domain and failing and is_known:
                levels.update(failing)
                value = f"0x{one.encryption:X}"
                proof = "ciphers" if one.encryption else "absent"
                found.append((one, Proof(proof, {"dn": one.dn, "value": value})))
        yield from failed(forest, domain, found, *levels)
        if why:
            yield NotMeasured(forest.place(domain), why)


def _levels(held: int) -> list[int]:
    """Give the levels that a value fails; none at all means RC4, and AES unsaid."""
    rules = {
        2: bool(held & flags.DES),
        3: not held & flags.AES,
        4: bool(held & flags.RC4) or not held,
    }
    return [level for level, fails in rules.items() if fails]


POINT = Point(
    id="vuln_dc_crypto",
    levels=(2, 3, 4),
    condition=Condition.PUBLISHED,
    effort=1,
    base="{D}",
    query="(|(primaryGroupID=516)(primaryGroupID=521))",
)

CHECK = Check(
    id="ad.dc-crypto",
    title_fr="Chiffrements Kerberos faibles sur les contrôleurs de domaine",
    title_en="Weak Kerberos ciphers on domain controllers",
    risk_fr="Des tickets chiffrés en DES ou en RC4 se cassent hors ligne.",
    risk_en="Tickets encrypted with DES or RC4 are broken offline.",
    criticality=Criticality.HIGH,
    references=("ANSSI vuln_dc_crypto", "MITRE T1558"),
    remedy_fr=(
        "Par une stratégie de groupe des contrôleurs, n'autoriser qu'AES128, AES256 et les "
        "chiffrements futurs, après lecture des événements 4768 et 4769 (comptes encore en "
        "RC4)."
    ),
    remedy_en=(
        "By a group policy of the controllers, allow AES128, AES256 and future ciphers "
        "alone, once events 4768 and 4769 were reviewed (accounts still on RC4)."
    ),
    proofs={
        **PROOFS,
        "ciphers": Wording(
            "{dn} : msDS-SupportedEncryptionTypes {value} (DES 0x3, RC4 0x4, AES 0x18).",
            "{dn}: msDS-SupportedEncryptionTypes {value} (DES 0x3, RC4 0x4, AES 0x18).",
        ),
        "absent": Wording(
            (
                "{dn} : msDS-SupportedEncryptionTypes vide ({value}) : RC4 est admis, AES "
                "n'est pas dit."
            ),
            ("{dn}: msDS-SupportedEncryptionTypes empty ({value}): RC4 is taken, AES is not told."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change("DC1$", {"msds-supportedencryptiontypes": 0x1B})),
        healthy(change("DC1$", {"msds-supportedencryptiontypes": 0x1C})),
        healthy(change("DC1$", {"msds-supportedencryptiontypes": 4})),
        healthy(hide("DC1$", "msds-supportedencryptiontypes")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(
            computer("AzureADKerberos", {"msds-supportedencryptiontypes": None}, primarygroupid=521)
        ),
    ),
    unmeasured=(
        healthy(unread("domain", "computer")),
        healthy(
            unread("domain", "msds-supportedencryptiontypes"),
            hide("DC1$", "msds-supportedencryptiontypes"),
        ),
    ),
)
