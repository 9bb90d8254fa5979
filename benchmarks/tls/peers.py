"""sslyze, nmap and testssl.sh on the same servers: what they took, what they say."""

import base64
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.tls.verdicts import FAMILIES, Answers
from scanner.tls.certificates import read_certificate
from tests.servers.tls_lab import NAME, Place

SSLYZE_FIELDS = {
    "ssl_3_0_cipher_suites": "SSLv3",
    "tls_1_0_cipher_suites": "TLS1.0",
    "tls_1_1_cipher_suites": "TLS1.1",
    "tls_1_2_cipher_suites": "TLS1.2",
    "tls_1_3_cipher_suites": "TLS1.3",
}
"""Its name of each version, and ours."""
_NMAP_VERSIONS = {"SSLv3": "SSLv3"} | {f"TLSv1.{minor}": f"TLS1.{minor}" for minor in range(4)}
_OF_FAMILY: dict[str, Callable[[str], bool]] = {
    "rc4": lambda name: "RC4" in name,
    "triple_des": lambda name: "3DES" in name,
    "null_suites": lambda name: "_NULL_" in name,
    "anonymous_suites": lambda name: "anon" in name.lower(),
}


@dataclass(kw_only=True, slots=True)
class PeerRun:
    """What one peer took and said."""

    wall_s: float
    cpu_s: float
    answers: dict[str, Answers] = field(default_factory=dict[str, Answers])
    note: str = ""


def environment(folder: Path, *packages: str) -> Path:
    """Make a throw-away virtual environment with packages; raises ``CalledProcessError``."""
    made = folder / "-".join(packages)
    if not (made / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(made)], check=True, capture_output=True)
        install = [str(made / "bin" / "pip"), "install", "-q", *packages]
        subprocess.run(install, check=True, capture_output=True)
    return made


def sslyze(places: Sequence[Place], program: Path, *, cut_s: float = 600) -> PeerRun:
    """Run ``sslyze`` with certinfo and the six versions, all servers in one process."""
    run, results = sslyze_results(places, program, cut_s=cut_s)
    for place in places:
        run.answers[place.server.name] = _of_sslyze(results.get(place.server.name))
    return run


