"""Hands one message to a mail relay (RFC 5321), over TLS that is checked, and knows when it may
have been taken.

The relay is the operator's, and is believed in nothing: replies are bounded, what it says before
TLS is forgotten (RFC 3207, 4.2), and a relay that does not offer STARTTLS is given nothing.
"""

import base64
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import certifi
import msgspec
import trio

from core.operations import MailServer
from core.secrets import Secret
from vigie.notify.outcome import MaybeDelivered, Undelivered

_REPLY_BYTES = 16_384
_LINE = re.compile(rb"([2-5][0-9]{2})([ -])(.*)")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_CONNECT_S = 30.0
_TALK_S = 120.0
"""For everything up to the last dot."""
_TAKING_S = 480.0
"""For the answer to it: RFC 5321, 4.5.3.2.6, asks for ten minutes; less, so that the whole ends
before the entry may be another sender's.
"""


class Reply(msgspec.Struct, frozen=True):
    """One reply: its code, and its lines without it."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}"[:200]


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Give what checks a certificate: against these authorities alone, or the public ones.

    Raises ``OSError`` or ``ValueError`` on a file that holds none.
    """
    if not ca_file:
        return ssl.create_default_context(cafile=certifi.where())
    content = Path(ca_file).read_bytes()
    context = ssl.create_default_context(
        cadata=content.decode("ascii") if b"-----BEGIN" in content else content
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Relay:
    """The way to one mail server, by an address that somebody else found."""

    def __init__(
        self,
        server: MailServer,
        address: str,
        password: Secret | None,
        *,
        talk_s: float = _TALK_S,
        taking_s: float = _TAKING_S,
    ) -> None:
        self._server = server
        self._address = address
        self._password = password
        self._talk_s = talk_s
        self._taking_s = taking_s

    async def send(
        self, recipient: str, message: bytes, before_dot: Callable[[], Awaitable[None]]
    ) -> None:
        """Send one message, whose lines end in CRLF and are ASCII.

        ``before_dot`` is awaited just before the step after which the relay may have it; what it
        raises ends the sending before that step. Raises ``Undelivered`` or ``MaybeDelivered``.
        """
        if _BARE.search(message):
            # Read as the end of the message by some, as part of it by others (SMTP smuggling).
            raise Undelivered("a lone CR or LF in the message", for_good=True)
        try:
            with trio.fail_after(_CONNECT_S):
                stream = await trio.open_tcp_stream(self._address, self._server.port)
        except OSError as error:
            raise Undelivered(f"refused: {error}", is_down=True) from error
        except trio.TooSlowError:
            raise Undelivered("timeout", is_down=True) from None
        session = _Session(stream)
        try:
            await self._hand_over(session, recipient, message, before_dot)
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(session.stream)

    async def _hand_over(
        self,
        session: "_Session",
        recipient: str,
        message: bytes,
        before_dot: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            with trio.fail_after(self._talk_s):
                await self._greet(session)
                await session.ask(f"MAIL FROM:<{self._server.sender}>", {250})
                await session.ask(f"RCPT TO:<{recipient}>", {250, 251})
                await session.ask("DATA", {354})
                await session.write(_stuffed(message))
        except trio.TooSlowError:
            raise Undelivered("timeout", is_down=True) from None
        await before_dot()
        reply: Reply | None = None
        # Shielded: a stop here would leave nobody knowing.
        with trio.move_on_after(self._taking_s, shield=True):
            try:
                await session.write(b".\r\n")
                reply = await session.reply()
            except Undelivered as error:
                raise MaybeDelivered(f"cut after the last dot: {error}") from error
        if reply is None:
            raise MaybeDelivered("silence after the last dot")
        if reply.code // 100 != 2:
            raise Undelivered(str(reply), for_good=reply.code // 100 == 5)
        with trio.move_on_after(2):
            await session.quit()

    async def _greet(self, session: "_Session") -> None:
        server = self._server
        try:
            context = tls_context(server.ca_file) if server.tls != "none" else None
        except (OSError, ValueError) as error:
            raise Undelivered(f"ca_file: {error}", is_down=True) from error
        if server.tls == "implicit" and context is not None:
            await session.secure(context, server.host)
        await session.expect({220})
        offered = await session.hello()
        if server.tls == "starttls" and context is not None:
            if "STARTTLS" not in offered:
                raise Undelivered("STARTTLS is not offered", is_down=True)
            await session.ask("STARTTLS", {220}, is_down=True)
            await session.secure(context, server.host)
            offered = await session.hello()
        if self._password is not None:
            await self._log_in(session, offered, self._password)

    async def _log_in(self, session: "_Session", offered: dict[str, str], password: Secret) -> None:
        ways = offered.get("AUTH", "").split()
        user, word = self._server.user, password.reveal()
        if "PLAIN" in ways:
            said = base64.b64encode(f"\0{user}\0{word}".encode()).decode()
            await session.ask(f"AUTH PLAIN {said}", {235}, shown="AUTH PLAIN", is_down=True)
        elif "LOGIN" in ways:
            await session.ask("AUTH LOGIN", {334}, is_down=True)
            for text, code in ((user, 334), (word, 235)):
                said = base64.b64encode(text.encode()).decode()
                await session.ask(said, {code}, shown="AUTH LOGIN", is_down=True)
        else:
            raise Undelivered("neither AUTH PLAIN nor AUTH LOGIN is offered", is_down=True)


class _Session:
    """One conversation."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._heard = b""

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        if self._heard:
            # Said before TLS, to be read as if it came after it: somebody stands on the way.
            raise Undelivered("words before TLS", is_down=True)
        tls = trio.SSLStream(self.stream, context, server_hostname=host)
        try:
            await tls.do_handshake()
        except trio.BrokenResourceError as error:
            cause = error.__cause__
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
            raise Undelivered(f"TLS: {why or cause or 'cut'}", is_down=True) from error
        self.stream = tls

    async def hello(self) -> dict[str, str]:
        """Give what the server offers: keyword in capitals → its words, in capitals."""
        # The address it came from says as little of this machine as the connection itself.
        reply = await self.ask("EHLO [127.0.0.1]", {250}, is_down=True)
        offered: dict[str, str] = {}
        for line in reply.lines[1:]:
            word, _, rest = line.upper().partition(" ")
            offered[word] = rest
        return offered

    async def ask(
        self, line: str, wanted: set[int], *, shown: str = "", is_down: bool = False
    ) -> Reply:
        await self.write(f"{line}\r\n".encode("ascii"))
        return await self.expect(wanted, shown or line, is_down=is_down)

    async def expect(
        self, wanted: set[int], asked: str = "greeting", *, is_down: bool = False
    ) -> Reply:
        reply = await self.reply()
        if reply.code not in wanted:
            verb = asked.partition(":")[0]
            # 421 and 554 at the door speak of the server, not of this message.
            down = is_down or reply.code == 421 or asked == "greeting"
            raise Undelivered(
                f"{verb}: {reply}", for_good=reply.code // 100 == 5 and not down, is_down=down
            )
        return reply

    async def reply(self) -> Reply:
        lines: list[str] = []
        code = 0
        total = 0
        while True:
            line = await self._line()
            total += len(line)
            found = _LINE.fullmatch(line) or _LINE.fullmatch(line + b" ")
            if found is None or total > _REPLY_BYTES or (code and int(found[1]) != code):
                raise Undelivered("protocol-error", is_down=True)
            code = int(found[1])
            lines.append(found[3].decode("ascii", "replace").strip())
            if found[2] == b" ":
                return Reply(code, tuple(lines))

    async def _line(self) -> bytes:
        while b"\n" not in self._heard:
            if len(self._heard) > _REPLY_BYTES:
                raise Undelivered("protocol-error", is_down=True)
            try:
                some = await self.stream.receive_some(4_096)
            except trio.BrokenResourceError as error:
                raise Undelivered("reset", is_down=True) from error
            if not some:
                raise Undelivered("cut", is_down=True)
            self._heard += some
        line, _, self._heard = self._heard.partition(b"\n")
        return line.removesuffix(b"\r")

    async def write(self, data: bytes) -> None:
        try:
            await self.stream.send_all(data)
        except trio.BrokenResourceError as error:
            raise Undelivered("reset", is_down=True) from error

    async def quit(self) -> None:
        try:
            await self.ask("QUIT", {221})
        except Undelivered:
            # It said already that it has the message.
            return


def _stuffed(message: bytes) -> bytes:
    """Give a message whose lines that begin with a dot have another (RFC 5321, 4.5.2)."""
    whole = message if message.endswith(b"\r\n") else message + b"\r\n"
    return re.sub(rb"^\.", b"..", whole, flags=re.MULTILINE)
