"""How names are looked for, whose they are, and whom to ask: each fault with its line."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import OutOfScope
from core.inventory import Answer, NamesChoices
from core.model import Language
from inventories.load import Reading, read_inventory
from inventories.scope import ServiceScope

HEAD = """\
schema = 1
[ght]
id = "g"
name = "G"
[[establishments]]
id = "a"
name = "A"
domains = ["chu.example"]
"""

SERVICES = """\
[services]
ct = "https://crt.example https://log.example:8443/2026h2/ct/v1/"
rdap = ["https://rdap.example", "http://127.0.0.1:8080/"]
asn = "origin.asn.example."
"""

NAMES = """\
[names]
enumerate = false
words = ["PMSI", "mots.txt", "bloc-opératoire"]
queries_per_second = 50
budget = 1000
"""

ANSWERS = """\
[[answers]]
asset = "Paie.CHU.example."
belongs = "third-party"
holder = "Hébergeur Exemple"
answered_by = "RSSI"
answered_on = 2026-06-01
note = "marché 2024-12"

[[answers]]
asset = "198.51.100.7"
belongs = "ours"

[[answers]]
asset = "2001:db8:5::/48"
belongs = "not-ours"
"""


def read(tmp_path: Path, text: str, language: Language = Language.FR) -> Reading:
    file = tmp_path / "i.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_inventory(file, language=language, today=date(2026, 7, 1))


def test_the_whole_of_it(tmp_path: Path) -> None:
    (tmp_path / "mots.txt").write_text("# les nôtres\nstérilisation\nbureau # ancien\n\npmsi\n")
    found = read(tmp_path, SERVICES + NAMES + ANSWERS)
    assert found.faults == ()
    assert found.inventory is not None
    services = found.inventory.services
    assert services.ct == ("https://crt.example", "https://log.example:8443/2026h2/ct/v1")
    assert services.rdap == ("https://rdap.example", "http://127.0.0.1:8080")
    assert services.asn == "origin.asn.example"
    assert services.others == {}
    assert found.inventory.names == NamesChoices(
        enumerate=False,
        words=("pmsi", "xn--strilisation-ceb", "bureau", "xn--bloc-opratoire-hkb"),
        queries_per_second=50,
        budget=1000,
    )
    assert found.inventory.answers == (
        Answer(
            asset="paie.chu.example",
            belongs="third-party",
            holder="Hébergeur Exemple",
            answered_by="RSSI",
            answered_on=date(2026, 6, 1),
            note="marché 2024-12",
        ),
        Answer(asset="198.51.100.7/32", belongs="ours"),
        Answer(asset="2001:db8:5::/48", belongs="not-ours"),
    )


def test_absent_tables_are_the_defaults(tmp_path: Path) -> None:
    inventory = read(tmp_path, "").inventory
    assert inventory is not None
    assert inventory.names == NamesChoices()
    assert (inventory.answers, inventory.services.ct, inventory.services.rdap) == ((), (), ())


def test_services_of_names_have_a_gate_of_their_own(tmp_path: Path) -> None:
    inventory = read(tmp_path, SERVICES + ANSWERS).inventory
    assert inventory is not None
    gate = ServiceScope(inventory)
    assert gate.kinds() == {"ct", "rdap"}
    gate.permit_service("ct", "crt.example", 443)
    gate.permit_service("ct", "log.example", 8443)
    gate.permit_service("rdap", "127.0.0.1", 8080)
    for kind, host, port in [
        ("ct", "rdap.example", 443),
        ("rdap", "crt.example", 443),
        ("ct", "crt.example", 80),
        ("ct", "crt.example.evil.example", 443),
        ("asn", "origin.asn.example", 53),
    ]:
        with pytest.raises(OutOfScope):
            gate.permit_service(kind, host, port)


FAULTS = [
    # what stands in the file, what is written instead, words of the sentence, words of the remedy
    ('"https://crt.example ', '"http://crt.example ', "« ct » attend", "https://crt.sh"),
    ('"https://crt.example ', '"crt.example ', "« ct » attend", "https://crt.sh"),
    ('"https://crt.example ', '"https://crt.example/?q= ', "« ct » attend", "https://crt.sh"),
    ('"https://crt.example ', '"https://me:pw@crt.example ', "« ct » attend", "https://crt.sh"),
    ('["https://rdap.example"', '["ftp://rdap.example"', "« rdap » attend", "https://rdap.db"),
    ('["https://rdap.example"', "[443", "que des textes", "guillemets"),
    ('"origin.asn.example."', '"asn"', "« asn » attend", "origin.asn.cymru.com"),
    ('"origin.asn.example."', '"https://asn.example"', "« asn » attend", "origin.asn.cymru.com"),
    ("enumerate = false", 'enumerate = "no"', "true ou false", ""),
    ("enumerate = false", "enumerates = false", "clé inconnue", "« enumerate »"),
    ('"PMSI"', '"p m"', "n'est pas le début d'un nom", "mots.txt"),
    ('"PMSI"', '"*"', "n'est pas le début d'un nom", "mots.txt"),
    ('"PMSI"', '"-x"', "n'est pas le début d'un nom", "mots.txt"),
    ('"mots.txt"', '"absent.txt"', "n'est pas un fichier de mots", "chemin"),
    ('"mots.txt"', '"."', "n'est pas un fichier de mots", "chemin"),
    ('"mots.txt"', '"page.txt"', "« page.txt », ligne 1", "un mot par ligne"),
    ("queries_per_second = 50", "queries_per_second = 0", "va de 1", "= 1000"),
    ("budget = 1000", "budget = 99999999", "va de 100", "= 50000"),
    ('"third-party"', '"tiers"', "n'est pas admis", '"third-party"'),
    ('"third-party"', '"Ours"', "n'est pas admis", '"ours"'),
    ('belongs = "ours"\n', "", "il manque « belongs »", "belongs ="),
    ('asset = "198.51.100.7"', 'asset = "*.chu.example"', "ni un nom exact", "portail"),
    ('asset = "198.51.100.7"', 'asset = "198.51.100.7/24"', "bits de machine", "198.51.100.0/24"),
    ('asset = "198.51.100.7"', 'asset = "paie.chu.example"', "déjà sa réponse", "n'en garder"),
    ("answered_on = 2026-06-01", 'answered_on = "hier"', "une date AAAA-MM-JJ", ""),
    ("note =", "remarque =", "clé inconnue", "clés admises"),
]


@pytest.mark.parametrize(("old", "new", "said", "instead"), FAULTS)
def test_each_fault_has_its_line_and_remedy(
    tmp_path: Path, old: str, new: str, said: str, instead: str
) -> None:
    (tmp_path / "mots.txt").write_text("bureau\n")
    (tmp_path / "page.txt").write_text("<html>\n")
    whole = SERVICES + NAMES + ANSWERS
    assert whole.count(old) == 1
    text = whole.replace(old, new)
    faults = read(tmp_path, text).faults
    assert len(faults) == 1, faults
    line = int(faults[0].removeprefix(f"{tmp_path / 'i.toml'}:").partition(":")[0])
    written = (HEAD + text).splitlines()
    if new:
        assert new.strip() in written[line - 1]
    else:
        assert written[line - 1] == "[[answers]]"
    assert said in faults[0]
    assert instead in faults[0].partition(" ; ")[2]
    assert read(tmp_path, text, Language.EN).faults != faults


def test_soft_warnings(tmp_path: Path) -> None:
    text = ANSWERS.replace('holder = "Hébergeur Exemple"\n', "").replace("2026-06-01", "2026-08-01")
    found = read(tmp_path, text)
    assert found.faults == ()
    said = "\n".join(found.warnings)
    assert "sans dire lequel" in said
    assert "dans l'avenir" in said


def test_a_file_of_words_has_bounds(tmp_path: Path) -> None:
    (tmp_path / "mots.txt").write_text("\n".join(f"mot{number}" for number in range(100_001)))
    assert "100001 mots" in read(tmp_path, '[names]\nwords = ["mots.txt"]').faults[0]
    (tmp_path / "mots.txt").write_bytes(b"a\n" * 1_000_001)
    assert "2 Mo" in read(tmp_path, '[names]\nwords = ["mots.txt"]').faults[0]
    (tmp_path / "mots.txt").write_bytes(b"\xff\xfe")
    assert "2 Mo" in read(tmp_path, '[names]\nwords = ["mots.txt"]').faults[0]


@given(
    st.recursive(
        st.sampled_from(['"a"', "1", "true", "2026-01-01", "1.5", '""', '"a b"', '"https://[::"']),
        lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
        max_leaves=4,
    ),
    st.sampled_from(["ct", "rdap", "asn", "words", "budget", "asset", "belongs", "answered_on"]),
)
def test_any_type_anywhere(tmp_path_factory: pytest.TempPathFactory, value: str, key: str) -> None:
    table = {"ct": "[services]", "rdap": "[services]", "asn": "[services]"}.get(key, "[names]")
    if key in {"asset", "belongs", "answered_on"}:
        table = "[[answers]]"
    read(tmp_path_factory.mktemp("i"), f"{table}\n{key} = {value}\n")
