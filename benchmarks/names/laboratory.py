"""BIND, Knot and NSD with their zones, a slow server and a lame one, Unbound in front of them all.

Only inside a private network: they stand on port 53 of loopback addresses.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from benchmarks.names import places
from benchmarks.names.planted import (
    BIG,
    REVERSE,
    ZONES,
    big_zone,
    parent_zones,
    reverse_zone,
)

_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"
_UP_S = 30.0
NEEDED = ("named", "dnssec-keygen", "dnssec-signzone", "knotd", "nsd", "unbound", "nft", "ip")


def program(name: str) -> str | None:
    """Give the path of a program; ``None`` where it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")


def lacks() -> str:
    """Give what this machine lacks, by commas."""
    return ", ".join(name for name in NEEDED if program(name) is None)


@contextmanager
def standing(folder: Path) -> Generator[None]:
    """Start all servers; they end with the block."""
    _write(folder)
    with ExitStack() as stack:
        for argv, place, asked in (
            (_bind(folder), places.BIND, "."),
            (_knot(folder), places.KNOT, BIG),
            (_nsd(folder), places.NSD, "hachee.example"),
            (_own("slow", folder), places.SLOW, "lente.example"),
            (_own("lame", folder), places.LAME, "boiteuse.example"),
            (_unbound(folder), places.RECURSOR, BIG),
        ):
            stack.enter_context(_running(argv, place, asked, folder))
        yield


@contextmanager
def _running(argv: list[str], place: str, asked: str, folder: Path) -> Generator[None]:
    log = folder / f"{place}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _UP_S
        while not _answers(place, asked):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{argv[0]}: {log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(place: str, asked: str) -> bool:
    query = dns.message.make_query(asked, "SOA")
    try:
        dns.query.udp(query, place, timeout=1.5)
    except (dns.exception.DNSException, OSError):
        return False
    return True


def _write(folder: Path) -> None:
    texts = {zone.domain: zone.text() for zone in ZONES if zone.server != places.LAME}
    texts |= {BIG: big_zone(), REVERSE: reverse_zone(), **parent_zones()}
    for domain, text in texts.items():
        (folder / _file(domain)).write_text(text)
    for zone in ZONES:
        if zone.signed:
            _sign(folder, zone.domain, zone.signed)


def _file(domain: str) -> str:
    return "root.zone" if domain == "." else f"{domain}.zone"


def _sign(folder: Path, domain: str, how: str) -> None:
    keygen, signzone = program("dnssec-keygen"), program("dnssec-signzone")
    assert keygen is not None
    assert signzone is not None
    key = [keygen, "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", domain]
    subprocess.run(key, cwd=folder, check=True, capture_output=True)
    file = _file(domain)
    salted = ["-3", "-"] if how == "nsec3" else []
    words = [signzone, "-S", "-z", *salted, "-o", domain, "-f", f"{file}.signed", file]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    (folder / f"{file}.signed").replace(folder / file)


def _served_by(place: str) -> list[str]:
    return [zone.domain for zone in ZONES if zone.server == place]


def _bind(folder: Path) -> list[str]:
    zones = "".join(
        f'zone "{domain}" {{ type primary; file "{folder}/{_file(domain)}"; }};\n'
        for domain in (".", *_served_by(places.BIND))
    )
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; listen-on {{ {places.BIND}; }}; listen-on-v6 '
        "{ none; }; recursion no; pid-file none; dnssec-validation no;\n"
        f' session-keyfile "{folder}/session"; }};\ncontrols {{ }};\n{zones}'
    )
    return [program("named") or "named", "-g", "-n", "1", "-c", str(folder / "named.conf")]


def _knot(folder: Path) -> list[str]:
    for name in ("knot", "knot-run"):
        (folder / name).mkdir()
    zones = "".join(
        f"  - domain: {domain}\n    file: {folder}/{_file(domain)}\n    zonefile-sync: -1\n"
        for domain in (BIG, REVERSE, *_served_by(places.KNOT))
    )
    (folder / "knot.conf").write_text(
        f"server:\n    listen: {places.KNOT}@53\n    rundir: {folder}/knot-run\n"
        "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n"
        f"database:\n    storage: {folder}/knot\n"
        f"log:\n  - target: stderr\n    any: error\nzone:\n{zones}"
    )
    return [program("knotd") or "knotd", "-c", str(folder / "knot.conf")]


def _nsd(folder: Path) -> list[str]:
    zones = "".join(
        f'zone:\n name: "{domain}"\n zonefile: "{folder}/{_file(domain)}"\n'
        for domain in _served_by(places.NSD)
    )
    (folder / "nsd.conf").write_text(
        f"server:\n ip-address: {places.NSD}\n port: 53\n server-count: 1\n"
        f' username: ""\n chroot: ""\n zonesdir: "{folder}"\n database: ""\n pidfile: ""\n'
        f' xfrdfile: "{folder}/xfrd"\n zonelistfile: "{folder}/zonelist"\n xfrdir: "{folder}"\n'
        f" do-ip6: no\nremote-control:\n control-enable: no\n{zones}"
    )
    return [program("nsd") or "nsd", "-d", "-c", str(folder / "nsd.conf")]


def _own(kind: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.names.odd_server", kind, str(folder)]


def _unbound(folder: Path) -> list[str]:
    (folder / "root.hints").write_text(f". 3600 NS ns.racine.\nns.racine. 3600 A {places.BIND}\n")
    (folder / "unbound.conf").write_text(
        "server:\n"
        f' interface: {places.RECURSOR}\n port: 53\n username: ""\n chroot: ""\n'
        f' directory: "{folder}"\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
        " access-control: 127.0.0.0/8 allow\n do-not-query-localhost: no\n do-ip6: no\n"
        ' local-zone: "example." nodefault\n local-zone: "in-addr.arpa." transparent\n'
        ' local-zone: "113.0.203.in-addr.arpa." nodefault\n local-zone: "invalid." nodefault\n'
        ' module-config: "iterator"\n num-threads: 1\n outgoing-range: 4096\n'
        " num-queries-per-thread: 2048\n so-rcvbuf: 1m\n msg-cache-size: 64m\n"
        ' rrset-cache-size: 64m\n root-hints: "root.hints"\n'
        "remote-control:\n control-enable: no\n"
    )
    return [program("unbound") or "unbound", "-d", "-c", str(folder / "unbound.conf")]
