"""The documents tell everything there is, and their runnable examples run.

An example is a ``sh`` block right after ``<!-- exécutable -->`` (``runnable`` in English); with
``lent`` (``slow``) inside it, it belongs to the slow tests. In the README, the lines that call
``vigie`` from a virtual environment run as well.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from checks.registry import all_checks
from core.errors import VigieError
from core.inventory import Limits
from core.knowledge.load import load_knowledge
from core.model import Criticality, Intensity
from inventories.operations.load import load_operations
from scanner.gate import HALF_OPEN
from scanner.probes.registry import all_probes
from scanner.sources.asking import MOST
from tests.servers.tls_certs import issue
from vigie.cli import build

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
README = ROOT / "README.md"
CATALOGUE = ROOT / "docs" / "controles.md"
_EXAMPLE = re.compile(
    r"<!-- *(?:exécutable|runnable)(?P<slow>, *(?:lent|slow))? *-->\n+"
    r"```(?:sh|bash)\n(?P<text>.*?)```",
    re.DOTALL,
)


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from _commands(child, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(_commands(build(), "vigie"))


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_told(path: str, guide: str) -> None:
    reference = guide.partition("## Toutes les commandes")[2].partition("\n## ")[0]
    rows = [line for line in reference.splitlines() if re.search(rf"`{path}[` ]", line)]
    assert rows, path
    shared = reference.partition("| Commande")[0]
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option):
            for spelling in (*option.opts, *option.secondary_opts):
                told = any(re.search(rf"{spelling}(?![\w-])", row) for row in (*rows, shared))
                assert told, f"{path} {spelling}"


def test_no_command_or_option_is_invented(guide: str) -> None:
    known = {"--help", "--version", "-h"}
    for command in COMMANDS.values():
        for option in command.params:
            known.update(option.opts, option.secondary_opts)
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", guide))
    assert told - known - {"--version-intensity"} == set()
    words = {tuple(path.split()[1:]) for path in COMMANDS}
    firsts = {path[0] for path in words}
    for first in re.findall(r"`vigie ([a-z]+)", guide):
        assert first in firsts, first


def test_every_exit_code_is_told(guide: str) -> None:
    table = guide.partition("## Codes de sortie")[2].partition("\n## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    waiting: list[type[VigieError]] = [VigieError]
    raised: set[int] = set()
    while waiting:
        error = waiting.pop()
        raised.add(error.exit_code)
        waiting.extend(error.__subclasses__())
    assert raised <= told
    assert told == {0, 1, 2, 3, 4, 5, 10, 130}


def test_the_catalogue_is_the_one_of_today() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    missing = [check.id for check in all_checks() if f"`{check.id}`" not in text]
    assert missing == [], "run: python scripts/catalogue.py"
    told = set(re.findall(r"^\| `([a-z0-9.-]+)`", text, re.MULTILINE))
    assert told == {check.id for check in all_checks()}, "run: python scripts/catalogue.py"


def test_words_of_the_trade_are_told(guide: str) -> None:
    for intensity in Intensity:
        assert f"| `{intensity.value}` |" in guide
    for word in ("critique", "élevée", "moyenne", "faible", "information"):
        assert word in guide
    assert len(Criticality) == 5
    for name in ("report.html", "findings.json", "findings.csv", "observations.jsonl", "run.log"):
        assert f"| `{name}` |" in guide


def test_bounds_are_told(guide: str) -> None:
    limits = Limits()
    for name in limits.__struct_fields__:
        assert f"| `{name}` | {getattr(limits, name)} |" in guide
    for bound, unit in ((HALF_OPEN, "connexions en attente"), (MOST, "au plus par exécution")):
        assert f"{bound:,} {unit}".replace(",", " ") in guide
    for intensity, requests in ((Intensity.DISCREET, 4), (Intensity.STANDARD, 12)):
        (row,) = re.findall(rf"^\| `{intensity.value}` \|.*$", guide, re.MULTILINE)
        assert f"{requests} requêtes HTTP au plus" in row


def test_where_nothing_is_sent_is_told(guide: str) -> None:
    told = guide.partition("**Ports où rien n'est jamais envoyé**")[2].partition("\n\n")[0]
    knowledge = load_knowledge()
    ranges = [(int(a), int(b)) for a, b in re.findall(r"(\d+) à (\d+)", told)]
    singles = [int(one) for one in re.findall(r"\b\d+\b", told)]
    named = {*singles, *(port for a, b in ranges for port in range(a, b + 1))}
    assert [port for port in sorted(named) if not knowledge.is_quiet(port)] == []


_TOLD_AS = {
    "http": "HTTP",
    "imap": "IMAP",
    "mongodb": "MongoDB",
    "mssql": "SQL Server",
    "mysql": "MySQL",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "telnet": "Telnet",
    "winrm": "WinRM",
}


@pytest.mark.parametrize("probe", [one.name for one in all_probes()])
def test_what_every_probe_sends_is_told(probe: str, guide: str) -> None:
    table = guide.partition("| Protocole |")[2].partition("\n\n")[0]
    named = [line.split("|")[1] for line in table.splitlines() if line.count("|") > 2]
    wanted = _TOLD_AS.get(probe, probe).casefold()
    assert any(wanted in cell.casefold() for cell in named), probe


def test_links_lead_somewhere() -> None:
    for page in (GUIDE, README, CATALOGUE):
        if not page.is_file():
            continue
        text = page.read_text(encoding="utf-8")
        anchors = {_anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                assert target[1:] in anchors, target
            elif "://" not in target:
                assert (page.parent / target.partition("#")[0]).exists(), target


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.casefold()).replace(" ", "-")


def _examples(page: Path, *, slow: bool) -> list[str]:
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = [one["text"] for one in _EXAMPLE.finditer(text) if (one["slow"] is not None) is slow]
    if page == README and not slow:
        lines = re.findall(r"^(?:\S*bin/)?(vigie .+)$", text, re.MULTILINE)
        found.append("\n".join(lines))
    return [one for one in found if one.strip()]


def _run(example: str, folder: Path) -> None:
    shim = f'vigie() {{ "{sys.executable}" -m vigie "$@"; }}\nset -euo pipefail\n'
    done = subprocess.run(
        ["bash", "-c", shim + example],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "VIGIE_STATE_DIR": str(folder / "state"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{example}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("example", [*_examples(GUIDE, slow=False), *_examples(README, slow=False)])
def test_examples_run(example: str, tmp_path: Path) -> None:
    _run(example, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("example", [*_examples(GUIDE, slow=True), *_examples(README, slow=True)])
def test_long_examples_run(example: str, tmp_path: Path) -> None:
    _run(example, tmp_path)


def test_the_inventory_of_the_guide_is_right(guide: str, tmp_path: Path) -> None:
    whole, *others = _blocks(guide, operations=False)
    services = [one.removeprefix("[services]\n") for one in others if one.startswith("[services]")]
    tables = [one for one in others if not one.startswith("[services]")]
    path = tmp_path / "ght.toml"
    # One file: the main block ends with [services], to which the lines of later ones belong.
    path.write_text("".join([whole, *services, *tables]), encoding="utf-8")
    (tmp_path / "ACR-EL.cer").write_bytes(issue("IGC d'exemple", ca=True).pem)
    _run(f"vigie inventory check {path}", tmp_path)


def test_the_operations_file_of_the_guide_is_right(guide: str, tmp_path: Path) -> None:
    (tmp_path / "ght-exemple.toml").touch()
    for name in ("igc-interne.pem", "rssi-chu.pem"):
        (tmp_path / name).touch()
    path = tmp_path / "region.toml"
    path.write_text("".join(_blocks(guide, operations=True)), encoding="utf-8")
    load_operations(path)


def _blocks(guide: str, *, operations: bool) -> list[str]:
    """Give the blocks of an inventory, or of an operations file, whose later ones say so first."""
    blocks: list[str] = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    first = ("schema = 1\ninventories", "# exploitation")
    return [one for one in blocks if one.startswith(first) is operations]


def test_makefile_targets_of_the_readme_exist() -> None:
    if not README.is_file():
        pytest.skip("no README yet")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make ([a-z]+)", README.read_text(encoding="utf-8"), re.MULTILINE):
        assert target in targets


def test_every_fragment_is_of_a_kind() -> None:
    for path in (ROOT / "newsfragments").iterdir():
        if path.name != "README.md":
            assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|security)\.md", path.name)
            assert path.read_text(encoding="utf-8").strip()
