"""A product runs a branch that its vendor no longer mends."""

from collections.abc import Iterator

from checks._shared.flaws import PROOFS as FLAW_PROOFS
from checks._shared.flaws import branch_told, version_proof
from checks._shared.product import doubts, example
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Flagged, Proof, Verdict, Wording
from core.observations.product import ProductSeen


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a version or a branch whose support ended; a day to come, or none, is clean."""
    product = facts.knowledge.product(seen.product)
    if product is None or seen.version is None:
        return
    cycle = branch_told(seen.version, product, facts)
    if cycle is None:
        return
    if cycle.ended is not None:
        if cycle.ended >= facts.today:
            return
        told = Proof("ended", {"cycle": cycle.cycle, "date": cycle.ended.isoformat()})
    elif cycle.is_dead:
        told = Proof("dead", {"cycle": cycle.cycle})
    else:
        return
    proofs = [version_proof(seen, facts), told]
    if cycle.note is not None:
        proofs.append(Proof("note", {"fr": cycle.note.fr, "en": cycle.note.en}))
    proofs += doubts(product)
    sure = min(seen.confidence, seen.version_confidence)
    yield Flagged(seen.place, sure, tuple(proofs))


CHECK = Check(
    id="product.end-of-life",
    title_fr="Produit en fin de vie",
    title_en="Product at its end of life",
    risk_fr=(
        "L'éditeur ne corrige plus cette branche : la prochaine faille publiée restera ouverte, "
        "et les attaquants recherchent justement ces versions."
    ),
    risk_en=(
        "The vendor no longer mends this branch: the next published flaw will stay open, and "
        "these versions are what attackers look for."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.4", "D1.EXPO.7"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesure 35",
        "endoflife.date",
        "ReCyF 5.B.7 et 5.B.9",
    ),
    remedy_fr=(
        "Passer à une branche suivie, ou remplacer l'équipement quand il n'en admet pas ; d'ici "
        "là, le retirer d'Internet ou n'y admettre que des adresses connues."
    ),
    remedy_en=(
        "Move to a supported branch, or replace the device where it takes none; until then, take "
        "it off the Internet or let in known addresses only."
    ),
    proofs={
        **FLAW_PROOFS,
        "ended": Wording(
            "Corrections de sécurité de la branche {cycle} terminées le {date}.",
            "Security fixes of branch {cycle} ended on {date}.",
        ),
        "dead": Wording(
            "Branche {cycle} sans support, à une date que nos sources ne donnent pas.",
            "Branch {cycle} is out of support, at a date that our sources do not give.",
        ),
        "note": Wording("{fr}{en:.0}", "{en}{fr:.0}"),
    },
    reads=ProductSeen,
    judge=judge,
    flagged=(
        example("fortinet_fortios", version="6.0.18"),
        example("fortinet_fortios", version="6.0", version_gives="branch"),
    ),
    clean=(
        example("fortinet_fortios"),
        example("fortinet_fortios", version="7.6.6"),
        example("fortinet_fortios", version="?"),
        example("nobody", version="1.0"),
    ),
)
