"""The certificate is not made out to the name asked for (RFC 9525)."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
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
from core.observations.site import SiteShown, SitesSeen
from core.observations.tls import Certificate, ShownChain, TlsService


def judge(seen: TlsService | SitesSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a certificate without the name that was sent.

    By address there is no name to compare; one of the establishment's domains is as good. Names
    that share a site with another are each a finding of their own: each has its own users.
    """
    if isinstance(seen, SitesSeen):
        yield from _of_sites(seen)
        return
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
            if asked and not one.is_rdp_default and not one.covers(asked)
        )
        if proofs:
            criticality, context = in_context("cert.name-mismatch", seen, facts, Criticality.HIGH)
            yield Flagged(seen.place, Confidence.CERTAIN, (*proofs, *context), criticality)


def _of_sites(seen: SitesSeen) -> Iterator[Verdict]:
    for site in seen.sites:
        for name in site.uncovered:
            if name in seen.judged:
                continue
            names = ", ".join(site.certificate_names[:5]) or "—"
            where = msgspec.structs.replace(seen.place, hostname=name)
            proof = Proof("other-names", {"asked": name, "names": names})
            yield Flagged(where, Confidence.CERTAIN, (proof,))


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


def _shared(*, uncovered: tuple[str, ...], judged: tuple[str, ...] = ()) -> SitesSeen:
    site = SiteShown(
        names=("ancien.chu.example", "www.chu.example"),
        status=200,
        certificate="1f" * 32,
        certificate_names=("www.chu.example",),
        uncovered=uncovered,
    )
    return SitesSeen(place=place(), at=AT, tls=True, sites=(site,), judged=judged, looks=3)


CHECK: Check[TlsService | SitesSeen] = Check(
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
    also_reads=(SitesSeen,),
    judge=judge,
    flagged=(
        _shared(uncovered=("ancien.chu.example",)),
        service(certificate(names=("autre.example",))),
        service(certificate(names=())),
        service(certificate(names=("*.example",))),
        service(
            also_shown=(ShownChain(sni="b.chu.example", chain=(certificate(names=("a.b",)),)),)
        ),
    ),
    clean=(
        _shared(uncovered=()),
        _shared(uncovered=("ancien.chu.example",), judged=("ancien.chu.example",)),
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
