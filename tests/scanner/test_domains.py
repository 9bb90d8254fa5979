"""What a domain publishes is asked of resolvers; one that fails or lies gives no absence."""

import copy
import struct
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
import trio
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from checks.dns.dangling_record import CHECK as DANGLING
from checks.registry import reading
from core.facts import Facts
from core.knowledge.domains import load_domain_facts
from core.knowledge.load import load_knowledge
from core.knowledge.mail import load_mail_facts
from core.model import Confidence, Criticality, Flagged, NotMeasured
from core.observations.base import Observation
from core.observations.domain import Dnssec, DomainSeen
from core.observations.mail_policy import MailPolicy
from scanner.asking_names import NameAsker, text_of
from scanner.domains import AsnOf, DomainAsked, ask_domains, to_ask
from tests.scanner.names_served import Answer, resolver_of, served, zone

_OWN = "chu.example"
_AT = datetime(2026, 1, 15, tzinfo=UTC)
_FACTS = Facts(today=_AT.date(), knowledge=load_knowledge())
_TOP = (
    f"{_OWN}. SOA ns1.{_OWN}. dns.{_OWN}. 1 7200 3600 1209600 300",
    f"{_OWN}. NS ns1.{_OWN}.",
    f"ns1.{_OWN}. A 192.0.2.5",
)


async def _told(
    resolver_port: int,
    *more: int,
    missing: tuple[str, ...] = (),
    aliased: tuple[tuple[str, str], ...] = (),
    asn_of: AsnOf | None = None,
    lifetime_s: float = 10.0,
) -> list[Observation]:
    told: list[Observation] = []

    async def tell(seen: tuple[Observation, ...]) -> None:
        told.extend(seen)

    with trio.fail_after(60):
        await ask_domains(
            [DomainAsked(establishment="e", domain=_OWN, missing=missing, aliased=aliased)],
            tell,
            asker=NameAsker(resolver_of(resolver_port, *more, lifetime_s=lifetime_s)),
            facts=load_domain_facts(),
            mail=load_mail_facts(),
            now=lambda: _AT,
            asn_of=asn_of,
        )
    return told


def _seen(
    answer: Answer,
    *,
    missing: tuple[str, ...] = (),
    aliased: tuple[tuple[str, str], ...] = (),
    asn_of: AsnOf | None = None,
    lifetime_s: float = 10.0,
) -> tuple[DomainSeen, MailPolicy]:
    async def main() -> list[Observation]:
        async with served(answer) as port:
            return await _told(
                port, missing=missing, aliased=aliased, asn_of=asn_of, lifetime_s=lifetime_s
            )

    zone_seen, mail = trio.run(main)
    assert isinstance(zone_seen, DomainSeen)
    assert isinstance(mail, MailPolicy)
    return zone_seen, mail


def _verdicts(*told: Observation) -> dict[str, list[Flagged | NotMeasured]]:
    return {
        check.id: verdicts
        for seen in told
        for check in reading(type(seen))
        if (verdicts := list(check.judge(seen, _FACTS)))
    }


def test_a_domain_that_publishes_nothing() -> None:
    verdicts = _verdicts(*_seen(zone(*_TOP)))
    assert verdicts.keys() == {
        "dns.no-caa",
        "dns.no-dnssec",
        "dns.single-server",
        "mail.dmarc-missing",
        "mail.spf-missing",
    }
    (spf,) = verdicts["mail.spf-missing"]
    assert isinstance(spf, Flagged)
    assert (spf.criticality, spf.proofs[0].id) == (Criticality.LOW, "no-mail")


def test_a_null_mx_is_no_mail() -> None:
    _, mail = _seen(zone(*_TOP, f"{_OWN}. MX 0 ."))
    assert mail.mx == ()


