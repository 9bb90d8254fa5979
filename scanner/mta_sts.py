"""The policy file of MTA-STS (RFC 8461): fetched once, as a sender would, and read."""

import re

from core.errors import Unanswered
from core.model import Place, Status, Transport
from core.observations.mail_hosts import MtaSts
from core.observations.tls import Trust
from scanner.identify import Ask
from scanner.stream import Stream
from scanner.tls.assess import knock
from scanner.tls.certificates import read_chain
from scanner.visit import Visit
from scanner.web import Answer, Web

PORT = 443
_PATH = "/.well-known/mta-sts.txt"
_MOST_LINES = 200
_MOST_MX = 64
_MODES = frozenset({"enforce", "testing", "none"})
_TRUSTED = frozenset({Trust.PUBLIC})
"""Senders know none of the authorities that an inventory adds."""
_PATTERN = re.compile(r"(\*\.)?[a-z0-9.-]{1,253}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


def read_policy(body: bytes) -> MtaSts:
    """Read a policy (RFC 8461, 3.2); keys that nobody knows are passed over. Total on any bytes."""
    told: dict[str, list[str]] = {}
    for line in body.decode("latin-1").splitlines()[:_MOST_LINES]:
        key, sign, value = line.partition(":")
        if sign:
            told.setdefault(key.strip(), []).append(value.strip())
    version, mode = told.get("version", [""])[0], told.get("mode", [""])[0]
    age = told.get("max_age", [""])[0]
    mx = [one.lower() for one in told.get("mx", [])[:_MOST_MX]]
    wrong = next(
        (
            name
            for name, is_right in (
                ("version", version == "STSv1"),
                ("mode", mode in _MODES),
                ("max_age", bool(_NUMBER.fullmatch(age)) and int(age) <= 31_557_600),
                ("mx", all(map(_PATTERN.fullmatch, mx)) and (bool(mx) or mode == "none")),
            )
            if not is_right
        ),
        "",
    )
    if wrong:
        return MtaSts(fault="unread", detail=wrong)
    return MtaSts(mode=mode, mx=tuple(mx), max_age_s=int(age))


def names_server(policy: MtaSts, host: str) -> bool:
    """Tell whether a policy names a server (RFC 8461, 4.1): a star stands for one whole label."""
    above = host.partition(".")[2]
    return any(one == host or (one[:2] == "*." and one[2:] == above) for one in policy.mx)


async def fetch_policy(ask: Ask, host: str) -> MtaSts:
    """Ask the host of a policy, which the mandate covers, for it: one connection, one request.

    Raises :class:`core.errors.Unanswered` for silence and :class:`core.errors.OutOfScope`.
    """
    knocked = await knock(await ask.dial(), host)
    if not knocked.is_tls or knocked.stream is None:
        return MtaSts(fault="no-tls")
    async with knocked.stream as stream:
        chain = read_chain(knocked.handshake.chain, ask.now(), roots=ask.roots)
        leaf = chain.certificates[0] if chain.certificates else None
        if leaf is None or chain.trust not in _TRUSTED or not leaf.covers(host):
            # A sender asks no further (RFC 8461, 3.3).
            told = ", ".join(leaf.names[:5]) if leaf else ""
            return MtaSts(fault="certificate", detail=told[:200])
        if leaf.not_after is not None and leaf.not_after < ask.now():
            return MtaSts(fault="certificate", detail=leaf.not_after.date().isoformat())
        answer = await _get(ask, stream)
    if 300 <= answer.status < 400:
        return MtaSts(fault="redirect", detail=(answer.header("location") or "")[:200])
    if answer.status != 200:
        return MtaSts(fault="absent", detail=str(answer.status))
    return read_policy(answer.body)


async def _get(ask: Ask, stream: Stream) -> Answer:
    waiting = [stream]

    async def dial(_: str | None) -> Stream:
        if not waiting:
            raise Unanswered(Status.RESET, "closed before the answer")
        return waiting.pop()

    target = ask.target
    visit = Visit(
        place=Place(
            establishment=target.establishment,
            ip=target.ip,
            port=ask.port,
            transport=Transport.TCP,
            hostname=target.hostname,
        ),
        intensity=ask.intensity,
        medical=target.medical,
        names=ask.names,
        heard=b"",
        inside_tls=True,
        dial=dial,
        in_scope=lambda _host, _port: False,
        now=ask.now,
        knowledge=ask.knowledge,
        operator=ask.operator,
        requests_left=1,
    )
    async with Web(visit) as web:
        return await web.get(_PATH)
