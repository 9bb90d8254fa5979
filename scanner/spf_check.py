"""Whether one sender passes the SPF of a domain: ``check_host`` of RFC 7208, with its limits."""

import enum
import ipaddress

import dns.reversename
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from scanner.asking_names import NameAsker, Said, host_of
from scanner.spf_terms import (
    LOOKING,
    Network,
    Sender,
    Term,
    expand,
    is_spf,
    network_of,
    parse_spf,
)

MOST_LOOKUPS = 10
"""RFC 7208, 4.6.4, as the next three."""
MOST_VOID = 2
MOST_MX = 10
_MOST_PTR = 10


class Result(enum.Enum):
    """RFC 7208, 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a result, no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_OF_QUALIFIER = {
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


class _Ended(Exception):
    """The evaluation stops here, whatever stands behind."""

    def __init__(self, result: Result) -> None:
        self.result = result


async def check_host(asker: NameAsker, domain: str, sender: Sender) -> Result:
    """Give what a receiver that keeps every limit concludes of a sender."""
    try:
        return await _Check(asker, sender).of(domain)
    except _Ended as ended:
        return ended.result


async def spf_records(asker: NameAsker, domain: str) -> tuple[tuple[str, ...], Said]:
    """Give the SPF records of a domain, beside the answer that held them."""
    texts, _ = await asker.texts(domain, "v=spf1")
    return tuple(text for text in texts if is_spf(text)), await asker.ask(domain, "TXT")


class _Check:
    def __init__(self, asker: NameAsker, sender: Sender) -> None:
        self._asker = asker
        self._sender = sender
        self._lookups = 0
        self._void = 0

    async def of(self, domain: str) -> Result:
        if not is_askable(domain):
            return Result.NONE
        records, said = await spf_records(self._asker, domain)
        if said.why:
            raise _Ended(Result.TEMPERROR)
        if len(records) != 1:
            return Result.PERMERROR if records else Result.NONE
        terms, fault = parse_spf(records[0])
        if fault is not None:
            raise _Ended(Result.PERMERROR)
        for term in terms:
            if term.qualifier and await self._matches(term, domain):
                return _OF_QUALIFIER[term.qualifier]
        target = next((one.value for one in terms if one.name == "redirect"), "")
        if not target:
            return Result.NEUTRAL
        self._spend()
        result = await self.of(expand(target, self._sender, domain))
        return Result.PERMERROR if result is Result.NONE else result

    def _spend(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise _Ended(Result.PERMERROR)

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name in LOOKING:
            self._spend()
        match term.name:
            case "all":
                return True
            case "ip4" | "ip6":
                network = network_of(term.value, int(term.name[-1]))
                return network is not None and self._sender.ip in network
            case "ptr":
                return await self._is_named(self._target(term, domain))
            case _:
                pass
        target = self._target(term, domain)
        if term.name == "include":
            return await self._is_included(target)
        if not is_askable(target):
            return False
        if term.name == "exists":
            return bool((await self._ask(target, "A")).records)
        if term.name == "a":
            return await self._is_at(target, term)
        return await self._is_a_server_of(target, term)

    def _target(self, term: Term, domain: str) -> str:
        return expand(term.value, self._sender, domain) if term.value else domain

    async def _is_included(self, target: str) -> bool:
        result = await self.of(target)
        if result in {Result.NONE, Result.PERMERROR}:
            raise _Ended(Result.PERMERROR)
        return result is Result.PASS

    async def _is_a_server_of(self, target: str, term: Term) -> bool:
        servers = [one for one in (await self._ask(target, "MX")).records if isinstance(one, MX)]
        if len(servers) > MOST_MX:
            raise _Ended(Result.PERMERROR)
        # All are asked before any is compared, as receivers do: their empty answers count too.
        found = [
            await self._is_at(host, term)
            for one in servers
            if (host := host_of(one.exchange)) != "."
        ]
        return any(found)

    async def _is_at(self, host: str, term: Term) -> bool:
        """Whether the sender stands at an address of a host, or in the network around one."""
        version = self._sender.ip.version
        length = term.v4 if version == 4 else term.v6
        said = await self._ask(host, "A" if version == 4 else "AAAA")
        return any(self._sender.ip in one for one in networks_of(said, length))

    async def _is_named(self, target: str) -> bool:
        """Whether a name of the sender's address, true both ways, lies under the target."""
        reverse = host_of(dns.reversename.from_address(str(self._sender.ip)))
        said = await self._asker.ask(reverse, "PTR")
        names = [host_of(one.target) for one in said.records if isinstance(one, PTR)]
        single = Term(qualifier="+", name="a")
        for name in names[:_MOST_PTR]:
            if f".{name}".endswith(f".{target.lower().rstrip('.')}"):
                kind = "A" if self._sender.ip.version == 4 else "AAAA"
                back = await self._asker.ask(name, kind)
                if any(self._sender.ip in one for one in networks_of(back, single.v6)):
                    return True
        return False

    async def _ask(self, name: str, kind: str) -> Said:
        said = await self._asker.ask(name, kind)
        if said.why:
            raise _Ended(Result.TEMPERROR)
        if not said.records:
            self._void += 1
            if self._void > MOST_VOID:
                raise _Ended(Result.PERMERROR)
        return said


def networks_of(said: Said, length: int) -> list[Network]:
    """Give the networks of that length around the addresses of an answer."""
    return [
        ipaddress.ip_network(
            f"{one.address}/{min(length, 32 if isinstance(one, A) else 128)}", strict=False
        )
        for one in said.records
        if isinstance(one, A | AAAA)
    ]


def is_askable(name: str) -> bool:
    """Tell whether a name can be asked about at all: two labels, none empty or above 63."""
    labels = name.removesuffix(".").split(".")
    return len(labels) > 1 and all(0 < len(one) < 64 for one in labels) and len(name) < 255
