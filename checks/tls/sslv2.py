"""SSLv2 is broken (RFC 6176)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, on_login_portal, service, suites
from checks.registry import Check
from core.facts import Facts
from core.model import (
    Confidence,
    Criticality,
    Flagged,
    NotMeasured,
    Proof,
    Verdict,
    Wording,
)
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that answered an SSLv2 hello; DROWN is proved with EXPORT kinds alone."""
    if seen.sslv2 is None:
        yield NotMeasured(seen.place, seen.why_not("sslv2"))
        return
    if not seen.sslv2:
        return
    kinds = [suite.name for suite in seen.accepted.get("SSLv2", ())]
    proofs = [Proof("answered", {"kinds": ", ".join(kinds) or "—"})]
    has_export = any("EXPORT" in kind for kind in kinds)
    proofs.append(Proof("drown" if has_export else "drown-possible"))
    criticality = None
    if has_export and on_login_portal(seen, facts):
        criticality = Criticality.CRITICAL
        proofs.append(Proof("portal"))
    yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


CHECK = Check(
    id="tls.sslv2",
    title_fr="SSLv2 accepté",
    title_en="SSLv2 accepted",
    risk_fr=(
        "SSLv2 est cassé depuis les années 1990. Avec l'attaque DROWN, il suffit d'un "
        "service SSLv2 qui partage la clé d'un autre pour déchiffrer les échanges de cet "
        "autre, même à jour."
    ),
    risk_en=(
        "SSLv2 has been broken since the 1990s. With the DROWN attack, one SSLv2 service "
        "that shares the key of another is enough to decrypt the exchanges of that other, "
        "even up to date."
    ),
    criticality=Criticality.HIGH,
    care=CARE,
    references=(
        "RFC 6176",
        "CVE-2016-0800",
        "CVE-2015-3197",
        f"{GUIDE}, R4",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "Désactiver SSLv2, ou retirer l'équipement d'Internet ; renouveler la clé et le "
        "certificat partout où la même clé sert."
    ),
    remedy_en=(
        "Disable SSLv2, or take the device off the Internet; replace the key and "
        "certificate wherever the same key serves."
    ),
    proofs={
        "answered": Wording(
            "Le service a répondu à une négociation SSLv2 ; chiffrements : {kinds}.",
            "The service answered an SSLv2 handshake; ciphers: {kinds}.",
        ),
        "drown": Wording(
            "Prouvé par la négociation : SSLv2 avec un chiffrement EXPORT, ce que DROWN exploite.",
            "Proved by the handshake: SSLv2 with an EXPORT cipher, which is what DROWN exploits.",
        ),
        "drown-possible": Wording(
            "Aucun chiffrement EXPORT n'a été accepté : condition préalable de DROWN, non prouvé.",
            "No EXPORT cipher was accepted: a precondition of DROWN, not proved.",
        ),
        "portal": Wording(
            "Le service est un portail où des personnes s'identifient : criticité critique.",
            "The service is a portal where people log in: critical.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(sslv2=True, accepted={"SSLv2": suites("SSL_CK_RC4_128_EXPORT40_WITH_MD5")}),
        service(sslv2=True, portal=True),
    ),
    clean=(service(),),
    unmeasured=(service(sslv2=None),),
)
