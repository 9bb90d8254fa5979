"""Ticketing systems: read whole, and every fault told with its line and what to write."""

from pathlib import Path

import pytest

from core.errors import InventoryInvalid
from core.model import Criticality, Language
from core.operations import Destination, Operations
from inventories.operations.load import load_operations
from inventories.operations.trackers import KINDS

WHOLE = """\
schema = 1
inventories = ["ght.toml"]

[[trackers]]
id = "glpi-grades"
kind = "glpi"
url = "https://tickets.grades.example/apirest.php/"
secrets = { user_token = "env:GLPI_USER", app_token = "file:app.txt", key = "keyring:vigie/glpi" }
options = { user = "vigie", pages = 3 }
ca_file = "ca.pem"
language = "en"
ghts = ["ght-exemple"]
minimum = "high"
may_close = true
priorities = { critical = 5, high = "4" }
fields = { category = "Sécurité" }

[[trackers.destinations]]
establishments = ["chu"]
place = "CHU"
priorities = { critical = 6 }

[[trackers.destinations]]
place = "Autres"

[[trackers.gather]]
id = "certificats"
checks = ["cert.*", "tls.weak-cipher"]
by = ["host"]

[[trackers]]
id = "soc"
kind = "webhook"
url = "http://127.0.0.1:8080"
"""


def load(folder: Path, text: str, language: Language = Language.EN) -> Operations:
    (folder / "ght.toml").touch()
    (folder / "ca.pem").touch()
    file = folder / "region.toml"
    file.write_text(text)
    return load_operations(file, language)


def test_the_sections_are_read(tmp_path: Path) -> None:
    glpi, soc = load(tmp_path, WHOLE).trackers
    assert glpi.url == "https://tickets.grades.example/apirest.php"
    assert glpi.secrets == {
        "user_token": "env:GLPI_USER",
        "app_token": f"file:{tmp_path / 'app.txt'}",
        "key": "keyring:vigie/glpi",
    }
    assert glpi.options == {"user": "vigie", "pages": "3"}
    assert glpi.ca_file == str(tmp_path / "ca.pem")
    assert (glpi.language, glpi.minimum) == (Language.EN, Criticality.HIGH)
    assert (glpi.may_close, glpi.may_reopen, glpi.attach) == (True, False, False)
    chu, others = glpi.destinations
    assert chu.priorities == {"critical": "6", "high": "4"}
    assert others.priorities == {"critical": "5", "high": "4"}
    assert others.fields == {"category": "Sécurité"}
    assert glpi.destination("chu") == chu
    assert glpi.destination("ch") == others
    assert glpi.gather[0].checks == ("cert.*", "tls.weak-cipher")
    assert soc.destinations == (Destination(place=""),)
    assert (soc.language, soc.minimum) == (Language.FR, Criticality.MEDIUM)


