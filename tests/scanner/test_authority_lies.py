"""Name servers that are silent, broken or hostile: a status each, bounded, nobody else asked."""

import socket
import struct
import time
from collections.abc import Callable, Iterable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.dns.glue_mismatch import CHECK as GLUE
from checks.registry import reading
from core.errors import OutOfScope
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged
from core.observations.zone_server import DnsServer, ZoneServer
from scanner.asking_names import NameAsker
from scanner.zone_wire import Transferred, denial_of, is_newer, just_after, query
from tests.scanner.asking_authorities import AT, Told, asked
from tests.scanner.sweeping import OpenScope
from tests.servers.dns_liars import Heard, Reply, lying

_FACTS = Facts(today=AT.date(), knowledge=load_knowledge())
_IP = "127.44.0.1"
_ZONE = dns.name.from_text("chu.example")
_SOA = "ns1.chu.example. dns.chu.example. {} 7200 3600 1209600 300"


def _rrset(owner: str, kind: str, *values: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, 60, "IN", kind, *values)


def _top(serial: int = 7, owner: str = "chu.example.") -> dns.rrset.RRset:
    return _rrset(owner, "SOA", _SOA.format(serial))


def _made(
    asked: dns.message.Message, *answer: dns.rrset.RRset, rcode: dns.rcode.Rcode = dns.rcode.NOERROR
) -> dns.message.Message:
    told = dns.message.make_response(asked)
    told.flags |= dns.flags.AA
    told.set_rcode(rcode)
    told.answer = list(answer)
    return told


def _serving(
    transfer: Callable[[dns.message.Message], Iterable[dns.message.Message]] | None = None,
    after: Callable[[str], str | None] | None = None,
) -> Reply:
    """Serve chu.example; ``after`` gives the next name of its NSEC."""

    def reply(asked: dns.message.Message) -> Iterable[bytes]:
        question = asked.question[0]
        kind, name = dns.rdatatype.to_text(question.rdtype), question.name.to_text()
        if kind == "AXFR":
            told = [_made(asked, rcode=dns.rcode.REFUSED)] if transfer is None else transfer(asked)
        elif name == ".":
            told = [_made(asked, rcode=dns.rcode.REFUSED)]
        elif kind == "SOA" and name == "chu.example.":
            told = [_made(asked, _top())]
        elif kind == "NS" and name == "chu.example.":
            told = [_made(asked, _rrset(name, "NS", "ns1.chu.example."))]
        elif kind == "NSEC" and after is not None and (beyond := after(name)) is not None:
            told = [_made(asked, _rrset(name, "NSEC", f"{beyond} A RRSIG NSEC"))]
        else:
            told = [_made(asked)]
        return (one.to_wire(max_size=65_535) for one in told)

    return reply


def _asked(heard: Heard, **options: object) -> Told:
    return asked(heard.port, {"chu.example": {"ns1.chu.example": _IP}}, **options)  # type: ignore[arg-type]


def _flagged(told: Told) -> set[str]:
    seen: list[ZoneServer | DnsServer] = [*told.zones.values(), *told.servers.values()]
    return {
        check.id
        for one in seen
        for check in reading(type(one))
        if any(isinstance(verdict, Flagged) for verdict in check.judge(one, _FACTS))
    }


def test_a_healthy_server_is_clean_and_asked_little() -> None:
    with lying(_serving()) as heard:
        told = _asked(heard)
    assert _flagged(told) == set()
    assert heard.kinds() == ["AXFR", "NS", "NSEC", "SOA", "SOA", "SOA"]
    assert (told.datagrams, told.connections) == (len(heard.datagrams), heard.connections)
    recursing = [one for one in heard.datagrams if one.flags & dns.flags.RD]
    assert [one.question[0].name for one in recursing] == [dns.name.root]


def test_silence_proves_nothing() -> None:
    with lying(lambda _: [], over_tcp=lambda *_: None) as heard:
        told = _asked(heard)
    assert _flagged(told) == set()
    assert told.only().answer is None
    assert set(told.only().why.values()) <= {"undetermined", "reset", "timeout"}
    # The same for whoever reads the report: no server told as measured.
    assert told.servers == {}


