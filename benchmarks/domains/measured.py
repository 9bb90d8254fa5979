"""Two thousand zones in NSD, 20 ms away from Unbound: their zones and mail read and judged.

``python -m benchmarks.domains.measured --domains N --per-second N``, in a private network; prints
one :class:`Told` as JSON.
"""

import argparse
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import msgspec
import trio

from benchmarks.scan.namespace import raise_loopback
from checks.registry import reading
from core.facts import Facts
from core.knowledge.domains import load_domain_facts
from core.knowledge.load import load_knowledge
from core.knowledge.mail import load_mail_facts
from core.model import Flagged, NotMeasured
from core.observations.base import Observation
from core.observations.domain import DomainSeen
from core.observations.mail_policy import MailPolicy
from scanner.asking_names import NameAsker
from scanner.dns_client import DnsClient
from scanner.domains import AT_ONCE, DomainAsked, ask_domains

ONE_WAY_MS = 10
_AUTHORITY = ("127.0.0.1", 5_300)
_RELAY = ("127.0.0.2", 5_300)
_RESOLVER = ("127.0.0.1", 5_353)
_AT = datetime(2026, 1, 15, tzinfo=UTC)


class Told(msgspec.Struct, kw_only=True):
    """What one run gave."""

    domains: int
    wall_s: float
    cpu_s: float
    """Ours: asking and judging."""
    judging_s: float
    """Of that, judging alone."""
    questions: int
    datagrams: int
    lost: int
    peak_mib: int
    alone_s: float
    """Wall of one domain read by itself: its chain of answers at this distance."""
    at_once: int
    """Domains read side by side."""
    wrong: list[str]
    """Domains of which another fault than the planted ones was told, or one missed."""
    unmeasured: int
    """Verdicts that only an answer was missing for."""


class Planted(msgspec.Struct, kw_only=True):
    """One domain and what must be told of its mail."""

    name: str
    lines: tuple[str, ...]
    expected: tuple[str, ...]


_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC82rjQ/frZSm+YhfzieOpOP8ORIDBaCB3cdFDv3QJl"
    "T3wfjbzlRQhWpwZVIOt7mb4I7k1vHtuIciTo3VBWtxCzdVvMBtY3LSpp7DjAnORCKzyZx7fK1VCPAaqg"
    "sD6X0XOtcZKLD9E3NEk4hoEI//jXDjqHoSWNptJwh/9fcChCjwIDAQAB"
)
_JUDGED = frozenset(
    {"mail.spf-missing", "mail.spf-too-open", "mail.spf-invalid", "mail.dmarc-missing"}
    | {"mail.dmarc-not-enforced", "mail.dkim-weak-key", "mail.mta-sts-missing"}
)
"""Faults that are planted, and so must be told where they are and nowhere else."""


def planted(count: int) -> Iterator[Planted]:
    """Give the zones: each with servers, mail, includes two deep, and faults drawn for it."""
    drawn = random.Random(2_000)
    for number in range(count):
        name = f"d{number}.example"
        lines = [
            f"@ SOA ns1.{name}. dns.{name}. 1 7200 3600 1209600 300",
            "@ NS ns1",
            "@ NS ns2",
            "ns1 A 192.0.2.53",
            "ns2 A 198.51.100.53",
            "@ A 192.0.2.80",
            "@ MX 10 mx1",
            "@ MX 20 mx2",
            "mx1 A 192.0.2.25",
            "mx2 A 192.0.2.26",
            '@ CAA 0 issue "ac.example"',
            'a._spf TXT "v=spf1 ip4:192.0.2.0/26 include:b._spf.' + name + ' -all"',
            'b._spf TXT "v=spf1 ip4:198.51.100.0/26 a:mx2.' + name + ' -all"',
        ]
        expected: list[str] = []

        def plant(
            choices: tuple[tuple[str, str], ...],
            expected: list[str] = expected,
            lines: list[str] = lines,
        ) -> None:
            line, fault = drawn.choice(choices)
            lines.extend([line] if line else [])
            expected.extend([fault] if fault else [])

        good = f'@ TXT "v=spf1 mx include:a._spf.{name} -all"'
        plant(
            (
                (good, ""),
                (good, ""),
                ("", "mail.spf-missing"),
                (f'@ TXT "v=spf1 include:a._spf.{name} +all"', "mail.spf-too-open"),
                (f'@ TXT "v=spf1 include:absent.{name} -all"', "mail.spf-invalid"),
            )
        )
        plant(
            (
                ('_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@' + name + '"', ""),
                ("", "mail.dmarc-missing"),
                (
                    '_dmarc TXT "v=DMARC1; p=none; rua=mailto:d@' + name + '"',
                    "mail.dmarc-not-enforced",
                ),
            )
        )
        plant(
            (
                ("", ""),
                (f'selector1._domainkey TXT "v=DKIM1; p={_KEY}"', "mail.dkim-weak-key"),
            )
        )
        plant((('_mta-sts TXT "v=STSv1; id=1"', ""), ("", "mail.mta-sts-missing")))
        yield Planted(name=name, lines=tuple(lines), expected=tuple(sorted(expected)))


