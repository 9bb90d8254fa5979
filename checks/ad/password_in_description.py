"""A password seems to stand in a text that everyone reads."""

import re
from collections.abc import Iterator

from checks.ad._shared.healthy import computer, entra_connect, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Confidence, Criticality, Proof, Verdict, Wording

_FIELDS = ("description", "info", "comment")
_SECRET = re.compile(
    r"\b(mdp|mots? ?de ?passe|pass(?:word|wd|phrase|e)?|pwd|code(?: d'acc[eè]s)?)\b"
    r"\s*(?:[:=]|->|→|\best\b|\bis\b)\s*(?!voir|cf\b|see\b|coffre|keepass|vault)(\S{3,})",
    re.IGNORECASE,
)
"""A word for « password », a sign, and something that is no pointer to a vault."""
_LONGEST = 2_000


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled accounts or groups one of whose texts names a password; its value is not told."""
    found: list[Found] = []
    for field in _FIELDS:
        for one in forest.having(field):
            match = _SECRET.search(one.text(field)[:_LONGEST])
            if match and one.is_enabled and (one.is_account or one.is_group):
                values = {
                    "dn": one.dn,
                    "field": field,
                    "word": match[1],
                    "length": str(len(match[2])),
                }
                found.append((one, Proof("text", values)))
    yield from by_domain(forest, found, confidence=Confidence.FIRM)
    yield from gaps(forest, "domain", "user", "computer", *_FIELDS)


POINT = Point(
    id="password_in_description",
    effort=1,
    base="{D}",
    query="(|(description=*mdp*)(description=*pass*)(description=*pwd*)(info=*mdp*)(comment=*mdp*))",
)

CHECK = Check(
    id="ad.password-in-description",
    title_fr="Mot de passe dans un champ lisible par tous",
    title_en="Password in a field that everyone reads",
    risk_fr="Tout compte du domaine lit ces champs : c'est la première chose qu'un intrus y cherche.",
    risk_en="Every account of the domain reads these fields: it is the first thing an intruder looks for.",
    criticality=Criticality.HIGH,
    references=("MITRE T1552.001",),
    remedy_fr="Effacer le champ, changer le mot de passe, et donner aux équipes un coffre-fort de mots de passe.",
    remedy_en="Clear the field, change the password, and give the teams a password vault.",
    proofs={
        **PROOFS,
        "text": Wording(
            "{dn} : « {word} » suivi de {length} caractères dans {field} (valeur masquée).",
            "{dn}: “{word}” followed by {length} characters in {field} (value not shown).",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("accueil", description="Borne, mdp : Soleil2024")),
        healthy(user("stage", info="Mot de passe = Hopital1!")),
        healthy(computer("SCAN-01", {"comment": "password: admin"})),
    ),
    clean=(
        healthy(),
        healthy(entra_connect()),
        healthy(user("x", description="Mot de passe : voir coffre")),
        healthy(user("x", description="Réinitialise les mots de passe")),
        healthy(user("x", description="mdp : Soleil2024", enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "description")),),
)
