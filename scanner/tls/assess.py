"""What a TLS service accepts, in at most six connections, through a stock OpenSSL.

Each hello offers TLS 1.0 up to a ceiling; the version that comes back is the highest that the
service has, so everything between it and the ceiling is refused, and the next ceiling lies below.
Only a ServerHello, or a protocol_version alert, makes a verdict: the rest is « not measured ».
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Unanswered
from core.model import Intensity, Place, Status, reason
from core.observations.tls import TlsService
from scanner.stream import Stream
from scanner.tls.certificates import Chain, read_chain
from scanner.tls.handshake import (
    ALL,
    DHE_ONLY,
    ECDHE_ONLY,
    TLS1_0,
    TLS1_2,
    TLS1_3,
    Handshake,
    shake,
    sni_of,
    suite_names,
)
from scanner.tls.wire import is_tls_answer

__all__ = ["DialPlain", "Knock", "Prelude", "assess", "is_tls_answer", "knock"]

DialPlain = Callable[[], Awaitable[Stream]]
"""Opens a fresh plain connection, judged, paced and counted by the gate."""
Prelude = Callable[[Stream], Awaitable[None]]
"""What opens the way to TLS on a fresh connection (STARTTLS, X.224); raises ``Unanswered``."""

_CONNECTIONS = 6
_SSL3 = 0x0300
_FIELDS = {0x0300: "sslv3", 0x0301: "tls1_0", 0x0302: "tls1_1", 0x0303: "tls1_2", 0x0304: "tls1_3"}
_WORDS = {0x0300: "SSLv3", 0x0301: "TLS1.0", 0x0302: "TLS1.1", 0x0303: "TLS1.2", 0x0304: "TLS1.3"}
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _INSUFFICIENT_SECURITY = 40, 70, 71
_INTERNAL_ERROR, _UNRECOGNIZED_NAME = 80, 112
_NO_SUITE = frozenset({_HANDSHAKE_FAILURE, _INSUFFICIENT_SECURITY})
_NAME_ALERTS = frozenset({_HANDSHAKE_FAILURE, _INTERNAL_ERROR, _UNRECOGNIZED_NAME})
_UNSPOKEN = (
    *("null_suites", "anonymous_suites", "export_suites", "rc4", "des", "triple_des"),
    *("cbc_without_encrypt_then_mac", "weak_curve", "compression", "server_order"),
    "downgrade_protection",
)
"""Fields that a stock OpenSSL cannot measure truthfully."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Knock:
    """What one TLS hello brought on a fresh connection."""

    is_tls: bool
    server_name: str | None
    """SNI that was sent."""
    stream: Stream | None = None
    """The inside of the tunnel, when the handshake went to its end. The caller closes it."""
    said: bytes = b""
    """First bytes of the answer: what a service that is not TLS said to our hello."""
    handshake: Handshake
    """For :func:`assess`."""

    @property
    def name_refused(self) -> bool:
        """TLS is there, and wants another name, or a name at all."""
        alert = self.handshake.alert
        if alert is None:
            return False
        if alert.description == _UNRECOGNIZED_NAME:
            return True
        return self.server_name is None and alert.description in _NAME_ALERTS


async def knock(stream: Stream, server_name: str | None) -> Knock:
    """Say one TLS hello and tell whether the port speaks TLS from the first byte.

    ``stream`` is used up: its outcome is the stream of the result, or it is closed. Raises
    :class:`core.errors.Unanswered` when nothing came at all.
    """
    handshake = await shake(stream, server_name, keep=True)
    if not handshake.flight.is_tls:
        # Whoever recognises what a stranger's hello brought looks for it here.
        stream.heard[:] = handshake.said
    if not handshake.said:
        if handshake.stream is not None:
            await handshake.stream.aclose()
        raise Unanswered(handshake.status, handshake.ours or handshake.detail)
    return Knock(
        is_tls=handshake.flight.is_tls,
        server_name=sni_of(server_name),
        stream=handshake.stream,
        said=handshake.said,
        handshake=handshake,
    )


