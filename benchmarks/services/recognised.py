"""The whole way of a scan over recorded answers and over real servers, then nmap's, then both told.

Run as a module by root in a private network (:mod:`benchmarks.scan.namespace`); prints JSON.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.scan.namespace import ROOT
from benchmarks.scan.region import LIFTED
from benchmarks.services import wire
from benchmarks.services.laboratory import Seat, open_laboratory, seats
from core.knowledge.load import load_knowledge
from core.knowledge.model import Product
from core.observations.base import Observation
from core.observations.codec import decode
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.products import index_of
from tests.servers.daemons import (
    DAEMONS,
    HOST,
    Daemon,
    all_running,
    raise_loopback,
    upstream_version,
)
from tests.servers.recorded import recordings

Place = wire.Place
_CUT_S = 420.0
_NOTHING_SAID = {"", "unknown", "tcpwrapped"}


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """How one tool answered one question everywhere."""

    right: int
    wrong: dict[str, int]
    """Where, with what was said → how many times."""
    unsaid: dict[str, int]

    @property
    def asked(self) -> int:
        """How many times the question was asked."""
        return self.right + sum(self.wrong.values()) + sum(self.unsaid.values())


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One tool, in one run."""

    wall_s: float
    cpu_s: float
    is_cut: bool = False
    named: Marks
    versions: Marks
    software: Marks
    """Who made the server, beyond its protocol; of real servers alone."""
    false: dict[str, int]
    """Lookalikes taken for the product that they are not."""
    most_requests: int
    """Over HTTP, of one service; counted where it is served."""
    most_opened: int
    """Connections to one service."""
    most_asked_bytes: int
    middle_asked_bytes: int
    most_told_bytes: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Both tools on the same servers."""

    name: str
    services: int
    lookalikes: int
    ours: Said
    theirs: Said | None
    by_design: dict[str, str]
    """Services of which we have no product to tell, or whose version is not read, and why."""
    absent: dict[str, str]
    """Servers that could not be started."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What one service is."""

    where: str
    place: Place
    protocol: str = ""
    """Empty: only its product is asked for."""
    peer_protocol: str = ""
    """What nmap calls it."""
    product: str = ""
    version: str = ""
    """Empty: none is known, or none can be read."""
    words: tuple[str, ...]
    """By any of which nmap has named it."""
    is_lookalike: bool = False
    is_silent: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one tool says of one place."""

    protocol: str = ""
    products: frozenset[str] = frozenset()
    """Ids; of nmap: the words that it says."""
    product: str = ""
    software: str = ""
    """Of nmap: what it states as the product, without its remarks."""
    version: str = ""
    remarks: str = ""


Answers = Mapping[Place, Answer]


def _recorded(every: int) -> Group:
    chosen = seats(every=every)
    truths = [_truth_of(seat) for seat in chosen]
    with open_laboratory(chosen) as laboratory:
        group = _both("recorded", truths, "127.1.0.0/22", laboratory.requests)
    pure = _by_handshake()
    return msgspec.structs.replace(group, by_design=pure)


def _truth_of(seat: Seat) -> Truth:
    product = next(one for one in load_knowledge().products if one.id == seat.product)
    return Truth(
        where=f"{seat.product}: {seat.recorded.name}",
        place=(seat.ip, "tcp", seat.port),
        product=seat.product,
        version=seat.recorded.version or "",
        words=_words(product) if seat.is_imitation else _own_words(product),
        is_lookalike=not seat.is_imitation,
    )


def _words(product: Product) -> tuple[str, ...]:
    """Give what nmap may call it, lower case: generous, any of the words will do."""
    return tuple({product.vendor.lower(), product.name.lower(), *product.id.split("_")})


def _own_words(product: Product) -> tuple[str, ...]:
    """Give those that are not its vendor's: to name the maker of a lookalike is no mistake."""
    vendor = product.vendor.lower().split()
    return tuple(word for word in _words(product) if not any(one in word for one in vendor))


