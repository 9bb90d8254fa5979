"""``vigie ad analyse`` as typed, on snapshots made by code: level, points, accounts, drift."""

import json
import re
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ad_audit.snapshot import Clear, Lock, Passphrase, Writer, own_key
from checks._shared.examples import AT
from checks.ad._shared.healthy import (
    Departure,
    change,
    child_domain,
    grant,
    group,
    hide,
    many,
    member,
    raw,
    user,
    zone,
)
from checks.registry import all_points
from core.directory.graph import Graph, Source
from core.directory.raw import Unread
from core.knowledge.ad_points import load_ad_points
from core.model import Language
from core.results import DirectoryBlock
from core.secrets import Secret
from reports.directory_words import agreed, level_said
from vigie.audit import whose_is
from vigie.cli import run
from vigie.config import Settings

OLD_KRBTGT = user("krbtgt", password_days=366, enabled=False)
SERVICE = user("svc", spn="HTTP/x", groups=["Domain Admins"])


def kept(
    path: Path,
    *departures: Departure,
    at: datetime = AT,
    lock: Lock | None = None,
    forest: str = "",
    unread: tuple[Unread, ...] = (),
) -> Path:
    """Write a forest as a collection leaves it."""
    for collection, objects in raw(*departures):
        head = msgspec.structs.replace(
            collection,
            started_at=at,
            finished_at=at,
            forest=forest or collection.forest,
            source="192.0.2.9",
            unread=(*collection.unread, *unread),
        )
        writer = Writer(path, lock or Clear(), head)
        part = writer.start("all")
        held = list(objects)
        part.objects = len(held)
        writer.add(part, held, 1)
        writer.end(part, head)
        writer.finish(head)
    return path


