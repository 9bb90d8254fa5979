"""More than a tenth of the accounts never renew their password (vuln_dont_expire)."""

from collections.abc import Iterator

from checks.ad._shared.accounts import LASTING, lasting
from checks.ad._shared.healthy import healthy, many, unread
from checks.ad._shared.verdicts import PROOFS, failed, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_MOST = 0.1


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest more than a tenth of whose enabled users never have to renew their password."""
    enabled, found = lasting(forest)
    if len(found) > _MOST * enabled:
        values = {"count": str(len(found)), "all": str(enabled)}
        values["percent"] = f"{100 * len(found) / enabled:.0f}"
        head = [Proof("share", values)]
        yield from failed(forest, None, found, *POINT.levels, head=head)
    yield from gaps(forest, "domain", "user", "useraccountcontrol")


POINT = Point(
    id="vuln_dont_expire",
    levels=(2,),
    effort=2,
    base="{D}",
    query="(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=65536)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
)

CHECK = Check(
    id="ad.dont-expire",
    title_fr="Plus de 10 % de comptes dont le mot de passe n'expire jamais",
    title_en="More than 10% of accounts with a password that never expires",
    risk_fr="Des mots de passe qui ne changent jamais finissent dans les fuites et les fichiers partagés, et y restent valables.",
    risk_en="Passwords that never change end up in leaks and shared files, and stay valid there.",
    criticality=Criticality.HIGH,
    references=(
        "ANSSI vuln_dont_expire",
        "MITRE T1078.002",
    ),
    remedy_fr="Retirer l'option ; pour les comptes de service recensés, définir une PSO (mot de passe long, renouvelé tous les trois ans au plus) ou passer en gMSA.",
    remedy_en="Clear the option; for listed service accounts, define a PSO (a long password, renewed every three years at most) or move to gMSA.",
    proofs={
        **PROOFS,
        **LASTING,
        "share": Wording(
            "{count} comptes sur {all} comptes d'utilisateur activés, soit {percent} % ; le seuil est de 10 %.",
            "{count} accounts of {all} enabled user accounts, that is {percent}%; the threshold is 10%.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(many(2, "service", uac=flags.NEVER_EXPIRES)),
        healthy(many(8, "base"), many(2, "service", uac=flags.NEVER_EXPIRES)),
    ),
    clean=(
        healthy(),
        healthy(many(14, "base"), many(1, "service", uac=flags.NEVER_EXPIRES)),
        healthy(many(5, "HealthMailbox", uac=flags.NEVER_EXPIRES)),
        healthy(many(5, "parti", uac=flags.NEVER_EXPIRES, enabled=False)),
    ),
    unmeasured=(healthy(unread("domain", "user")),),
)
