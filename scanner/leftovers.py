"""What none of our probes knows, asked of nmap: profile deep alone, one literal address, one port.

nmap runs as a process that we can end; python-nmap reads what it wrote.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime

import nmap
import trio

from core.model import Confidence, Place
from core.observations.service import Service
from scanner.gate import Gate
from scanner.target import Target

_TIMEOUT_S = 60
_RATE = 2
"""Connections a second that nmap may make, and that the caps count while it runs.

``--max-rate`` binds its port scan; its version probes wait for answers and stay below this.
"""
_SURE = 8
"""nmap's own confidence, of 10, from which a probe of it matched and not a table of ports."""
_OURS = {
    "ms-wbt-server": "rdp",
    "microsoft-ds": "smb",
    "netbios-ssn": "smb",
    "mongod": "mongodb",
    "domain": "dns",
}
"""nmap's names for what the contract names otherwise."""


async def ask_nmap(
    gate: Gate, target: Target, port: int, place: Place, now: Callable[[], datetime]
) -> Service | None:
    """Give the service that nmap recognised; ``None`` when it is absent or knows no better.

    Raises :class:`core.errors.OutOfScope` when nothing may be sent, before or meanwhile.
    """
    program = shutil.which("nmap")
    if program is None:
        return None
    command = [
        *(program, "-n", "-Pn", "-sT", "--unprivileged", "-sV", "--version-intensity", "2"),
        *("--max-rate", str(_RATE), "--max-retries", "1", "--host-timeout", f"{_TIMEOUT_S}s"),
        *("-p", str(port), "-oX", "-"),
        *(["-6"] if ":" in target.ip else []),
        target.ip,
    ]
    written = b""
    async with gate.lend(target, per_second=_RATE):
        with trio.move_on_after(_TIMEOUT_S + 5):
            ended = await trio.run_process(
                command,
                capture_stdout=True,
                stderr=subprocess.DEVNULL,
                stdin=b"",
                check=False,
                deliver_cancel=_kill,
            )
            written = ended.stdout
    return await trio.to_thread.run_sync(_read, written, place, port, now())


async def _kill(running: trio.Process) -> None:
    # A stop must be obeyed now; nmap has nothing to save.
    with contextlib.suppress(ProcessLookupError):
        running.kill()


def _read(written: bytes, place: Place, port: int, at: datetime) -> Service | None:
    """Read nmap's XML; whatever is not there, or only guessed from the port, is no answer."""
    try:
        scanned = nmap.PortScanner().analyse_nmap_xml_scan(written.decode(errors="replace"))
        hosts = scanned.get("scan", {})
        seen = next(iter(hosts.values()))["tcp"][port]
        name, sureness = str(seen["name"]), int(seen["conf"] or 0)
    except (nmap.PortScannerError, KeyError, StopIteration, ValueError):
        return None
    if not name or sureness < _SURE:
        return None
    words = (seen.get("product", ""), seen.get("version", ""), seen.get("extrainfo", ""))
    told = " ".join(str(word) for word in words if word)[:200]
    return Service(
        place=place,
        at=at,
        protocol=_OURS.get(name, name),
        confidence=Confidence.FIRM if sureness > _SURE else Confidence.TENTATIVE,
        evidence=(f"nmap: {name} {told}".strip(),),
    )