_URL_FR = "« url » attend une adresse https:// sans compte ni paramètre ; écrire par exemple"
_URL_EN = "“url” wants an https:// address without account or parameter; write for example"
_CLEAR = ("sans https, le mot de passe voyage en clair ; écrire https://", "write https://")
_REFERENCE = (
    "est une référence, jamais le secret ; écrire env:NOM, file:CHEMIN ou keyring:SERVICE/NOM",
    "is a reference, never the secret; write env:NAME, file:PATH or keyring:SERVICE/NAME",
)
_USER = '"env:GLPI_USER"'
_BASE = "https://tickets.grades.example/apirest.php/"
_FAULTS: list[tuple[str, str, int, str, str]] = [
    # What stands there, what is put in its place, the line, and what is said in both languages.
    ('id = "glpi-grades"\n', "", 4, 'ajouter id = "glpi-grades"', 'add id = "glpi-grades"'),
    ('"glpi-grades"', '"GLPI !"', 5, 'écrire par exemple "glpi', 'write for example "glpi'),
    ('"soc"', '"glpi-grades"', 32, "déjà pris : glpi-grades ; en choisir un", "choose another"),
    ('"certificats"', '"glpi-grades?"', 27, 'exemple "certificats"', 'example "certificats"'),
    ('kind = "glpi"\n', "", 4, 'ajouter kind = "glpi"', 'add kind = "glpi"'),
    ('"glpi"', '"gpli"', 6, 'pour « kind » ; écrire "glpi"', 'for “kind”; write "glpi"'),
    ('"glpi"', '"mantis"', 6, " ou ".join(f'"{one}"' for one in KINDS), '"rt" or "servicenow"'),
    (f'url = "{_BASE}"\n', "", 4, 'ajouter url = "https://', 'add url = "https://'),
    (_BASE, "tickets.grades.example", 7, _URL_FR, _URL_EN),
    (_BASE, "ftp://tickets.grades.example", 7, _URL_FR, _URL_EN),
    (_BASE, "https://me:hunter2@tickets.grades.example", 7, _URL_FR, _URL_EN),
    (_BASE, "https://tickets.grades.example?key=hunter2", 7, _URL_FR, _URL_EN),
    (_BASE, "https://tickets.grades.example/é", 7, _URL_FR, _URL_EN),
    (_BASE, "https://tickets.grades.example/\\r\\nX", 7, _URL_FR, _URL_EN),
    (_BASE, "http://tickets.grades.example", 7, *_CLEAR),
    (_BASE, "HTTP://tickets.grades.example", 7, *_CLEAR),
    (_USER, '"hunter2"', 8, *_REFERENCE),
    (_USER, '"prompt"', 8, *_REFERENCE),
    (_USER, '"env:a b"', 8, *_REFERENCE),
    (_USER, '"keyring:vigie"', 8, *_REFERENCE),
    (_USER, '""', 8, *_REFERENCE),
    (_USER, "31415926", 8, *_REFERENCE),
    (_USER, '["hunter2"]', 8, *_REFERENCE),
    ("pages = 3", "pages = true", 9, "« pages » attend un texte", "“pages” wants a text"),
    ("pages = 3", "pages = 1.5", 9, "« pages » attend un texte", "“pages” wants a text"),
    (
        'options = { user = "vigie", pages = 3 }',
        'options = "hunter2"',
        9,
        "« options » est une table ; écrire [trackers.options]",
        "“options” is a table; write [trackers.options]",
    ),
    ('"ca.pem"', '"none.pem"', 10, "none.pem ; écrire le chemin", "none.pem; write the path"),
    ('"ca.pem"', "3", 10, "« ca_file » attend un texte entre guillemets", "“ca_file” wants a text"),
    ('"en"', '"de"', 11, 'pour « language » ; écrire "fr" ou "en"', 'write "fr" or "en"'),
    ('["ght-exemple"]', '"ght"', 12, '« ghts » est une liste ; écrire ["ght"]', 'write ["ght"]'),
    ('["ght-exemple"]', "[3]", 12, "que des textes ; écrire", "holds texts only; write"),
    ('"high"\nmay', '"hihg"\nmay', 13, 'écrire "high"', 'write "high"'),
    ("= true", '= "true"', 14, "écrire may_close = true", "write may_close = true"),
    ("critical = 5", "critique = 5", 15, "« critique » ; écrire « critical »", "write “critical”"),
    ("critical = 5", "critical = []", 15, "« critical » attend un texte", "“critical” wants"),
    ('"Sécurité"', "[]", 16, "« category » attend un texte", "“category” wants a text"),
    ('place = "CHU"', "", 18, 'ajouter place = "Sécurité"', 'add place = "Sécurité"'),
    ('place = "CHU"', 'place = "CHU"\npalce = "x"', 21, "écrire « place »", "write “place”"),
    ('["chu"]', '"chu"', 19, 'écrire ["chu"]', 'write ["chu"]'),
    ('["cert.*", "tls.weak-cipher"]', "[]", 26, 'ajouter checks = ["cert.*"]', "add checks"),
    ('"cert.*"', '"cert"', 28, '"cert.expired" ou "cert.*"', 'write for example "cert.expired"'),
    ('["host"]', '["asset"]', 29, '"check" ou "domain" ou "host"', '"check" or "domain"'),
    ("may_close", "may_shut", 14, "clé inconnue « may_shut » ; clés admises", "keys admitted: "),
    ("may_close", "may_cloze", 14, "écrire « may_close »", "write “may_close”"),
    ("[[trackers.gather]]", "[trackers.gather]", 26, "[[trackers.gather]]", "[[trackers.gather]]"),
]


@pytest.mark.parametrize(("before", "after", "line", "french", "english"), _FAULTS)
def test_each_fault_is_told_where_it_is(
    tmp_path: Path, before: str, after: str, line: int, french: str, english: str
) -> None:
    assert before in WHOLE
    text = WHOLE.replace(before, after, 1)
    for language, said in ((Language.FR, french), (Language.EN, english)):
        with pytest.raises(InventoryInvalid) as caught:
            load(tmp_path, text, language)
        (fault,) = caught.value.faults
        assert fault.startswith(f"{tmp_path / 'region.toml'}:{line}: ")
        assert said in fault
        assert "hunter2" not in fault
        assert "31415926" not in fault


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.FR, "ajouter [[trackers.destinations]], et dessous place"),
        (Language.EN, "add [[trackers.destinations]], and below it place"),
    ],
)
def test_tickets_must_go_somewhere(tmp_path: Path, language: Language, said: str) -> None:
    text = WHOLE.replace('"webhook"', '"rt"')
    with pytest.raises(InventoryInvalid) as caught:
        load(tmp_path, text, language)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{tmp_path / 'region.toml'}:31: ")
    assert said in fault


def test_what_is_missing_twice_is_not_called_taken(tmp_path: Path) -> None:
    text = WHOLE.replace('id = "glpi-grades"\n', "").replace('id = "soc"\n', "")
    with pytest.raises(InventoryInvalid) as caught:
        load(tmp_path, text)
    assert len(caught.value.faults) == 2
    assert all("“id” is missing" in fault for fault in caught.value.faults)


def test_an_unquoted_secret_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(InventoryInvalid) as caught:
        load(tmp_path, WHOLE.replace(_USER, "hunter2"))
    assert "hunter2" not in str(caught.value)
