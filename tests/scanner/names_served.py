"""A DNS server of ours on loopback, over UDP and TCP, and the client that asks it alone."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import trio

from scanner.dns_client import DnsClient
from vigie.demo.servers.names import Zone

Answer = Callable[[bytes], bytes | None]
"""Query to reply; ``None``: silence."""


def resolver_of(port: int, *more: int, lifetime_s: float = 5.0) -> DnsClient:
    return DnsClient([("127.0.0.1", one) for one in (port, *more)], lifetime_s=lifetime_s)


@asynccontextmanager
async def served(answer: Answer) -> AsyncGenerator[int]:
    """Serve on the same port over both; over UDP, what is too long comes cut (TC)."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        datagrams = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
        await datagrams.bind(("127.0.0.1", port))

        async def over_udp() -> None:
            while True:
                query, sender = await datagrams.recvfrom(4_096)
                if (reply := answer(query)) is not None:
                    if len(reply) > 1_232:
                        cut = dns.message.make_response(dns.message.from_wire(query))
                        cut.flags |= dns.flags.TC
                        reply = cut.to_wire()
                    await datagrams.sendto(reply, sender)

        async def over_tcp(stream: trio.SocketStream) -> None:
            async with stream:
                size = int.from_bytes(await stream.receive_some(2), "big")
                if (reply := answer(await stream.receive_some(size))) is not None:
                    await stream.send_all(len(reply).to_bytes(2, "big") + reply)

        nursery.start_soon(over_udp)
        nursery.start_soon(trio.serve_listeners, over_tcp, [listener])
        with datagrams:
            yield port
            nursery.cancel_scope.cancel()


def zone(*lines: str) -> Answer:
    """Answer from lines of a zone file (owner in full, kind, value), at any length."""
    known = Zone({}, lines)

    def answer(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        asked.use_edns(0, 0, 65_535)
        return known.answer(asked.to_wire())

    return answer
