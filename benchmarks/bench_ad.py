"""The collection of a directory measured: against ldapsearch and ldap3 on the same controller.

``python -m benchmarks.bench_ad [--short] [--cache DIR]``; needs root and Samba. Every client asks
the same bases, filters, attributes and controls, those of :mod:`ad_audit.attributes`; rounds are
interleaved and the best of each client told: what else runs here only ever adds. ``--cache`` keeps
the populated directory, a minute to make.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ad_audit.attributes import PARTS, SCHEMA_PARTS, attributes_of
from ad_audit.snapshot import own_key, read_snapshot
from benchmarks.ad.population import population
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict
from core.directory.raw import Collection, RawObject
from tests.servers.samba import AUDITOR, NAME, PASSWORD, Controller, Templates, controller

_SCOPES = ("base", "one", "sub")
_SD_FLAGS = "!1.2.840.113556.1.4.801=::MAMCAQc="
_USER = f"{AUDITOR}@chu.example"
Figures = dict[str, float]
Question = dict[str, object]


def measure(*, short: bool = False, cache: Path | None = None) -> Iterator[Row]:
    """Give the rows."""
    lacks = [one for one in ("samba", "ldapsearch") if _program(one) is None]
    if lacks or os.geteuid() != 0:
        yield missing("collection of a directory", ", ".join(lacks) or "root")
        return
    with tempfile.TemporaryDirectory(prefix="bench-ad-") as name:
        folder = Path(name)
        template = _template(folder, cache, scale=0.05 if short else 1.0)
        (folder / "run").mkdir()
        (folder / "state").mkdir()
        with controller(folder / "run", template) as dc:
            yield from _rounds(dc, folder, rounds=1 if short else 5)


def _rounds(dc: Controller, folder: Path, *, rounds: int) -> Iterator[Row]:
    ours: list[Figures] = [_ours(dc, folder / "state")]
    parts = _questions(folder / "state")
    ours.clear()
    searched: list[Figures] = []
    paged: list[Figures] = []
    bare: list[Figures] = []
    binds: list[float] = []
    seen = _searched(dc, parts, is_counted=True)
    for _ in range(rounds):
        searched.append(_searched(dc, parts))
        binds.append(_binds(dc, len(parts)))
        ours.append(_ours(dc, folder / "state"))
        paged.append(_paged(dc, parts, info="SCHEMA"))
        bare.append(_paged(dc, parts, info="NO_INFO"))
    mine, peer, other, light = _best(ours), _best(searched), _best(paged), _best(bare)
    bound = min(binds)
    ratio = mine["wall_s"] / peer["wall_s"]
    yield (
        f"collection of {mine['objects']:,.0f} objects",
        _told(mine),
        f"ldapsearch {_told(peer)}",
        f"{ratio:.2f}",
        verdict(ratio <= 1.25, "≤ 1.25 ×"),
    )
    alone = mine["wall_s"] / (peer["wall_s"] - bound)
    yield (
        f"  the same, without ldapsearch's {len(parts)} binds and starts",
        f"{mine['wall_s']:.2f} s",
        f"ldapsearch {peer['wall_s'] - bound:.2f} s",
        f"{alone:.2f}",
        "",
    )
    against = mine["wall_s"] / other["wall_s"]
    yield (
        "  against ldap3's own paged search",
        f"{mine['wall_s']:.2f} s",
        f"ldap3 {_told(other)}",
        f"{against:.2f}",
        verdict(against <= 0.5, "≤ 0.5 ×"),
    )
    yield (
        "  against the same, told not to read the schema",
        f"{mine['wall_s']:.2f} s",
        f"ldap3 {_told(light)}",
        f"{mine['wall_s'] / light['wall_s']:.2f}",
        "",
    )
    yield (
        "  LDAP requests; bytes in, out; snapshot",
        f"{mine['requests']:.0f}; {mine['bytes_in'] / 1e6:.1f} MB, "
        f"{mine['bytes_out'] / 1e3:.0f} kB; {mine['snapshot_bytes'] / 1e6:.1f} MB",
        f"LDIF {seen['bytes_in'] / 1e6:.1f} MB",
        "",
        verdict(mine["unread"] == 0, "nothing unread"),
    )
    yield (
        "  objects that the peers saw",
        f"{mine['objects']:.0f}",
        f"ldapsearch {seen['objects']:.0f}, ldap3 {other['objects']:.0f}",
        "",
        verdict(mine["objects"] == seen["objects"] == other["objects"], "the same"),
    )


def _template(folder: Path, cache: Path | None, *, scale: float) -> Path:
    kept = cache / f"directory-{scale}" if cache else None
    if kept is not None and kept.is_dir():
        return kept
    sys.stderr.write("populating the directory\n")
    first, *batches = population(scale=scale)
    made = Templates(folder).populated(first, batches=batches)
    if kept is not None:
        shutil.copytree(made, kept)
    return made


def _questions(state: Path) -> list[Question]:
    """Give what the collection asked, from its own table and the schema that it read."""
    collection, objects = read_snapshot(state / "forest.vigie-ad", own_key(state))
    known = frozenset(_names(collection, objects))
    return [
        {
            "base": f"{part.below},{context.dn}" if part.below else context.dn,
            "filter": part.filter,
            "scope": part.scope,
            "attributes": attributes_of(part, frozenset() if part in SCHEMA_PARTS else known),
        }
        for context in collection.contexts
        for part in (*SCHEMA_PARTS, *PARTS)
        if context.kind in part.kinds
    ]


def _names(collection: Collection, objects: Iterator[RawObject]) -> Iterator[str]:
    kinds = [one.kind for one in collection.contexts]
    for one in objects:
        if kinds[one.context] == "schema":
            for name in one.attributes.get("ldapdisplayname", ()):
                yield name.decode().lower()


def _ours(dc: Controller, state: Path) -> Figures:
    return _python("benchmarks.ad.ours", dc, {"folder": str(state), "connections": 1})


def _paged(dc: Controller, parts: Sequence[Question], *, info: str) -> Figures:
    return _python("benchmarks.ad.paged", dc, {"parts": list(parts), "info": info})


def _python(module: str, dc: Controller, more: Question) -> Figures:
    asked = {
        "url": dc.url,
        "host": NAME,
        "address": dc.address,
        "user": _USER,
        "password": PASSWORD,
        "ca_file": str(dc.ca_file),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: Figures = json.loads(done.stdout)
    return found


def _searched(dc: Controller, parts: Sequence[Question], *, is_counted: bool = False) -> Figures:
    began = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    objects = size = 0
    for part in parts:
        attributes = part["attributes"]
        assert isinstance(attributes, tuple)
        assert isinstance(part["scope"], int)
        extensions = ["-E", "pr=1000/noprompt", "-E", _SD_FLAGS, "-E", "domainScope"]
        done = _ldapsearch(
            dc,
            ["-s", _SCOPES[part["scope"]], *extensions, "-b", str(part["base"])],
            [str(part["filter"]), *attributes],
            is_kept=is_counted,
        )
        said = done.stdout or b""
        objects += said.count(b"\ndn:") + said.startswith(b"dn:")
        size += len(said)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "wall_s": time.monotonic() - began,
        "cpu_s": cpu,
        "objects": objects,
        "bytes_in": size,
        "peak_mib": 0,
    }


def _binds(dc: Controller, times: int) -> float:
    began = time.monotonic()
    for _ in range(times):
        _ldapsearch(dc, ["-s", "base", "-b", ""], ["(objectClass=*)", "1.1"])
    return time.monotonic() - began


def _ldapsearch(
    dc: Controller, options: Sequence[str], rest: Sequence[str], *, is_kept: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    argv = ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", f"ldaps://{dc.address}"]
    return subprocess.run(
        [*argv, "-D", _USER, "-w", PASSWORD, *options, *rest],
        env={**os.environ, "LDAPTLS_CACERT": str(dc.ca_file)},
        stdout=subprocess.PIPE if is_kept else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _best(runs: Sequence[Figures]) -> Figures:
    return min(runs, key=lambda one: one["wall_s"])


def _told(one: Figures) -> str:
    memory = f", {one['peak_mib']:.0f} MiB" if one["peak_mib"] else ""
    return f"{one['wall_s']:.2f} s, {one['cpu_s']:.2f} s CPU{memory}"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


BENCHMARKS: Named = {"ad-collect": measure}


def main() -> int:
    """Print the table; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--cache", type=Path)
    asked = parser.parse_args()
    rows = list(measure(short=asked.short, cache=asked.cache))
    print(lay_out(rows), end="")
    return 1 if is_missed(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
