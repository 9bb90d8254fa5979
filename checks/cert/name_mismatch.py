"""The certificate is not made out to the name asked for (RFC 9525)."""

from collections.abc import Iterator

from checks._shared.tls import (
    CARE,
    CONTEXT_PROOFS,
    certificate,
    in_context,
    leaf_or_why,
    service,
    shown_leaves,
)
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, ShownChain, TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a certificate without the name that was sent.

    By address there is no name to compare; one of the establishment's domains is as good.
    """
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
    elif seen.sni is None:
        if not any(_is_ours(name, seen, facts) for name in leaf.names):
            yield NotMeasured(seen.place, "no-name")
    else:
        proofs = tuple(
            Proof("other-names", {"asked": asked, "names": _names(one)})
            for asked, one in shown_leaves(seen)
            if asked and not one.is_rdp_default and not any(_covers(n, asked) for n in one.names)
        )
        if proofs:
            criticality, context = in_context("cert.name-mismatch", seen, facts, Criticality.HIGH)
            yield Flagged(seen.place, Confidence.CERTAIN, (*proofs, *context), criticality)


def _is_ours(name: str, seen: TlsService, facts: Facts) -> bool:
    """Whether a name of a certificate is the address itself, or under a declared domain."""
    bare = name.lower().rstrip(".").removeprefix("*.")
    domains = (
        domain
        for one in facts.establishments
        if one.id == seen.place.establishment
        for domain in one.domains
    )
    return name == seen.place.ip or any(f".{bare}".endswith(f".{domain}") for domain in domains)


def _names(one: Certificate) -> str:
    return ", ".join(one.names[:5]) or one.subject or "—"


def _covers(pattern: str, name: str) -> bool:
    """Compare as RFC 9525 says: a star stands for one whole leftmost label; the CN counts no more."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern == name:
        return True
    star, _, rest = pattern.partition(".")
    return star == "*" and "." in rest and rest == name.partition(".")[2]


CHECK = Check(
    id="cert.name-mismatch",
    title_fr="Certificat établi pour un autre nom",
    title_en="Certificate made out to another name",
    risk_fr=(
        "Les agents s'habituent à passer outre l'alerte du navigateur : le jour où quelqu'un "
        "s'interpose pour voler leurs mots de passe, l'alerte sera la même."
    ),
    risk_en=(
        "Staff get used to clicking through the browser's warning: the day someone steps in "
        "between to steal their passwords, the warning will be the same."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=("ANSSI, Recommandations de sécurité relatives à TLS v1.2, R29", "RFC 9525"),
    remedy_fr=(
        "Demander un certificat dont l'extension subjectAltName contient ce nom, ou faire "
        "répondre à ce nom le bon serveur virtuel ; retirer du DNS les noms qui ne servent "
        "plus."
    ),
    remedy_en=(
        "Ask for a certificate whose subjectAltName extension holds this name, or have the "
        "right virtual server answer to it; remove names no longer in use from the DNS."
    ),
    proofs={
        **CONTEXT_PROOFS,
        "other-names": Wording(
            "Nom demandé : {asked} ; noms du certificat : {names}.",
            "Name asked for: {asked}; names of the certificate: {names}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(names=("autre.example",))),
        service(certificate(names=())),
        service(certificate(names=("*.example",))),
        service(
            also_shown=(ShownChain(sni="b.chu.example", chain=(certificate(names=("a.b",)),)),)
        ),
    ),
    clean=(
        service(),
        service(certificate(names=("*.chu-exemple.example",))),
        service(also_shown=(ShownChain(sni=None, chain=(certificate(names=("x.example",)),)),)),
        service(certificate(names=("203.0.113.10",)), sni=None),
    ),
    unmeasured=(
        service(certificate(names=("x.ailleurs.example",)), sni=None),
        service(chain=()),
    ),
)
