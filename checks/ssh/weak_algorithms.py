"""SSH offers algorithms that are broken or end of life."""

from collections.abc import Callable, Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ssh import SshService

Test = Callable[[str], bool]


def _is_sha1_exchange(name: str) -> bool:
    # gss-…-sha1-<mechanism> carries the hash before its suffix (RFC 4462 §2.3).
    return name.partition("@")[0].endswith("-sha1") or (
        name.startswith("gss-") and "-sha1-" in name
    )


def _is_sha1_group1(name: str) -> bool:
    return _is_sha1_exchange(name) and "group1-" in name


def _is_cbc(name: str) -> bool:
    return "-cbc" in name


_FAMILIES: tuple[tuple[str, str, Criticality, Test], ...] = (
    ("sha1-exchange", "key_exchanges", Criticality.MEDIUM, _is_sha1_exchange),
    ("group1", "key_exchanges", Criticality.HIGH, _is_sha1_group1),
    ("cbc", "ciphers", Criticality.MEDIUM, _is_cbc),
    ("rc4", "ciphers", Criticality.HIGH, lambda name: name.startswith("arcfour")),
    ("3des", "ciphers", Criticality.HIGH, lambda name: name.startswith(("3des-", "des-"))),
    ("none", "ciphers", Criticality.HIGH, lambda name: name == "none"),
    ("md5", "macs", Criticality.HIGH, lambda name: name.startswith("hmac-md5")),
    ("dsa", "host_keys", Criticality.HIGH, lambda name: name.startswith("ssh-dss")),
)
"""Family, list where it stands, criticality, and how its names are told."""


def judge(seen: SshService, facts: Facts) -> Iterator[Verdict]:
    """Flag each weak family among the algorithms that the server offers."""
    if seen.key_exchanges is None or seen.ciphers is None or seen.host_keys is None:
        yield NotMeasured(seen.place, seen.why.get("key_exchanges", "undetermined"))
        return
    lists = {
        "key_exchanges": seen.key_exchanges,
        "ciphers": seen.ciphers,
        "macs": seen.macs or (),
        "host_keys": seen.host_keys,
    }
    proofs: list[Proof] = []
    gravest = Criticality.MEDIUM
    for family, where, criticality, is_weak in _FAMILIES:
        found = [name for name in lists[where] if is_weak(name)]
        if found:
            proofs.append(Proof(family, {"names": ", ".join(found[:8])}))
            gravest = max(gravest, criticality)
    if seen.host_keys == ("ssh-rsa",):
        proofs.append(Proof("ssh-rsa-only", {"names": "ssh-rsa"}))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), gravest)


def _service(
    *,
    kex: tuple[str, ...] = ("curve25519-sha256",),
    keys: tuple[str, ...] = ("ssh-ed25519",),
    ciphers: tuple[str, ...] = ("aes256-gcm@openssh.com",),
    macs: tuple[str, ...] = ("hmac-sha2-256-etm@openssh.com",),
) -> SshService:
    return SshService(
        place=place(22),
        at=AT,
        identification="SSH-2.0-OpenSSH_9.2p1",
        software="OpenSSH_9.2p1",
        protocol_1=False,
        protocol_2=True,
        key_exchanges=kex,
        host_keys=keys,
        ciphers=ciphers,
        macs=macs,
        compressions=("none",),
        strict_key_exchange=True,
    )


