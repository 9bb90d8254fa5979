"""The questions that both tools answer, the truth of each, and who was wrong."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from benchmarks.scan.peer import Place, Said
from core.knowledge.load import load_knowledge
from vigie.demo.layout import Region, lay_out, unusable_ports
from vigie.demo.servers import rdp

_TLS = ("tls.tls1-0", "tls.tls1-1", "tls.no-tls1-2", "tls.weak-dh")
_CERTIFICATE = ("cert.expired", "cert.expires-soon", "cert.weak-key")
_RDP = ("rdp.nla-not-required", "rdp.standard-security-accepted")
_OFFERS_NLA = [seat for name, seat in vars(rdp).items() if name.startswith("NLA_")]


class _Row(msgspec.Struct):
    ip: str
    check: str = ""
    port: int = 0
    protocol: str = ""
    tls: bool = False
    may_be_unknown: bool = False


class _Truth(msgspec.Struct):
    services: list[_Row]
    findings: list[_Row]
    may: list[_Row]


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """How one tool did."""

    right: int
    wrong: dict[str, int]
    """What was said and what is true → how many times."""
    unsaid: dict[str, int]
    """Question → how many services of it got no answer."""


def expected(truth: Path, hosts: int) -> Said:
    """Give the true answer of each question at each place of the region."""
    told = msgspec.json.decode(truth.read_bytes(), type=_Truth)
    found = {(row.check, (row.ip, row.port)) for row in told.findings}
    skipped = {(row.check, (row.ip, row.port)) for row in told.may}
    answers: Said = {}
    for service in told.services:
        place = service.ip, service.port
        if service.protocol == "unknown" or service.may_be_unknown:
            continue
        # WinRM is HTTP, and nmap says so.
        answers["protocol", place] = "http" if service.protocol == "winrm" else service.protocol
        asked: list[str] = []
        if service.tls:
            answers["TLS", place] = "True"
            asked += [*_TLS, *_CERTIFICATE]
        if service.protocol == "rdp":
            asked += _RDP
        elif service.protocol == "vnc":
            asked.append("vnc.no-authentication")
        elif service.protocol == "ssh":
            asked.append("ssh.weak-algorithms")
        for check in asked:
            if (check, place) not in skipped:
                answers[check, place] = str((check, place) in found)
    for host in _region(hosts).hosts:
        for port, seat in host.seats:
            if seat.protocol == "rdp":
                answers["RDP with NLA", (host.ip, port)] = str(seat.serve in _OFFERS_NLA)
    return answers


def _region(hosts: int) -> Region:
    knowledge = load_knowledge()
    return lay_out(hosts, knowledge, unusable_ports(knowledge.default_tcp()))


def sample(truth: Said, hosts: int, without: frozenset[str]) -> tuple[list[str], str]:
    """Give one host of each kind that has questions, and their ports as nmap takes them."""
    asked = {place[0] for _, place in truth} - without
    chosen = {host.kind.name: host for host in reversed(_region(hosts).hosts) if host.ip in asked}
    ports = {port for host in chosen.values() for port, _ in host.seats}
    return [host.ip for host in chosen.values()], ",".join(map(str, sorted(ports)))


def ours(out: Path, asked: Iterable[tuple[str, Place]]) -> Said:
    """Give what our results say; no finding is « no », even where they say « not measured »."""
    results = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    found = {
        (one["check"], (one["asset"].get("ip"), one["asset"].get("port")))
        for one in results["findings"]
    }
    said: Said = {}
    for line in (out / "observations.jsonl").read_text(encoding="utf-8").splitlines():
        seen = json.loads(line)
        place = seen["place"].get("ip"), seen["place"].get("port")
        if seen["kind"] == "service" and seen["protocol"] != "unknown":
            name = seen["protocol"]
            said["protocol", place] = "http" if name == "winrm" else name
        if seen["kind"] == "service":
            said["TLS", place] = str(bool(seen.get("tls")))
        if seen["kind"] == "rdp" and seen.get("nla") is not None:
            said["RDP with NLA", place] = str(seen["nla"])
    for question, place in asked:
        if question not in {"protocol", "TLS", "RDP with NLA"} and ("TLS", place) in said:
            said[question, place] = str((question, place) in found)
    return said


def mark(said: Said, truth: Said, addresses: frozenset[str]) -> Marks:
    """Compare, on these addresses."""
    right = 0
    wrong: dict[str, int] = defaultdict(int)
    unsaid: dict[str, int] = defaultdict(int)
    for (question, place), answer in truth.items():
        if place[0] not in addresses:
            continue
        told = said.get((question, place))
        if told is None:
            unsaid[question] += 1
        elif told == answer:
            right += 1
        else:
            wrong[f"{question}: says {told}, is {answer}"] += 1
    return Marks(right=right, wrong=dict(wrong), unsaid=dict(unsaid))
