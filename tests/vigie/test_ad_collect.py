"""``vigie ad collect`` as typed, on a real domain: what it writes, says, and sends but once."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ad_audit.snapshot import Clear, Passphrase, PrivateKey, lock_of, read_snapshot
from core.secrets import Secret
from tests.ad_audit.conftest import dc, templates
from tests.servers.samba import AUDITOR, DOMAIN_DN, PASSWORD, Controller
from tests.vigie.running import ROOT

__all__ = ["dc", "templates"]

pytestmark = pytest.mark.samba


class Desk:
    """A folder with a password, and a state of its own."""

    def __init__(self, folder: Path, dc: Controller) -> None:
        self.folder = folder
        self.dc = dc
        self.put("password", f"{PASSWORD}\n")
        self.put("words", "trois petits chats\n")

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def asked(
        self, *words: str | Path, typed: str = "", lang: str = "fr"
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "vigie", "--lang", lang, *map(str, words)],
            cwd=ROOT,
            env={**os.environ, "VIGIE_STATE_DIR": str(self.folder / "state"), "VIGIE_AD": PASSWORD},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def collect(
        self, *words: str | Path, typed: str = "", lang: str = "fr", user: str = AUDITOR
    ) -> "subprocess.CompletedProcess[str]":
        return self.asked(
            *("ad", "collect", "--server", f"ldaps://{self.dc.address}"),
            *("--user", f"{user}@chu.example", "--ca-file", self.dc.ca_file, *words),
            typed=typed,
            lang=lang,
        )


@pytest.fixture
def desk(tmp_path: Path, dc: Controller) -> Desk:
    return Desk(tmp_path, dc)


def test_a_forest_is_kept_sealed(desk: Desk) -> None:
    out = desk.folder / "chu.vigie-ad"
    words = (
        "--password-file",
        desk.folder / "password",
        "--passphrase-file",
        desk.folder / "words",
    )
    done = desk.collect(*words, "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Forêt chu.example, lue par audit-ro@chu.example" in done.stdout
    assert "descripteurs lus : 100 %" in done.stdout
    assert "Non lu" not in done.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    collection, objects = read_snapshot(out, Passphrase(Secret("trois petits chats")))
    assert collection.finished_at is not None
    assert any(one.dn == DOMAIN_DN for one in objects)
    log = [json.loads(line) for line in (desk.folder / "state/ad.log").read_text().splitlines()]
    assert {"directory-opened", "directory-collected"} <= {one["event"] for one in log}
    assert PASSWORD not in (desk.folder / "state/ad.log").read_text()


def test_for_a_public_key_from_an_inventory(desk: Desk) -> None:
    key = X25519PrivateKey.generate()
    private, public = desk.folder / "private.pem", desk.folder / "public.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    (desk.folder / "ca.pem").write_bytes(desk.dc.ca_file.read_bytes())
    inventory = desk.put(
        "ght.toml",
        f"""schema = 1
lab = true
[ght]
id = "ght"
name = "GHT"
region = "R"
timezone = "Europe/Paris"
[[establishments]]
id = "chu"
name = "CHU"
domains = ["chu.example"]
ranges = ["127.0.0.0/24"]
contact = "rssi@chu.example"
[[directories]]
id = "chu-ad"
establishment = "chu"
server = "ldaps://{desk.dc.address}"
user = "{AUDITOR}@chu.example"
password = "env:VIGIE_AD"
ca_file = "ca.pem"
""",
    )
    out = desk.folder / "s"
    words = ("ad", "collect", "--inventory", inventory, "--directory")
    done = desk.asked(*words, "chu-ad", "--public-key", public, "-o", out)
    assert done.returncode == 0, done.stderr
    assert lock_of(out) == "x25519"
    assert read_snapshot(out, PrivateKey(private))[0].forest == "chu.example"
    unknown = desk.asked(*words, "autre", "--public-key", public, "-o", out)
    assert unknown.returncode == 2
    assert "choisir parmi : chu-ad" in unknown.stderr
    assert desk.asked("stop", "--establishment", "chu").returncode in {0, 2}
    assert desk.asked("stop", "--all").returncode == 0
    stopped = desk.asked(*words, "chu-ad", "--public-key", public, "-o", out)
    assert stopped.returncode == 4


def test_in_clear_it_says_so(desk: Desk) -> None:
    out = desk.folder / "s"
    done = desk.collect("--password-stdin", "--clear", "-o", out, typed=f"{PASSWORD}\n", lang="en")
    assert done.returncode == 0
    assert "snapshot in clear, as you asked" in done.stderr
    assert read_snapshot(out, Clear())[0].forest == "chu.example"
    assert "snapshot-in-clear" in (desk.folder / "state/ad.log").read_text()


def test_a_fingerprint_is_logged(desk: Desk) -> None:
    done = desk.asked(
        *("ad", "collect", "--server", f"ldaps://{desk.dc.address}", "--clear"),
        *("--user", f"CHU\\{AUDITOR}", "--password-file", desk.folder / "password"),
        *("--fingerprint", desk.dc.fingerprint, "-o", desk.folder / "s"),
    )
    assert done.returncode == 0, done.stderr
    assert "certificat admis par sa seule empreinte" in done.stderr
    assert "directory-fingerprint-trusted" in (desk.folder / "state/ad.log").read_text()
    assert read_snapshot(desk.folder / "s", Clear())[0].account_sid


def test_what_cannot_work_costs_no_password(desk: Desk) -> None:
    out = desk.folder / "s"
    file = ("--password-file", desk.folder / "password")
    before = _tried(desk.dc)
    for words in (
        (*file, "-o", out),
        (*file, "--password-stdin", "--clear", "-o", out),
        (*file, "--clear", "--public-key", desk.folder / "none.pem", "-o", out),
        (*file, "--public-key", desk.folder / "none.pem", "-o", out),
        (*file, "--clear", "-o", desk.folder / "no" / "s"),
        (*file, "--clear", "--directory", "x", "-o", out),
        ("--clear", "-o", out),
    ):
        done = desk.collect(*words)
        assert done.returncode == 2, (words, done.stderr)
        assert PASSWORD not in done.stderr
    other = desk.put("other.pem", "no authority")
    done = desk.asked(
        *("ad", "collect", "--server", f"ldaps://{desk.dc.address}", "--clear", "-o", out),
        *("--user", f"{AUDITOR}@chu.example", *file, "--ca-file", other),
    )
    assert done.returncode == 5
    assert "autorités est illisible" in done.stderr
    assert not out.exists()
    assert _tried(desk.dc) == before


def test_a_refused_account_is_shown_once(desk: Desk) -> None:
    wrong = desk.put("wrong", "not the password")
    words = ("--password-file", wrong, "--clear", "-o", desk.folder / "s")
    before = _tried(desk.dc)
    done = desk.collect(*words)
    assert done.returncode == 5
    assert "le nom ou le mot de passe est refusé" in done.stderr
    assert "jamais rejouée" in done.stderr
    assert _tried(desk.dc) == before + 1
    last = json.loads((desk.folder / "state/ad.log").read_text().splitlines()[-1])
    assert (last["event"], last["fault"]) == ("directory-failed", "credential")
    assert not (desk.folder / "s").exists()
    # The good one sets it back, as every logon does.
    assert desk.collect("--password-file", desk.folder / "password", *words[2:]).returncode == 0


def _tried(dc: Controller) -> int:
    found = dc.attribute(f"CN={AUDITOR},CN=Users,{DOMAIN_DN}", "badPwdCount")
    return int(found[0]) if found else 0