CHECK = Check(
    id="ssh.weak-algorithms",
    title_fr="SSH propose des algorithmes faibles",
    title_en="SSH offers weak algorithms",
    risk_fr=(
        "Un attaquant placé sur le trajet peut amener une session d'administration à utiliser un "
        "chiffrement dépassé, puis chercher à la lire ou à se faire passer pour le serveur."
    ),
    risk_en=(
        "An attacker on the path may bring an administration session down to outdated encryption, "
        "then try to read it or to pose as the server."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI OpenSSH R7", "ANSSI OpenSSH R15", "RFC 9142", "RFC 8758", "RFC 8332"),
    remedy_fr=(
        "Avec OpenSSH, dans sshd_config : « KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256,"
        "diffie-hellman-group16-sha512 », « Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
        "aes256-ctr,aes128-ctr », « MACs "
        "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com », « HostKeyAlgorithms "
        "ssh-ed25519,rsa-sha2-512,rsa-sha2-256 », puis recharger le service en gardant une "
        "session ouverte. Sur un équipement, mettre à jour son logiciel, puis retirer ces "
        "algorithmes dans sa configuration."
    ),
    remedy_en=(
        "With OpenSSH, in sshd_config: KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256,"
        "diffie-hellman-group16-sha512; Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
        "aes256-ctr,aes128-ctr; MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com; "
        "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256; then reload the service with one "
        "session kept open. On an appliance, update its software, then remove these algorithms "
        "from its configuration."
    ),
    proofs={
        "sha1-exchange": Wording(
            "Échanges de clés fondés sur SHA-1 : {names}.", "Key exchanges built on SHA-1: {names}."
        ),
        "group1": Wording(
            "Groupe Diffie-Hellman de 1024 bits ou moins : {names} ; criticité portée à « élevée "
            "».",
            "Diffie-Hellman group of 1024 bits or fewer: {names}; raised to high.",
        ),
        "cbc": Wording("Chiffrement en mode CBC : {names}.", "CBC encryption: {names}."),
        "rc4": Wording(
            "Chiffrement RC4 : {names} ; criticité portée à « élevée ».",
            "RC4 encryption: {names}; raised to high.",
        ),
        "3des": Wording(
            "Chiffrement DES ou 3DES : {names} ; criticité portée à « élevée ».",
            "DES or 3DES encryption: {names}; raised to high.",
        ),
        "none": Wording(
            "Sessions sans aucun chiffrement : {names} ; criticité portée à « élevée ».",
            "Sessions without any encryption: {names}; raised to high.",
        ),
        "md5": Wording(
            "Intégrité fondée sur MD5 : {names} ; criticité portée à « élevée ».",
            "Integrity built on MD5: {names}; raised to high.",
        ),
        "dsa": Wording(
            "Clé d'hôte DSA : {names} ; criticité portée à « élevée ».",
            "DSA host key: {names}; raised to high.",
        ),
        "ssh-rsa-only": Wording(
            "Le serveur ne sait signer qu'avec {names}, donc SHA-1.",
            "The server can sign with {names} alone, thus SHA-1.",
        ),
    },
    reads=SshService,
    judge=judge,
    flagged=(
        _service(kex=("curve25519-sha256", "diffie-hellman-group14-sha1")),
        _service(kex=("gss-group14-sha1-toWM5Slw5Ew8Mqkay+al2g==",)),
        _service(kex=("diffie-hellman-group1-sha1",)),
        _service(ciphers=("aes256-ctr", "aes128-cbc")),
        _service(ciphers=("rijndael-cbc@lysator.liu.se",)),
        _service(ciphers=("arcfour256",)),
        _service(ciphers=("3des-cbc",)),
        _service(ciphers=("none",)),
        _service(macs=("hmac-md5-96-etm@openssh.com",)),
        _service(keys=("ssh-ed25519", "ssh-dss")),
        _service(keys=("ssh-rsa",)),
    ),
    clean=(
        _service(),
        _service(keys=("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")),
        # hmac-sha1 alone is ssh.legacy-mac.
        _service(macs=("hmac-sha1",)),
        _service(kex=("sntrup761x25519-sha512@openssh.com", "diffie-hellman-group14-sha256")),
    ),
    unmeasured=(
        SshService(
            place=place(22),
            at=AT,
            why={"key_exchanges": "timeout", "host_keys": "timeout", "ciphers": "timeout"},
            identification="SSH-2.0-OpenSSH_9.2p1",
            software="OpenSSH_9.2p1",
            protocol_1=False,
            protocol_2=True,
            key_exchanges=None,
            host_keys=None,
            ciphers=None,
            macs=None,
            compressions=None,
            strict_key_exchange=None,
        ),
    ),
)
