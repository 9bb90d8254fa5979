"""SPF is read as receivers read it: ten questions, two empty ones, loops, every syntax."""

import ipaddress

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.observations.mail_policy import Spf
from scanner.asking_names import NameAsker
from scanner.spf import evaluate_spf
from scanner.spf_terms import Sender, expand, is_domain_spec, is_spf, parse_spf
from tests.scanner.names_served import Answer, resolver_of, served, zone

_OWN = "chu.example"


def _evaluated(answer: Answer, lifetime_s: float = 10.0) -> tuple[Spf | None, str]:
    async def main() -> tuple[Spf | None, str]:
        async with served(answer) as port:
            asker = NameAsker(resolver_of(port, lifetime_s=lifetime_s))
            return await evaluate_spf(asker, _OWN, {"_spf.partage.example": "Partage"})

    return trio.run(main)


def _read(*lines: str) -> Spf:
    spf, _ = _evaluated(zone(*lines))
    assert spf is not None
    return spf


def _txt(record: str, at: str = _OWN) -> str:
    return f'{at}. TXT "{record}"'


@pytest.mark.parametrize(
    ("record", "default"),
    [
        ("v=spf1 -all", "-"),
        ("V=SPF1 +ALL", "+"),
        ("v=spf1 all", "+"),
        ("v=spf1 ip4:192.0.2.0/24 ?all ip4:192.0.2.0/33", "?"),
        ("v=spf1 ip6:2001:db8::/32", ""),
        ("v=spf1 exp=why.%{d} ~all", "~"),
        ("v=spf1 later=x moins.que=%{i} ~all", "~"),
    ],
)
def test_how_a_policy_ends(record: str, default: str) -> None:
    spf = _read(_txt(record))
    if record.endswith("/33"):
        assert [fault.id for fault in spf.faults] == ["syntax"]
    else:
        assert (spf.default, spf.faults) == (default, ())


@pytest.mark.parametrize(
    "term",
    [
        "ip4:300.1.1.1",
        "ip4:192.0.2.0/255.255.255.0",
        "ip6:192.0.2.1",
        "include:",
        "include",
        "inconnu:x.example",
        "a:/24",
        "mx/129",
        "all:x",
        "redirect=",
        "exists:%{z}.example",
        "redirect=a.example redirect=b.example",
        "=x",
        "-",
        "a:sans-point",
        "a:x.123",
        "include:x.example/24",
        "ip4:192.0.2.0/024",
        "ip6:fe80::1%1",
        "exists:%{d0}.example",
        "exists:%{r}.example",
        "redirect=sans-point",
        "a:%d.example",
    ],
)
def test_a_term_that_nobody_can_read(term: str) -> None:
    _, fault = parse_spf(f"v=spf1 {term} -all")
    assert fault is not None
    assert fault.id == "syntax"


@pytest.mark.parametrize(
    "term", ["a", "a/24", "a//64", "mx:x.example/24//64", "ptr", "a:%{d}", "a:x.%{d1r/}", "x=%{t}"]
)
def test_a_term_that_is_right(term: str) -> None:
    assert parse_spf(f"v=spf1 {term} -all")[1] is None


def test_includes_are_followed_and_counted() -> None:
    spf = _read(
        _txt("v=spf1 include:a.example mx redirect=b.example"),
        _txt("v=spf1 a:hote.example -all", "a.example"),
        _txt("v=spf1 ip4:192.0.2.1 ~all", "b.example"),
        "hote.example. A 192.0.2.1",
        f"{_OWN}. MX 10 hote.example.",
    )
    assert (spf.default, spf.lookups, spf.void_lookups, spf.faults) == ("~", 4, 0, ())


def test_an_include_that_lets_everyone_through_is_as_all() -> None:
    spf = _read(_txt("v=spf1 include:a.example -all"), _txt("v=spf1 +all", "a.example"))
    assert spf.default == "+"


def test_large_networks_are_told() -> None:
    spf = _read(_txt("v=spf1 ip4:128.0.0.0/1 ip4:10.0.0.0/9 ip6:2000::/3 -ip4:0.0.0.0/0 -all"))
    assert spf.wide == ("ip4:128.0.0.0/1", "ip6:2000::/3")


