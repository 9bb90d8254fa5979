"""IKE against strongSwan, and against responders that lie, babble or refuse."""

import struct
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest

from core.errors import Unanswered
from core.inventory import Expected
from core.model import Criticality, Flagged, Intensity, NotMeasured, Status
from core.observations.ike import IkeService
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.probes.ike import PROBE
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.test_questions import asked as asked_of_one_port
from tests.scanner.visiting import measure_datagrams
from tests.servers import vpn
from tests.servers.namespaces import inside
from tests.servers.udp import Answer, udp_service

OLD = "keyexchange=ikev1; aggressive=yes; ike=3des-sha1-modp1024,aes256-sha1-modp2048!"
PLAIN_V1 = "keyexchange=ikev1; ike=aes256-sha256-modp2048!"
NEW = "keyexchange=ikev2; ike=aes256-sha256-modp2048,aes128gcm16-prfsha256-ecp256!"
CURVES = "keyexchange=ikev2; ike=aes128gcm16-prfsha256-ecp256!"
WEAK_V2 = "keyexchange=ikev2; ike=aes128-sha1-modp1024,aes128-sha1-modp2048!"

CHECKS = ("ike.v1-accepted", "ike.aggressive-mode", "ike.weak-group")


def seen(measured: Measured | None) -> IkeService:
    assert measured is not None
    assert isinstance(measured.seen[0], IkeService)
    return measured.seen[0]


def faults(one: IkeService) -> set[str]:
    return {check for check in CHECKS if any(isinstance(v, Flagged) for v in judge(check, one))}


def unmeasured(one: IkeService) -> set[str]:
    return {check for check in CHECKS if any(isinstance(v, NotMeasured) for v in judge(check, one))}


@pytest.mark.real
@pytest.mark.netns
def test_strongswan_with_all_that_is_old() -> None:
    with vpn.strongswan(OLD, NEW) as (space, gateway), inside(space):
        found = measure_datagrams(PROBE, 500)
        beside = measure_datagrams(PROBE, 4500)
        log = gateway.said()
    one = seen(found)
    assert found is not None
    assert found.service.protocol == "ike"
    assert found.service.evidence == (
        "IKEv2: AES-CBC-256, HMAC-SHA2-256-128, MODP-2048",
        "IKEv1 main: 3DES-CBC, SHA1, PSK, MODP-1024",
        "IKEv1 aggressive: 3DES-CBC, SHA1, PSK, MODP-1024",
        "vendor strongSwan",
        "vendor-id 882fe56d6fd20dbc2251613b2ebe5beb",
        "vendor-id 09002689dfd6b712",
        "vendor-id afcad71368a1f1c96b8696fc77570100",
    )
    assert (one.v2, one.v1, one.aggressive, one.weak_groups) == (True, True, True, (2,))
    assert faults(one) == set(CHECKS)
    # What could serve to guess the key is in nothing that is kept.
    assert found.service.banner == ""
    assert len(msgspec.json.encode(found.seen)) < 2_000
    # The daemon is busy by then and wants its cookie repeated; it still has room for others.
    other = seen(beside)
    assert other.answers[0].chosen
    assert other.v2
    assert unmeasured(other) == set(CHECKS)
    assert "per-IP half-open IKE_SA limit" not in log
    assert "established" not in log


@pytest.mark.real
@pytest.mark.netns
def test_strongswan_with_ikev2_alone() -> None:
    with vpn.strongswan(CURVES) as (space, _), inside(space):
        one = seen(measure_datagrams(PROBE, 500))
    assert one.v2
    assert one.answers[0].notify == "INVALID_KE_PAYLOAD"
    assert one.answers[0].group_name == "ECP-256"
    assert one.weak_groups == ()
    assert faults(one) == set()
    # A refusal of IKEv1 does not tell « off » from « not for you ».
    assert unmeasured(one) == {"ike.v1-accepted", "ike.aggressive-mode"}


@pytest.mark.real
@pytest.mark.netns
def test_strongswan_with_a_weak_group_behind_a_good_one() -> None:
    with vpn.strongswan(WEAK_V2) as (space, _), inside(space):
        one = seen(measure_datagrams(PROBE, 500))
    assert one.weak_groups == (2,)
    assert "ike.weak-group" in faults(one)


