"""Looks for the names of the mandated domains, through the declared resolvers alone.

How it is run, by :mod:`vigie.pipeline`, beside the other stages::

    hunt = Hunt(
        job.domains_to_hunt(),            # (domain, establishment), without those already told
        client=job.resolver,              # DnsClient
        scope=job.scope,
        facts=load_name_facts(),          # core.knowledge.names
        choices=inventory.names,          # words, budget
        segments=job.scope.segments(now), # their reverse zones are asked
        known=job.seen_names,             # seeds: never told again
        promised=("ct", "certificate", "transfer", "nsec", "passive"),
        tell=tell,                        # async, one NameSeen each
        ended=ended,                      # async, one NamesHunted per domain
        now=utc_now,
    )
    await hunt.run()

Others hand in names with :meth:`Hunt.offer`, from any task, and say with :meth:`Hunt.end` that a
way of :data:`core.observations.name.WAYS` which was promised is over (with a reason where it was
not gone through). The run ends when every promised way is over and nothing is left to ask: a way
that was promised and never ended would keep it for ever.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime

from core.inventory import NamesChoices
from core.knowledge.names import NameFacts
from core.observations.name import NameSeen, NamesHunted
from scanner.dns_client import DnsClient
from scanner.found import NameFound
from scanner.names import NameScope
from scanner.space import Segment


class Hunt:
    """The names of all mandated domains. One per run."""

    def __init__(
        self,
        domains: Sequence[tuple[str, str]],
        *,
        client: DnsClient,
        scope: NameScope,
        facts: NameFacts,
        choices: NamesChoices,
        segments: Iterable[Segment],
        known: Iterable[NameSeen],
        promised: Collection[str],
        tell: Callable[[NameSeen], Awaitable[None]],
        ended: Callable[[NamesHunted], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None: ...

    def offer(self, found: NameFound) -> None:
        """Take in a candidate; never waits, never raises. Past the budget it is counted alone."""

    def end(self, way: str, why: str = "", *, domain: str = "") -> None:
        """Say that a promised way is over: for one domain, or for all that remain.

        ``why``: reason id where it was not gone through, or not wholly.
        """

    async def run(self) -> None:
        """Hunt until every way is over; cancelled, what was told stays told."""
