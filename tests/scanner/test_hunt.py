"""Names are found by every way, each told once with its ways; nothing is invented."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inventory import NamesChoices
from core.model import Place
from core.observations.name import NameSeen
from inventories.scope import Segment
from scanner.dns_client import DnsClient
from scanner.found import NameFound
from scanner.hunt import Hunt, _host_in
from tests.scanner.hunting import AT, FACTS, OWN, AllOf, hunted
from tests.scanner.names_served import Answer, zone

_TOP = (
    f"{OWN}. SOA ns1.{OWN}. dns.{OWN}. 1 7200 3600 1209600 300",
    f"{OWN}. NS ns1.{OWN}.",
    f"ns1.{OWN}. A 203.0.113.5",
)


def test_words_and_what_varies_of_them() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"vpn.{OWN}. A 203.0.113.10",
            f"vpn2.{OWN}. A 203.0.113.11",
            f"pacs.{OWN}. A 198.51.100.7",
            f"recette-pacs.{OWN}. AAAA 2001:db8::7",
            f"introuvable.{OWN}. A 203.0.113.99",
        )
    )
    assert told.ways == {
        f"ns1.{OWN}": ("ns", "soa"),
        f"vpn.{OWN}": ("words",),
        f"vpn2.{OWN}": ("permutation",),
        f"pacs.{OWN}": ("words",),
        f"recette-pacs.{OWN}": ("permutation",),
    }
    assert told.by_name[f"vpn.{OWN}"].in_scope == ("203.0.113.10",)
    assert told.by_name[f"pacs.{OWN}"].in_scope == ()
    assert told.by_name[f"recette-pacs.{OWN}"].addresses == ("2001:db8::7",)
    (ended,) = told.hunted
    assert ended.found == {"ns": 1, "words": 2, "permutation": 2}
    assert ended.wildcards == ()
    assert ended.asked > 20
    assert set(ended.tried.values()) == {""}


def test_records_name_hosts() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"{OWN}. MX 10 entree.{OWN}.",
            f"entree.{OWN}. A 203.0.113.25",
            f'{OWN}. TXT "v=spf1 a:sortie.{OWN} include:_spf.{OWN} include:ailleurs.example -all"',
            f"sortie.{OWN}. A 203.0.113.26",
            f'_spf.{OWN}. TXT "v=spf1 mx:relais.{OWN}/28 redirect=_deux.{OWN}"',
            f'_deux.{OWN}. TXT "v=spf1 ?exists:%{{i}}.{OWN} a:loin.{OWN}"',
            f"relais.{OWN}. A 203.0.113.27",
            f"loin.{OWN}. A 203.0.113.28",
            f'{OWN}. CAA 0 iodef "https://igc.{OWN}/alerte"',
            f"igc.{OWN}. A 203.0.113.29",
            f"_ldap._tcp.{OWN}. SRV 0 0 389 annuaire1.{OWN}.",
            f"annuaire1.{OWN}. A 203.0.113.30",
            f"mail.{OWN}. CNAME entree2.{OWN}.",
            f"entree2.{OWN}. A 203.0.113.31",
        )
    )
    ways = told.ways
    assert ways.pop(f"entree.{OWN}") == ("mx",)
    assert [ways.pop(f"{one}.{OWN}") for one in ("sortie", "relais", "loin")] == [("spf",)] * 3
    assert ways.pop(f"igc.{OWN}") == ("caa",)
    assert ways.pop(f"annuaire1.{OWN}") == ("srv",)
    assert ways.pop(f"mail.{OWN}") == ("words",)
    assert ways.pop(f"entree2.{OWN}") == ("alias",)
    assert ways == {f"ns1.{OWN}": ("ns", "soa")}
    assert told.by_name[f"mail.{OWN}"].chain == (f"entree2.{OWN}",)


def test_what_others_found_is_merged_and_told_once() -> None:
    known = NameSeen(
        place=Place(establishment="chu", hostname=OWN), at=AT, name=OWN, addresses=("203.0.113.1",)
    )
    told = hunted(
        zone(
            *_TOP,
            f"{OWN}. A 203.0.113.1",
            f"www.{OWN}. A 203.0.113.2",
            f"secret-projet.{OWN}. A 203.0.113.3",
            f"tardif.{OWN}. A 203.0.113.4",
        ),
        known=[known],
        offers=[
            NameFound(f"*.WWW.{OWN}.", "ct"),
            NameFound(f"secret-projet.{OWN}", "ct"),
            NameFound(f"secret-projet.{OWN}", "ct"),
            NameFound(f"parti.{OWN}", "ct"),
            NameFound("www.autre.example", "ct"),
            NameFound(OWN, "ct"),
        ],
        later=[
            NameFound(f"tardif.{OWN}", "certificate"),
            NameFound(f"secret-projet.{OWN}", "certificate"),
        ],
    )
    assert told.ways == {
        f"ns1.{OWN}": ("ns", "soa"),
        f"www.{OWN}": ("ct", "words"),
        f"secret-projet.{OWN}": ("ct",),
        f"tardif.{OWN}": ("certificate",),
    }
    (ended,) = told.hunted
    assert ended.again == {OWN: ("ct",), f"secret-projet.{OWN}": ("certificate",)}
    assert ended.found == {"ns": 1, "ct": 2, "certificate": 1}


def test_hostile_candidates_are_counted_and_never_asked() -> None:
    asked: list[str] = []
    plain = zone(*_TOP)

    def heard(query: bytes) -> bytes | None:
        asked.append(dns.message.from_wire(query).question[0].name.to_text())
        return plain(query)

    hostile = (
        f"<script>alert(1)</script>.{OWN}",
        f"a\x00b.{OWN}",
        f"a\x1b[2Jb.{OWN}",
        f"{'x' * 64}.{OWN}",
        f"-tiret.{OWN}",
        f"xn--a\N{ZERO WIDTH JOINER}\N{RIGHT-TO-LEFT OVERRIDE}.{OWN}",
        f"..{OWN}",
    )
    told = hunted(heard, offers=[NameFound(one, "ct") for one in hostile])
    (ended,) = told.hunted
    assert ended.refused == len(hostile)
    assert told.ways.keys() == {f"ns1.{OWN}"}
    assert not any(mark in name for name in asked for mark in "<\\")


def test_a_wildcard_is_not_multiplied_and_what_stands_beside_it_is_kept() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"*.{OWN}. A 203.0.113.80",
            f"vpn.{OWN}. A 203.0.113.10",
            f"pacs.{OWN}. CNAME hote.ailleurs.example.",
            "hote.ailleurs.example. A 198.51.100.9",
            f"extranet.{OWN}. A 203.0.113.80",
            f"x.apps.{OWN}. A 203.0.113.81",
        ),
        offers=[NameFound(f"certifie.{OWN}", "ct")],
    )
    assert told.ways.keys() == {
        f"ns1.{OWN}",
        f"vpn.{OWN}",
        f"pacs.{OWN}",
        f"certifie.{OWN}",
    }
    (ended,) = told.hunted
    assert ended.wildcards == (OWN,)
    assert ended.leads == {OWN: ("203.0.113.80",)}


def test_a_wildcard_below_the_top_is_seen() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"*.pacs.{OWN}. CNAME ferme.{OWN}.",
            f"ferme.{OWN}. A 203.0.113.80",
            f"dev.pacs.{OWN}. A 203.0.113.44",
        )
    )
    assert told.ways.keys() == {f"ns1.{OWN}", f"dev.pacs.{OWN}", f"ferme.{OWN}"}
    assert told.hunted[0].wildcards == (f"pacs.{OWN}",)


def test_a_wildcard_of_ipv6_alone_or_of_texts_is_one_too() -> None:
    told = hunted(zone(*_TOP, f"*.{OWN}. AAAA 2001:db8::80", f"vpn.{OWN}. A 203.0.113.10"))
    assert told.ways.keys() == {f"ns1.{OWN}", f"vpn.{OWN}"}
    assert told.hunted[0].leads == {OWN: ("2001:db8::80",)}
    told = hunted(zone(*_TOP, f'*.{OWN}. TXT "x"', f"vpn.{OWN}. AAAA 2001:db8::10"))
    assert told.ways.keys() == {f"ns1.{OWN}", f"vpn.{OWN}"}
    assert told.hunted[0].wildcards == (OWN,)


def test_the_ranges_are_asked_backwards() -> None:
    def segment(first: int, last: int, version: int = 4) -> Segment:
        return Segment(version=version, first=first, last=last, establishment="chu", medical=False)

    base = (203 << 24) | (113 << 8)
    told = hunted(
        zone(
            *_TOP,
            f"7.113.0.203.in-addr.arpa. PTR cache-{'x' * 8}.{OWN}.",
            f"cache-{'x' * 8}.{OWN}. A 203.0.113.7",
            "8.113.0.203.in-addr.arpa. PTR client8.operateur.example.",
            f"9.113.0.203.in-addr.arpa. PTR menteur.{OWN}.",
        ),
        segments=[segment(base, base + 255), segment(base + 256, base + 511)],
    )
    assert told.ways == {f"ns1.{OWN}": ("ns", "soa"), f"cache-{'x' * 8}.{OWN}": ("ptr",)}


def _hijacking(answer: Answer, *, spares: str = "") -> Answer:
    """Give addresses for what does not exist, as some operators' resolvers do."""

    def hijacked(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        told = dns.message.from_wire(answer(query) or b"")
        name = asked.question[0].name.to_text(omit_final_dot=True)
        is_spared = bool(spares) and name.endswith(spares)
        if (
            told.rcode() == dns.rcode.NXDOMAIN
            and asked.question[0].rdtype == dns.rdatatype.A
            and not is_spared
        ):
            told.set_rcode(dns.rcode.NOERROR)
            told.authority.clear()
            told.answer = [dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", "192.0.2.66")]
        return told.to_wire()

    return hijacked


@pytest.mark.parametrize("spares", ["", "invalid"])
def test_a_resolver_that_makes_names_up_gives_none(spares: str) -> None:
    answer = zone(*_TOP, f"vpn.{OWN}. A 203.0.113.10")
    told = hunted(_hijacking(answer, spares=spares), offers=[NameFound(f"parti.{OWN}", "ct")])
    assert told.names == []
    (ended,) = told.hunted
    assert set(ended.tried.values()) == {"resolver-lies"}


def test_beside_a_liar_the_honest_resolver_is_believed() -> None:
    answer = zone(*_TOP, f"vpn.{OWN}. A 203.0.113.10")
    told = hunted(_hijacking(answer), answer)
    assert told.ways.keys() == {f"ns1.{OWN}", f"vpn.{OWN}"}


def test_rotating_wildcards_hide_nothing_that_differs_and_invent_nothing() -> None:
    turns = iter(range(10**6))
    plain = zone(*_TOP, f"vpn.{OWN}. A 203.0.113.10", f"*.{OWN}. A 198.51.100.1")

    def rotating(query: bytes) -> bytes | None:
        told = dns.message.from_wire(plain(query) or b"")
        for rrset in list(told.answer):
            if rrset.rdtype == dns.rdatatype.A and rrset[0].to_text() == "198.51.100.1":
                turn = next(turns) % 250
                told.answer = [
                    dns.rrset.from_text(rrset.name, 60, "IN", "A", f"198.51.100.{turn + 1}")
                ]
        return told.to_wire()

    told = hunted(rotating)
    assert told.ways.keys() == {f"ns1.{OWN}", f"vpn.{OWN}"}
    (ended,) = told.hunted
    assert ended.wildcards == (OWN,)
    assert ended.tried["words"] == "wildcard-rotates"


def test_a_domain_that_does_not_answer_is_left_alone() -> None:
    asked: list[bytes] = []

    def failing(query: bytes) -> bytes | None:
        asked.append(query)
        reply = dns.message.make_response(dns.message.from_wire(query))
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply.to_wire()

    told = hunted(failing)
    (ended,) = told.hunted
    assert told.names == []
    assert set(ended.tried.values()) == {"resolver-failure: SERVFAIL"}
    assert len(asked) < 20


def test_the_budget_binds_and_is_told() -> None:
    told = hunted(
        zone(*_TOP, f"vpn.{OWN}. A 203.0.113.10"),
        choices=NamesChoices(budget=6),
        offers=[NameFound(f"n{number}.{OWN}", "ct") for number in range(20)],
    )
    assert told.hunted[0].tried["ct"] == "request-limit"
    assert told.hunted[0].asked < 60


def test_an_inventory_may_forbid_guesses() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"vpn.{OWN}. A 203.0.113.10",
            f"{OWN}. MX 1 mx.{OWN}.",
            f"mx.{OWN}. A 203.0.113.2",
        ),
        choices=NamesChoices(enumerate=False),
    )
    assert told.ways.keys() == {f"ns1.{OWN}", f"mx.{OWN}"}
    assert told.hunted[0].tried["words"] == told.hunted[0].tried["ptr"] == "not-configured"


