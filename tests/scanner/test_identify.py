"""What the engine sends, and stops sending, whatever stands behind a port."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import trio

from core.knowledge.load import load_knowledge
from core.model import Intensity, Status
from core.observations.base import Attempt, Observation
from core.observations.service import Service
from scanner.identify import Ask, identify
from scanner.stream import Stream
from scanner.target import Target
from tests.servers.scripted import Talk, scripted

_QUIET = 9100


def _identified(
    real_port: int,
    *,
    port: int = 34_567,
    intensity: Intensity = Intensity.STANDARD,
    everywhere: Callable[[], bool] = lambda: False,
    opened: bool = True,
) -> tuple[tuple[Observation, ...], int]:
    """Ask as if the service stood on ``port``; give the bytes that were sent, too."""
    streams: list[Stream] = []

    async def dial() -> Stream:
        streams.append(Stream(await trio.open_tcp_stream("127.0.0.1", real_port), timeout_s=0.3))
        return streams[-1]

    async def run() -> tuple[Observation, ...]:
        ask = Ask(
            target=Target(establishment="e", ip="127.0.0.1"),
            port=port,
            intensity=intensity,
            names=(),
            dial=dial,
            in_scope=lambda _host, _port: False,
            knowledge=load_knowledge(),
            operator="securite@grades.example",
            now=lambda: datetime.now(UTC),
            everywhere=everywhere,
        )
        return await identify(ask, await dial() if opened else None)

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
