"""Local passwords are readable like any attribute (LAPS)."""

from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.schema import CONFIDENTIAL
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_PASSWORDS = ("ms-mcs-admpwd", "mslaps-password")


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a schema whose LAPS passwords are not marked confidential."""
    found: list[Found] = []
    for one in forest.of("attributeschema"):
        name = one.text("ldapdisplayname")
        flags_ = one.number("searchflags")
        if name.lower() in _PASSWORDS and flags_ is not None and not flags_ & CONFIDENTIAL:
            found.append((one, Proof("open", {"dn": one.dn, "name": name, "flags": str(flags_)})))
    yield from failed(forest, None, found)
    yield from gaps(forest, "schema", "attributeschema", "searchflags")


POINT = Point(
    id="laps_confidential_flag",
    effort=1,
    base="{S}",
    query="(|(lDAPDisplayName=ms-Mcs-AdmPwd)(lDAPDisplayName=msLAPS-Password))",
)

CHECK = Check(
    id="ad.laps-confidential-flag",
    title_fr="Mots de passe locaux (LAPS) non confidentiels dans le schéma",
    title_en="Local passwords (LAPS) not confidential in the schema",
    risk_fr=(
        "Tout compte qui lit les attributs des machines lit leur mot de passe d'administration."
    ),
    risk_en=(
        "Any account that reads the attributes of machines reads their administration password."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "MS-ADTS 3.1.1.2.3",
        "MITRE T1555",
    ),
    remedy_fr=(
        "Remettre le bit 128 de searchFlags sur cet attribut, puis changer tous les mots de passe "
        "locaux."
    ),
    remedy_en=(
        "Set bit 128 of searchFlags again on this attribute, then change every local password."
    ),
    proofs={
        **PROOFS,
        "open": Wording(
            ("{dn} : searchFlags = {flags} pour {name}, bit 128 (confidentiel) absent."),
            ("{dn}: searchFlags = {flags} for {name}, bit 128 (confidential) missing."),
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(healthy(change("CN=ms-Mcs-AdmPwd,CN=Schema,CN=Configuration", searchflags=0)),),
    clean=(
        healthy(),
        healthy(child_domain()),
    ),
    unmeasured=(healthy(unread("schema")),),
)
