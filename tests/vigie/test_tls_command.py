"""``vigie tls``: within the mandate, for people and for machines, in both languages."""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.store.store import Store
from tests.servers.real import free_port
from tests.servers.tls_certs import Issued, issue
from tests.servers.tls_real import nginx, openssl_server
from vigie.cli import run

INVENTORY = """schema = 1
lab = true
[ght]
id = "ght-essai"
name = "GHT Essai"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["127.0.0.1/32"]
domains = ["chu.example"]
exclude = ["127.0.0.9/32"]
[[mandates]]
establishments = ["chu"]
signed_by = "x"
document = "m.pdf"
valid_from = 2020-01-01
valid_until = 2099-12-31
intensity = "standard"
[limits]
packets_per_second = 5000
packets_per_second_per_prefix24 = 5000
packets_per_second_per_host = 5000
connections_per_host = 4
"""


class Desk:
    """Where an operator types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = folder / "i.toml"
        self.inventory.write_text(INVENTORY, encoding="utf-8")
        self.store = f"sqlite:///{folder / 'v.db'}"

    def says(self, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        argv = ["tls", *words, "--inventory", str(self.inventory)]
        argv += ["--state-dir", str(self.folder / "state"), "--db", self.store]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(argv)
        return code, out.getvalue(), err.getvalue()

    def json(self, *words: str) -> dict[str, Any]:
        code, out, err = self.says(*words, "--json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        assert found["schema"] == "vigie.tls/1"
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def leaf() -> Issued:
    return issue("portail.chu.example", names=("portail.chu.example",))


@pytest.fixture(scope="module")
def server(leaf: Issued, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    chain, key = leaf.files(tmp_path_factory.mktemp("tls"))
    options = ("-cipher", "DEFAULT:@SECLEVEL=0", "-min_protocol", "TLSv1", "-max_protocol")
    with openssl_server(chain, key, *options, "TLSv1.2") as port:
        yield port


@pytest.mark.real
def test_a_sheet_in_both_languages(desk: Desk, server: int) -> None:
    code, out, _ = desk.says(f"127.0.0.1:{server}")
    assert code == 0
    assert f"127.0.0.1:{server} — note D" in out
    assert "Référentiel : ANSSI" in out
    assert "TLS 1.0 accepté" in out
    # The language of the help is chosen once a process.
    words = [f"127.0.0.1:{server}", "--inventory", str(desk.inventory), "--lang", "en"]
    words += ["--state-dir", str(desk.folder / "state"), "--db", desk.store]
    argv = [sys.executable, "-m", "vigie", "tls", *words]
    english = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "grade D" in english
    assert "TLS 1.0 accepted" in english
    assert "Reference: ANSSI" in english


@pytest.mark.real
def test_json_holds_everything_seen(desk: Desk, server: int, leaf: Issued) -> None:
    found = desk.json(f"127.0.0.1:{server}", "--sni", "portail.chu.example")
    (one,) = found["endpoints"]
    assert one["asset"]["ip"] == "127.0.0.1"
    assert one["status"] == "ok"
    assert one["seen"]["tls1_0"] is True
    assert one["seen"]["sni"] == "portail.chu.example"
    assert one["seen"]["chain"][0]["names"] == ["portail.chu.example"]
    assert one["grade"]["letter"] == "D"
    found_ids = {each["check"] for each in one["findings"]}
    assert {"tls.tls1-0", "tls.tls1-1", "cert.self-signed"} <= found_ids
    assert "cert.name-mismatch" not in found_ids
    assert all(each["evidence"] for each in one["findings"])


@pytest.mark.real
def test_json_holds_a_certificate_of_each_kind_of_key(
    desk: Desk, leaf: Issued, tmp_path: Path
) -> None:
    name = "portail.chu.example"
    other = issue(name, names=(name,), rsa_bits=2048)
    pairs = "".join(
        f"ssl_certificate {chain}; ssl_certificate_key {key};"
        for chain, key in (one.files(tmp_path) for one in (leaf, other))
    )
    for version in ("TLSv1.2", "TLSv1.3"):
        with nginx(tmp_path, f"{pairs} ssl_protocols {version}; return 204;") as port:
            (one,) = desk.json(f"127.0.0.1:{port}", "--sni", name)["endpoints"]
        chains = [one["seen"]["chain"], *(other["chain"] for other in one["seen"]["also_shown"])]
        assert sorted(chain[0]["key_type"] for chain in chains) == ["ec", "rsa"]
        (own,) = [each for each in one["findings"] if each["check"] == "cert.self-signed"]
        assert len(own["evidence"]) == 2


@pytest.mark.real
def test_another_name_is_another_certificate(desk: Desk, server: int) -> None:
    (one,) = desk.json(f"127.0.0.1:{server}", "--sni", "autre.chu.example")["endpoints"]
    assert "cert.name-mismatch" in {each["check"] for each in one["findings"]}


@pytest.mark.real
def test_fail_on(desk: Desk, server: int) -> None:
    assert desk.says(f"127.0.0.1:{server}", "--fail-on", "high")[0] == 10
    assert desk.says(f"127.0.0.1:{server}", "--fail-on", "critical")[0] == 0


@pytest.mark.real
def test_the_profile_of_the_inventory_judges(desk: Desk, leaf: Issued, tmp_path: Path) -> None:
    chain, key = leaf.files(tmp_path)
    both = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256"
    with openssl_server(chain, key, "-cipher", both) as port:
        ids = {each["check"] for each in desk.json(f"127.0.0.1:{port}")["endpoints"][0]["findings"]}
        text = INVENTORY + '[tls]\nprofile = "mozilla-intermediate"\n'
        desk.inventory.write_text(text, encoding="utf-8")
        strict = desk.json(f"127.0.0.1:{port}")
    assert strict["profile"] == "mozilla-intermediate"
    (outside,) = [
        each for each in strict["endpoints"][0]["findings"] if each["check"] == "tls.outside-policy"
    ]
    assert any("intermediate" in text for text in outside["evidence"])
    assert "tls.outside-policy" not in ids
    assert "tls.tls1-0" not in ids


@pytest.mark.real
def test_several_at_once(desk: Desk, server: int, leaf: Issued, tmp_path: Path) -> None:
    chain, key = leaf.files(tmp_path)
    closed = free_port()
    tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
    with nginx(tmp_path, f"{tls} location / {{ return 204; }}") as modern:
        asked = [f"127.0.0.1:{port}" for port in (server, modern, closed)]
        found = desk.json(*asked)["endpoints"]
    assert [one["asset"]["port"] for one in found] == [server, modern, closed]
    assert [one["status"] for one in found] == ["ok", "ok", "refused"]
    assert found[1]["seen"]["tls1_3"] is True
    assert found[1]["seen"]["tls1_2"] is False
    assert found[2]["grade"] is None


def test_refused_outside_the_mandate(desk: Desk) -> None:
    for outside in ("127.0.0.2", "127.0.0.9:443", "192.0.2.1", "ailleurs.example"):
        code, out, err = desk.says(outside)
        assert code == 4, outside
        assert "hors mandat" in err
        assert not out


def test_one_refused_and_nothing_is_sent_to_any(desk: Desk) -> None:
    assert desk.says("127.0.0.1:443", "127.0.0.2:443")[0] == 4
    log = (desk.folder / "state" / "tls.log").read_text(encoding="utf-8")
    assert '"sent"' not in log


def test_stopped_is_stopped(desk: Desk) -> None:
    store = Store(desk.store)
    store.hold("*", at=datetime.now(UTC), who="essai")
    store.close()
    code, _, err = desk.says("127.0.0.1:443")
    assert code == 4
    assert "vigie stop" in err


def test_nobody_there(desk: Desk) -> None:
    assert desk.says(f"127.0.0.1:{free_port()}")[0] == 5


def test_a_quiet_port_hears_nothing_from_us(desk: Desk) -> None:
    code, out, _ = desk.says("127.0.0.1:9100")
    assert code == 0
    assert "rien n'est envoyé" in out


@pytest.mark.parametrize("wrong", ["127.0.0.1:0", "127.0.0.1:70000", ":443", "a:b", "127.0.0.1:"])
def test_misuse(desk: Desk, wrong: str) -> None:
    assert desk.says(wrong)[0] == 2


def test_a_name_needs_a_resolver(desk: Desk) -> None:
    code, _, err = desk.says("portail.chu.example")
    assert code == 2
    assert "résolveur" in err


@pytest.mark.real
def test_roots_of_the_inventory_are_trusted(desk: Desk, tmp_path: Path) -> None:
    authority = issue("IGC interne", ca=True)
    inner = issue("portail.chu.example", by=authority, names=("portail.chu.example",))
    chain, key = inner.files(tmp_path)
    (desk.folder / "igc.pem").write_bytes(authority.pem)
    (desk.folder / "igc.cer").write_bytes(authority.der)
    with openssl_server(chain, key) as port:
        (unknown,) = desk.json(f"127.0.0.1:{port}")["endpoints"]
        assert unknown["seen"]["trust"] == "private"
        assert "cert.untrusted-chain" in {each["check"] for each in unknown["findings"]}
        # Authorities publish PEM or DER.
        for file in ("igc.pem", "igc.cer"):
            text = INVENTORY + f'[tls]\nroots = ["{file}"]\n'
            desk.inventory.write_text(text, encoding="utf-8")
            (known,) = desk.json(f"127.0.0.1:{port}")["endpoints"]
            assert known["seen"]["trust"] == "declared"
            assert "cert.untrusted-chain" not in {each["check"] for each in known["findings"]}


@pytest.mark.real
def test_a_certificate_does_not_command_the_terminal(desk: Desk, tmp_path: Path) -> None:
    chain, key = issue("\x1b[2J\x1b]0;owned\x07 \u202egro.live").files(tmp_path)
    with openssl_server(chain, key) as port:
        code, out, _ = desk.says(f"127.0.0.1:{port}")
    assert code == 0
    assert "owned" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\u202e" not in out
