"""``vigie stop``: from a second command to silence on the wire, while a real scan runs."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store.store import Store
from tests.netns import Lab
from tests.servers.lure_places import CANARY, MUTE_PORT
from tests.vigie.perimeter import (
    SERVED,
    SPEC,
    Field,
    Scanned,
    field_of_lures,
    head,
    mandate,
)

pytestmark = [pytest.mark.netns, pytest.mark.slow]

_OBEYED_S = 5.0
_EVERYONE = ("0.0.0.0/0", "::/0")


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Field]:
    with field_of_lures(tmp_path) as made:
        yield made


def _two(**limits: int) -> str:
    return f"""{head(limits=limits)}
[[establishments]]
id = "nord"
name = "Nord"
ranges = ["203.0.113.0/29"]
[[establishments]]
id = "sud"
name = "Sud"
ranges = ["203.0.113.10/31", "203.0.113.14/32", "2001:db8:10::/126"]
{mandate("nord")}
{mandate("sud")}
"""


_SOUTH = {
    *("203.0.113.10", "203.0.113.11", "203.0.113.14"),
    *("2001:db8:10::", "2001:db8:10::1", "2001:db8:10::2", "2001:db8:10::3"),
}


def _stop(at: Field, *which: str) -> float:
    """Say stop; give when the command came back."""
    done = at.vigie("stop", *which)
    assert done.returncode == 0, done.stderr
    return time.time()


def _journal(at: Field) -> list[tuple[str, dict[str, str]]]:
    store = Store(f"sqlite:///{at.folder / 'state' / 'vigie.db'}")
    try:
        return [(what, detail) for _, _, what, detail in store.journal()]
    finally:
        store.close()


def _events(done: Scanned) -> list[str]:
    text = (done.out / "run.log").read_text()
    return [json.loads(line)["event"] for line in text.splitlines()]


def _mute_everything(lab: Lab) -> None:
    for destination in _EVERYONE:
        lab.silence(destination)


def test_everything_falls_silent_and_stays_so_until_resume(at: Field) -> None:
    """The targets fall mute just before: nothing in flight may be sent again and again."""
    text = _two(packets_per_second=200, packets_per_second_per_prefix24=150)
    with at.scanning(text, "--ports", f"{SPEC},10000-10300") as going:
        going.wait_for(900)
        _mute_everything(at.lab)
        time.sleep(4)
        stopped = _stop(at, "--all")
        done = going.wait(30, linger_s=9)
    late = [one for one in done.sent() if one.at > stopped + _OBEYED_S]
    assert late == []
    assert done.ended_at < stopped + _OBEYED_S + 3
    assert done.code == 3, done.stderr
    assert done.findings["run"]["complete"] is False
    assert done.findings["services"], "what was measured is kept"
    assert (done.out / "report.html").stat().st_size > 10_000
    assert "stop" in _events(done)
    assert ("stop", {"establishment": "*"}) in _journal(at)

    refused = at.scan(text, "--ports", "80")
    assert refused.code == 4
    assert refused.contacted == {}
    assert at.vigie("resume").returncode == 0
    assert ("resume", {"establishment": "*"}) in _journal(at)
    again = at.scan(text, "--ports", "80")
    assert again.code == 0, again.stderr
    assert again.sent() != []


def test_one_establishment_falls_silent_and_the_others_go_on(at: Field) -> None:
    text = _two(packets_per_second_per_host=30)
    with at.scanning(text, "--ports", f"{SPEC},10000-10200") as going:
        going.wait_for(500)
        assert any(one.far in _SOUTH for one in going.packets())
        stopped = _stop(at, "--establishment", "sud")
        done = going.wait(90)
    assert [one for one in done.sent_to(*_SOUTH) if one.at > stopped + _OBEYED_S] == []
    others = [one for one in done.sent() if one.far not in _SOUTH]
    assert max(one.at for one in others) > stopped + 1, "the others went on"
    assert done.code == 3, done.stderr
    assert done.findings["run"]["complete"] is False
    unmeasured = done.findings["not_measured"]
    assert {row["asset"]["establishment"] for row in unmeasured if row["what"] == "ports"} == {
        "sud"
    }
    assert ("stop", {"establishment": "sud"}) in _journal(at)
    nord = {row["ip"] for row in done.findings["services"]} - _SOUTH
    assert nord == {f"203.0.113.{last}" for last in range(8)}

    # Still held: another scan goes round it from its first packet on.
    around = at.scan(text, "--ports", "80,443")
    assert around.sent_to(*_SOUTH) == []
    assert around.sent_to("203.0.113.0") != []
    assert around.code == 3
    only = at.scan(text, "--establishment", "sud")
    assert only.code == 4
    assert only.contacted == {}

    assert at.vigie("resume", "--establishment", "sud").returncode == 0
    whole = at.scan(text, "--resume", timeout_s=90)
    assert whole.code == 0, whole.stderr
    assert {one.far for one in whole.sent()} >= _SOUTH
    assert len([one for one in whole.sent() if one.far not in _SOUTH and one.is_syn]) < 5
    assert whole.findings["run"]["complete"] is True


def test_what_comes_before_the_scan_is_stopped_too(at: Field) -> None:
    """A canary that does not answer is tried for long enough to be stopped meanwhile."""
    at.lab.silence(CANARY)
    with at.scanning(_two().replace("[services]", f'[services]\ncanary = "{CANARY}"')) as going:
        going.wait_for(10, canary=True)
        stopped = _stop(at, "--all")
        done = going.wait(20, linger_s=6)
    assert {one.far for one in done.sent()} == {CANARY}
    assert [one for one in done.sent() if one.at > stopped + _OBEYED_S] == []
    assert done.ended_at < stopped + _OBEYED_S
    assert done.code == 3, done.stderr
    assert done.findings["run"]["complete"] is False


def test_nmap_is_stopped_too(at: Field) -> None:
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed: nothing of it to stop")
    text = _two()
    with at.scanning(text, "--profile", "deep", "--ports", f"{MUTE_PORT}") as going:
        _wait_for_nmap(at.lab)
        stopped = _stop(at, "--all")
        done = going.wait(30, linger_s=7)
    assert [one for one in done.sent() if one.at > stopped + _OBEYED_S] == []
    assert done.code == 3
    assert {one.far for one in done.sent()} & SERVED == set()


def _wait_for_nmap(lab: Lab) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = subprocess.run(
            ["ip", "netns", "pids", lab.scanner], capture_output=True, text=True, check=True
        )
        for pid in told.stdout.split():
            name = Path(f"/proc/{pid}/comm")
            if name.exists() and name.read_text().strip() == "nmap":
                return
        time.sleep(0.05)
    raise AssertionError("nmap was not run")
