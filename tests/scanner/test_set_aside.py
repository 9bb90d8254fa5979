"""A stop of one establishment: the sweep goes round it, and ends without it."""

import trio

from scanner.discovery import SweepState
from scanner.gate import Gate
from scanner.space import Space
from tests.scanner.sweeping import LIFTED, Grant, MemoryLedger, OpenScope, run_of, sweep

_PORTS = tuple(range(21_000, 21_040))
_SOUTH = run_of("127.31.0.0", 8, establishment="sud")


def _scope() -> OpenScope:
    scope = OpenScope()
    scope.grants = {"127.31.0.0": Grant(establishment="sud")}
    return scope


def test_the_others_are_done_and_a_resume_does_the_rest() -> None:
    async def main() -> None:
        space = Space([run_of("127.30.0.0", 8), _SOUTH], _PORTS, 5)
        ledger, gate = MemoryLedger(), Gate(_scope(), LIFTED)
        gate.hold(["sud"])
        with trio.fail_after(10):
            await sweep(space, ledger, gate=gate)
        assert gate.counts()["sud"].attempts == 0
        # More than one a pair on a busy machine: an answer that comes late is asked for again.
        attempts = gate.counts()["e"].attempts
        assert attempts >= 8 * len(_PORTS)
        assert list(ledger.statuses().values()).count(None) == 8 * len(_PORTS)
        assert not ledger.finished

        gate.lift()
        with trio.fail_after(10):
            await sweep(space, ledger, gate=gate, state=SweepState(partial=[0]))
        assert None not in ledger.statuses().values()
        assert gate.counts()["e"].attempts == attempts, "nothing twice"

    trio.run(main)


def test_a_stop_lifted_in_time_leaves_nothing_undone() -> None:
    async def main() -> None:
        space = Space([run_of("127.30.0.0", 40), _SOUTH], _PORTS, 5)
        ledger, gate = MemoryLedger(), Gate(_scope(), LIFTED)
        gate.hold(["sud"])
        async with trio.open_nursery() as nursery:

            async def lift() -> None:
                while "e" not in gate.counts() or gate.counts()["e"].attempts < 200:  # noqa: ASYNC110
                    await trio.sleep(0.005)
                gate.lift()

            nursery.start_soon(lift)
            with trio.fail_after(20):
                await sweep(space, ledger, gate=gate)
        assert None not in ledger.statuses().values()

    trio.run(main)


def test_a_space_that_is_all_set_aside_ends_at_once_however_large() -> None:
    async def main() -> None:
        space = Space([run_of("127.31.0.0", 2**16, establishment="sud")], _PORTS, 5)
        ledger, gate = MemoryLedger(), Gate(_scope(), LIFTED)
        gate.hold(["sud"])
        with trio.fail_after(5):
            await sweep(space, ledger, gate=gate)
        assert gate.counts()["sud"].attempts == 0
        assert not ledger.finished

    trio.run(main)
