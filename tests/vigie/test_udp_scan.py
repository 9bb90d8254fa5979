"""The command over UDP: what is asked, what is told of silence, and how a run goes on."""

import json
import random
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trio

from core.model import Status
from scanner.questions import Question
from scanner.space import code_of
from scanner.target import Target
from tests.servers.real import need
from tests.servers.udp import Answer, Asked, mute, udp_service
from tests.vigie.running import Desk, facts
from vigie.job import Job
from vigie.pipeline import reply_of

pytestmark = pytest.mark.slow

_FAST = "packets_per_second = 2000\npackets_per_second_per_host = 500\n"
_SLOW = "packets_per_second = 12\npackets_per_second_per_host = 12\n"
_SILENCE = (
    "en UDP, un silence ne distingue pas un port fermé, un port filtré et un service qui ne répond "
    "qu’à ses clients : rien n’en est conclu, le pare-feu seul permet de trancher"
)


def _inventory(desk: Desk, network: str, *, limits: str = _FAST, more: str = "") -> Path:
    today = datetime.now(UTC).date()
    desk.folder.mkdir(parents=True, exist_ok=True)
    path = desk.folder / "ght.toml"
    path.write_text(
        f"""schema = 1
lab = true
[ght]
id = "g"
name = "GHT"
[limits]
{limits}
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["{network}.0/29"]
exclude = ["{network}.7"]
medical = ["{network}.6"]
[[mandates]]
establishments = ["chu"]
signed_by = "Direction"
document = "m.pdf"
valid_from = {today - timedelta(days=30)}
valid_until = {today + timedelta(days=30)}
intensity = "standard"
{more}
"""
    )
    return path


def _cookie(_question: bytes) -> Sequence[bytes]:
    """Ask for a cookie, as a DTLS server does, and whatever comes, ask again."""
    verify = bytes([3, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 23, 0xFE, 0xFF, 20]) + bytes(20)
    return [b"\x16\xfe\xff" + bytes(8) + len(verify).to_bytes(2, "big") + verify]


def _stranger(_question: bytes) -> Sequence[bytes]:
    return [b"HTTP/1.1 400 Bad Request\r\n\r\n"]


@contextmanager
def _scene(network: str) -> Generator[dict[str, Asked]]:
    """Serve DTLS, a stranger and mutes; give what each was asked, by its place."""
    seats: dict[str, Answer] = {
        f"{network}.1:4433": _cookie,
        f"{network}.2:4433": mute,
        f"{network}.2:8443": mute,
        f"{network}.3:4433": _stranger,
        f"{network}.4:47808": mute,
        f"{network}.4:50000": mute,
        f"{network}.6:4433": _cookie,
        f"{network}.7:4433": mute,
    }
    with ExitStack() as stack:
        asked: dict[str, Asked] = {}
        for place, answer in seats.items():
            ip, _, port = place.partition(":")
            _, asked[place] = stack.enter_context(udp_service(answer, ip=ip, port=int(port)))
        yield asked


_SPEC = "U:4433,U:8443,U:47808,U:50000-50001"


