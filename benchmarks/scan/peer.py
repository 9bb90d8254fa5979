"""nmap on the same hosts and ports, and what it said of each of them."""

import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

SCRIPTS = (
    "ssl-cert,ssl-enum-ciphers,rdp-ntlm-info,rdp-enum-encryption,"
    "vnc-info,ssh2-enum-algos,http-title"
)
_NAMES = {
    **dict.fromkeys(("https", "http-proxy", "wsman", "docker"), "http"),
    **dict.fromkeys(("microsoft-ds", "netbios-ssn"), "smb"),
    **{"ms-wbt-server": "rdp", "domain": "dns", "ms-sql-s": "mssql", "memcache": "memcached"},
    **{"mongod": "mongodb", "X11": "x11"},
}
"""nmap's word → ours."""
_WEAK_SSH = re.compile(r"sha1$|-cbc|arcfour|3des|md5|^ssh-dss$")

Place = tuple[str, int]
Said = dict[tuple[str, Place], str]
"""(question, place) → answer; a question that got no answer is absent."""


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """One run of nmap."""

    wall_s: float
    cpu_s: float
    is_cut: bool
    finished: frozenset[str]
    """Addresses that it reported whole."""
    said: Said


def scan(
    addresses: Sequence[str], ports: str, folder: Path, *, cut_s: float, options: Sequence[str] = ()
) -> Scanned:
    """Run nmap, killed when its time is up."""
    folder.mkdir(exist_ok=True)
    targets, report = folder / "targets", folder / "nmap.xml"
    targets.write_text("\n".join(addresses), encoding="utf-8")
    before, started = os.times(), time.perf_counter()
    nmap = subprocess.Popen(
        [
            *(shutil.which("nmap") or "nmap", "-sT", "-Pn", "-n", "-T4", "-sV", "--version-light"),
            *options,
            *("--script", SCRIPTS, "-p", ports, "-iL", str(targets), "-oX", str(report)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        nmap.wait(cut_s)
        is_cut = False
    except subprocess.TimeoutExpired:
        nmap.kill()
        nmap.wait()
        is_cut = True
    wall_s, after = time.perf_counter() - started, os.times()
    cpu_s = after.children_user + after.children_system
    finished, said = read_report(report)
    return Scanned(
        wall_s=wall_s,
        cpu_s=cpu_s - before.children_user - before.children_system,
        is_cut=is_cut,
        finished=finished,
        said=said,
    )


def read_report(report: Path) -> tuple[frozenset[str], Said]:
    """Give the hosts reported whole, and what was said of them; the file may end anywhere."""
    finished: set[str] = set()
    said: Said = {}
    for host in _hosts(report):
        address = host.find("address")
        if address is None:
            continue
        ip = address.get("addr", "")
        finished.add(ip)
        for port in host.iter("port"):
            place = ip, int(port.get("portid", "0"))
            said.update({(question, place): answer for question, answer in _told(port).items()})
    return frozenset(finished), said


def _hosts(report: Path) -> Iterator[ET.Element]:
    try:
        for _, element in ET.iterparse(report):
            if element.tag == "host":
                yield element
    except (ET.ParseError, FileNotFoundError):
        return


def _told(port: ET.Element) -> dict[str, str]:
    """Give its answers on one port: what it states, nothing that a reader would have to guess."""
    state = port.find("state")
    if state is None or state.get("state") != "open":
        return {}
    told: dict[str, str] = {}
    service = port.find("service")
    scripts = {script.get("id", ""): script for script in port.findall("script")}
    # "table": the name that belongs to the number of the port, shown with a question mark.
    if service is not None and service.get("method") == "probed":
        name = service.get("name", "")
        told["protocol"] = _NAMES.get(name.partition(":")[0], name)
        told["TLS"] = str(service.get("tunnel") == "ssl" or "ssl-enum-ciphers" in scripts)
    for name, read in _READERS.items():
        if name in scripts:
            told.update(read(scripts[name]))
    return told


def _versions(script: ET.Element) -> dict[str, str]:
    found = {table.get("key", "") for table in script.findall("table")}
    if not found:
        return {}
    shortest = min(
        (int(bits) for bits in re.findall(r"\(dh (\d+)\)", script.get("output", ""))), default=None
    )
    told = {
        "tls.tls1-0": str("TLSv1.0" in found),
        "tls.tls1-1": str("TLSv1.1" in found),
        "tls.no-tls1-2": str(not found & {"TLSv1.2", "TLSv1.3"}),
    }
    if shortest is not None or found - {"TLSv1.3"}:
        told["tls.weak-dh"] = str(shortest is not None and shortest < 2_048)
    return told


def _certificate(script: ET.Element) -> dict[str, str]:
    told: dict[str, str] = {}
    end = script.find("./table[@key='validity']/elem[@key='notAfter']")
    if end is not None and end.text:
        left = datetime.fromisoformat(end.text).replace(tzinfo=UTC) - datetime.now(UTC)
        told["cert.expired"] = str(left < timedelta())
        told["cert.expires-soon"] = str(timedelta() <= left < timedelta(days=30))
    kind = script.find("./table[@key='pubkey']/elem[@key='type']")
    bits = script.find("./table[@key='pubkey']/elem[@key='bits']")
    if bits is not None and bits.text and kind is not None:
        told["cert.weak-key"] = str(int(bits.text) < (2_048 if kind.text == "rsa" else 256))
    return told


def _layers(script: ET.Element) -> dict[str, str]:
    output = script.get("output", "")
    accepts = set(re.findall(r"^\s*(.+?): SUCCESS", output, re.MULTILINE))
    if "Security layer" not in output or not accepts:
        return {}
    native, tls = "Native RDP" in accepts, "SSL" in accepts
    return {
        "RDP with NLA": str("CredSSP (NLA)" in accepts),
        "rdp.standard-security-accepted": str(native),
        "rdp.nla-not-required": str(native or tls),
    }


def _vnc(script: ET.Element) -> dict[str, str]:
    types = re.findall(r"^\s+(\S.*?) \(\d+\)", script.get("output", ""), re.MULTILINE)
    types += [elem.text or "" for elem in script.iter("elem") if elem.get("key") == "name"]
    return {"vnc.no-authentication": str("None" in types)} if types else {}


def _ssh(script: ET.Element) -> dict[str, str]:
    lists = {
        table.get("key", ""): [elem.text or "" for elem in table.findall("elem")]
        for table in script.findall("table")
    }
    if not lists:
        return {}
    weak = any(
        _WEAK_SSH.search(name)
        for key in ("kex_algorithms", "encryption_algorithms", "server_host_key_algorithms")
        for name in lists.get(key, ())
    )
    weak |= any("md5" in name for name in lists.get("mac_algorithms", ()))
    weak |= set(lists.get("server_host_key_algorithms", ())) <= {"ssh-rsa"}
    return {"ssh.weak-algorithms": str(weak)}


_READERS = {
    "ssl-enum-ciphers": _versions,
    "ssl-cert": _certificate,
    "rdp-enum-encryption": _layers,
    "vnc-info": _vnc,
    "ssh2-enum-algos": _ssh,
}
