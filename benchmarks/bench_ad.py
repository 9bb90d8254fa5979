"""The audit of a directory measured: against ldapsearch, ldap3 and bloodhound-ce.py on the same DC.

``python -m benchmarks.bench_ad [--short] [--cache DIR] [--model MODEL]``; needs root and Samba.
ldapsearch and ldap3 ask the same bases, filters, attributes and controls as the collection, those
of :mod:`ad_audit.attributes`; rounds are interleaved and the median of each client told. Samba
serves each connection by a process of its own, as near as it comes to how Windows serves several:
in the ``single`` model, not meant for production (samba(8)), two connections wait for each other.
``--cache`` keeps the populated directory, a minute to make, and the environment of bloodhound.
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

from ad_audit.attributes import PARTS, SCHEMA_PARTS, attributes_of, nodes_named
from ad_audit.snapshot import own_key, read_snapshot
from benchmarks.ad.population import population
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict
from benchmarks.tls import peers
from core.directory.raw import RawObject
from tests.servers.samba import AUDITOR, NAME, PASSWORD, Controller, Templates, controller

_SCOPES = ("base", "one", "sub")
_SD_FLAGS = "!1.2.840.113556.1.4.801=::MAMCAQc="
_USER = f"{AUDITOR}@chu.example"
_BLOODHOUND = "bloodhound-ce==1.9.1"
Figures = dict[str, float]
Question = dict[str, object]


def measure(
    *, short: bool = False, cache: Path | None = None, model: str = "standard"
) -> Iterator[Row]:
    """Give the rows."""
    lacks = [one for one in ("samba", "ldapsearch") if _program(one) is None]
    if lacks or os.geteuid() != 0:
        yield missing("audit of a directory", ", ".join(lacks) or "root")
        return
    with tempfile.TemporaryDirectory(prefix="bench-ad-") as name:
        folder = Path(name)
        graphed = _bloodhound(cache or folder)
        template = _template(folder, cache, scale=0.05 if short else 1.0)
        for each in ("run", "state", "audit", "graphed"):
            (folder / each).mkdir()
        with controller(folder / "run", template, process_model=model) as dc:
            yield from _rounds(dc, folder, graphed, rounds=1 if short else 5)


def _rounds(dc: Controller, folder: Path, graphed: Path | None, *, rounds: int) -> Iterator[Row]:
    runs: dict[str, list[Figures]] = {}

    def took(name: str, figures: Figures) -> None:
        runs.setdefault(name, []).append(figures)

    _ours(dc, folder / "state")
    parts = _questions(folder / "state")
    seen = _searched(dc, parts, is_counted=True)
    for at in range(rounds):
        took("searched", _searched(dc, parts))
        took("binds", {"wall_s": _binds(dc, len(parts)), "cpu_s": 0})
        took("ours", _ours(dc, folder / "state"))
        took("alone", _ours(dc, folder / "state", connections=1))
        took("paged", _paged(dc, parts, info="SCHEMA"))
        took("bare", _paged(dc, parts, info="NO_INFO"))
        took("audit", _audited(dc, folder / "audit"))
        # Half a minute each: every second round.
        if graphed is not None and at % 2 == 0:
            done = _graphed(dc, graphed, folder / "graphed")
            if done is not None:
                took("graphed", done)
    found = {name: _median(each) for name, each in runs.items()}
    yield from _collections(found, seen, len(parts))
    yield from _audits(found)


def _collections(found: dict[str, Figures], seen: Figures, binds: int) -> Iterator[Row]:
    mine, alone, peer = found["ours"], found["alone"], found["searched"]
    paged, bare, bound = found["paged"], found["bare"], found["binds"]["wall_s"]
    yield (
        f"collection of {mine['objects']:,.0f} objects",
        _told(mine),
        f"ldapsearch {_told(peer)}",
        *_against(mine, peer["wall_s"], 1.25),
    )
    yield (
        "  the same on one connection",
        _told(alone),
        f"ldapsearch {_told(peer)}",
        *_against(alone, peer["wall_s"]),
    )
    yield (
        f"  one connection, without ldapsearch's {binds} binds and starts",
        _told(alone),
        f"ldapsearch {peer['wall_s'] - bound:.2f} s",
        *_against(alone, peer["wall_s"] - bound),
    )
    yield (
        "  against ldap3's own paged search",
        _told(mine),
        f"ldap3 {_told(paged)}",
        *_against(mine, paged["wall_s"], 0.5),
    )
    yield (
        "  the same on one connection",
        _told(alone),
        f"ldap3 {_told(paged)}",
        *_against(alone, paged["wall_s"]),
    )
    yield (
        "  against the same, told not to read the schema",
        _told(mine),
        f"ldap3 {_told(bare)}",
        *_against(mine, bare["wall_s"]),
    )
    yield (
        "  LDAP requests; bytes in, out; snapshot",
        f"{_network(mine)}; {mine['snapshot_bytes'] / 1e6:.1f} MB",
        f"LDIF {seen['bytes_in'] / 1e6:.1f} MB",
        "",
        verdict(mine["unread"] == 0, "nothing unread"),
    )
    yield (
        "  objects that the peers saw",
        f"{mine['objects']:.0f}",
        f"ldapsearch {seen['objects']:.0f}, ldap3 {paged['objects']:.0f}",
        "",
        verdict(mine["objects"] == seen["objects"] == paged["objects"], "the same"),
    )


def _audits(found: dict[str, Figures]) -> Iterator[Row]:
    audit, peer = found["audit"], found["searched"]
    yield (
        "vigie ad audit, a process: collection, every point, paths, report",
        _told(audit),
        f"ldapsearch {_told(peer)}",
        *_against(audit, peer["wall_s"], 2.5),
    )
    if "graphed" not in found:
        yield missing("  against bloodhound-ce.py -c DCOnly", f"{_BLOODHOUND} cannot be had")
        return
    graphed = found["graphed"]
    yield (
        "  against bloodhound-ce.py -c DCOnly, a process",
        _told(audit),
        f"{_told(graphed)}; {graphed['objects']:.0f} objects",
        *_against(audit, graphed["wall_s"]),
    )
    yield (
        "  LDAP requests; bytes in, out",
        _network(audit),
        f"bloodhound-ce.py {_network(graphed)}",
        f"{audit['bytes_in'] / graphed['bytes_in']:.2f}",
        "",
    )


def _against(mine: Figures, peer_s: float, most: float | None = None) -> tuple[str, str]:
    ratio = mine["wall_s"] / peer_s
    return f"{ratio:.2f}", verdict(ratio <= most, f"≤ {most:g} ×") if most else ""


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
    kinds = [one.kind for one in collection.contexts]
    known: set[str] = set()
    nodes: set[str] = set()
    for one in objects:
        if kinds[one.context] == "schema":
            known.update(_texts(one, "ldapdisplayname"))
        elif "dnsrecord" in one.attributes:
            nodes.update(_texts(one, "name"))
    return [
        {
            "base": f"{part.below},{context.dn}" if part.below else context.dn,
            "filter": part.filter,
            "scope": part.scope,
            "attributes": attributes_of(
                part, frozenset() if part in SCHEMA_PARTS else frozenset(known)
            ),
        }
        for context in collection.contexts
        for part in (*SCHEMA_PARTS, *PARTS, *([nodes_named(nodes)] if nodes else []))
        if context.kind in part.kinds
    ]


def _texts(one: RawObject, name: str) -> Iterator[str]:
    for value in one.attributes.get(name, ()):
        yield value.decode().lower()


def _ours(dc: Controller, state: Path, *, connections: int = 2) -> Figures:
    return _python("benchmarks.ad.ours", dc, {"folder": str(state), "connections": connections})


def _audited(dc: Controller, folder: Path) -> Figures:
    """Run the command as it is typed, with its defaults; what it keeps is read afterwards."""
    password, out, state = folder / "password", folder / "out", folder / "state"
    for each in (out, state):
        shutil.rmtree(each, ignore_errors=True)
    password.write_text(PASSWORD)
    password.chmod(0o600)
    argv = [sys.executable, "-m", "vigie", "--quiet", "--state-dir", str(state), "ad", "audit"]
    argv += ["--server", f"ldaps://{dc.address}", "--user", _USER, "--password-file", str(password)]
    argv += ["--ca-file", str(dc.ca_file), "--out", str(out)]
    with _Spent() as spent:
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    (kept,) = (state / "ad").glob("*.vigie-ad")
    collection, _ = read_snapshot(kept, own_key(state))
    return {
        **spent.figures,
        "requests": collection.requests,
        "bytes_in": collection.bytes_in,
        "bytes_out": collection.bytes_out,
    }


def _graphed(dc: Controller, environment: Path, folder: Path) -> Figures | None:
    asked = {
        "host": NAME,
        "address": dc.address,
        "user": _USER,
        "password": PASSWORD,
        "folder": str(folder),
    }
    done = subprocess.run(
        [environment / "bin/python", "-W", "ignore", Path(__file__).parent / "ad/dc_only.py"],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace")[-2_000:])
        return None
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _bloodhound(cache: Path) -> Path | None:
    """Give the environment of bloodhound-ce.py; nothing, said aloud, when it cannot be had."""
    try:
        return peers.environment(cache, _BLOODHOUND)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.stderr.write(f"{_BLOODHOUND}: {error}\n")
        shutil.rmtree(cache / _BLOODHOUND, ignore_errors=True)
        return None


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
    with _Spent() as spent:
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
    return {**spent.figures, "objects": objects, "bytes_in": size}


class _Spent:
    """Wall and CPU time of the children that a block waits for."""

    figures: Figures

    def __enter__(self) -> "_Spent":
        self._began = time.monotonic()
        self._before = self._cpu()
        return self

    def __exit__(self, *_error: object) -> None:
        wall = time.monotonic() - self._began
        self.figures = {"wall_s": wall, "cpu_s": self._cpu() - self._before}

    def _cpu(self) -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime


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


def _median(runs: Sequence[Figures]) -> Figures:
    """Give the run in the middle by its wall time."""
    return sorted(runs, key=lambda one: one["wall_s"])[len(runs) // 2]


def _network(one: Figures) -> str:
    into, out = one["bytes_in"] / 1e6, one["bytes_out"] / 1e3
    return f"{one['requests']:.0f}; {into:.1f} MB, {out:.0f} kB"


def _told(one: Figures) -> str:
    memory = f", {one['peak_mib']:.0f} MiB" if one.get("peak_mib") else ""
    return f"{one['wall_s']:.2f} s, {one['cpu_s']:.2f} s CPU{memory}"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


BENCHMARKS: Named = {"ad-collect": measure}


def main() -> int:
    """Print the table; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--model", choices=("standard", "prefork", "single"), default="standard")
    asked = parser.parse_args()
    rows = list(measure(short=asked.short, cache=asked.cache, model=asked.model))
    print(lay_out(rows), end="")
    return 1 if is_missed(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
