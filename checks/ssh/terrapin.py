"""A cipher that Terrapin attacks, without the answer to it (CVE-2023-48795)."""

from collections.abc import Iterator

import msgspec

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ssh import SshService

_CHACHA = "chacha20-poly1305@openssh.com"


def judge(seen: SshService, _facts: Facts) -> Iterator[Verdict]:
    """Flag what the attack needs; both sides must have the answer, so this one alone is enough."""
    if seen.ciphers is None or seen.macs is None or seen.strict_key_exchange is None:
        if seen.protocol_2:
            yield NotMeasured(seen.place, seen.why.get("ciphers", "undetermined"))
        return
    if seen.strict_key_exchange:
        return
    cbc = [name for name in seen.ciphers if name.partition("@")[0].endswith("-cbc")]
    encrypt_then_mac = [name for name in seen.macs if "-etm@" in name]
    proofs: list[Proof] = []
    if _CHACHA in seen.ciphers:
        proofs.append(Proof("chacha20", {"cipher": _CHACHA}))
    if cbc and encrypt_then_mac:
        values = {"ciphers": ", ".join(cbc[:8]), "macs": ", ".join(encrypt_then_mac[:8])}
        proofs.append(Proof("cbc", values))
    if proofs:
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs))


def _service(**changes: object) -> SshService:
    sound = SshService(
        place=place(22),
        at=AT,
        identification="SSH-2.0-OpenSSH_9.2p1",
        software="OpenSSH_9.2p1",
        protocol_1=False,
        protocol_2=True,
        key_exchanges=("curve25519-sha256",),
        host_keys=("ssh-ed25519",),
        ciphers=("aes256-gcm@openssh.com", "aes256-ctr"),
        macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"),
        compressions=("none",),
        strict_key_exchange=False,
    )
    return msgspec.structs.replace(sound, **changes)


_UNREAD: dict[str, object] = {"ciphers": None, "macs": None, "strict_key_exchange": None}

CHECK = Check(
    id="ssh.terrapin",
    title_fr="SSH sans parade à l'attaque Terrapin",
    title_en="SSH without the answer to the Terrapin attack",
    risk_fr=(
        "Un attaquant placé sur le trajet peut supprimer des messages au début d'une session "
        "d'administration sans que personne le voie, et y affaiblir certaines protections."
    ),
    risk_en=(
        "An attacker on the path can delete messages at the start of an administration session "
        "unnoticed, and weaken some of its protections."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("CVE-2023-48795", "https://terrapin-attack.com/", "draft-miller-sshm-strict-kex"),
    remedy_fr=(
        "Mettre à jour le serveur SSH (OpenSSH 9.6 ou version corrigée de la distribution), et les "
        "clients : la parade ne vaut que si les deux l'ont. En attendant, retirer "
        "chacha20-poly1305@openssh.com et, avec les MAC « -etm », les chiffrements CBC : « Ciphers "
        "-chacha20-poly1305@openssh.com » dans sshd_config."
    ),
    remedy_en=(
        "Update the SSH server (OpenSSH 9.6 or the distribution's fixed version), and the clients: "
        "both must have the answer. Meanwhile remove chacha20-poly1305@openssh.com and, with “-etm” "
        "MACs, the CBC ciphers: “Ciphers -chacha20-poly1305@openssh.com” in sshd_config."
    ),
    proofs={
        "chacha20": Wording(
            "Prouvé par la négociation : {cipher} est proposé sans kex-strict-s-v00@openssh.com.",
            "Proved by the handshake: {cipher} is offered without kex-strict-s-v00@openssh.com.",
        ),
        "cbc": Wording(
            "Prouvé par la négociation : CBC ({ciphers}) avec un MAC après chiffrement ({macs}) est proposé sans kex-strict-s-v00@openssh.com.",
            "Proved by the handshake: CBC ({ciphers}) with encrypt-then-MAC ({macs}) is offered without kex-strict-s-v00@openssh.com.",
        ),
    },
    reads=SshService,
    judge=judge,
    flagged=(
        _service(ciphers=("chacha20-poly1305@openssh.com", "aes256-ctr")),
        _service(ciphers=("aes256-ctr", "aes256-cbc")),
        _service(ciphers=("rijndael-cbc@lysator.liu.se",)),
    ),
    clean=(
        _service(),
        _service(ciphers=("aes256-cbc",), macs=("hmac-sha2-256",)),
        _service(ciphers=("chacha20-poly1305@openssh.com",), strict_key_exchange=True),
        _service(**_UNREAD, protocol_1=True, protocol_2=False),
    ),
    unmeasured=(_service(**_UNREAD, why={"ciphers": "timeout"}),),
)
