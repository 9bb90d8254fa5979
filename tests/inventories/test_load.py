"""Loading: every fault with its line and what to write instead, all at once."""
# ruff: noqa: E501  a table of cases reads best with one case a line

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InventoryInvalid, UsageError
from core.inventory import Expected, Inventory, Limits
from core.model import Intensity, Language
from inventories.load import LARGEST_BYTES, Reading, load_inventory, parse_ports, read_inventory
from inventories.starting import MARK, starting_inventory

EXAMPLES = sorted(Path(__file__).parents[2].glob("inventories/examples/*.toml"))

WHOLE = """\
schema = 1
lab = false

[ght]
id = "ght-exemple"
name = "GHT Exemple"
region = "Région Exemple"
timezone = "Europe/Paris"

[[establishments]]
id = "chu-exemple"
name = "CHU d'Exemple"
finess = "010003820"
ranges = ["203.0.113.0/24", "2001:db8:10::/120"]
domains = ["chu.example"]
exclude = ["203.0.113.7", "203.0.113.128/28", "fragile.chu.example"]
medical = ["203.0.113.64/28"]
contact = "rssi@chu.example"

[[mandates]]
establishments = ["chu-exemple"]
signed_by = "Direction générale"
document = "mandat-2026-014.pdf"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
valid_from = 2026-01-01
valid_until = 2026-12-31
intensity = "standard"
windows = ["Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00"]
emergency = "+33 1 00 00 00 00"

[[consents]]
holder = "Hébergeur Exemple"
covers = ["portail.hebergeur.example"]
document = "accord-2026-003.pdf"
valid_from = 2026-01-01
valid_until = 2026-12-31
intensity = "discreet"

[[expected]]
asset = "203.0.113.10"
port = 443
product = "fortinet_fortios"
owner = "DSI"
justification = "VPN du personnel"
mfa = "yes"
review_by = 2026-09-30

[limits]
packets_per_second = 200
packets_per_second_per_prefix24 = 100
packets_per_second_per_host = 20
connections_per_host = 4

[[directories]]
id = "chu-ad"
establishment = "chu-exemple"
server = "ldaps://dc1.chu.example"
user = "svc-audit@chu.example"
password = "env:VIGIE_CHU_AD"
ca_file = "igc-interne.pem"
role = "production"

[ports]
tcp = "3389,8443,10443"
udp = "500,4500,1194"

[services]
resolvers = ["192.0.2.53", "127.0.0.1:5353", "[2001:db8::53]:53"]
canary = "canary.grades.example"
shodan = "https://api.shodan.example"
operator = "securite@grades.example"
ct = "https://crt.example"
"""


def reading(
    tmp_path: Path, text: str | bytes, language: Language = Language.FR, today: date | None = None
) -> Reading:
    file = tmp_path / "i.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_inventory(file, language=language, today=today)


def told(tmp_path: Path, text: str | bytes, language: Language = Language.FR) -> list[str]:
    """Give the faults without the folder: « 3: sentence »."""
    found = reading(tmp_path, text, language).faults
    prefix = f"{tmp_path / 'i.toml'}:"
    assert all(fault.startswith(prefix) for fault in found)
    return [fault.removeprefix(prefix) for fault in found]


def line_of(text: str, needle: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if needle in line)


def test_the_whole_format(tmp_path: Path) -> None:
    found = reading(tmp_path, WHOLE, today=date(2026, 6, 1))
    assert (found.faults, found.warnings) == ((), ())
    inventory = found.inventory
    assert inventory is not None
    assert inventory.establishments[0].exclude == (
        "203.0.113.7/32",
        "203.0.113.128/28",
        "fragile.chu.example",
    )
    assert inventory.mandates[0].windows[0].closes_min == 1800
    assert inventory.mandates[0].intensity is Intensity.STANDARD
    assert inventory.expected[0] == Expected(
        asset="203.0.113.10",
        port=443,
        product="fortinet_fortios",
        owner="DSI",
        justification="VPN du personnel",
        mfa="yes",
        review_by=date(2026, 9, 30),
    )
    assert inventory.limits == Limits()
    assert inventory.ports.tcp == ((3389, 3389), (8443, 8443), (10443, 10443))
    assert inventory.services.resolvers == ("192.0.2.53", "127.0.0.1:5353", "[2001:db8::53]:53")
    assert inventory.services.ct == ("https://crt.example",)
    assert inventory.services.others == {}


