"""ESC14: certificates are matched to accounts by what anyone may have written in theirs."""

import re
from collections.abc import Iterator

from checks.ad._shared.healthy import change, child_domain, healthy, unread
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_IDENTITIES = "altsecurityidentities"
_OF_CERTIFICATE = re.compile(r"\s*x509:", re.IGNORECASE)
_STRONG = re.compile(r"<(?:sr|ski|sha1-pukey|sid)>", re.IGNORECASE)
"""KB5014754: by serial number, key identifier, key or SID; names alone are weak."""
_SHOWN = 200


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain where accounts are matched by a weak mapping, privileged ones first."""
    held = sorted(
        forest.having(_IDENTITIES), key=lambda one: (one not in forest.privileged, one.row)
    )
    found: list[Found] = []
    for one in held:
        weak = [text for text in one.texts(_IDENTITIES) if _is_weak(text)]
        if weak:
            found.append((one, Proof("weak", {"dn": one.dn, "mapping": weak[0][:_SHOWN]})))
    yield from by_domain(forest, found)
    yield from gaps(forest, "domain", "user", "computer", _IDENTITIES)


def _is_weak(text: str) -> bool:
    return bool(_OF_CERTIFICATE.match(text)) and not _STRONG.search(text)


POINT = Point(
    id="adcs_esc14",
    condition=Condition.PUBLISHED,
    effort=2,
    base="{D}",
    query="(altSecurityIdentities=*)",
)

CHECK = Check(
    id="ad.adcs-esc14",
    title_fr="Certificats rattachés aux comptes par une correspondance faible (ESC14)",
    title_en="Certificates matched to accounts by a weak mapping (ESC14)",
    risk_fr=(
        "Qui obtient un certificat portant le même nom ou la même adresse, d'une autorité admise, "
        "ouvre une session sous ce compte ; les contrôleurs à jour, eux, refusent ces cartes."
    ),
    risk_en=(
        "Whoever gets a certificate with the same name or address from an accepted authority logs "
        "on as this account; controllers that are up to date refuse these cards."
    ),
    criticality=Criticality.MEDIUM,
    references=("MITRE T1649", "MITRE T1098", "KB5014754", "Certipy ESC14"),
    remedy_fr=(
        "Remplacer chaque correspondance par une forte : émetteur et numéro de série (<I>…<SR>…), "
        "<SKI> ou <SHA1-PUKEY> ; les comptes privilégiés d'abord, les cartes de santé ensuite."
    ),
    remedy_en=(
        "Replace each mapping by a strong one: issuer and serial number (<I>…<SR>…), <SKI> or "
        "<SHA1-PUKEY>; privileged accounts first, health professional cards next."
    ),
    proofs={
        **PROOFS,
        "weak": Wording(
            "{dn} : altSecurityIdentities « {mapping} ».",
            "{dn}: altSecurityIdentities “{mapping}”.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change("m.durand", {_IDENTITIES: "X509:<I>CN=CHU-AC<S>CN=Durand"})),
        healthy(change("m.durand", {_IDENTITIES: "X509:<S>CN=Durand"})),
        healthy(change("adm.martin", {_IDENTITIES: "x509:<RFC822>martin@chu.example"})),
        healthy(
            change("m.durand", {_IDENTITIES: ["X509:<SKI>0123", "X509:<RFC822>d@chu.example"]})
        ),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change("m.durand", {_IDENTITIES: "X509:<I>CN=CHU-AC<SR>0a0b"})),
        healthy(change("m.durand", {_IDENTITIES: "X509:<SKI>0123"})),
        healthy(change("m.durand", {_IDENTITIES: "X509:<SHA1-PUKEY>0123"})),
        healthy(change("m.durand", {_IDENTITIES: "Kerberos:durand@ROYAUME.EXAMPLE"})),
    ),
    unmeasured=(healthy(unread("domain", _IDENTITIES)),),
)
