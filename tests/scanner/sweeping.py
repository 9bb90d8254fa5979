"""What the gate and the engine need around them in tests: an open scope, a ledger in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import trio

from core.errors import OutOfScope
from core.inventory import Limits
from core.model import Intensity, Status
from scanner.discovery import BlockState, ConnectEngine, Opened, Progress
from scanner.gate import Gate
from scanner.space import BLOCK_PAIRS, Space, status_of_code

LIFTED = Limits(
    packets_per_second=10**9,
    packets_per_second_per_prefix24=10**9,
    packets_per_second_per_host=10**9,
    connections_per_host=10**6,
)


class Grant(msgspec.Struct, frozen=True):
    """A permit."""

    establishment: str = "e"
    intensity: Intensity = Intensity.STANDARD
    medical: bool = False
    until: datetime | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A segment."""

    version: int = 4
    first: int
    last: int
    establishment: str = "e"
    medical: bool = False
    hostname: str | None = None


def run_of(text: str, count: int = 1, *, establishment: str = "e", medical: bool = False) -> Run:
    """Give the segment that starts at this IPv4 address."""
    first = int.from_bytes(bytes(int(part) for part in text.split(".")), "big")
    return Run(first=first, last=first + count - 1, establishment=establishment, medical=medical)


class OpenScope:
    """Grants everything, or what ``refusals`` says of an address; counts the questions."""

    def __init__(self) -> None:
        self.grant = Grant()
        self.grants: dict[str, Grant] = {}
        self.refusals: dict[str, OutOfScope] = {}
        self.asked: list[tuple[str, str | None]] = []

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> Grant:
        """Grant or refuse."""
        self.asked.append((ip, hostname))
        if ip in self.refusals:
            raise self.refusals[ip]
        return self.grants.get(ip, self.grant)


class MemoryLedger:
    """Keeps what the engine saves, as a store would."""

    def __init__(self) -> None:
        self.codes: dict[int, bytes] = {}
        self.finished: set[int] = set()
        self.opened: dict[int, Opened] = {}
        self.saves = 0

    async def save(self, blocks: Sequence[BlockState], opened: Sequence[Opened]) -> None:
        """Keep, as one transaction."""
        await trio.lowlevel.checkpoint()
        self.saves += 1
        for block in blocks:
            self.codes[block.number] = block.codes
            if block.finished:
                self.finished.add(block.number)
        self.opened.update({each.index: each for each in opened})

    async def load(self, number: int) -> bytes | None:
        """Give back."""
        await trio.lowlevel.checkpoint()
        return self.codes.get(number)

    async def amend(self, changes: Sequence[tuple[int, int]]) -> None:
        """Change what was kept."""
        await trio.lowlevel.checkpoint()
        for index, code in changes:
            number, offset = divmod(index, BLOCK_PAIRS)
            codes = bytearray(self.codes[number])
            codes[offset] = code
            self.codes[number] = bytes(codes)

    def statuses(self) -> dict[int, Status | None]:
        """Give the status of every index."""
        return {
            number * BLOCK_PAIRS + offset: status_of_code(code)
            for number, codes in self.codes.items()
            for offset, code in enumerate(codes)
        }

    def by_pair(self, space: Space) -> dict[tuple[int, int], Status | None]:
        """Give the status of every (address, port)."""
        return {space.pair(index)[1:3]: status for index, status in self.statuses().items()}


async def sweep(
    space: Space,
    ledger: MemoryLedger,
    *,
    gate: Gate | None = None,
    engine: ConnectEngine | None = None,
    found: list[Opened] | None = None,
    close: bool = True,
    **options: object,
) -> Progress:
    """Sweep to the end with a reader that closes what it gets."""
    send, receive = trio.open_memory_channel[Opened](4)
    chosen = engine or ConnectEngine(gate or Gate(OpenScope(), LIFTED))

    async def read() -> None:
        async for opened in receive:
            if found is not None:
                found.append(opened)
            if close and opened.stream is not None:
                await opened.stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        async with send:
            return await chosen.sweep(space, ledger, send, **options)  # type: ignore[arg-type]


def utc(*parts: int) -> datetime:
    """Give a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
