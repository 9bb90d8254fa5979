"""The real command, in a namespace where every address answers: inventory in, packets out."""

import ipaddress
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.netns import Capture, Lab, Packet, lab
from tests.servers.lure_places import (
    CANARY,
    CLOSED_RANGE,
    EVIL4,
    HONEST,
    MACHINE_RESOLVER,
    MEDICAL,
    PORTS,
    RESOLVER,
    THIRD_PARTY,
    UNMANDATED_RANGE,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PROXIES = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), f"http://{EVIL4}:3128"
)
"""What a badly set machine says; the scanner must not listen."""


@dataclass
class Scanned:
    """What one run of ``vigie scan`` did, seen from outside."""

    code: int
    stdout: str
    stderr: str
    packets: list[Packet]
    contacted: dict[str, int]
    """Packets by destination, as nftables counted them."""
    out: Path
    ended_at: float = field(default_factory=time.time)

    @property
    def findings(self) -> dict[str, Any]:
        """``findings.json``."""
        read: dict[str, Any] = json.loads((self.out / "findings.json").read_text())
        return read

    def sent(self) -> list[Packet]:
        """Give what left the machine, what IPv6 says to its own link apart."""
        return [one for one in self.packets if one.is_sent and one.protocol != "link"]

    def sent_to(self, *addresses: str) -> list[Packet]:
        """Give what was sent to these."""
        return [one for one in self.sent() if one.far in addresses]

    def leaks(self, *allowed: str) -> set[str]:
        """Give where packets went besides these addresses and ranges, by either witness."""
        networks = [ipaddress.ip_network(one) for one in allowed]
        seen = {one.far for one in self.sent()} | set(self.contacted)
        return {one for one in seen if not _is_in(one, networks)}

    def refused(self) -> set[tuple[str, str]]:
        """Give (what, why) of each line of what was not measured."""
        return {(row["what"], row["why"]) for row in self.findings["not_measured"]}