@pytest.mark.real
@pytest.mark.netns
def test_strongswan_with_main_mode_alone() -> None:
    with vpn.strongswan(PLAIN_V1) as (space, _), inside(space):
        one = seen(measure_datagrams(PROBE, 500))
        less = seen(measure_datagrams(PROBE, 500, intensity=Intensity.DISCREET))
    assert one.v1
    assert one.aggressive is None
    assert one.why["aggressive"].startswith("identity-needed")
    assert one.weak_groups == ()
    assert faults(one) == {"ike.v1-accepted"}
    assert [answer.question for answer in less.answers] == ["v2", "v1-main"]
    assert less.why["aggressive"] == less.why["weak_groups"] == "intensity"


# Responders of our own. They are written from the RFCs, with none of the code under test.


def pack(
    head: bytes, version: int, exchange: int, flags: int, *payloads: tuple[int, bytes]
) -> bytes:
    """Give a message: ``head`` is both SPIs."""
    kinds = [*(kind for kind, _ in payloads[1:]), 0][: len(payloads)]
    body = b"".join(
        struct.pack(">BBH", after, 0, 4 + len(inside)) + inside
        for after, (_, inside) in zip(kinds, payloads, strict=True)
    )
    first = payloads[0][0] if payloads else 0
    return head + struct.pack(">BBBBII", first, version, exchange, flags, 0, 28 + len(body)) + body


def head(asked: bytes, responder: bytes = b"ResponDr") -> bytes:
    return asked[:8] + responder


def is_v2(asked: bytes) -> bool:
    return asked[17] == 0x20


def transforms(asked: bytes) -> list[bytes]:
    """Give the transforms that an IKEv1 question offers, each with its header."""
    at, found = 28 + 4 + 8 + 8, list[bytes]()
    for _ in range(asked[28 + 4 + 8 + 7]):
        size = int.from_bytes(asked[at + 2 : at + 4], "big")
        found.append(asked[at : at + size])
        at += size
    return found


def take(asked: bytes, number: int, *more: tuple[int, bytes], exchange: int = 2) -> bytes:
    """Answer an IKEv1 question by the choice of one of its transforms."""
    chosen = b"\0" + transforms(asked)[number][1:]
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(chosen), 1, 1, 0, 1) + chosen
    return pack(head(asked), 0x10, exchange, 0, (1, struct.pack(">II", 1, 1) + proposal), *more)


def notify1(asked: bytes, kind: int) -> bytes:
    return pack(head(asked), 0x10, 5, 0, (11, struct.pack(">IBBH", 1, 1, 0, kind)))


def notify2(asked: bytes, kind: int, data: bytes = b"", flags: int = 0x20) -> bytes:
    body = struct.pack(">BBH", 0, 0, kind) + data
    return pack(head(asked, bytes(8)), 0x20, 34, flags, (41, body))


FORTIGATE = bytes.fromhex("8299031757a36082c6a621de00050284")


def firewall(asked: bytes) -> Sequence[bytes]:
    """Answer as a firewall with an old remote-access VPN: no IKEv2, XAUTH, aggressive mode."""
    if asked[18] == 5:
        return []
    if is_v2(asked):
        return [notify1(asked, 5)]
    vendors = ((13, bytes.fromhex("09002689dfd6b712")), (13, FORTIGATE))
    if asked[18] == 4:
        proof = ((4, bytes(128)), (10, bytes(16)), (5, bytes(8)), (8, b"\x42" * 20))
        return [take(asked, 0, *proof, *vendors, exchange=4)]
    by_xauth = [n for n, one in enumerate(transforms(asked)) if b"\x80\x03\xfd\xe9" in one]
    return [take(asked, by_xauth[0], *vendors)]


def test_a_firewall_says_its_make_and_its_old_ways() -> None:
    with udp_service(firewall) as (port, asked):
        found = measure_datagrams(PROBE, port)
    one = seen(found)
    assert found is not None
    assert "vendor Fortinet FortiGate" in found.service.evidence
    assert (one.v2, one.v1, one.aggressive, one.weak_groups) == (False, True, True, (2,))
    assert faults(one) == set(CHECKS)
    assert b"\x42" * 20 not in msgspec.json.encode(one)
    assert "42" * 20 not in repr(found)
    # Three openings and two farewells, and each says who asks.
    openings = [each for each in asked.datagrams() if each[18] != 5]
    assert len(openings) == 3
    assert all(b"securite@grades.example" in each for each in openings)
    assert len(asked) == 5