def _rows(results: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {
        row["what"]: (row["why"], row["count"])
        for row in results["not_measured"]
        if "port" not in row["asset"]
    }


def test_what_answers_is_told_and_silence_is_not_taken_for_anything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with _scene("127.61.0") as asked:
        done = desk.vigie(
            *("scan", _inventory(desk, "127.61.0"), "--out", desk.out, "--ports", _SPEC)
        )
    assert done.returncode == 0, done.stderr
    results = desk.results()
    served = {(one["ip"], one["port"]): one for one in results["services"]}
    assert served.keys() == {("127.61.0.1", 4433), ("127.61.0.3", 4433), ("127.61.0.6", 4433)}
    assert {one["transport"] for one in served.values()} == {"udp"}
    assert served["127.61.0.1", 4433]["protocol"] == "dtls"
    assert served["127.61.0.1", 4433]["tls"] is True
    assert served["127.61.0.3", 4433]["protocol"] == "unknown"
    assert results["run"]["complete"] is True
    # Seven addresses: three ports open, two silent; three ports of each are never asked.
    assert results["coverage"]["statuses"] == {
        "open": 3,
        "refused": 9,
        "undetermined": 2 + 3 * 7,
    }
    assert results["coverage"]["ports_tried"] == 14
    assert results["coverage"]["udp_silent"] == 2
    assert _rows(results) == {
        "ports UDP sans réponse : 4433, 8443": (_SILENCE, 2),
        "ports UDP 50000-50001": (
            "aucune sonde ne sait quoi demander à ce port UDP : rien n’y a été envoyé",
            14,
        ),
        "ports UDP 47808": ("port sensible : rien n’y est jamais envoyé", 7),
    }
    assert asked["127.61.0.2:4433"].datagrams()[0] == asked["127.61.0.2:4433"].datagrams()[1]
    assert len(asked["127.61.0.2:4433"]) == len(asked["127.61.0.2:8443"]) == 2
    assert asked["127.61.0.4:47808"] == asked["127.61.0.4:50000"] == []
    assert asked["127.61.0.7:4433"] == [], "excluded"
    assert 1 <= len(asked["127.61.0.6:4433"]) <= 8, "medical"
    (sent,) = desk.log("sent")
    assert sent["attempts"] == 0
    assert sent["datagrams"] >= sum(map(len, asked.values()))
    page = (desk.out / "report.html").read_text()
    assert "127.61.0.1:4433/udp" in page
    assert "un silence ne distingue pas un port fermé, un port filtré" in page
    assert "2 ports UDP interrogés se sont tus" in page
    english = desk.asked("report", "latest", "--lang", "en", "--format", "html", "--out", desk.out)
    assert english.returncode == 0, english.stderr
    assert "over UDP, silence does not tell" in (desk.out / "report.html").read_text()


def test_a_dry_run_tells_the_datagrams_and_sends_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with _scene("127.61.1") as asked:
        path = _inventory(desk, "127.61.1")
        done = desk.asked("scan", path, "--dry-run", "--ports", _SPEC)
        time.sleep(0.1)
    assert done.returncode == 0
    assert sum(map(len, asked.values())) == 0
    told = done.stdout.splitlines()
    assert any("7 adresses × 2 ports UDP = 14 questions" in line for line in told)
    assert "  4433/udp  dtls" in told
    assert any("50000-50001/udp" in line and "aucune sonde" in line for line in told)
    assert any("47808/udp" in line and "sensible" in line for line in told)
    whole = desk.asked("scan", path, "--dry-run").stdout
    assert "  123/udp  ntp" in whole.splitlines()


def test_ports_of_the_inventory_are_added(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = _inventory(desk, "127.61.2", more='[ports]\nudp = "4433,50000"')
    told = desk.asked("scan", path, "--dry-run").stdout
    assert "  4433/udp  dtls" in told
    assert "50000/udp  — aucune sonde" in told
    assert "  123/udp  ntp" in told


def test_a_run_without_udp_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = _inventory(desk, "127.61.2")
    done = desk.vigie("scan", path, "--out", desk.out, "--ports", "4433")
    assert done.returncode == 0, done.stderr
    assert _rows(desk.results()) == {
        "services UDP (IKE, OpenVPN, SNMP…)": (
            "aucun port UDP n’était demandé à cette exécution",
            1,
        )
    }


def test_a_passive_run_sends_no_datagram(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with _scene("127.61.3") as asked:
        done = desk.vigie(
            *("scan", _inventory(desk, "127.61.3"), "--out", desk.out),
            *("--ports", _SPEC, "--profile", "passive"),
        )
        time.sleep(0.1)
    assert done.returncode == 0, done.stderr
    assert sum(map(len, asked.values())) == 0
    assert desk.results()["services"] == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    desk = Desk(tmp_path_factory.mktemp("undisturbed"))
    with _scene("127.61.4"):
        done = desk.vigie("scan", _inventory(desk, "127.61.4"), "--out", desk.out, "--ports", _SPEC)
    assert done.returncode == 0, done.stderr
    return facts(desk.results())


def test_killed_and_resumed_it_says_the_same(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    desk, chance, code = Desk(tmp_path), random.Random(), -1
    path = _inventory(desk, "127.61.4", limits=_SLOW)
    with _scene("127.61.4"):
        for kills in range(5):
            has_run = desk.database.is_file() and bool(desk.log("start"))
            again = ["--resume"] if has_run else []
            begun = len(desk.log("start"))
            process = desk.started("scan", path, "--out", desk.out, "--ports", _SPEC, *again)
            while kills < 4 and len(desk.log("start")) == begun and process.poll() is None:
                time.sleep(0.02)
            if kills < 4:
                time.sleep(chance.uniform(0, 1.5))
                process.kill()
            code = process.wait(90)
            if code == 0 and kills < 4:
                break
    assert code == 0, desk.errors
    assert facts(desk.results()) == undisturbed
    assert desk.rows("SELECT place FROM units WHERE done = 0") == []
    twice = """SELECT kind, ip, port, json_extract(body, '$.probe') AS probe, count(*)
               FROM observations WHERE kind IN ('service', 'tls', 'attempt')
               GROUP BY kind, ip, port, probe HAVING count(*) > 1"""
    assert desk.rows(twice) == []


def test_stopped_it_falls_silent_and_a_resume_finishes_it(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    desk = Desk(tmp_path)
    with _scene("127.61.4") as asked:
        path = _inventory(desk, "127.61.4", limits="packets_per_second = 4\n")
        process = desk.started("scan", path, "--out", desk.out, "--ports", _SPEC)
        deadline = time.monotonic() + 60
        while not sum(map(len, asked.values())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert desk.vigie("stop", "--all").returncode == 0
        time.sleep(5)
        heard = sum(map(len, asked.values()))
        assert process.wait(60) == 3
        time.sleep(1)
        assert sum(map(len, asked.values())) == heard
        assert desk.results()["run"]["complete"] is False
        assert desk.vigie("resume").returncode == 0
        _inventory(desk, "127.61.4")
        done = desk.vigie("scan", path, "--out", desk.out, "--resume")
    assert done.returncode == 0, done.stderr
    assert facts(desk.results()) == undisturbed


@contextmanager
def _gateway(folder: Path) -> Generator[None]:
    """Run ``openssl s_server`` over UDP on 127.61.5.1:10443, with one certificate for all."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    openssl = need("openssl")
    if not key.exists():
        making = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vpn"]
        subprocess.run(
            [openssl, *making, "-days", "90", "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
    serving = ["s_server", "-accept", "127.61.5.1:10443", "-quiet", "-dtls1_2"]
    with subprocess.Popen(
        [openssl, *serving, "-key", str(key), "-cert", str(certificate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            deadline = time.monotonic() + 20
            while f":{10_443:04X} " not in Path("/proc/net/udp").read_text():
                assert time.monotonic() < deadline, "not listening"
                time.sleep(0.02)
            yield
        finally:
            server.kill()


def test_a_fault_of_ours_costs_one_port() -> None:
    told: list[str] = []

    class Broken:
        def question(self, target: Target, port: int) -> Question:
            raise KeyError(f"{target.ip} {port}")

        def bug(self, where: str, trace: str) -> None:
            told.append(f"{where}: {trace}")

    there = Target(establishment="e", ip="127.0.0.1")
    reply = trio.run(reply_of, cast("Job", Broken()), there, 123)
    assert reply.code == code_of(Status.UNDETERMINED), "to be asked again by a resume"
    assert reply.observations == ()
    assert "KeyError" in told[0]


@pytest.mark.real
def test_a_finding_over_udp_is_judged_and_measured_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = _inventory(desk, "127.61.5")
    with _gateway(tmp_path):
        done = desk.vigie("scan", path, "--out", desk.out, "--ports", "U:10443")
        assert done.returncode == 0, done.stderr
        (found,) = [one for one in desk.results()["findings"] if one["check"] == "cert.self-signed"]
        assert found["asset"]["transport"] == "udp"
        assert (found["asset"]["ip"], found["asset"]["port"]) == ("127.61.5.1", 10_443)
        (row,) = desk.results()["tls"]
        assert row["transport"] == "udp"
    # s_server serves one client: the next measure has one of its own.
    with _gateway(tmp_path):
        again = desk.vigie("retest", found["fingerprint"], "--out", desk.folder / "again")
    assert again.returncode == 0, again.stderr
    assert "toujours présent" in again.stdout
    with udp_service(mute, ip="127.61.5.1", port=10_443):
        silent = desk.vigie("retest", found["fingerprint"], "--out", desk.folder / "silent")
    assert "non mesuré (silence qui ne prouve rien)" in silent.stdout, silent.stderr
    closed = desk.vigie("retest", found["fingerprint"], "--out", desk.folder / "closed")
    assert "port fermé à cette mesure" in closed.stdout, closed.stderr
    asked_again = json.loads((desk.folder / "again" / "findings.json").read_text())
    assert {one["transport"] for one in asked_again["services"]} == {"udp"}