async def assess(
    knocked: Knock | None,
    dial: DialPlain,
    *,
    place: Place,
    names: Sequence[str],
    intensity: Intensity,
    now: Callable[[], datetime],
    prelude: Prelude | None = None,
    starttls: str = "",
) -> TlsService:
    """Give what the service accepts and shows; ``knocked`` counts as the first connection.

    Six connections at most, one in profile discreet. A service that falls silent costs one timeout.
    Raises :class:`core.errors.Unanswered` when no connection said anything of TLS.
    """
    most = 1 if intensity <= Intensity.DISCREET else _CONNECTIONS
    work = _Assessment(
        dial=dial, prelude=prelude, names=[name for name in names if sni_of(name)], most=most
    )
    if knocked is None:
        work.sni = work.names[0] if work.names else None
    else:
        work.sni = knocked.server_name
        work.taken.append(knocked.handshake)
        work.connections = 1
    await work.run()
    if not work.is_tls:
        failed = work.failed or Handshake.none()
        raise Unanswered(failed.status, failed.detail)
    return work.outcome(place=place, at=now(), starttls=starttls)


@dataclass(slots=True)
class _Assessment:
    dial: DialPlain
    prelude: Prelude | None
    names: list[str]
    most: int
    sni: str | None = None
    taken: list[Handshake] = field(default_factory=list[Handshake])
    """Handshakes made by others for us, to be used before dialling."""
    connections: int = 0
    is_tls: bool = False
    failed: Handshake | None = None
    """The last hello without an answer."""
    mute: bool = False
    """It fell silent: nothing more is asked."""
    spent: bool = False
    """A hello was left out for want of connections."""
    name_needed: bool = False
    verdicts: dict[int, bool] = field(default_factory=dict[int, bool])
    why: dict[str, str] = field(default_factory=dict[str, str])
    last_why: str = "undetermined"
    """Why the last version that could not be measured was not."""
    best: dict[int, Handshake] = field(default_factory=dict[int, Handshake])
    """The first ServerHello of each version."""
    chain: tuple[bytes, ...] = ()
    client_certificate: bool | None = None
    dhe: bool | None = None
    dh_bits: int | None = None
    forward_secrecy: bool | None = None
    asked_dhe: Handshake | None = None
    """The hello that offered DHE alone, when it served as control."""

    async def run(self) -> None:
        await self._versions()
        await self._secrecy()

    async def _hello(self, ceiling: int, ciphers: str = ALL) -> Handshake | None:
        """Say one hello; ``None`` when no connection is left to say it on."""
        if self.taken:
            made = self.taken.pop(0)
        elif self.mute or self.connections >= self.most:
            self.spent = not self.mute
            return None
        else:
            made = await self._dialled(ceiling, ciphers)
        self.is_tls |= made.flight.is_tls
        if made.stream is not None and "CERTIFICATE_REQUIRED" in made.stream.tls_alert:
            # TLS 1.3 says so behind the handshake, to whoever used the tunnel first.
            self.client_certificate = True
        if made.flight.version is None and made.alert is None:
            self.failed = made
            # What answers our hello in another tongue gets no second one either.
            self.mute |= made.status in {Status.TIMEOUT, Status.GAVE_UP} or not (
                self.is_tls or not made.said
            )
        if made.chain and not self.chain:
            self.chain = made.chain
        if made.flight.client_certificate:
            self.client_certificate = True
        elif made.flight.hello_done and self.client_certificate is None:
            self.client_certificate = False
        return made

    async def _dialled(self, ceiling: int, ciphers: str) -> Handshake:
        self.connections += 1
        try:
            stream = await self.dial()
        except Unanswered as answer:
            self.mute = True
            return Handshake.none(answer)
        if self.prelude is not None:
            try:
                await self.prelude(stream)
            except Unanswered as answer:
                # A way that does not open is not tried again with another hello.
                self.mute = True
                await stream.aclose()
                return Handshake.none(answer)
        return await shake(stream, self.sni, ceiling=ceiling, ciphers=ciphers)

    async def _versions(self) -> None:
        ceiling = TLS1_3
        while ceiling >= TLS1_0:
            made = await self._named_hello(ceiling)
            if made is None:
                break
            version, alert = made.flight.version, made.alert
            if version is not None:
                self._chosen(version, ceiling, made)
                ceiling = version - 1
            elif alert is not None and alert.description == _PROTOCOL_VERSION:
                # Before anything worked it may be intolerance to the hello's own version: one step
                # down only. A service known to negotiate means all of the offer.
                for refused in range(TLS1_0 if self.best else ceiling, ceiling + 1):
                    self.verdicts[refused] = False
                ceiling = TLS1_0 - 1 if self.best else ceiling - 1
            elif self.name_needed or (self.best and not await self._refuses(made, ceiling)):
                self._unmeasured(ceiling, made)
                break
            elif self.best:
                for refused in range(TLS1_0, ceiling + 1):
                    self.verdicts[refused] = False
                break
            else:
                self._unmeasured(ceiling, made, only=True)
                ceiling -= 1
        for version in range(TLS1_0, TLS1_3 + 1):
            if version not in self.verdicts:
                self.why.setdefault(_FIELDS[version], self._because())

    def _chosen(self, version: int, ceiling: int, made: Handshake) -> None:
        self.verdicts[version] = True
        self.best.setdefault(version, made)
        for refused in range(max(version + 1, TLS1_0), ceiling + 1):
            self.verdicts[refused] = False

    async def _named_hello(self, ceiling: int) -> Handshake | None:
        """Say a hello, with one name after another until one is welcome."""
        made = await self._hello(ceiling)
        if self.best:
            return made
        untried: list[str | None] = [name for name in self.names if name != self.sni]
        if self.sni is not None:
            untried.append(None)
        while made is not None and self._wants_a_name(made):
            if not untried:
                self.name_needed = True
                break
            if self.connections >= self.most:
                break
            self.sni = untried.pop(0)
            made = await self._hello(ceiling)
        return made

    def _wants_a_name(self, made: Handshake) -> bool:
        alert = made.alert
        if alert is None:
            return False
        if alert.description == _UNRECOGNIZED_NAME:
            return True
        return self.sni is None and bool(self.names) and alert.description in _NAME_ALERTS

    async def _refuses(self, made: Handshake, ceiling: int) -> bool:
        """Tell whether a close, or an internal error, is a refusal: it repeats, and all else works.

        OpenSSL 3 servers have TLS 1.0 and 1.1 in name at their default security level, find no
        signature for them, and send internal_error to every hello that stops there.
        """
        if not _is_blunt(made):
            return False
        again = await self._hello(ceiling)
        if again is None or not _is_blunt(again):
            return False
        older = self._older()
        if not older:
            control = await self._hello(TLS1_3)
            return control is not None and control.flight.version == TLS1_3
        self.asked_dhe = await self._hello(max(older), DHE_ONLY)
        return self.asked_dhe is not None and (
            self.asked_dhe.flight.version is not None or _has_no_suite(self.asked_dhe)
        )

    def _older(self) -> list[int]:
        """Versions below TLS 1.3 that were agreed to."""
        return [version for version in self.best if _SSL3 < version <= TLS1_2]

    def _unmeasured(self, ceiling: int, made: Handshake, *, only: bool = False) -> None:
        self.last_why = self._why(made)
        for version in range(ceiling if only else TLS1_0, ceiling + 1):
            self.why[_FIELDS[version]] = self.last_why

    def _why(self, made: Handshake) -> str:
        if made.ours:
            return reason("client-too-modern", made.ours)
        if made.alert is not None:
            if made.alert.description == _UNRECOGNIZED_NAME or (
                self.sni is None and made.alert.description in _NAME_ALERTS and not self.best
            ):
                return reason("name-needed", made.alert.name)
            return reason("client-too-modern", made.alert.name)
        return reason(made.status.value, made.detail)

    def _because(self) -> str:
        if self.name_needed:
            return "name-needed"
        if self.mute and self.failed is not None:
            return reason(self.failed.status.value, self.failed.detail)
        if self.most == 1:
            return "intensity"
        return "request-limit" if self.spent else self.last_why

    async def _secrecy(self) -> None:
        """Ask for finite-field Diffie-Hellman alone, then for its twin if nothing had secrecy."""
        older = self._older()
        if not older:
            if TLS1_3 in self.best and all(
                self.verdicts.get(version) is False for version in range(TLS1_0, TLS1_3)
            ):
                self.dhe = False
        else:
            await self._ask_dhe(max(older), [self.best[version] for version in older])
        if self.dhe is None:
            self.why["dhe"] = self._because()
        if self.dh_bits is None:
            self.why["dh_bits"] = "not-offered" if self.dhe is False else self._because()
        await self._ask_secrecy(older)

    async def _ask_dhe(self, ceiling: int, seen: list[Handshake]) -> None:
        known = [one.flight.dh_prime_bits for one in seen if one.flight.dh_prime_bits]
        if known:
            self.dhe, self.dh_bits = True, known[0]
            return
        made = self.asked_dhe or await self._hello(ceiling, DHE_ONLY)
        if made is None:
            return
        if made.flight.version is not None and made.flight.dh_prime_bits:
            self.dhe, self.dh_bits = True, made.flight.dh_prime_bits
        elif _has_no_suite(made):
            self.dhe = False

    async def _ask_secrecy(self, older: list[int]) -> None:
        chosen = [suite_names().get(made.flight.suite or 0) for made in self.best.values()]
        if self.dhe or TLS1_3 in self.best or any(suite and suite[1] for suite in chosen):
            self.forward_secrecy = True
        elif older and self.dhe is False:
            made = await self._hello(max(older), ECDHE_ONLY)
            if made is not None and made.flight.version is not None:
                self.forward_secrecy = True
            elif made is not None and _has_no_suite(made):
                self.forward_secrecy = False
        if self.forward_secrecy is None:
            self.why["forward_secrecy"] = self._because()

    def outcome(self, *, place: Place, at: datetime, starttls: str) -> TlsService:
        chain = read_chain(self.chain, at)
        renegotiation, master_secret = self._extensions()
        return TlsService(
            place=place,
            at=at,
            why={**self._reasons(chain, renegotiation), **self.why},
            starttls=starttls,
            sni=self.sni,
            name_needed=self.name_needed,
            client_certificate=self.client_certificate,
            sslv3=self.verdicts.get(_SSL3),
            tls1_0=self.verdicts.get(0x0301),
            tls1_1=self.verdicts.get(0x0302),
            tls1_2=self.verdicts.get(0x0303),
            tls1_3=self.verdicts.get(0x0304),
            suites={_WORDS[version]: _suite(made) for version, made in sorted(self.best.items())},
            forward_secrecy=self.forward_secrecy,
            dhe=self.dhe,
            dh_bits=self.dh_bits,
            secure_renegotiation=renegotiation,
            extended_master_secret=master_secret,
            chain=chain.certificates,
            trust=chain.trust,
            chain_ordered=chain.ordered,
            path=chain.path,
            missing_issuer=chain.missing_issuer,
            connections=self.connections,
        )

    def _extensions(self) -> tuple[bool | None, bool | None]:
        older = [made.flight for version, made in self.best.items() if version <= TLS1_2]
        if older:
            return (
                all(flight.secure_renegotiation for flight in older),
                all(flight.extended_master_secret for flight in older),
            )
        if all(self.verdicts.get(version) is False for version in range(TLS1_0, TLS1_3)):
            return True, True
        return None, None

    def _reasons(self, chain: Chain, renegotiation: bool | None) -> dict[str, str]:
        why = dict.fromkeys(_UNSPOKEN, "client-too-modern")
        why["sslv2"] = "client-too-modern"
        if _SSL3 not in self.verdicts:
            why["sslv3"] = "client-too-modern"
        if renegotiation is None:
            why["secure_renegotiation"] = why["extended_master_secret"] = self._because()
        if self.client_certificate is None:
            why["client_certificate"] = "encrypted" if self.best else self._because()
        if not chain.certificates:
            why["chain"] = "encrypted" if self.best else self._because()
        if chain.trust is None:
            why["trust"] = why.get("chain", "protocol-error")
        if chain.ordered is None:
            why["chain_ordered"] = why.get("chain", "protocol-error")
        return why


def _is_blunt(made: Handshake) -> bool:
    """It ended the connection without saying what it minds."""
    return made.closed or (made.alert is not None and made.alert.description == _INTERNAL_ERROR)


def _has_no_suite(made: Handshake) -> bool:
    """It said that none of the suites offered is one of its own."""
    return made.alert is not None and made.alert.description in _NO_SUITE


def _suite(made: Handshake) -> str:
    number = made.flight.suite or 0
    known = suite_names().get(number)
    return known[0] if known else f"0x{number:04X}"
