"""One assessment of a loopback port, as the scanner would do it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import trio

from core.errors import Unanswered
from core.model import Intensity, Place, Status, Transport
from core.observations.tls import TlsService
from scanner.stream import Stream
from scanner.tls.assess import Prelude, assess, knock


def assessed(
    port: int,
    *names: str,
    intensity: Intensity = Intensity.STANDARD,
    timeout_s: float = 3,
    knocked: bool = True,
    most: int = 45,
    thorough: bool = False,
    medical: bool = False,
    prelude: Prelude | None = None,
) -> TlsService:
    """Knock, close, assess; fails when more than ``most`` connections were opened."""

    async def run() -> TlsService:
        opened = 0

        async def dial() -> Stream:
            nonlocal opened
            opened += 1
            return await plain(port, timeout_s)

        first = await knock(await dial(), names[0] if names else None) if knocked else None
        if first is not None and first.stream is not None:
            await first.stream.aclose()
        seen = await assess(
            first,
            dial,
            place=Place(establishment="e", ip="127.0.0.1", port=port, transport=Transport.TCP),
            names=names,
            intensity=intensity,
            now=lambda: datetime.now(UTC),
            thorough=thorough,
            medical=medical,
            prelude=prelude,
        )
        assert opened == seen.connections <= most
        return seen

    return trio.run(run)


async def plain(port: int, timeout_s: float = 3) -> Stream:
    """Open a plain stream to loopback, with the errors of the gate."""
    try:
        with trio.fail_after(timeout_s):
            return Stream(await trio.open_tcp_stream("127.0.0.1", port), timeout_s=timeout_s)
    except trio.TooSlowError:
        raise Unanswered(Status.TIMEOUT) from None
    except OSError as error:
        raise Unanswered(Status.RESET, str(error)) from error


def versions(seen: TlsService) -> Sequence[bool | None]:
    """Give the verdicts of TLS 1.0 to 1.3."""
    return seen.tls1_0, seen.tls1_1, seen.tls1_2, seen.tls1_3