def test_a_closed_port_is_told_from_silence() -> None:
    with lying(_serving()) as heard:
        port = heard.port
    told = asked(port, {"chu.example": {"ns1.chu.example": _IP}})
    assert told.only().answer == "closed"
    assert _flagged(told) == {"dns.lame-delegation"}


def test_udp_filtered_on_the_way_is_told_from_a_dead_server() -> None:
    with lying(_serving(), over_udp=lambda _: []) as heard:
        told = _asked(heard)
    assert told.only().answer == "authoritative"
    assert told.servers[_IP].has_udp is False
    assert told.servers[_IP].has_tcp is True
    assert _flagged(told) == set()


@pytest.mark.parametrize(
    ("rcode", "answer"),
    [
        (dns.rcode.REFUSED, "refused"),
        (dns.rcode.SERVFAIL, "failed"),
        (dns.rcode.NXDOMAIN, "denied"),
        (dns.rcode.NOTAUTH, "error"),
        (dns.rcode.NOERROR, "not-authoritative"),
    ],
)
def test_every_lame_answer_has_its_name(rcode: dns.rcode.Rcode, answer: str) -> None:
    with lying(lambda one: [_made(one, rcode=rcode).to_wire()]) as heard:
        told = _asked(heard)
    assert told.only().answer == answer
    assert _flagged(told) == {"dns.lame-delegation"}
    # Nothing is transferred from who does not serve the zone.
    assert "AXFR" not in heard.kinds()


def test_a_server_from_before_edns() -> None:
    plain = _serving()

    def old(asked: dns.message.Message) -> Iterable[bytes]:
        if asked.edns >= 0:
            refusal = dns.message.make_response(asked)
            refusal.use_edns(False)
            refusal.set_rcode(dns.rcode.FORMERR)
            return [refusal.to_wire()]
        return plain(asked)

    with lying(old) as heard:
        told = _asked(heard)
    assert told.only().answer == "authoritative"
    assert _flagged(told) == {"dns.no-edns"}


def test_an_answer_over_udp_alone() -> None:
    with lying(_serving(), has_tcp=False) as heard:
        told = _asked(heard)
    assert _flagged(told) == {"dns.no-tcp"}
    transfer = told.only().transfer
    assert transfer is not None
    assert (transfer.is_open, transfer.told) == (False, "refused")


def test_cut_answers_are_asked_for_over_tcp() -> None:
    def cut(asked: dns.message.Message) -> Iterable[bytes]:
        told = dns.message.make_response(asked)
        told.flags |= dns.flags.TC
        return [told.to_wire()]

    with lying(_serving(), over_udp=cut) as heard:
        told = _asked(heard)
    assert (told.only().answer, told.only().serial) == ("authoritative", 7)


def _referral(asked: dns.message.Message) -> Iterable[bytes]:
    """Answer for the root as a resolver, and for the rest with authority."""
    if asked.question[0].name != dns.name.root:
        return _serving()(asked)
    told = _made(asked, _top(owner="."))
    told.flags = dns.flags.QR | dns.flags.RD | dns.flags.RA
    return [told.to_wire()]


def test_recursion_is_a_resolved_name_not_an_announcement() -> None:
    with lying(_referral) as heard:
        told = _asked(heard)
    assert _flagged(told) == {"dns.open-recursion"}

    def boasting(asked: dns.message.Message) -> Iterable[bytes]:
        for one in _serving()(asked):
            told = dns.message.from_wire(one)
            told.flags |= dns.flags.RA
            yield told.to_wire()

    with lying(boasting) as heard:
        told = _asked(heard)
    assert _flagged(told) == set()
    assert told.servers[_IP].offers_recursion


def test_a_copy_of_the_root_is_no_recursion() -> None:
    def root(asked: dns.message.Message) -> Iterable[bytes]:
        if asked.question[0].name != dns.name.root:
            return _serving()(asked)
        told = _made(asked, _top(owner="."))
        told.flags |= dns.flags.RA
        return [told.to_wire()]

    with lying(root) as heard:
        assert _flagged(_asked(heard)) == set()


