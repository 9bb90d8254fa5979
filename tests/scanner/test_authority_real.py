"""Real name servers, with the faults that hospitals have: each is told, nothing else is asked."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from checks.registry import reading
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Intensity
from tests.scanner.asking_authorities import AT, Told, asked
from tests.scanner.sweeping import Grant
from tests.servers.authorities import ADDRESSES, bind, free_everywhere, knot, nsd, sign

pytestmark = pytest.mark.real

_FACTS = Facts(today=AT.date(), knowledge=load_knowledge())
_BIND, _KNOT, _NSD = ADDRESSES["bind"], ADDRESSES["knot"], ADDRESSES["nsd"]
_ROOT, _ELSEWHERE = "127.43.0.4", "127.43.0.99"
_TEXT = """\
@ SOA ns1 dns {serial} 7200 3600 1209600 300
@ NS ns1.{name}.
@ NS ns2.{name}.
ns1 A 127.0.0.1
ns2 A 127.43.0.2
www A 192.0.2.10
vpn A 192.0.2.11
*.bulles A 192.0.2.14
labo NS ns1.labo
ns1.labo A 192.0.2.13
zz CNAME www
"""
_HOSTS = ("labo", "ns1", "ns2", "vpn", "www", "zz", "*.bulles")
_ROOT_TEXT = "@ SOA a. b. 1 7200 3600 1209600 300\n@ NS a.\na. A 192.0.2.1\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    """BIND gives everything to everybody, Knot and NSD do not; NSD also plays the root."""
    folder = tmp_path_factory.mktemp("zones")
    chosen = free_everywhere(*ADDRESSES.values(), _ROOT)

    def plain(name: str, serial: int = 7, text: str = _TEXT) -> Path:
        path = folder / f"{name}-{serial}.plain"
        content = text.format(name=name, serial=serial)
        path.write_text(f"$TTL 60\n$ORIGIN {name.removesuffix('.')}.\n{content}")
        return path

    def signed(name: str, *words: str) -> Path:
        sign(folder, name, _TEXT.format(name=name, serial=7), *words)
        return folder / f"{name}.signed"

    forwarding = f"forward only; forwarders {{ {_ROOT} port {chosen}; }};"
    resolving = f"recursion yes; allow-recursion {{ any; }}; {forwarding}"
    nsec, nsec3 = signed("nsec.example"), signed("nsec3.example", "-3", "ab", "-H", "20", "-A")
    with ExitStack() as running:
        running.enter_context(nsd({".": plain(".", text=_ROOT_TEXT)}, _ROOT, chosen))
        running.enter_context(
            bind(
                {"ouvert.example": plain("ouvert.example")},
                _BIND,
                chosen,
                options=resolving,
                opens="any",
            )
        )
        zones = {
            "ferme.example": plain("ferme.example"),
            "ouvert.example": plain("ouvert.example", 5),
        }
        running.enter_context(knot(zones, _KNOT, chosen))
        running.enter_context(nsd({"nsec.example": nsec, "nsec3.example": nsec3}, _NSD, chosen))
        yield chosen


@pytest.fixture(scope="module")
def told(port: int) -> Told:
    listed = {
        "ouvert.example": {
            "ns1.ouvert.example": _BIND,
            "ns2.ouvert.example": _KNOT,
            "ns.ailleurs.example": _ELSEWHERE,
        },
        "ferme.example": {"ns1.ferme.example": _KNOT, "ns2.ferme.example": _NSD},
        "nsec.example": {"ns1.nsec.example": _NSD},
        "nsec3.example": {"ns1.nsec3.example": _NSD},
    }
    return asked(port, listed, refusals={_ELSEWHERE: "out-of-scope"})


def _flagged(told: Told) -> set[tuple[str, str, str]]:
    seen = (*told.zones.values(), *told.servers.values())
    return {
        (check.id, one.place.ip or "", one.place.hostname or "")
        for one in seen
        for check in reading(type(one))
        if any(isinstance(verdict, Flagged) for verdict in check.judge(one, _FACTS))
    }


def test_every_planted_fault_and_no_other(told: Told) -> None:
    assert _flagged(told) == {
        ("dns.zone-transfer", _BIND, "ouvert.example"),
        ("dns.open-recursion", _BIND, ""),
        ("dns.serial-mismatch", _KNOT, "ouvert.example"),
        ("dns.lame-delegation", _NSD, "ferme.example"),
        # What the resolver was told of these zones is not what they say of themselves.
        ("dns.server-list-mismatch", _BIND, "ouvert.example"),
        ("dns.server-list-mismatch", _KNOT, "ouvert.example"),
        ("dns.server-list-mismatch", _NSD, "nsec.example"),
        ("dns.server-list-mismatch", _NSD, "nsec3.example"),
    }


def test_what_an_open_transfer_gives(told: Told) -> None:
    seen = told.zones["ouvert.example", _BIND]
    assert seen.transfer is not None
    assert (seen.transfer.is_open, seen.transfer.is_whole) == (True, True)
    expected = {f"{host}.ouvert.example" for host in _HOSTS}
    assert told.names["transfer"] == expected | {"ouvert.example", "ns1.labo.ouvert.example"}
    # The zone is known whole: nobody walks it too.
    assert seen.walk is None


@pytest.mark.parametrize(
    ("domain", "ip"), [("ferme.example", _KNOT), ("ouvert.example", _KNOT), ("nsec.example", _NSD)]
)
def test_a_refused_transfer_is_clean(told: Told, domain: str, ip: str) -> None:
    transfer = told.zones[domain, ip].transfer
    assert transfer is not None
    assert (transfer.is_open, transfer.records) == (False, 0)


def test_an_nsec_zone_is_walked_whole_past_its_delegations(told: Told) -> None:
    seen = told.zones["nsec.example", _NSD]
    assert seen.denial == "nsec"
    assert seen.walk is not None
    assert (seen.walk.end, seen.walk.names) == ("whole", len(_HOSTS))
    assert told.names["nsec"] == {f"{host}.nsec.example" for host in _HOSTS}


def test_nsec3_is_noted_and_not_walked(told: Told) -> None:
    seen = told.zones["nsec3.example", _NSD]
    assert (seen.denial, seen.walk) == ("nsec3", None)


def test_serials_are_compared_and_asked_again(told: Told) -> None:
    behind, ahead = told.zones["ouvert.example", _KNOT], told.zones["ouvert.example", _BIND]
    assert (behind.serial, ahead.serial, behind.newest) == (5, 7, 7)
    assert behind.newest_at == _BIND
    assert behind.is_lasting


def test_the_machines(told: Told) -> None:
    assert told.servers.keys() == {_BIND, _KNOT, _NSD}
    for one in told.servers.values():
        assert (one.has_udp, one.has_tcp, one.has_edns, one.is_authoritative) == (True,) * 4
        assert one.why == {}
    assert told.servers[_NSD].hosts == (
        "ns1.nsec.example",
        "ns1.nsec3.example",
        "ns2.ferme.example",
    )


def test_a_server_outside_the_mandate_is_named_with_the_reason(told: Told) -> None:
    seen = told.zones["ouvert.example", _ELSEWHERE]
    assert (seen.answer, seen.transfer) == (None, None)
    assert set(seen.why.values()) == {"out-of-scope"}


def test_the_questions_are_few(told: Told) -> None:
    # SOA, NS, NSEC of five zones served, SOA of the lame one, a root for each of three machines,
    # two serials again, and the walk: two questions for a delegation, one for each other name.
    walk = len(_HOSTS) + 2
    assert told.datagrams <= 5 * 3 + 1 + 3 + 2 + walk
    # A transfer for each zone served, one question for each machine.
    assert told.connections <= 5 + 3


def test_a_discreet_mandate_transfers_and_walks_nothing(port: int) -> None:
    told = asked(
        port,
        {"nsec.example": {"ns1.nsec.example": _NSD}},
        grant=Grant(intensity=Intensity.DISCREET),
    )
    seen = told.only()
    assert (seen.answer, seen.denial) == ("authoritative", "nsec")
    assert (seen.transfer, seen.walk, told.names) == (None, None, {})
    assert seen.why == {"transfer": "intensity"}