def _is_in(text: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    address = ipaddress.ip_address(text)
    return any(address in one for one in networks if one.version == address.version)


class Field:
    """A lab where the lures stand. Made by :func:`field`."""

    def __init__(self, made: Lab, servers: "subprocess.Popen[str]", folder: Path) -> None:
        self.lab = made
        self._servers = servers
        self.folder = folder
        self._runs = 0

    @property
    def _log(self) -> Path:
        return self.folder / "lures.jsonl"

    def heard(self) -> dict[tuple[str, int], list[bytes]]:
        """Give what each connection sent since the last :meth:`scan` began, by place."""
        found: dict[tuple[str, int], list[bytes]] = {}
        for told in self._told():
            if "heard" in told:
                place = (told["ip"], told["port"])
                found.setdefault(place, []).append(bytes.fromhex(told["heard"]))
        return found

    def asked(self) -> dict[str, set[str]]:
        """Give the questions that each resolver got since the last :meth:`scan` began."""
        found: dict[str, set[str]] = {}
        for told in self._told():
            if "asked" in told:
                found.setdefault(told["ip"], set()).add(told["asked"])
        return found

    def _told(self) -> list[dict[str, Any]]:
        time.sleep(0.2)
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def write(self, text: str, name: str = "inventory.toml") -> Path:
        """Write an inventory."""
        path = self.folder / name
        path.write_text(text)
        return path

    def scan(self, inventory: str, *options: str, timeout_s: float = 150) -> Scanned:
        """Run ``vigie scan`` to its end, between two witnesses."""
        with self.scanning(inventory, *options) as going:
            return going.wait(timeout_s)

    @contextmanager
    def scanning(self, inventory: str, *options: str) -> Iterator["Going"]:
        """Run ``vigie scan`` beside the block, between two witnesses."""
        self._runs += 1
        out = self.folder / f"out-{self._runs}"
        path = self.write(inventory)
        self._log.write_text("")
        self._servers.send_signal(signal.SIGUSR1)
        self.lab.forget()
        with self.lab.capture(self.folder / f"capture-{self._runs}") as capture:
            process = self.lab.start(
                self.lab.scanner,
                *(sys.executable, "-m", "vigie", "scan", str(path), "--out", str(out)),
                *("--state-dir", str(self.folder / "state"), "--quiet", *options),
                env=PROXIES,
            )
            going = Going(self, process, capture, out)
            try:
                yield going
            finally:
                process.kill()
                going.join()

    def vigie(self, *argv: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run another command of Vigie in the scanner's namespace."""
        return subprocess.run(
            self.lab.inside(
                self.lab.scanner,
                *(sys.executable, "-m", "vigie", *argv),
                *("--state-dir", str(self.folder / "state")),
            ),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )


class Going:
    """A scan under way."""

    def __init__(
        self, at: Field, process: "subprocess.Popen[str]", capture: Capture, out: Path
    ) -> None:
        self._field = at
        self._process = process
        self._capture = capture
        self.out = out
        self._told: tuple[str, str] = ("", "")
        # Read as it comes: a full pipe would hold the scan.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._told = self._process.communicate()

    def join(self) -> None:
        """Wait for what the killed command leaves behind."""
        self._reader.join(10)

    @property
    def is_over(self) -> bool:
        """Whether the command has ended."""
        return self._process.poll() is not None

    def packets(self) -> list[Packet]:
        """Give what crossed the link so far."""
        return self._capture.packets()

    def wait_for(self, syns: int, timeout_s: float = 30, *, canary: bool = False) -> None:
        """Wait until that many connections to targets, or to the canary, were asked for."""
        deadline = time.monotonic() + timeout_s
        while syns > sum(
            one.is_counted and (one.far in SERVED) is canary for one in self.packets()
        ):
            assert not self.is_over, (self._process.returncode, self._told)
            assert time.monotonic() < deadline, "too few connections"
            time.sleep(0.1)

    def wait(self, timeout_s: float = 150, *, linger_s: float = 0.3) -> Scanned:
        """Wait for the end, and ``linger_s`` more for what may still be sent."""
        self._reader.join(timeout_s)
        assert not self._reader.is_alive(), "the scan does not end"
        ended_at = time.time()
        time.sleep(linger_s)
        self._capture.stop()
        return Scanned(
            code=self._process.returncode,
            stdout=self._told[0],
            stderr=self._told[1],
            packets=self._capture.packets(),
            contacted=self._field.lab.contacted(),
            out=self.out,
            ended_at=ended_at,
        )


@contextmanager
def field_of_lures(folder: Path) -> Iterator[Field]:
    """Make the lab and fill its Internet with lures."""
    with lab(
        far_addresses=[f"{one}/32" for one in (RESOLVER, MACHINE_RESOLVER, HONEST)],
        resolver=MACHINE_RESOLVER,
    ) as made:
        servers = made.start(
            made.internet,
            *(sys.executable, "-m", "tests.servers.lures", str(folder / "lures.jsonl")),
            env={"VIGIE_TEST_NETNS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        try:
            assert servers.stdout is not None
            assert servers.stdout.readline() == "serving\n", servers.communicate()
            yield Field(made, servers, folder)
            assert servers.poll() is None, servers.communicate()
        finally:
            servers.kill()
            servers.communicate()


def closed_window() -> str:
    """Give a weekly window that is days away."""
    day = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=3)
    return f"{_DAYS[day.weekday()]} 10:00-11:00"


def mandate(
    establishment: str, *, intensity: str = "deep", windows: Sequence[str] = (), covers: str = ""
) -> str:
    """Give a mandate in date."""
    today = datetime.now(UTC).date()
    opened = f"windows = {json.dumps(list(windows))}" if windows else ""
    return f"""
[[mandates]]
establishments = ["{establishment}"]
{f"covers = {covers}" if covers else ""}
signed_by = "Direction"
document = "mandat-{establishment}.pdf"
valid_from = {today - timedelta(days=30)}
valid_until = {today + timedelta(days=30)}
intensity = "{intensity}"
{opened}
"""


def head(
    *, lab_ranges: bool = False, services: str = "", limits: Mapping[str, int] | None = None
) -> str:
    """Give the beginning of an inventory; the ports are those of the scene."""
    numbers = {
        "packets_per_second": 400,
        "packets_per_second_per_prefix24": 250,
        "packets_per_second_per_host": 100,
        "connections_per_host": 4,
        **(limits or {}),
    }
    return f"""
schema = 1
lab = {str(lab_ranges).lower()}
[ght]
id = "ght-leurres"
name = "GHT des Leurres"
[limits]
{os.linesep.join(f"{key} = {value}" for key, value in numbers.items())}
[services]
operator = "securite@grades.example"
{services}
"""


SERVED = {RESOLVER, CANARY}
"""What the inventory allows besides targets."""
SERVICES = f'resolvers = ["{RESOLVER}"]\ncanary = "{CANARY}"\n'
SPEC = ",".join(map(str, PORTS))


def perimeter() -> str:
    """Give the inventory of the whole scene."""
    today = datetime.now(UTC).date()
    covers = json.dumps(["portail.hebergeur.example", "leurre.hebergeur.example"])
    expected = "".join(
        f'[[expected]]\nasset = "{name}.chu.example"\nport = 443\n'
        for name in ("www", "alias", "imap", "six")
    )
    return f"""{head(services=SERVICES)}
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["203.0.113.0/28", "2001:db8:10::/125"]
domains = ["chu.example"]
exclude = ["203.0.113.7", "2001:db8:10::5", "fragile.chu.example"]
medical = ["{MEDICAL}"]

[[establishments]]
id = "ferme"
name = "Hors fenêtre"
ranges = ["{CLOSED_RANGE}"]

[[establishments]]
id = "sans-mandat"
name = "Sans mandat"
ranges = ["{UNMANDATED_RANGE}"]
{mandate("chu")}
{mandate("chu", intensity="standard", covers=covers)}
{mandate("ferme", windows=[closed_window()])}
[[consents]]
holder = "Hébergeur"
covers = ["portail.hebergeur.example"]
valid_from = {today - timedelta(days=30)}
valid_until = {today + timedelta(days=30)}
intensity = "discreet"
document = "accord.pdf"

[[consents]]
holder = "Hébergeur dont l'accord a expiré"
covers = ["{THIRD_PARTY}"]
valid_from = {today - timedelta(days=60)}
valid_until = {today - timedelta(days=30)}
intensity = "standard"
document = "accord-ancien.pdf"
{expected}"""