def test_forged_answers_before_the_true_one_do_not_hide_it() -> None:
    plain = _serving()

    def forged(asked: dns.message.Message) -> Iterable[bytes]:
        (true,) = plain(asked)
        other = bytes([true[0] ^ 1]) + true[1:]
        wrong = dns.message.make_response(dns.message.make_query("autre.example", "SOA"))
        wrong.id = asked.id
        return [other, wrong.to_wire(), b"\0" * 7, true]

    with lying(plain, over_udp=forged) as heard:
        told = _asked(heard)
    assert told.only().answer == "authoritative"


def test_pointers_that_loop_are_no_answer() -> None:
    def looping(asked: dns.message.Message) -> Iterable[bytes]:
        wire = asked.to_wire()
        question = wire[12 : wire.index(b"\0", 12) + 5]
        here = 12 + len(question)
        head = wire[:2] + struct.pack("!HHHHH", 0x8400, 1, 1, 0, 0)
        return [head + question + struct.pack("!HHHIH", 0xC000 | here, 6, 1, 60, 0)]

    with lying(looping) as heard:
        told = _asked(heard)
    assert told.only().answer is None
    assert told.only().why["answer"] == "protocol-error"
    assert told.servers == {}


def _transferred(told: Told) -> tuple[bool, bool, str]:
    transfer = told.only().transfer
    assert transfer is not None
    return transfer.is_open, transfer.is_whole, transfer.told


def test_an_endless_transfer_is_left() -> None:
    def endless(asked: dns.message.Message) -> Iterable[dns.message.Message]:
        yield _made(asked, _top())
        for turn in range(10_000):
            hosts = (f"h{turn}-{at}.chu.example." for at in range(100))
            yield _made(asked, *(_rrset(host, "A", "192.0.2.1") for host in hosts))

    with lying(_serving(endless)) as heard:
        told = _asked(heard)
    assert _transferred(told) == (True, False, "bounded")
    assert len(told.names["transfer"]) <= 5_000
    assert "dns.zone-transfer" in _flagged(told)


def test_texts_of_64_kb_do_not_fill_the_memory() -> None:
    text = " ".join(f'"{"x" * 250}"' for _ in range(250))

    def huge(asked: dns.message.Message) -> Iterable[dns.message.Message]:
        yield _made(asked, _top())
        for turn in range(100):
            yield _made(asked, _rrset(f"t{turn}.chu.example.", "TXT", text))

    with lying(_serving(huge)) as heard:
        told = _asked(heard)
    # The bytes of one connection are bounded: 1 MB, some 16 such texts.
    assert _transferred(told) == (True, False, "bounded")
    assert len(told.names["transfer"]) < 20


@pytest.mark.parametrize("owner", ["autre.example.", "sous.chu.example.", "example.", "."])
def test_the_transfer_of_another_zone_is_none(owner: str) -> None:
    def another(asked: dns.message.Message) -> Iterable[dns.message.Message]:
        yield _made(asked, _top(owner=owner), _rrset("x.example.", "A", "192.0.2.1"))

    with lying(_serving(another)) as heard:
        told = _asked(heard)
    assert _transferred(told) == (False, False, "another-zone")
    assert told.names == {}


def test_names_of_others_in_a_transfer_are_left_out_and_odd_ones_escaped() -> None:
    def mixed(asked: dns.message.Message) -> Iterable[dns.message.Message]:
        owners = ("vpn.chu.example.", "x.autre.example.", r"\000\027<b>.chu.example.")
        yield _made(asked, _top(), *(_rrset(one, "A", "192.0.2.1") for one in owners), _top())

    with lying(_serving(mixed)) as heard:
        told = _asked(heard)
    assert _transferred(told) == (True, True, "")
    assert told.names["transfer"] == {
        "chu.example",
        "vpn.chu.example",
        r"\000\027<b>.chu.example",
    }


