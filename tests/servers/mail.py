"""A real mail server (aiosmtpd) on loopback, and one that follows a script."""

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import trio
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.real import free_port

HOST = "127.0.0.1"


class Mailbox:
    """What came, and what is answered to the next mails."""

    def __init__(self) -> None:
        self.came: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.answers: list[str] = []
        """Said to ``RCPT TO``, one each, before all is well."""

    def messages(self) -> list[EmailMessage]:
        """Give what came, read as mail programs do."""
        return [
            message_from_bytes(one.original_content or b"", policy=default) for one in self.came
        ]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Answer as told, then take."""
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the message."""
        self.came.append(envelope)
        return "250 taken"

    def login(self, _mechanism: str, user: bytes, password: bytes) -> bool:
        """Take one account."""
        self.logins.append((user, password))
        return (user, password) == (b"vigie", b"secret word")


class MailServer:
    """One running server."""

    def __init__(self, port: int, box: Mailbox) -> None:
        self.port = port
        self.box = box


@contextmanager
def mail_server(
    authority: trustme.CA, *, name: str = HOST, implicit: bool = False, plain: bool = False
) -> Generator[MailServer]:
    """Serve with a certificate of ``name``: STARTTLS and login required, unless ``plain``."""
    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        passed = box.login(mechanism, data.login, data.password)
        return AuthResult(success=passed, handled=False)

    port = free_port()
    over_starttls = not (implicit or plain)
    controller = Controller(
        box,
        hostname=HOST,
        port=port,
        ssl_context=context if implicit else None,
        decode_data=False,
        tls_context=context if over_starttls else None,
        require_starttls=over_starttls,
        authenticator=None if plain else authenticate,
        # It knows no TLS but STARTTLS to require a login over.
        auth_required=over_starttls,
        auth_require_tls=over_starttls,
    )
    controller.start()
    try:
        yield MailServer(port, box)
    finally:
        controller.stop()


@asynccontextmanager
async def scripted(*says: bytes | None, then_silent: bool = False) -> AsyncGenerator[int]:
    """Say the first line on connection, then one after each line or dot; ``None`` cuts.

    What a client sends between ``DATA`` and the dot is read in one go.
    """

    async def talk(stream: trio.SocketStream) -> None:
        heard = b""
        in_data = False
        async with stream:
            for said in says:
                if said is None:
                    return
                try:
                    await stream.send_all(said)
                    in_data = said.startswith(b"354")
                    end = b"\r\n.\r\n" if in_data else b"\r\n"
                    while end not in heard:
                        some = await stream.receive_some(65_536)
                        if not some:
                            return
                        heard += some
                    _, _, heard = heard.partition(end)
                except trio.BrokenResourceError:
                    return
            if then_silent:
                await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host=HOST)
        port = int(listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, talk, [listener])
        yield port
        nursery.cancel_scope.cancel()
