"""Services that speak in lines: telnet, FTP, mail, rsync. Any password is a trespass."""

from dataclasses import dataclass

from vigie.demo.servers.base import Gone, Guest, Handler

_IAC = 0xFF


async def telnet(guest: Guest) -> None:
    """Negotiate options as a Unix telnetd does, then ask for a name."""
    await guest.send(bytes.fromhex("fffd18fffd20fffd23fffd27fffb03") + b"\r\nswitch-bloc login: ")
    while data := await guest.receive():
        if _IAC not in data and data.strip():
            guest.room.trespass("credentials offered", "telnet")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """A protocol of lines, each answered by a code or a word."""

    name: str
    greeting: str
    answers: dict[str, str]
    """First word of a command, upper case, to the answer; lines parted by CRLF."""
    otherwise: str
    starts_tls: str = ""
    """Command that starts TLS; empty: none does."""
    tls_answer: str = ""
    passwords: frozenset[str] = frozenset()
    """Commands that carry an identity or a secret."""
    goodbye: str = "QUIT"
    tagged: bool = False
    """IMAP: the client puts a tag before each command, and finds it again in the answer."""


def dialogue(script: Dialogue) -> Handler:
    """Give the handler of one such service."""

    async def serve(guest: Guest) -> None:
        await guest.send(script.greeting.encode() + b"\r\n")
        while True:
            said = await guest.line()
            tag, command = said.partition(" ")[::2] if script.tagged else ("", said)
            word = command.partition(" ")[0].upper()
            if command.upper().startswith(script.starts_tls or "\n") and not guest.inside_tls:
                await guest.send(f"{_tagged(tag, script.tls_answer)}\r\n".encode())
                await guest.start_tls()
                continue
            if word in script.passwords:
                guest.room.trespass("credentials offered", script.name)
            answer = script.answers.get(word, script.otherwise)
            await guest.send(f"{_tagged(tag, answer)}\r\n".encode())
            if word == script.goodbye:
                return

    return serve


def _tagged(tag: str, answer: str) -> str:
    if not tag:
        return answer
    if len(tag) > 32:
        raise Gone("not IMAP")
    *before, last = answer.split("\r\n")
    return "\r\n".join([*before, f"{tag} {last}"])


_FTP = {
    "SYST": "215 UNIX Type: L8",
    "FEAT": "211-Features:\r\n SIZE\r\n UTF8\r\n211 End",
    "USER": "331 Password required",
    "PASS": "530 Login incorrect.",
    "NOOP": "200 NOOP ok.",
    "QUIT": "221 Goodbye.",
}
_FTP_SECRETS = frozenset({"USER", "PASS", "ACCT"})

FTP_CLEAR = dialogue(
    Dialogue(
        name="ftp",
        greeting="220 Serveur FTP du service informatique (vsFTPd 3.0.3)",
        answers=_FTP,
        otherwise="530 Please login with USER and PASS.",
        passwords=_FTP_SECRETS,
    )
)
FTP_TLS = dialogue(
    Dialogue(
        name="ftp",
        greeting="220 Depot securise",
        answers=_FTP
        | {
            "FEAT": "211-Features:\r\n AUTH TLS\r\n PBSZ\r\n PROT\r\n UTF8\r\n211 End",
            "USER": "530 Non-anonymous sessions must use encryption.",
            "PBSZ": "200 PBSZ set to 0.",
            "PROT": "200 PROT now Private.",
        },
        otherwise="530 Please login with USER and PASS.",
        starts_tls="AUTH TLS",
        tls_answer="234 Proceed with negotiation.",
        passwords=_FTP_SECRETS,
    )
)

_SMTP_SECRETS = frozenset({"AUTH", "MAIL", "RCPT", "VRFY", "EXPN"})
_SMTP = {
    "HELO": "250 courrier.example",
    "NOOP": "250 2.0.0 Ok",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}
SMTP = dialogue(
    Dialogue(
        name="smtp",
        greeting="220 courrier.example ESMTP Postfix",
        answers=_SMTP
        | {
            "EHLO": "250-courrier.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
            "250-STARTTLS\r\n250 8BITMIME"
        },
        otherwise="502 5.5.2 Error: command not recognized",
        starts_tls="STARTTLS",
        tls_answer="220 2.0.0 Ready to start TLS",
        passwords=_SMTP_SECRETS,
    )
)
SMTP_CLEAR = dialogue(
    Dialogue(
        name="smtp",
        greeting="220 relais.example ESMTP Sendmail 8.13.8",
        answers=_SMTP | {"EHLO": "250-relais.example\r\n250-SIZE\r\n250 HELP"},
        otherwise="500 5.5.1 Command unrecognized",
        passwords=_SMTP_SECRETS,
    )
)
IMAP = dialogue(
    Dialogue(
        name="imap",
        greeting="* OK [CAPABILITY IMAP4rev1 ID STARTTLS LOGINDISABLED] Dovecot ready.",
        answers={
            "CAPABILITY": "* CAPABILITY IMAP4rev1 ID STARTTLS LOGINDISABLED\r\nOK Done.",
            "NOOP": "OK Done.",
            "LOGOUT": "* BYE Logging out\r\nOK Done.",
        },
        otherwise="BAD Error in IMAP command.",
        starts_tls="STARTTLS",
        tls_answer="OK Begin TLS negotiation now.",
        passwords=frozenset({"LOGIN", "AUTHENTICATE"}),
        goodbye="LOGOUT",
        tagged=True,
    )
)
POP3 = dialogue(
    Dialogue(
        name="pop3",
        greeting="+OK Dovecot ready.",
        answers={
            "CAPA": "+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nSTLS\r\n.",
            "NOOP": "+OK",
            "QUIT": "+OK Logging out",
        },
        otherwise="-ERR Unknown command.",
        starts_tls="STLS",
        tls_answer="+OK Begin TLS negotiation now.",
        passwords=frozenset({"USER", "PASS", "APOP", "AUTH"}),
    )
)


async def rsync(guest: Guest) -> None:
    """List modules to whoever asks, as rsyncd does (protocol 31)."""
    await guest.send(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
    if not (await guest.line()).startswith("@RSYNCD:"):
        raise Gone("not rsync")
    asked = await guest.line()
    if asked in {"", "#list"}:
        await guest.send(b"sauvegardes    \tcopies du soir\n@RSYNCD: EXIT\n")
    else:
        guest.room.trespass("session opened", "rsync module")
        await guest.send(b"@ERROR: Unknown module\n")
