"""The analysis of a snapshot measured: time and memory, from 1,000 to 100,000 users.

``python -m benchmarks.bench_ad_analysis [--short]``. Forests are made by code: the sound one, with
as many more users, 30 % machines and 10 % groups, five memberships by user, and 11 entries by
descriptor. Three times: descriptors shared as new objects share them; one of its own for each
object; the same, and every account leads to tier 0.
Each analysis is a process of its own: it reads the file, builds the model, asks every check, and
finds the paths to tier 0.
"""

import argparse
import functools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from ad_audit.snapshot import Clear, Writer, read_snapshot
from benchmarks.table import Row, is_missed, lay_out, verdict
from checks._shared.examples import AT
from checks.ad._shared.healthy import ROOT, ROOT_SID, grant, raw
from checks.registry import reading
from core.directory import decode, sids
from core.directory.build import build
from core.directory.descriptors import encode
from core.directory.forest import Directory
from core.directory.raw import RawObject
from core.directory.sddl import parse
from core.facts import Facts
from core.knowledge.load import load_knowledge

_SIZES = (1_000, 10_000, 100_000)
_MOST_S = {1_000: 1.0, 100_000: 60.0}
_MOST_BYTES = 1_000_000_000
_OUS = 200
_MEMBERSHIPS = 5
_LARGEST_GROUP = 5_000
_FIRST_RID = 20_000
_DELEGATES = 40
"""Groups that the shared descriptors name."""
_SEED = 20_261_122


def measure(*, short: bool = False) -> Iterator[Row]:
    """Give the rows."""
    before: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in _SIZES[:2] if short else _SIZES:
            for shape in ("shared", "distinct", "open"):
                path = Path(folder) / f"{size}-{shape}.snapshot"
                _write(path, size, shape)
                told = _analysed(path)
                path.unlink()
                yield _row(size, shape, told, before.get(shape))
                before[shape] = told["seconds"]


def _row(size: int, shape: str, told: dict[str, float], before: float | None) -> Row:
    most = _MOST_S.get(size)
    seconds, peak = told["seconds"], told["peak_bytes"]
    ours = (
        f"{seconds:.2f} s ({told['read_s']:.1f} read and built, {told['checks_s']:.1f} checks, "
        f"{told['paths_s']:.1f} paths), {peak / 1e6:.0f} MB"
    )
    what = (
        f"analysis, {size} users, {told['objects']:.0f} objects, {told['aces']:.0f} ACEs, "
        f"{told['descriptors']:.0f} descriptors ({shape})"
    )
    growth = "-" if before is None else f"x{seconds / before:.1f}"
    if most is None:
        return what, ours, "-", growth, "measured"
    met = seconds < most and peak < _MOST_BYTES
    return what, ours, "-", growth, verdict(met, f"{most:.0f} s and 1 GB at most")


def _analysed(path: Path) -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_ad_analysis", "--analyse", str(path)],
        capture_output=True,
        check=True,
    )
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def _analyse(path: Path) -> dict[str, float]:
    """Analyse one snapshot; times exclude the start of Python, memory does not."""
    checks = reading(Directory)
    facts = Facts(today=AT.date(), knowledge=load_knowledge())
    started = time.perf_counter()
    collection, objects = read_snapshot(path, Clear())
    forest = build([(collection, objects)])
    built = time.perf_counter()
    slowest = ("", 0.0)
    for check in checks:
        begun = time.perf_counter()
        for _ in check.judge(forest, facts):
            pass
        slowest = max(slowest, (check.id, time.perf_counter() - begun), key=lambda one: one[1])
    checked = time.perf_counter()
    leading = len(forest.paths.leading())
    ended = time.perf_counter()
    sys.stderr.write(f"slowest check: {slowest[0]} {slowest[1]:.2f} s; {leading} lead to tier 0\n")
    ids = forest.descriptor_ids
    return {
        "seconds": ended - started,
        "read_s": built - started,
        "checks_s": checked - built,
        "paths_s": ended - checked,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024,
        "objects": len(forest),
        "descriptors": len(forest.descriptors),
        "aces": sum(len(forest.descriptors[at].aces) for at in ids if at >= 0),
    }


def _write(path: Path, users: int, shape: str) -> None:
    open_ = (grant("Domain Admins", "(A;;WP;;;DU)"),) if shape == "open" else ()
    [(collection, sound)] = list(raw(*open_))
    writer = Writer(path, Clear(), collection)
    state = writer.start("everything")
    context = next(at for at, one in enumerate(collection.contexts) if one.dn == ROOT)
    batch: list[RawObject] = []
    for one in (*sound, *_population(context, users, is_distinct=shape != "shared")):
        batch.append(one)
        state.objects += 1
        if len(batch) == 1_000:
            writer.add(state, batch, 4_000_000)
            batch = []
    writer.add(state, batch, 4_000_000)
    ended = msgspec.structs.replace(collection, finished_at=AT)
    writer.end(state, ended)
    writer.finish(ended)


