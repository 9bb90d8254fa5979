"""The canary, both ends, on loopback."""

import socket

import trio

from scanner.canary import GREETING, Canary, Egress, Heard, serve_canary, try_canary
from tests.servers.real import free_port


def test_tells_open_ports_from_filtered_ones() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            canary: Canary = await nursery.start(serve_canary, ["127.0.0.1"], [0])
            ((_, served),) = canary.bound
            closed = free_port()

            async def proxy(stream: trio.SocketStream) -> None:
                await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await stream.aclose()

            async def mute(_stream: trio.SocketStream) -> None:
                await trio.sleep_forever()

            proxied = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
            muted = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
            nursery.start_soon(trio.serve_listeners, proxy, [proxied])
            nursery.start_soon(trio.serve_listeners, mute, [muted])
            ports = {
                445: served,
                25: closed,
                80: proxied.socket.getsockname()[1],
                135: muted.socket.getsockname()[1],
                443: served,
                22: closed,
                3389: closed,
                8443: closed,
            }

            async def dial(port: int) -> Heard:
                return await trio.open_tcp_stream("127.0.0.1", ports[port])

            egress = await try_canary(dial, {445, 25, 135}, wait_s=0.3)
            assert egress == Egress(
                reached=frozenset({445, 443}),
                filtered=frozenset({25, 80, 135, 22, 3389, 8443}),
                has_canary=True,
            )
            told = await try_canary(dial, {445, 25, 135}, wait_s=0.3, unbound={25, 135, 22})
            assert told.filtered == {80, 3389, 8443}
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_no_canary_is_said() -> None:
    async def main() -> None:
        port = free_port()

        async def dial(_port: int) -> Heard:
            return await trio.open_tcp_stream("127.0.0.1", port)

        assert await try_canary(dial, {445}) == Egress()

    trio.run(main)


def test_ports_that_cannot_be_had_are_told() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            async with trio.open_nursery() as nursery:
                number = taken.getsockname()[1]
                free = free_port()
                canary = await nursery.start(serve_canary, ["127.0.0.1"], [number, free])
                assert canary.bound == (("127.0.0.1", free),)
                assert canary.unbound == (("127.0.0.1", number, "EADDRINUSE"),)
                nursery.cancel_scope.cancel()

    trio.run(main)


def test_one_client_may_not_wear_it_out() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:

            async def serve(task_status: trio.TaskStatus[Canary]) -> None:
                await serve_canary(["127.0.0.1", "::1"], [0], per_minute=5, task_status=task_status)

            canary: Canary = await nursery.start(serve)
            (_, port), (_, port6) = canary.bound
            heard: list[bytes] = []
            for _ in range(8):
                stream = await trio.open_tcp_stream("127.0.0.1", port)
                heard.append(bytes(await stream.receive_some()))
                await stream.aclose()
            assert heard == [GREETING] * 5 + [b""] * 3
            other = await trio.open_tcp_stream("::1", port6)
            assert await other.receive_some() == GREETING
            await other.aclose()
            nursery.cancel_scope.cancel()

    trio.run(main)