def test_an_alias_to_nothing_and_one_that_turns_round_are_told_as_such() -> None:
    told = hunted(
        zone(
            *_TOP,
            f"vpn.{OWN}. CNAME parti.ailleurs.example.",
            f"pacs.{OWN}. CNAME mail.{OWN}.",
            f"mail.{OWN}. CNAME pacs.{OWN}.",
        )
    )
    assert told.by_name[f"vpn.{OWN}"].error == "NXDOMAIN"
    assert told.by_name[f"vpn.{OWN}"].chain == ("parti.ailleurs.example",)
    assert told.by_name[f"pacs.{OWN}"].error == "alias-loop"


_ANY_CLIENT = DnsClient([("127.0.0.1", 53)])


@given(st.text(max_size=80), st.sampled_from(["", f".{OWN}", f".{OWN}.", ".autre.example"]))
def test_any_text_may_be_offered(text: str, end: str) -> None:
    hunt = _idle_hunt()
    hunt.offer(NameFound(f"{text}{end}", "ct"))
    hunt.offer(NameFound(f"{text}{end}", text))


@given(st.binary(max_size=60))
def test_any_record_names_a_host_or_none(value: bytes) -> None:
    host = _host_in(value.decode("latin-1"))
    _idle_hunt().offer(NameFound(host, "caa"))


def _idle_hunt() -> Hunt:
    async def nothing(_told: object) -> None:
        return None

    return Hunt(
        [(OWN, "chu")],
        client=_ANY_CLIENT,
        scope=AllOf(),
        facts=FACTS,
        choices=NamesChoices(),
        segments=(),
        known=(),
        promised=("ct",),
        tell=nothing,
        ended=nothing,
        now=lambda: AT,
    )