def test_what_is_published_is_read() -> None:
    seen, mail = _seen(
        zone(
            *_TOP,
            f"{_OWN}. MX 10 mx.{_OWN}.",
            f"{_OWN}. MX 5 autre.example.",
            f"mx.{_OWN}. A 192.0.2.25",
            "autre.example. A 198.51.100.1",
            f'{_OWN}. TXT "v=spf1 mx -all"',
            '_dmarc.example. TXT "v=DMARC1; p=reject"',
            f'_mta-sts.{_OWN}. TXT "v=STSv1; id=1"',
            f'_smtp._tls.{_OWN}. TXT "v=TLSRPTv1; rua=mailto:a@{_OWN}"',
            f'k1._domainkey.{_OWN}. TXT "v=DKIM1; p="',
            'example. CAA 0 issue "ac.example"',
        )
    )
    assert seen.zone == _OWN
    assert seen.caa == ()
    assert [(one.host, one.preference) for one in mail.mx or ()] == [
        ("autre.example", 5),
        (f"mx.{_OWN}", 10),
    ]
    assert mail.dmarc is not None
    assert (mail.dmarc.at, mail.dmarc.policy) == ("example", "reject")
    assert [(key.selector, key.bits) for key in mail.dkim or ()] == [("k1", None)]
    assert mail.mta_sts
    assert mail.tls_rpt
    assert mail.why == {}


def test_an_alias_into_the_zone_of_another_is_not_this_domain() -> None:
    plain = zone(*_TOP)

    def aliased(query: bytes) -> bytes | None:
        told = dns.message.from_wire(plain(query) or b"")
        name = told.question[0].name
        if name.to_text() == f"{_OWN}.":
            told.answer = [dns.rrset.from_text(name, 60, "IN", "CNAME", "site.cdn.example.")]
            soa = "a.cdn.example. b.cdn.example. 1 2 3 4 5"
            told.authority = [dns.rrset.from_text("cdn.example.", 60, "IN", "SOA", soa)]
        return told.to_wire()

    seen, _ = _seen(aliased)
    assert (seen.zone, seen.name_servers, seen.is_signed) == ("", None, None)


def test_a_key_that_could_not_be_asked_for_leaves_its_signatures_unmeasured() -> None:
    plain, failing = zone(*_TOP), _refusing(dns.rcode.SERVFAIL)

    def half(query: bytes) -> bytes | None:
        is_key = dns.message.from_wire(query).question[0].rdtype == dns.rdatatype.DS
        return failing(query) if is_key else plain(query)

    seen, _ = _seen(half)
    assert (seen.is_signed, seen.is_bogus) == (None, None)
    assert seen.why["is_bogus"] == "resolver-failure: SERVFAIL"


def _refusing(rcode: dns.rcode.Rcode) -> Answer:
    def answer(query: bytes) -> bytes | None:
        reply = dns.message.make_response(dns.message.from_wire(query))
        reply.set_rcode(rcode)
        return reply.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_refusing(dns.rcode.SERVFAIL), "resolver-failure"),
        (_refusing(dns.rcode.REFUSED), "resolver-failure"),
        (_refusing(dns.rcode.NXDOMAIN), "unresolved"),
        (lambda query: None, "timeout"),
        (lambda query: b"\0" * 40, "timeout"),
    ],
    ids=["SERVFAIL", "REFUSED", "NXDOMAIN", "silence", "noise"],
)
def test_no_answer_is_never_an_absence(answer: Answer, why: str) -> None:
    told = _seen(answer, lifetime_s=0.4 if why == "timeout" else 10.0)
    verdicts = _verdicts(*told)
    assert len(verdicts) == len(reading(DomainSeen)) + len(reading(MailPolicy))
    for those in verdicts.values():
        assert all(isinstance(one, NotMeasured) for one in those)
        assert {one.why.partition(":")[0] for one in those if isinstance(one, NotMeasured)} == {why}


def test_half_an_answer_is_half_measured() -> None:
    answer = zone(*_TOP, f"{_OWN}. MX 10 mx.{_OWN}.", f"mx.{_OWN}. A 192.0.2.25")
    failing = _refusing(dns.rcode.SERVFAIL)
    told = _seen(lambda query: failing(query) if b"\x06_dmarc" in query else answer(query))
    verdicts = _verdicts(*told)
    assert isinstance(verdicts["mail.dmarc-missing"][0], NotMeasured)
    assert isinstance(verdicts["mail.spf-missing"][0], Flagged)


