"""Services measured: who recognises more, nmap or we; and what a thousand probes do to a server.

``python -m benchmarks.bench_services [--short]``. Both run in a private network, as root: real
servers stand on their own ports there.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.scan.namespace import measured_inside, why_not
from benchmarks.services.recognised import Group, Marks, Said
from benchmarks.services.repeated import Repeated, Told
from benchmarks.table import Named, Row, is_missed, lay_out, missing, verdict

_CAP = 12
_GROWTH_KIB = 8_192
"""Resident memory that a server may gain over all repetitions, beside a tenth of what it had."""
_TIMES, _TIMES_SHORT = 1_000, 20


def _products(*, short: bool) -> Iterator[Row]:
    what = "services recognised"
    if lacks := _lacks("nft", "ip"):
        yield missing(what, lacks)
        return
    options = ["--every", "8"] if short else []
    for group in measured_inside("benchmarks.services.recognised", list[Group], *options):
        yield from _group(group)
        _list(f"{group.name}, Vigie", group.ours)
        if group.theirs:
            _list(f"{group.name}, nmap", group.theirs)
        _lines(f"{group.name}, by design or beside", group.by_design)
        _lines(f"{group.name}, not running here", group.absent)


def _group(group: Group) -> Iterator[Row]:
    ours, theirs = group.ours, group.theirs
    is_real = group.name == "real"
    kind = "real servers, protocol" if is_real else "imitations, product"
    named = ours.named
    yield (
        f"{kind} of {named.asked} services",
        _told(named),
        _told(theirs.named) if theirs else "-",
        _ratio(named.right, theirs.named.right if theirs else 0),
        verdict(named.right == named.asked, "100 %"),
    )
    if is_real:
        yield (
            f"real servers, product of {ours.software.asked} that the catalogue holds",
            _told(ours.software),
            f"{_told(theirs.software)} (name of the software)" if theirs else "-",
            "",
            verdict(ours.software.right == ours.software.asked, "100 %"),
        )
    yield (
        f"{group.name}, version of {ours.versions.asked}",
        _told(ours.versions),
        _told(theirs.versions) if theirs else "-",
        "",
        verdict(not ours.versions.wrong, "none wrong"),
    )
    if group.lookalikes:
        yield (
            f"lookalikes taken for a product, of {group.lookalikes}",
            str(len(ours.false)),
            f"nmap {len(theirs.false)}" if theirs else "-",
            "",
            verdict(not ours.false, "none"),
        )
        beside = len(group.by_design)
        yield (
            "told by a handshake that nobody can imitate here: matched wrongly",
            str(beside),
            "-",
            "",
            verdict(not beside, "none"),
        )
        yield (
            "HTTP requests to one service, at most",
            str(ours.most_requests),
            f"nmap {theirs.most_requests}" if theirs else "-",
            "",
            verdict(ours.most_requests <= _CAP, f"<= {_CAP}"),
        )
    yield (
        f"{group.name}, connections to one service at most; bytes to it, middle and most",
        _crossed(ours),
        f"nmap {_crossed(theirs)}" if theirs else "-",
        "",
        "printed",
    )
    yield (
        f"{group.name}, wall and CPU",
        f"{ours.wall_s:.0f} s, {ours.cpu_s:.1f} s CPU",
        f"nmap {theirs.wall_s:.0f} s, {theirs.cpu_s:.1f} s CPU{', cut' * theirs.is_cut}"
        if theirs
        else "-",
        f"{theirs.wall_s / ours.wall_s:.1f} ×" if theirs else "-",
        "printed",
    )


def _told(marks: Marks) -> str:
    wrong, unsaid = sum(marks.wrong.values()), sum(marks.unsaid.values())
    return f"{marks.right} right, {wrong} wrong, {unsaid} unsaid"


def _ratio(ours: int, theirs: int) -> str:
    return f"{ours / theirs:.1f} ×" if theirs else "-"


def _crossed(said: Said) -> str:
    told = f"{said.most_opened}; {said.middle_asked_bytes:,}, {said.most_asked_bytes:,}"
    return f"{told} (answers {said.most_told_bytes:,})"


def _repetitions(*, short: bool) -> Iterator[Row]:
    times = _TIMES_SHORT if short else _TIMES
    if lacks := _lacks("ip"):
        yield missing(f"each probe {times} times", lacks)
        return
    told = measured_inside("benchmarks.services.repeated", Told, "--times", str(times))
    for one in told.repeated:
        yield _repetition(one)
    for name, why in told.absent.items():
        yield missing(f"probe of {name}, {times} times", why)
    yield (
        "probes that no server here answers",
        ", ".join(told.without),
        "-",
        "-",
        "printed",
    )


def _repetition(one: Repeated) -> Row:
    grown = one.last_kib - one.first_kib
    is_bounded = grown <= _GROWTH_KIB + one.first_kib // 10
    stays = one.is_same and not one.deaths
    said = "; ".join(f"{count} × {what}" for what, count in one.verdicts.items())
    return (
        f"{one.probe} on {one.server}, {one.times} times in {one.wall_s:.0f} s",
        said,
        f"{'the same process' if one.is_same else 'RESTARTED'}, {one.deaths} deaths",
        f"{grown:+} KiB",
        verdict(stays and is_bounded and len(one.verdicts) == 1, "up, one verdict, bounded"),
    )


def _lacks(*programs: str) -> str:
    if os.geteuid() != 0:
        return "needs root: servers that drop to other accounts"
    wanted = [one for one in programs if shutil.which(one) is None]
    return f"needs {', '.join(wanted)}" if wanted else why_not()


def _list(who: str, said: Said) -> None:
    for what, marks in (("", said.named), ("product ", said.software), ("version ", said.versions)):
        _lines(f"{who}, {what}wrong", marks.wrong)
        _lines(f"{who}, {what}unsaid", marks.unsaid)
    _lines(f"{who}, lookalikes taken", said.false)


def _lines(what: str, told: Mapping[str, object]) -> None:
    if told:
        sys.stderr.write(f"  {what}: {'; '.join(told)}\n")


BENCHMARKS: Named = {"products": _products, "repetitions": _repetitions}
"""By name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller and fewer")
    parser.add_argument("--only", choices=tuple(BENCHMARKS))
    chosen = parser.parse_args(arguments)
    names = [chosen.only] if chosen.only else list(BENCHMARKS)
    rows = [row for name in names for row in BENCHMARKS[name](short=chosen.short)]
    sys.stdout.write(lay_out(rows))
    return int(is_missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
