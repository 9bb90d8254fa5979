"""The gate and the sweep under the real scope: mandate, exclusion, medical, name, window."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
import trio

from core.errors import OutOfScope, Unanswered
from core.inventory import Establishment, Ght, Inventory, Mandate, Window
from core.model import Intensity, Status
from inventories.scope import Scope
from scanner.gate import Gate
from scanner.space import Space
from scanner.target import Target
from tests.scanner.sweeping import LIFTED, MemoryLedger, sweep

_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _inventory(*, windows: tuple[Window, ...] = ()) -> Inventory:
    return Inventory(
        path="ght.toml",
        lab=True,
        ght=Ght(id="g", name="GHT"),
        establishments=(
            Establishment(
                id="chu",
                name="CHU",
                ranges=("127.40.0.0/28", "127.41.0.0/30"),
                domains=("chu.example",),
                exclude=("127.40.0.3/32",),
                medical=("127.40.0.8/29",),
            ),
        ),
        mandates=(
            Mandate(
                establishments=("chu",),
                covers=("127.40.0.0/28", "portail.hebergeur.example"),
                signed_by="DG",
                document="m.pdf",
                valid_from=date(2026, 1, 1),
                valid_until=date(2026, 12, 31),
                intensity=Intensity.STANDARD,
                windows=windows,
            ),
        ),
    )


def test_a_sweep_of_an_inventory() -> None:
    async def main() -> None:
        scope = Scope(_inventory())
        gate = Gate(scope, LIFTED, now=lambda: _NOON)
        hosted = scope.named_segments("portail.hebergeur.example", ["127.50.0.1", "127.40.0.3"])
        segments = [*(each for each in scope.segments(_NOON) if each.sweepable), *hosted]
        space = Space(segments, range(22_000, 22_020), 1)
        ledger = MemoryLedger()
        await sweep(space, ledger, gate=gate)
        by_host: dict[int, Counter[Status | None]] = {}
        for (address, _), status in ledger.by_pair(space).items():
            by_host.setdefault(address, Counter())[status] += 1
        assert 0x7F280003 not in by_host, "excluded"
        mandated = [host for host in by_host if host >> 8 == 0x7F2800]
        assert len(mandated) == 15
        assert all(by_host[host] == {Status.REFUSED: 20} for host in mandated)
        assert by_host[0x7F320001] == {Status.REFUSED: 20}, "hosted elsewhere, for its name"
        assert by_host[0x7F290001] == {Status.OUT_OF_SCOPE: 20}, "no mandate covers it"
        doors = gate.doors(segments)
        for door in doors:
            gate.refusal(door, trio.current_time())
        limits = {door.first: door.limit for door in doors}
        assert limits[0x7F280008] == 1, "medical"
        assert limits[0x7F280000] == LIFTED.connections_per_host

    trio.run(main)


def test_dials_are_judged_by_address_and_name() -> None:
    async def main() -> None:
        gate = Gate(Scope(_inventory()), LIFTED, now=lambda: _NOON)

        async def status(ip: str, hostname: str | None = None) -> str:
            target = Target(establishment="chu", ip=ip, hostname=hostname)
            try:
                await gate.dial(target, 22_000)
            except OutOfScope as error:
                return error.reason
            except Unanswered as error:
                return error.status.value
            return "open"

        assert await status("127.40.0.1") == "refused"
        assert await status("127.40.0.1", "autre.example") == "refused"
        assert await status("127.40.0.3") == "out-of-scope"
        assert await status("127.50.0.1") == "out-of-scope"
        assert await status("127.50.0.1", "portail.hebergeur.example") == "refused"
        assert await status("127.50.0.1", "autre.hebergeur.example") == "out-of-scope"

    trio.run(main)


def test_outside_the_window_nothing_is_tried() -> None:
    async def main() -> None:
        night = Window(days=(0, 1, 2, 3, 4), opens_min=20 * 60, closes_min=30 * 60)
        scope = Scope(_inventory(windows=(night,)))
        gate = Gate(scope, LIFTED, now=lambda: _NOON)
        space = Space(scope.segments(_NOON), range(22_000, 22_020), 1)
        ledger = MemoryLedger()
        progress = await sweep(space, ledger, gate=gate, wait=False)
        assert progress.attempts == 0
        assert set(ledger.statuses().values()) == {Status.OUT_OF_WINDOW, Status.OUT_OF_SCOPE}
        with trio.move_on_after(0.5) as paused:
            await sweep(space, MemoryLedger(), gate=gate)
        assert paused.cancelled_caught
        assert gate.pace.taken == 0
        with pytest.raises(OutOfScope) as refused:
            await gate.dial(Target(establishment="chu", ip="127.40.0.1"), 22_000)
        assert refused.value.reason == "out-of-window"
        assert refused.value.next_opening == datetime(2026, 6, 1, 18, tzinfo=UTC)

    trio.run(main)