def _population(context: int, users: int, *, is_distinct: bool) -> Iterator[RawObject]:
    """Give organisational units, then users, machines and groups spread among them."""
    dice = random.Random(_SEED)
    units = [f"OU=Service {number},{ROOT}" for number in range(_OUS)]
    machines, groups = users * 3 // 10, users // 10
    helpers = [_FIRST_RID + users + machines + number for number in range(groups)]
    for unit in units:
        yield _object(context, unit, ("top", "organizationalUnit"), _descriptor(0, 0))
    rid = _FIRST_RID

    def rights(owner: int, kind: int) -> bytes:
        """Give a descriptor: that of its class and unit, or one that no other object has."""
        if is_distinct:
            return _descriptor(kind, owner)
        return _descriptor(kind, helpers[owner % min(len(helpers), _DELEGATES)])

    dns: list[str] = []
    for number in range(users):
        dn = f"CN=Prénom Nom {number},{units[number % _OUS]}"
        dns.append(dn)
        yield _object(
            context, dn, ("top", "person", "organizationalPerson", "user"), rights(rid, 1),
            rid=rid,
            samaccountname=f"u{number:06}", samaccounttype="805306368", primarygroupid="513",
            useraccountcontrol="512", pwdlastset=_ticks(dice.randrange(900)),
            lastlogontimestamp=_ticks(dice.randrange(60)), logoncount="12",
            userprincipalname=f"u{number:06}@chu.example", displayname=f"Prénom Nom {number}",
            mail=f"u{number:06}@chu.example", description=f"Service {number % _OUS}",
            accountexpires="9223372036854775807",
        )  # fmt: skip
        rid += 1
    for number in range(machines):
        dn = f"CN=PC{number:06},{units[number % _OUS]}"
        more: dict[str, str | tuple[str, ...]] = {
            "serviceprincipalname": (f"HOST/PC{number:06}", f"HOST/pc{number:06}.chu.example"),
            "mslaps-passwordexpirationtime": _ticks(-20),
            "msds-supportedencryptiontypes": "28",
        }
        yield _object(
            context, dn, ("top", "person", "organizationalPerson", "user", "computer"),
            rights(rid, 2), rid=rid,
            samaccountname=f"PC{number:06}$", samaccounttype="805306369", primarygroupid="515",
            useraccountcontrol="4096", pwdlastset=_ticks(dice.randrange(45)),
            lastlogontimestamp=_ticks(dice.randrange(60)),
            dnshostname=f"pc{number:06}.chu.example",
            operatingsystem="Windows 11 Professionnel", operatingsystemversion="10.0 (26100)",
            **more,
        )  # fmt: skip
        rid += 1
    left = users * _MEMBERSHIPS
    for number in range(groups):
        size = _LARGEST_GROUP if number < 20 else max(1, left // max(1, groups))
        members = [dns[dice.randrange(users)] for _ in range(min(size, users))]
        yield _object(
            context, f"CN=Groupe {number},{units[number % _OUS]}", ("top", "group"),
            rights(rid, 3), rid=rid,
            samaccountname=f"Groupe {number}", samaccounttype="268435456",
            grouptype="-2147483646", member=tuple(dict.fromkeys(members)),
        )  # fmt: skip
        rid += 1


_ANYONE = 0xDEADBEEF
"""RID to be written over."""


@functools.cache
def _model(kind: int) -> bytes:
    text = f"{_COMMON}{_OF_KIND[kind]}{_OWN.format(ROOT_SID, _ANYONE)}"
    return encode(parse(text, domain=ROOT_SID))


def _descriptor(kind: int, owner: int) -> bytes:
    """Give a descriptor of 11 entries, the last of which is for one account."""
    return _model(kind).replace(_ANYONE.to_bytes(4, "little"), owner.to_bytes(4, "little"))


_FULL = "RPWPCRCCDCLCLORCWOWDSDDTSW"
_COMMON = (
    f"O:DAG:DAD:AI(A;;{_FULL};;;DA)(A;;{_FULL};;;SY)(A;;{_FULL};;;AO)(A;;RPLCLORC;;;AU)"
    f"(A;;RPLCLORC;;;PS)(A;CIID;{_FULL};;;EA)(A;CIID;LC;;;RU)"
    "(OA;;RP;46a9b11d-60ae-405a-b7e8-ff8a58d456d2;;S-1-5-32-560)"
    "(OA;CIID;RPWP;5b47d60f-6090-40b2-9f37-2a4de88f3063;;KA)"
)
_OF_KIND = (
    "(A;;LCRPLORC;;;ED)",
    "(OA;;RPWP;bf967a7f-0de6-11d0-a285-00aa003049e2;;CA)",
    "(OA;;SW;f3a64788-5306-11d1-a9c5-0000f80367c1;;PS)",
    "(OA;;CR;ab721a55-1e2f-11d0-9819-00aa0040529b;;AU)",
)
_OWN = "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;{}-{})"


def _ticks(days: int) -> str:
    return str(decode.ticks_of(AT - timedelta(days=days)))


def _object(
    context: int,
    dn: str,
    classes: tuple[str, ...],
    descriptor: bytes,
    *,
    rid: int = 0,
    **attributes: str | tuple[str, ...],
) -> RawObject:
    told: dict[str, tuple[bytes, ...]] = {
        name: tuple(one.encode() for one in ((value,) if isinstance(value, str) else value))
        for name, value in attributes.items()
    }
    told["objectclass"] = tuple(one.encode() for one in classes)
    told["objectguid"] = (uuid.uuid5(uuid.NAMESPACE_URL, dn).bytes_le,)
    told["whencreated"] = (b"20240101080000.0Z",)
    told["whenchanged"] = (b"20260101080000.0Z",)
    told["ntsecuritydescriptor"] = (descriptor,)
    told["cn"] = (decode.first_part(dn).encode(),)
    if rid:
        told["objectsid"] = (sids.to_bytes(f"{ROOT_SID}-{rid}"),)
    return RawObject(context=context, dn=dn, attributes=told)


BENCHMARKS = {"ad-analysis": measure}


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_ad_analysis")
    parser.add_argument("--short", action="store_true", help="1,000 and 10,000 users alone")
    parser.add_argument("--analyse", type=Path, metavar="SNAPSHOT", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.analyse is not None:
        json.dump(_analyse(chosen.analyse), sys.stdout)
        return 0
    rows = list(measure(short=chosen.short))
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
