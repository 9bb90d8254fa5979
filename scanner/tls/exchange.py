"""One hello on one connection, and what came of it."""

import enum
import math
from dataclasses import dataclass, field, replace

import trio

from core.errors import Unanswered
from core.model import Status
from scanner.stream import Stream
from scanner.tls.hello import Offer, client_hello, in_record, sslv2_hello
from scanner.tls.registry import SSL3, TLS1_0, TLS1_3
from scanner.tls.secrets13 import SUITES, Hidden, KeyPair, Secrets, retried
from scanner.tls.wire import COOKIE, FLIGHT_LIMIT_BYTES, Flight, Reader, read_sslv2

_TICKETS_S = 1.0
"""Wait for tickets and farewell behind a whole TLS 1.3 handshake: they follow at once."""
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _INSUFFICIENT_SECURITY = 40, 70, 71
_FALLBACK, _UNRECOGNIZED_NAME, _UNKNOWN_IDENTITY, _NO_PROTOCOL = 86, 112, 115, 120


class Outcome(enum.Enum):
    """How a server took a hello."""

    CHOSEN = "chosen"
    """It chose a version and a suite."""
    NO_SUITE = "no-suite"
    """It said that nothing offered suits it."""
    NO_VERSION = "no-version"
    """It said that the version does not."""
    FALLBACK = "fallback"
    """It said that the hello is a fallback (RFC 7507)."""
    NAME = "name"
    """It wants another name, or one at all."""
    PROTOCOL = "protocol"
    """It wants another protocol inside (RFC 7301)."""
    BLUNT = "blunt"
    """It ended the connection without saying what it minds: alone, that proves nothing."""
    SILENT = "silent"
    """Nothing came in time."""
    STRANGE = "strange"
    """What came is no TLS."""


_ALERTS = {
    _HANDSHAKE_FAILURE: Outcome.NO_SUITE,
    _INSUFFICIENT_SECURITY: Outcome.NO_SUITE,
    _UNKNOWN_IDENTITY: Outcome.NO_SUITE,
    _PROTOCOL_VERSION: Outcome.NO_VERSION,
    _FALLBACK: Outcome.FALLBACK,
    _UNRECOGNIZED_NAME: Outcome.NAME,
    _NO_PROTOCOL: Outcome.PROTOCOL,
}


@dataclass(slots=True, kw_only=True)
class Answer:
    """What one hello brought."""

    offer: Offer
    flight: Flight = field(default_factory=Flight)
    hidden: Hidden | None = None
    """TLS 1.3, when the exchange was followed under encryption."""
    retried: bool = False
    """It answered by HelloRetryRequest first."""
    chain: tuple[bytes, ...] = ()
    """DER, as sent, wherever it came from."""
    status: Status = Status.OK
    """How the connection ended, when by no word of the server."""
    detail: str = ""
    said: bool = False
    """Anything came at all."""
    took_s: float = 0.0
    """From the hello to the end of what it brought in clear."""

    @property
    def outcome(self) -> Outcome:
        """How the server took it."""
        flight = self.flight
        if flight.version is not None:
            return Outcome.CHOSEN
        if flight.alert is not None:
            return _ALERTS.get(flight.alert.description, Outcome.BLUNT)
        if self.said and not flight.is_tls:
            return Outcome.STRANGE
        if self.status in {Status.RESET, Status.OK} or flight.is_over:
            return Outcome.BLUNT
        return Outcome.SILENT

    @property
    def is_lost(self) -> bool:
        """Whether it ended without a word that means anything."""
        outcome = self.outcome
        return outcome is Outcome.BLUNT or outcome is Outcome.SILENT

    @property
    def words(self) -> str:
        """Why nothing was chosen, for the ``why`` of an observation."""
        if self.flight.alert is not None:
            return self.flight.alert.name
        return self.detail

    @property
    def is_whole(self) -> bool:
        """Whether all that the server says in a handshake was read."""
        return self.flight.hello_done or (
            self.hidden is not None and bool(self.hidden.certificates)
        )


