"""Questions to the establishment, and what answers them."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inventory import Answer
from core.model import Language, Place
from core.observations.name import AddressHolder, NameSeen
from core.ownership import ToConfirm, answer_for, to_confirm
from inventories.load import read_inventory

_HEAD = """\
schema = 1
[ght]
id = "g"
name = "G"
[[establishments]]
id = "a"
name = "A"
domains = ["chu.example"]
"""


def seen(
    name: str, *addresses: str, owner: str = "a", holder: AddressHolder | None = None
) -> NameSeen:
    return NameSeen(
        place=Place(establishment=owner, hostname=name),
        at=datetime(2026, 11, 22, tzinfo=UTC),
        name=name,
        addresses=addresses,
        holders=dict.fromkeys(addresses, holder) if holder else {},
    )


def asked(*names: NameSeen, answers: tuple[Answer, ...] = ()) -> tuple[ToConfirm, ...]:
    return to_confirm(names, answers, Language.FR)


def test_one_question_for_one_address() -> None:
    cloud = AddressHolder(kind="cloud", holder="Nuage Exemple", range="198.51.100.0/24")
    found = asked(
        seen("b.chu.example", "198.51.100.10", "198.51.100.7", holder=cloud),
        seen("a.chu.example", "198.51.100.7", holder=cloud),
        seen("c.chu.example", "2001:db8::1"),
    )
    assert [(one.ip, one.names) for one in found] == [
        ("198.51.100.7", ("a.chu.example", "b.chu.example")),
        ("198.51.100.10", ("b.chu.example",)),
        ("2001:db8::1", ("c.chu.example",)),
    ]
    assert "chez Nuage Exemple" in found[0].question
    assert found[0].toml[1:3] == (
        'asset = "198.51.100.7"',
        'belongs = "third-party"  # ours | third-party | not-ours',
    )
    assert found[1].toml[1] == 'asset = "b.chu.example"'
    assert found[2].question.startswith("À qui est")
    held = AddressHolder(kind="unknown", holder="Exemple SAS")
    (one,) = asked(seen("a.chu.example", "198.51.100.7", holder=held))
    assert "au nom de « Exemple SAS »" in one.question
    assert 'holder = "Exemple SAS"' in one.toml


def test_an_answer_settles_its_name_its_address_its_range() -> None:
    names = (seen("a.chu.example", "198.51.100.7"), seen("b.chu.example", "198.51.100.7"))
    assert asked(*names, answers=(Answer(asset="a.chu.example", belongs="ours"),))[0].names == (
        "b.chu.example",
    )
    for asset in ("198.51.100.7/32", "198.51.100.0/24"):
        assert asked(*names, answers=(Answer(asset=asset, belongs="not-ours"),)) == ()
    assert asked(*names, answers=(Answer(asset="198.51.100.8/32", belongs="ours"),))
    assert asked(*names, answers=(Answer(asset="2001:db8::/32", belongs="ours"),))


def test_the_narrowest_answer_counts() -> None:
    wide = Answer(asset="198.51.100.0/24", belongs="third-party")
    narrow = Answer(asset="198.51.100.7/32", belongs="ours")
    named = Answer(asset="a.chu.example", belongs="not-ours")
    for answers in ((wide, narrow, named), (named, narrow, wide)):
        assert answer_for(answers, "a.chu.example", "198.51.100.7") is named
        assert answer_for(answers, "b.chu.example", "198.51.100.7") is narrow
        assert answer_for(answers, "b.chu.example", "198.51.100.8") is wide
        assert answer_for(answers, "b.chu.example", "192.0.2.1") is None


def test_an_edge_of_several_is_known_from_the_whole() -> None:
    found = asked(
        seen("a.chu.example", "198.51.100.7"),
        seen("b.ch.example", "198.51.100.7", owner="b"),
    )
    assert {one.holder.kind for one in found} == {"shared-edge"}
    assert len(found) == 2


@pytest.mark.parametrize(
    "kind", ["same-owner", "cloud", "cdn", "hds", "hosting", "shared-edge", "unknown", "later"]
)
@pytest.mark.parametrize("language", list(Language))
def test_every_answer_can_be_pasted(tmp_path: Path, kind: str, language: Language) -> None:
    holder = AddressHolder(kind=kind, holder='Exemple "SAS" \\ \n[[mandates]]')
    (one,) = to_confirm([seen("a.chu.example", "198.51.100.7", holder=holder)], (), language)
    file = tmp_path / "i.toml"
    file.write_text(_HEAD + "\n".join(one.toml) + "\n", encoding="utf-8")
    inventory = read_inventory(file).inventory
    assert inventory is not None
    assert inventory.answers[0].asset == "a.chu.example"
    assert inventory.mandates == ()
    assert "{" not in one.question


@given(st.text(max_size=300))
def test_no_holder_writes_into_the_inventory(text: str) -> None:
    holder = AddressHolder(kind="cloud", holder=text)
    (one,) = asked(seen("a.chu.example", "198.51.100.7", holder=holder))
    (answer,) = tomllib.loads("\n".join(one.toml))["answers"]
    assert set(answer) == {"asset", "belongs", "holder", "answered_by"}
    assert answer["belongs"] == "third-party"
