"""TLS 1.1 is deprecated (RFC 8996)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, CONTEXT_PROOFS, VERSION_PROOFS, service, version_accepted
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to TLS 1.1."""
    yield from version_accepted("tls.tls1-1", seen, facts, "tls1_1", "TLS 1.1", Criticality.MEDIUM)


CHECK = Check(
    id="tls.tls1-1",
    title_fr="TLS 1.1 accepté",
    title_en="TLS 1.1 accepted",
    risk_fr=(
        "TLS 1.1 est abandonné depuis 2021 : il repose sur SHA-1 et n'offre aucun chiffrement "
        "authentifié. Le laisser ouvert permet de ramener un échange à ce niveau de "
        "protection."
    ),
    risk_en=(
        "TLS 1.1 was abandoned in 2021: it rests on SHA-1 and has no authenticated "
        "encryption. Leaving it open allows an exchange to be brought down to that level."
    ),
    criticality=Criticality.MEDIUM,
    care=CARE,
    references=(
        "RFC 8996",
        "RFC 9325",
        "ANSSI, Recommandations de sécurité relatives à TLS v1.2, R3, R4",
        "ReCyF 8.1",
    ),
    remedy_fr=(
        "N'offrir que TLS 1.2 et 1.3. nginx : « ssl_protocols TLSv1.2 TLSv1.3; » ; Apache : « "
        "SSLProtocol -all +TLSv1.2 +TLSv1.3 » ; Windows : désactiver la version pour Schannel "
        "(clé SCHANNEL\\Protocols du registre ou stratégie de groupe), puis redémarrer. "
        "Vérifier d'abord les vieux équipements qui s'y connectent."
    ),
    remedy_en=(
        "Offer only TLS 1.2 and 1.3. nginx: “ssl_protocols TLSv1.2 TLSv1.3;”; Apache: "
        "“SSLProtocol -all +TLSv1.2 +TLSv1.3”; Windows: disable the version for Schannel "
        "(SCHANNEL\\Protocols registry key or group policy), then restart. Look first for "
        "old equipment that connects to it."
    ),
    proofs={**VERSION_PROOFS, **CONTEXT_PROOFS},
    reads=TlsService,
    judge=judge,
    flagged=(service(tls1_1=True),),
    clean=(service(tls1_1=False),),
    unmeasured=(service(tls1_1=None, why={"tls1_1": "timeout"}),),
)
