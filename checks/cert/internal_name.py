"""A certificate tells strangers how machines, domains or addresses of the inside are called."""

import ipaddress
import re
from collections.abc import Iterator

from checks._shared.tls import CARE, certificate, leaf_or_why, service, shown_leaves
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.tls import Certificate, ShownChain, TlsService

_TOLD = 5
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_COMMON_NAME = re.compile(r"(?:^|,)\s{0,3}CN=([^,+\\]{1,255})", re.IGNORECASE)
_INNER = (
    # RFC 6762 (§3 and appendix G), RFC 8375, and .internal, which ICANN set aside in 2024.
    *(".local", ".intranet", ".internal", ".private", ".corp", ".home", ".lan", ".home.arpa"),
    # Never delegated, and usual in directories.
    *(".localdomain", ".intra", ".priv", ".loc", ".domain", ".dom", ".adds"),
)
_EMPTY = frozenset({"localhost", "localhost.localdomain", "localhost.local"})
"""What devices come with: tells nothing of the house."""
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)


def judge(seen: TlsService, facts: Facts) -> Iterator[Verdict]:
    """Flag names that resolve nowhere outside, and private addresses; RDP's own included."""
    del facts
    leaf = leaf_or_why(seen)
    if isinstance(leaf, NotMeasured):
        yield leaf
        return
    shown = dict.fromkeys(
        name for _, one in shown_leaves(seen) for name in _names(one) if name != seen.place.ip
    )
    inner = [name for name in shown if _is_inner(name)]
    if inner:
        more = " …" if len(inner) > _TOLD else ""
        yield Flagged(
            seen.place,
            Confidence.CERTAIN,
            (Proof("inner", {"names": ", ".join(inner[:_TOLD]) + more}),),
        )


def _names(one: Certificate) -> Iterator[str]:
    """Give the names; the CN too, where it is a name of a machine and not of a product."""
    yield from one.names
    for found in _COMMON_NAME.finditer(one.subject[:1_024]):
        name = found[1].strip().lower()
        if one.is_rdp_default or "." in name:
            yield name


def _is_inner(name: str) -> bool:
    name = name.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return any(address in network for network in _PRIVATE if network.version == address.version)
    bare = name.removeprefix("*.")
    if bare in _EMPTY or not all(map(_LABEL.match, bare.split("."))):
        return False
    return "." not in bare or bare.endswith(_INNER)


CHECK = Check(
    id="cert.internal-name",
    title_fr="Certificat qui montre un nom ou une adresse internes",
    title_en="Certificate that shows an internal name or address",
    risk_fr=(
        "Sans rien forcer, un inconnu apprend comment s'appellent les serveurs, le domaine ou le "
        "plan d'adressage internes : de quoi préparer un hameçonnage crédible et se repérer plus "
        "vite une fois entré."
    ),
    risk_en=(
        "Without forcing anything, a stranger learns what internal servers, the domain or the "
        "addressing plan are called: enough to make phishing credible and to find the way faster "
        "once inside."
    ),
    criticality=Criticality.LOW,
    care=CARE,
    references=(
        "CA/Browser Forum, Baseline Requirements 7.1.4.2 (noms internes et adresses réservées)",
        "RFC 6762, appendice G",
        "RFC 1918",
    ),
    remedy_fr=(
        "Présenter vers Internet un certificat qui ne porte que le nom public du service, et "
        "garder le nom interne pour un autre certificat, servi à l'intérieur. Pour RDP : fermer "
        "3389 côté Internet, ou installer sur l'écouteur un certificat au nom public."
    ),
    remedy_en=(
        "Show the Internet a certificate that bears the public name of the service alone, and "
        "keep the internal name for another one, served inside. For RDP: close 3389 on the "
        "Internet side, or install a certificate with the public name on the listener."
    ),
    proofs={
        "inner": Wording(
            "Noms ou adresses internes dans le certificat montré à tous : {names}.",
            "Internal names or addresses in the certificate shown to everybody: {names}.",
        ),
    },
    reads=TlsService,
    judge=judge,
    flagged=(
        service(certificate(names=("portail.chu-exemple.example", "srv-web.chu.local"))),
        service(certificate(names=("srv-web",))),
        service(certificate(names=("192.168.10.4",))),
        service(certificate(names=(), subject="CN=SRV-RX01", is_rdp_default=True)),
        service(certificate(names=(), subject="CN=pacs.imagerie.lan,O=CHU")),
        service(also_shown=(ShownChain(sni=None, chain=(certificate(names=("a.intra",)),)),)),
    ),
    clean=(
        service(),
        service(certificate(names=("203.0.113.10", "*.chu-exemple.example"))),
        service(certificate(names=("localhost", "127.0.0.1"))),
        service(certificate(names=(), subject="CN=FGT60F0123456789,O=Fortinet")),
        service(certificate(names=("*.chu.ad.example",), subject="CN=Autorité interne")),
    ),
    unmeasured=(service(chain=()),),
)