def test_an_soa_alone_is_no_transfer() -> None:
    with lying(_serving(lambda asked: [_made(asked, _top()), _made(asked)])) as heard:
        told = _asked(heard)
    assert _transferred(told) == (False, False, "empty")
    assert _flagged(told) == set()


def test_a_transfer_cut_in_the_middle_was_open() -> None:
    plain = _serving()

    def cutting(client: socket.socket, asked: dns.message.Message) -> None:
        if asked.question[0].rdtype != dns.rdatatype.AXFR:
            (told,) = plain(asked)
            client.sendall(len(told).to_bytes(2, "big") + told)
            return
        wire = _made(asked, _top(), _rrset("vpn.chu.example.", "A", "192.0.2.1")).to_wire()
        client.sendall(len(wire).to_bytes(2, "big") + wire + b"\x04\x00half")

    with lying(plain, over_tcp=cutting) as heard:
        told = _asked(heard)
    assert _transferred(told) == (True, False, "cut")


@pytest.mark.parametrize(
    ("messages", "told_as"),
    [
        (lambda asked: [b"\0" * 40], "another-message"),
        (
            lambda asked: [asked.to_wire()[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + b"\xc0\x0c" * 8],
            "unreadable",
        ),
    ],
    ids=["another id", "noise"],
)
def test_noise_in_place_of_a_transfer(
    messages: Callable[[dns.message.Message], list[bytes]], told_as: str
) -> None:
    plain = _serving()

    def noisy(asked: dns.message.Message) -> Iterable[bytes]:
        return messages(asked) if asked.question[0].rdtype == dns.rdatatype.AXFR else plain(asked)

    with lying(noisy) as heard:
        told = _asked(heard)
    assert _transferred(told) == (False, False, told_as)


def _chain(*names: str) -> Callable[[str], str | None]:
    owners = ("chu.example.", *(f"{one}.chu.example." for one in names))
    return dict(zip(owners, (*owners[1:], owners[0]), strict=True)).get


@pytest.mark.parametrize(
    ("after", "end", "names"),
    [
        (_chain("a", "b", "c"), "whole", {"a", "b", "c"}),
        (
            lambda name: {"chu.example.": "b.chu.example."}.get(name, "a.chu.example."),
            "lies",
            {"b"},
        ),
        (lambda _: "z.chu.example.", "lies", {"z"}),
        (lambda name: {"chu.example.": "a.chu.example."}.get(name), "lies", set()),
        (
            lambda name: "a.chu.example." if name == "chu.example." else f"\\000.{name}",
            "lies",
            {"a"},
        ),
    ],
    ids=["whole", "turns back", "itself", "made up", "minimal below"],
)
def test_walks_end(after: Callable[[str], str | None], end: str, names: set[str]) -> None:
    with lying(_serving(after=after)) as heard:
        told = _asked(heard)
    seen = told.only()
    assert seen.denial == "nsec"
    assert seen.walk is not None
    assert (seen.walk.end, seen.walk.names) == (end, len(names))
    assert told.names.get("nsec", set()) == {f"{one}.chu.example" for one in names}
    assert len(heard.datagrams) < 20


def test_a_walk_without_end_is_left() -> None:
    def onwards(name: str) -> str:
        label = name.split(".")[0]
        number = int(label[1:]) + 1 if label[1:].isdigit() else 0
        return f"h{number:06}.chu.example."

    with lying(_serving(after=onwards)) as heard:
        told = _asked(heard)
    assert told.only().walk is not None
    assert told.only().walk.end == "bounded"  # type: ignore[union-attr]
    assert len(heard.datagrams) < 1_100


@pytest.mark.parametrize("beyond", [r"\000.chu.example.", "x.autre.example."])
def test_what_is_made_up_on_the_fly_is_not_walked(beyond: str) -> None:
    with lying(_serving(after=lambda _: beyond)) as heard:
        told = _asked(heard)
    assert told.only().denial == ("minimal" if "000" in beyond else "")
    assert told.only().walk is None


def test_not_one_packet_leaves_the_mandate() -> None:
    outside = "127.44.0.9"
    with lying(_serving()) as heard, lying(_serving(), ip=outside, port=heard.port) as stranger:
        told = asked(
            heard.port,
            {
                "chu.example": {
                    "ns1.chu.example": _IP,
                    "ns2.chu.example": outside,
                    "ns3.chu.example": "::ffff:127.44.0.9",
                }
            },
            refusals={outside: "out-of-scope", "::ffff:7f2c:9": "out-of-scope"},
        )
    assert (stranger.datagrams, stranger.connections) == ([], 0)
    assert told.zones["chu.example", outside].why["transfer"] == "out-of-scope"
    assert told.servers.keys() == {_IP}


@pytest.mark.parametrize("reason", ["out-of-window", "interrupted"])
def test_what_may_not_be_asked_now_stays_to_be_asked(reason: str) -> None:
    with lying(_serving()) as heard:
        told = _asked(heard, refusals={_IP: reason})
    assert (told.zones, told.servers, told.refused) == ({}, {}, [reason])
    assert heard.datagrams == []


def test_several_servers_at_one_address_are_one_machine() -> None:
    with lying(_serving()) as heard:
        told = asked(heard.port, {"chu.example": {"ns1.chu.example": _IP, "ns2.chu.example": _IP}})
    assert told.servers[_IP].hosts == ("ns1.chu.example", "ns2.chu.example")


def test_a_resolver_that_fails_leaves_all_unmeasured() -> None:
    told = asked(9, {"chu.example": {}}, publishes=("chu.example. NS ns1.chu.example.",))
    assert told.zones == {}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_left(noise: bytes) -> None:
    asked = query("chu.example", "SOA")
    for wire in (noise, asked.wire[:2] + b"\x84" + noise, asked.wire + noise):
        told = asked.reads(wire)
        if told is not None:
            denial_of(told, _ZONE)
        Transferred(zone=_ZONE, query=asked).take(wire, 100)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_two_serials_are_never_each_newer(one: int, other: int) -> None:
    assert not (is_newer(one, other) and is_newer(other, one)) or (one - other) % 2**32 == 2**31
    assert not is_newer(one, one)
    assert is_newer((one + 1) % 2**32, one)


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_what_sorts_just_after_a_name_and_all_below_it(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    after = just_after(name)
    if after is None:
        assert len(labels[0]) == 63
    else:
        assert name < after
        below = dns.name.Name([b"\xff", *name.labels])
        assert below < after


def test_a_window_that_closes_under_the_questions_leaves_the_zone_to_be_asked() -> None:
    scope = OpenScope()
    plain = _serving()

    def closing(asked: dns.message.Message) -> Iterable[bytes]:
        scope.refusals[_IP] = OutOfScope(_IP, "out-of-window")
        return plain(asked)

    with lying(closing) as heard:
        told = _asked(heard, scope=scope)
    assert (told.zones, told.servers, told.refused) == ({}, {}, ["out-of-window"])
    assert len(heard.datagrams) == 1


def test_an_intensity_lowered_under_the_questions_is_told() -> None:
    scope = OpenScope()
    plain = _serving()

    def lowering(asked: dns.message.Message) -> Iterable[bytes]:
        scope.refusals[_IP] = OutOfScope(_IP, "intensity")
        return plain(asked)

    with lying(lowering) as heard:
        told = _asked(heard, scope=scope)
    assert told.only().answer == "authoritative"
    assert told.only().why == dict.fromkeys(("name_servers", "transfer", "denial"), "intensity")


def test_a_primary_behind_the_servers_listed_is_asked_where_a_mandate_has_it() -> None:
    hidden, outside = "127.44.0.2", "127.44.0.9"
    publishes = (
        "chu.example. SOA cache.chu.example. dns.chu.example. 1 2 3 4 5",
        f"cache.chu.example. A {hidden}",
        f"cache.chu.example. A {outside}",
    )

    def whole(asked: dns.message.Message) -> Iterable[dns.message.Message]:
        yield _made(asked, _top(9), _rrset("vpn.chu.example.", "A", "192.0.2.1"), _top(9))

    with (
        lying(_serving()) as heard,
        lying(_serving(whole), ip=hidden, port=heard.port),
        lying(_serving(), ip=outside, port=heard.port) as stranger,
    ):
        told = _asked(heard, publishes=publishes, refusals={outside: "out-of-scope"})
    assert told.zones.keys() == {("chu.example", _IP), ("chu.example", hidden)}
    assert not told.zones["chu.example", hidden].is_listed
    assert _flagged(told) == {"dns.zone-transfer"}
    assert stranger.datagrams == []


def test_a_hidden_primary_that_is_shut_is_no_lame_server() -> None:
    publishes = (
        "chu.example. SOA cache.chu.example. dns.chu.example. 1 2 3 4 5",
        "cache.chu.example. A 127.44.0.2",
    )
    with lying(_serving()) as heard:
        told = _asked(heard, publishes=publishes)
    assert told.zones["chu.example", "127.44.0.2"].answer == "closed"
    assert _flagged(told) == set()


def test_a_delegation_is_compared_with_the_zone_below() -> None:
    plain = _serving()

    def parent(asked: dns.message.Message) -> Iterable[bytes]:
        question = asked.question[0]
        if question.name.to_text() != "labo.chu.example." or question.rdtype != dns.rdatatype.NS:
            return plain(asked)
        told = dns.message.make_response(asked)
        servers = ("ns1.labo.chu.example.", "ancien.labo.chu.example.")
        told.authority = [_rrset("labo.chu.example.", "NS", *servers)]
        told.additional = [_rrset("ns1.labo.chu.example.", "A", "192.0.2.77")]
        return [told.to_wire()]

    outside = "192.0.2.50"
    listed = {
        "chu.example": {"ns1.chu.example": _IP},
        "labo.chu.example": {"ns1.labo.chu.example": outside},
    }
    with lying(parent) as heard:
        told = asked(heard.port, listed, refusals={outside: "out-of-scope"})
    (delegation,) = told.zones["chu.example", _IP].delegations
    assert delegation.glue == {
        "ancien.labo.chu.example": (),
        "ns1.labo.chu.example": ("192.0.2.77",),
    }
    (found,) = GLUE.judge(told.zones["chu.example", _IP], _FACTS)
    assert isinstance(found, Flagged)
    assert found.place.hostname == "labo.chu.example"
    assert [one.id for one in found.proofs] == ["servers", "none", "glue"]


def test_a_slow_server_is_waited_for_and_not_asked_twice() -> None:
    plain = _serving()

    def slowly(asked: dns.message.Message) -> Iterable[bytes]:
        time.sleep(0.4)
        return plain(asked)

    with lying(slowly) as heard:
        told = _asked(heard)
    assert _flagged(told) == set()
    assert heard.kinds() == ["AXFR", "NS", "NSEC", "SOA", "SOA", "SOA"]


def test_a_transfer_that_drips_is_left() -> None:
    plain = _serving()

    def dripping(client: socket.socket, asked: dns.message.Message) -> None:
        if asked.question[0].rdtype != dns.rdatatype.AXFR:
            (told,) = plain(asked)
            client.sendall(len(told).to_bytes(2, "big") + told)
            return
        for byte in b"\x04\x00" + bytes(1_024):
            client.sendall(bytes([byte]))
            time.sleep(0.3)

    with lying(plain, over_tcp=dripping) as heard:
        told = _asked(heard)
    assert told.only().transfer is None
    assert told.only().why == {"transfer": "timeout"}


def test_no_server_is_judged_by_what_lying_resolvers_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lies(_: NameAsker) -> bool:
        return True

    monkeypatch.setattr(NameAsker, "lies", lies)
    told = asked(9, {"chu.example": {"ns1.chu.example": _IP}})
    seen = told.only()
    assert seen.answer is None
    assert seen.why["answer"] == "resolver-lies"
    assert told.datagrams == told.connections == 0
