"""A record that leads to a name which no longer exists."""

from collections.abc import Iterator

import msgspec

from checks._shared.domain import zone
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.domain import Dangling, DomainSeen, Hosted

_MOST_TOLD = 20


def judge(seen: DomainSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag each target that does not exist; gravely where somebody else could have it."""
    del facts
    for hosted in seen.hosted[:_MOST_TOLD]:
        place = msgspec.structs.replace(seen.place, hostname=hosted.owner)
        where = f"host-alone-knows: {hosted.target}, {hosted.product}"
        yield NotMeasured(place, where)
    if seen.dangling is None:
        yield NotMeasured(seen.place, seen.why.get("dangling", "undetermined"))
        return
    if not seen.dangling:
        return
    proofs: list[Proof] = []
    worst = Criticality.LOW
    for one in seen.dangling[:_MOST_TOLD]:
        values = {
            "owner": one.owner,
            "kind": one.kind,
            "target": one.target,
            "missing": one.missing_from,
            "product": one.product,
        }
        proofs.append(Proof("missing", values))
        if one.product and one.is_recycled:
            proofs.append(Proof("product", values))
            worst = Criticality.HIGH
        elif _is_free(one, seen.domain):
            proofs.append(Proof("free", values))
            worst = Criticality.HIGH
        elif not _is_under(one.target, seen.domain):
            worst = max(worst, Criticality.MEDIUM)
            if one.product:
                proofs.append(Proof("kept", values))
        else:
            proofs.append(Proof("own", values))
    surely = all(one.times_denied >= 2 for one in seen.dangling)
    confidence = Confidence.FIRM if surely else Confidence.TENTATIVE
    yield Flagged(seen.place, confidence, tuple(proofs), worst)


def _is_under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _is_free(one: Dangling, domain: str) -> bool:
    """Whether the very domain of the target does not exist: two labels, below no one's zone."""
    return one.missing_from.count(".") == 1 and not _is_under(one.target, domain)


def _to(
    target: str,
    *,
    kind: str = "CNAME",
    missing_from: str = "",
    product: str = "",
    times_denied: int = 2,
    is_recycled: bool = True,
) -> DomainSeen:
    one = Dangling(
        owner="ancien.chu.example",
        kind=kind,
        target=target,
        times_denied=times_denied,
        missing_from=missing_from or target,
        product=product,
        is_recycled=is_recycled,
    )
    return zone(dangling=(one,))


_HOSTED = Hosted(owner="blog.chu.example", target="chu-exemple.github.io", product="GitHub Pages")


CHECK = Check(
    id="dns.dangling-record",
    title_fr="Enregistrement DNS qui mène à un nom disparu",
    title_en="DNS record that leads to a vanished name",
    risk_fr="Si quelqu'un d'autre peut prendre le nom disparu, il publie ou reçoit du courrier au nom de l'établissement, certificat valide compris.",
    risk_en="If somebody else can have the vanished name, he publishes or receives mail in the name of the establishment, with a valid certificate.",
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1", "D1.EXPO.8"),
    references=(
        "RFC 1912 2.4",
        "https://learn.microsoft.com/azure/security/fundamentals/subdomain-takeover",
    ),
    remedy_fr="Retirer l'enregistrement, ou rétablir sa cible si elle sert encore. À l'avenir, supprimer l'alias avant de résilier l'hébergement.",
    remedy_en="Remove the record, or restore its target if it is still of use. From now on, delete the alias before the hosting is terminated.",
    proofs={
        "missing": Wording(
            "{owner} ({kind}) mène à {target}, qui n'existe pas.",
            "{owner} ({kind}) leads to {target}, which does not exist.",
        ),
        "own": Wording(
            "{target} est sous un domaine de l'établissement : personne d'autre ne peut le prendre (seul, ce cas est de criticité faible).",
            "{target} is under a domain of the establishment: nobody else can have it (alone, this case is low).",
        ),
        "product": Wording(
            "{target} est un nom de {product}, que tout client peut réserver (rien n'a été tenté) : criticité portée à « élevée ».",
            "{target} is a name of {product}, which any customer may reserve (nothing was tried): raised to high.",
        ),
        "kept": Wording(
            "{target} est un nom de {product}, qui ne rend pas le même nom à un autre client ou exige une preuve.",
            "{target} is a name of {product}, which does not give the same name to another customer, or wants a proof.",
        ),
        "free": Wording(
            "Le domaine {missing} lui-même n'existe pas : il est peut-être libre à l'enregistrement. Criticité portée à « élevée ».",
            "The domain {missing} itself does not exist: it may be free to register. Raised to high.",
        ),
    },
    reads=DomainSeen,
    judge=judge,
    flagged=(
        _to("disparu.azurewebsites.net", product="Microsoft Azure"),
        _to("mx.parti.example", kind="MX", missing_from="parti.example"),
        _to("x.hebergeur.example", times_denied=1),
        _to("vieux.chu.example"),
        _to("x.elb.amazonaws.com", product="AWS Elastic Load Balancing", is_recycled=False),
    ),
    clean=(zone(),),
    unmeasured=(zone(dangling=None), zone(hosted=(_HOSTED,))),
)
