"""Why a directory was not opened, and what to do about it, for who runs the audit."""

import enum

from core.errors import DirectoryFailure
from core.model import Language, Wording


class Fault(enum.Enum):
    """The part that failed. The value is what errors, logs and tests carry."""

    NAME = "name"
    PORT = "port"
    SILENT = "silent"
    TLS = "tls"
    STARTTLS = "starttls"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_NAME = "certificate-name"
    CERTIFICATE_DATE = "certificate-date"
    FINGERPRINT = "fingerprint"
    CA_FILE = "ca-file"
    CREDENTIAL = "credential"
    ACCOUNT = "account"
    PASSWORD_EXPIRED = "password-expired"  # noqa: S105 - a fault, not a password
    DISABLED = "disabled"
    LOCKED = "locked"
    SIGNING = "signing"
    CHANNEL_BINDING = "channel-binding"
    SEALING = "sealing"
    KERBEROS = "kerberos"
    KERBEROS_MISSING = "kerberos-missing"
    REFERRAL = "referral"
    UNWILLING = "unwilling"
    NOT_ACTIVE_DIRECTORY = "not-active-directory"
    BUSY = "busy"
    CUT = "cut"
    NONSENSE = "nonsense"


_ONCE = Wording(
    " La demande n'est jamais rejouée, pour ne pas verrouiller le compte.",
    " The request is never replayed, so that the account is not locked.",
)

