"""Real VPN gateways: strongSwan in a network namespace of its own, the others on loopback."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import missing
from tests.servers.real import free_port, need, serving

_READY_S = 30.0


@dataclass(frozen=True)
class Gateway:
    """One that runs."""

    port: int
    log: Path

    def said(self) -> str:
        """Give its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def says(self, text: str) -> bool:
        """Wait for its log to hold this."""
        return _wait(lambda: text in self.said())


def _wait(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _READY_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def _running(argv: Sequence[str], log: Path, ready: Callable[[], bool]) -> Generator[None]:
    with log.open("ab") as output:
        server = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            start_new_session=True,
        )
    try:
        is_ready = _wait(lambda: ready() or server.poll() is not None)
        told = log.read_text(errors="replace")[-2_000:]
        assert is_ready, f"{argv[0]} is not ready: {told}"
        assert server.poll() is None, f"{argv[0]} did not start: {told}"
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextmanager
def openvpn(transport: str, *, key: bool = False) -> Generator[Gateway]:
    """Serve OpenVPN over ``tcp`` or ``udp``; ``key``: with ``tls-auth``."""
    program = need("openvpn")
    with TemporaryDirectory(prefix="openvpn") as folder:
        where = Path(folder)
        subprocess.run(
            [
                *(need("openssl"), "req", "-x509", "-newkey", "ec"),
                *("-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
                *("-subj", "/CN=vpn.chu.example", "-keyout", "key.pem", "-out", "cert.pem"),
            ],
            cwd=where,
            check=True,
            capture_output=True,
        )
        more: list[str] = []
        if key:
            subprocess.run([program, "--genkey", "secret", "ta.key"], cwd=where, check=True)
            more = ["--tls-auth", "ta.key", "0"]
        port = free_port() if transport == "tcp" else _free_udp_port()
        proto = "tcp-server" if transport == "tcp" else "udp"
        gateway = Gateway(port, where / "log")
        argv = [
            *(program, "--dev", "null", "--tls-server", "--dh", "none", "--verb", "4"),
            *("--proto", proto, "--local", "127.0.0.1", "--lport", str(port)),
            *("--ca", "cert.pem", "--cert", "cert.pem", "--key", "key.pem", *more),
        ]
        mark = "Listening for incoming TCP" if transport == "tcp" else "link local (bound)"
        with _running(argv, gateway.log, lambda: mark in gateway.said()):
            yield gateway


@contextmanager
def xl2tpd() -> Generator[Gateway]:
    """Serve L2TP without IPsec."""
    program = need("xl2tpd")
    with TemporaryDirectory(prefix="xl2tpd") as folder:
        where = Path(folder)
        gateway = Gateway(_free_udp_port(), where / "log")
        (where / "conf").write_text(
            f"[global]\nlisten-addr = 127.0.0.1\nport = {gateway.port}\n"
            "[lns default]\nip range = 10.66.66.2-10.66.66.9\nlocal ip = 10.66.66.1\n"
        )
        (where / "secrets").touch()
        argv = [
            *(program, "-D", "-c", f"{where}/conf", "-s", f"{where}/secrets"),
            *("-p", f"{where}/pid", "-C", f"{where}/control"),
        ]
        with _running(argv, gateway.log, lambda: _is_bound(gateway.port)):
            yield gateway


@contextmanager
def pptpd() -> Generator[str]:
    """Serve PPTP on its own port, the only one that it knows; give the address."""
    program = need("pptpd")
    if os.geteuid() != 0:
        missing("pptpd serves under root alone")
    number = os.getpid()
    ip = f"127.66.{number >> 8 & 0xFF}.{number & 0xFF or 1}"
    with TemporaryDirectory(prefix="pptpd") as folder:
        where = Path(folder)
        (where / "options").touch()
        (where / "conf").write_text(
            f"option {where}/options\nlocalip 10.66.67.1\nremoteip 10.66.67.2-9\nlisten {ip}\n"
        )
        argv = [program, "-f", "-c", f"{where}/conf", "-p", f"{where}/pid"]
        with serving(argv, 1723, ip=ip):
            yield ip


@contextmanager
def strongswan(*connections: str) -> Generator[tuple[str, Gateway]]:
    """Serve IKE on 127.0.0.1, ports 500 and 4500, of a namespace made for it: give its name.

    Each connection is the lines of one ``conn`` of ipsec.conf; all share a key.
    """
    starter = need("/usr/lib/ipsec/starter")
    space = f"vigieike{os.getpid()}"
    ip = need("ip")
    subprocess.run([ip, "netns", "add", space], check=True)
    try:
        subprocess.run([ip, "-n", space, "link", "set", "lo", "up"], check=True)
        with TemporaryDirectory(prefix="strongswan") as folder:
            where = Path(folder)
            gateway = Gateway(500, where / "charon.log")
            _configure(where, connections)
            # The daemon's place for its process number is one for the whole machine.
            own_run = (
                f"mount -t tmpfs none /run && STRONGSWAN_CONF={where}/strongswan.conf"
                f" exec {starter} --nofork --conf {where}/ipsec.conf"
            )
            argv = [ip, "netns", "exec", space, need("unshare"), "-m", "sh", "-c", own_run]
            last = f"added configuration 'c{len(connections) - 1}'"
            with _running(argv, where / "log", lambda: last in gateway.said()):
                yield space, gateway
    finally:
        subprocess.run([ip, "netns", "del", space], check=False)


def _configure(where: Path, connections: Sequence[str]) -> None:
    lines = ["config setup", "conn %default", "  left=127.0.0.1", "  right=%any"]
    lines += ["  authby=secret", "  auto=add"]
    for number, each in enumerate(connections):
        lines += [f"conn c{number}", *(f"  {line.strip()}" for line in each.split(";"))]
    (where / "ipsec.conf").write_text("\n".join(lines) + "\n")
    (where / "ipsec.secrets").write_text(': PSK "secret of a test"\n')
    # The daemon's own gate against aggressive mode with a shared key: this is what it looks like.
    (where / "strongswan.conf").write_text(
        "charon {\n i_dont_care_about_security_and_use_aggressive_mode_psk = yes\n"
        " send_vendor_id = yes\n plugins {\n include /etc/strongswan.d/charon/*.conf\n"
        f" stroke {{ secrets_file = {where}/ipsec.secrets }}\n }}\n"
        f" filelog {{ log {{ path = {where}/charon.log\n default = 1\n flush_line = yes }} }}\n}}\n"
        "include /etc/strongswan.d/*.conf\n"
    )
