"""Names like those found: the likeliest first, each once, every one a name."""

from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.names import load_name_facts
from inventories.hostnames import canonical_name
from scanner.permutations import learnt_sites, variants_of

_VARIANTS = load_name_facts().variants


def _of(*found: str) -> list[str]:
    return list(variants_of(found, _VARIANTS))


def test_numbers_go_on() -> None:
    assert {"vpn2", "vpn-2", "vpn02"} <= set(_of("vpn"))
    assert {"srv02", "srv00", "srv03", "srv"} <= set(_of("srv01"))
    assert "srv1" not in _of("srv01")
    assert {"fw-2.nord", "fw.nord"} & set(_of("fw-1.nord"))


def test_stages_come_go_and_change_places() -> None:
    like = set(_of("pacs-test"))
    assert {"pacs", "pacs-recette", "pacs-prod"} <= like
    assert {"dpi-preprod", "preprod-dpi", "dpipreprod", "preprod.dpi"} <= set(_of("dpi"))


def test_codes_of_sites_are_learnt() -> None:
    found = ("ris-montclair", "vpn-montclair", "owa-valbrune", "dpi-valbrune", "pacs-2")
    assert learnt_sites(found, _VARIANTS) == ["montclair", "valbrune"]
    assert {"ris-valbrune", "owa-montclair"} <= set(_of(*found))


def test_every_name_has_its_turn() -> None:
    first = _of("vpn", "pacs")[:6]
    assert {one[:3] for one in first} == {"vpn", "pac"}


@given(
    st.lists(st.from_regex(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,20}){0,2}", fullmatch=True), max_size=6)
)
def test_any_names_vary_into_names(found: list[str]) -> None:
    like = _of(*found)
    assert len(like) == len(set(like))
    assert not set(like) & set(found)
    for one in like[:400]:
        label = one.partition(".")[0]
        assert 0 < len(label) <= 63
        assert not label.startswith("-")
        assert not label.endswith("-")
        assert canonical_name(f"{label}.chu.example") is not None