def sslyze_results(
    places: Sequence[Place], program: Path, *, cut_s: float = 600, more: Sequence[str] = ()
) -> tuple[PeerRun, dict[str, Any]]:
    """Give what it took, and its own JSON by server; empty when it wrote none.

    ``more`` are options of its other measures.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        argv = [str(program), "--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1"]
        argv += ["--tlsv1_2", "--tlsv1_3", f"--json_out={out}", *more]
        argv += [f"{NAME}:{place.port}{{{place.ip}}}" for place in places]
        run = _timed(argv, cut_s)
        if not out.exists():
            run.note = run.note or "no output"
            return run, {}
        results = json.loads(out.read_text(encoding="utf-8"))["server_scan_results"]
    by_place: dict[tuple[str, int], Any] = {}
    for one in results:
        there = one["server_location"]
        by_place[there["ip_address"], there["port"]] = one
    return run, {
        place.server.name: by_place[place.ip, place.port]
        for place in places
        if (place.ip, place.port) in by_place
    }


def _of_sslyze(one: Any) -> Answers:  # noqa: ANN401 - foreign JSON
    if one is None:
        return Answers(error="no result")
    if one["connectivity_status"] != "COMPLETED" or not one["scan_result"]:
        trace = str(one.get("connectivity_error_trace") or "").strip().rpartition("\n")[2]
        # It does tell apart what is no TLS; both end the same way.
        return Answers(said={"speaks-tls": False}, error=trace[:100] or "connectivity")
    answers = Answers(said={"speaks-tls": True})
    result, names = one["scan_result"], list[str]()
    whole = True
    for field_name, version in SSLYZE_FIELDS.items():
        attempt = result[field_name]
        if attempt["status"] != "COMPLETED":
            answers.error = f"{version}: {attempt['error_reason']}"
            whole = False
            continue
        accepted = attempt["result"]["accepted_cipher_suites"]
        answers.said[version] = bool(accepted)
        names += [suite["cipher_suite"]["name"] for suite in accepted]
    _families(answers, names, whole=whole)
    info = result["certificate_info"]
    if info["status"] == "COMPLETED":
        chain = info["result"]["certificate_deployments"][0]["received_certificate_chain"]
        _certificate(answers, chain[0]["as_pem"])
    else:
        answers.error = answers.error or f"certificate: {info['error_reason']}"
    return answers


def _certificate(answers: Answers, pem: str) -> None:
    body = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    facts = read_certificate(base64.b64decode(body))
    if facts.key_type is not None:
        answers.said["key"] = (facts.key_type.value, facts.key_bits)
        answers.said["signature"] = facts.signature_hash


def _families(answers: Answers, names: Sequence[str], *, whole: bool) -> None:
    for family in FAMILIES:
        found = any(_OF_FAMILY[family](name) for name in names)
        if found or whole:
            answers.said[family] = found


def nmap(places: Sequence[Place], *, cut_s: float = 600) -> PeerRun:
    """Run ``nmap --script ssl-enum-ciphers,ssl-cert``, the name given to its TLS."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.xml"
        argv = [shutil.which("nmap") or "nmap", "-Pn", "-n", "-T4", "-oX", str(out)]
        argv += ["-p", ",".join(sorted({str(place.port) for place in places}))]
        argv += ["--script", "ssl-enum-ciphers,ssl-cert"]
        argv += ["--script-args", f"tls.servername={NAME}"]
        run = _timed([*argv, *sorted({place.ip for place in places})], cut_s)
        text = out.read_text(encoding="utf-8") if out.exists() else ""
    if "</nmaprun>" not in text:
        run.note = run.note or "cut"
        return run
    ports = {
        (str(host.find("address").get("addr")), int(str(port.get("portid")))): port  # type: ignore[union-attr]
        for host in ET.fromstring(text).iter("host")
        for port in host.iter("port")
    }
    for place in places:
        run.answers[place.server.name] = _of_nmap(ports.get((place.ip, place.port)))
    return run


def _of_nmap(port: ET.Element | None) -> Answers:
    if port is None:
        return Answers(error="no result")
    scripts = {one.get("id"): one for one in port.iter("script")}
    suites = scripts.get("ssl-enum-ciphers")
    if suites is None:
        return Answers(said={"speaks-tls": False})
    answers = Answers(said={"speaks-tls": True})
    tables = {one.get("key"): one for one in suites.findall("table")}
    for theirs, version in _NMAP_VERSIONS.items():
        answers.said[version] = theirs in tables
    names = [str(one.text) for one in suites.iter("elem") if one.get("key") == "name"]
    _families(answers, names, whole=True)
    certificate = scripts.get("ssl-cert")
    pem = None if certificate is None else certificate.find("elem[@key='pem']")
    if pem is not None and pem.text:
        _certificate(answers, pem.text)
    return answers


def run_testssl(places: Sequence[Place], *, cut_s: float = 300) -> PeerRun:
    """Run ``testssl -p -s -S`` (versions, kinds of suites, certificate), one server at a time."""
    wall = cpu = 0.0
    for place in places:
        argv = [shutil.which("testssl") or "testssl", "--quiet", "--color", "0", "-p", "-s", "-S"]
        argv += ["--warnings", "off", "--ip", place.ip, f"{NAME}:{place.port}"]
        run = _timed(argv, cut_s)
        wall, cpu = wall + run.wall_s, cpu + run.cpu_s
    return PeerRun(wall_s=wall, cpu_s=cpu)


def _timed(argv: Sequence[str], cut_s: float) -> PeerRun:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    note = ""
    try:
        subprocess.run(argv, check=False, capture_output=True, timeout=cut_s)
    except subprocess.TimeoutExpired:
        note = f"cut at {cut_s:.0f} s"
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return PeerRun(wall_s=wall, cpu_s=cpu, note=note)
