"""Streams against peers that lie, dribble, cut and never end."""

import math
import ssl
import time
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing
import trustme
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Status
from scanner.stream import Stream

_Peer = Callable[[trio.SocketStream], Awaitable[None]]
_Use = Callable[[Stream], Awaitable[object]]


def _against(peer: _Peer, use: _Use, *, timeout_s: float = 1.0, limit_bytes: int = 65_536) -> None:
    async def main() -> None:
        listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]

        async def serve() -> None:
            stream = await listener.accept()
            try:
                await peer(stream)
            except trio.BrokenResourceError:
                pass
            finally:
                await trio.aclose_forcefully(stream)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            made = await trio.open_tcp_stream(*listener.socket.getsockname())
            async with Stream(made, timeout_s=timeout_s, limit_bytes=limit_bytes) as stream:
                await use(stream)
            nursery.cancel_scope.cancel()
        await listener.aclose()

    trio.run(main)


async def _mute(_stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def _endless(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(b"x" * 4_096)


async def _hangs_up(_stream: trio.SocketStream) -> None:
    await trio.lowlevel.checkpoint()


async def _resets(stream: trio.SocketStream) -> None:
    stream.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")
    await trio.sleep(0.05)


async def _dribbles(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(b".")
        await trio.sleep(0.05)


def _fails(use: _Use, status: Status) -> _Use:
    async def check(stream: Stream) -> None:
        with pytest.raises(Unanswered) as caught:
            await use(stream)
        assert caught.value.status is status

    return check


@pytest.mark.parametrize(
    ("peer", "use", "status"),
    [
        (_mute, lambda s: s.receive(timeout_s=0.1), Status.TIMEOUT),
        (_mute, lambda s: s.receive_exactly(4, timeout_s=0.1), Status.TIMEOUT),
        (_dribbles, lambda s: s.receive_exactly(4_000, timeout_s=0.3), Status.TIMEOUT),
        (_dribbles, lambda s: s.receive_until(b"\n", timeout_s=0.3), Status.TIMEOUT),
        (_endless, lambda s: s.receive_until(b"\n"), Status.GAVE_UP),
        (_endless, lambda s: s.receive_exactly(100_000), Status.GAVE_UP),
        (_hangs_up, lambda s: s.receive_exactly(1), Status.RESET),
        (_hangs_up, lambda s: s.receive_until(b"\n"), Status.RESET),
        (_hangs_up, lambda s: s.listen(1), Status.RESET),
        (_resets, lambda s: s.receive(), Status.RESET),
        (_resets, lambda s: s.receive(timeout_s=math.inf), Status.RESET),
    ],
)
def test_what_a_peer_does_is_a_status(peer: _Peer, use: _Use, status: Status) -> None:
    started = time.perf_counter()
    _against(peer, _fails(use, status))
    assert time.perf_counter() - started < 3


def test_the_end_is_no_error_for_a_plain_read() -> None:
    async def use(stream: Stream) -> None:
        assert await stream.receive() == b""

    _against(_hangs_up, use)


def test_what_is_listened_to_is_read_again() -> None:
    async def greets(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 ready\r\nmore")
        await trio.sleep_forever()

    async def use(stream: Stream) -> None:
        assert stream.is_untouched
        assert await stream.listen(1) == b"220 ready\r\nmore"
        assert not stream.is_untouched
        assert await stream.receive_until(b"\r\n") == b"220 ready\r\n"
        assert await stream.receive_exactly(2) == b"mo"
        assert await stream.receive(1) == b"r"
        assert await stream.receive() == b"e"
        assert bytes(stream.heard) == b"220 ready\r\nmore"
        assert await stream.listen(0.05) == b""

    _against(greets, use)


def test_a_mark_past_the_limit_is_too_late() -> None:
    async def peer(stream: trio.SocketStream) -> None:
        await stream.send_all(b"x" * 200 + b"\n")
        await trio.sleep_forever()

    _against(
        peer, _fails(lambda stream: stream.receive_until(b"\n", max_bytes=100), Status.GAVE_UP)
    )


def test_a_write_nobody_reads_ends_in_time() -> None:
    async def use(stream: Stream) -> None:
        with pytest.raises(Unanswered) as caught:
            await stream.send(b"x" * 30_000_000)
        assert caught.value.status is Status.TIMEOUT

    _against(_mute, use, timeout_s=0.3)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 50))
def test_reads_give_the_bytes_in_order(parts: list[bytes], size: int) -> None:
    async def peer(stream: trio.SocketStream) -> None:
        for part in parts:
            await stream.send_all(part)

    async def use(stream: Stream) -> None:
        got = b""
        while more := await stream.receive(size):
            assert len(more) <= size
            got += more
        assert got == b"".join(parts)

    _against(peer, use)


def test_a_read_may_leave_the_deadline_to_its_caller() -> None:
    async def use(stream: Stream) -> None:
        with trio.move_on_after(0.3) as deadline:
            await stream.receive(timeout_s=math.inf)
        assert deadline.cancelled_caught
        assert stream.is_open

    _against(_mute, use, timeout_s=0.1)
    _against(_endless, lambda stream: stream.receive(timeout_s=math.inf))


@pytest.mark.parametrize("timeout_s", [None, math.inf])
def test_closed_at_once_is_closed_for_who_reads_too(timeout_s: float | None) -> None:
    async def use(stream: Stream) -> None:
        told: list[int] = []
        stream.on_close.append(lambda: told.append(1))
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                with pytest.raises(Unanswered) as caught:
                    await stream.receive(timeout_s=timeout_s)
                assert caught.value.status is Status.RESET

            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            stream.close()
        assert not stream.is_open
        for use_it in (stream.receive(timeout_s=timeout_s), stream.send(b"x")):
            with pytest.raises(Unanswered) as caught:
                await use_it
            assert caught.value.status is Status.RESET
        stream.close()
        assert told == [1]

    _against(_mute, use)


@pytest.mark.parametrize("timeout_s", [None, math.inf])
def test_an_aborted_stream_says_why_and_tells_once(timeout_s: float | None) -> None:
    async def use(stream: Stream) -> None:
        told: list[int] = []
        stream.on_close.append(lambda: told.append(1))
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                with pytest.raises(Unanswered) as caught:
                    await stream.receive(timeout_s=timeout_s)
                assert caught.value.status is Status.UNDETERMINED
                assert caught.value.detail == "stopped"

            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            stream.abort(Status.UNDETERMINED, "stopped")
        assert not stream.is_open
        with pytest.raises(Unanswered):
            await stream.send(b"x")
        await stream.aclose()
        assert told == [1]

    _against(_mute, use)


def _tls_peer(authority: trustme.CA, *, names: tuple[str, ...] = ("portail.chu.example",)) -> _Peer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)

    async def peer(stream: trio.SocketStream) -> None:
        secure = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        await secure.do_handshake()
        await secure.send_all(await secure.receive_some())

    return peer


def test_tls_inside_the_stream() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def use(stream: Stream) -> None:
        inside = await stream.start_tls(context, server_name="portail.chu.example")
        assert inside.version() == "TLSv1.3"
        await stream.send(b"ping")
        assert await stream.receive() == b"ping"
        with pytest.raises(Unanswered):
            await stream.start_tls(context, server_name="portail.chu.example")

    _against(_tls_peer(authority), use)


def test_tls_that_fails_speaks_in_its_own_words() -> None:
    context = ssl.create_default_context()

    async def use(stream: Stream) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await stream.start_tls(context, server_name="portail.chu.example")

    _against(_tls_peer(trustme.CA()), use)


def test_tls_after_a_greeting_that_was_not_read_is_refused() -> None:
    async def greets(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 ready\r\n")
        await trio.sleep_forever()

    async def use(stream: Stream) -> None:
        await stream.listen(1)
        with pytest.raises(Unanswered) as caught:
            await stream.start_tls(ssl.create_default_context(), server_name="x.example")
        assert caught.value.status is Status.PROTOCOL_ERROR

    _against(greets, use)


def test_tls_with_a_mute_peer_ends_in_time() -> None:
    async def use(stream: Stream) -> None:
        with pytest.raises(Unanswered) as caught:
            await stream.start_tls(ssl.create_default_context(), server_name="x.example")
        assert caught.value.status is Status.TIMEOUT

    _against(_mute, use, timeout_s=0.2)
