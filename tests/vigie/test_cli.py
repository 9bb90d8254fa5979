"""Everything that is typed: help in both languages, exit codes, wrong usage, secrets, history."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import click
import pytest

from checks.registry import all_checks
from tests.vigie.running import ROOT, Desk, Region, region
from vigie.cli import build, run
from vigie.english import ENGLISH

_NETWORK = "127.35"


def _tree(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _tree(child, (*path, name))


_COMMANDS = [path for path, _ in _tree(build())]


def _typed(*words: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


# Help


def _texts() -> Iterator[str]:
    for _, command in _tree(build()):
        yield from filter(None, (command.help, command.short_help, command.epilog))
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                yield from filter(None, (param.help,))


def test_every_help_text_is_in_both_languages() -> None:
    # Commands are the modules' own objects: an earlier test may have put them into English.
    english = set(ENGLISH.values())
    assert [text for text in _texts() if text not in ENGLISH and text not in english] == []
    known = set(_texts())
    unused = [
        french for french, text in ENGLISH.items() if french not in known and text not in known
    ]
    assert unused == []
    assert [french for french, text in ENGLISH.items() if french == text] == []


_ALL_HELP = """
import io, sys
from contextlib import redirect_stdout
from vigie.cli import run
for path in sys.stdin.read().split(","):
    assert run([*path.split(), "--help", "--lang", sys.argv[1]]) == 0
