"""rsync, X11 and DNS: one greeting, or one harmless question."""

import struct

import pytest
from dns import message, rrset

from core.errors import Unanswered
from core.model import Criticality, Flagged, Intensity
from core.observations.x11 import X11Service
from core.observations.zone_server import DnsServer
from scanner.probes import dns, rsync, x11
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


@pytest.mark.real
def test_rsync_is_known_by_its_greeting() -> None:
    with admin.rsyncd() as port:
        found = measure(rsync.PROBE, port)
    assert found is not None
    assert found.service.protocol == "rsync"
    assert found.service.evidence[0].startswith("banner: @RSYNCD: ")
    (verdict,) = judge("rsync.exposed", found.service)
    assert isinstance(verdict, Flagged)


def test_rsync_is_sent_nothing() -> None:
    with scripted(lambda talk: talk.say(b"@RSYNCD: 29\n")) as server:
        assert measure(rsync.PROBE, server.port) is not None
    assert b"".join(server.received) == b""


def display(found: Measured | None) -> X11Service:
    assert found is not None
    assert found.service.protocol == "x11"
    assert isinstance(found.seen[0], X11Service)
    return found.seen[0]


@pytest.mark.real
@pytest.mark.parametrize("authorised", [False, True])
def test_xvfb(authorised: bool) -> None:
    with admin.xvfb(authorised=authorised) as port:
        one = display(measure(x11.PROBE, port, listen_s=0.1))
    assert one.is_open is not authorised
    (verdict,) = judge("x11.exposed", one)
    assert isinstance(verdict, Flagged)
    if authorised:
        assert "Authorization required" in one.refusal
        assert verdict.criticality is Criticality.HIGH
    else:
        assert one.vendor == "The X.Org Foundation"
        assert verdict.criticality is Criticality.CRITICAL


def x_answer(answer: bytes) -> Measured | None:
    def script(talk: Talk) -> None:
        talk.hear(b"\0\0")
        talk.say(answer)
        talk.leave()

    with scripted(script) as server:
        return measure(x11.PROBE, server.port, listen_s=0.1)


def test_x11_answers() -> None:
    refusal = struct.pack("<BBHHH", 0, 6, 11, 0, 2) + b"closed\0\0"
    assert display(x_answer(refusal)).refusal == "closed"
    more = struct.pack("<BBHHH", 2, 0, 0, 0, 2) + b"cookie??"
    one = display(x_answer(more))
    assert one.refusal == "cookie??"
    assert not one.is_open


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack("<BBHHH", 1, 0, 12, 0, 100) + bytes(400),
        struct.pack("<BBHHH", 1, 0, 11, 0, 2) + bytes(8),
        struct.pack("<BBHHH", 0, 200, 11, 0, 1) + bytes(4),
        b"\xff" * 40,
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_what_no_x_server_says(answer: bytes) -> None:
    assert x_answer(answer) is None


def test_x11_success_cut_short_is_no_proof() -> None:
    with pytest.raises(Unanswered):
        x_answer(struct.pack("<BBHHH", 1, 0, 11, 0, 100) + bytes(8))


def test_x11_vendor_with_a_lying_length() -> None:
    fixed = struct.pack("<IIIIHH8B4x", 7, 0, 0, 0, 0xFFFF, 0, *bytes(8))
    one = display(x_answer(struct.pack("<BBHHH", 1, 0, 11, 0, 10) + fixed + b"Example!"))
    assert one.is_open
    assert one.vendor == "Example!"


@pytest.mark.real
@pytest.mark.parametrize(("refuses", "rcode"), [(False, "NOERROR"), (True, "REFUSED")])
def test_unbound(refuses: bool, rcode: str) -> None:
    with admin.unbound(refuses=refuses) as port:
        found = measure(dns.PROBE, port, listen_s=0.1)
    assert found is not None
    assert found.service.protocol == "dns"
    assert f"RCODE: {rcode}" in found.service.evidence


