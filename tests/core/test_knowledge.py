"""The built-in facts: complete, worded in both languages, refused with a clear error."""

import re
import shutil
import time
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from core.knowledge.load import load_knowledge, read_knowledge
from core.knowledge.vetting import pattern_fault
from core.model import Criticality, Transport, Wording

KNOWN = load_knowledge()
DATA = Path(str(files("core.knowledge")))


def test_is_read_once() -> None:
    assert load_knowledge() is KNOWN
    assert date(2026, 1, 1) <= KNOWN.compiled_on


def test_ports_of_both_transports_are_there() -> None:
    assert len(KNOWN.ports) >= 180
    assert sum(fact.transport is Transport.UDP for fact in KNOWN.ports) >= 33
    for port, criticality in ((3389, Criticality.CRITICAL), (443, Criticality.LOW)):
        fact = KNOWN.port(port)
        assert fact is not None
        assert fact.criticality is criticality
    snmp = KNOWN.port(161, Transport.UDP)
    assert snmp is not None
    assert snmp.criticality is Criticality.HIGH
    assert snmp.egress
    assert KNOWN.port(161) is None


QUIET = {
    "print": [515, *range(9100, 9108)],
    "dicom": [104, 2761, 2762, 4242, 11112],
    "mllp": [2575, 6661, 6662],
    "industrial": [102, 502, 2404, 9600, 20000, 44818, 1911, 4911, 4840],
    "serial": [950, 4001, 4008, 10001],
}


@pytest.mark.parametrize("kind", QUIET)
def test_sensitive_ports_are_quiet(kind: str) -> None:
    for port in QUIET[kind]:
        fact = KNOWN.port(port)
        assert fact is not None
        assert fact.quiet == kind
        assert KNOWN.is_quiet(port)


def test_ordinary_ports_are_not_quiet() -> None:
    loud = (22, 23, 80, 222, 443, 2222, 3389, 5900, 8080, 8443, 10000, 10443)
    assert not [port for port in loud if KNOWN.is_quiet(port)]


def test_the_default_list_is_what_is_scanned() -> None:
    listed = KNOWN.default_tcp()
    assert list(listed) == sorted(set(listed))
    alternates = {222, 2222, 22022, 3388, 3390, 13389, 33389, 33890, 8081, 8888, 9999}
    assert alternates | set(range(9100, 9108)) <= set(listed)
    # Known so that it stays quiet when asked for; not touched otherwise.
    assert 4002 not in listed
    assert KNOWN.is_quiet(4002)
    assert len(listed) < 400


def test_egress_is_marked_where_providers_filter() -> None:
    marked = {(fact.port, fact.transport.value) for fact in KNOWN.ports if fact.egress}
    assert {(25, "tcp"), (135, "tcp"), (137, "udp"), (139, "tcp"), (445, "tcp")} <= marked
    assert {(161, "udp"), (1433, "tcp"), (1434, "udp"), (593, "tcp"), (69, "udp")} <= marked
    assert not {(443, "tcp"), (80, "tcp"), (3389, "tcp"), (22, "tcp")} & marked


def test_windows_follows_the_corrections() -> None:
    builds = {build.build: build for build in KNOWN.windows}
    shared = {release.name: release for release in builds[19041].candidates}
    assert shared["Windows 10 IoT Enterprise LTSC 2021"].end_support == date(2032, 1, 13)
    assert shared["Windows 10 Enterprise LTSC 2021"].end_support == date(2027, 1, 12)
    server = next(one for one in builds[14393].candidates if one.kind == "server")
    assert server.end_esu == date(2030, 1, 8)
    assert builds[25398].note is not None
    assert "6.1.0" in KNOWN.windows_ignored
    for build in KNOWN.windows:
        for release in build.candidates:
            assert release.end_mainstream <= release.end_support
            assert release.end_esu is None or release.end_support < release.end_esu


def test_care_never_passes_our_targets_off_as_official() -> None:
    ids = [indicator.id for indicator in KNOWN.care]
    assert len(ids) == len(set(ids))
    for wanted in ("D1.EXPO.8", "D1.AD.8", "D2.O3.A", "D2.EXPO.1", "DRA.EXPO.4"):
        indicator = KNOWN.indicator(wanted)
        assert indicator is not None
        assert indicator.target_is_ours == (indicator.confidence != "sourced")
    ours = KNOWN.indicator("D1.EXPO.4")
    assert ours is not None
    assert ours.target_is_ours


def _worded() -> list[Wording]:
    words = [fact.advice for fact in KNOWN.ports]
    words += [product.advice for product in KNOWN.products]
    words += [product.version_how for product in KNOWN.products if product.version_how]
    words += [build.note for build in KNOWN.windows if build.note]
    words += [one.label for one in KNOWN.care] + [one.objective for one in KNOWN.care]
    return [*words, KNOWN.care_disclaimer]


