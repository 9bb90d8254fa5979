"""Our BER: what it writes is what ldap3 reads, and any bytes are read or refused, nothing else."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import search_operation
from ldap3.protocol.rfc4511 import LDAPMessage
from pyasn1.codec.ber import decoder, encoder

from ad_audit import ber
from ad_audit.wire import Counters, Limits, Wire
from checks.ad._shared import defaults
from core.directory.descriptors import encode
from core.directory.sddl import parse
from core.errors import Unanswered


def entry(dn: bytes = b"CN=x", *attributes: tuple[bytes, tuple[bytes, ...]]) -> bytes:
    listed = [
        tlv(0x30, tlv(4, name), tlv(0x31, *(tlv(4, each) for each in values)))
        for name, values in attributes
    ]
    return tlv(0x30, b"\x02\x01\x07", tlv(0x64, tlv(4, dn), tlv(0x30, *listed)))


def done(code: int = 0, cookie: bytes | None = None, message: bytes = b"") -> bytes:
    result = tlv(0x65, tlv(0x0A, bytes((code,))), tlv(4), tlv(4, message))
    controls = b""
    if cookie is not None:
        value = tlv(0x30, b"\x02\x01\x00", tlv(4, cookie))
        controls = tlv(0xA0, tlv(0x30, tlv(4, ber.PAGED.encode()), tlv(4, value)))
    return tlv(0x30, b"\x02\x01\x07", result, controls)


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    # As Active Directory writes lengths: always in four bytes.
    return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content


def read(message: bytes) -> ber.Entry | ber.Result:
    assert ber.message_size(message, 0) == len(message)
    envelope = ber.open_message(message)
    if envelope.tag == ber.ENTRY:
        return ber.read_entry(message, envelope)
    return ber.read_result(message, envelope)


def test_an_entry_is_read() -> None:
    found = read(
        entry(
            "CN=Zoé,DC=chu".encode(),
            (b"sAMAccountName", (b"zoe",)),
            (b"member;range=0-1", (b"a", b"b" * 300)),
            (b"Empty", ()),
        )
    )
    assert found == ber.Entry(
        "CN=Zoé,DC=chu",
        {"samaccountname": (b"zoe",), "member;range=0-1": (b"a", b"b" * 300), "empty": ()},
    )


def test_an_end_is_read() -> None:
    assert read(done(51, b"abc", b"busy")) == ber.Result(51, "busy", b"abc", 0)
    assert read(done()) == ber.Result(0, "", b"", 0)


@given(
    st.text(max_size=40),
    st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,20}", fullmatch=True), st.binary(max_size=300)),
        unique_by=lambda one: one[0],
        max_size=6,
    ),
)
def test_what_is_written_is_read(dn: str, attributes: list[tuple[str, bytes]]) -> None:
    raw = entry(
        dn.encode(errors="replace"), *((name.encode(), (value,)) for name, value in attributes)
    )
    found = read(raw)
    assert isinstance(found, ber.Entry)
    assert found.attributes == {name: (value,) for name, value in attributes}


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Unanswered):
        ber.message_size(data, 0)
    with suppress(Unanswered):
        read_any(data)


ACCOUNT = entry(
    "CN=Zoé Œuvrard,OU=Soins,DC=chu,DC=example".encode(),
    (b"objectClass", (b"top", b"person", b"organizationalPerson", b"user")),
    (b"objectGUID", (bytes(range(16)),)),
    (b"objectSid", (bytes.fromhex("010500000000000515000000010000000200000003000000f4010000"),)),
    (b"nTSecurityDescriptor", (encode(parse(defaults.DOMAIN, domain="S-1-5-21-1-2-3")),)),
    (b"member;range=0-1499", tuple(b"CN=m%d" % number for number in range(150))),
    (b"description", ()),
)
"""As a controller writes one."""


@given(st.data())
def test_any_mutation_is_read_or_refused(data: st.DataObject) -> None:
    seeds = [
        entry(b"CN=x", (b"member", (b"a", b"b")), (b"cn", (b"x",))),
        done(0, b"cookie"),
        done(10, None, b"x"),
        ACCOUNT,
    ]
    raw = mutated(data, data.draw(st.sampled_from(seeds)))
    if raw:
        with suppress(Unanswered):
            read_any(raw)


class Mutated:
    """A socket that gives these bytes, in pieces, then ends; what it is sent is lost."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._data = data
        self._piece = piece

    def sendall(self, data: bytes, /) -> None:
        """Take it."""

    def settimeout(self, value: float | None, /) -> None:
        """Never wait."""

    def recv_into(self, buffer: "bytearray | memoryview", /) -> int:
        """Give a piece."""
        piece, self._data = self._data[: self._piece], self._data[self._piece :]
        buffer[: len(piece)] = piece
        return len(piece)