def test_texts_are_normalised(tmp_path: Path) -> None:
    text = WHOLE.replace(
        'domains = ["chu.example"]', 'domains = ["CHU.example.", "Hôpital.example"]'
    )
    text = text.replace('"2001:db8:10::/120"', '"2001:0DB8:0010:0000::/120"')
    inventory = reading(tmp_path, text).inventory
    assert inventory is not None
    assert inventory.establishments[0].domains == ("chu.example", "xn--hpital-ixa.example")
    assert inventory.establishments[0].ranges == ("203.0.113.0/24", "2001:db8:10::/120")


CHANGES = [
    # what stands in the file, what is written instead, words of the sentence, words of the remedy
    ("schema = 1", "schema = 2", "format 2 inconnu", "écrire schema = 1"),
    ("schema = 1", 'schema = "1"', "« schema » attend un nombre", "schema = 1"),
    ("lab = false", 'lab = "false"', "true ou false", "écrire lab = false"),
    ("lab = false", "lb = false", "clé inconnue « lb »", "« lab »"),
    ("lab = false", "zzzz = 1", "clé inconnue « zzzz »", "clés admises"),
    ('id = "ght-exemple"', 'id = "GHT d\'Exemple"', "lettres sans accent", '"ght-d-exemple"'),
    ('timezone = "Europe/Paris"', 'timezone = "Europe/Pari"', "fuseau", '"Europe/Paris"'),
    ('timezone = "Europe/Paris"', 'timezone = "../../etc/passwd"', "fuseau", '"Europe/Paris"'),
    ('timezone = "Europe/Paris"', 'timezone = "Paris"', "fuseau", "écrire"),
    ('finess = "010003820"', "finess = 750712184", "texte entre guillemets", '"750712184"'),
    ('finess = "010003820"', "finess = 010003820", "zéro initial", "entre guillemets"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.1/24"', "bits de machine", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.0/33"', "33", "écrire"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.0/255.255.255.0"', "préfixe", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["3405803776"', "forme pointée", '"203.0.113.0"'),
    ('ranges = ["203.0.113.0/24"', "ranges = [3405803776", "que des textes", '"203.0.113.0"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["0xcb007100"', "forme pointée", '"203.0.113.0"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["0313.0.0161.0/24"', "forme pointée", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.010"', "octal ou en décimal", '"203.0.113.10"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["::ffff:203.0.113.0/120"', "IPv4 écrite en IPv6", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.0-203.0.113.255"', "CIDR", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["203.0.113.*"', "CIDR", '"203.0.113.0/24"'),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["fe80::1%eth0"', "zone", "fe80::1"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["10.0.0.0/8"', "RFC 1918", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["8.0.0.0/5"', "RFC 1918", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["127.0.0.1"', "boucle locale", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["169.254.0.0/16"', "lien local", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["100.64.0.0/10"', "RFC 6598", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["fd00::/8"', "RFC 4193", "lab = true"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["224.0.0.0/24"', "multidiffusion", "jamais contactée"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["0.0.0.0/0"', "jamais contactée", "écrire"),
    ('ranges = ["203.0.113.0/24"', 'ranges = ["chu.example"', "n'est pas une adresse", "203.0.113.0/24"),
    ('ranges = ["203.0.113.0/24", "2001:db8:10::/120"]', 'ranges = "203.0.113.0/24"', "une liste", '["203.0.113.0/24"]'),
    ('domains = ["chu.example"]', 'domains = ["https://chu.example/"]', "nom d'hôte", '"chu.example"'),
    ('domains = ["chu.example"]', 'domains = ["*.chu.example"]', "nom d'hôte", '"chu.example"'),
    ('domains = ["chu.example"]', 'domains = ["203.0.113.9"]', "est une adresse", "« ranges »"),
    ('domains = ["chu.example"]', 'domains = ["chu..example"]', "nom d'hôte", "écrire"),
    ('"203.0.113.128/28"', '"203.0.113.129/28"', "bits de machine", '"203.0.113.128/28"'),
    ('medical = ["203.0.113.64/28"]', "medical = [true]", "que des textes", "guillemets"),
    ('establishments = ["chu-exemple"]', 'establishments = ["chu-exemples"]', "inconnu", '"chu-exemple"'),
    ('establishments = ["chu-exemple"]', 'covers = ["198.51.100.0/24"]', "sort des plages", "« ranges »"),
    ('establishments = ["chu-exemple"]', 'covers = ["203.0.112.0/22"]', "sort des plages", '"203.0.113.0/24"'),
    ('establishments = ["chu-exemple"]', "establishments = []", "est vide", "retirer la ligne"),
    ('establishments = ["chu-exemple"]\n', "", "ne couvre rien", "covers"),
    ("sha256 = \"9f86d081884c", 'sha256 = "zz', "64 chiffres", "sha256sum"),
    ("valid_from = 2026-01-01\nvalid_until = 2026-12-31\nintensity = \"standard\"", 'valid_from = "01/02/2026"\nvalid_until = 2026-12-31\nintensity = "standard"', "est une date", "2026-02-01 sans guillemets"),
    ("valid_until = 2026-12-31\nintensity = \"standard\"", 'valid_until = 2026-12-31T10:00:00\nintensity = "standard"', "sans heure", "2026-12-31"),
    ("valid_until = 2026-12-31\nintensity = \"standard\"", 'valid_until = 2025-12-31\nintensity = "standard"', "précède", "2026-01-01"),
    ("valid_until = 2026-12-31\nintensity = \"standard\"", 'valid_until = 9999-12-31\nintensity = "standard"', "invraisemblable", "2100"),
    ("valid_until = 2026-12-31\nintensity = \"standard\"", 'valid_until = 2026-02-30\nintensity = "standard"', "", "AAAA-MM-JJ"),
    ('intensity = "standard"', 'intensity = "Standard"', "n'est pas admis", '"standard"'),
    ('intensity = "standard"', 'intensity = "fort"', "n'est pas admis", '"passive" ou "discreet"'),
    ('"Mon-Fri 20:00-06:00"', '"lun-ven 20h-6h"', "incomprise", '"Mon-Fri 20:00-06:00"'),
    ('"Mon-Fri 20:00-06:00"', '"???"', "incomprise", "par exemple"),
    ('windows = ["Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00"]', "windows = []", "est vide", "à toute heure"),
    ('holder = "Hébergeur Exemple"\n', "", "il manque « holder »", "holder ="),
    ('covers = ["portail.hebergeur.example"]', "covers = []", "il manque « covers »", "covers ="),
    ('asset = "203.0.113.10"', 'asset = "203.0.113.0/24"', "une seule adresse", "203.0.113.10"),
    ("port = 443", "port = 70000", "1 à 65535", "port = 443"),
    ("port = 443", 'port = "443"', "nombre entier", "port = 443"),
    ('mfa = "yes"', "mfa = true", "un mot", 'mfa = "yes"'),
    ('mfa = "yes"', 'mfa = "oui"', "n'est pas admis", '"yes"'),
    ("packets_per_second = 200", "packets_per_second = 0", "va de 1", "packets_per_second = 200"),
    ("connections_per_host = 4", "connections_per_host = -1", "va de 1", "connections_per_host = 4"),
    ("connections_per_host = 4", "connexions_per_host = 4", "clé inconnue", "« connections_per_host »"),
    ('establishment = "chu-exemple"', 'establishment = "chu"', "inconnu", "écrire"),
    ('server = "ldaps://dc1.chu.example"', 'server = "dc1.chu.example"', "adresse LDAP", '"ldaps://dc1.chu.example"'),
    ('server = "ldaps://dc1.chu.example"', 'server = "ldap://dc1.chu.example:3890"', "3890 jamais contacté", "636"),
    ('role = "production"', 'role = "prod"', "n'est pas admis", '"production"'),
    ('tcp = "3389,8443,10443"', 'tcp = "3389,70000"', "« 70000 » n'est pas un port", "1-1024"),
    ('tcp = "3389,8443,10443"', 'tcp = "9-3"', "« 9-3 » n'est pas un port", "1-1024"),
    ('tcp = "3389,8443,10443"', "tcp = 3389", "un texte", 'tcp = "3389"'),
    ('tcp = "3389,8443,10443"', "tcp = [3389]", "un texte", '"3389,8443"'),
    ('"192.0.2.53"', '"dns.example"', "n'est pas une adresse", "192.0.2.53"),
    ('"127.0.0.1:5353"', '"127.0.0.1:99999"', "hors de 1 à 65535", "écrire"),
    ('canary = "canary.grades.example"', 'canary = "a b"', "« canary »", "canary.grades.example"),
    ("[ght]", "[[ght]]", "table seule", "[ght]"),
    ("[[consents]]", "[consents]", "se répète", "[[consents]]"),
    ("lab = false", "lab = ", "valeur illisible", "true, false"),
    ("lab = false", "lab false", "« = » attendu", "clé = valeur"),
    ("lab = false", "schema = 1", "déjà écrite", "qu'une"),
    ('name = "GHT Exemple"', 'name = "GHT Exemple', "non fermé", "guillemet"),
    ('name = "GHT Exemple"', 'name = "C:\\GHT"', "", "apostrophes"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said", "instead"), CHANGES)
def test_each_fault_has_its_line_and_remedy(
    tmp_path: Path, old: str, new: str, said: str, instead: str
) -> None:
    assert WHOLE.count(old) >= 1
    text = WHOLE.replace(old, new, 1)
    start = WHOLE[: WHOLE.index(old)].count("\n") + 1
    faults = told(tmp_path, text)
    assert len(faults) == 1, faults
    line, _, sentence = faults[0].partition(": ")
    # The fault is on the line that changed; what is missing, on that of its table.
    first = next(
        (
            n
            for n, pair in enumerate(zip(text.splitlines(), WHOLE.splitlines(), strict=False), 1)
            if pair[0] != pair[1]
        ),
        start,
    )
    expected = {first}
    if sentence.startswith(("il manque", "ce mandat")) and "covers = []" not in new:
        expected = {n for n in range(first, 0, -1) if text.splitlines()[n - 1].startswith("[")}
        expected = {max(expected)}
    if "covers = []" in new:
        expected = {first - 2}
    assert int(line) in expected, faults
    assert said in sentence
    assert instead in sentence.partition(" ; ")[2] + sentence, sentence
    english = told(tmp_path, text, Language.EN)
    assert [each.partition(":")[0] for each in english] == [line]
    assert english != faults


def test_all_faults_at_once_in_line_order(tmp_path: Path) -> None:
    text = WHOLE
    for old, new in (
        ("lab = false", "labb = false"),
        ("203.0.113.0/24", "203.0.113.1/24"),
        ('intensity = "standard"', 'intensity = "max"'),
        ("port = 443", "port = 0"),
        ('tcp = "3389,8443,10443"', 'tcp = "x,y"'),
    ):
        text = text.replace(old, new, 1)
    faults = told(tmp_path, text)
    lines = [int(each.partition(":")[0]) for each in faults]
    assert len(faults) == 6
    assert lines == sorted(lines)


def test_syntax_faults_do_not_hide_the_others(tmp_path: Path) -> None:
    text = WHOLE.replace('name = "GHT Exemple"', "name = GHT Exemple", 1)
    text = text.replace('"fragile.chu.example"]', '"fragile.chu.example"', 1)
    text = text.replace("port = 443", "port = 0", 1)
    text = text.replace(
        '[[mandates]]\nestablishments = ["chu-exemple"]',
        '[[mandates]]\nestablishments = ["chu-exemple"',
    )
    faults = told(tmp_path, text)
    lines = [int(each.partition(":")[0]) for each in faults]
    assert lines == [
        line_of(text, "name = GHT"),
        line_of(text, "exclude ="),
        line_of(text, 'establishments = ["chu'),
        line_of(text, "port = 0"),
    ], faults


def test_duplicates_and_overlaps(tmp_path: Path) -> None:
    text = (
        WHOLE
        + """
[[establishments]]
id = "chu-exemple"
name = "Double"
ranges = ["198.51.100.0/24"]

[[establishments]]
id = "ch-autre"
name = "Autre"
ranges = [
    "198.51.101.0/24",
    "203.0.113.0/28",      # dans le CHU
    "2001:db8::/32",
]

[[directories]]
id = "chu-ad"
establishment = "ch-autre"
server = "ldap://10.0.0.5"
user = "u"
password = "prompt:"
"""
    )
    faults = told(tmp_path, text)
    assert len(faults) == 4, faults
    assert faults[0].startswith(
        f"{line_of(text, 'Double') - 1}: « chu-exemple » est déjà pris à la ligne 11"
    )
    assert faults[1].startswith(f"{line_of(text, 'dans le CHU')}: « 203.0.113.0/28 » recouvre")
    assert "de « chu-exemple » (ligne 14)" in faults[1]
    assert faults[2].startswith(f"{line_of(text, 'db8::/32')}: ")
    assert "« chu-ad » est déjà pris" in faults[3]


@pytest.mark.parametrize(
    "value",
    [
        '"hunter2-S3cret"',
        '"env:"',
        '"env:A B"',
        '"keyring:x"',
        "4242424242",
        '["S3cret"]',
        '"file:"',
    ],
)
def test_a_password_is_never_repeated(tmp_path: Path, value: str) -> None:
    text = WHOLE.replace('"env:VIGIE_CHU_AD"', value)
    for language in Language:
        faults = told(tmp_path, text, language)
        assert len(faults) == 1
        assert "jamais" in faults[0] or "never" in faults[0]
        for secret in ("S3cret", "hunter2", "4242", "A B"):
            assert secret not in faults[0]


@pytest.mark.parametrize(
    "value", ["env:A_B1", "file:/run/secrets/x y", "keyring:vigie/svc@chu", "prompt"]
)
def test_references_to_passwords(tmp_path: Path, value: str) -> None:
    inventory = reading(tmp_path, WHOLE.replace("env:VIGIE_CHU_AD", value)).inventory
    assert inventory is not None
    assert inventory.directories[0].password == value


@pytest.mark.parametrize("value", ["ldaps://bob:S3cret@dc1.chu.example", "S3cret"])
def test_neither_is_what_stands_in_urls(tmp_path: Path, value: str) -> None:
    for old in ("ldaps://dc1.chu.example", "https://api.shodan.example"):
        assert "S3cret@" not in " ".join(told(tmp_path, WHOLE.replace(old, value)))


def test_soft_warnings_stand_in_the_way_of_nothing(tmp_path: Path) -> None:
    text = (
        WHOLE.replace("010003820", "010003821")
        .replace(
            'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"\n', ""
        )
        .replace('medical = ["203.0.113.64/28"]', 'medical = ["198.51.100.64/28"]')
        .replace("valid_from = 2026-01-01", "valid_from = 2026-06-01", 1)
        .replace("valid_until = 2026-12-31", "valid_until = 2026-06-01", 1)
        .replace(
            'windows = ["Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00"]',
            'windows = ["Sat-Sun 00:00-24:00"]',
        )
        + '\n[[establishments]]\nid = "b"\nname = "B"\nranges = ["198.51.100.0/24"]\n'
    )
    found = reading(tmp_path, text, today=date(2026, 7, 1))
    assert found.faults == ()
    assert found.inventory is not None
    words = [
        "clé de contrôle",
        "hors des plages",
        "sans empreinte",
        "terminé le 2026-06-01",
        "aucune de ces fenêtres",
        "« b » n'a pas de mandat",
    ]
    assert len(found.warnings) == len(words), found.warnings
    for word in words:
        assert any(word in warning for warning in found.warnings), word


def test_lab_admits_private_ranges(tmp_path: Path) -> None:
    text = WHOLE.replace("lab = false", "lab = true").replace("203.0.113.0/24", "127.20.0.0/16")
    faults = told(tmp_path, text)
    assert faults == []


def test_documentation_ranges_are_public(tmp_path: Path) -> None:
    assert told(tmp_path, WHOLE) == []


@pytest.mark.parametrize("text", ["", "# rien\n"])
def test_an_empty_file_says_all_that_is_missing(tmp_path: Path, text: str) -> None:
    faults = told(tmp_path, text)
    assert len(faults) == 3
    assert all(each.startswith("1: ") for each in faults)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InventoryInvalid, match="introuvable"):
        load_inventory(tmp_path / "absent.toml")
    with pytest.raises(InventoryInvalid, match="pas un fichier"):
        load_inventory(tmp_path)
    with pytest.raises(InventoryInvalid, match="no such file"):
        load_inventory(tmp_path / "absent.toml", Language.EN)
    with pytest.raises(InventoryInvalid):
        load_inventory(Path("a\0b"))
    assert "5 Mo" in told(tmp_path, b"#" * (LARGEST_BYTES + 1))[0]
    assert told(tmp_path, b'schema = 1\nlab = "\xe9"\n')[0].startswith("2: caractère")
    assert "UTF-16" in told(tmp_path, WHOLE.encode("utf-16"))[0]


def test_windows_editors_are_welcome(tmp_path: Path) -> None:
    assert told(tmp_path, b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()) == []
    broken = WHOLE.replace("port = 443", "port = 0").replace("\n", "\r\n")
    assert told(tmp_path, broken)[0].startswith(f"{line_of(WHOLE, 'port = 443')}: ")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 9000, "a = " + "9" * 5000, "a = {" * 3000, "x = 1" * 9000]
)
def test_out_of_all_measure(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text)


def test_control_characters_of_a_file_are_not_printed(tmp_path: Path) -> None:
    faults = told(tmp_path, WHOLE.replace('"chu.example"]', '"chu\\u001b[31m\\u202e.example"]'))
    assert len(faults) == 1
    assert faults[0].isprintable()


@given(data=st.binary(max_size=200))
def test_any_bytes_give_an_inventory_or_its_faults(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(data)
    try:
        load_inventory(file)
    except InventoryInvalid as invalid:
        assert invalid.faults  # noqa: PT017


PIECES = WHOLE.split("\n")
NOISE = [
    "[",
    "]",
    "[[",
    '"',
    "'''",
    "=",
    "x = [",
    "{",
    "}",
    "1",
    "2026-13-01",
    '"\\x"',
    "é",
    "\t",
    "[[ght]]",
    "a.b = 1",
    "ght.id = 2",
]
MANGLED = st.lists(
    st.tuples(st.integers(0, len(PIECES) - 1), st.sampled_from(["", *NOISE]), st.booleans()),
    max_size=6,
)


@given(changes=MANGLED, language=st.sampled_from(Language))
def test_a_mangled_inventory_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, str, bool]],
    language: Language,
) -> None:
    lines = list(PIECES)
    for place, noise, instead in changes:
        lines[place] = noise if instead else lines[place] + noise
    text = "\n".join(lines)
    file = tmp_path_factory.getbasetemp() / "mangled.toml"
    file.write_text(text, encoding="utf-8")
    found = read_inventory(file, language=language, today=date(2026, 6, 1))
    assert (found.inventory is None) == bool(found.faults)
    numbers = [int(each.removeprefix(f"{file}:").partition(":")[0]) for each in found.faults]
    assert numbers == sorted(numbers)
    assert all(1 <= number <= len(lines) for number in numbers)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert found.faults


VALUES: st.SearchStrategy[str] = st.sampled_from(
    [
        "1",
        "-1",
        "true",
        '""',
        '"x"',
        "[]",
        "[1]",
        '["x"]',
        "[[]]",
        "{}",
        "{a = 1}",
        "2026-01-01",
        "1.5",
        "nan",
        "07:00:00",
        "2026-01-01T00:00:00Z",
        "99999999999999999999999",
        '"\\u0000"',
    ]
)


@given(data=st.data())
def test_any_type_anywhere(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lines = [line for line in PIECES if line]
    keys = [n for n, line in enumerate(lines) if " = " in line]
    for place in data.draw(st.lists(st.sampled_from(keys), max_size=4)):
        lines[place] = lines[place].partition(" = ")[0] + " = " + data.draw(VALUES)
    file = tmp_path_factory.getbasetemp() / "types.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    found = read_inventory(file, today=date(2026, 6, 1))
    assert (found.inventory is None) == bool(found.faults)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_valid(file: Path) -> None:
    found = read_inventory(file, today=date(2026, 6, 1))
    assert isinstance(found.inventory, Inventory)
    assert (found.faults, found.warnings) == ((), ())


def test_the_starting_file(tmp_path: Path) -> None:
    marked = reading(tmp_path, starting_inventory())
    assert sum(MARK in warning for warning in marked.warnings) == starting_inventory().count(
        f"# {MARK}"
    )
    filled = reading(tmp_path, starting_inventory(filled=True))
    assert filled.faults == ()
    assert not any(MARK in warning for warning in filled.warnings)


def test_the_starting_file_with_every_block_uncommented(tmp_path: Path) -> None:
    text = re.sub(
        r"^# (?=\[|[a-z_0-9]+ = (?!\[\"203\.0\.113\.0/25))",
        "",
        starting_inventory(filled=True),
        flags=re.MULTILINE,
    )
    found = reading(tmp_path, text)
    assert found.faults == ()
    assert found.inventory is not None
    assert (len(found.inventory.consents), len(found.inventory.directories)) == (1, 1)


@pytest.mark.parametrize(
    ("spec", "tcp", "udp"),
    [
        ("1-1024,8443,U:161", ((1, 1024), (8443, 8443)), ((161, 161),)),
        ("80", ((80, 80),), ()),
        (" 80 , 443-445 , 444-450 ", ((80, 80), (443, 450)), ()),
        ("u:53,T:22,U:161-162", ((22, 22),), ((53, 53), (161, 162))),
        ("1-65535", ((1, 65535),), ()),
    ],
)
def test_port_specs(spec: str, tcp: object, udp: object) -> None:
    found = parse_ports(spec)
    assert (found.tcp, found.udp) == (tcp, udp)


@pytest.mark.parametrize(
    "spec", ["", "0", "65536", "2-1", "a", "1,,2", "X:1", "U:", "-1", "1-", "１", "1;2"]
)
def test_bad_port_specs(spec: str) -> None:
    with pytest.raises(UsageError, match="port"):
        parse_ports(spec)
