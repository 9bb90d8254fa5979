"""Accounts named after a ward or a task, which several people seem to share."""

import re
import unicodedata
from collections.abc import Iterator

from checks.ad._shared.healthy import child_domain, healthy, unread, user
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Confidence, Criticality, Proof, Verdict, Wording

_WORDS = frozenset(
    """accueil admission admissions bloc brancardage consultation consultations copieur garde
    gardes ide imprimante interne internes labo laboratoire maternite pharmacie poste radio
    radiologie reanimation salle scan scanner secretariat soins stage stagiaire stagiaires
    standard test urgence urgences""".split()  # noqa: SIM905 - read as a list of words
)
_BUSY = 1_000
_LONGEST = 256


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with enabled users named like a ward whose password lasts, or that are used a lot."""
    found: list[Found] = []
    for one in forest.users:
        if not one.is_enabled or one in forest.privileged:
            continue
        count = one.number("logoncount") or 0
        if one.uac & flags.NEVER_EXPIRES or count > _BUSY:
            word = _word(one.name)
            if word:
                values = {"dn": one.dn, "word": word, "uac": f"0x{one.uac:x}", "count": str(count)}
                found.append((one, Proof("generic", values)))
    yield from by_domain(forest, found, confidence=Confidence.TENTATIVE)
    yield from gaps(forest, "domain", "user", "useraccountcontrol", "logoncount")


def _word(name: str) -> str:
    """Give the word of a ward in a name, accents and digits apart; empty for none."""
    plain = unicodedata.normalize("NFKD", name[:_LONGEST].casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return next((word for word in re.split("[^a-z]+", letters) if word in _WORDS), "")


POINT = Point(
    id="shared_generic_accounts",
    effort=3,
    base="{D}",
    query="(&(objectCategory=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.shared-generic-accounts",
    title_fr="Comptes génériques de service de soins",
    title_en="Generic ward accounts",
    risk_fr="Un mot de passe connu de tout un service ne dit plus qui a fait quoi dans le dossier d'un patient, et ne se change jamais.",
    risk_en="A password known to a whole ward no longer tells who did what in a patient's record, and never changes.",
    criticality=Criticality.LOW,
    references=("MITRE T1078.002",),
    remedy_fr="Passer à des comptes nominatifs avec carte CPS ou e-CPS (Pro Santé Connect) ; d'ici là, limiter ces comptes à leurs postes et sans accès distant.",
    remedy_en="Move to personal accounts with a professional card (CPS, e-CPS, Pro Santé Connect); until then, hold these accounts to their workstations, without remote access.",
    proofs={
        **PROOFS,
        "generic": Wording(
            "{dn} : nom générique (« {word} »), userAccountControl = {uac}, {count} connexions.",
            "{dn}: generic name (“{word}”), userAccountControl = {uac}, {count} logons.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(user("urgences2", uac=flags.NEVER_EXPIRES)),
        healthy(user("ide.cardio", logoncount=5_000)),
        healthy(user("MATERNITÉ", uac=flags.NEVER_EXPIRES)),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(user("p.garde", logoncount=10)),
        healthy(user("davide", uac=flags.NEVER_EXPIRES)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