def test_a_loop_is_told_once_and_ends() -> None:
    spf = _read(
        _txt("v=spf1 include:a.example -all"),
        _txt(f"v=spf1 include:{_OWN} include:a.example -all", "a.example"),
    )
    assert {fault.id for fault in spf.faults} == {"loop"}


def test_two_hundred_includes_are_counted_and_few_asked() -> None:
    asked: list[bytes] = []
    names = [f"i{number}.example" for number in range(200)]
    half = [" ".join(f"include:{name}" for name in part) for part in (names[:9], names[9:])]
    lines = [
        _txt(f"v=spf1 {half[0]} redirect=suite.example"),
        'suite.example. TXT "v=spf1" '
        + " ".join(f'" include:{name}"' for name in names)
        + '" -all"',
        *(_txt("v=spf1 ip4:192.0.2.1 -all", name) for name in names),
    ]
    answer = zone(*lines)

    def counted(query: bytes) -> bytes | None:
        asked.append(query)
        return answer(query)

    spf, _ = _evaluated(counted)
    assert spf is not None
    assert spf.is_cut
    assert spf.lookups > 200
    assert [fault.id for fault in spf.faults] == ["too-many-lookups"]
    assert len(asked) < 80


def test_more_than_two_empty_answers() -> None:
    spf = _read(
        _txt("v=spf1 a:x.vide.example a:y.vide.example mx:z.vide.example exists:w.example -all")
    )
    assert spf.void_lookups == 3
    assert [fault.id for fault in spf.faults] == ["too-many-void"]


def test_several_records_and_an_include_without_any() -> None:
    double = _read(_txt("v=spf1 -all"), _txt("v=spf1 mx -all"), _txt("autre chose"))
    assert [fault.id for fault in double.faults] == ["several-records"]
    absent = _read(_txt("v=spf1 include:vide.example -all"))
    assert [fault.id for fault in absent.faults] == ["no-target"]


def test_macros_are_said_and_not_expanded() -> None:
    spf = _read(_txt("v=spf1 exists:%{i}._spf.chu.example include:%{d}.example -all"))
    assert (spf.has_macros, spf.lookups, spf.faults) == (True, 2, ())


def test_no_record_is_empty_and_no_answer_is_none() -> None:
    assert _read(_txt("autre chose")).records == ()
    spf, why = _evaluated(lambda query: None, 0.4)
    assert (spf, why) == (None, "timeout")


def test_an_include_that_does_not_answer_is_told() -> None:
    answer = zone(_txt("v=spf1 include:muet.example -all"))
    spf, why = _evaluated(lambda query: None if b"\x04muet" in query else answer(query), 2.0)
    assert spf is not None
    assert (spf.is_whole, spf.default, spf.faults, why) == (False, "-", (), "timeout")


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    is_spf(text)
    parse_spf(text)
    terms, fault = parse_spf(f"v=spf1 {text} -all")
    assert fault is not None or terms[-1].name in {"all", "="} or len(terms) > 400


def test_whom_a_policy_passes_is_counted() -> None:
    spf = _read(
        _txt("v=spf1 -ip4:192.0.2.0/25 ip4:192.0.2.0/24 a/30 include:a.example ~all"),
        _txt("v=spf1 ip4:192.0.2.192/26 ip6:2001:db8::/48 +all", "a.example").replace(
            "+all", "-all"
        ),
        f"{_OWN}. A 198.51.100.7",
        f"{_OWN}. AAAA 2001:db8:1::7",
    )
    assert (spf.passed_v4, spf.passed_v6_64) == (128 + 4, 65_536)


def test_a_large_network_that_does_not_pass_is_not_told() -> None:
    spf = _read(
        _txt("v=spf1 -include:a.example ?include:a.example -all"),
        _txt("v=spf1 ip4:0.0.0.0/1 -all", "a.example"),
    )
    assert (spf.wide, spf.passed_v4) == ((), 0)


