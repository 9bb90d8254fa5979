"""Names of services or people that differ by deceptive characters alone."""

import unicodedata
from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_ATTRIBUTES = ("serviceprincipalname", "userprincipalname")
_LONGEST = 1_024


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest where names of two accounts meet once normalised, or an SPN hides characters."""
    found: list[Found] = []
    for attribute in _ATTRIBUTES:
        seen: dict[str, dict[str, Entry]] = {}
        for one in forest.having(attribute):
            for name in one.texts(attribute):
                if name.isascii():
                    seen.setdefault(name.casefold(), {}).setdefault(name.casefold(), one)
                    continue
                plain = _plain(name)
                seen.setdefault(plain, {}).setdefault(name.casefold(), one)
                if attribute == "serviceprincipalname" or _hides(name):
                    found.append((one, _proof(one, attribute, name)))
        for forms in seen.values():
            if len(set(forms.values())) > 1:
                found += [(one, _proof(one, attribute, form)) for form, one in forms.items()]
    yield from failed(forest, None, found)
    yield from gaps(forest, "domain", "user", "computer", *_ATTRIBUTES)


def _plain(name: str) -> str:
    shown = "".join(one for one in name[:_LONGEST] if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", shown).casefold()


def _hides(name: str) -> bool:
    return any(unicodedata.category(one) == "Cf" for one in name[:_LONGEST])


def _proof(one: Entry, attribute: str, name: str) -> Proof:
    return Proof("name", {"dn": one.dn, "attribute": attribute, "name": ascii(name[:_LONGEST])})


POINT = Point(
    id="confusable_spn_upn",
    effort=1,
    base="{D}",
    query="(|(servicePrincipalName=*)(userPrincipalName=*))",
)

CHECK = Check(
    id="ad.confusable-spn-upn",
    title_fr="SPN ou UPN imitant un autre par des caractères trompeurs",
    title_en="SPNs or UPNs that imitate another by deceptive characters",
    risk_fr="Un nom qui se lit comme un autre détourne les tickets destinés au vrai service, ou les droits d'une autre personne (CVE-2026-25177).",
    risk_en="A name that reads like another diverts the tickets meant for the true service, or the rights of another person (CVE-2026-25177).",
    criticality=Criticality.HIGH,
    references=(
        "CVE-2026-25177",
        "MITRE T1036",
    ),
    remedy_fr="Supprimer la valeur, mettre à jour les contrôleurs, et revoir qui peut écrire servicePrincipalName et userPrincipalName.",
    remedy_en="Delete the value, update the controllers, and review who may write servicePrincipalName and userPrincipalName.",
    proofs={
        **PROOFS,
        "name": Wording("{dn} : {attribute} = {name}.", "{dn}: {attribute} = {name}."),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("a", spn="HTTP/web"), user("b", spn="HTTP/w\u200beb")),
        healthy(
            user("a", userprincipalname="x@chu.example"),
            user("b", userprincipalname="ｘ@chu.example"),
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("a", userprincipalname="rené@chu.example")),
        healthy(user("a", spn="HTTP/web"), user("b", spn="HTTP/WEB")),
    ),
    unmeasured=(healthy(unread("domain", "userprincipalname")),),
)