async def say(stream: Stream, offer: Offer, *, follow: bool = False, brief: bool = False) -> Answer:
    """Say one hello on a fresh plain stream and close it; raises nothing of the target.

    One deadline for all of it. ``follow`` goes on under encryption where TLS 1.3 is chosen;
    ``brief`` ends with the ServerHello.
    """
    answer = Answer(offer=offer)
    reader = Reader()
    try:
        began = trio.current_time()
        with trio.CancelScope(deadline=began + stream.timeout_s) as deadline:
            await _say(stream, answer, reader, follow=follow and not brief, brief=brief)
        if deadline.cancelled_caught:
            answer.status, answer.detail = Status.TIMEOUT, ""
    except Unanswered as ended:
        answer.status, answer.detail = ended.status, ended.detail
    finally:
        stream.close()
    answer.flight = reader.flight
    if reader.flight.is_hostile and reader.flight.version is None:
        answer.status = Status.GAVE_UP
    hidden = answer.hidden.certificates if answer.hidden is not None else ()
    answer.chain = reader.flight.certificates or hidden
    return answer


async def _say(
    stream: Stream, answer: Answer, reader: Reader, *, follow: bool, brief: bool
) -> None:
    offer = answer.offer
    hello = client_hello(offer)
    began = trio.current_time()
    await stream.send(in_record(hello, SSL3 if offer.ceiling == SSL3 else TLS1_0))
    await _read(stream, answer, reader, brief=brief)
    answer.took_s = trio.current_time() - began
    flight = reader.flight
    answer.retried = flight.retry
    if not follow or flight.version != TLS1_3 or flight.suite not in SUITES or not flight.group:
        return
    pair = KeyPair.make(flight.group)
    if pair is None or not flight.retry:
        return
    # The second hello is the first, with the key asked for (RFC 8446 4.1.2).
    size = hello[38]
    again = client_hello(
        replace(
            offer,
            shares=((pair.group, pair.public),),
            cookie=flight.extension_data.get(COOKIE, b"")[2:],
        ),
        random=hello[6:38],
        session=hello[39 : 39 + size],
    )
    before = retried(hello, flight.suite) + reader.raw[-1] + again
    await stream.send(in_record(again, 0x0303))
    reader.resume()
    if not flight.is_over:
        await _read(stream, answer, reader)
    if flight.retry or flight.suite not in SUITES or flight.group != pair.group:
        return
    shared = pair.shared(flight.share)
    if shared is not None:
        secrets = Secrets(flight.suite, shared, before + reader.raw[-1])
        answer.hidden = secrets.hidden
        await _follow(stream, secrets, reader.rest)


async def _read(stream: Stream, answer: Answer, reader: Reader, *, brief: bool = False) -> None:
    while True:
        data = await stream.receive(16_384, timeout_s=math.inf)
        if not data:
            answer.status, answer.detail = Status.RESET, "closed"
            return
        answer.said = True
        over = reader.feed(data)
        if over or _enough(reader.flight) or (brief and reader.flight.version is not None):
            return


def _enough(flight: Flight) -> bool:
    """TLS 1.3 says nothing more in clear behind its ServerHello."""
    return flight.version == TLS1_3 and not flight.retry


async def _follow(stream: Stream, secrets: Secrets, rest: bytes) -> None:
    over = secrets.feed(rest)
    taken = len(rest)
    while not over:
        data = await stream.receive(16_384, timeout_s=math.inf)
        taken += len(data)
        if not data or taken > FLIGHT_LIMIT_BYTES:
            return
        over = secrets.feed(data)
    if not secrets.hidden.finished:
        return
    await stream.send(secrets.answer())
    with trio.move_on_after(_TICKETS_S):
        while not secrets.hidden.is_over and taken <= FLIGHT_LIMIT_BYTES:
            data = await stream.receive(16_384, timeout_s=math.inf)
            taken += len(data)
            if not data:
                return
            secrets.feed(data)


async def say_sslv2(stream: Stream) -> Answer:
    """Say one SSLv2 hello on a fresh plain stream and close it; raises nothing of the target."""
    answer = Answer(offer=Offer(ceiling=2))
    heard = bytearray()
    try:
        with trio.move_on_after(stream.timeout_s) as deadline:
            await stream.send(sslv2_hello())
            while len(heard) < 32_768:
                data = await stream.receive(16_384, timeout_s=math.inf)
                if not data:
                    answer.status, answer.detail = Status.RESET, "closed"
                    break
                answer.said = True
                heard += data
                flight = read_sslv2(bytes(heard))
                if flight is not None and flight.is_over:
                    answer.flight = flight
                    break
        if deadline.cancelled_caught:
            answer.status = Status.TIMEOUT
    except Unanswered as ended:
        answer.status, answer.detail = ended.status, ended.detail
    finally:
        stream.close()
    answer.chain = answer.flight.certificates
    return answer
