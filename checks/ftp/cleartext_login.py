"""FTP takes passwords in clear: it offers no TLS at all."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.ftp import FtpService


def judge(seen: FtpService, facts: Facts) -> Iterator[Verdict]:
    """Flag a server that refuses ``AUTH TLS``: whoever logs in does so in clear.

    Where TLS is offered, whether it is also required is told only to a USER command, which is
    never sent: that is not measured, not clean.
    """
    if seen.inside_tls:
        return
    if seen.auth_tls is None:
        yield NotMeasured(seen.place, seen.why.get("auth_tls", "undetermined"))
    elif seen.auth_tls:
        yield NotMeasured(seen.place, "login-needed")
    else:
        proof = Proof("no-tls", {"greeting": seen.greeting[:120] or "—"})
        yield Flagged(seen.place, Confidence.CERTAIN, (proof,))


def _service(
    *, auth_tls: bool | None, inside_tls: bool = False, why: dict[str, str] | None = None
) -> FtpService:
    return FtpService(
        place=place(990 if inside_tls else 21),
        at=AT,
        why=why or {},
        greeting="220 ProFTPD Server",
        inside_tls=inside_tls,
        auth_tls=auth_tls,
    )


CHECK = Check(
    id="ftp.cleartext-login",
    title_fr="FTP : connexion en clair",
    title_en="FTP: login in clear",
    risk_fr=(
        "Mots de passe et fichiers, parfois des données de santé, circulent en clair sur Internet "
        ": qui se trouve sur le trajet les lit et peut les modifier."
    ),
    risk_en=(
        "Passwords and files, sometimes health data, travel in clear over the Internet: whoever is "
        "on the path reads them and may change them."
    ),
    criticality=Criticality.HIGH,
    care=("D1.EXPO.6",),
    references=("ANSSI OpenSSH R4", "ANSSI hygiène 21", "RFC 4217", "RFC 2577"),
    remedy_fr=(
        "Remplacer FTP par SFTP, ou activer FTPS et l'exiger pour la connexion comme pour les "
        "données (ProFTPD : « TLSRequired on » ; vsftpd : « ssl_enable=YES », "
        "« force_local_logins_ssl=YES », « force_local_data_ssl=YES »). Fermer l'accès anonyme, "
        "changer les mots de passe qui ont circulé en clair."
    ),
    remedy_en=(
        "Replace FTP by SFTP, or switch FTPS on and require it for logins and data alike (ProFTPD: "
        "TLSRequired on; vsftpd: ssl_enable=YES, force_local_logins_ssl=YES, "
        "force_local_data_ssl=YES). Close anonymous access, change the passwords that travelled in "
        "clear."
    ),
    proofs={
        "no-tls": Wording(
            "Le serveur n'offre pas TLS (AUTH TLS refusé) : tout mot de passe y passe en clair. "
            "Accueil : {greeting}",
            "The server offers no TLS (AUTH TLS refused): any password goes through in clear. "
            "Greeting: {greeting}",
        )
    },
    reads=FtpService,
    judge=judge,
    flagged=(_service(auth_tls=False),),
    clean=(_service(auth_tls=None, inside_tls=True, why={"auth_tls": "encrypted"}),),
    unmeasured=(
        _service(auth_tls=True),
        _service(auth_tls=None, why={"auth_tls": "intensity"}),
    ),
)
