"""One probe against one server, as the engine runs it after a silent first connection."""

import trio

from core.errors import Unanswered
from core.model import Intensity
from scanner.visit import Measured, Probe
from tests.scanner.visiting import visit


def ask(
    probe: Probe,
    port: int,
    *,
    intensity: Intensity = Intensity.STANDARD,
    heard: bytes = b"",
    timeout_s: float = 3.0,
) -> tuple[Measured | None, int]:
    """Give what a probe measured, and how many connections it took."""

    async def run() -> tuple[Measured | None, int]:
        made = visit(port, intensity=intensity, heard=heard, timeout_s=timeout_s)
        return await probe.measure(made), made.connections

    return trio.run(run)


def refuses(probe: Probe, port: int) -> bool:
    """Whether a probe neither recognises a server nor raises anything but ``Unanswered``."""
    try:
        measured, _ = ask(probe, port, timeout_s=0.4)
    except Unanswered:
        return True
    return measured is None