@pytest.mark.parametrize(
    ("term", "stranger"),
    [
        ("exists:%{i}._spf.chu.example", "fail"),
        ("exists:%{d}", "pass"),
        ("include:_spf.%{d}", "pass"),
        ("~exists:%{l}.%{d} ptr", "fail"),
        ("redirect=%{d2}.vide.example", "permerror"),
    ],
)
def test_terms_that_depend_on_who_sends_are_tried_with_nobody(term: str, stranger: str) -> None:
    spf = _read(
        _txt(f"v=spf1 {term} {'' if 'redirect' in term else '-all'}"),
        _txt("v=spf1 ip4:192.0.0.0/8 -all", f"_spf.{_OWN}"),
        f"{_OWN}. A 198.51.100.7",
    )
    assert spf.stranger == stranger


def test_exists_for_all_is_as_all() -> None:
    spf = _read(_txt("v=spf1 exists:h.example -all"), "h.example. A 127.0.0.1")
    assert (spf.default, spf.passed_v4) == ("+", 1 << 32)


def test_shared_platforms_are_named() -> None:
    spf = _read(
        _txt("v=spf1 include:_SPF.partage.example -include:autre.example -all"),
        _txt("v=spf1 ip4:192.0.2.0/24 -all", "_spf.partage.example"),
        _txt("v=spf1 ip4:192.0.2.0/24 -all", "autre.example"),
    )
    assert spf.platforms == ("Partage",)


def test_a_bomb_of_includes_costs_few_questions() -> None:
    """Each name includes ten others, six deep: a million for who follows all."""
    asked: set[bytes] = set()
    lines = [_txt("v=spf1 include:n.example -all")]
    names = ["n"]
    for _ in range(2):
        below = [f"{name}{at}" for name in names for at in range(10)]
        for at, name in enumerate(names):
            includes = " ".join(f"include:{one}.example" for one in below[at * 10 : at * 10 + 10])
            lines.append(_txt(f"v=spf1 {includes} -all", f"{name}.example"))
        names = below
    loop = " ".join(f"include:{one}.example" for one in ("n", "n1", "n2", "n33"))
    lines += [_txt(f"v=spf1 {loop} -all", f"{name}.example") for name in names]
    answer = zone(*lines)

    def counted(query: bytes) -> bytes | None:
        asked.add(query[12:])
        return answer(query)

    spf, _ = _evaluated(counted)
    assert spf is not None
    assert spf.is_cut
    assert len(asked) < 60


def test_a_name_of_control_characters_is_no_question() -> None:
    spf = _read(_txt("v=spf1 exists:\\\\000<script>.%{d} include:a..b.example a:..x.example -all"))
    assert spf.lookups == 3
    assert all(fault.detail.isprintable() for fault in spf.faults)


@given(st.text(alphabet="%{}sldiohpvcrt0123456789r.-+,/_=ab:", max_size=60))
def test_any_macro_is_expanded_or_refused(text: str) -> None:
    sender = Sender(
        ip=ipaddress.ip_address("2001:db8::1"), mailbox="a-b@x.example", helo="h.example"
    )
    if is_domain_spec(text):
        assert len(expand(text, sender, "x.example")) <= 253 + 63
    expand(text, sender, "x.example")


def test_a_bomb_of_networks_costs_few_comparisons() -> None:
    names = [f"n{at}.example" for at in range(9)]
    many = " ".join(
        f'" {"-" if at % 2 else ""}ip4:10.{at % 250}.{at // 250}.0/24"' for at in range(300)
    )
    lines = [_txt(f"v=spf1 {' '.join(f'include:{name}' for name in names)} -all")]
    lines += [f'{name}. TXT "v=spf1" {many} " ip4:0.0.0.0/2 -all"' for name in names]
    spf = _read(*lines)
    assert spf.faults == ()
    assert spf.wide == ("ip4:0.0.0.0/2",)
    assert spf.passed_v4 > 0


_WORDS = ("v=spf1", "all", "-all", "include:", "a:", "mx", "ptr", "exists:", "redirect=", "ip4:")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(_WORDS), st.sampled_from(("", "chu.example", "%{d}", "0/0", "\x00"))
        ),
        max_size=12,
    )
)
def test_any_record_is_evaluated(words: list[tuple[str, str]]) -> None:
    text = " ".join(word + value for word, value in words)
    escaped = "".join(f"\\{one:03d}" for one in f"v=spf1 {text}".encode())
    spf = _read(_txt(escaped[:1_000]))
    assert 0 <= spf.passed_v4 <= 1 << 32
    assert spf.lookups <= 400