_WORDS: dict[Fault, Wording] = {
    Fault.NAME: Wording(
        "ce nom n'a pas d'adresse. Vérifiez l'orthographe et le serveur DNS de cette machine.",
        "this name has no address. Check its spelling and this machine's DNS server.",
    ),
    Fault.PORT: Wording(
        "le port ne répond pas. Vérifiez qu'il s'agit d'un contrôleur de domaine, que LDAPS (636) "
        "ou StartTLS (389) y est actif et que le pare-feu laisse passer cette machine.",
        "the port does not answer. Check that this is a domain controller, that LDAPS (636) or "
        "StartTLS (389) is active and that the firewall lets this machine through.",
    ),
    Fault.SILENT: Wording(
        "le serveur ne répond pas dans le délai. Relancez plus tard, ou nommez un autre "
        "contrôleur.",
        "the server does not answer in time. Run again later, or name another controller.",
    ),
    Fault.TLS: Wording(
        "le chiffrement n'a pas pu s'établir. Le serveur a-t-il un certificat, et parle-t-il au "
        "moins TLS 1.2 ?",
        "encryption could not be set up. Does the server have a certificate, and speak TLS 1.2 at "
        "least?",
    ),
    Fault.STARTTLS: Wording(
        "le serveur refuse StartTLS. Installez-lui un certificat, ou utilisez ldaps:// ; un mot de "
        "passe n'est jamais envoyé en clair.",
        "the server refuses StartTLS. Install a certificate there, or use ldaps://; a password is "
        "never sent in the clear.",
    ),
    Fault.CERTIFICATE_UNTRUSTED: Wording(
        "le certificat n'est signé par aucune autorité connue. Donnez celle de l'établissement "
        "(ca_file), ou l'empreinte du certificat après l'avoir vérifiée sur le contrôleur.",
        "the certificate is signed by no known authority. Give the hospital's own (ca_file), or "
        "the certificate's fingerprint once checked on the controller.",
    ),
    Fault.CERTIFICATE_NAME: Wording(
        "le certificat n'est pas à ce nom. Utilisez le nom complet du contrôleur (celui du "
        "certificat), pas une adresse ni un alias.",
        "the certificate is not for this name. Use the controller's full name (the one in the "
        "certificate), not an address or an alias.",
    ),
    Fault.CERTIFICATE_DATE: Wording(
        "le certificat est expiré, ou pas encore valable. Renouvelez-le, et vérifiez l'heure de "
        "cette machine.",
        "the certificate has expired, or is not valid yet. Renew it, and check this machine's "
        "clock.",
    ),
    Fault.FINGERPRINT: Wording(
        "le certificat n'a pas l'empreinte attendue. Il a été renouvelé, ou quelqu'un s'est mis "
        "au milieu : vérifiez sur le contrôleur avant de changer l'empreinte.",
        "the certificate does not have the expected fingerprint. It was renewed, or someone "
        "stands between: check on the controller before changing the fingerprint.",
    ),
    Fault.CA_FILE: Wording(
        "le fichier des autorités est illisible ou n'est pas du PEM.",
        "the file of authorities cannot be read or is not PEM.",
    ),
    Fault.CREDENTIAL: Wording(
        "le nom ou le mot de passe est refusé." + _ONCE.fr,
        "the name or the password is refused." + _ONCE.en,
    ),
    Fault.ACCOUNT: Wording(
        "ce compte ne peut pas se connecter ici (expiré, hors de ses horaires, ou interdit depuis "
        "cette machine)." + _ONCE.fr,
        "this account may not log in here (expired, outside its hours, or not from this machine)."
        + _ONCE.en,
    ),
    Fault.PASSWORD_EXPIRED: Wording(
        "le mot de passe du compte est expiré, ou doit être changé. Changez-le, puis relancez.",
        "the password of the account has expired, or must be changed. Change it, then run again.",
    ),
    Fault.DISABLED: Wording(
        "le compte est désactivé. Faites-le activer, ou choisissez-en un autre.",
        "the account is disabled. Have it enabled, or choose another.",
    ),
    Fault.LOCKED: Wording(
        "le compte est verrouillé. Faites-le déverrouiller avant de relancer, et cherchez qui l'a "
        "verrouillé.",
        "the account is locked. Have it unlocked before running again, and find out who locked it.",
    ),
    Fault.SIGNING: Wording(
        "le contrôleur exige la signature LDAP et n'a pas vu de chiffrement. Utilisez ldaps:// ou "
        "StartTLS, de bout en bout.",
        "the controller requires LDAP signing and saw no encryption. Use ldaps:// or StartTLS, "
        "end to end.",
    ),
    Fault.CHANNEL_BINDING: Wording(
        "le contrôleur exige la liaison au canal (channel binding) et ne l'a pas reconnue : un "
        "équipement déchiffre peut-être entre les deux. Adressez-vous au contrôleur lui-même.",
        "the controller requires channel binding and did not recognise it: something may decrypt "
        "in between. Address the controller itself.",
    ),
    Fault.SEALING: Wording(
        "le contrôleur exige que Kerberos chiffre lui-même la session, même sous TLS. La version "
        "publiée de ldap3 (2.9.1) ne sait pas le faire ; seule une préversion 2.10 le sait. "
        "Utilisez un mot de passe sous ldaps://, qui satisfait cette politique.",
        "the controller requires Kerberos itself to seal the session, even inside TLS. The "
        "released ldap3 (2.9.1) cannot; only a 2.10 pre-release can. Use a password over "
        "ldaps://, which satisfies that policy.",
    ),
    Fault.KERBEROS: Wording(
        "Kerberos n'a pas donné de ticket pour ce contrôleur. Obtenez-en un (kinit), nommez le "
        "contrôleur par son nom complet et vérifiez l'heure de cette machine." + _ONCE.fr,
        "Kerberos gave no ticket for this controller. Get one (kinit), name the controller by "
        "its full name and check this machine's clock." + _ONCE.en,
    ),
    Fault.KERBEROS_MISSING: Wording(
        "Kerberos n'est pas installé ici : pip install 'vigie[kerberos]', ou utilisez un mot de "
        "passe.",
        "Kerberos is not installed here: pip install 'vigie[kerberos]', or use a password.",
    ),
    Fault.REFERRAL: Wording(
        "le serveur renvoie vers un autre annuaire. Les renvois ne sont jamais suivis : nommez le "
        "contrôleur du domaine de ce compte.",
        "the server refers to another directory. Referrals are never followed: name the "
        "controller of this account's domain.",
    ),
    Fault.UNWILLING: Wording(
        "le serveur refuse cette façon de se connecter (liaison simple). Vérifiez sa politique et "
        "l'écriture du compte (compte@domaine).",
        "the server refuses this way to log in (simple bind). Check its policy and the spelling "
        "of the account (account@domain).",
    ),
    Fault.NOT_ACTIVE_DIRECTORY: Wording(
        "cet annuaire n'est pas un Active Directory. Nommez un contrôleur de domaine.",
        "this directory is no Active Directory. Name a domain controller.",
    ),
    Fault.BUSY: Wording(
        "le serveur se dit occupé ou indisponible. Relancez plus tard." + _ONCE.fr,
        "the server says it is busy or unavailable. Run again later." + _ONCE.en,
    ),
    Fault.CUT: Wording(
        "la connexion a été coupée après l'envoi du mot de passe, sans réponse." + _ONCE.fr,
        "the connection was cut after the password was sent, without an answer." + _ONCE.en,
    ),
    Fault.NONSENSE: Wording(
        "le serveur a répondu autre chose que du LDAP.",
        "the server answered something that is not LDAP.",
    ),
}


def explain(error: DirectoryFailure, language: Language) -> str:
    """Give one line: which server, what failed, what to do, and what was said."""
    text = _WORDS[Fault(error.fault)].say(language)
    detail = f" [{error.detail}]" if error.detail else ""
    return (
        f"{error.server} : {text}{detail}"
        if language is Language.FR
        else (f"{error.server}: {text}{detail}")
    )
