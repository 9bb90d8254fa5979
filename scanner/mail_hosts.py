"""The MX of the domains, and the hosts of their MTA-STS policies: looked at where a mandate covers.

Each address of a server is asked under its name, once for all the domains that it serves, and not
at all where identification met it under that name. The rest is told as not measured. No sender, no
recipient: whether a server relays for strangers is never tried.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import trio
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from core.errors import OutOfScope, Unanswered
from core.model import Intensity, Place, Transport, reason
from core.observations.base import Attempt, Observation
from core.observations.mail import MailService
from core.observations.mail_hosts import MailHostsSeen, MtaSts, MxCertificate, MxSeen
from core.observations.mail_policy import MailHost, MailPolicy, Tlsa
from core.observations.tls import Certificate, TlsService
from scanner.asking_names import NameAsker
from scanner.identify import Ask, identify
from scanner.mail_policy import TLSA_USES
from scanner.mta_sts import PORT as HTTPS
from scanner.mta_sts import fetch_policy

SMTP = 25
_AT_ONCE = 16
_MOST_ADDRESSES = 8
"""Of one server."""
_NOT_NOW = frozenset({"out-of-window", "interrupted"})

AskFor = Callable[[str, int, str], Ask]
"""Gives what may be asked at an address and port under a name; raises ``OutOfScope``."""
Tell = Callable[[tuple[Observation, ...]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """What identification told of port 25 of one address."""

    mail: MailService | None = None
    tls: TlsService | None = None
    is_told: bool = False
    """What stands there was told, mail or not."""

    def chain(self, name: str) -> tuple[Certificate, ...] | None:
        """Give what was shown to a name; ``None``: that name was not used."""
        if self.tls is None:
            return None
        if self.tls.sni == name:
            return self.tls.chain
        return next((one.chain for one in self.tls.also_shown if one.sni == name), None)


def met_in(seen: Iterable[Observation]) -> dict[tuple[str, str | None], Met]:
    """Give (address, name used as place) → what was met on port 25."""
    mails: dict[tuple[str, str | None], MailService] = {}
    tunnels: dict[tuple[str, str | None], TlsService] = {}
    told: set[tuple[str, str | None]] = set()
    for one in seen:
        place = one.place
        if place.ip is None or place.port != SMTP or place.transport is not Transport.TCP:
            continue
        told.add((place.ip, place.hostname))
        if isinstance(one, MailService):
            mails[place.ip, place.hostname] = one
        elif isinstance(one, TlsService):
            tunnels[place.ip, place.hostname] = one
    return {key: Met(mail=mails.get(key), tls=tunnels.get(key), is_told=True) for key in told}


async def look_at_mail_hosts(
    policies: Sequence[MailPolicy],
    tell: Tell,
    *,
    asker: NameAsker,
    ask: AskFor,
    met: Mapping[tuple[str, str | None], Met],
    why_not: Callable[[int], str] = lambda _port: "",
) -> None:
    """Tell what each server shows that is new, and one ``MailHostsSeen`` per domain with servers.

    ``why_not``: reason why a port is not asked at all, anywhere. Raises ``OutOfScope`` for what may
    be asked at another time.
    """
    work = _Work(tell, asker, ask, met, why_not)
    hosts = sorted({one.host for policy in policies for one in policy.mx or ()})
    limiter = trio.CapacityLimiter(_AT_ONCE)

    async def server(host: str) -> None:
        async with limiter:
            await work.look(host)

    async def domain(policy: MailPolicy) -> None:
        async with limiter:
            await work.tell_of(policy)

    async with trio.open_nursery() as looking:
        for host in hosts:
            looking.start_soon(server, host)
    if work.not_now is not None:
        raise work.not_now
    async with trio.open_nursery() as telling:
        for policy in policies:
            if policy.mx:
                telling.start_soon(domain, policy)
    if work.not_now is not None:
        raise work.not_now


@dataclass(slots=True)
class _Work:
    tell: Tell
    asker: NameAsker
    ask: AskFor
    met: Mapping[tuple[str, str | None], Met]
    why_not: Callable[[int], str]
    servers: dict[str, tuple[MxSeen, ...]] = field(default_factory=dict[str, tuple[MxSeen, ...]])
    not_now: OutOfScope | None = None

    async def look(self, host: str) -> None:
        addresses, why = await self._addresses(host)
        if addresses:
            seen = [await self._look_at(host, address) for address in addresses]
        else:
            seen = [MxSeen(host=host, why=why)]
        self.servers[host] = tuple(seen)

    async def _addresses(self, host: str) -> tuple[list[str], str]:
        found: set[str] = set()
        why = ""
        for kind in ("A", "AAAA"):
            said = await self.asker.ask(host, kind)
            why = why or said.why
            found |= {one.address for one in said.records if isinstance(one, A | AAAA)}
        return sorted(found)[:_MOST_ADDRESSES], why or "unresolved"

    def _asking(self, host: str, address: str, port: int) -> Ask | str:
        """Give what may be asked, or why nothing may."""
        try:
            asking = self.ask(address, port, host)
        except OutOfScope as refused:
            if refused.reason in _NOT_NOW:
                self.not_now = refused
            return refused.reason
        if asking.intensity < Intensity.DISCREET:
            return "intensity"
        return "answers-everywhere" if asking.everywhere() else asking

    async def _look_at(self, host: str, address: str) -> MxSeen:
        asking = self._asking(host, address, SMTP)
        if isinstance(asking, str):
            outside = asking == "out-of-scope"
            return MxSeen(host=host, address=address, why=asking, is_elsewhere=outside)
        known = self.met.get((address, host)) or self.met.get((address, None), Met())
        if known.mail is not None and (known.mail.starttls is False or known.chain(host)):
            return _seen(host, address, known.mail, known.chain(host) or ())
        if why := self.why_not(SMTP):
            return MxSeen(host=host, address=address, why=why)
        try:
            told = await identify(asking, None)
        except OutOfScope as refused:
            self.not_now = refused
            return MxSeen(host=host, address=address, why=refused.reason)
        mail = next((one for one in told if isinstance(one, MailService)), None)
        tls = next((one for one in told if isinstance(one, TlsService)), None)
        await self._tell_new(host, known, told, tls)
        if mail is None:
            return MxSeen(host=host, address=address, why=_why(told))
        return _seen(host, address, mail, tls.chain if tls else ())

    async def _tell_new(
        self, host: str, known: Met, told: tuple[Observation, ...], tls: TlsService | None
    ) -> None:
        """Tell what the address alone did not show already."""
        if not known.is_told:
            await self.tell(told)
        elif known.mail is None:
            await self.tell(tuple(one for one in told if isinstance(one, MailService | TlsService)))
        elif tls is not None and tls.leaf is not None:
            same = known.tls is not None and known.tls.leaf == tls.leaf
            if not same or not tls.leaf.covers(host):
                await self.tell((tls,))

    async def tell_of(self, policy: MailPolicy) -> None:
        announced = None if policy.mta_sts is None else bool(policy.mta_sts)
        sts: MtaSts | None = None
        why: dict[str, str] = {}
        if announced:
            sts, why["policy"] = await self._policy(f"mta-sts.{policy.domain}")
        elif announced is None:
            why["policy"] = why["is_sts_announced"] = policy.why.get("mta_sts", "undetermined")
        seen = MailHostsSeen(
            place=Place(establishment=policy.place.establishment, hostname=policy.domain),
            at=policy.at,
            domain=policy.domain,
            servers=tuple(
                msgspec.structs.replace(one, tlsa=_usable(host))
                for host in policy.mx or ()
                for one in self.servers.get(host.host, ())
            ),
            is_sts_announced=announced,
            policy=sts,
            why={name: reason for name, reason in why.items() if reason},
        )
        if self.not_now is None:
            await self.tell((seen,))

    async def _policy(self, host: str) -> tuple[MtaSts | None, str]:
        addresses, why = await self._addresses(host)
        if not addresses and why == "unresolved":
            return MtaSts(fault="no-host"), ""
        for address in addresses:
            asking = self._asking(host, address, HTTPS)
            if isinstance(asking, str):
                why = "policy-not-fetched" if asking == "out-of-scope" else asking
                continue
            if why := self.why_not(HTTPS):
                continue
            try:
                return await fetch_policy(asking, host), ""
            except Unanswered as error:
                why = reason(error.status.value, error.detail)
            except OutOfScope as refused:
                self.not_now = refused
                return None, refused.reason
        return None, why


def _usable(host: MailHost) -> tuple[Tlsa, ...]:
    """Give the records that senders who use DANE go by."""
    return tuple(one for one in host.tlsa if one.usage in TLSA_USES) if host.has_valid_tlsa else ()


def _seen(host: str, address: str, mail: MailService, chain: tuple[Certificate, ...]) -> MxSeen:
    leaf = chain[0] if chain else None
    return MxSeen(
        host=host,
        address=address,
        why=mail.why.get("starttls", "undetermined") if mail.starttls is None else "",
        starttls=mail.starttls,
        certificates=tuple(MxCertificate(one.sha256, one.spki_sha256) for one in chain),
        covers=leaf.covers(host) if leaf else None,
    )


def _why(told: Iterable[Observation]) -> str:
    """Give the reason of the last try at a port that told nothing of mail."""
    tries = [one for one in told if isinstance(one, Attempt)]
    return reason(tries[-1].status.value, tries[-1].detail) if tries else "undetermined"