"""


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_command_has_its_help(language: str) -> None:
    # In a process of its own: one language a process.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ALL_HELP, language],
        input=",".join(" ".join(path) for path in _COMMANDS),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    pages = done.stdout
    assert pages.count("--state-dir") == len(_COMMANDS)
    if language == "en":
        assert "Usage : " not in pages
        for letter in "éèêàçùÉ":
            assert letter not in pages, letter
        assert " le " not in pages
    else:
        assert "Usage : vigie scan" in pages
        assert "Show " not in pages


@pytest.mark.parametrize("path", _COMMANDS, ids=" ".join)
def test_an_unknown_option_is_wrong_usage(path: tuple[str, ...]) -> None:
    for language, word in (("fr", "option inconnue : --nowhere"), ("en", "No such option")):
        code, out, err = _typed(*path, "--lang", language, "--nowhere")
        assert code == 2
        assert out == ""
        assert word in err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "commande inconnue : nowhere"),
        (("feeds",), "il manque une commande"),
        (("scan",), "il manque INVENTAIRE"),
        (("scan", "i.toml", "--profile", "brutal"), "à choisir parmi passive, discreet"),
        (("scan", "i.toml", "--fail-on", "worst"), "à choisir parmi"),
        (("scan", "absent.toml"), "introuvable"),
        (("scan", "i.toml", "--import", "absent.csv"), "ce n'est pas un fichier lisible"),
        (("demo", "--hosts", "300"), "un nombre de 1 à 254"),
        (("checks", "explain", "tls.nothing"), "contrôle inconnu"),
        (("checks", "explain"), "il manque ID"),
        (("checks", "list", "more"), "argument en trop (more)"),
        (("stop",), "indiquez --all ou --establishment"),
        (("canary", "serve", "--ports", "0"), "n'est pas un port"),
        (("runs", "list", "--db", "nonsense"), "--db"),
        (("runs", "list", "--db", "oracle://u:secret@h/x"), "--db"),
        (("report", "--format", "docx"), "à choisir parmi"),
        (("--lang", "de", "runs", "list"), "à choisir parmi fr, en"),
    ],
)
def test_wrong_usage_is_told_in_french(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIE_STATE_DIR", str(tmp_path / "state"))
    code, _, err = _typed(*words)
    assert code == 2, err
    assert said in err
    assert "Traceback" not in err
    assert "secret" not in err


def test_checks_are_listed_and_explained() -> None:
    code, out, _ = _typed("checks", "list")
    assert code == 0
    assert len(out.splitlines()) == len(all_checks())
    for one in all_checks():
        for language, title in (("fr", one.title_fr), ("en", one.title_en)):
            code, out, err = _typed("checks", "explain", one.id, "--lang", language)
            assert (code, err) == (0, "")
            assert title in out


def test_doctor_tells_people_and_machines(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    seen = json.loads(desk.asked("doctor", "--json").stdout)
    assert {"Python", "nmap", "conntrack"} <= {line["what"] for line in seen}
    assert desk.asked("--lang", "en", "doctor").stdout.count("\n") >= len(seen)


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    typed = " ".join(f"'{word}'" for word in desk.words("checks", "list"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {typed} | head -1"],
        cwd=tmp_path,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_a_terminal_that_knows_ascii_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    done = desk.vigie("checks", "list", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr


def test_stops_and_resumes_are_journaled(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.asked("stop", "--establishment", "chu").returncode == 0
    assert desk.asked("stop", "--all").returncode == 0
    lifted = desk.asked("--lang", "en", "resume")
    assert "2 hold(s) lifted" in lifted.stderr
    assert [(what, detail) for what, detail in desk.rows("SELECT what, detail FROM journal")] == [
        ("stop", '{"establishment":"chu"}'),
        ("stop", '{"establishment":"*"}'),
        ("resume", '{"establishment":"*"}'),
    ]


# With a region


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region(tmp_path_factory.mktemp("region"), _NETWORK, hosts=6) as found:
        yield found


_SECRET = "n3v3r-T0-b3-S33n"


@pytest.fixture(scope="module")
def inventory(served: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inventory")
    text = served.inventory.read_text(encoding="utf-8")
    establishment = text.partition('id = "chu')[2].partition('"')[0]
    path = folder / "region.toml"
    path.write_text(
        text + "\n[[directories]]\n"
        'id = "ad"\n'
        f'establishment = "chu{establishment}"\n'
        'server = "ldaps://dc1.chu.example"\n'
        'user = "svc@chu.example"\n'
        'password = "env:VIGIE_TEST_AD"\n'
        'role = "production"\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def scanned(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("scanned"))
    done = desk.vigie(
        *("--json-log", "scan", inventory, "--out", desk.out),
        env={"VIGIE_TEST_AD": _SECRET},
    )
    assert done.returncode == 0, done.stderr
    (desk.folder / "stderr.txt").write_text(done.stderr, encoding="utf-8")
    return desk


@pytest.mark.slow
def test_the_log_of_machines_is_json(scanned: Desk) -> None:
    events = [json.loads(line) for line in scanned.errors.splitlines()]
    assert {"start", "sent", "end"} <= {event["event"] for event in events}


@pytest.mark.slow
def test_errors_are_json_too_when_asked(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for words in (("runs", "show", "absent"), ("scan", "--nowhere"), ("scan", "absent.toml")):
        done = desk.asked("--json-log", *words)
        assert done.returncode == 2
        assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["ended"]


@pytest.mark.slow
def test_no_secret_is_written_anywhere(scanned: Desk) -> None:
    for path in scanned.folder.rglob("*"):
        if path.is_file():
            assert _SECRET.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_history_is_listed_and_shown(scanned: Desk) -> None:
    run_id = scanned.results()["run"]["id"]
    listed = scanned.asked("runs", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [run_id]
    assert "complète" in listed[0]
    assert "complete" in scanned.asked("--lang", "en", "runs", "list").stdout
    assert scanned.asked("runs", "list", "--ght", "other").stdout == ""
    for words in (("latest",), (run_id,), (run_id[:20],), ()):
        shown = scanned.asked("runs", "show", *words)
        assert shown.returncode == 0, shown.stderr
        assert run_id in shown.stdout
        for found in scanned.results()["findings"]:
            assert found["fingerprint"][:12] in shown.stdout
    missing = scanned.asked("runs", "show", "1999")
    assert (missing.returncode, "exécution inconnue : 1999" in missing.stderr) == (2, True)


@pytest.mark.slow
def test_nothing_recorded_yet_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "Aucune exécution" in desk.asked("runs", "list").stderr
    for words in (("runs", "show"), ("report",)):
        for language, said in (("fr", "aucune exécution"), ("en", "no run recorded")):
            done = desk.asked("--lang", language, *words)
            assert (done.returncode, said in done.stderr) == (2, True)
    unknown = desk.asked("retest", "abcdef")
    assert (unknown.returncode, "constat inconnu" in unknown.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["fr", "en"])
def test_reports_again_in_every_form(scanned: Desk, tmp_path: Path, language: str) -> None:
    names = {
        "html": "report.html",
        "json": "findings.json",
        "csv": "findings.csv",
        "jsonl": "observations.jsonl",
    }
    for form, name in names.items():
        done = scanned.asked(
            "report", "latest", "--format", form, "--out", tmp_path, "--lang", language
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).stat().st_size > 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f'lang="{language}"' in page
    again: dict[str, Any] = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    before = scanned.results()
    assert again["run"] == {**before["run"], "language": language}
    assert len(again["findings"]) == len(before["findings"])
    if language == "fr":
        assert again == before
    assert (tmp_path / "observations.jsonl").read_bytes() == (
        scanned.out / "observations.jsonl"
    ).read_bytes()


@pytest.mark.slow
def test_fail_on_and_quiet_and_plain_progress(inventory: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    failed = desk.vigie("--quiet", "scan", inventory, "--out", desk.out, "--fail-on", "low")
    assert (failed.returncode, failed.stdout, failed.stderr) == (10, "", "")
    criticalities = {found["criticality"] for found in desk.results()["findings"]}
    assert "critical" not in criticalities
    one_port = desk.vigie(
        *("scan", inventory, "--out", desk.out, "--fail-on", "critical", "--ports", "443")
    )
    assert one_port.returncode == 0
    assert "\x1b" not in one_port.stderr + one_port.stdout
    assert f"Rapport : {desk.out / 'report.html'}" in one_port.stdout
    assert {row["port"] for row in desk.results()["services"]} == {443}


@pytest.mark.slow
def test_wrong_inventories_and_options_of_a_scan(inventory: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    text = inventory.read_text(encoding="utf-8")
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace('/32"', '/33"').replace("port = 443", "port = 0"), "utf-8")
    faults = desk.asked("scan", bad).stderr.splitlines()
    assert len(faults) > 3
    assert all(f"{bad}:" in line for line in faults)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(os.urandom(4_000))
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    for path in (bad, binary, folder, tmp_path / "absent.toml"):
        done = desk.asked("scan", path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    for words, said in (
        (("--establishment", "nobody"), "nobody"),
        (("--ports", "0-70000"), "n'est pas un port"),
        (("--ports", ""), "port"),
        (("--resume",), "aucune exécution interrompue"),
        (("--db", "sqlite:////proc/none/vigie.db"), "/proc/none"),
    ):
        done = desk.asked("scan", inventory, *words, "--out", desk.out)
        assert done.returncode == (3 if "--db" in words else 2), (words, done)
        assert said in done.stderr, done.stderr
    assert not desk.out.exists()
    assert desk.rows("SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.slow
def test_dry_run_leaves_nothing(inventory: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for language, said in (("fr", "rien n'est envoyé"), ("en", "nothing is sent")):
        done = desk.asked("--lang", language, "scan", inventory, "--dry-run", "--out", desk.out)
        assert done.returncode == 0
        assert said in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_resume_obeys_what_is_spared_since(
    served: Region, inventory: Path, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    process = desk.started("scan", inventory, "--out", desk.out)
    desk.wait_for_event("start")
    process.kill()
    process.wait()
    text = inventory.read_text(encoding="utf-8")
    spared = tmp_path / "spared.toml"
    spared.write_text(
        text.replace("medical = []", f'medical = ["{served.network}.1.1/32"]', 1), "utf-8"
    )
    done = desk.asked("scan", spared, "--resume", "--out", desk.out)
    assert (done.returncode, "ont changé" in done.stderr) == (2, True)
    other = desk.asked("scan", inventory, "--resume", "--profile", "discreet", "--out", desk.out)
    assert (other.returncode, "telle qu'elle était prévue" in other.stderr) == (2, True)


@pytest.mark.slow
def test_one_finding_measured_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with region(tmp_path / "region", "127.36", hosts=6) as ours:
        assert desk.vigie("scan", ours.inventory, "--out", desk.out).returncode == 0
        found = next(
            row
            for row in desk.results()["findings"]
            if row["criticality"] == "high" and row["asset"].get("port")
        )
        print_ = found["fingerprint"]
        there = desk.vigie("retest", print_[:16], "--out", tmp_path / "there")
        assert there.returncode == 0, there.stderr
        assert f"{print_[:12]}  {found['title']} : toujours présent" in there.stdout
    gone = desk.vigie("--lang", "en", "retest", print_, "--out", tmp_path / "gone")
    assert gone.returncode == 0, gone.stderr
    assert "port closed in this measure" in gone.stdout
    desk.asked("stop", "--all")
    held = desk.asked("retest", print_, "--out", tmp_path / "held")
    assert (held.returncode, "vigie stop" in held.stderr) == (4, True)
