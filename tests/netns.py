"""Two network namespaces, the scanner's and the Internet's; between them every packet counts.

Two witnesses stand at the scanner's side and agree or not: nftables counts what its kernel sends,
by destination, and a capture keeps the head of each packet that crosses its only link.
"""

import ipaddress
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE4, HERE6 = "198.19.0.2", "2001:db8:feed::2"
"""The scanner's own addresses."""
_THERE4, _THERE6 = "198.19.0.1", "2001:db8:feed::1"
_LINK = "out"
_PREFIX = "vigie-"
_NETNS = Path("/run/netns")
_OWN_FILES = Path("/etc/netns")
"""What ``ip netns exec`` lays over /etc."""
_RECORD = struct.Struct("<dB96s")
_OUTGOING = 4
"""PACKET_OUTGOING of linux/if_packet.h."""

_WITNESS = """
table inet witness {
  set contacted4 { type ipv4_addr; size 65535; flags dynamic; counter; }
  set contacted6 { type ipv6_addr; size 65535; flags dynamic; counter; }
  chain sent {
    type filter hook output priority 0;
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } return
    icmpv6 type { mld-listener-report, mld2-listener-report } return
    meta nfproto ipv4 add @contacted4 { ip daddr }
    meta nfproto ipv6 add @contacted6 { ip6 daddr }
  }
}
"""
"""What IPv6 says to its own link (neighbours, groups) is nobody's doing and left apart."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of the scanner's link, without what is behind its ports and flags."""

    at: float
    """Seconds since 1970, by the kernel's clock."""
    is_sent: bool
    protocol: str
    """tcp, udp, arp, link (neighbour discovery and groups of IPv6) or the number of another."""
    far: str
    """The other side's address."""
    near_port: int
    far_port: int
    flags: int
    """Of TCP."""
    payload_bytes: int

    @property
    def is_syn(self) -> bool:
        """Whether it asks for a connection."""
        return self.flags & 0x12 == 0x02

    @property
    def is_end(self) -> bool:
        """Whether it is a FIN or a RST."""
        return bool(self.flags & 0x05)

    @property
    def is_counted(self) -> bool:
        """Whether ``[limits]`` count it: a connection attempt or a datagram, ours."""
        return self.is_sent and (self.is_syn or self.protocol == "udp")


class Capture:
    """A capture at work; read it once it is stopped, or as far as it got."""

    def __init__(self, process: "subprocess.Popen[str]", path: Path) -> None:
        self._process = process
        self._path = path

    def stop(self) -> None:
        """End it; raises ``AssertionError`` when the kernel had to drop packets."""
        if self._process.poll() is None:
            time.sleep(0.1)
            self._process.send_signal(signal.SIGTERM)
        told, _ = self._process.communicate(timeout=10)
        assert told.strip().endswith("dropped 0"), told

    def packets(self) -> list[Packet]:
        """Give what crossed the link, in order."""
        data = self._path.read_bytes()
        whole = len(data) // _RECORD.size * _RECORD.size
        return [_packet(*record) for record in _RECORD.iter_unpack(data[:whole])]


