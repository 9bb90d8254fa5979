"""Who is told: read whole, and every fault told with its line."""

from pathlib import Path

import pytest

from core.errors import InventoryInvalid
from core.model import Criticality, Language
from core.operations import Operations
from inventories.operations.load import load_operations

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

WHOLE = f"""
schema = 1
inventories = ["ght.toml"]

[mail]
server = "smtp.grades.example"
from = "vigie@grades.example"
user = "vigie"
password = "file:mail.pass"
ca_file = "ca.pem"

[[recipients]]
id = "rssi-chu"
mail = "rssi@CHU.example"
ghts = ["ght-exemple"]
establishments = ["chu"]
language = "en"
wants = ["alert"]
quiet = ["Mon-Fri 20:00-07:00", "Sat-Sun 00:00-24:00"]
timezone = "Indian/Reunion"
alerts_pierce = false
age = "{KEY}"

[[recipients]]
id = "dsi"
mail = "dsi@chu.example"
openpgp = "ca.pem"
fingerprint = "0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567"

[[webhooks]]
id = "soc"
url = "https://soc.grades.example:8443/vigie?site=1"
secret = "env:SOC_KEY"

[notify]
alert_from = "high"
expiring_days = 15
tries = 4
"""


def load(folder: Path, text: str) -> Operations:
    (folder / "ght.toml").touch()
    (folder / "ca.pem").touch()
    file = folder / "operations.toml"
    file.write_text(text)
    return load_operations(file, Language.EN)


def test_the_sections_are_read(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE)
    assert found.mail is not None
    assert (found.mail.host, found.mail.port, found.mail.tls) == (
        "smtp.grades.example",
        587,
        "starttls",
    )
    assert found.mail.ca_file == str(tmp_path / "ca.pem")
    rssi, dsi = found.recipients
    assert rssi.mail == "rssi@chu.example"
    assert (rssi.language, rssi.wants, rssi.alerts_pierce) == (Language.EN, ("alert",), False)
    assert [one.opens_min for one in rssi.quiet] == [1200, 0]
    assert rssi.can_seal
    assert dsi.fingerprint == "0123456789ABCDEF" * 2 + "01234567"
    assert (dsi.language, dsi.wants, dsi.alerts_pierce) == (
        Language.FR,
        ("digest", "alert", "mandate"),
        True,
    )
    (soc,) = found.webhooks
    assert soc.url == "https://soc.grades.example:8443/vigie?site=1"
    assert found.notify.alert_from is Criticality.HIGH
    assert (found.notify.expiring_days, found.notify.tries) == (15, 4)


def test_nothing_needs_to_be_there(tmp_path: Path) -> None:
    found = load(tmp_path, 'schema = 1\ninventories = ["ght.toml"]\n')
    assert found.mail is None
    assert not found.recipients


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('from = "vigie@grades.example"', 'from = "Vigie <v@g.example>"', "no mail address"),
        ("rssi@CHU.example", "rssi\\r\\nBcc: x@chu.example", "no mail address"),
        ("rssi@CHU.example", "a@b@chu.example", "no mail address"),
        ("file:mail.pass", "hunter2", "reference, never the secret"),
        ("env:SOC_KEY", "prompt", "reference, never the secret"),
        ('"smtp.grades.example"', '"smtp grades"', "is no server"),
        ("[mail]", '[mail]\ntls = "none"', "only to this machine"),
        ("[mail]", "[mial]", "without a mail server"),
        ('"ca.pem"\n\n[[rec', '"none.pem"\n\n[[rec', "no such file"),
        ('"rssi-chu"', '"dsi"', "id already taken"),
        ('"soc"', '"dsi"', "id already taken"),
        ('"soc"', '"S O C"', "lower case"),
        ("https://soc", "http://soc", "wants an https://"),
        ("https://soc", "https://me:pass@soc", "wants an https://"),
        ('["alert"]', '["everything"]', "not admitted for “wants”"),
        ("Mon-Fri 20:00-07:00", "la nuit", "no stretch of hours"),
        ("Indian/Reunion", "Indian/Nowhere", "no time zone"),
        (KEY, "AGE-SECRET-KEY-1", "begins with AGE-SECRET-KEY"),
        ("0123 4567 89ab cdef 0123", "89ab cdef 0123", "whole fingerprint"),
        ('openpgp = "ca.pem"', 'openpgp = "ca.pem"\nsmime = "ca.pem"', "one way to encrypt"),
        ("tries = 4", "tries = 0", "between 1 and 100"),
        ('"high"', '"majeure"', "not admitted for “alert_from”"),
        ("user =", "usr =", "“user”"),
    ],
)
def test_faults_are_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in WHOLE
    with pytest.raises(InventoryInvalid) as caught:
        load(tmp_path, WHOLE.replace(before, after, 1))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