def test_everything_is_worded_twice() -> None:
    for wording in _worded():
        assert wording.fr.strip() == wording.fr
        assert wording.en.strip() == wording.en
        assert len(wording.fr) > 3
        assert len(wording.en) > 3
        # French typography: a blank before what English sticks to the word.
        assert not re.search(r"[a-zé)»]([;?!]|:(?!//))(?:\s|$)", wording.fr), wording.fr
        assert not re.search(r"\w [;?!:](?:\s|$)", wording.en), wording.en


def test_the_five_portals_have_a_file_each() -> None:
    for wanted in (
        "fortinet_fortios",
        "ivanti_connect_secure",
        "citrix_netscaler",
        "paloalto_globalprotect",
        "cisco_asa_ftd",
    ):
        product = KNOWN.product(wanted)
        assert product is not None
        assert product.portal
        assert product.criticality <= Criticality.MEDIUM
        assert product.version_how is not None
        assert product.sources
        assert any(signal.strength == "strong" for signal in product.signals)
        assert all(signal.evidence for signal in product.signals)


# What is refused


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for file in DATA.glob("*.toml"):
        shutil.copy(file, tmp_path)
    shutil.copytree(DATA / "products", tmp_path / "products")
    return tmp_path


FORTI = "products/fortinet_fortios.toml"


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("ports.toml", "schema = 1", "schema = 9", "schema 9"),
        ("ports.toml", "transport = ", "tansport = ", "tansport"),
        ("ports.toml", 'criticality = "high"', 'criticality = "majeure"', "majeure"),
        ("ports.toml", 'advice = "ftp"', 'advice = "ftpp"', "ftpp"),
        ("ports.toml", 'quiet = "dicom"', 'quiet = "shy"', "shy"),
        ("ports.toml", "port = 21\n", "port = 70000\n", "70000"),
        ("ports.toml", "port = 21\n", "port = 22\n", "22/tcp stands 2 times"),
        ("ports.toml", "[[ports]]", "[[ports]", "ports.toml"),
        ("windows.toml", "build = 19045", "build = 19044", "19044"),
        ("windows.toml", "end_support = 2029", 'end_support = "soon', "windows.toml"),
        ("care.toml", 'confidence = "sourced"\n\n[[domains.objectives]]', "x = 1\n", "care.toml"),
        ("care.toml", 'confidence = "inferred"', 'confidence = "sure"', "sure"),
        (FORTI, 'id = "fortinet_fortios"', 'id = "fortigate"', "named after"),
        (FORTI, 'strength = "strong"', 'strength = "iron"', "iron"),
        (FORTI, 'kind = "http_asset"', 'kind = "http_asse"', "unknown kind"),
        (FORTI, 'path = "/login"', 'path = "login"', "slash"),
        (FORTI, "fgt_lang", "(a+)+", "repeated group"),
        (FORTI, "fgt_lang", "(", "not a regular expression"),
        (FORTI, 'match_type = "equals"', 'match_type = "is"', "match_type"),
        (FORTI, 'confidence = "high"', 'confidence = "sure"', "sure"),
        (FORTI, "portal = true\n", "", "portal"),
    ],
)
def test_a_fault_names_its_file(copy: Path, file: str, before: str, after: str, told: str) -> None:
    text = (copy / file).read_text()
    assert before in text
    (copy / file).write_text(text.replace(before, after, 1))
    with pytest.raises(ValueError, match=re.escape(told)) as raised:
        read_knowledge(copy)
    assert Path(file).name in str(raised.value)


def test_bytes_that_are_no_text_are_refused(copy: Path) -> None:
    (copy / "care.toml").write_bytes(b"schema = 1 # \xff")
    with pytest.raises(ValueError, match=r"care\.toml"):
        read_knowledge(copy)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*b",
        "(?:x{1,3}){9}",
        "a.*b.*c",
        r"(a)\1",
        "x{1,200}y{1,200}",
        "a+b{1,40}",
        "(",
    ],
)
def test_slow_patterns_are_refused(pattern: str) -> None:
    assert pattern_fault(pattern, long_text=False)


def test_a_page_takes_no_endless_repeat() -> None:
    assert pattern_fault("a+b", long_text=True)
    assert pattern_fault("a+b", long_text=False) is None


def test_no_pattern_in_use_can_be_made_slow() -> None:
    for product in KNOWN.products:
        for signal in product.signals:
            if signal.match_type != "regex":
                continue
            pattern = re.compile(signal.match)
            size = 524_288 if signal.kind in {"http_body", "http_script"} else 2_048
            stems = {"a", "/", "1", ", O=", ", ", signal.match[:8], "SSH-2.0-", "Server: ", " - "}
            for stem in stems:
                text = stem * (size // len(stem))
                started = time.process_time()
                pattern.search(text)
                assert time.process_time() - started < 0.25, (product.id, signal.match, stem)
