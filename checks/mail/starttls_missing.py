"""A mail server without STARTTLS: messages or passwords travel in clear."""

from collections.abc import Iterator

from checks._shared.examples import AT, place
from checks._shared.mail import hosts, unseen
from checks.registry import Check
from core.facts import Facts
from core.model import Confidence, Criticality, Flagged, NotMeasured, Proof, Verdict, Wording
from core.observations.mail import MailService
from core.observations.mail_hosts import MailHostsSeen, MxSeen


def judge(seen: MailService | MailHostsSeen, facts: Facts) -> Iterator[Verdict]:
    """Flag a server in clear that announces no STARTTLS; graver where it takes logins.

    Servers of a domain that were not looked at are told once for the domain.
    """
    del facts
    if isinstance(seen, MailHostsSeen):
        yield from unseen(seen)
        return
    if seen.inside_tls:
        return
    if seen.starttls is None:
        yield NotMeasured(seen.place, seen.why.get("starttls", "undetermined"))
    elif not seen.starttls:
        proofs = [
            Proof(
                "missing",
                {"protocol": seen.protocol.upper(), "greeting": seen.greeting[:120] or "—"},
            )
        ]
        criticality = Criticality.MEDIUM
        if seen.clear_logins:
            proofs.append(Proof("logins", {"ways": ", ".join(seen.clear_logins[:8])}))
            criticality = Criticality.HIGH
        yield Flagged(seen.place, Confidence.CERTAIN, tuple(proofs), criticality)


def _service(
    protocol: str = "smtp",
    *,
    starttls: bool | None,
    clear_logins: tuple[str, ...] | None = (),
    inside_tls: bool = False,
    why: str = "",
) -> MailService:
    ports = {"smtp": 25, "imap": 143, "pop3": 110}
    return MailService(
        place=place(ports[protocol]),
        at=AT,
        why={"starttls": why, "clear_logins": why} if why else {},
        protocol=protocol,
        greeting="220 mx.chu.example ESMTP",
        inside_tls=inside_tls,
        starttls=starttls,
        clear_logins=clear_logins,
    )


CHECK: Check[MailService | MailHostsSeen] = Check(
    id="mail.starttls-missing",
    title_fr="Messagerie sans chiffrement (STARTTLS absent)",
    title_en="Mail without encryption (no STARTTLS)",
    risk_fr=(
        "Les messages, et les mots de passe s'il en demande, circulent en clair entre serveurs ou "
        "depuis les postes : qui se trouve sur le trajet les lit."
    ),
    risk_en=(
        "Messages, and passwords if it asks for any, travel in clear between servers or from "
        "computers: whoever is on the path reads them."
    ),
    criticality=Criticality.MEDIUM,
    care=("D1.EXPO.8",),
    references=("ANSSI interconnexion R42", "ANSSI interconnexion R41", "RFC 3207", "RFC 8314"),
    remedy_fr=(
        "Installer un certificat et annoncer STARTTLS (Postfix : « smtpd_tls_security_level = may "
        "», « smtpd_tls_auth_only = yes » ; Dovecot : « ssl = required »). Pour les boîtes aux "
        "lettres, préférer IMAPS et la soumission en TLS, et fermer IMAP et POP3 en clair."
    ),
    remedy_en=(
        "Install a certificate and announce STARTTLS (Postfix: smtpd_tls_security_level = may, "
        "smtpd_tls_auth_only = yes; Dovecot: ssl = required). For mailboxes, prefer IMAPS and "
        "submission over TLS, and close IMAP and POP3 in clear."
    ),
    proofs={
        "missing": Wording(
            "Le serveur {protocol} n'annonce pas STARTTLS. Accueil : {greeting}",
            "The {protocol} server announces no STARTTLS. Greeting: {greeting}",
        ),
        "logins": Wording(
            "Il propose de se connecter en clair ({ways}) : criticité portée à « élevée ».",
            "It offers to log in in clear ({ways}): raised to high.",
        ),
    },
    reads=MailService,
    also_reads=(MailHostsSeen,),
    judge=judge,
    flagged=(
        _service(starttls=False),
        _service(starttls=False, clear_logins=("PLAIN", "LOGIN")),
        _service("imap", starttls=False, clear_logins=("LOGIN",)),
        _service("pop3", starttls=False, clear_logins=None),
    ),
    clean=(
        hosts(),
        _service(starttls=True),
        _service("imap", starttls=None, clear_logins=None, inside_tls=True, why="encrypted"),
    ),
    unmeasured=(
        hosts(MxSeen(host="mx.ailleurs.example", why="out-of-scope", is_elsewhere=True)),
        hosts(MxSeen(host="mx.chu.example", address="203.0.113.25", why="timeout")),
        _service(starttls=None, clear_logins=None, why="timeout"),
    ),
)
