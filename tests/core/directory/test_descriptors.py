"""Security descriptors: read, written, shown, and whatever bytes or text come."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.ad._shared import defaults
from core.directory import descriptors, sids
from core.directory.descriptors import Ace, Descriptor, Reader, Unreadable, encode, mapped
from core.directory.sddl import BadSddl, parse, rights_of, show, show_ace

_DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
_GUID = "00299570-246d-11d0-a768-00aa006e0529"
_KINDS = [0, 1, 5, 6, 9, 10, 11, 12]
_SIDS = st.sampled_from([sids.SYSTEM, sids.EVERYONE, f"{_DOMAIN}-512", "S-1-5"])
_GUIDS = st.sampled_from(["", _GUID, "bf967aba-0de6-11d0-a285-00aa003049e2"])


@st.composite
def _aces(draw: st.DrawFn) -> Ace:
    kind = draw(st.sampled_from(_KINDS))
    mask = draw(st.integers(0, 2**32 - 1))
    types = (draw(_GUIDS), draw(_GUIDS)) if kind in (5, 6, 11, 12) else ("", "")
    condition = draw(st.binary(max_size=12)) if kind >= 9 else b""
    condition += bytes(-len(condition) % 4)
    flags = draw(st.integers(0, 0x1F))
    return Ace(kind, flags, mask, draw(_SIDS), *types, mapped(mask), condition)


_DESCRIPTORS = st.builds(
    Descriptor,
    owner=_SIDS | st.just(""),
    group=_SIDS | st.just(""),
    control=st.sampled_from([0, 0x1000, 0x0400, 0x1500]),
    aces=st.lists(_aces(), max_size=6).map(tuple),
)


def _fields(descriptor: Descriptor) -> list[object]:
    rest = (descriptor.owner, descriptor.group, descriptor.has_dacl, descriptor.is_null_dacl)
    return [*rest, [_of(one) for one in descriptor.aces]]


def _of(ace: Ace) -> tuple[object, ...]:
    return (ace.kind, ace.flags, ace.mask, ace.trustee, ace.object_type, ace.inherited_type,
            ace.rights, ace.condition)  # fmt: skip


@given(_DESCRIPTORS)
def test_descriptors_survive(given_: Descriptor) -> None:
    read = Reader().read(encode(given_))
    assert isinstance(read, Descriptor)
    assert _fields(read) == _fields(given_)
    assert read.control == given_.control | 0x8004


@given(_DESCRIPTORS)
def test_sddl_survives(given_: Descriptor) -> None:
    again = parse(show(given_), domain=_DOMAIN)
    assert _fields(again) == _fields(given_)
    assert again.control == given_.control


@given(st.binary(max_size=400))
@example(b"")
@example(b"\x01\x00\x04\x80" + b"\xff\xff\xff\xff" * 4)
def test_any_bytes_are_a_descriptor_or_told_unreadable(data: bytes) -> None:
    read = Reader().read(data)
    if isinstance(read, Unreadable):
        assert read.why
    else:
        assert len(read.aces) * 4 <= len(data)


_WINDOWS = [
    parse(text, domain=_DOMAIN)
    for text in (*defaults.OF_CLASS.values(), defaults.DOMAIN, defaults.CONFIGURATION)
]
"""What Windows puts on its objects."""


@given(_DESCRIPTORS | st.sampled_from(_WINDOWS), st.data())
def test_a_descriptor_that_was_tampered_with_never_raises(
    given_: Descriptor, data: st.DataObject
) -> None:
    raw = bytearray(encode(given_))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for one in (bytes(raw), bytes(raw[:cut])):
        read = Reader().read(one)
        if isinstance(read, Descriptor):
            assert len(read.aces) <= len(one)


def test_too_much_is_refused() -> None:
    assert isinstance(Reader().read(bytes(1 << 19)), Unreadable)


def test_equal_entries_are_one_object() -> None:
    reader = Reader()
    first = reader.read(encode(parse("O:SYD:(A;;GA;;;SY)(A;;RP;;;AU)")))
    second = reader.read(encode(parse("O:BAD:(A;;RP;;;AU)")))
    assert isinstance(first, Descriptor)
    assert isinstance(second, Descriptor)
    assert first.aces[1] is second.aces[0]


def test_an_unknown_type_is_kept_and_told() -> None:
    aces = (Ace(0x13, 0, 0, "", condition=b"whatever"), *parse("D:(A;;GA;;;SY)").aces)
    read = Reader().read(encode(Descriptor(sids.SYSTEM, "", 0, aces)))
    assert isinstance(read, Descriptor)
    assert [one.is_unknown for one in read.aces] == [True, False]
    assert not read.aces[0].allows
    assert not read.aces[0].denies
    assert read.aces[0].condition == b"whatever"
    assert show_ace(read.aces[0]) == "(0x13)"


def test_no_dacl_and_a_null_one_are_told_apart() -> None:
    hidden = Reader().read(encode(Descriptor(sids.SYSTEM, "", 0, (), has_dacl=False)))
    null = Reader().read(encode(Descriptor(sids.SYSTEM, "", 0, (), is_null_dacl=True)))
    empty = Reader().read(encode(Descriptor(sids.SYSTEM, "", 0, ())))
    assert isinstance(hidden, Descriptor)
    assert isinstance(null, Descriptor)
    assert isinstance(empty, Descriptor)
    assert (hidden.has_dacl, hidden.is_null_dacl) == (False, False)
    assert (null.has_dacl, null.is_null_dacl) == (True, True)
    assert (empty.has_dacl, empty.is_null_dacl) == (True, False)


def test_generic_rights_are_mapped() -> None:
    assert mapped(descriptors.GENERIC_ALL) == descriptors.FULL_CONTROL
    assert mapped(descriptors.GENERIC_WRITE) == 0x20028
    assert mapped(descriptors.GENERIC_READ | 0x20) == 0x200B4
    assert rights_of(0xF01FF) == "GA"
    assert rights_of(0x30) == "RPWP"
    assert rights_of(0x100000) == "0x100000"


def test_sddl_as_the_schema_writes_it() -> None:
    every = [*defaults.OF_CLASS.values(), defaults.DOMAIN, defaults.CONFIGURATION, defaults.SCHEMA]
    for text in every:
        assert parse(text, domain=_DOMAIN).owner or text.startswith("D:")
    whole = parse(
        "O:DAG:DAD:PAI(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;EA)"
        f"(OA;CIIO;RP;{{{_GUID.upper()}}};;S-1-5-32-554)S:(AU;SA;CR;;;WD)",
        domain=_DOMAIN,
        root="S-1-5-21-1-2-3",
    )
    assert whole.owner == f"{_DOMAIN}-512"
    assert whole.is_protected
    assert whole.aces[0].trustee == "S-1-5-21-1-2-3-519"
    assert whole.aces[1].object_type == _GUID
    assert whole.aces[1].is_inherit_only
    assert parse("D:NO_ACCESS_CONTROL").is_null_dacl
    assert not parse("O:SY").has_dacl
    held = parse('D:(XA;;GA;;;WD;(@User.Dept == "A" && (Member_of {SID(BA)})))').aces[0]
    assert held.is_conditional
    assert held.condition


@pytest.mark.parametrize(
    "text",
    [
        "nonsense", "D:(A;;GA;;;ZZ)", "D:(A;;QQ;;;SY)", "D:(A;;GA;;;SY", "D:(A;GA;SY)", "O:DAD:",
        "D:X(A;;GA;;;SY)", "D:(A;;GA;junk;;SY)", f"D:(A;;GA;{_GUID};;SY)", "D:(A;;0xZ;;;SY)",
        "D:(XA;;GA;;;SY)", "D:)(", "D:(A;;0x1ffffffff;;;SY)", "D:" + "(A;;GA;;;SY)" * 30_000,
    ],
)  # fmt: skip
def test_what_is_no_sddl_is_refused(text: str) -> None:
    with pytest.raises(BadSddl):
        parse(text)


@given(st.text(max_size=60) | st.text("DOGSAP:();WIRCLX0123456789-", max_size=80))
def test_any_text_is_sddl_or_refused(text: str) -> None:
    try:
        parse(text, domain=_DOMAIN)
    except BadSddl:
        return
