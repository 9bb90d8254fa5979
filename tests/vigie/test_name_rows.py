"""Names as the results tell them: each once, holders beside addresses, what was not tried."""

from datetime import UTC, date, datetime

import msgspec

from core.inventory import Answer
from core.model import Language, Place
from core.observations.name import AddressHolder, NameSeen, NamesHunted
from core.store.store import Plan, Run
from tests.inventories.samples import establishment, inventory, mandate
from vigie.name_rows import hunt_rows, merged, name_rows, not_hunted, questions

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_HOST = AddressHolder(kind="hosting", holder="Hébergeur <b>", asn=64_500, source="rdap")


def _seen(name: str, *addresses: str, **more: object) -> NameSeen:
    place = Place(establishment="a", hostname=name)
    return NameSeen(place=place, at=_AT, name=name, addresses=addresses, **more)  # type: ignore[arg-type]


def test_a_name_told_twice_is_one_row_with_both_ways() -> None:
    twice = [
        _seen("b.chu.example", "203.0.113.7"),
        _seen("a.chu.example", error="NXDOMAIN"),
        _seen("b.chu.example", "203.0.113.7", found_by=("ct",), in_scope=("203.0.113.7",)),
    ]
    first, second = name_rows(merged(twice), Language.FR)
    assert (first.name, first.error) == ("a.chu.example", "NXDOMAIN")
    assert second.found_by == ("inventory", "ct")
    assert [one.scope for one in second.addresses] == ["in-scope"]


def test_addresses_come_ipv4_first_by_number_with_their_holders() -> None:
    seen = _seen(
        "x.chu.example",
        *("198.51.100.10", "198.51.100.9", "2001:db8::1", "203.0.113.1"),
        withheld={"203.0.113.1": "third-party"},
        holders={"198.51.100.9": _HOST},
    )
    (row,) = name_rows(merged([seen]), Language.FR)
    assert [one.ip for one in row.addresses] == [
        *("198.51.100.9", "198.51.100.10", "203.0.113.1", "2001:db8::1"),
    ]
    assert row.addresses[0].holder == "Hébergeur <b>"
    assert row.addresses[2].scope == "withheld"
    assert "accord manque" in row.addresses[2].why


def test_questions_leave_out_what_was_answered() -> None:
    names = merged(
        [
            _seen("x.chu.example", "198.51.100.9", holders={"198.51.100.9": _HOST}),
            _seen("y.chu.example", "198.51.100.77"),
        ]
    )
    run = _run(())
    asked = questions(run, names, Language.FR)
    assert [one.ip for one in asked] == ["198.51.100.9", "198.51.100.77"]
    assert asked[0].toml[0] == "[[answers]]"
    answered = Answer(asset="198.51.100.0/26", belongs="third-party", answered_on=date(2026, 1, 1))
    assert [one.ip for one in questions(_run((answered,)), names, Language.FR)] == ["198.51.100.77"]


def _hunted(domain: str, **tried: str) -> NamesHunted:
    return NamesHunted(
        place=Place(establishment="a", domain=domain),
        at=_AT,
        domain=domain,
        asked=10,
        lost=2 if domain == "b.example" else 0,
        tried=tried,
    )


def test_ways_not_gone_through_are_told_once_where_they_concern_all() -> None:
    hunts = [
        _hunted("a.example", words="", ct="not-configured", transfer="refused"),
        _hunted("b.example", words="", ct="not-configured", transfer=""),
    ]
    rows = list(not_hunted(hunts, Language.FR))
    told = [(row.what, row.count, row.asset.domain) for row in rows]
    assert told == [
        ("recherche de noms : journaux de certificats", 2, None),
        ("recherche de noms : transfert de zone", 1, "a.example"),
        ("recherche de noms : questions sans réponse", 2, "b.example"),
    ]
    first, _ = hunt_rows(hunts, Language.EN)
    assert first.tried["words"] == ""
    assert "[services]" in first.tried["ct"]


def _run(answers: tuple[Answer, ...]) -> Run:
    return Run(
        id="r",
        kind="exposure",
        ght="g",
        profile="standard",
        started_at=_AT,
        finished_at=_AT,
        complete=True,
        vigie_version="0",
        plan=Plan(seed=7, tcp_ports=(), establishments=(), profile=None),
        inventory=msgspec.structs.replace(
            inventory(mandate(), establishments=(establishment(),)), answers=answers
        ),
    )