def test_the_engine_names_the_make() -> None:
    with udp_service(firewall) as (port, _):
        reply = asked_of_one_port(port, PROBE.measure)
    service = next(one for one in reply.observations if isinstance(one, Service))
    assert service.product == "fortinet_fortios"
    assert service.version is None
    assert any(isinstance(one, ProductSeen) for one in reply.observations)


def test_a_signature_in_aggressive_mode_is_less_grave() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        if is_v2(asked):
            return [notify1(asked, 5)]
        if asked[18] == 5:
            return []
        by_rsa = next(n for n, one in enumerate(transforms(asked)) if b"\x80\x03\0\x03" in one)
        more = ((4, bytes(128)), (9, bytes(64))) if asked[18] == 4 else ()
        return [take(asked, by_rsa, *more, exchange=asked[18])]

    with udp_service(answer) as (port, _):
        one = seen(measure_datagrams(PROBE, port))
    (verdict,) = judge("ike.aggressive-mode", one)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.MEDIUM


def test_a_group_refused_in_aggressive_mode_shows_that_it_is_on() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        if is_v2(asked):
            return [notify1(asked, 5)]
        return [notify1(asked, 17) if asked[18] == 4 else take(asked, 0)]

    with udp_service(answer) as (port, _):
        one = seen(measure_datagrams(PROBE, port))
    assert one.aggressive
    (verdict,) = judge("ike.aggressive-mode", one)
    assert isinstance(verdict, Flagged)
    assert verdict.proofs[0].id == "looked"


@pytest.mark.parametrize("kind", [5, 7, 29])
def test_what_says_no_to_old_ways_is_clean(kind: int) -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        if is_v2(asked):
            return [notify2(asked, 17, struct.pack(">H", 19 if len(asked) > 700 else 2))]
        if asked[18] == 2 and kind != 5:
            return [take(asked, 10)]
        return [notify1(asked, kind)]

    with udp_service(answer) as (port, _):
        one = seen(measure_datagrams(PROBE, port))
    assert one.aggressive is False
    assert one.v1 is (kind != 5)


def test_a_busy_responder_is_given_its_cookie_back_once() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        return [notify2(asked, 16390, b"biscuit")] if is_v2(asked) else [notify2(asked, 5)]

    with udp_service(answer) as (port, asked):
        one = seen(measure_datagrams(PROBE, port, intensity=Intensity.DISCREET))
    assert one.v2
    assert one.v1 is False
    first, again, _ = asked
    assert again[1] == first[1]
    assert again[0][:16] == first[0][:16]
    assert again[0][28:43] == b"\x21\0\0\x0f\0\0\x40\x06biscuit"
    assert again[0][43:] == first[0][28:]


def test_aggressive_mode_is_asked_once_even_when_it_stays_silent() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        if is_v2(asked):
            return [notify1(asked, 5)]
        return [] if asked[18] == 4 else [take(asked, 0)]

    with udp_service(answer) as (port, asked):
        one = seen(measure_datagrams(PROBE, port, patience_s=0.2))
    assert one.aggressive is None
    assert one.why["aggressive"] == "undetermined"
    assert [each[18] for each in asked.datagrams()].count(4) == 1


def test_medical_hosts_are_asked_the_two_first_questions_alone() -> None:
    with udp_service(firewall) as (port, asked):
        one = seen(measure_datagrams(PROBE, port, medical=True))
    assert [answer.question for answer in one.answers] == ["v2", "v1-main"]
    assert one.why["aggressive"] == "intensity"
    assert len(asked) == 3


def test_silence_is_undetermined() -> None:
    with udp_service(lambda _: []) as (port, asked), pytest.raises(Unanswered) as told:
        measure_datagrams(PROBE, port, patience_s=0.2)
    assert told.value.status is Status.UNDETERMINED
    assert len(asked) == 4


def test_a_declared_gateway_is_information_and_an_undeclared_one_is_told() -> None:
    with udp_service(firewall) as (port, _):
        found = measure_datagrams(PROBE, port)
    assert found is not None
    assert judge("exposure.undeclared", found.service)
    declared = (Expected(asset="127.0.0.1", justification="liaison avec le GRADeS"),)
    assert not judge("exposure.undeclared", found.service, expected=declared)
    (verdict,) = judge("vpn.gateway-exposed", found.service, expected=declared)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.INFO


