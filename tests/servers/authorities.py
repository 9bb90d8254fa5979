"""Real authoritative servers on loopback: BIND, Knot and NSD, each with its own zones."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.real import need, serving

ADDRESSES = {"bind": "127.0.0.1", "knot": "127.43.0.2", "nsd": "127.43.0.3"}
"""Where each listens, on the port that the test chose; BIND takes addresses of interfaces alone."""


def free_everywhere(*ips: str) -> int:
    """Give a port that is free over UDP and TCP at each of these addresses."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as first:
            first.bind((ips[0], 0))
            port = int(first.getsockname()[1])
        try:
            for ip in ips:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as tried:
                        tried.bind((ip, port))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free everywhere")


def run(folder: Path, program: str, *words: str) -> str:
    """Run a tool of a name server; give what it prints."""
    argv = [need(program), *words]
    done = subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def sign(
    folder: Path, name: str, text: str, *words: str, algorithm: str = "ECDSAP256SHA256"
) -> tuple[str, list[str]]:
    """Sign a zone file with dnssec-signzone into ``NAME.signed``; give its key and its DS records.

    ``words`` are options of dnssec-signzone: ``-e`` for an expiry, ``-3 -`` for NSEC3.
    """
    bits = ("-b", "1024") if "RSA" in algorithm else ()
    made = run(folder, "dnssec-keygen", "-a", algorithm, *bits, "-f", "KSK", name)
    key = (folder / f"{made}.key").read_text()
    origin = f"{name.rstrip('.')}."
    (folder / f"{name}.zone").write_text(f"$TTL 60\n$ORIGIN {origin}\n{text}{key}")
    signing = ("-o", name, "-z", "-S", *words, "-f", f"{name}.signed", f"{name}.zone")
    run(folder, "dnssec-signzone", *signing)
    ds = (folder / f"dsset-{origin}").read_text().splitlines()
    (record,) = [line for line in key.splitlines() if not line.startswith(";")]
    return record, ds


@contextmanager
def bind(
    zones: Mapping[str, Path], ip: str, port: int, *, options: str = "", opens: str = "none"
) -> Generator[None]:
    """Serve zones with BIND; ``opens`` is who may transfer them."""
    with tempfile.TemporaryDirectory(prefix="bind-") as made:
        folder = Path(made)
        lines: list[str] = []
        for name, path in zones.items():
            shutil.copy(path, folder / path.name)
            lines.append(f'zone "{name}" {{ type primary; file "{folder}/{path.name}"; }};')
        (folder / "named.conf").write_text(
            f'options {{ directory "{folder}"; listen-on port {port} {{ {ip}; }};\n'
            f" listen-on-v6 {{ none; }}; pid-file none; dnssec-validation no; notify no;\n"
            f" allow-transfer {{ {opens}; }}; {options or 'recursion no;'}\n"
            f' session-keyfile "{folder}/session"; }};\ncontrols {{ }};\n' + "\n".join(lines)
        )
        argv = [need("named"), "-g", "-c", str(folder / "named.conf")]
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "bind")
            argv += ["-u", "bind"]
        with serving(argv, port, ip=ip):
            yield


@contextmanager
def knot(
    zones: Mapping[str, Path], ip: str, port: int, *, opens: bool = False, signing: str = ""
) -> Generator[None]:
    """Serve zones with Knot; ``signing`` is the body of a policy that signs them as they load."""
    with tempfile.TemporaryDirectory(prefix="knot-") as made:
        folder = Path(made)
        lines: list[str] = []
        for name, path in zones.items():
            shutil.copy(path, folder / path.name)
            lines += [f"  - domain: {name}", f"    file: {folder}/{path.name}"]
            lines += ["    acl: open"] if opens else []
            lines += ["    dnssec-signing: on", "    dnssec-policy: ours"] if signing else []
        (folder / "knot.conf").write_text(
            f"server:\n    rundir: {folder}\n    listen: {ip}@{port}\n"
            "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n"
            f"database:\n    storage: {folder}\n"
            "acl:\n  - id: open\n    action: transfer\n"
            + (f"policy:\n  - id: ours\n{signing}" if signing else "")
            + "zone:\n"
            + "\n".join(lines)
            + "\n"
        )
        with serving([need("knotd"), "-c", str(folder / "knot.conf")], port, ip=ip):
            yield


@contextmanager
def nsd(zones: Mapping[str, Path], ip: str, port: int, *, opens: bool = False) -> Generator[None]:
    """Serve zones with NSD."""
    with tempfile.TemporaryDirectory(prefix="nsd-") as made:
        folder = Path(made)
        lines: list[str] = []
        for name, path in zones.items():
            shutil.copy(path, folder / path.name)
            lines += ["zone:", f'  name: "{name}"', f'  zonefile: "{folder}/{path.name}"']
            lines += ["  provide-xfr: 0.0.0.0/0 NOKEY"] if opens else []
        (folder / "nsd.conf").write_text(
            f'server:\n  ip-address: {ip}@{port}\n  username: ""\n  chroot: ""\n'
            f'  zonesdir: "{folder}"\n  pidfile: ""\n  database: ""\n  server-count: 1\n'
            f'  xfrdfile: "{folder}/xfrd"\n  zonelistfile: "{folder}/list"\n  xfrdir: "{folder}"\n'
            "remote-control:\n  control-enable: no\n" + "\n".join(lines) + "\n"
        )
        with serving([need("nsd"), "-d", "-c", str(folder / "nsd.conf")], port, ip=ip):
            yield
