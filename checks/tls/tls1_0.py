"""TLS 1.0 is deprecated (RFC 8996)."""

from collections.abc import Iterator

from checks._shared.tls import CARE, CONTEXT_PROOFS, VERSION_PROOFS, service, version_accepted
from checks.registry import Check
from core.facts import Facts
from core.model import Criticality, Verdict
from core.observations.tls import TlsService


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag a service that agreed to TLS 1.0."""
    yield from version_accepted("tls.tls1-0", seen, facts, "tls1_0", "TLS 1.0", Criticality.HIGH)


CHECK = Check(
    id="tls.tls1-0",
    title_fr="TLS 1.0 accepté",
    title_en="TLS 1.0 accepted",
    risk_fr=(
        "TLS 1.0 repose sur SHA-1 et MD5 et sur un chiffrement par blocs attaquable (BEAST). "
        "Un attaquant placé sur le chemin, dans un hôtel ou un réseau invité, peut chercher à "
        "lire ou à altérer les échanges d'un agent, mot de passe compris."
    ),
    risk_en=(
        "TLS 1.0 rests on SHA-1 and MD5 and on attackable block ciphers (BEAST). Someone on "
        "the way, in a hotel or a guest network, may try to read or alter what a member of "
        "staff exchanges, password included."
    ),
    criticality=Criticality.HIGH,
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
    flagged=(service(tls1_0=True),),
    clean=(service(tls1_0=False),),
    unmeasured=(service(tls1_0=None, why={"tls1_0": "timeout"}),),
)
