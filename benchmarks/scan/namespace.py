"""A private network for one measure: nothing of the machine is seen, no port is taken."""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

_T = TypeVar("_T")
ROOT = Path(__file__).parents[2]
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 0x1


def why_not() -> str:
    """Give what this machine lacks for a private network; empty when nothing does."""
    if shutil.which("unshare") is None:
        return "needs unshare (util-linux)"
    tried = subprocess.run([*_prefix(), "true"], check=False, capture_output=True)
    return "" if tried.returncode == 0 else "needs root, or user namespaces"


def measured_inside(module: str, kind: type[_T], *arguments: str) -> _T:
    """Run a module in a private network; gives what it printed as JSON, as that type."""
    told = subprocess.run(
        [*_prefix(), sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return msgspec.json.decode(told.stdout, type=kind)


def raise_loopback() -> None:
    """Bring ``lo`` up: a new network has it down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(asked, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _prefix() -> list[str]:
    # An ordinary user is root inside: ports below 1024, captures.
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "-r", "--net"]
