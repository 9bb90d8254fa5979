"""SSH accepts HMAC-SHA-1: not broken, no longer recommended."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ssh import SshService


def judge(seen: SshService, facts: Facts) -> Iterator[Verdict]:
    """Flag a server that offers ``hmac-sha1`` in any of its forms."""
    if seen.macs is None:
        yield NotMeasured(seen.place, seen.why.get("macs", "undetermined"))
        return
    found = [name for name in seen.macs if name.startswith("hmac-sha1")]
    if found:
        proof = Proof("offered", {"names": ", ".join(found[:8])})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


def _service(*macs: str, why: str = "") -> SshService:
    names = macs or ("hmac-sha2-256",)
    return SshService(
        place=place(22),
        at=AT,
        why={"macs": why} if why else {},
        identification="SSH-2.0-OpenSSH_9.2p1",
        software="OpenSSH_9.2p1",
        protocol_1=False,
        protocol_2=True,
        key_exchanges=None if why else ("curve25519-sha256",),
        host_keys=None if why else ("ssh-ed25519",),
        ciphers=None if why else ("aes256-ctr",),
        macs=None if why else names,
        compressions=None if why else ("none",),
        strict_key_exchange=None if why else True,
    )


CHECK = Check(
    id="ssh.legacy-mac",
    title_fr="SSH accepte encore HMAC-SHA-1",
    title_en="SSH still accepts HMAC-SHA-1",
    risk_fr=(
        "Aucune attaque pratique n'est connue ; ce contrôle d'intégrité d'un autre temps montre "
        "une configuration restée aux valeurs par défaut."
    ),
    risk_en=(
        "No practical attack is known; this integrity check of another time shows a configuration "
        "left at its defaults."
    ),
    criticality=Criticality.LOW,
    care=("D1.EXPO.8",),
    references=("ANSSI OpenSSH R15", "RFC 6668", "NIST SP 800-131A"),
    remedy_fr=(
        "Avec OpenSSH, dans sshd_config : « MACs hmac-sha2-256-etm@openssh.com,"
        "hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512 », puis recharger le service."
    ),
    remedy_en=(
        "With OpenSSH, in sshd_config: MACs hmac-sha2-256-etm@openssh.com,"
        "hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512; then reload the service."
    ),
    proofs={
        "offered": Wording(
            "Contrôles d'intégrité proposés : {names}.", "Integrity checks offered: {names}."
        )
    },
    reads=SshService,
    judge=judge,
    flagged=(_service("hmac-sha2-256", "hmac-sha1"), _service("hmac-sha1-etm@openssh.com")),
    clean=(_service(),),
    unmeasured=(_service(why="reset"),),
)
