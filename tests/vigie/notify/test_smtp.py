"""Mail is handed over TLS that is checked, or not at all; what may have been taken is known."""

from pathlib import Path

import pytest
import trio
import trustme

from core.operations import MailServer
from core.secrets import Secret
from tests.on_trio import on_trio
from tests.servers.mail import HOST, mail_server, scripted
from vigie.notify.outcome import MaybeDelivered, NoLongerOurs, Undelivered
from vigie.notify.smtp import Relay

MESSAGE = b"Subject: x\r\n\r\n.hidden\r\n..\r\nend\r\n"
GREETING = b"220 here\r\n"
HELLO = b"250-here\r\n250 8BITMIME\r\n"
OK = b"250 OK\r\n"
PASSWORD = Secret("secret word")


class Marks:
    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def to(port: int, tls: str = "none", ca_file: Path | str = "", user: str = "vigie") -> MailServer:
    return MailServer(
        host=HOST, port=port, tls=tls, sender="v@grades.example", user=user, ca_file=str(ca_file)
    )


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_arrives_as_it_was(authority: trustme.CA, ca_file: Path, tls: str) -> None:
    marks = Marks()
    with mail_server(authority, implicit=tls == "implicit") as server:
        relay = Relay(to(server.port, tls, ca_file), HOST, PASSWORD)
        trio.run(relay.send, "rssi@chu.example", MESSAGE, marks)
        (came,) = server.box.came
        assert came.original_content == MESSAGE
        assert came.rcpt_tos == ["rssi@chu.example"]
        assert server.box.logins == [(b"vigie", b"secret word")]
        assert came.mail_from == "v@grades.example"
    assert marks.count == 1


def test_a_wrong_certificate_gets_nothing(authority: trustme.CA, ca_file: Path) -> None:
    for ca, name in ((trustme.CA(), HOST), (authority, "other.example")):
        with mail_server(ca, name=name) as server:
            relay = Relay(to(server.port, "starttls", ca_file), HOST, PASSWORD)
            with pytest.raises(Undelivered) as caught:
                trio.run(relay.send, "rssi@chu.example", MESSAGE, Marks())
            assert str(caught.value).startswith("TLS: ")
            assert caught.value.is_down
            assert not server.box.logins


def test_a_wrong_password_is_told_without_it(authority: trustme.CA, ca_file: Path) -> None:
    with mail_server(authority) as server:
        relay = Relay(to(server.port, "starttls", ca_file), HOST, Secret("wrong"))
        with pytest.raises(Undelivered) as caught:
            trio.run(relay.send, "rssi@chu.example", MESSAGE, Marks())
    assert caught.value.is_down
    assert not caught.value.for_good
    assert str(caught.value).startswith("AUTH PLAIN: 535")


def test_greylisting_and_refusals_are_told_apart(authority: trustme.CA, ca_file: Path) -> None:
    with mail_server(authority) as server:
        server.box.answers += ["451 come back later", "550 no such user"]
        relay = Relay(to(server.port, "starttls", ca_file), HOST, PASSWORD)
        for for_good in (False, True):
            with pytest.raises(Undelivered) as caught:
                trio.run(relay.send, "rssi@chu.example", MESSAGE, Marks())
            assert caught.value.for_good is for_good
            assert not caught.value.is_down


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ((GREETING, HELLO), "STARTTLS is not offered"),
        ((GREETING, b"250-here\r\n250 STARTTLS\r\n", b"220 go\r\n250 I speak early\r\n"), "words"),
        ((GREETING, b"250-here\r\n250 STARTTLS\r\n", b"454 not now\r\n"), "STARTTLS: 454"),
        ((b"554 go away\r\n",), "greeting: 554"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "protocol-error"),
        ((b"220-a\r\n250 b\r\n",), "protocol-error"),
        ((b"220" + b"x" * 40_000,), "protocol-error"),
        ((b"220-more\r\n" * 4_000,), "protocol-error"),
        ((None,), "cut"),
    ],
)
@on_trio
async def test_nothing_is_said_to_a_relay_that_is_not_trusted(
    says: tuple[bytes | None, ...], why: str
) -> None:
    marks = Marks()
    async with scripted(*says) as port:
        with pytest.raises(Undelivered) as caught:
            await Relay(to(port, "starttls"), HOST, PASSWORD).send("r@chu.example", MESSAGE, marks)
    assert why in str(caught.value)
    assert caught.value.is_down
    assert not marks.count


@pytest.mark.parametrize(
    ("after_dot", "raised", "for_good"),
    [
        ((None,), MaybeDelivered, False),
        ((b"what?\r\n",), MaybeDelivered, False),
        ((b"451 later\r\n",), Undelivered, False),
        ((b"554 no\r\n",), Undelivered, True),
        ((b"250 taken\r\n", None), None, False),
        ((b"250 taken\r\n", b"500 what\r\n"), None, False),
    ],
)
@on_trio
async def test_what_may_have_been_taken_is_known(
    after_dot: tuple[bytes | None, ...], raised: type[Exception] | None, for_good: bool
) -> None:
    marks = Marks()
    async with scripted(GREETING, HELLO, OK, OK, b"354 go\r\n", *after_dot) as port:
        relay = Relay(to(port), HOST, None)
        if raised is None:
            await relay.send("r@chu.example", MESSAGE, marks)
        else:
            with pytest.raises(raised) as caught:
                await relay.send("r@chu.example", MESSAGE, marks)
            assert getattr(caught.value, "for_good", False) is for_good
    assert marks.count == 1


@on_trio
async def test_silence_is_bounded_before_and_after_the_dot() -> None:
    async with scripted(GREETING, then_silent=True) as port:
        with pytest.raises(Undelivered, match="timeout"):
            await Relay(to(port), HOST, None, talk_s=0.2).send("r@chu.example", MESSAGE, Marks())
    said = (GREETING, HELLO, OK, OK, b"354 go\r\n")
    async with scripted(*said, then_silent=True) as port:
        with pytest.raises(MaybeDelivered, match="silence"):
            await Relay(to(port), HOST, None, taking_s=0.2).send("r@chu.example", MESSAGE, Marks())


@on_trio
async def test_nothing_listens() -> None:
    with pytest.raises(Undelivered, match="refused"):
        await Relay(to(1), HOST, None).send("r@chu.example", MESSAGE, Marks())


@on_trio
async def test_what_another_took_is_not_sent() -> None:
    async def taken() -> None:
        raise NoLongerOurs

    async with scripted(GREETING, HELLO, OK, OK, b"354 go\r\n", b"250 never\r\n") as port:
        with pytest.raises(NoLongerOurs):
            await Relay(to(port), HOST, None).send("r@chu.example", MESSAGE, taken)


@pytest.mark.parametrize("message", [b"a\n.\r\nMAIL", b"a\r.\r\n", b"\r\n.\n"])
@on_trio
async def test_lone_line_ends_are_refused(message: bytes) -> None:
    with pytest.raises(Undelivered, match="lone"):
        await Relay(to(1), HOST, None).send("r@chu.example", message, Marks())
