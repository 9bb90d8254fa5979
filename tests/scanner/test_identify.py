"""What the engine sends, and stops sending, whatever stands behind a port."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import trio

from core.errors import Unanswered
from core.knowledge.load import load_knowledge
from core.model import Confidence, Intensity, Status
from core.observations.base import Attempt, Observation
from core.observations.service import Service
from core.observations.tls import Intolerance, TlsService
from scanner.identify import Ask, identify
from scanner.stream import Stream
from scanner.target import Target
from scanner.tls import talk as tls_talk
from tests.servers.scripted import Talk, scripted
from tests.servers.tls_certs import issue
from tests.servers.tls_fake import Fake, Hello, faking
from tests.servers.tls_hostile import cut
from tests.servers.web_server import reply, saying

_QUIET = 9100


def _identified(
    real_port: int,
    *,
    port: int = 34_567,
    intensity: Intensity = Intensity.STANDARD,
    everywhere: Callable[[], bool] = lambda: False,
    opened: bool = True,
    bans_after: int = 10**6,
    names: tuple[str, ...] = (),
    sent: int = 0,
) -> tuple[tuple[Observation, ...], int]:
    """Ask as if the service stood on ``port``; give the bytes that were sent, too."""
    streams: list[Stream] = []

    async def dial() -> Stream:
        if len(streams) >= bans_after:
            await trio.lowlevel.checkpoint()
            raise Unanswered(Status.TIMEOUT, "no answer in 0.95 s")
        streams.append(Stream(await trio.open_tcp_stream("127.0.0.1", real_port), timeout_s=0.3))
        return streams[-1]

    async def run() -> tuple[Observation, ...]:
        ask = Ask(
            target=Target(establishment="e", ip="127.0.0.1"),
            port=port,
            intensity=intensity,
            names=names,
            dial=dial,
            in_scope=lambda _host, _port: False,
            knowledge=load_knowledge(),
            operator="securite@grades.example",
            now=lambda: datetime.now(UTC),
            everywhere=everywhere,
        )
        return await identify(ask, await dial() if opened else None, sent=sent)

    seen = trio.run(run)
    return seen, sum(stream.sent_bytes for stream in streams)


def _mute(talk: Talk) -> None:
    talk.rest()


def _greets(talk: Talk) -> None:
    talk.say(b"@PJL INFO STATUS\r\n")
    _mute(talk)


def _cuts(talk: Talk) -> None:
    del talk


@pytest.mark.parametrize(
    ("script", "opened", "intensity"),
    [
        (_mute, True, Intensity.DEEP),
        (_greets, True, Intensity.STANDARD),
        (_greets, False, Intensity.DISCREET),
        (_cuts, True, Intensity.DEEP),
    ],
)
def test_nothing_is_sent_to_a_quiet_port(
    script: Callable[[Talk], None], opened: bool, intensity: Intensity
) -> None:
    with scripted(script) as server:
        seen, sent_bytes = _identified(server.port, port=_QUIET, intensity=intensity, opened=opened)
    assert sent_bytes == 0
    assert not any(server.received)
    service = seen[0]
    assert isinstance(service, Service)
    assert service.quiet
    assert service.protocol == "unknown"


def test_discreet_asks_twice_and_says_that_more_was_possible() -> None:
    def script(talk: Talk) -> None:
        while talk.hear():
            talk.say(b"?\r\n")

    with scripted(script) as server:
        seen, _ = _identified(server.port, intensity=Intensity.DISCREET)
    last = seen[-1]
    assert isinstance(last, Attempt)
    assert (last.probe, last.status, last.detail) == (
        "identify",
        Status.UNDETERMINED,
        "intensity",
    )


def test_a_host_that_answers_everywhere_is_not_asked() -> None:
    with scripted(_mute) as server:
        seen, sent_bytes = _identified(server.port, everywhere=lambda: True)
    assert sent_bytes == 0
    last = seen[-1]
    assert isinstance(last, Attempt)
    assert (last.status, last.detail) == (Status.GAVE_UP, "answers-everywhere")


@pytest.mark.parametrize("accepted", [1, 2])
def test_a_server_that_bans_after_some_connections_is_told_and_left_alone(accepted: int) -> None:
    with scripted(_cuts) as server:
        seen, _ = _identified(server.port, bans_after=accepted)
    service = seen[0]
    assert isinstance(service, Service)
    assert (service.protocol, service.confidence) == ("unknown", Confidence.TENTATIVE)
    statuses = [one.status for one in seen if isinstance(one, Attempt)]
    assert statuses.count(Status.RATE_LIMITED) == 1
    assert statuses[-1] is Status.RATE_LIMITED, "nothing more is tried"


def test_a_port_that_was_never_open_is_no_ban() -> None:
    with scripted(_cuts) as server:
        seen, _ = _identified(server.port, opened=False, bans_after=0)
    assert [one.status for one in seen if isinstance(one, Attempt)] == [Status.TIMEOUT]


@pytest.mark.parametrize(
    ("names", "sent", "left"),
    [
        (("portail.chu.example",), 3, 1),
        # Its policy is one request more, that the stage about mail sends.
        (("mta-sts.chu.example",), 2, 1),
        (("mta-sts.chu.example",), 3, 0),
    ],
)
def test_requests_are_counted_whoever_sends_them(
    names: tuple[str, ...], sent: int, left: int
) -> None:
    with saying(lambda asked: reply(f"<title>{asked.target}</title>")) as server:
        _identified(server.port, port=80, intensity=Intensity.DISCREET, names=names, sent=sent)
    assert len(server.asked) == left


def _is_new(hello: Hello) -> bool:
    return 43 in hello.extensions


def _is_long(hello: Hello) -> bool:
    return hello.size > 400


def _shut(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("minds", [_is_new, _is_long])
@pytest.mark.parametrize("how", [cut, _shut])
def test_a_server_that_cuts_the_first_hello_is_tls_all_the_same(
    minds: Callable[[Hello], bool],
    how: Callable[[socket.socket], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls_talk, "_PAUSES_S", (0.01, 0.02, 0.03))
    fake = Fake(der=issue("serveur.example").der, minds=minds, mind=how)
    with faking(fake) as port:
        seen, _ = _identified(port)
    service, tls = seen[0], next(one for one in seen if isinstance(one, TlsService))
    assert isinstance(service, Service)
    assert service.tls
    assert (tls.tls1_2, tls.tls1_3) in {(True, False), (True, None)}
    assert tls.leaf is not None
    assert set(tls.intolerances) & {Intolerance.TLS1_3_HELLO, Intolerance.LONG_HELLO}


def test_one_that_cuts_every_hello_is_not_asked_for_long() -> None:
    hellos: list[bytes] = []

    def cuts(talk: Talk) -> None:
        hellos.append(talk.hear_some())
        talk.leave()

    with scripted(cuts) as server:
        seen, _ = _identified(server.port)
    service = seen[0]
    assert isinstance(service, Service)
    assert not service.tls
    assert sum(one.startswith(b"\x16\x03") for one in hellos) == 2