def test_a_resolver_that_makes_names_up_is_not_believed() -> None:
    answer = zone(*_TOP)

    def hijacking(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        told = dns.message.from_wire(answer(query) or b"")
        if told.rcode() == dns.rcode.NXDOMAIN and asked.question[0].rdtype == dns.rdatatype.A:
            told.set_rcode(dns.rcode.NOERROR)
            told.answer = [dns.rrset.from_text(asked.question[0].name, 60, "IN", "A", "192.0.2.99")]
        return told.to_wire()

    seen, mail = _seen(hijacking)
    assert set(seen.why.values()) == set(mail.why.values()) == {"resolver-lies"}
    assert not any(
        isinstance(one, Flagged) for those in _verdicts(seen, mail).values() for one in those
    )


def _aliases(query: bytes, known: dict[str, str]) -> bytes | None:
    """Answer with a chain of aliases that ends in nothing, or in itself."""
    reply = dns.message.make_response(asked := dns.message.from_wire(query))
    name = asked.question[0].name
    met: set[str] = set()
    while (key := name.to_text(omit_final_dot=True)) in known and key not in met:
        met.add(key)
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", f"{known[key]}."))
        name = reply.answer[-1][0].target
    if name.to_text(omit_final_dot=True) not in known:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def test_aliases_to_nothing_dangle_and_loops_do_not() -> None:
    known = {
        f"ancien.{_OWN}": "disparu.azurewebsites.net",
        f"deux.{_OWN}": f"trois.{_OWN}",
        f"trois.{_OWN}": "machine.parti.example",
        f"boucle.{_OWN}": f"retour.{_OWN}",
        f"retour.{_OWN}": f"boucle.{_OWN}",
    }
    plain = zone(*_TOP, "x.azurewebsites.net. A 192.0.2.1")

    def answer(query: bytes) -> bytes | None:
        name = dns.message.from_wire(query).question[0].name.to_text(omit_final_dot=True)
        return _aliases(query, known) if name in known else plain(query)

    missing = (f"ancien.{_OWN}", f"boucle.{_OWN}", f"deux.{_OWN}", f"rien.{_OWN}")
    seen, _ = _seen(answer, missing=missing)
    assert [(one.owner, one.target, one.times_denied) for one in seen.dangling or ()] == [
        (f"ancien.{_OWN}", "disparu.azurewebsites.net", 2),
        (f"deux.{_OWN}", "machine.parti.example", 2),
    ]
    assert [one.product for one in seen.dangling or ()] == ["Microsoft Azure", ""]
    assert [one.missing_from for one in seen.dangling or ()] == [
        "disparu.azurewebsites.net",
        "parti.example",
    ]
    (found,) = DANGLING.judge(seen, _FACTS)
    assert isinstance(found, Flagged)
    assert (found.confidence, found.criticality) == (Confidence.FIRM, Criticality.HIGH)


def test_a_target_denied_by_one_resolver_of_two_is_to_be_confirmed() -> None:
    lines = (*_TOP, f"{_OWN}. MX 10 mx.ailleurs.example.")

    async def main() -> list[Observation]:
        async with (
            served(zone(*lines)) as port,
            served(zone(*lines, "mx.ailleurs.example. A 192.0.2.7")) as other,
        ):
            return await _told(port, other)

    seen, _ = trio.run(main)
    assert isinstance(seen, DomainSeen)
    assert [one.times_denied for one in seen.dangling or ()] == [1]
    (found,) = DANGLING.judge(seen, _FACTS)
    assert isinstance(found, Flagged)
    assert found.confidence is Confidence.TENTATIVE


def test_a_text_of_64_kb_and_one_of_control_characters() -> None:
    huge = " ".join(f'"{"x" * 250}"' for _ in range(250))
    seen, mail = _seen(zone(*_TOP, f'{_OWN}. TXT "v=spf1 " {huge}'))
    assert mail.spf is not None
    assert [fault.id for fault in mail.spf.faults] == ["too-long"]
    assert len(mail.spf.records[0]) < 10_000
    _, mail = _seen(zone(*_TOP, f'{_OWN}. TXT "v=spf1 \\000\\027[2J<script>\\255 -all"'))
    assert mail.spf is not None
    assert mail.spf.records[0].isprintable()
    assert [fault.id for fault in mail.spf.faults] == ["syntax"]
    assert seen.zone == _OWN


def test_pointers_that_loop_are_no_answer() -> None:
    def looping(query: bytes) -> bytes | None:
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
        question = query[12 : query.index(b"\0", 12) + 5]
        # A name that points to itself.
        here = len(head) + len(question)
        record = struct.pack("!HHHIH", 0xC000 | here, 6, 1, 60, 0)
        return head + question + record

    seen, mail = _seen(looping, lifetime_s=0.4)
    assert seen.dangling is None
    assert mail.spf is None


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=3))
def test_any_bytes_of_a_text_can_be_shown(strings: list[bytes]) -> None:
    text = text_of(TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings))
    assert text.isprintable() or not text
    assert text.isascii()


