"""UDP on every address of the far side: each question is answered by many, all but one strangers.

Run as a program in a namespace; writes what it was asked, one JSON object a line.
"""

import json
import selectors
import socket
import struct
import sys
from pathlib import Path

from tests.servers.lure_places import EVIL4, EVIL6, EXCLUDED

_IP_PKTINFO, _IPV6_RECVPKTINFO, _IPV6_PKTINFO = 8, 49, 50
_BAIT = b"\x16\xfe\xff" + bytes(8) + b"\0\3\2\2\x28"
"""A DTLS alert: well formed, of no use."""


def _bound(family: int, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
        made.bind(("::", port))
    else:
        made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        made.bind(("0.0.0.0", port))
    return made


def _asked_at(extra: list[tuple[int, int, bytes]]) -> str:
    for _, kind, data in extra:
        if kind == _IP_PKTINFO:
            return socket.inet_ntop(socket.AF_INET, data[8:12])
        if kind == _IPV6_PKTINFO:
            return socket.inet_ntop(socket.AF_INET6, data[:16])
    return ""


def _answer(served: socket.socket, ip: str, sender: tuple[str, int]) -> None:
    """Say something from where it was asked, then from others, to the asker's port and to more."""
    if ":" in ip:
        info = socket.inet_pton(socket.AF_INET6, ip) + struct.pack("I", 0)
        served.sendmsg([_BAIT], [(socket.IPPROTO_IPV6, _IPV6_PKTINFO, info)], 0, sender)
        strangers = [(socket.AF_INET6, EVIL6)]
    else:
        info = struct.pack("I4s4s", 0, socket.inet_aton(ip), bytes(4))
        served.sendmsg([_BAIT], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, sender)
        strangers = [(socket.AF_INET, EVIL4), (socket.AF_INET, EXCLUDED)]
    for family, stranger in strangers:
        with socket.socket(family, socket.SOCK_DGRAM) as other:
            other.bind((stranger, 0))
            for port in (sender[1], 53, 123):
                other.sendto(_BAIT, (sender[0], port))


def _serve(log: Path, ports: list[int]) -> None:
    watch = selectors.DefaultSelector()
    for port in ports:
        for family in (socket.AF_INET, socket.AF_INET6):
            watch.register(_bound(family, port), selectors.EVENT_READ, port)
    print("serving", flush=True)
    with log.open("a", buffering=1) as told:
        while True:
            for key, _ in watch.select():
                served = key.fileobj
                assert isinstance(served, socket.socket)
                data, extra, _, sender = served.recvmsg(65_536, 256)
                ip = _asked_at(extra)
                told.write(json.dumps({"ip": ip, "port": key.data, "bytes": data.hex()}) + "\n")
                _answer(served, ip, sender[:2])


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), [int(port) for port in sys.argv[2].split(",")])
