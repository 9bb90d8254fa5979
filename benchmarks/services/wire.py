"""What crosses ``lo`` of a private network, counted by the kernel for each place."""

import json
import shutil
import subprocess
from collections.abc import Mapping

import msgspec

_RULES = """
table inet lab {
    set asked { typeof ip daddr . meta l4proto . th dport; flags dynamic; size 65535; counter; }
    set told { typeof ip saddr . meta l4proto . th sport; flags dynamic; size 65535; counter; }
    set opened { typeof ip daddr . meta l4proto . th dport; flags dynamic; size 65535; counter; }
    chain in {
        type filter hook input priority 0;
        meta l4proto { tcp, udp } update @asked { ip daddr . meta l4proto . th dport }
        meta l4proto { tcp, udp } update @told { ip saddr . meta l4proto . th sport }
        tcp flags & (syn | ack) == syn update @opened { ip daddr . meta l4proto . th dport }
    }
}
"""

Place = tuple[str, str, int]
"""Address, ``tcp`` or ``udp``, port."""


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """What one service was asked and answered, headers of IP included."""

    asked_bytes: int = 0
    told_bytes: int = 0
    opened: int = 0
    """Connections."""
    datagrams: int = 0
    """Packets that it got."""


def is_countable() -> bool:
    """Whether this machine has what it takes."""
    return shutil.which("nft") is not None


def start() -> None:
    """Count from nothing."""
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    subprocess.run(["nft", "-f", "-"], input=_RULES, text=True, check=True)


def crossed() -> Mapping[Place, Crossed]:
    """Give what every place got since the start."""
    asked, told, opened = _counters("asked"), _counters("told"), _counters("opened")
    return {
        place: Crossed(
            asked_bytes=size,
            told_bytes=told.get(place, (0, 0))[1],
            opened=opened.get(place, (0, 0))[0],
            datagrams=packets,
        )
        for place, (packets, size) in asked.items()
    }


def _counters(name: str) -> dict[Place, tuple[int, int]]:
    told = subprocess.run(
        ["nft", "-j", "list", "set", "inet", "lab", name],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[Place, tuple[int, int]] = {}
    for entry in json.loads(told.stdout)["nftables"]:
        for element in entry.get("set", {}).get("elem", ()):
            inside = element["elem"]
            ip, transport, port = inside["val"]["concat"]
            counter = inside["counter"]
            # The kernel gives some protocols by number.
            transport = {"6": "tcp", "17": "udp"}.get(str(transport), str(transport))
            found[str(ip), transport, int(port)] = counter["packets"], counter["bytes"]
    return found
