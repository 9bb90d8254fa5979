"""Names are resolved whole or said not to be; what an answer leads to is judged by the scope."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import dns.asyncresolver
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import pytest
import trio

from core.errors import OutOfScope
from core.observations.name import NameSeen
from scanner.names import resolve_names

_NAME = "portail.chu.example"
_Answers = Mapping[str, type[Exception] | tuple[str, ...]]


class _Resolver:
    """Answers from a table: kind of record to zone lines, or what to raise."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    async def resolve(
        self, qname: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, raise_on_no_answer: bool
    ) -> dns.resolver.Answer:
        assert not raise_on_no_answer
        told = self._answers.get(dns.rdatatype.to_text(rdtype), ())
        if isinstance(told, type):
            raise told()
        name = qname.to_text()
        zone = "\n".join(told)
        response = dns.message.from_text(
            f"id 1\nopcode QUERY\nrcode NOERROR\nflags QR RD RA\n;QUESTION\n"
            f"{name} IN {dns.rdatatype.to_text(rdtype)}\n;ANSWER\n{zone}\n"
        )
        assert isinstance(response, dns.message.QueryMessage)
        return dns.resolver.Answer(qname, rdtype, dns.rdataclass.IN, response)


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


def _resolved(answers: _Answers, *names: str) -> list[NameSeen]:
    seen: list[NameSeen] = []

    async def tell(one: NameSeen) -> None:
        seen.append(one)

    async def main() -> None:
        await resolve_names(
            [("e", name) for name in names or (_NAME,)],
            tell,
            resolver=cast("dns.asyncresolver.Resolver", _Resolver(answers)),
            scope=_Scope(),
            now=lambda: datetime.now(UTC),
        )

    trio.run(main)
    return seen


def test_addresses_of_both_kinds_the_alias_and_what_the_mandate_lets_us_contact() -> None:
    (seen,) = _resolved(
        {
            "A": (
                f"{_NAME}. 60 IN CNAME hote.ailleurs.example.",
                "hote.ailleurs.example. 60 IN A 203.0.113.4",
            ),
            "AAAA": (f"{_NAME}. 60 IN AAAA 2001:db8::4",),
        }
    )
    assert seen.addresses == ("2001:db8::4", "203.0.113.4")
    assert seen.in_scope == ("203.0.113.4",)
    assert seen.chain == ("hote.ailleurs.example",)
    assert seen.error == ""


def test_an_address_closed_just_now_is_still_of_the_scope() -> None:
    (seen,) = _resolved({"A": (f"{_NAME}. 60 IN A 203.0.113.9",)})
    assert seen.in_scope == ("203.0.113.9",)


def test_an_address_that_may_not_be_contacted_is_not_told_as_nobodys() -> None:
    (seen,) = _resolved({"A": (f"{_NAME}. 60 IN A 203.0.113.8", f"{_NAME}. 60 IN A 192.0.2.1")})
    assert seen.addresses == ("192.0.2.1", "203.0.113.8")
    assert seen.in_scope == ()
    assert seen.withheld == {"203.0.113.8": "third-party"}


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        (dns.resolver.LifetimeTimeout, "timeout"),
        (dns.resolver.NoNameservers, "SERVFAIL"),
    ],
)
def test_half_an_answer_is_told_as_half(failed: type[Exception], said: str) -> None:
    # An excluded name would else be contacted at the address that was not learnt.
    (seen,) = _resolved({"A": (f"{_NAME}. 60 IN A 203.0.113.4",), "AAAA": failed})
    assert seen.addresses == ("203.0.113.4",)
    assert seen.error == said


def test_what_does_not_exist_and_what_has_no_address() -> None:
    (unknown,) = _resolved({"A": dns.resolver.NXDOMAIN})
    assert (unknown.addresses, unknown.error) == ((), "NXDOMAIN")
    (empty,) = _resolved({})
    assert (empty.addresses, empty.error) == ((), "no address")


def test_a_name_outside_the_domains_is_not_asked_about() -> None:
    assert _resolved({"A": (f"{_NAME}. 60 IN A 203.0.113.4",)}, "autre.example") == []