class Lab:
    """Both namespaces, made by :func:`lab`."""

    def __init__(self, name: str) -> None:
        self.scanner = f"{name}-s"
        self.internet = f"{name}-i"

    def inside(self, namespace: str, *argv: str) -> list[str]:
        """Give a command line that runs this one in a namespace."""
        return ["ip", "netns", "exec", namespace, *argv]

    def start(
        self,
        namespace: str,
        *argv: str,
        env: Mapping[str, str] | None = None,
        stderr: int | None = subprocess.PIPE,
    ) -> "subprocess.Popen[str]":
        """Start a command in a namespace, from the root of the checkout."""
        return subprocess.Popen(
            self.inside(namespace, *argv),
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def nft(self, namespace: str, rules: str) -> None:
        """Load rules in a namespace."""
        _run(self.inside(namespace, "nft", "-f", "-"), rules)

    def forget(self) -> None:
        """Set the counters to nothing."""
        for name in ("contacted4", "contacted6"):
            self.nft(self.scanner, f"flush set inet witness {name}")

    def contacted(self) -> dict[str, int]:
        """Give how many packets the scanner's side sent to each address, loopback included."""
        found: dict[str, int] = {}
        for name in ("contacted4", "contacted6"):
            listing = _run(
                self.inside(self.scanner, "nft", "-j", "list", "set", "inet", "witness", name)
            )
            for entry in json.loads(listing)["nftables"]:
                for element in entry.get("set", {}).get("elem", ()):
                    kept = element["elem"]
                    found[str(ipaddress.ip_address(kept["val"]))] = kept["counter"]["packets"]
        return found

    def silence(self, *destinations: str) -> None:
        """Make these addresses (of one IP version) drop all that comes, from now on."""
        version = "ip6" if ":" in destinations[0] else "ip"
        wanted = ", ".join(destinations)
        self.nft(
            self.internet,
            "add table inet hush\n"
            "add chain inet hush in { type filter hook prerouting priority 0; }\n"
            f"add rule inet hush in {version} daddr {{ {wanted} }} drop\n",
        )

    @contextmanager
    def capture(self, path: Path) -> Iterator[Capture]:
        """Capture the scanner's link into a file."""
        program = (sys.executable, "-m", "tests.netns", str(path), _LINK)
        process = self.start(self.scanner, *program)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "capturing\n", process.communicate()
            yield Capture(process, path)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def destroy(self) -> None:
        """Remove both, with whatever still runs inside."""
        for name in (self.scanner, self.internet):
            _remove(name)


@contextmanager
def lab(*, far_addresses: Iterable[str] = (), resolver: str = "") -> Iterator[Lab]:
    """Make the two namespaces; ``far_addresses`` are those that datagrams are answered from.

    ``resolver`` is what /etc/resolv.conf names there: the machine's own, not the inventory's. A
    route leads anywhere, and on the far side any address is at home: where nothing listens, a
    connection is refused.
    """
    _sweep_away()
    made = Lab(f"{_PREFIX}{os.getpid()}-{time.monotonic_ns() % 10**6}")
    try:
        if resolver:
            own_files = _OWN_FILES / made.scanner
            own_files.mkdir(parents=True)
            (own_files / "resolv.conf").write_text(f"nameserver {resolver}\n")
        for name in (made.scanner, made.internet):
            _run(["ip", "netns", "add", name])
            _run(made.inside(name, "sh", "-c", _SYSCTL))
        near = (made.scanner, HERE4, HERE6, "02:00:00:00:00:02")
        far = (made.internet, _THERE4, _THERE6, "02:00:00:00:00:01")
        _run(
            ["ip", "-batch", "-"],
            f"link add {_LINK} address {near[3]} netns {made.scanner} type veth "
            f"peer name {_LINK} address {far[3]} netns {made.internet}\n",
        )
        for (name, ipv4, ipv6, _), (_, other4, other6, card) in ((near, far), (far, near)):
            # Neighbours are told, not asked: nothing but what is measured crosses the link.
            _run(
                ["ip", "-n", name, "-batch", "-"],
                f"link set lo up\naddress add {ipv4}/30 dev {_LINK}\n"
                f"address add {ipv6}/64 dev {_LINK} nodad\nlink set {_LINK} up\n"
                f"neighbour add {other4} lladdr {card} dev {_LINK} nud permanent\n"
                f"neighbour add {other6} lladdr {card} dev {_LINK} nud permanent\n",
            )
        own = "".join(f"address add {one} dev lo\n" for one in far_addresses)
        _run(["ip", "-n", made.internet, "-batch", "-"], own)
        for version, gateway in (("-4", _THERE4), ("-6", _THERE6)):
            route = ("ip", version, "-n")
            _run([*route, made.scanner, "route", "add", "default", "via", gateway])
            # In the main table: in the local one it would come before the way back.
            anywhere = ("route", "add", "local", "default", "dev", "lo", "table", "main")
            _run([*route, made.internet, *anywhere])
        made.nft(made.scanner, _WITNESS)
        yield made
    finally:
        made.destroy()


_SYSCTL = (
    "for each in all default; do cd /proc/sys/net/ipv6/conf/$each || exit 1;"
    " echo 0 >disable_ipv6; echo 0 >accept_dad; echo 0 >accept_ra; done"
)


def peak(packets: Iterable[Packet], window_s: float = 1.0) -> int:
    """Give the most packets in any window of this length."""
    most, inside = 0, deque[float]()
    for at in sorted(one.at for one in packets):
        inside.append(at)
        while inside[0] <= at - window_s:
            inside.popleft()
        most = max(most, len(inside))
    return most


def peaks(
    packets: Sequence[Packet], key: Callable[[str], str], window_s: float = 1.0
) -> dict[str, int]:
    """Give :func:`peak` for each group of addresses."""
    groups: dict[str, list[Packet]] = {}
    for one in packets:
        groups.setdefault(key(one.far), []).append(one)
    return {name: peak(group, window_s) for name, group in groups.items()}


def prefix_of(address: str) -> str:
    """Give the /24 of an IPv4 address, the /64 of an IPv6 one."""
    length = 64 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


def most_at_once(packets: Iterable[Packet], far: str) -> int:
    """Give how many connections to an address were open or opening at one moment, at most."""
    live: set[tuple[int, int]] = set()
    most = 0
    for one in packets:
        if one.far != far or one.protocol != "tcp":
            continue
        pair = (one.near_port, one.far_port)
        if one.is_sent and one.is_syn:
            live.add(pair)
            most = max(most, len(live))
        elif (one.is_sent and one.is_end) or one.flags & 0x04:
            live.discard(pair)
    return most


def _packet(at: float, kind: int, head: bytes) -> Packet:
    sent = kind == _OUTGOING
    version = head[0] >> 4
    if version == 4:
        start, number, total = (head[0] & 15) * 4, head[9], struct.unpack_from(">H", head, 2)[0]
        far = socket.inet_ntoa(head[16:20] if sent else head[12:16])
    elif version == 6:
        start, number, total = 40, head[6], 40 + struct.unpack_from(">H", head, 4)[0]
        if number == 0:
            # Hop-by-hop options stand before what hosts tell their routers of groups.
            start, number = 48, head[40]
        far = socket.inet_ntop(socket.AF_INET6, head[24:40] if sent else head[8:24])
    else:
        return Packet(at, sent, "arp", "", 0, 0, 0, 0)
    name, near_port, far_port, flags, payload = str(number), 0, 0, 0, 0
    if number in {6, 17}:
        source, destination = struct.unpack_from(">HH", head, start)
        near_port, far_port = (source, destination) if sent else (destination, source)
    if number == 6:
        name, flags = "tcp", head[start + 13]
        payload = total - start - (head[start + 12] >> 4) * 4
    elif number == 17:
        name, payload = "udp", total - start - 8
    elif number == 58 and head[start] in {131, 132, 133, 134, 135, 136, 143}:
        name = "link"
    return Packet(at, sent, name, far, near_port, far_port, flags, payload)


def _run(argv: Sequence[str], given: str | None = None) -> str:
    done = subprocess.run(
        argv, input=given, capture_output=True, text=True, check=False, timeout=30
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def _remove(name: str) -> None:
    shutil.rmtree(_OWN_FILES / name, ignore_errors=True)
    if not (_NETNS / name).exists():
        return
    listed = subprocess.run(
        ["ip", "netns", "pids", name], capture_output=True, text=True, check=False, timeout=30
    )
    for pid in listed.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=30)


def _sweep_away() -> None:
    """Remove what a killed run of these tests left behind."""
    for left in _NETNS.glob(f"{_PREFIX}[0-9]*") if _NETNS.is_dir() else ():
        owner = left.name.split("-")[1]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            _remove(left.name)


def _capture_for_ever(path: str, interface: str) -> None:
    """Write the head of every packet of a link until SIGTERM, then say what was lost."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    tap.setsockopt(socket.SOL_SOCKET, 33, 64 * 2**20)  # SO_RCVBUFFORCE
    tap.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    tap.bind((interface, 3))
    ended = False

    def end(_signal: int, _frame: object) -> None:
        nonlocal ended
        ended = True
        tap.setblocking(False)

    signal.signal(signal.SIGTERM, end)
    tap.settimeout(0.2)
    with Path(path).open("wb", buffering=0) as out:
        print("capturing", flush=True)
        while True:
            try:
                head, extra, _, sender = tap.recvmsg(96, 64)
            except TimeoutError:
                continue
            except BlockingIOError:
                if ended:
                    break
                continue
            at = time.time()
            for level, kind, data in extra:
                if level == socket.SOL_SOCKET and kind == 35:
                    seconds, nanoseconds = struct.unpack("@ll", data[:16])
                    at = seconds + nanoseconds / 1e9
            out.write(_RECORD.pack(at, sender[2], head))
    # struct tpacket_stats: packets seen, packets dropped since the start.
    _, dropped = struct.unpack("@II", tap.getsockopt(263, 6, 8))
    print(f"dropped {dropped}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _capture_for_ever(sys.argv[1], sys.argv[2])