@given(st.data())
def test_a_mutated_answer_ends(data: st.DataObject) -> None:
    # Our first message has this number: the answer is to it.
    answer = b"".join((ACCOUNT, ACCOUNT, done(0, b"next"), ACCOUNT, done()))
    answer = answer.replace(b"\x02\x84\x00\x00\x00\x01\x07", b"").replace(
        b"\x02\x01\x07", b"\x02\x02\x03\xe9"
    )
    sock = Mutated(mutated(data, answer), data.draw(st.integers(1, 5_000)))
    wire = Wire(sock, Limits(busy_s=(), most_pages=4), Counters())
    with suppress(Unanswered, OSError):
        for page in wire.pages(lambda number, _cookie: b"%d" % number):
            for message, envelope in page.entries:
                with suppress(Unanswered):
                    ber.read_entry(message, envelope)


def mutated(data: st.DataObject, seed: bytes) -> bytes:
    """Give it with some bytes changed, added or cut away."""
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                raw[at] = data.draw(st.integers(0, 255))
            case 1:
                del raw[at:]
            case _:
                raw[at:at] = data.draw(st.binary(max_size=6))
        if not raw:
            break
    return bytes(raw)


def read_any(data: bytes) -> None:
    envelope = ber.open_message(data)
    for reader in (ber.read_entry, ber.read_result):
        with suppress(Unanswered):
            reader(data, envelope)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x85\x00\x00\x00\x00\x01",
        b"\x30\x80",
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x31\x00",
    ],
)
def test_a_length_beyond_bounds_is_refused(data: bytes) -> None:
    with pytest.raises(Unanswered):
        ber.message_size(data, 0)


def test_a_length_that_is_not_there_yet_is_waited_for() -> None:
    whole = done()
    assert [ber.message_size(whole[:size], 0) for size in range(6)] == [0] * 6
    assert ber.message_size(whole[:6], 0) == len(whole)


def test_the_same_attribute_twice_is_refused() -> None:
    with pytest.raises(Unanswered):
        read(entry(b"CN=x", (b"cn", (b"a",)), (b"CN", (b"b",))))


@pytest.mark.parametrize(
    "text",
    [
        "(objectClass=*)",
        "(&(objectCategory=person)(objectClass=user))",
        "(|(a=1)(!(b=2))(c>=3)(d<=4)(e~=5))",
        "(cn=ab*cd*ef)",
        "(cn=*z)",
        "(cn=\\2a\\28\\29\\5c\\00)",
        "(userAccountControl:1.2.840.113556.1.4.803:=2)",
    ],
)
def test_filters_are_those_of_ldap3(text: str) -> None:
    theirs = search_operation("dc=x", text, "SUBTREE", "NEVER", ["cn"], 0, 0, False, False, False)
    assert ber.compile_filter(text) == encoder.encode(theirs["filter"])


@pytest.mark.parametrize(
    "text",
    ["", "(", "()", "(a)", "(a=1", "(a=1))", "(&(a=1)", "(a=**)", "(é=1)", "(a=\\zz)", "(=1)"],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ber.compile_filter(text)


def test_a_deep_filter_is_refused() -> None:
    with pytest.raises(ValueError):
        ber.compile_filter("(!" * 10_000 + "(a=1)" + ")" * 10_000)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_none(text: str) -> None:
    with suppress(ValueError):
        ber.compile_filter(text)


@given(st.binary(max_size=40))
def test_an_escaped_value_comes_back(value: bytes) -> None:
    compiled = ber.compile_filter(f"(cn={ber.escape(value)})")
    if value:
        assert value in compiled


def test_a_request_is_read_by_ldap3() -> None:
    raw = ber.search(
        77,
        "DC=chu,DC=example",
        ber.compile_filter("(objectClass=*)"),
        ["cn", "nTSecurityDescriptor"],
        scope=ber.BASE,
        time_limit_s=9,
        controls=(ber.paged(1_000, b"again"), ber.sd_flags(7), ber.domain_scope()),
    )
    message, rest = decoder.decode(raw, asn1Spec=LDAPMessage())
    assert rest == b""
    request = message["protocolOp"]["searchRequest"]
    assert (int(message["messageID"]), str(request["baseObject"])) == (77, "DC=chu,DC=example")
    assert [str(one) for one in request["attributes"]] == ["cn", "nTSecurityDescriptor"]
    assert int(request["derefAliases"]) == 0
    controls = {
        str(one["controlType"]): (
            bool(one["criticality"]),
            bytes(one["controlValue"]) if one["controlValue"].hasValue() else b"",
        )
        for one in message["controls"]
    }
    assert controls[ber.PAGED] == (True, bytes.fromhex("300b020203e8") + b"\x04\x05again")
    assert controls[ber.SD_FLAGS] == (True, b"\x30\x03\x02\x01\x07")
    assert controls[ber.DOMAIN_SCOPE] == (False, b"")


def test_an_abandon_is_read_by_ldap3() -> None:
    message, _ = decoder.decode(ber.abandon(5, 4), asn1Spec=LDAPMessage())
    assert int(message["protocolOp"]["abandonRequest"]) == 4
