"""Real servers, named by the engine where they are at home."""

from datetime import UTC, datetime

import pytest
import trio

from core.knowledge.load import load_knowledge
from core.model import Intensity
from core.observations.base import Observation
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.identify import Ask, identify
from scanner.stream import Stream
from scanner.target import Target
from tests.servers.real_products import SERVERS


async def identify_once(real_port: int, home: int) -> tuple[Observation, ...]:
    """Give what the engine makes of a server, as if it stood on its own port."""

    async def dial() -> Stream:
        return Stream(await trio.open_tcp_stream("127.0.0.1", real_port), timeout_s=10)

    ask = Ask(
        target=Target(establishment="e", ip="127.0.0.1"),
        port=home,
        intensity=Intensity.STANDARD,
        names=(),
        dial=dial,
        in_scope=lambda _host, _port: False,
        knowledge=load_knowledge(),
        operator="securite@grades.example",
        now=lambda: datetime.now(UTC),
    )
    return await identify(ask, await dial())


def identified(real_port: int, home: int) -> tuple[Observation, ...]:
    """Give the same, in an event loop of its own."""
    return trio.run(identify_once, real_port, home)


@pytest.mark.real
@pytest.mark.parametrize("name", SERVERS)
def test_a_real_server_is_named(name: str) -> None:
    home, start, wanted = SERVERS[name]
    with start() as port:
        seen = identified(port, home)
    service = next(one for one in seen if isinstance(one, Service))
    assert (service.product or "") == wanted
    products = [one for one in seen if isinstance(one, ProductSeen)]
    assert [one.product for one in products] == [wanted] * bool(wanted)
    if service.version is not None:
        assert products[0].version == service.version
        assert products[0].version_shown is not None
