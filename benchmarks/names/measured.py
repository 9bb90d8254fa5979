"""``python -m benchmarks.names.measured found|rates [--short]``: inside a private network, as JSON.

``found``: the hunt against what was planted. ``rates``: answers a second and answers lost at 2 % of
loss each way, beside ``adnshost -a -f``.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import trio

from benchmarks.names import places
from benchmarks.names.laboratory import standing
from benchmarks.names.planted import BIG, ZONES
from benchmarks.scan.namespace import raise_loopback
from core.inventory import NamesChoices
from core.knowledge.names import NameFacts, Variants, Words, load_name_facts
from core.observations.name import NameSeen, NamesHunted
from inventories.scope import Segment
from scanner.dns_client import DnsClient
from scanner.dns_wire import Said
from scanner.found import NameFound
from scanner.hunt import Hunt

_LOSS = """
table inet loss {{
 chain in {{
  type filter hook input priority 0;
  ip daddr {place} udp dport 53 numgen random mod 100 < 2 drop
  ip saddr {place} udp sport 53 numgen random mod 100 < 2 drop
 }}
}}
"""
_ADNS_LINE = re.compile(r"[0-9]+ [0-9]+ \S+ [0-9]+ (\S+) n([0-9]+)\.")
_ADNS_CUT_S = 180


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What hunts told against what was planted."""

    planted: int
    missed: tuple[str, ...]
    false: tuple[str, ...]
    """Told and not planted, told twice, or by other ways than those that give it."""
    wrong: tuple[str, ...]
    """Wildcards and lame domains told otherwise than they are."""
    asked: int
    lost: int
    wall_s: float


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one asker."""

    who: str
    behind: str
    names: int
    answered: int
    lost: int
    """Without an answer when the asker gave up."""
    wrong: int
    """Said to be absent and is there, or the other way round."""
    wall_s: float
    cpu_s: float
    peak_kib: int
    """Resident memory at most."""

    @property
    def per_second(self) -> float:
        return self.answered / self.wall_s


def _fewer(facts: NameFacts) -> NameFacts:
    """Give a sixth of the words, those of planted names among them, and few variants."""
    needed = {name.rpartition(".")[0] or name for zone in ZONES for name in zone.found}
    needed |= {name.partition(".")[2] or name for zone in ZONES for name in zone.found}
    words = facts.words()
    kept = tuple(one for rank, one in enumerate(words) if rank % 6 == 0 or one in needed)
    return msgspec.structs.replace(
        facts,
        labels=(Words(category="some", words=kept),),
        variants=Variants(
            stages=("test", "recette", "preprod"), numbers=("1", "2"), sites=(), separators=("-",)
        ),
    )


def found(*, short: bool) -> Found:
    """Hunt in every zone at once."""
    facts = load_name_facts()
    names: list[NameSeen] = []
    hunted: list[NamesHunted] = []

    async def tell(one: NameSeen) -> None:
        names.append(one)

    async def ended(one: NamesHunted) -> None:
        hunted.append(one)

    first = int(IPv4Address("203.0.113.0"))
    segment = Segment(version=4, first=first, last=first + 255, establishment="labo", medical=False)
    hunt = Hunt(
        [(zone.domain, "labo") for zone in ZONES],
        client=DnsClient([(places.RECURSOR, 53)], per_second=4_000, lifetime_s=20),
        scope=_Everything(),
        facts=_fewer(facts) if short else facts,
        choices=NamesChoices(),
        segments=[segment],
        known=(),
        promised=("ct",),
        tell=tell,
        ended=ended,
        now=lambda: datetime.now(UTC),
    )
    hunt.offer(NameFound("journal-ct-5678.simple.example", "ct"))
    hunt.offer(NameFound("oublie.simple.example", "ct"))
    hunt.end("ct")
    started = time.perf_counter()
    trio.run(hunt.run)
    wall_s = time.perf_counter() - started
    expected = {f"{name}.{zone.domain}": way for zone in ZONES for name, way in zone.found.items()}
    told: dict[str, tuple[str, ...]] = {}
    false: list[str] = []
    for one in names:
        if one.name in told or expected.get(one.name) not in one.found_by:
            false.append(f"{one.name} ({', '.join(one.found_by)})")
        told[one.name] = one.found_by
    wrong: list[str] = []
    for zone in ZONES:
        (end,) = [one for one in hunted if one.domain == zone.domain]
        if end.wildcards != zone.wildcards:
            wrong.append(f"{zone.domain}: wildcards {end.wildcards}")
        if zone.tried and set(end.tried.values()) != {zone.tried}:
            wrong.append(f"{zone.domain}: {end.tried}")
        # Variants have a budget of their own, and say when it is spent.
        spent = {"", "request-limit"}
        if not zone.tried and any(
            why and (way != "permutation" or why not in spent) for way, why in end.tried.items()
        ):
            wrong.append(f"{zone.domain}: {end.tried}")
    return Found(
        planted=len(expected),
        missed=tuple(sorted(expected.keys() - told.keys())),
        false=tuple(sorted(false)),
        wrong=tuple(wrong),
        asked=sum(one.asked for one in hunted),
        lost=sum(one.lost for one in hunted),
        wall_s=wall_s,
    )


class _Everything:
    def may_resolve(self, name: str) -> bool:
        return bool(name)

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> object:
        return None


def rates(count: int) -> Iterator[Rates]:
    """Ask for names of the large zone; a new network, and fresh servers, would give no other."""
    for behind, place in (("knot", places.KNOT), ("unbound", places.RECURSOR)):
        subprocess.run(["nft", "-f", "-"], input=_LOSS.format(place=place), text=True, check=True)
        # Both find the cache of the recursor as the other did: filled.
        _in_a_process("ours", place, count, behind)
        yield _in_a_process("ours", place, count, behind)
        if shutil.which("adnshost"):
            yield _adnshost(place, count, behind)
        subprocess.run(["nft", "delete", "table", "inet", "loss"], check=True)


def _in_a_process(who: str, place: str, count: int, behind: str) -> Rates:
    words = [sys.executable, "-m", "benchmarks.names.measured", who, place, str(count), behind]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Rates)


def ours(place: str, count: int, behind: str) -> Rates:
    """Ask by our client, alone in this process: its memory is ours."""
    answered = lost = wrong = 0

    def told(name: str, _kind: str, said: Said) -> None:
        nonlocal answered, lost, wrong
        if said.why:
            lost += 1
            return
        answered += 1
        there = int(name.partition(".")[0][1:]) % 2 == 0
        wrong += there is not bool(said.records)

    async def main() -> None:
        client = DnsClient([(place, 53)], per_second=1_000_000)
        names = ((f"n{number}.{BIG}", "A") for number in range(count))
        await client.ask_all(names, told, at_once=1_024)

    before, started = os.times(), time.perf_counter()
    trio.run(main)
    wall_s, after = time.perf_counter() - started, os.times()
    return Rates(
        who="Vigie",
        behind=behind,
        names=count,
        answered=answered,
        lost=lost,
        wrong=wrong,
        wall_s=wall_s,
        cpu_s=after.user + after.system - before.user - before.system,
        peak_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    )


def _adnshost(place: str, count: int, behind: str) -> Rates:
    names = "".join(f"n{number}.{BIG}\n" for number in range(count))
    program = shutil.which("adnshost") or "adnshost"
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as told:
        given.write(names)
        given.seek(0)
        started = time.perf_counter()
        asking = subprocess.Popen(
            [program, "-a", "-f", "-t", "a", "--config", f"nameserver {place}"],
            stdin=given,
            stdout=told,
            stderr=subprocess.DEVNULL,
        )
        # Its own use, not that of all children so far.
        while not (ended := os.wait4(asking.pid, os.WNOHANG))[0]:
            if time.perf_counter() - started > _ADNS_CUT_S:
                asking.kill()
            time.sleep(0.01)
        asking.returncode = 0
        used, wall_s = ended[2], time.perf_counter() - started
        told.seek(0)
        answered, wrong = read_adnshost(told, count)
    return Rates(
        who="adnshost -a -f",
        behind=behind,
        names=count,
        answered=answered,
        lost=count - answered,
        wrong=wrong,
        wall_s=wall_s,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_kib=used.ru_maxrss,
    )


def read_adnshost(lines: Iterable[str], count: int) -> tuple[int, int]:
    """Give how many of its answers were answers, and how many of these wrong."""
    answered = wrong = 0
    for line in lines:
        # Id, records, status, its number, its word, the name.
        if (found := _ADNS_LINE.match(line)) is None or found[1] not in {"ok", "nxdomain"}:
            continue
        answered += 1
        there = int(found[2]) % 2 == 0
        wrong += there is not (found[1] == "ok")
    return min(answered, count), wrong


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("found", "rates", "ours"))
    parser.add_argument("more", nargs="*")
    parser.add_argument("--short", action="store_true")
    chosen = parser.parse_args()
    if chosen.what == "ours":
        place, count, behind = chosen.more
        sys.stdout.buffer.write(msgspec.json.encode(ours(place, int(count), behind)))
        return
    raise_loopback()
    # BIND listens on addresses that an interface has, not on all that lead there.
    subprocess.run(["ip", "address", "add", f"{places.BIND}/32", "dev", "lo"], check=True)
    with tempfile.TemporaryDirectory(prefix="names-") as made:
        folder = Path(made)
        if os.geteuid() == 0:
            folder.chmod(0o755)
        with standing(folder):
            told: object = found(short=chosen.short) if chosen.what == "found" else None
            if chosen.what == "rates":
                told = list(rates(10_000 if chosen.short else 50_000))
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