def _by_handshake() -> dict[str, str]:
    """Match what only a protocol of its own shows: nothing here could serve it."""
    index = index_of(load_knowledge().products)
    missed: dict[str, str] = {}
    for id_, file in recordings().items():
        for one in (*file.imitations, *file.lookalikes):
            if one.kind == "banner" or one.pages:
                continue
            told = any(
                match.product.id == id_ and match.confidence is not None
                for match in index.match(one.clues)
            )
            if told != bool(one.expect):
                missed[f"{id_}: {one.name}"] = "missed" if one.expect else "taken for it"
    return missed


def _real(names: Sequence[str]) -> Group:
    wanted = [one for one in DAEMONS if not names or one.name in names]
    with all_running(wanted) as (up, down):
        truths = [truth for one in up for truth in _truths_of(one.daemon)]
        design = {
            f"{truth.where}": "no product of its own: the protocol is told"
            for truth in truths
            if not truth.product and not truth.is_silent
        }
        group = _both("real", truths, f"{HOST}/32", dict)
    return msgspec.structs.replace(group, absent=down, by_design=design)


def _truths_of(daemon: Daemon) -> Iterator[Truth]:
    version = upstream_version(daemon.package)
    for spoken in daemon.speaks:
        yield Truth(
            where=f"{daemon.name} {spoken.port}/{spoken.transport}",
            place=(HOST, spoken.transport, spoken.port),
            protocol=spoken.protocol,
            peer_protocol=spoken.peer or spoken.protocol,
            product=spoken.product,
            version=version,
            words=daemon.words,
            is_silent=spoken.is_silent,
        )


def _both(
    name: str, truths: Sequence[Truth], network: str, requests: Callable[[], dict[str, int]]
) -> Group:
    services = [one for one in truths if not one.is_lookalike]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        wire.start()
        wall_s, cpu_s, answers = _ours(folder, truths, network)
        ours = _said(truths, answers, wire.crossed(), requests(), wall_s, cpu_s, by_words=False)
        theirs = None
        if shutil.which("nmap"):
            wire.start()
            started, before = time.perf_counter(), os.times()
            told, is_cut = _theirs(folder, truths)
            after = os.times()
            cpu = after.children_user + after.children_system
            theirs = msgspec.structs.replace(
                _said(
                    truths,
                    told,
                    wire.crossed(),
                    requests(),
                    time.perf_counter() - started,
                    cpu - before.children_user - before.children_system,
                    by_words=True,
                ),
                is_cut=is_cut,
            )
    return Group(
        name=name,
        services=len(services),
        lookalikes=len(truths) - len(services),
        ours=ours,
        theirs=theirs,
        by_design={},
        absent={},
    )


