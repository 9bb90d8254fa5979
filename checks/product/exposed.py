"""A product that is no portal nor administration page answers from the Internet."""

from collections.abc import Iterator

import msgspec

from checks._shared.product import PROOFS, example, recognised
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.product import ProductSeen, Shown

_WEB = ("http_", "favicon_")
"""Kinds of signals of web services."""
_TOLD_ELSEWHERE = frozenset({"backup", "container"})
"""Categories whose exposure has a check of its own."""
_BY_PROTOCOL = frozenset(
    {
        *("openssh", "ssh", "erlang_ssh", "telnet", "gnu_inetutils_telnetd", "vnc", "x11"),
        *("microsoft_rdp", "winrm", "msrpc", "smb", "ftp", "snmp", "ldap", "ipmi", "voip"),
        *("mariadb", "memcached", "mongodb", "mssql", "mysql", "mysql_mariadb", "postgresql"),
        *("redis", "dicom", "hl7_mllp", "modbus", "bacnet", "s7_plc", "printers"),
        *("ipsec_ike", "l2tp", "openvpn_protocol", "pptp", "wireguard"),
    }
)
"""What the check of a protocol tells, unless a web page showed it."""
_OWN_CHECK = frozenset({"fhir_server"})
_OPEN_ONCE_READ = frozenset({"elasticsearch", "opensearch"})
"""What tells its version on its front page to strangers asks nobody who they are."""


def judge(seen: ProductSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a recognised web product by its own criticality; declared, it is information."""
    product = facts.knowledge.product(seen.product)
    if product is None or seen.portal or seen.admin or product.portal or product.admin:
        return
    if product.category in _TOLD_ELSEWHERE or product.id in _OWN_CHECK:
        return
    is_web = any(one.kind.startswith(_WEB) for one in seen.shown)
    if not is_web and product.id in _BY_PROTOCOL:
        return
    criticality = product.criticality
    if _is_open(seen):
        criticality = Criticality.CRITICAL
    elif facts.vouched(seen.place, seen.product, is_portal=False) is not None:
        criticality = Criticality.INFO
    for verdict in recognised(seen, facts, criticality=criticality):
        assert isinstance(verdict, Flagged)
        extra = (Proof("open-to-all"),) if _is_open(seen) else ()
        yield Flagged(
            verdict.place, verdict.confidence, (*verdict.proofs, *extra), verdict.criticality
        )


def _is_open(seen: ProductSeen) -> bool:
    read = seen.version_shown
    if seen.product not in _OPEN_ONCE_READ or read is None or seen.status != 200:
        return False
    return read.kind == "http_body" and read.path == "/"


def _seen(product: str, *, port: int = 443, **changes: object) -> ProductSeen:
    shown = Shown(kind="http_title", path="/", text="Exemple", strength="strong")
    return msgspec.structs.replace(example(product, port=port), shown=(shown,), **changes)


CHECK = Check(
    id="product.exposed",
    title_fr="Application ou équipement joignable depuis Internet",
    title_en="Application or device reachable from the Internet",
    risk_fr=(
        "Ce produit répond à n'importe qui : des robots y essaient des mots de passe sans "
        "relâche, et sa prochaine faille sera exploitable dès sa publication. Un outil de prise "
        "en main à distance, un stockage ou une base donne directement accès aux postes ou aux "
        "données."
    ),
    risk_en=(
        "This product answers anybody: robots try passwords on it without rest, and its next "
        "flaw will be usable from the day it is published. A remote-support tool, a storage or a "
        "database gives direct access to workstations or data."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.1", "D1.EXPO.4"),
    references=(
        "ANSSI, Guide d'hygiène informatique, mesures 3 et 23",
        "ReCyF 5.A.1 et 7.B.3",
        "NIS 2, article 21(2) e",
    ),
    remedy_fr=(
        "Si le produit n'a pas à être public, le fermer au pare-feu et le joindre par le VPN. "
        "Sinon le déclarer dans l'inventaire ([[expected]]) avec son responsable, exiger un second "
        "facteur de tous et suivre les correctifs de l'éditeur."
    ),
    remedy_en=(
        "Where the product need not be public, close it at the firewall and reach it through the "
        "VPN. Otherwise declare it in the inventory ([[expected]]) with its owner, require a "
        "second factor of everyone and follow the vendor's fixes."
    ),
    proofs={
        **PROOFS,
        "open-to-all": Wording(
            "La base répond à une demande faite sans compte.",
            "The database answers a request made without an account.",
        ),
    },
    reads=ProductSeen,
    judge=judge,
    flagged=(
        _seen("orthanc", port=8042),
        _seen("screenconnect", confidence=Confidence.FIRM),
        _seen(
            "elasticsearch",
            port=9200,
            version="7.17.9",
            status=200,
            version_shown=Shown(
                kind="http_body", path="/", text='"number" : "7.17.9"', strength="strong"
            ),
        ),
    ),
    clean=(
        _seen("fortinet_fortios", portal=True),
        _seen("fhir_server"),
        _seen("veeam_vbr", admin=True),
        example(
            "openssh", port=22, shown=(Shown(kind="banner", text="SSH-2.0", strength="strong"),)
        ),
        example("nobody"),
    ),
)
