"""A certificate that was not issued for a server (RFC 5280, 4.2.1.3, 4.2.1.12)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, GUIDE, certificate, leaf_or_why, named, service, shown_leaves
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, KeyType, TlsService

_SERVER_AUTH, _ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"


def judge(seen: TlsService, _facts: Facts) -> Iterator[Verdict]:
    """Flag usages that leave servers out; a certificate without the extensions allows all."""
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    proofs = tuple(proof for _, one in shown_leaves(seen) for proof in _faults(one))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, proofs)


def _faults(one: Certificate) -> Iterator[Proof]:
    if one.is_rdp_default:
        return
    purposes, usages = set(one.extended_key_usage), set(one.key_usage)
    if purposes and not purposes & {_SERVER_AUTH, _ANY}:
        yield Proof("purpose", {"subject": named(one), "oids": ", ".join(sorted(purposes)[:5])})
    # RSA alone may also only decrypt; all others sign.
    wanted = {"digital-signature"}
    if one.key_type is KeyType.RSA:
        wanted |= {"key-encipherment"}
    if usages and not usages & wanted:
        yield Proof("usage", {"subject": named(one), "usages": ", ".join(sorted(usages)[:9])})


CHECK = Check(
    id="cert.wrong-usage",
    title_fr="Certificat non prévu pour un serveur",
    title_en="Certificate not meant for a server",
    risk_fr=(
        "Les clients stricts refusent la connexion, et un certificat détourné de son usage "
        "échappe souvent au suivi des renouvellements."
    ),
    risk_en=(
        "Strict clients refuse the connection, and a certificate used for something else "
        "often escapes the follow-up of renewals."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "RFC 5280, 4.2.1.3, 4.2.1.12",
        f"{GUIDE}, R27, R28",
    ),
    remedy_fr=(
        "Faire émettre un certificat avec keyUsage digitalSignature et extendedKeyUsage serverAuth."
    ),
    remedy_en=(
        "Have a certificate issued with keyUsage digitalSignature and extendedKeyUsage serverAuth."
    ),
    proofs={
        "purpose": Wording(
            "« {subject} » n'admet que les usages {oids}, sans serverAuth.",
            "“{subject}” admits only the purposes {oids}, without serverAuth.",
        ),
        "usage": Wording(
            "« {subject} » n'admet que {usages}.",
            "“{subject}” admits only {usages}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(extended_key_usage=("1.3.6.1.5.5.7.3.2",))),
        service(certificate(key_usage=("key-cert-sign",))),
    ),
    clean=(
        service(),
        service(
            certificate(key_usage=("digital-signature",), extended_key_usage=("1.3.6.1.5.5.7.3.1",))
        ),
    ),
    unmeasured=(service(chain=()),),
)