def _flood(asked: bytes) -> Iterator[bytes]:
    for _ in range(2_000):
        yield pack(b"\xff" * 16, 0x20, 34, 0x20)


def _several(asked: bytes) -> bytes:
    both = transforms(asked)[0] + b"\0" + transforms(asked)[1][1:]
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(both), 1, 1, 0, 2) + both
    return pack(head(asked), 0x10, 2, 0, (1, struct.pack(">II", 1, 1) + proposal))


def _never_offered(asked: bytes) -> bytes:
    fields = ((1, 1), (2, 1), (3, 1), (4, 1))
    body = b"".join(struct.pack(">HH", 0x8000 | kind, value) for kind, value in fields)
    chosen = struct.pack(">BBHBBH", 0, 0, 8 + len(body), 1, 1, 0) + body
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(chosen), 1, 1, 0, 1) + chosen
    return pack(head(asked), 0x10, 2, 0, (1, struct.pack(">II", 1, 1) + proposal))


LIES: dict[str, Answer] = {
    "wrong-spi": lambda asked: [pack(b"\x11" * 16, 0x20, 34, 0x20, (41, b"\0\0\0\x0e"))],
    "our-own-bytes": lambda asked: [asked],
    "giant-length": lambda asked: [asked[:24] + b"\xff\xff\xff\xff" + asked[28:]],
    "giant-payload": lambda asked: [
        pack(head(asked), asked[17], asked[18], 0x20)[:16]
        + struct.pack(">BBBBII", 33, asked[17], asked[18], 0x20, 0, 32)
        + b"\0\0\xff\xff"
    ],
    "payload-of-nothing": lambda asked: [
        head(asked) + struct.pack(">BBBBII", 33, 0x20, 34, 0x20, 0, 40) + bytes(12)
    ],
    "without-end": _flood,
    "an-empty-datagram": lambda asked: [b""],
    "cut": lambda asked: [asked[:20]],
    "no-response-flag": lambda asked: [notify2(asked, 14, flags=0x08)],
    "other-protocol": lambda asked: [b"\x24\x01\x06\xe9" + bytes(44)],
    "version-7": lambda asked: [pack(head(asked), 0x70, 34, 0x20)],
    "empty": lambda asked: [pack(head(asked), asked[17], asked[18], 0x20)],
    "sealed": lambda asked: [pack(head(asked), 0x10, 2, 1, (1, bytes(40)))],
}


_NOTHING_PROVED = {Status.UNDETERMINED, Status.PROTOCOL_ERROR, Status.GAVE_UP}


def _ends(port: int) -> Measured | Status | None:
    try:
        return measure_datagrams(PROBE, port, patience_s=0.2)
    except Unanswered as answer:
        return answer.status


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_answer_proves_nothing(name: str) -> None:
    lie = LIES[name]
    with udp_service(lie) as (port, asked):
        assert _ends(port) in {None, *_NOTHING_PROVED}
    assert len(asked) <= 4


@pytest.mark.parametrize("lie", [_several, _never_offered])
def test_a_choice_that_is_none_is_not_believed(lie: Callable[[bytes], bytes]) -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        return [notify1(asked, 5)] if is_v2(asked) else [lie(asked)]

    with udp_service(answer) as (port, _):
        one = seen(measure_datagrams(PROBE, port, patience_s=0.2))
    assert one.v1 is None
    assert one.weak_groups is None
    assert faults(one) == set()


def test_a_group_that_was_not_offered_is_not_believed() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        return [notify2(asked, 17, b"\0\x63")] if is_v2(asked) else [notify1(asked, 14)]

    with udp_service(answer) as (port, _):
        one = seen(measure_datagrams(PROBE, port))
    assert one.v2 is None
    assert one.answers[0].group is None


def test_vendor_identifiers_without_end_are_cut() -> None:
    def answer(asked: bytes) -> Sequence[bytes]:
        if is_v2(asked):
            return [notify1(asked, 5)]
        many = tuple((13, bytes([number]) * 900) for number in range(40))
        return [take(asked, 0, *many)]

    with udp_service(answer) as (port, _):
        found = measure_datagrams(PROBE, port)
    one = seen(found)
    assert found is not None
    assert len(one.vendors) == 12
    assert all(len(vendor.identifier) <= 128 for vendor in one.vendors)
    assert sum(map(len, found.service.evidence)) < 2_500
