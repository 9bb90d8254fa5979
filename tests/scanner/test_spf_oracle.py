"""One sender meets what pyspf says, which receivers have long run: same DNS, same result."""

import ipaddress
import random
import warnings
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from scanner.address_set import EVERYONE, common, stretches_of
from scanner.asking_names import NameAsker
from scanner.spf import _Walk
from scanner.spf_check import Result, check_host
from scanner.spf_terms import Sender, is_spf
from tests.scanner.names_served import resolver_of, served, zone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    spf: Any = pytest.importorskip("spf", reason="pyspf, of the development group")

_COUNT = 400
_SENDERS = ("192.0.2.1", "198.51.100.9", "203.0.113.200", "2001:db8::5")
_NETWORKS = (
    "ip4:192.0.2.0/24",
    "ip4:192.0.2.1",
    "ip4:198.51.100.0/28",
    "ip4:203.0.113.128/25",
    "ip4:0.0.0.0/0",
    "ip6:2001:db8::/32",
    "ip6:2001:db8::5",
    "ip4:192.0.2.0/33",
    "ip4:192.0.2.0/024",
    "ip6:192.0.2.1",
    "ip4:1.2.3",
)
_HOSTS = ("h1.example", "h2.example", "h6.example", "vide.example", "mx1.example", "h1.example/28")
_MACROS = (
    "%{d}",
    "%{i}._x.example",
    "%{ir}.%{v}._x.example",
    "%{l}.%{o}.h.example",
    "%{d2}",
    "%{dr-}.example",
    "%{h}",
    "%{z}.example",
    "%%{d}",
    "%(d)",
    "%{s}.h1.example",
    "%{L}.example",
)
_LINES = (
    "h1.example. A 192.0.2.1",
    "h1.example. A 192.0.2.17",
    "h2.example. A 198.51.100.9",
    "h6.example. AAAA 2001:db8::5",
    "mx1.example. MX 10 h1.example.",
    "mx1.example. MX 20 h6.example.",
    *(f"mx11.example. MX {at} h{at}.loin.example." for at in range(11)),
    "192.0.2.1._x.example. A 127.0.0.2",
    "1.2.0.192.in-addr._x.example. A 127.0.0.2",
    "a-b.c.h.example. A 127.0.0.2",
    "1.2.0.192.in-addr.arpa. PTR h1.example.",
    "9.100.51.198.in-addr.arpa. PTR ment.example.",
)


def _term(drawn: random.Random) -> str:
    sign = drawn.choice(("", "", "", "-", "~", "?", "+"))
    kind = drawn.randrange(11)
    if kind < 4:
        return sign + drawn.choice(_NETWORKS[:7] if drawn.random() < 0.93 else _NETWORKS)
    if kind < 6:
        return f"{sign}include:d{drawn.randrange(_COUNT)}.example"
    if kind == 6:
        return f"{sign}a:{drawn.choice(_HOSTS)}"
    if kind == 7:
        return sign + drawn.choice(
            ("mx:mx1.example", "mx", "a", "a/24", "mx:mx1.example//64", "mx:mx11.example")
        )
    if kind == 8:
        return f"{sign}exists:{drawn.choice(_MACROS[:5] if drawn.random() < 0.9 else _MACROS)}"
    if kind == 9:
        return drawn.choice(
            (
                "ptr:example",
                f"inconnu{drawn.random():.9f}=%{{d}}",
                "exp=why.example",
                f"{sign}exists:h1.example",
            )
        )
    return drawn.choice(
        ("A:h1.EXAMPLE", "mx:a b", "all", f"{sign}include:vide.example", "a:mx1.example")
    )


def _policies() -> dict[str, list[str]]:
    drawn = random.Random(7208)
    made: dict[str, list[str]] = {}
    for number in range(_COUNT):
        terms = [_term(drawn) for _ in range(drawn.choice((1, 1, 2, 2, 3, 4)))]
        terms.append(drawn.choice(("-all", "~all", "?all", "", "-all", "redirect=d7.example")))
        records = [f"v=spf1 {' '.join(terms)}".strip()]
        if drawn.random() < 0.03:
            records.append("v=spf1 -all")
        made[f"d{number}.example"] = [] if drawn.random() < 0.03 else records
    made["profond.example"] = [
        " ".join(
            ("v=spf1", *(f"a:h{n}.example" for n in (1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1)), "-all")
        )
    ]
    made["dix.example"] = [
        " ".join(("v=spf1", *(f"a:h{n}.example" for n in (1, 2, 1, 2, 1, 2, 1, 2, 1, 2)), "-all"))
    ]
    return made


_POLICIES = _policies()
_ZONE = [*_LINES, *(f'{name}. TXT "{one}"' for name, many in _POLICIES.items() for one in many)]


def _theirs(domain: str, ip: str) -> str:
    return str(spf.check2(i=ip, s=f"a-b.c@{domain}", h="h1.example")[0])


@pytest.fixture
def same_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for line in _ZONE:
        owner, kind, value = line.split(" ", 2)
        told: Any = value.rstrip(".")
        if kind == "TXT":
            told = (value.strip('"').encode(),)
        elif kind == "MX":
            told = int(value.split()[0]), value.split()[1].rstrip(".")
        known[owner.rstrip("."), kind].append(told)

    def look(
        name: str, kind: str, *_: object, **__: object
    ) -> Iterator[tuple[tuple[str, str], Any]]:
        for value in known.get((str(name).lower().rstrip("."), kind), ()):
            yield (name, kind), value

    monkeypatch.setattr(spf, "DNSLookup", look)


@pytest.mark.usefixtures("same_dns")
def test_the_same_result_for_every_sender() -> None:
    async def main() -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        async with served(zone(*_ZONE)) as port:
            asker = NameAsker(resolver_of(port, lifetime_s=20))
            for domain in _POLICIES:
                for ip in _SENDERS:
                    sender = Sender(
                        ip=ipaddress.ip_address(ip), mailbox=f"a-b.c@{domain}", helo="h1.example"
                    )
                    found[domain, ip] = (await check_host(asker, domain, sender)).value
        return found

    ours = trio.run(main)
    theirs = {key: _theirs(*key) for key in ours}
    differ = {
        key: (ours[key], theirs[key], _POLICIES[key[0]]) for key in ours if ours[key] != theirs[key]
    }
    assert differ == {}
    # Each result is met, or the comparison shows nothing.
    assert set(ours.values()) == {one.value for one in Result} - {"temperror"}


def test_the_set_of_all_that_pass_holds_those_that_pass() -> None:
    """The reading without a sender, against the one with each sender, where both may be had."""

    async def main() -> int:
        compared = 0
        async with served(zone(*_ZONE)) as port:
            asker = NameAsker(resolver_of(port, lifetime_s=20))
            for domain, records in _POLICIES.items():
                if len([one for one in records if is_spf(one)]) != 1:
                    continue
                walk = _Walk(asker=asker, platforms={})
                ends = await walk.follow(domain, records[0], (domain,), EVERYONE, counts=True)
                if walk.faults or walk.has_macros or walk.has_ptr or walk.is_cut:
                    continue
                for ip in _SENDERS:
                    address = ipaddress.ip_address(ip)
                    sender = Sender(ip=address, mailbox=f"a@{domain}", helo="h1.example")
                    told = await check_host(asker, domain, sender)
                    if told is not Result.PERMERROR:
                        alone = stretches_of((ipaddress.ip_network(ip),))
                        is_in = common(ends.passed, alone) == alone
                        assert is_in is (told is Result.PASS), (domain, ip, records, told)
                        compared += 1
        return compared

    assert trio.run(main) > 200