@pytest.mark.real
def test_named() -> None:
    with admin.named() as port:
        found = measure(dns.PROBE, port, listen_s=0.1)
    assert found is not None
    assert "RCODE: REFUSED" in found.service.evidence
    (seen,) = found.seen
    assert isinstance(seen, DnsServer)
    assert (seen.offers_recursion, seen.resolves) == (False, False)


def _resolving(flags: int, *, answers: bool = True) -> Measured | None:
    """Serve a root that announces recursion, then the answer to the question that tests it."""

    def script(talk: Talk) -> None:
        if not talk.hear(b"\0\x02\0\x01"):
            return
        talk.say(struct.pack(">H", 12) + struct.pack(">HHHHHH", 0x5647, 0x8080, 0, 0, 0, 0))
        query = talk.hear_some()
        told = message.make_response(message.from_wire(query[2:]))
        told.flags = flags
        if answers:
            told.answer.append(rrset.from_text(".", 60, "IN", "SOA", "a. b. 1 2 3 4 5"))
        talk.say(struct.pack(">H", len(wire := told.to_wire())) + wire)
        talk.rest()

    with scripted(script) as server:
        return measure(dns.PROBE, server.port, listen_s=0.1)


@pytest.mark.parametrize(
    ("flags", "answers", "resolves"),
    [(0x8180, True, True), (0x8580, True, False), (0x8100, True, False), (0x8180, False, False)],
    ids=["resolved", "own copy of the root", "withdrawn", "empty"],
)
def test_recursion_announced_over_tcp_is_put_to_the_test(
    flags: int, answers: bool, resolves: bool
) -> None:
    found = _resolving(flags, answers=answers)
    assert found is not None
    (seen,) = found.seen
    assert isinstance(seen, DnsServer)
    assert (seen.offers_recursion, seen.resolves) == (True, resolves)


def test_a_discreet_visit_leaves_announced_recursion_untested() -> None:
    header = struct.pack(">HHHHHH", 0x5647, 0x8080, 0, 0, 0, 0)

    def script(talk: Talk) -> None:
        talk.hear(b"\0\x02\0\x01")
        talk.say(struct.pack(">H", 12) + header)
        talk.rest()

    with scripted(script) as server:
        found = measure(dns.PROBE, server.port, listen_s=0.1, intensity=Intensity.DISCREET)
    assert found is not None
    (seen,) = found.seen
    assert isinstance(seen, DnsServer)
    assert (seen.resolves, seen.why["resolves"]) == (None, "intensity")
    assert len(b"".join(server.received)) == 19


def dns_answer(answer: bytes) -> tuple[Measured | None, bytes]:
    def script(talk: Talk) -> None:
        talk.hear(b"\0\x02\0\x01")
        talk.say(answer)
        talk.leave()

    with scripted(script) as server:
        found = measure(dns.PROBE, server.port, listen_s=0.1)
    return found, b"".join(server.received)


def test_dns_asks_the_root_without_recursion() -> None:
    header = struct.pack(">HHHHHH", 0x5647, 0x8081, 0, 0, 0, 0)
    found, sent = dns_answer(struct.pack(">H", 12) + header)
    assert found is not None
    assert found.service.evidence == (
        "QUERY: . NS",
        "RCODE: FORMERR",
        "ANCOUNT: 0",
        "RA: 1",
    )
    assert sent == bytes.fromhex("0011 5647 0000 0001 0000 0000 0000 00 0002 0001")


@pytest.mark.parametrize(
    "message",
    [
        struct.pack(">HHHHHH", 0x5648, 0x8080, 0, 0, 0, 0),
        struct.pack(">HHHHHH", 0x5647, 0x0080, 0, 0, 0, 0),
        struct.pack(">HHHHHH", 0x5647, 0xA880, 0, 0, 0, 0),
        struct.pack(">HHHHHH", 0x5647, 0x8080, 1, 0, 0, 0) + b"\0\0\1\0\1",
        struct.pack(">HHHHHH", 0x5647, 0x8080, 9, 0, 0, 0) + b"\0\0\2\0\1",
        b"short",
    ],
)
def test_what_no_dns_server_answers(message: bytes) -> None:
    assert dns_answer(struct.pack(">H", len(message)) + message)[0] is None