def test_a_wildcard_is_no_key() -> None:
    answer = zone(*_TOP)

    def everywhere(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        if b"_domainkey" not in query:
            return answer(query)
        reply = dns.message.make_response(asked)
        name = asked.question[0].name
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"v=DKIM1; p=AAAA"'))
        return reply.to_wire()

    _, mail = _seen(everywhere)
    assert mail.dkim == ()


def test_what_a_validating_resolver_withholds() -> None:
    plain = zone(*_TOP, ". SOA a.example. b.example. 1 2 3 4 5")

    def validating(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        if asked.question[0].name == dns.name.root:
            told = dns.message.from_wire(plain(query) or b"")
            told.flags |= dns.flags.AD
            return told.to_wire()
        if asked.flags & dns.flags.CD:
            return plain(query)
        return _refusing(dns.rcode.SERVFAIL)(query)

    seen, _ = _seen(validating)
    assert seen.is_bogus is True
    assert _verdicts(seen).keys() >= {"dns.dnssec-broken"}
    assert "dns.no-dnssec" not in _verdicts(seen)


def test_questions_are_asked_once() -> None:
    heard: list[bytes] = []
    plain = zone(*_TOP)

    def counted(query: bytes) -> bytes | None:
        heard.append(copy.copy(query[12:]))
        return plain(query)

    _seen(counted)
    # The second asking of what must be proven twice aside, none here.
    assert len(heard) == len(set(heard))
    assert len(heard) < 60


def test_what_is_left_to_ask() -> None:
    left = to_ask(
        [("chu.example", "a"), ("sous.chu.example", "b"), ("fait.example", "a")],
        ["x.sous.chu.example", "y.chu.example", "z.ailleurs.example"],
        {"fait.example"},
    )
    assert [(one.establishment, one.domain, one.missing) for one in left] == [
        ("a", "chu.example", ("y.chu.example",)),
        ("b", "sous.chu.example", ("x.sous.chu.example",)),
    ]


def test_every_fact_has_its_source() -> None:
    facts = load_domain_facts()
    mail = load_mail_facts()
    assert all(one.source for one in mail.selectors)
    assert all(one.source for one in facts.hosting)
    assert all(one.source for one in facts.anchors)
    assert all(one.source for one in mail.shared)
    assert all(name == name.lower() for name in (*mail.products_by_selector(), *mail.platforms()))
    assert len(facts.hosting) >= 36
    assert facts.hosted("azurewebsites.net") is None
    found = facts.hosted("a.b.trafficmanager.net")
    assert found is not None
    assert found.product == "Microsoft Azure"


def test_what_only_a_host_could_tell_is_told_as_such() -> None:
    aliased = (
        (f"blog.{_OWN}", "chu-exemple.github.io"),
        (f"site.{_OWN}", "chu-exemple.azurewebsites.net"),
        (f"doc.{_OWN}", "chu-exemple.gitlab.io"),
    )
    seen, _ = _seen(zone(*_TOP), aliased=aliased)
    # Azure takes a site that is gone out of the DNS, and GitLab wants a proof.
    assert [(one.owner, one.product) for one in seen.hosted] == [(f"blog.{_OWN}", "GitHub Pages")]
    (verdict,) = DANGLING.judge(seen, _FACTS)
    assert isinstance(verdict, NotMeasured)
    assert verdict.place.hostname == f"blog.{_OWN}"
    assert verdict.why.startswith("host-alone-knows: chu-exemple.github.io")


def test_a_name_that_does_not_come_free_again_is_less_grave() -> None:
    known = {f"ancien.{_OWN}": "interne-1234.eu-west-3.elb.amazonaws.com"}
    plain = zone(*_TOP, "x.eu-west-3.elb.amazonaws.com. A 192.0.2.1")

    def answer(query: bytes) -> bytes | None:
        name = dns.message.from_wire(query).question[0].name.to_text(omit_final_dot=True)
        return _aliases(query, known) if name in known else plain(query)

    seen, _ = _seen(answer, missing=(f"ancien.{_OWN}",))
    assert [(one.product, one.is_recycled) for one in seen.dangling or ()] == [
        ("AWS Elastic Load Balancing", False)
    ]
    (found,) = DANGLING.judge(seen, _FACTS)
    assert isinstance(found, Flagged)
    assert found.criticality is Criticality.MEDIUM


def test_servers_that_are_aliases_or_nowhere() -> None:
    lines = (
        *_TOP,
        f"{_OWN}. NS ns2.{_OWN}.",
        f"{_OWN}. NS ns3.{_OWN}.",
        "vrai.example. A 192.0.2.6",
    )
    plain, known = zone(*lines), {f"ns2.{_OWN}": "vrai.example"}

    def answer(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query).question[0]
        if asked.name.to_text(omit_final_dot=True) not in known:
            return plain(query)
        told = dns.message.from_wire(_aliases(query, known) or b"")
        told.set_rcode(dns.rcode.NOERROR)
        if asked.rdtype == dns.rdatatype.A:
            told.answer.append(dns.rrset.from_text("vrai.example.", 60, "IN", "A", "192.0.2.6"))
        return told.to_wire()

    seen, _ = _seen(answer)
    assert [(one.host, one.addresses, one.alias) for one in seen.name_servers or ()] == [
        (f"ns1.{_OWN}", ("192.0.2.5",), ""),
        (f"ns2.{_OWN}", ("192.0.2.6",), "vrai.example"),
        (f"ns3.{_OWN}", (), ""),
    ]
    (found,) = _verdicts(seen)["dns.unusable-server"]
    assert isinstance(found, Flagged)
    assert [one.id for one in found.proofs] == ["alias", "nowhere"]


def test_servers_of_one_operator_are_told() -> None:
    lines = (*_TOP, f"{_OWN}. NS ns2.{_OWN}.", f"ns2.{_OWN}. A 198.51.100.5")

    async def asn_of(_address: str) -> int | None:
        await trio.lowlevel.checkpoint()
        return 64_496

    seen, _ = _seen(zone(*lines), asn_of=asn_of)
    assert [one.asns for one in seen.name_servers or ()] == [(64_496,), (64_496,)]
    (found,) = _verdicts(seen)["dns.single-server"]
    assert isinstance(found, Flagged)
    assert (found.criticality, found.proofs[0].id) == (Criticality.INFO, "announced")


def test_a_zone_without_a_key_has_nothing_to_verify() -> None:
    seen, _ = _seen(zone(*_TOP))
    assert seen.dnssec == Dnssec()
    assert "dnssec" not in seen.why
