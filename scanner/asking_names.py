"""Questions to the declared resolvers about domains: each once in a run."""

import trio
from dns.rdtypes.ANY.TXT import TXT

from scanner.dns_client import DnsClient
from scanner.dns_wire import Said, host_of

__all__ = ["NameAsker", "Said", "host_of", "text_of"]

_PARALLEL = 256
"""Questions held at the same time; how many are in flight, the client knows better."""
_MOST_CHARS = 8_192
"""Characters of one TXT that are read: a policy of use is a tenth of it."""


class NameAsker:
    """Asks the resolvers; every answer is kept for the run."""

    def __init__(self, client: DnsClient) -> None:
        self._client = client
        self._limiter = trio.CapacityLimiter(_PARALLEL)
        self._known: dict[tuple[str, str, str], Said] = {}
        self._waited: dict[tuple[str, str, str], trio.Event] = {}
        self._by: dict[tuple[str, str], int] = {}
        self._judging = trio.Lock()
        self._lies: bool | None = None

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
        """Tell whether every resolver answers for names that cannot exist (RFC 6761, 6.4).

        Those that do are no longer asked where another does not.
        """
        async with self._judging:
            if self._lies is None:
                self._lies = not await self._client.find_liars()
        return self._lies

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
        asked = name.lower().rstrip("."), kind
        by = self._by.get(asked) if way == "again" else None
        said, self._by[asked] = await self._client.ask_whom(
            name,
            kind,
            server=None if by is None else self._client.other_than(by),
            unchecked=way == "unchecked",
            signed=way == "signed",
        )
        return said


def text_of(record: TXT) -> str:
    """Give the text of a record, its strings joined, what is not printable ASCII written ``\\ddd``.

    Longer than a policy of use: cut.
    """
    told = b"".join(record.strings)[:_MOST_CHARS]
    return "".join(chr(one) if 32 <= one < 127 else f"\\{one:03d}" for one in told)
