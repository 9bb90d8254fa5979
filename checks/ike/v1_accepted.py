"""The gateway still takes IKEv1, which RFC 9395 retired."""

from collections.abc import Iterator

from checks._shared.ike import CARE, GUIDE, agreed, answer, example
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ike import IkeService


def judge(seen: IkeService, _facts: Facts) -> Iterator[Verdict]:
    """Flag a gateway that took an offer of IKEv1, in main mode or in aggressive mode."""
    if seen.v1 is None:
        yield NotMeasured(seen.place, seen.why.get("v1", "not-offered"))
        return
    if not seen.v1:
        return
    taken = [one for one in seen.answers if one.chosen and one.question.startswith("v1")]
    told = agreed(taken[0]) if taken else "—"
    proofs = [Proof("took", {"agreed": told})]
    if any(one.authentication.startswith("XAUTH") for one in taken):
        proofs.append(Proof("xauth", {}))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


CHECK = Check(
    id="ike.v1-accepted",
    title_fr="La passerelle IPsec accepte encore IKEv1",
    title_en="The IPsec gateway still accepts IKEv1",
    risk_fr=(
        "IKEv1 n'est plus entretenu : il ne connaît ni les chiffrements récents, ni la protection "
        "contre la saturation, ni l'authentification à plusieurs facteurs. Les passerelles qui le "
        "gardent pour un vieux partenaire en héritent les failles."
    ),
    risk_en=(
        "IKEv1 is no longer maintained: it knows neither current encryption, nor protection "
        "against flooding, nor authentication with several factors. Gateways that keep it for one "
        "old partner inherit its flaws."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=("RFC 9395", "RFC 2409", GUIDE),
    remedy_fr=(
        "Passer les liaisons à IKEv2 avec le partenaire ou le prestataire qui est à l'autre bout "
        "(AES-GCM, SHA-2, groupe 19, 20 ou 14 au moins, certificats), puis désactiver IKEv1 sur la "
        "passerelle. En attendant, ne l'admettre que depuis les adresses des partenaires connus."
    ),
    remedy_en=(
        "Move the links to IKEv2 with the partner or supplier at the other end (AES-GCM, SHA-2, "
        "group 19, 20 or 14 at least, certificates), then disable IKEv1 on the gateway. Until "
        "then, admit it from the addresses of known partners alone."
    ),
    proofs={
        "took": Wording(
            "La passerelle a retenu une proposition IKEv1 : {agreed}.",
            "The gateway took an IKEv1 offer: {agreed}.",
        ),
        "xauth": Wording(
            "L'authentification des personnes y passe par XAUTH, un brouillon jamais normalisé.",
            "People are authenticated by XAUTH, a draft that never became a standard.",
        ),
    },
    reads=IkeService,
    judge=judge,
    flagged=(
        example(answer("v1-main", authentication="PSK"), v1=True),
        example(answer("v1-main", authentication="XAUTH-PSK"), v2=False, v1=True),
        example(answer("v1-aggressive", 2, authentication="PSK"), v1=True, aggressive=True),
    ),
    clean=(example(),),
    unmeasured=(
        example(v1=None, why={"v1": "no-proposal: NO-PROPOSAL-CHOSEN"}),
        example(v1=None, why={"v1": "undetermined"}),
    ),
)
