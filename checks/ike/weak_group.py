"""The gateway takes a Diffie-Hellman group whose secrets a state, or a budget, can compute."""

from collections.abc import Iterator

from checks._shared.ike import CARE, GUIDE, WEAK_GROUPS, answer, example
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ike import IkeAnswer, IkeService

_SHORT_GROUP = 5
"""MODP of 1536 bits: SHOULD NOT be used any more (RFC 8247 §2.4)."""


def judge(seen: IkeService, _facts: Facts) -> Iterator[Verdict]:
    """Flag groups of 1024 bits or fewer; one of 1536, that the gateway itself chose, less gravely."""
    taken = [one for one in seen.answers if one.group is not None]
    weak = [one for one in taken if one.group in WEAK_GROUPS]
    if seen.weak_groups or weak:
        yield Flagged(seen.place, Confidence.CERTAIN, (Proof("weak", {"groups": _named(weak)}),))
        return
    short = [one for one in taken if one.group == _SHORT_GROUP]
    if short:
        proof = Proof("short", {"groups": _named(short)})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,), Criticality.MEDIUM)
    if seen.weak_groups is None:
        yield NotMeasured(seen.place, seen.why.get("weak_groups", "not-offered"))


def _named(answers: list[IkeAnswer]) -> str:
    spoken = (
        f"{one.group_name or one.group} ({'IKEv2' if one.question.startswith('v2') else 'IKEv1'})"
        for one in answers
    )
    return ", ".join(dict.fromkeys(spoken)) or "—"


CHECK = Check(
    id="ike.weak-group",
    title_fr="La passerelle IPsec accepte un groupe Diffie-Hellman trop court",
    title_en="The IPsec gateway accepts a Diffie-Hellman group that is too short",
    risk_fr=(
        "La clé de chaque liaison VPN vient d'un calcul que des moyens d'État, ou bientôt loués, "
        "savent renverser à 1024 bits : ce qui a été enregistré sur le trajet se lit alors, "
        "données de santé comprises."
    ),
    risk_en=(
        "The key of each VPN link comes from a computation that the means of a state, or soon "
        "rented ones, can undo at 1024 bits: what was recorded on the path can then be read, "
        "health data included."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("RFC 8247, 2.4", "RFC 7296", "CVE-2015-4000", GUIDE),
    remedy_fr=(
        "Sur la passerelle et chez chaque partenaire, n'admettre que les groupes 19, 20, 21, 31, "
        "15 ou 16 (14 au moins) en phase 1 comme en phase 2 (PFS) ; retirer 1, 2, 5, 22, 23 et 24."
    ),
    remedy_en=(
        "On the gateway and at each partner's, admit groups 19, 20, 21, 31, 15 or 16 alone (14 at "
        "least) in phase 1 and in phase 2 (PFS); remove 1, 2, 5, 22, 23 and 24."
    ),
    proofs={
        "weak": Wording(
            "Groupe de 1024 bits ou moins retenu par la passerelle : {groups}.",
            "Group of 1024 bits or fewer taken by the gateway: {groups}.",
        ),
        "short": Wording(
            "Groupe de 1536 bits choisi par la passerelle : {groups} ; criticité ramenée à "
            "« moyenne ».",
            "Group of 1536 bits chosen by the gateway: {groups}; brought down to medium.",
        ),
    },
    reads=IkeService,
    judge=judge,
    flagged=(
        example(answer("v1-main", 2, authentication="PSK"), v1=True, weak_groups=(2,)),
        example(answer("v2-weak", 22, group_name="MODP-1024-160"), weak_groups=(22,)),
        example(answer("v1-main", 5, authentication="PSK"), v1=True, weak_groups=()),
    ),
    clean=(example(),),
    unmeasured=(example(weak_groups=None, why={"weak_groups": "intensity"}),),
)