def _ours(
    folder: Path, truths: Sequence[Truth], network: str
) -> tuple[float, float, dict[Place, Answer]]:
    """Scan by the command line; gives wall and CPU seconds with the answers."""
    today = datetime.now(UTC).date()
    inventory, out = folder / "lab.toml", folder / "out"
    inventory.write_text(
        f'schema = 1\nlab = true\n[ght]\nid = "g"\nname = "GHT"\n{LIFTED}'
        f'[[establishments]]\nid = "chu"\nname = "CHU"\nranges = ["{network}"]\n'
        '[[mandates]]\nestablishments = ["chu"]\nsigned_by = "Direction"\ndocument = "m.pdf"\n'
        f"valid_from = {today - timedelta(days=1)}\nvalid_until = {today + timedelta(days=1)}\n"
        'intensity = "standard"\n',
        encoding="utf-8",
    )
    ports = ",".join(
        sorted({f"{'U:' if one.place[1] == 'udp' else ''}{one.place[2]}" for one in truths})
    )
    started = time.perf_counter()
    scan = subprocess.Popen(
        [
            *(sys.executable, "-m", "vigie", "scan", str(inventory), "--out", str(out)),
            *("--state-dir", str(folder / "state"), "--ports", ports, "--quiet"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(scan.pid, 0)
    scan.returncode = os.waitstatus_to_exitcode(status)
    if scan.returncode not in {0, 3}:
        raise RuntimeError(f"the scan ended with {scan.returncode}")
    wall_s = time.perf_counter() - started
    lines = (out / "observations.jsonl").read_bytes().splitlines()
    return wall_s, used.ru_utime + used.ru_stime, _answers(decode(line) for line in lines)


def _answers(observations: Iterable[Observation]) -> dict[Place, Answer]:
    services: dict[Place, Service] = {}
    products: dict[Place, set[str]] = defaultdict(set)
    for seen in observations:
        if seen.place.transport is None:
            continue
        place = (seen.place.ip or "", seen.place.transport.value, seen.place.port or 0)
        if isinstance(seen, Service):
            services[place] = seen
        elif isinstance(seen, ProductSeen):
            products[place].add(seen.product)
    return {
        place: Answer(
            protocol=service.protocol,
            product=service.product or "",
            products=frozenset(products[place]),
            version=service.version or "",
        )
        for place, service in services.items()
    }


def _theirs(folder: Path, truths: Sequence[Truth]) -> tuple[dict[Place, Answer], bool]:
    """Run nmap on the same places, first over TCP, then over UDP, each cut when its time is up."""
    answers: dict[Place, Answer] = {}
    is_cut = False
    for transport, option in (("tcp", "-sT"), ("udp", "-sU")):
        places = [one.place for one in truths if one.place[1] == transport]
        if not places:
            continue
        targets, report = folder / "targets", folder / f"{transport}.xml"
        targets.write_text("\n".join(sorted({ip for ip, _, _ in places})), encoding="utf-8")
        ports = ",".join(sorted({str(port) for _, _, port in places}))
        nmap = subprocess.Popen(
            [
                *("nmap", option, "-sV", "-Pn", "-n", "-T4", "--min-hostgroup", "512", "-p", ports),
                *("-iL", str(targets), "-oX", str(report)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            nmap.wait(_CUT_S)
        except subprocess.TimeoutExpired:
            nmap.kill()
            nmap.wait()
            is_cut = True
        answers.update(read_nmap(report, transport))
    return answers, is_cut


def read_nmap(report: Path, transport: str) -> Iterator[tuple[Place, Answer]]:
    """Give what it states of each place, nothing that it took from its table of ports."""
    try:
        # Our own loopback answers: nobody else writes into this report.
        for _, host in ET.iterparse(report):
            if host.tag != "host":
                continue
            address = host.find("address")
            for port in host.iter("port"):
                service = port.find("service")
                if service is None or address is None or service.get("method") != "probed":
                    continue
                said = [service.get(name, "") for name in ("product", "extrainfo", "devicetype")]
                said += [cpe.text or "" for cpe in service.iter("cpe")]
                place = address.get("addr", ""), transport, int(port.get("portid", "0"))
                yield (
                    place,
                    Answer(
                        protocol=service.get("name", ""),
                        product=" ".join(filter(None, said)).lower(),
                        software=service.get("product", "").lower(),
                        version=service.get("version", ""),
                        remarks=service.get("extrainfo", ""),
                    ),
                )
    except (ET.ParseError, FileNotFoundError):
        return


def _said(
    truths: Sequence[Truth],
    answers: Answers,
    crossed: Mapping[Place, wire.Crossed],
    requests: Mapping[str, int],
    wall_s: float,
    cpu_s: float,
    *,
    by_words: bool,
) -> Said:
    services = [one for one in truths if not one.is_lookalike and not one.is_silent]
    lookalikes = [one for one in truths if one.is_lookalike]
    get = answers.get
    named: list[tuple[str, str]] = []
    software: list[tuple[str, str]] = []
    versions: list[tuple[str, str]] = []
    for one in services:
        answer = get(one.place, Answer())
        product = judge_product(one, answer, by_words=by_words)
        if one.protocol:
            named.append((one.where, _protocol(one, answer, by_words=by_words)))
            if one.product or by_words:
                software.append((one.where, product))
        else:
            named.append((one.where, product))
        if one.version:
            # Without the product, the version is that of another: of the web server before it.
            is_other = by_words and not one.protocol and product != "right"
            versions.append((one.where, "unsaid" if is_other else judge_version(one, answer)))
    false = Counter(
        one.where
        for one in lookalikes
        if (
            any(word in get(one.place, Answer()).product for word in one.words)
            if by_words
            else one.product in get(one.place, Answer()).products
        )
    )
    wires = [crossed.get(one.place, wire.Crossed()) for one in truths]
    asked = sorted(one.asked_bytes for one in wires)
    return Said(
        wall_s=wall_s,
        cpu_s=cpu_s,
        named=_mark(named),
        software=_mark(software),
        versions=_mark(versions),
        false=dict(false),
        most_requests=max(requests.values(), default=0),
        most_opened=max(one.opened for one in wires),
        most_asked_bytes=asked[-1],
        middle_asked_bytes=asked[len(asked) // 2],
        most_told_bytes=max(one.told_bytes for one in wires),
    )


def _protocol(one: Truth, answer: Answer, *, by_words: bool) -> str:
    """Give ``right``, ``unsaid``, or what was said instead."""
    if answer.protocol in _NOTHING_SAID:
        return "unsaid"
    wanted = f"{one.peer_protocol}|https" if one.protocol == "http" else one.peer_protocol
    wanted = wanted if by_words else re.escape(one.protocol)
    return "right" if re.fullmatch(wanted, answer.protocol, re.IGNORECASE) else answer.protocol


def judge_product(one: Truth, answer: Answer, *, by_words: bool) -> str:
    """Give ``right``, ``unsaid``, or what was said instead; ``by_words``: of nmap."""
    if not answer.product:
        return "unsaid"
    if not by_words:
        return "right" if answer.product == one.product else answer.product
    if any(word in answer.product for word in one.words):
        return "right"
    # It names the web server that stands before a product, or the protocol once more: another
    # question, rightly answered.
    if not one.protocol or re.match(rf"(?:{re.escape(one.protocol)}\b|rpc|$)", answer.software):
        return "unsaid"
    return answer.software


def judge_version(one: Truth, answer: Answer) -> str:
    """Give ``right``, ``unsaid``, or what was said instead."""
    said = answer.version.strip()
    number = re.split(r"[\s,;(]", said)[0]
    # « 2.4 » of 2.4.2 is right, only less.
    if number and one.version.startswith(f"{number}."):
        return "right"
    wanted = re.escape(one.version.replace("-", " "))
    if re.search(rf"(?<![\d.]){wanted}", f"{said} {answer.remarks}".replace("-", " ")):
        return "right"
    # « protocol 3.8 », « 2-4 », « v4 » are of the protocol; « or later » says little.
    is_other = re.match(r"protocol|v?\d+(?:-\d+)?$", said) or said.endswith("or later")
    return "unsaid" if is_other or not re.search(r"\d", said) else said


def _mark(told: Iterable[tuple[str, str]]) -> Marks:
    told = list(told)
    return Marks(
        right=sum(said == "right" for _, said in told),
        wrong=dict(
            Counter(f"{where}: {said}" for where, said in told if said not in {"right", "unsaid"})
        ),
        unsaid=dict(Counter(where for where, said in told if said == "unsaid")),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="one product in so many")
    parser.add_argument("--only", choices=("recorded", "real"))
    parser.add_argument("names", nargs="*", help="of real servers")
    chosen = parser.parse_args()
    raise_loopback()
    groups: list[Group] = []
    if chosen.only != "real":
        groups.append(_recorded(chosen.every))
    if chosen.only != "recorded":
        groups.append(_real(chosen.names))
    sys.stdout.write(msgspec.json.encode(groups).decode())
