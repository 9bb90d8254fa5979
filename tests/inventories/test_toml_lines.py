"""Each key and item of a TOML text has its line, and nothing valid loses the scanner."""

import tomllib
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from inventories.toml_lines import Path, locate

TEXT = """\
# comment with = and [brackets]
top = 1
"quoted key" = "a # not a comment"
a.b."c d" = true
list = [
  "one",   # why = "x"
  [ 2,
    3 ],
  { x = 1, y.z = "}" },
]
long = \"\"\"
[not.a.table]
still = "text" \\\"\"\"
\"\"\"
raw = '''
= ]
'''
[t]
k = 1979-05-27T07:32:00Z

[[many]]
id = "x"
  [many.sub]
  k = 1
[[many]]
id = 'y'
[[many.inner]]
v = { deep = [1, 2,
  3] }
"""


def test_lines() -> None:
    tomllib.loads(TEXT)
    lines = locate(TEXT)
    expected: dict[Path, int] = {
        ("top",): 2,
        ("quoted key",): 3,
        ("a", "b", "c d"): 4,
        ("list",): 5,
        ("list", 0): 6,
        ("list", 1, 1): 8,
        ("list", 2, "y", "z"): 9,
        ("long",): 11,
        ("raw",): 15,
        ("t",): 18,
        ("t", "k"): 19,
        ("many", 0): 21,
        ("many", 0, "sub", "k"): 24,
        ("many", 1, "id"): 26,
        ("many", 1, "inner", 0, "v", "deep", 2): 29,
    }
    assert {path: lines.of(path) for path in expected} == expected
    assert lines.of(("many", 1, "nothing")) == 25
    assert lines.of(("nothing",)) == 1


def every_path(value: object, path: Path = ()) -> list[Path]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            found += every_path(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[object]", value)):
            found += every_path(inner, (*path, index))
    return found


KEY = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=5).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.sampled_from(["'lit'", '"\\u00e9\\n"', '"a.b"', "'#'"]),
)
SCALAR = st.sampled_from(
    [
        "1", "-0.5e3", "true", "inf", "0xff", "2026-01-01", "2026-01-01 07:32:00.5", "07:32:00",
        '"x"', '"\\"]"', "'\\'", '""', "''", '"""a\nb"""', "'''c\n\n]'''", '"""""x"""""',
        "''''y'''''",
        '"""\\\n   z"""', '"""q\\\\"""',
    ]
)  # fmt: skip
GAP = st.sampled_from(["", " ", "\n", " # ] } = \n", "\r\n", "\t"])
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(st.tuples(GAP, inner, GAP), max_size=3).map(
            lambda items: "[" + ",".join(a + b + c for a, b, c in items) + "]"
        ),
        st.lists(st.tuples(KEY, inner), max_size=3).map(
            lambda items: "{" + ", ".join(f"{k} = {v}" for k, v in items) + "}"
        ),
    ),
    max_leaves=6,
)
PAIR = st.tuples(st.lists(KEY, min_size=1, max_size=3).map(".".join), VALUE).map(
    lambda pair: f"{pair[0]} = {pair[1]}"
)
HEADER = st.lists(KEY, min_size=1, max_size=2).map(".".join)
LINE = st.one_of(
    PAIR, HEADER.map("[{}]".format), HEADER.map("[[{}]]".format), st.just(""), st.just("# [x]")
)


@given(st.lists(LINE, max_size=8).map("\n".join))
def test_every_path_of_valid_toml_is_found(text: str) -> None:
    text = text.replace("\r\n", "\n")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        locate(text)
        return
    lines = locate(text)
    count = text.count("\n") + 1
    for path in every_path(values):
        assert lines.knows(path), path
        assert 1 <= lines.of(path) <= count


@given(st.text(st.sampled_from("ab=[]{}.\"'\\#,\n\r\t 1é"), max_size=60))
def test_nothing_loses_it(text: str) -> None:
    locate(text)


def test_deep_nesting_is_given_up_quietly() -> None:
    lines = locate("a = " + "[" * 5000 + "]" * 5000)
    assert lines.of(("a", 0, 0)) == 1
