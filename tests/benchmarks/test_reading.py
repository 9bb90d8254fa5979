"""What the benchmarks read: nmap's report, cut short too, and the fullest second of a capture."""

from pathlib import Path

from benchmarks.scan.peer import read_report
from benchmarks.scan.rates import peak
from benchmarks.scan.truth import mark

_HEAD = "<nmaprun>"
_TLS_ONLY = """
<host><address addr="127.20.1.1"/><ports><port portid="3389"><state state="open"/>
<service name="ms-wbt-server" method="table"/>
<script id="rdp-enum-encryption"
 output="&#xa;  Security layer&#xa;    CredSSP (NLA): SUCCESS&#xa;    SSL: SUCCESS&#xa;"/>
</port></ports></host>"""
_WEB = """
<host><address addr="127.20.1.2"/><ports><port portid="443"><state state="open"/>
<service name="http" tunnel="ssl" method="probed"/>
<script id="ssl-cert" output="">
<table key="pubkey"><elem key="type">rsa</elem><elem key="bits">1024</elem></table>
<table key="validity"><elem key="notAfter">2001-01-01T00:00:00</elem></table></script>
<script id="ssl-enum-ciphers" output="TLS_DHE_RSA_WITH_AES_256_CBC_SHA (dh 1024)">
<table key="TLSv1.0"/><table key="TLSv1.2"/></script>
</port><port portid="80"><state state="closed"/></port></ports></host>"""


def _read(
    tmp_path: Path, text: str
) -> tuple[frozenset[str], dict[tuple[str, int], dict[str, str]]]:
    report = tmp_path / "nmap.xml"
    report.write_text(text, encoding="utf-8")
    finished, said = read_report(report)
    places: dict[tuple[str, int], dict[str, str]] = {}
    for (question, place), answer in said.items():
        places.setdefault(place, {})[question] = answer
    return finished, places


def test_what_nmap_states(tmp_path: Path) -> None:
    finished, places = _read(tmp_path, f"{_HEAD}{_TLS_ONLY}{_WEB}</nmaprun>")
    assert finished == {"127.20.1.1", "127.20.1.2"}
    # A name taken from the table of ports is a guess, shown as such: it answers nothing.
    assert places["127.20.1.1", 3389] == {
        "RDP with NLA": "True",
        "rdp.nla-not-required": "True",
        "rdp.standard-security-accepted": "False",
    }
    assert places["127.20.1.2", 443] == {
        "protocol": "http",
        "TLS": "True",
        "tls.tls1-0": "True",
        "tls.tls1-1": "False",
        "tls.no-tls1-2": "False",
        "tls.weak-dh": "True",
        "cert.expired": "True",
        "cert.expires-soon": "False",
        "cert.weak-key": "True",
    }


def test_a_report_cut_in_the_middle(tmp_path: Path) -> None:
    finished, _ = _read(tmp_path, f"{_HEAD}{_TLS_ONLY}{_WEB[:200]}")
    assert finished == {"127.20.1.1"}
    assert _read(tmp_path, "") == (frozenset(), {})


def test_marks() -> None:
    here, away = ("127.20.1.1", 3389), ("127.20.9.9", 3389)
    truth = {
        ("RDP with NLA", here): "False",
        ("protocol", here): "rdp",
        ("protocol", away): "rdp",
        ("TLS", here): "True",
    }
    said = {("RDP with NLA", here): "True", ("protocol", here): "rdp"}
    marks = mark(said, truth, frozenset({here[0]}))
    assert marks.right == 1
    assert marks.wrong == {"RDP with NLA: says True, is False": 1}
    assert marks.unsaid == {"TLS": 1}


def test_the_fullest_second_slides() -> None:
    syns = [(0.5, b"a"), (0.9, b"a"), (1.4, b"a"), (1.49, b"b"), (1.5, b"a"), (9.0, b"b")]
    whole = peak(syns, 3, lambda _: "all")
    assert (whole.seen, whole.cap) == (4, 3)
    assert peak(syns, 3, lambda to: to.decode()).seen == 3
