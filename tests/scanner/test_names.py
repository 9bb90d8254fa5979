"""Names are resolved whole or said not to be; what an answer leads to is judged by the scope."""

from datetime import UTC, datetime

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
import trio

from core.errors import OutOfScope
from core.observations.name import NameSeen
from scanner.names import resolve_names
from tests.scanner.names_served import Answer, resolver_of, served, zone

_NAME = "portail.chu.example"


class _Scope:
    def may_resolve(self, name: str) -> bool:
        return name.endswith("chu.example")

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> object:
        if ip == "203.0.113.9":
            raise OutOfScope(ip, "out-of-window")
        if ip == "203.0.113.8":
            raise OutOfScope(ip, "third-party")
        if not ip.startswith("203.0.113."):
            raise OutOfScope(ip, "out-of-scope")
        return None


def _resolved(answer: Answer, *names: str) -> list[NameSeen]:
    seen: list[NameSeen] = []

    async def tell(one: NameSeen) -> None:
        seen.append(one)

    async def main() -> None:
        async with served(answer) as port:
            await resolve_names(
                [("e", name) for name in names or (_NAME,)],
                tell,
                resolver=resolver_of(port, lifetime_s=0.5),
                scope=_Scope(),
                now=lambda: datetime.now(UTC),
            )

    trio.run(main)
    return seen


def _half(answer: Answer, rcode: dns.rcode.Rcode | None) -> Answer:
    """Answer for A as told, and for AAAA with a code, or not at all."""

    def half(query: bytes) -> bytes | None:
        asked = dns.message.from_wire(query)
        if asked.question[0].rdtype == dns.rdatatype.A:
            return answer(query)
        if rcode is None:
            return None
        reply = dns.message.make_response(asked)
        reply.set_rcode(rcode)
        return reply.to_wire()

    return half


def test_addresses_of_both_kinds_the_alias_and_what_the_mandate_lets_us_contact() -> None:
    (seen,) = _resolved(
        zone(
            f"{_NAME}. CNAME hote.ailleurs.example.",
            "hote.ailleurs.example. A 203.0.113.4",
            "hote.ailleurs.example. AAAA 2001:db8::4",
        )
    )
    assert seen.addresses == ("2001:db8::4", "203.0.113.4")
    assert seen.in_scope == ("203.0.113.4",)
    assert seen.chain == ("hote.ailleurs.example",)
    assert seen.error == ""


def test_an_address_closed_just_now_is_still_of_the_scope() -> None:
    (seen,) = _resolved(zone(f"{_NAME}. A 203.0.113.9"))
    assert seen.in_scope == ("203.0.113.9",)


def test_an_address_that_may_not_be_contacted_is_not_told_as_nobodys() -> None:
    (seen,) = _resolved(zone(f"{_NAME}. A 203.0.113.8", f"{_NAME}. A 192.0.2.1"))
    assert seen.addresses == ("192.0.2.1", "203.0.113.8")
    assert seen.in_scope == ()
    assert seen.withheld == {"203.0.113.8": "third-party"}


@pytest.mark.parametrize(("rcode", "said"), [(None, "timeout"), (dns.rcode.SERVFAIL, "SERVFAIL")])
def test_half_an_answer_is_told_as_half(rcode: dns.rcode.Rcode | None, said: str) -> None:
    # An excluded name would else be contacted at the address that was not learnt.
    (seen,) = _resolved(_half(zone(f"{_NAME}. A 203.0.113.4"), rcode))
    assert seen.addresses == ("203.0.113.4",)
    assert seen.error == said


def test_what_does_not_exist_and_what_has_no_address() -> None:
    (unknown,) = _resolved(zone("chu.example. A 203.0.113.4"))
    assert (unknown.addresses, unknown.error) == ((), "NXDOMAIN")
    (empty,) = _resolved(zone(f'{_NAME}. TXT "rien"'))
    assert (empty.addresses, empty.error) == ((), "no address")


def test_an_alias_to_what_does_not_exist_is_told_with_it() -> None:
    (seen,) = _resolved(zone(f"{_NAME}. CNAME parti.ailleurs.example."))
    assert (seen.chain, seen.error) == (("parti.ailleurs.example",), "NXDOMAIN")


def test_a_name_outside_the_domains_is_not_asked_about() -> None:
    assert _resolved(zone(f"{_NAME}. A 203.0.113.4"), "autre.example") == []
