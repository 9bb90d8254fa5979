"""The far side of a lab: a resolver, and TCP ports that answer at every address, in both IPs.

What a firewall lets through is for the test to say. Run as a program: the address of the resolver,
one that gives the time, ports that speak HTTP by commas, ports that speak SSH by commas, then lines
of the zone.
"""

import signal
import sys
from functools import partial

import trio

from vigie.demo.servers.names import Zone, resolve

_PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"


async def _http(stream: trio.SocketStream) -> None:
    with trio.move_on_after(5):
        async with stream:
            try:
                await stream.receive_some(4_096)
                await stream.send_all(_PAGE)
            except trio.BrokenResourceError:
                return


async def _ssh(stream: trio.SocketStream) -> None:
    with trio.move_on_after(5):
        async with stream:
            try:
                await stream.send_all(b"SSH-2.0-OpenSSH_9.2p1\r\n")
                await stream.receive_some(4_096)
            except trio.BrokenResourceError:
                return


async def _listen(port: int) -> trio.SocketListener:
    made = trio.socket.socket(trio.socket.AF_INET6, trio.socket.SOCK_STREAM)
    made.setsockopt(trio.socket.IPPROTO_IPV6, trio.socket.IPV6_V6ONLY, 0)
    made.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_REUSEADDR, 1)
    await made.bind(("::", port))
    made.listen(256)
    return trio.SocketListener(made)


async def _tell_time(address: str) -> None:
    """Answer as a server of stratum 2 does (RFC 5905)."""
    bound = trio.socket.socket(trio.socket.AF_INET6, trio.socket.SOCK_DGRAM)
    await bound.bind((address, 123))
    while True:
        asked, sender = await bound.recvfrom(1_024)
        if len(asked) >= 48:
            head = bytes((0x24, 2, 6, 0xEC)) + bytes(8) + b"\x7f\x00\x00\x01"
            now = b"\xed\x00\x00\x00\x00\x00\x00\x01"
            await bound.sendto(head + now + asked[40:48] + now + now, sender)


async def _serve(
    resolver: str, clock: str, http: list[int], ssh: list[int], zone: list[str]
) -> None:
    names = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    await names.bind((resolver, 53))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(resolve, names, Zone({}, zone))
        nursery.start_soon(_tell_time, clock)
        for handler, ports in ((_http, http), (_ssh, ssh)):
            for port in ports:
                listeners = [await _listen(port)]
                nursery.start_soon(partial(trio.serve_listeners, handler, listeners))
        print("serving", flush=True)
        await trio.sleep_forever()


def _ports(text: str) -> list[int]:
    return [int(one) for one in text.split(",") if one]


if __name__ == "__main__":
    # What tests of other scenes tell their servers.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    _resolver, _clock, _http_ports, _ssh_ports, *_zone = sys.argv[1:]
    trio.run(_serve, _resolver, _clock, _ports(_http_ports), _ports(_ssh_ports), _zone)
