"""Certificates of the forest's PKI are weak (vuln_certificates_vuln)."""

from collections.abc import Iterator

from checks.ad._shared.certificates import WEAK_DSA, WEAK_RSA
from checks.ad._shared.healthy import change, child_domain, healthy, unread, without
from checks.ad._shared.verdicts import PROOFS, Found, failed, gaps
from checks.registry import Check
from core.directory.certificates import Key, read_key
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.objects import Entry
from core.facts import Facts
from core.model import Criticality, Proof, Verdict, Wording

_FEW_BITS = 1_024
_LEAST_BITS = 2_048
_LEAST_EXPONENT = 65_537
_AIA = "CN=CHU-AC,CN=AIA,CN=Public Key Services,CN=Services,CN=Configuration"


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag a forest that trusts weak certificates: level by the worst of them.

    Expired ones count too: these containers are all of trust. Certificates of accounts are not
    looked at.
    """
    levels: set[int] = set()
    found: list[Found] = []
    for entry in forest.having("cacertificate"):
        for der in entry.raw("cacertificate"):
            # Windows keeps a value of one zero where there is no certificate.
            if len(der) > 1:
                key = read_key(der)
                for level, id_ in _faults(key):
                    levels.add(level)
                    found.append((entry, Proof(id_, _values(entry, key))))
    yield from failed(forest, None, found, *levels)
    yield from gaps(forest, "configuration", "certificationauthority", "pkienrollmentservice")


def _faults(key: Key) -> Iterator[tuple[int, str]]:
    if key.error:
        yield 2, "unreadable"
    if key.is_dsa:
        yield 1, "dsa"
    if key.is_roca:
        yield 1, "roca"
    if key.rsa_bits is not None and key.rsa_bits < _LEAST_BITS:
        yield 1 if key.rsa_bits < _FEW_BITS else 3, "rsa"
    if key.exponent is not None and key.exponent < _LEAST_EXPONENT:
        yield 3, "exponent"
    if key.has_weak_hash:
        yield 3, "hash"


def _values(entry: Entry, key: Key) -> dict[str, str]:
    return {
        "dn": entry.dn,
        "subject": key.subject,
        "bits": str(key.rsa_bits or ""),
        "exponent": str(key.exponent or ""),
        "hash": key.hash_name,
        "error": key.error,
    }


POINT = Point(
    id="vuln_certificates_vuln",
    levels=(1, 2, 3),
    condition=Condition.PUBLISHED,
    effort=3,
    base="CN=Public Key Services,CN=Services,{C}",
    query="(cACertificate=*)",
)

CHECK = Check(
    id="ad.certificates-vuln",
    title_fr="Certificats faibles dans la PKI de la forêt",
    title_en="Weak certificates in the forest's PKI",
    risk_fr=(
        "Une clé faible se calcule : l'attaquant signe alors des certificats que toute la forêt "
        "accepte."
    ),
    risk_en=(
        "A weak key can be computed: the attacker then signs certificates that the whole forest "
        "accepts."
    ),
    criticality=Criticality.CRITICAL,
    references=(
        "ANSSI vuln_certificates_vuln",
        "MITRE T1649",
        "MITRE T1600.001",
        "CVE-2017-15361",
    ),
    remedy_fr=(
        "Révoquer et refaire ces certificats (RSA 2048 bits au moins, exposant 65537, SHA-256) et "
        "retirer des conteneurs de confiance les autorités qui ne servent plus (pkiview.msc)."
    ),
    remedy_en=(
        "Revoke and remake these certificates (RSA of 2048 bits at least, exponent 65537, "
        "SHA-256) and remove the authorities no longer in use from the trust containers "
        "(pkiview.msc)."
    ),
    proofs={
        **PROOFS,
        "unreadable": Wording(
            "{dn} : cACertificate indéchiffrable ({error}).",
            "{dn}: cACertificate cannot be decoded ({error}).",
        ),
        "dsa": Wording(
            "{dn} : {subject}, clé DSA.",
            "{dn}: {subject}, DSA key.",
        ),
        "roca": Wording(
            "{dn} : {subject}, clé née du générateur défectueux ROCA.",
            "{dn}: {subject}, key made by the flawed ROCA generator.",
        ),
        "rsa": Wording(
            "{dn} : {subject}, clé RSA de {bits} bits.",
            "{dn}: {subject}, RSA key of {bits} bits.",
        ),
        "exponent": Wording(
            "{dn} : {subject}, exposant RSA {exponent}.",
            "{dn}: {subject}, RSA exponent {exponent}.",
        ),
        "hash": Wording(
            "{dn} : {subject}, signature en {hash}.",
            "{dn}: {subject}, signature with {hash}.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(change(_AIA, cacertificate=WEAK_RSA)),
        healthy(change(_AIA, cacertificate=WEAK_DSA)),
        healthy(change(_AIA, cacertificate=b"\x30\x03abc")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(change(_AIA, cacertificate=b"\x00")),
        healthy(without(_AIA)),
    ),
    unmeasured=(healthy(unread("configuration")),),
)