class Desk:
    """A folder of snapshots, and a state of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def analyse(self, *words: str | Path, out: str = "out", lang: str = "fr") -> int:
        return run(
            [
                *("--lang", lang, "--quiet", "--state-dir", str(self.folder / "state")),
                *("ad", "analyse", *map(str, words), "--out", str(self.folder / out)),
            ]
        )

    def findings(self, out: str = "out") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / out / "findings.json").read_bytes())
        return found

    def points(self, out: str = "out") -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.findings(out)["directory"]["points"]}

    def page(self, out: str = "out") -> str:
        return (self.folder / out / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_forest_with_faults(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(desk.folder / "a.vigie-ad", OLD_KRBTGT, SERVICE, child_domain())
    assert desk.analyse(path) == 0
    assert capsys.readouterr().out.startswith("Niveau 1, exact\n")
    told = desk.findings()
    assert told["run"]["kind"] == "directory"
    assert told["run"]["complete"] is True
    block = told["directory"]
    assert (block["forest"], block["level"], block["level_is"]) == ("chu.example", 1, "exact")
    assert block["domains"] == ["chu.example", "sub.chu.example"]
    assert block["snapshots"][0]["sha256"] == sha256(path.read_bytes()).hexdigest()
    points = desk.points()
    assert points["vuln_krbtgt"]["status"] == "failed"
    assert points["vuln_krbtgt"]["levels_failed"] == [2]
    assert points["vuln_krbtgt"]["objects"] == ["CN=krbtgt,CN=Users,DC=chu,DC=example"]
    assert points["vuln_krbtgt"]["condition"] == "published"
    assert points["vuln_krbtgt"]["bases"] == ["DC=chu,DC=example", "DC=sub,DC=chu,DC=example"]
    assert points["vuln_guest"]["status"] == "passed"
    accounts = {one["name"]: one for one in block["privileged_accounts"]}
    assert accounts["svc"]["via"][0] == "Domain Admins"
    assert accounts["svc"]["spns"] == ["HTTP/x"]
    found = next(one for one in told["findings"] if one["check"] == "ad.krbtgt")
    assert found["asset"] == {
        "establishment": "chu.example",
        "forest": "chu.example",
        "domain": "chu.example",
    }
    for name in (
        *("findings.csv", "privileged-accounts.csv", "privileged-accounts.xlsx"),
        *("observations.jsonl", "report.html"),
    ):
        assert stat.S_IMODE((desk.folder / "out" / name).stat().st_mode) == 0o600
    assert path.name in (desk.folder / "out/observations.jsonl").read_text(encoding="utf-8")


def test_the_report_tells_a_french_reader_all_of_it(desk: Desk) -> None:
    desk.analyse(kept(desk.folder / "a.vigie-ad", OLD_KRBTGT, SERVICE))
    page = desk.page()
    for text in (
        "TLP:RED",
        "Niveau 1, exact",
        "Ce niveau n’est pas un score du service ADS de l’ANSSI",
        "Ce qui sépare la forêt du niveau suivant",
        "(&amp;(objectClass=user)(sAMAccountName=krbtgt))",
        "svc-audit@chu.example",
        "192.0.2.9",
        "Premier audit de cette forêt",
        "warning_sysvol_root_sd",
    ):
        assert text in page, text
    desk.analyse(desk.folder / "a.vigie-ad", out="en", lang="en")
    english = desk.page("en")
    assert "Level 1, exact" in english
    assert "not a score of ANSSI's ADS service" in english.replace("&#39;", "'")
    assert "Comptes privilégiés" not in english


def test_a_point_without_a_check_is_not_passed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {check: one for check, one in all_points().items() if one.id == "vuln_krbtgt"}
    monkeypatch.setattr("vigie.audit.all_points", lambda: held)
    desk.analyse(kept(desk.folder / "a.vigie-ad"))
    points = desk.points()
    assert set(points) == set(load_ad_points())
    assert len(points) == 76
    assert points.pop("vuln_krbtgt")["status"] == "passed"
    assert {one["status"] for one in points.values()} == {"not_evaluated"}
    assert {one["why"] for one in points.values()} == {"contrôle pas encore écrit"}
    block = desk.findings()["directory"]
    assert (block["level"], block["level_is"]) == (5, "at_most")
    assert capsys.readouterr().out.startswith("Niveau non déterminé\n")
    assert "iveau 5" not in desk.page()
    assert "contrôle pas encore écrit" in desk.page()


def test_a_sound_forest_is_never_said_to_be_at_5(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.analyse(kept(desk.folder / "a.vigie-ad"), "--fail-on", "low") == 0
    block = desk.findings()["directory"]
    failed = [one["id"] for one in block["points"] if one["status"] == "failed" and one["levels"]]
    assert failed == []
    assert "iveau 5" not in desk.page()
    assert "5" not in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("level_is", ["exact", "at_most", "at_least"])
@pytest.mark.parametrize("level", range(1, 6))
def test_no_level_is_said_to_be_5(level: int, level_is: str) -> None:
    block = DirectoryBlock(
        forest="f",
        level=level,
        level_is=level_is,
        list_edition="2026-11",
        points=(),
        privileged_accounts=(),
        domains=(),
        snapshots=(),
    )
    for language in Language:
        assert "5" not in level_said(block, language)


def test_what_was_hidden_is_told(desk: Desk) -> None:
    desk.analyse(kept(desk.folder / "a.vigie-ad", hide("krbtgt", "pwdlastset")))
    point = desk.points()["vuln_krbtgt"]
    assert point["status"] == "not_evaluated"
    assert "pas le droit" in point["why"]
    block = desk.findings()["directory"]
    assert (block["level"], block["level_is"]) == (5, "at_most")


def test_a_point_that_fails_higher_may_fail_lower_too(desk: Desk) -> None:
    own = "DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,DC=chu,DC=example"
    desk.analyse(
        kept(desk.folder / "a.vigie-ad", zone("labo.example", 1), hide(own, "dnsproperty"))
    )
    block = desk.findings()["directory"]
    assert (block["level"], block["level_is"]) == (3, "at_most")
    point = desk.points()["vuln_dnszone_bad_prop"]
    assert (point["status"], point["levels_failed"]) == ("failed", [3])
    assert "1 point de ce niveau ou d’un niveau inférieur n’est pas évalué" in desk.page()


def test_drift(desk: Desk) -> None:
    desk.analyse(kept(desk.folder / "a.vigie-ad", OLD_KRBTGT, SERVICE), out="a")
    later = AT + timedelta(days=30)
    other = user("svc2", spn="HTTP/y", groups=["Domain Admins"])
    path = kept(
        desk.folder / "b.vigie-ad",
        SERVICE,
        other,
        user("Guest", rid=501),
        user("krbtgt", password_days=-29, enabled=False),
        at=later,
    )
    assert desk.analyse(path, out="b") == 0
    points = desk.points("b")
    assert points["vuln_krbtgt"]["change"] == "fixed"
    assert points["vuln_guest"]["change"] == "new"
    assert points["vuln_spn_priv"]["change"] == "still"
    assert points["vuln_spn_priv"]["objects_new"] == ["CN=svc2,CN=Users,DC=chu,DC=example"]
    assert desk.findings("b")["directory"]["compared_at"] == AT.astimezone(UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    assert "Toujours présents" in desk.page("b")
    # The same state judged again is compared with the audit before it, not with itself.
    desk.analyse(path, out="c")
    assert desk.points("c")["vuln_krbtgt"]["change"] == "fixed"


def test_exit_codes(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    lost = Unread(context="DC=chu,DC=example", what="user", why="timeout")
    part = kept(desk.folder / "part.vigie-ad", unread=(lost,))
    assert desk.analyse(part) == 3
    assert "Rapport incomplet" in desk.page()
    assert desk.findings()["run"]["complete"] is False
    whole = kept(desk.folder / "a.vigie-ad", SERVICE)
    assert desk.analyse(whole, "--fail-on", "critical") == 10
    assert desk.analyse(desk.folder / "none.vigie-ad") == 2
    (desk.folder / "odd.vigie-ad").write_bytes(b"no snapshot")
    assert desk.analyse(desk.folder / "odd.vigie-ad") == 2
    other = kept(desk.folder / "b.vigie-ad", forest="autre.example")
    assert desk.analyse(whole, other) == 2
    assert "plusieurs forêts" in capsys.readouterr().err
    assert desk.analyse(whole, "--directory", "x") == 2


def test_locks(desk: Desk) -> None:
    (desk.folder / "state").mkdir()
    words = desk.folder / "words"
    words.touch(mode=0o600)
    words.write_text("trois petits chats\n")
    sealed = kept(desk.folder / "p.vigie-ad", lock=Passphrase(Secret("trois petits chats")))
    ours = kept(desk.folder / "o.vigie-ad", lock=own_key(desk.folder / "state"))
    assert desk.analyse(sealed, "--passphrase-file", words) == 0
    assert desk.analyse(ours) == 0


def test_cells_are_no_formulas(desk: Desk) -> None:
    desk.analyse(
        kept(
            desk.folder / "a.vigie-ad",
            user("=cmd|'/c calc'!A1", groups=["Domain Admins"]),
            user("<r><t>x</t></r>", groups=["Domain Admins"]),
        )
    )
    text = (desk.folder / "out/privileged-accounts.csv").read_text(encoding="utf-8-sig")
    assert "\"'=cmd|" in text
    assert '"=' not in text
    with zipfile.ZipFile(desk.folder / "out/privileged-accounts.xlsx") as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        sheets = [book.read(f"xl/worksheets/sheet{rank}.xml").decode() for rank in (1, 2)]
    assert "<t>'=cmd|'/c calc'!A1</t>" in texts
    assert "<t>=" not in texts
    assert "<t>'&lt;r&gt;&lt;t&gt;x" in texts
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_the_workbook_holds_moments_and_numbers(desk: Desk) -> None:
    never = user("neuf", groups=["Domain Admins"], logon_days=None)
    way = grant("CN=Domain Admins,CN=Users,DC=chu,DC=example", "(A;;GA;;;@alice)")
    desk.analyse(kept(desk.folder / "a.vigie-ad", never, user("alice"), way))
    with zipfile.ZipFile(desk.folder / "out/privileged-accounts.xlsx") as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        accounts = book.read("xl/worksheets/sheet1.xml").decode()
        paths = book.read("xl/worksheets/sheet2.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert 'formatCode="yyyy' in styles
    assert "<t>2026-" not in texts
    assert re.search(r'<c r="G2" s="\d+"><v>4[5-6]\d{3}', accounts)
    assert re.search(r'<c r="B2"><v>1</v></c>', paths)


def test_the_first_page_tells_what_is_grave_outside_the_levels(desk: Desk) -> None:
    everyone = "(OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;;WD)"
    desk.analyse(
        kept(
            desk.folder / "a.vigie-ad",
            grant("DC=chu,DC=example", "(A;;GA;;;@alice)", everyone),
            user("alice"),
        )
    )
    page = desk.page()
    assert "L’échelle va de 1, le plus faible, à 5, le plus sûr." in page
    first = page.partition('id="drift"')[0]
    assert "Hors niveau, mais à traiter sans attendre" in first
    assert "Chemins de contrôle vers le niveau 0" in first
    desk.analyse(kept(desk.folder / "b.vigie-ad"), out="sound")
    assert "Hors niveau, mais" not in desk.page("sound")


def test_one_is_told_in_the_singular() -> None:
    for language in Language:
        for key in ("more", "next_unknown", "paths_said", "paths_left", "lines_left", "g_more"):
            assert "{count}" in agreed(key, 1).say(language)
    assert agreed("more", 1).say(Language.FR) == "et {count} autre, dans les fichiers joints"
    assert agreed("more", 2).say(Language.FR) == "et {count} autres, dans les fichiers joints"


def test_names_of_attackers_are_inert(desk: Desk) -> None:
    desk.analyse(
        kept(
            desk.folder / "a.vigie-ad",
            user("<script>x</script>", groups=["Domain Admins"], spn="HTTP/<img src=x>"),
        )
    )
    page = desk.page()
    assert "<script" not in page
    assert "<img" not in page


def test_nested_groups_and_paths_are_drawn_and_kept(desk: Desk) -> None:
    desk.analyse(
        kept(
            desk.folder / "a.vigie-ad",
            group("Soutien", groups=["Domain Admins"]),
            many(50, "agent", groups=["Soutien"]),
            user("alice"),
            user("bob<b>x"),
            group("Bureau"),
            member("Bureau", "bob<b>x"),
            grant("Soutien", "(A;;GA;;;@alice)", "(A;;GA;;;@Bureau)"),
        )
    )
    block = desk.findings()["directory"]
    nested = next(one for one in block["groups"] if one["name"] == "Soutien")
    assert len(nested["members"]) == 50
    told = [
        [(step["source"], step["how"], step["target"]) for step in path] for path in block["paths"]
    ]
    full = ("CHU\\alice", "a le contrôle total de", "CHU\\Soutien")
    assert [full] in told
    assert [
        ("CHU\\bob<b>x", "est membre de", "CHU\\Bureau"),
        ("CHU\\Bureau", "a le contrôle total de", "CHU\\Soutien"),
    ] in told
    page = desk.page()
    assert "Groupes privilégiés imbriqués" in page
    assert "et 10 autres" in page
    assert "<b>x" not in page
    again = desk.folder / "again"
    state = ("--quiet", "--state-dir", str(desk.folder / "state"))
    assert run([*state, "report", "--format", "html", "--out", str(again)]) == 0
    assert (again / "report.html").read_text(encoding="utf-8").count("<svg") == page.count("<svg")


def test_the_store_gives_it_again(desk: Desk) -> None:
    desk.analyse(kept(desk.folder / "a.vigie-ad", SERVICE))
    again = desk.folder / "again"
    for form in ("json", "html", "csv"):
        words = ("--format", form, "--out", str(again))
        assert run(["--quiet", "--state-dir", str(desk.folder / "state"), "report", *words]) == 0
    assert desk.findings("again") == desk.findings()
    assert (again / "privileged-accounts.csv").exists()
    state = ("--state-dir", str(desk.folder / "state"))
    assert run([*state, "runs", "show"]) == 0
    # Its verdicts come from the snapshots: judging the row of the store again would lose them.
    assert run([*state, "report", "--rejudge", "--out", str(again)]) == 2


@pytest.mark.parametrize(
    ("departures", "said"),
    [
        ((), "résultat va dans le sens de la cible"),
        ((OLD_KRBTGT,), "la cible ne paraît pas atteinte"),
        ((hide("krbtgt", "pwdlastset"),), "rien ne peut être conclu"),
    ],
)
def test_a_directory_of_backups_tells_its_part_in_care(
    desk: Desk, departures: tuple[Departure, ...], said: str
) -> None:
    path = kept(desk.folder / "a.vigie-ad", *departures)
    desk.analyse(path)
    assert "D2.O3.A" not in desk.page()
    inventory = desk.folder / "ght.toml"
    inventory.write_text(INVENTORY)
    desk.analyse(path, "--inventory", inventory, "--directory", "ad", out="backup")
    page = desk.page("backup")
    assert "D2.O3.A" in page
    assert said in page
    assert "Ne remplace ni l’audit SILENE" in page


INVENTORY = """schema = 1
[ght]
id = "ght"
name = "GHT"
region = "R"
timezone = "Europe/Paris"
[[establishments]]
id = "chu"
name = "CHU"
domains = ["chu.example"]
ranges = ["203.0.113.0/24"]
[[directories]]
id = "ad"
establishment = "chu"
server = "ldaps://dc1.chu.example"
user = "u@chu.example"
password = "env:X"
role = "backup"
"""


def test_whose_forest_is_that_of_the_inventory(tmp_path: Path) -> None:
    inventory = tmp_path / "ght.toml"
    inventory.write_text(INVENTORY)
    whose = whose_is(inventory, "ad", Settings())
    assert (whose.establishment, whose.role) == ("chu", "backup")


def test_a_fault_in_the_graph_costs_the_paths_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_graph: Graph, _node: int) -> Iterator[Source]:
        raise ZeroDivisionError

    monkeypatch.setattr(Graph, "sources", broken)
    path = kept(desk.folder / "a.vigie-ad", OLD_KRBTGT, grant("Domain Admins", "(A;;GA;;;AU)"))
    assert desk.analyse(path) == 0
    assert "ZeroDivisionError" in capsys.readouterr().err
    points = desk.points()
    assert points["vuln_krbtgt"]["status"] == "failed"
    assert points["vuln_guest"]["status"] == "passed"
    assert points["attack_paths_t0"]["status"] == "not_evaluated"
    assert points["attack_paths_t0"]["why"]
    block = desk.findings()["directory"]
    assert "paths" not in block
    assert block["paths_why"].startswith("erreur de Vigie")
    assert block["privileged_accounts"]
    assert "Les chemins de contrôle n'ont pas été calculés" in desk.page().replace("’", "'")
    sheets = zipfile.ZipFile(desk.folder / "out" / "privileged-accounts.xlsx")
    assert b"Chemins non calcul" in sheets.read("xl/sharedStrings.xml")


def test_a_member_that_was_not_read_is_shown(desk: Desk) -> None:
    hidden = "CN=cache,OU=Secret,DC=chu,DC=example"
    path = kept(desk.folder / "a", change("Backup Operators", {"member": (hidden,)}))
    assert desk.analyse(path) == 0
    block = desk.findings()["directory"]
    (group_,) = (one for one in block["groups"] if one["name"] == "Backup Operators")
    assert group_["members"] == [hidden]
    assert block["level_is"] != "exact"
    members = desk.points()["vuln_privileged_members"]
    assert (members["status"], bool(members["why"])) == ("not_evaluated", True)
    assert "membre qui n'a pas été lu" in desk.page().replace("’", "'")


def test_what_names_no_directory_is_told_in_the_language_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    for server, more, told in (
        ("http://127.0.0.1", (), "is no address of a directory"),
        ("ldaps://127.0.0.1:63990", (), "only asked on ports 88, 389, 636, 3268, 3269"),
        ("ldaps://127.0.0.1", ("--fingerprint", "zz"), "64 hexadecimal digits"),
        ("ldaps://127.0.0.1", ("--password-file", f"{secret}-absent"), "unreadable"),
    ):
        words = ("ad", "audit", "--server", server, "--user", "u", "--password-file", str(secret))
        state = str(tmp_path / "state")
        assert run(["--lang", "en", "--state-dir", state, *words, *more]) == 2
        said = capsys.readouterr().err
        assert told in said
        assert said.count("\n") == 1
