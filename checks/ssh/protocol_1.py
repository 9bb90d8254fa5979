"""SSH accepts version 1 of the protocol, abandoned since 2006."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, Proof, Verdict, Wording
from core.observations.ssh import SshService


def judge(seen: SshService, facts: Facts) -> Iterator[Verdict]:
    """Flag a server whose identification announces SSH-1, alone or beside SSH-2."""
    if not seen.protocol_1:
        return
    proof = Proof(
        "both" if seen.protocol_2 else "alone", {"identification": seen.identification[:120]}
    )
    # « 1.99 » promises both; a few devices keep it after version 1 was switched off.
    sure = Confidence.FIRM if seen.protocol_2 else Confidence.CERTAIN
    yield Flagged(seen.place, sure, (proof,))


def _service(identification: str) -> SshService:
    version, software = identification.removeprefix("SSH-").split("-", 1)
    return SshService(
        place=place(22),
        at=AT,
        why=dict.fromkeys(
            ("key_exchanges", "host_keys", "ciphers", "macs", "compressions"), "not-offered"
        ),
        identification=identification,
        software=software,
        protocol_1=version.startswith("1."),
        protocol_2=version in {"1.99", "2.0"},
        key_exchanges=None,
        host_keys=None,
        ciphers=None,
        macs=None,
        compressions=None,
        strict_key_exchange=None,
    )


CHECK = Check(
    id="ssh.protocol-1",
    title_fr="SSH accepte la version 1 du protocole",
    title_en="SSH accepts version 1 of the protocol",
    risk_fr=(
        "La version 1 de SSH ne protège plus : un attaquant placé sur le trajet peut lire la "
        "session d'administration, mot de passe compris, et y glisser ses propres commandes."
    ),
    risk_en=(
        "Version 1 of SSH no longer protects: an attacker on the path may read the administration "
        "session, password included, and slip in commands of their own."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.8",),
    references=("ANSSI OpenSSH R1", "RFC 4253 §5.1", "CVE-2001-0361"),
    remedy_fr=(
        "N'accepter que la version 2 (« ip ssh version 2 » sur Cisco IOS, « Protocol 2 » sur un "
        "OpenSSH antérieur à 7.4) et renouveler les clés d'hôte. Si l'équipement ne connaît que la "
        "version 1, le retirer d'Internet et le remplacer."
    ),
    remedy_en=(
        "Accept version 2 alone (ip ssh version 2 on Cisco IOS, Protocol 2 on an OpenSSH older "
        "than 7.4) and renew the host keys. If the device knows version 1 only, take it off the "
        "Internet and replace it."
    ),
    proofs={
        "alone": Wording(
            "Le serveur ne parle que SSH-1 : {identification}",
            "The server speaks SSH-1 only: {identification}",
        ),
        "both": Wording(
            "Le serveur annonce SSH-1 et SSH-2 : {identification}",
            "The server announces SSH-1 and SSH-2: {identification}",
        ),
    },
    reads=SshService,
    judge=judge,
    flagged=(_service("SSH-1.5-OpenSSH_2.3"), _service("SSH-1.99-Cisco-1.25")),
    clean=(_service("SSH-2.0-OpenSSH_9.2p1"),),
)
