"""The engine names greeting services by what they say, on whatever port they stand."""

from collections.abc import Callable
from contextlib import AbstractContextManager
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
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


def identified(port: int, intensity: Intensity = Intensity.STANDARD) -> tuple[Observation, ...]:
    """Give what the engine makes of one loopback port."""

    async def dial() -> Stream:
        return Stream(await trio.open_tcp_stream("127.0.0.1", port), timeout_s=2)

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
        )
        return await identify(ask, await dial())

    return trio.run(run)


SERVERS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "ssh": admin.sshd,
    "vnc": lambda: admin.tigervnc("None"),
    "telnet": admin.telnetd,
    "ftp": lambda: admin.proftpd(tls=False),
    "imap": lambda: admin.dovecot("imap", tls=True),
    "pop3": lambda: admin.dovecot("pop3", tls=False),
    "rsync": admin.rsyncd,
}


@pytest.mark.real
@pytest.mark.parametrize("protocol", SERVERS)
def test_real_servers_off_their_ports(protocol: str) -> None:
    with SERVERS[protocol]() as port:
        service, *rest = identified(port)
    assert isinstance(service, Service)
    assert service.protocol == protocol
    attempts = [one for one in rest if isinstance(one, Attempt)]
    assert [(one.probe, one.status) for one in attempts] == [(protocol, Status.OK)]


@pytest.mark.parametrize("intensity", [Intensity.DISCREET, Intensity.STANDARD])
def test_a_220_that_names_nothing_is_asked_by_both(intensity: Intensity) -> None:
    def script(talk: Talk) -> None:
        talk.say(b"220 Bienvenue\r\n")
        while said := talk.hear():
            talk.say(b"250 bonjour\r\n" if said.startswith(b"EHLO") else b"502 5.5.2 Error\r\n")

    with scripted(script) as server:
        service = identified(server.port, intensity)[0]
    assert isinstance(service, Service)
    assert service.protocol == "smtp"
