"""Questions to the declared resolvers about domains: few at a time, each once in a run."""

import copy
import secrets
from dataclasses import dataclass
from typing import cast

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
import trio
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.TXT import TXT

_PARALLEL = 16
_MOST_RECORDS = 64
"""Records of one answer that are read."""
_MOST_CHARS = 8_192
"""Characters of one TXT that are read: a policy of use is a tenth of it."""
_SILENT_AFTER = 8
"""Questions in a row without any answer, after which the resolver is not asked again."""
_UDP_SIZE = 1_232


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the resolvers said to one question."""

    why: str = ""
    """Reason id when there was no answer that can be used; the rest is empty then."""
    exists: bool = True
    """False: the name, or what its aliases lead to, does not exist."""
    records: tuple[dns.rdata.Rdata, ...] = ()
    chain: tuple[str, ...] = ()
    """Aliases followed, in order."""
    is_validated: bool = False
    """The resolver says that it checked the signatures (AD)."""
    apex: str = ""
    """Where the zone begins, when the answer tells."""
    message: dns.message.Message | None = None
    """The answer itself, signatures with it; only of :meth:`NameAsker.ask_signed`."""


class NameAsker:
    """Asks the resolvers; every answer is kept for the run."""

    def __init__(self, resolver: dns.asyncresolver.Resolver) -> None:
        self._resolver = _with_flags(resolver, dns.flags.RD | dns.flags.AD)
        self._unchecked = _with_flags(resolver, dns.flags.RD | dns.flags.CD)
        self._signed = _with_flags(resolver, dns.flags.RD | dns.flags.CD, edns_flags=dns.flags.DO)
        # The order turned: where two are declared, the second asking is of the other.
        self._other = copy.copy(self._resolver)
        self._other.nameservers = list(reversed(list(self._resolver.nameservers)))
        self._limiter = trio.CapacityLimiter(_PARALLEL)
        self._known: dict[tuple[str, str, str], Said] = {}
        self._waited: dict[tuple[str, str, str], trio.Event] = {}
        self._silent = 0
        self._impossible = f"vigie-{secrets.token_hex(6)}.invalid"

    async def ask(self, name: str, kind: str) -> Said:
        """Ask once in the run."""
        return await self._once("", name, kind)

    async def ask_again(self, name: str, kind: str) -> Said:
        """Ask a second time, of another resolver where several are declared."""
        return await self._once("again", name, kind)

    async def ask_unchecked(self, name: str, kind: str) -> Said:
        """Ask for what a resolver that validates withholds."""
        return await self._once("unchecked", name, kind)

    async def ask_signed(self, name: str, kind: str) -> Said:
        """Ask for the signatures too, unchecked: whoever asks checks them (RFC 4035, 3.2)."""
        return await self._once("signed", name, kind)

    async def texts(self, name: str, starts: str) -> tuple[tuple[str, ...], str]:
        """Give the TXT records that begin with a version tag, and why when there was no answer."""
        said = await self.ask(name, "TXT")
        texts = (text_of(one) for one in said.records if isinstance(one, TXT))
        found = (text for text in texts if text.lower().startswith(starts.lower()))
        return tuple(found), said.why

    async def lies(self) -> bool:
        """Tell whether names that cannot exist are answered for (RFC 6761, 6.4)."""
        for kind in ("A", "TXT"):
            said = await self.ask(self._impossible, kind)
            if not said.why and said.records:
                return True
        return False

    async def validates(self) -> bool:
        """Tell whether the resolver vouches for the root of the DNS, which is signed."""
        return (await self.ask(".", "SOA")).is_validated

    async def _once(self, way: str, name: str, kind: str) -> Said:
        key = (way, name.lower().rstrip("."), kind)
        if (event := self._waited.get(key)) is not None:
            await event.wait()
            return self._known.get(key, Said(why="interrupted"))
        event = self._waited[key] = trio.Event()
        try:
            async with self._limiter:
                self._known[key] = await self._said(way, name, kind)
        finally:
            event.set()
        return self._known[key]

    async def _said(self, way: str, name: str, kind: str) -> Said:
        if self._silent >= _SILENT_AFTER:
            return Said(why="timeout")
        ways = {"unchecked": self._unchecked, "again": self._other, "signed": self._signed}
        resolver = ways.get(way, self._resolver)
        try:
            asked = dns.name.from_text(name)
            answer = await resolver.resolve(asked, kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as denied:
            self._silent = 0
            return _denied(denied, keeps=way == "signed")
        except dns.exception.Timeout:
            self._silent += 1
            return Said(why="timeout")
        except dns.resolver.NoNameservers as failed:
            return Said(why=_refusal(failed))
        except (dns.exception.DNSException, OSError, ValueError):
            return Said(why="resolver-failure")
        self._silent = 0
        response = answer.response
        return Said(
            records=tuple(answer.rrset or ())[:_MOST_RECORDS],
            chain=_chain(response),
            is_validated=bool(response.flags & dns.flags.AD),
            apex=_apex(response),
            message=response if way == "signed" else None,
        )


def text_of(record: TXT) -> str:
    """Give the text of a record, its strings joined, what is not printable ASCII written ``\\ddd``.

    Longer than a policy of use: cut.
    """
    told = b"".join(record.strings)[:_MOST_CHARS]
    return "".join(chr(one) if 32 <= one < 127 else f"\\{one:03d}" for one in told)


def host_of(name: dns.name.Name) -> str:
    """Give a name as written elsewhere: lower case, without the last dot; the root is « . »."""
    return name.to_text(omit_final_dot=True).lower()


def _with_flags(
    resolver: dns.asyncresolver.Resolver, flags: int, *, edns_flags: int = 0
) -> dns.asyncresolver.Resolver:
    made = copy.copy(resolver)
    made.set_flags(flags)
    made.use_edns(0, edns_flags, _UDP_SIZE)
    return made


def _denied(denied: dns.resolver.NXDOMAIN, *, keeps: bool = False) -> Said:
    told = cast("dict[dns.name.Name, dns.message.Message]", _held(denied).get("responses") or {})
    for response in told.values():
        return Said(
            exists=False,
            chain=_chain(response),
            is_validated=bool(response.flags & dns.flags.AD),
            apex=_apex(response),
            message=response if keeps else None,
        )
    return Said(exists=False)


def _held(raised: dns.exception.DNSException) -> dict[str, object]:
    # Set by the library on each of its exceptions, without a type.
    return cast("dict[str, object]", getattr(raised, "kwargs", {}))


def _chain(response: dns.message.Message) -> tuple[str, ...]:
    found: list[str] = []
    for rrset in response.answer[:_MOST_RECORDS]:
        records: list[dns.rdata.Rdata] = list(rrset)
        found += [host_of(one.target) for one in records if isinstance(one, CNAME)]
    return tuple(found)


def _apex(response: dns.message.Message) -> str:
    for rrset in (*response.answer[:_MOST_RECORDS], *response.authority[:_MOST_RECORDS]):
        if rrset.rdtype is dns.rdatatype.SOA:
            return host_of(rrset.name)
    return ""


def _refusal(failed: dns.resolver.NoNameservers) -> str:
    """Give the reason with the code that the last server gave, if any did."""
    errors = cast("list[tuple[object, ...]]", _held(failed).get("errors") or [])
    for error in reversed(errors):
        response = error[-1]
        if isinstance(response, dns.message.Message):
            return f"resolver-failure: {dns.rcode.to_text(response.rcode())}"
    return "resolver-failure"
