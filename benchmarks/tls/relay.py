"""A relay that holds every byte for some milliseconds each way: distance, without ``netem``.

``python -m benchmarks.tls.relay DELAY_MS IP:PORT=IP:PORT…`` listens on the left, dials the right.
"""

import sys

import trio

_AHEAD = 1_000


async def serve(delay_s: float, routes: dict[tuple[str, int], tuple[str, int]]) -> None:
    """Relay until cancelled."""
    async with trio.open_nursery() as nursery:
        for (ip, port), there in routes.items():

            async def handle(near: trio.SocketStream, there: tuple[str, int] = there) -> None:
                await _relay(near, there, delay_s)

            listeners = await trio.open_tcp_listeners(port, host=ip)
            nursery.start_soon(trio.serve_listeners, handle, listeners)
        sys.stdout.write("ready\n")
        sys.stdout.flush()


async def _relay(near: trio.SocketStream, there: tuple[str, int], delay_s: float) -> None:
    async with near:
        # The handshake of TCP too takes its time.
        await trio.sleep(delay_s)
        try:
            far = await trio.open_tcp_stream(*there)
        except OSError:
            return
        async with far, trio.open_nursery() as nursery:
            nursery.start_soon(_carry, near, far, delay_s)
            nursery.start_soon(_carry, far, near, delay_s)


async def _carry(source: trio.SocketStream, to: trio.SocketStream, delay_s: float) -> None:
    send, receive = trio.open_memory_channel[tuple[float, bytes]](_AHEAD)

    async def late() -> None:
        async with receive:
            async for due, data in receive:
                await trio.sleep_until(due)
                try:
                    await (to.send_all(data) if data else to.send_eof())
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return

    async with trio.open_nursery() as nursery, send:
        nursery.start_soon(late)
        while True:
            try:
                data = bytes(await source.receive_some())
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            try:
                await send.send((trio.current_time() + delay_s, data))
            except trio.BrokenResourceError:
                return
            if not data:
                return


def _endpoint(text: str) -> tuple[str, int]:
    ip, _, port = text.rpartition(":")
    return ip, int(port)


def main() -> None:
    """Read the routes and serve."""
    pairs = (word.split("=") for word in sys.argv[2:])
    routes = {_endpoint(here): _endpoint(there) for here, there in pairs}
    trio.run(serve, float(sys.argv[1]) / 1_000, routes)


if __name__ == "__main__":
    main()