@contextmanager
def served(zones: list[Planted]) -> Generator[None]:
    """Serve the zones behind the relay and the resolver until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="domains-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        for one in zones:
            text = "\n".join(one.lines)
            (folder / one.name).write_text(f"$TTL 300\n$ORIGIN {one.name}.\n{text}\n")
        top = [
            "$TTL 300",
            "@ SOA ns.racine. dns.racine. 1 7200 3600 1209600 300",
            "@ NS ns.racine.",
            "ns.racine. A 192.0.2.1",
            "ac.example. A 192.0.2.2",
        ]
        (folder / "racine").write_text("\n".join([*top, ""]))
        blocks = [f'zone:\n name: "{one.name}"\n zonefile: "{one.name}"\n' for one in zones]
        (folder / "nsd.conf").write_text(
            f'server:\n ip-address: {_AUTHORITY[0]}@{_AUTHORITY[1]}\n username: ""\n chroot: ""\n'
            f' zonesdir: "{folder}"\n database: ""\n pidfile: "{folder}/nsd.pid"\n'
            f' xfrdfile: "{folder}/xfrd"\n zonelistfile: "{folder}/list"\n server-count: 1\n'
            " verbosity: 0\n hide-version: yes\nremote-control:\n control-enable: no\n"
            'zone:\n name: "."\n zonefile: "racine"\n' + "".join(blocks)
        )
        (folder / "unbound.conf").write_text(
            "server:\n"
            f' interface: {_RESOLVER[0]}@{_RESOLVER[1]}\n port: {_RESOLVER[1]}\n username: ""\n'
            f' chroot: ""\n directory: "{folder}"\n pidfile: ""\n use-syslog: no\n verbosity: 0\n'
            " do-daemonize: no\n num-threads: 1\n num-queries-per-thread: 4096\n"
            " outgoing-range: 8192\n so-rcvbuf: 4m\n do-ip6: no\n do-not-query-localhost: no\n"
            ' local-zone: "example." nodefault\n local-zone: "invalid." nodefault\n'
            ' module-config: "iterator"\n target-fetch-policy: "0 0 0 0 0"\n'
            " access-control: 127.0.0.0/8 allow\n"
            "remote-control:\n control-enable: no\n"
            f'stub-zone:\n name: "."\n stub-addr: {_RELAY[0]}@{_RELAY[1]}\n stub-prime: no\n'
        )
        relay = [sys.executable, "-m", "benchmarks.domains.relay", str(ONE_WAY_MS)]
        argvs = [
            ["/usr/sbin/nsd", "-d", "-c", str(folder / "nsd.conf")],
            [*relay, *(f"{ip}:{port}" for ip, port in (_RELAY, _AUTHORITY))],
            ["/usr/sbin/unbound", "-d", "-c", str(folder / "unbound.conf")],
        ]
        running = [
            subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=sys.stderr) for argv in argvs
        ]
        try:
            _wait(zones[-1].name)
            yield
        finally:
            for process in running:
                process.kill()
                process.wait()


def _wait(name: str) -> None:
    """Wait until the last zone is answered for, all the way."""
    query = dns.message.make_query(name, "SOA").to_wire()
    until = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(0.5)
        asked.connect(_RESOLVER)
        while time.monotonic() < until:
            try:
                asked.send(query)
                if dns.message.from_wire(asked.recv(4_096)).answer:
                    return
            except OSError:
                time.sleep(0.1)
    raise RuntimeError("the servers do not answer")


async def read(zones: list[Planted], per_second: float) -> Told:
    """Ask, judge, count."""
    client = DnsClient([_RESOLVER], per_second=per_second)
    asker = NameAsker(client)
    facts = Facts(today=_AT.date(), knowledge=load_knowledge())
    for family in (DomainSeen, MailPolicy):
        reading(family)
    domain_facts, mail_facts = load_domain_facts(), load_mail_facts()
    found: dict[str, Counter[str]] = {one.name: Counter() for one in zones}
    unmeasured = 0
    judging_s = 0.0

    async def tell(told: tuple[Observation, ...]) -> None:
        nonlocal unmeasured, judging_s
        began = time.process_time()
        for seen in told:
            assert isinstance(seen, DomainSeen | MailPolicy)
            for check in reading(type(seen)):
                for verdict in check.judge(seen, facts):
                    if isinstance(verdict, Flagged):
                        found[seen.domain][check.id] += 1
                    elif isinstance(verdict, NotMeasured):
                        unmeasured += verdict.why.startswith(("timeout", "resolver-failure"))
        judging_s += time.process_time() - began

    async def asking(chosen: Sequence[Planted]) -> None:
        asked = [DomainAsked(establishment="e", domain=one.name) for one in chosen]
        await ask_domains(
            asked, tell, asker=asker, facts=domain_facts, mail=mail_facts, now=lambda: _AT
        )

    alone, *rest = zones
    # The first also pays for what all share: the root, the probe for lies.
    await asking([alone])
    started = time.monotonic()
    await asking(rest[:1])
    alone_s = time.monotonic() - started
    before = client.asked
    started, used = time.monotonic(), time.process_time()
    await asking(rest[1:])
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - used
    health = client.health()
    return Told(
        domains=len(rest) - 1,
        wall_s=wall_s,
        cpu_s=cpu_s,
        judging_s=judging_s,
        questions=client.asked - before,
        datagrams=sum(one.asked for one in health),
        lost=sum(one.lost for one in health),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
        alone_s=alone_s,
        at_once=AT_ONCE,
        wrong=[
            one.name
            for one in zones
            if tuple(sorted(set(found[one.name]) & _JUDGED)) != one.expected
        ],
        unmeasured=unmeasured,
    )


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=2_000)
    parser.add_argument("--per-second", type=float, default=1_000)
    chosen = parser.parse_args()
    raise_loopback()
    zones = list(planted(chosen.domains + 2))
    with served(zones):
        told = trio.run(read, zones, chosen.per_second)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
