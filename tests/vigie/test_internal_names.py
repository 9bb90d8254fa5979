"""Names of the inside that services tell to strangers: stored, and shown only to who asks."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checks.registry import reading
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Flagged, Language, Place, Transport
from core.observations.base import Observation
from core.observations.ldap import LdapRoot
from core.observations.service import Service
from core.observations.windows import WindowsHost
from core.store.store import Plan, Run, Store
from scanner.ntlm import Challenge, evidence, inner_names
from tests.inventories.samples import inventory, mandate
from tests.vigie.running import Desk
from vigie.judging import judge
from vigie.reporting import FORMATS, write_observations, write_reports

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_SECRETS = ("srv-rx", "chu.lan", "SRV-RX", "DC=chu")
_FACTS = Facts(today=date(2026, 6, 1), knowledge=load_knowledge())


def _place(port: int) -> Place:
    return Place(establishment="a", ip="203.0.113.4", port=port, transport=Transport.TCP)


_SEEN: tuple[Observation, ...] = (
    Service(
        place=_place(3389),
        at=_AT,
        protocol="rdp",
        evidence=("NTLM: 6.1.7601",),
        inner_names=("NTLM computer: srv-rx.chu.lan", "NTLM domain: chu.lan"),
        confidence=Confidence.CERTAIN,
        banner="SRV-RX",
    ),
    WindowsHost(
        place=_place(3389),
        at=_AT,
        source="rdp",
        nt_version="6.1",
        build=7601,
        netbios_computer="SRV-RX",
        netbios_domain="CHU",
        dns_computer="srv-rx.chu.lan",
        dns_domain="chu.lan",
        dns_forest="chu.lan",
    ),
    LdapRoot(
        place=_place(389),
        at=_AT,
        readable=True,
        result_code=0,
        naming_contexts=("DC=chu,DC=lan",),
        dns_host_name="srv-rx.chu.lan",
    ),
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Run]]:
    run = Run(
        id="r",
        kind="exposure",
        ght="g",
        profile="standard",
        started_at=_AT,
        finished_at=_AT,
        complete=True,
        vigie_version="0",
        plan=Plan(seed=0, tcp_ports=(3389,), establishments=(), profile=None),
        inventory=inventory(mandate()),
    )
    judged = [one for seen in _SEEN for one in judge(seen, _FACTS, _bug)]
    assert any(isinstance(one.verdict, Flagged) for one in judged)
    with closing(Store(f"sqlite:///{tmp_path_factory.mktemp('names') / 'vigie.db'}")) as store:
        store.start_run(run)
        store.keep(run, observations=_SEEN, judged=judged)
        yield store, run


def _bug(check: str, trace: str) -> None:
    raise AssertionError(f"{check}: {trace}")


def _written(folder: Path) -> str:
    return "".join(one.read_text(encoding="utf-8") for one in sorted(folder.iterdir()))


def test_no_file_holds_them_unless_asked(stored: tuple[Store, Run], tmp_path: Path) -> None:
    store, run = stored
    write_reports(store, run, tmp_path, Language.FR, FORMATS)
    write_observations(store, run, tmp_path)
    text = _written(tmp_path)
    assert "6.1.7601" in text
    assert [secret for secret in _SECRETS if secret in text] == []


def test_they_are_shown_to_who_asks(stored: tuple[Store, Run], tmp_path: Path) -> None:
    store, run = stored
    write_reports(store, run, tmp_path, Language.FR, FORMATS, internal_names=True)
    (row,) = json.loads((tmp_path / "findings.json").read_text())["services"]
    assert "NTLM computer: srv-rx.chu.lan" in row["evidence"]
    assert "srv-rx.chu.lan" in (tmp_path / "report.html").read_text()
    write_observations(store, run, tmp_path, internal_names=True)
    assert "DC=chu,DC=lan" in (tmp_path / "observations.jsonl").read_text()


def test_the_command_shows_them_only_when_asked(stored: tuple[Store, Run], tmp_path: Path) -> None:
    store, run = stored
    desk = Desk(tmp_path)
    for words, shows in (((), False), (("--internal-names",), True)):
        for form in ("json", "jsonl"):
            out = tmp_path / f"{form}-{shows}"
            asked = ("report", run.id, "--format", form, "--out", out, "--db", store.url, *words)
            assert desk.asked(*asked).returncode == 0
            assert ("srv-rx" in _written(out)) is shows


def test_no_check_puts_them_in_its_proofs() -> None:
    assert reading(WindowsHost)
    for seen in _SEEN:
        for one in judge(seen, _FACTS, _bug):
            proofs = one.verdict.proofs if isinstance(one.verdict, Flagged) else ()
            told = " ".join(value for proof in proofs for value in proof.values.values())
            assert [secret for secret in _SECRETS if secret in told] == []


def test_a_challenge_is_split_between_what_is_shown_and_what_is_kept() -> None:
    names = {"netbios_computer": "SRV-RX", "dns_domain": "chu.lan"}
    challenge = Challenge(0x0002_0000, (10, 0, 17763), names, None)
    assert evidence(challenge) == ("NTLM: 10.0.17763",)
    assert inner_names(challenge) == ("NTLM computer: SRV-RX", "NTLM domain: chu.lan")
    assert evidence(None) == inner_names(None) == ()
