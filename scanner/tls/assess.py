"""What a TLS service accepts and shows, told as facts.

:func:`knock` is the one handshake through OpenSSL: whoever identifies the port speaks inside its
tunnel afterwards. All else is asked by hellos of our own (:mod:`scanner.tls.survey`), which offer
what no current library can and say nothing but a hello.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.errors import Unanswered
from core.model import Intensity, Place, Status
from core.observations.tls import DhPrime, ShownChain, Suite, TlsService
from scanner.stream import Stream
from scanner.tls.certificates import Chain, read_certificate, read_chain
from scanner.tls.exchange import Answer, say
from scanner.tls.handshake import Handshake, shake, sni_of
from scanner.tls.hello import Offer, plain_offer
from scanner.tls.registry import (
    SSL2,
    SSL3,
    TLS1_0,
    TLS1_2,
    TLS1_3,
    WORDS,
    group_name,
    holding,
    is_common_prime,
    prime_name,
    scheme_name,
    suite,
    suites,
)
from scanner.tls.revocation import Asker, revocations
from scanner.tls.small import stack_of
from scanner.tls.survey import (
    MOST_DISCREET,
    MOST_NAMES,
    MOST_SPARED,
    MOST_USUAL,
    MOST_WHOLE,
    DialPlain,
    Known,
    Prelude,
    Shown,
    Survey,
)
from scanner.tls.wire import (
    ENCRYPT_THEN_MAC,
    HEARTBEAT,
    SESSION_TICKET,
    SIGNED_TIMESTAMPS,
    Flight,
    is_tls_answer,
)

__all__ = ["DialPlain", "Knock", "Prelude", "assess", "is_tls_answer", "knock", "knock_plainly"]

_FIELDS = {
    SSL2: "sslv2",
    SSL3: "sslv3",
    0x0301: "tls1_0",
    0x0302: "tls1_1",
    0x0303: "tls1_2",
    0x0304: "tls1_3",
}
_HANDSHAKE_FAILURE, _INTERNAL_ERROR, _UNRECOGNIZED_NAME = 40, 80, 112
_NAME_ALERTS = frozenset({_HANDSHAKE_FAILURE, _INTERNAL_ERROR, _UNRECOGNIZED_NAME})
_ALSO_SHOWN_LIMIT = 12
_TIMESTAMPS_IN_OCSP = bytes.fromhex("060a2b06010401d679020405")
"""1.3.6.1.4.1.11129.2.4.5, DER: the extension of RFC 6962 3.3."""


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


async def knock_plainly(stream: Stream, server_name: str | None) -> Knock:
    """Say a shorter, older hello of our own to whoever cut that of :func:`knock` without a word.

    It tells TLS apart, no more: which versions there are, and what the first hello was cut for, is
    for :func:`assess` to find. ``stream`` is used up. Raises :class:`core.errors.Unanswered` when
    nothing came at all.
    """
    name = sni_of(server_name)
    answer = await say(stream, plain_offer(name))
    if not answer.said:
        raise Unanswered(answer.status, answer.detail)
    is_tls = answer.flight.is_tls
    return Knock(
        is_tls=is_tls,
        server_name=name,
        said=bytes(stream.heard),
        handshake=Handshake(
            flight=Flight(is_tls=is_tls),
            status=Status.OK if is_tls else Status.PROTOCOL_ERROR,
            said=bytes(stream.heard),
            chain=answer.chain,
        ),
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
    medical: bool = False,
    thorough: bool = False,
    roots: Sequence[bytes] = (),
    revocation: Asker | None = None,
) -> TlsService:
    """Give what the service accepts and shows; ``knocked`` counts as the first connection.

    Two connections in profile discreet, six where ``medical`` or a small device is met, 14 as a
    rule, 45 where something weak answers or ``thorough`` asks for every suite. ``roots`` are DER
    of authorities trusted beside the public ones; ``revocation`` asks about certificates where it
    may, and without it staples alone are read. Raises :class:`core.errors.Unanswered` when no
    connection said anything of TLS.
    """
    most, spared = MOST_WHOLE if thorough else MOST_USUAL, ""
    if medical:
        most, spared = MOST_SPARED, "medical"
    if intensity <= Intensity.DISCREET:
        most, spared = MOST_DISCREET, "intensity"
    work = Survey(
        dial=dial,
        prelude=prelude,
        names=[name for name in names if sni_of(name)],
        most=most,
        thorough=thorough,
        may_widen=not spared,
        offers_alpn=not starttls,
        is_spared=medical,
        spares=lambda chain: bool(stack_of(read_certificate(chain[0]))),
    )
    work.sni = work.names[0] if work.names else None
    if knocked is not None:
        _take_knock(work, knocked)
    await work.run()
    if not work.is_tls:
        failed = work.failed
        raise Unanswered(
            failed.status if failed and failed.status is not Status.OK else Status.PROTOCOL_ERROR,
            failed.detail if failed else "",
        )
    made = _Told(work, now(), roots).observation(place=place, starttls=starttls, spared=spared)
    known = await revocations(
        [one.chain for one in work.shown[: 1 + _ALSO_SHOWN_LIMIT]],
        _staples(work),
        revocation,
        at=now(),
        roots=roots,
    )
    return msgspec.structs.replace(made, revocations=known)


def _staples(work: Survey) -> dict[str, bytes]:
    """Give the OCSP responses that came, by the SHA-256 of the certificate that they came with."""
    found: dict[str, bytes] = {}
    for one in work.answers:
        staple = one.flight.staple or (one.hidden.staple if one.hidden is not None else b"")
        if staple and one.chain:
            found.setdefault(hashlib.sha256(one.chain[0]).hexdigest(), staple)
    return found


def _take_knock(work: Survey, knocked: Knock) -> None:
    made = knocked.handshake
    work.sni = knocked.server_name
    work.connections = 1
    work.is_tls = made.flight.is_tls
    work.note_chain(work.sni, made.chain)
    if made.stream is not None and "CERTIFICATE_REQUIRED" in made.stream.tls_alert:
        # TLS 1.3 says so behind the handshake, to whoever used the tunnel first.
        work.client_certificate = True
    version = made.flight.version
    if version is None:
        return
    if made.flight.client_certificate:
        work.client_certificate = True
    elif made.flight.hello_done and work.client_certificate is None:
        work.client_certificate = False
    work.take_first(Answer(offer=Offer(), flight=made.flight, chain=made.chain, said=True))


class _Told:
    """A survey put into the words of observations."""

    def __init__(self, work: Survey, at: datetime, roots: Sequence[bytes]) -> None:
        self.work = work
        self.at = at
        self.roots = roots
        self.why: dict[str, str] = {}
        self.old = [one for one in work.answers if SSL3 <= (one.flight.version or 0) <= TLS1_2] + [
            one for one in work.first.values() if SSL3 <= (one.flight.version or 0) <= TLS1_2
        ]
        self.alone_1_3 = TLS1_3 in work.first and all(
            self._version(version) is False for version in range(TLS1_0, TLS1_3)
        )

    def observation(self, *, place: Place, starttls: str, spared: str) -> TlsService:
        work, at = self.work, self.at
        chain = read_chain(work.shown[0].chain if work.shown else (), at, roots=self.roots)
        leaf = chain.certificates[0] if chain.certificates else None
        stack = stack_of(leaf) if leaf is not None else ""
        dhe = self._any(holding("_DHE_", "_DH_anon_"))
        without_etm, with_etm = self._cbc()
        tickets, lifetime_s = self._tickets()
        made = TlsService(
            place=place,
            at=at,
            why=self.why,
            starttls=starttls,
            sni=work.sni,
            name_needed=work.name_needed,
            client_certificate=work.client_certificate,
            sslv2=self._field(SSL2),
            sslv3=self._field(SSL3),
            tls1_0=self._field(0x0301),
            tls1_1=self._field(0x0302),
            tls1_2=self._field(TLS1_2),
            tls1_3=self._field(TLS1_3),
            suites={
                WORDS[version]: suite(answer.flight.suite or 0).name
                for version, answer in sorted(work.first.items())
                if version != SSL2
            },
            accepted=self._accepted(),
            enumerated=self._enumerated(),
            forward_secrecy=self._forward_secrecy(),
            dhe=self._with_reason("dhe", dhe),
            dh_bits=self._dh_bits(dhe),
            dh_primes=self._primes(),
            dh_public_reused=self._reused("dh_public_reused", finite=True),
            ec_public_reused=self._reused("ec_public_reused", finite=False),
            groups={
                WORDS[version]: tuple(map(group_name, found))
                for version, found in sorted(work.groups.items())
                if found
            },
            groups_enumerated=tuple(WORDS[version] for version in sorted(work.groups_whole)),
            hybrid_groups=self._hybrids(),
            hello_retry=self._hello_retry(),
            signature_schemes=self._schemes(),
            weak_signature=self._known("weak_signature", work.weak_signature),
            secure_renegotiation=self._of_old(
                "secure_renegotiation", lambda one: one.flight.secure_renegotiation
            ),
            extended_master_secret=self._of_old(
                "extended_master_secret",
                lambda one: one.flight.extended_master_secret,
                among=[one for one in self.old if one.flight.version != SSL3],
            ),
            null_suites=self._family("null_suites", "NULL"),
            anonymous_suites=self._family("anonymous_suites", "_anon_"),
            export_suites=self._family("export_suites", "EXPORT"),
            rc4=self._family("rc4", "RC4"),
            des=self._family("des", "_DES_", "_DES40_", "DES_64"),
            triple_des=self._family("triple_des", "3DES", "DES_192_EDE3"),
            static_rsa=self._family("static_rsa", "TLS_RSA_"),
            cbc_without_encrypt_then_mac=without_etm,
            encrypt_then_mac=with_etm,
            weak_curve=self._known("weak_curve", work.weak_curve),
            compression=self._offered("compression", lambda one: one.flight.compression == 1),
            server_order=self._order(),
            downgrade_protection=self._known("downgrade_protection", work.fallback),
            alpn=self._alpn(starttls),
            session_tickets=tickets,
            ticket_lifetime_s=lifetime_s,
            ocsp_stapling=self._stapling(),
            transparency=self._transparency(),
            heartbeat=self._offered("heartbeat", lambda one: HEARTBEAT in one.flight.extensions),
            early_data_bytes=self._early_data(),
            intolerances=tuple(work.intolerances),
            chain=chain.certificates,
            trust=chain.trust,
            chain_ordered=chain.ordered,
            path=chain.path,
            missing_issuer=chain.missing_issuer,
            also_shown=tuple(map(self._shown, work.shown[1 : 1 + _ALSO_SHOWN_LIMIT])),
            connections=work.connections,
            spared=spared or ("embedded" if work.is_spared else ""),
            stack=stack,
        )
        self._of_chain(chain)
        for name in made.__struct_fields__:
            if name != "sni" and getattr(made, name) is None:
                self.why.setdefault(name, self._because())
        return made

    # Reasons.

    def _because(self) -> str:
        return self.work.because()

    def _with_reason(self, field: str, value: bool | None, why: str = "") -> bool | None:
        if value is None:
            self.why[field] = why or self._because()
        return value

    def _known(self, field: str, known: Known) -> bool | None:
        unsaid = known.why == "undetermined"
        return self._with_reason(field, known.value, "" if unsaid else known.why)

    def _of_chain(self, chain: Chain) -> None:
        work = self.work
        seen = "protocol-error" if any(one.is_whole for one in work.answers) else ""
        if work.client_certificate is None:
            self.why["client_certificate"] = "encrypted" if work.first else self._because()
        if len({*work.names, work.sni} - {None}) > 1 + MOST_NAMES:
            self.why["also_shown"] = "request-limit"
        if not chain.certificates:
            self.why["chain"] = seen or ("encrypted" if work.first else self._because())
        if chain.trust is None:
            self.why["trust"] = self.why.get("chain", "protocol-error")
        if chain.ordered is None:
            self.why["chain_ordered"] = self.why.get("chain", "protocol-error")

    # Versions and suites.

    def _version(self, version: int) -> bool | None:
        known = self.work.versions.get(version)
        return known.value if known else None

    def _field(self, version: int) -> bool | None:
        known = self.work.versions.get(version)
        if known is not None:
            return self._known(_FIELDS[version], known)
        return self._with_reason(_FIELDS[version], None)

    def _accepted(self) -> dict[str, tuple[Suite, ...]]:
        found = {
            WORDS[version]: tuple(map(suite, listed.accepted))
            for version, listed in sorted(self.work.lists.items())
            if listed.accepted
        }
        for version, answer in self.work.first.items():
            # Versions met by others' handshakes, or not eliminated: the one suite that was seen.
            if version != SSL2 and WORDS[version] not in found and answer.flight.suite:
                found[WORDS[version]] = (suite(answer.flight.suite),)
        if self.work.sslv2_kinds:
            found["SSLv2"] = tuple(map(suite, self.work.sslv2_kinds))
        return found

    def _enumerated(self) -> tuple[str, ...]:
        whole = [
            WORDS[version] for version, listed in sorted(self.work.lists.items()) if listed.is_whole
        ]
        if self.work.sslv2_kinds:
            whole.insert(0, "SSLv2")
        missing = [
            listed.why
            for listed in self.work.lists.values()
            if listed.accepted and not listed.is_whole
        ]
        if missing or not self.work.first:
            self.why["accepted"] = missing[0] if missing else self._because()
        if {TLS1_2, TLS1_3} & set(self.work.groups) - self.work.groups_whole:
            self.why["groups"] = self._because()
        return tuple(whole)

    def _any(self, wanted: frozenset[int]) -> bool | None:
        """Tell whether such a suite is accepted below TLS 1.3; no: all of them are refused."""
        answer: bool | None = False
        for version in range(SSL3, TLS1_3):
            listed = self.work.lists.get(version)
            if self._version(version) is False:
                continue
            if listed is None:
                answer = None
            elif not wanted.isdisjoint(listed.accepted):
                return True
            elif any(one in wanted for one in listed.open()):
                answer = None
        return answer

    def _family(self, field: str, *parts: str) -> bool | None:
        kinds = [suite(one).name for one in self.work.sslv2_kinds]
        if any(part in name for part in parts for name in kinds):
            return True
        return self._with_reason(field, self._any(holding(*parts)), self._why_suites())

    def _why_suites(self) -> str:
        said = [one.why for one in self.work.lists.values() if one.why != "request-limit"]
        return said[0] if said else ""

    def _forward_secrecy(self) -> bool | None:
        known = True if TLS1_3 in self.work.first else None
        if known is None:
            for answer in self.old:
                used = suites().get(answer.flight.suite or 0)
                if used is not None and used.has_forward_secrecy and used.signed_by != "anon":
                    known = True
        if known is None:
            known = self._any(holding("_DHE_", "_ECDHE_"))
        return self._with_reason("forward_secrecy", known, self._why_suites())

    # Key exchange.

    def _dh_bits(self, dhe: bool | None) -> int | None:
        bits = [one.flight.dh_prime_bits for one in self.old if one.flight.dh_prime_bits]
        if bits:
            return min(bits)
        self.why["dh_bits"] = "not-offered" if dhe is False else self._because()
        return None

    def _primes(self) -> tuple[DhPrime, ...]:
        found: dict[str, DhPrime] = {}
        for answer in self.old:
            sha256, bits = answer.flight.dh_prime_sha256, answer.flight.dh_prime_bits
            if sha256 and bits:
                name = prime_name(sha256)
                common = is_common_prime(name, bits)
                found[sha256] = DhPrime(bits=bits, sha256=sha256, name=name, common=common)
        return tuple(found.values())

    def _reused(self, field: str, *, finite: bool) -> bool | None:
        seen: list[tuple[int | str | None, str]] = []
        for answer in self.work.answers:
            flight = answer.flight
            if flight.public_sha256 and bool(flight.dh_prime_bits) is finite:
                which = flight.dh_prime_sha256 if finite else flight.group
                seen.append((which, flight.public_sha256))
        if len(set(seen)) < len(seen):
            return True
        groups_seen = [which for which, _ in seen]
        if len(set(groups_seen)) < len(groups_seen):
            return False
        return self._with_reason(field, None, "not-offered" if not seen else "")

    def _hybrids(self) -> bool | None:
        known = False if self._version(TLS1_3) is False else self.work.hybrid.value
        return self._with_reason("hybrid_groups", known)

    def _hello_retry(self) -> bool | None:
        if TLS1_3 not in self.work.first:
            return self._with_reason("hello_retry", None, "not-offered")
        return self._known("hello_retry", self.work.retry)

    def _schemes(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for answer in self.work.answers:
            scheme = answer.hidden.scheme if answer.hidden is not None else answer.flight.scheme
            if scheme is not None:
                names = found.setdefault(WORDS[answer.flight.version or TLS1_2], {})
                names[scheme_name(scheme)] = None
        return {version: tuple(names) for version, names in sorted(found.items())}

    # Extensions.

    def _of_old(
        self,
        field: str,
        told: Callable[[Answer], bool],
        *,
        among: Iterable[Answer] | None = None,
    ) -> bool | None:
        answers = list(self.old if among is None else among)
        if answers:
            return all(map(told, answers))
        return self._with_reason(field, True if self.alone_1_3 else None)

    def _offered(self, field: str, told: Callable[[Answer], bool]) -> bool | None:
        """Tell what only our own hellos ask for."""
        own = [one for one in self.old if one.offer.suites and one.offer.compression]
        if own:
            return any(map(told, own))
        return self._with_reason(field, False if self.alone_1_3 else None)

    def _cbc(self) -> tuple[bool | None, bool | None]:
        """Give ``cbc_without_encrypt_then_mac`` and ``encrypt_then_mac``."""
        taken = [
            ENCRYPT_THEN_MAC in one.flight.extensions
            for one in self.old
            if one.flight.version != SSL3
            and one.offer.extended
            and one.offer.suites
            and (used := suites().get(one.flight.suite or 0)) is not None
            and used.is_cbc
        ]
        if taken:
            return not all(taken), all(taken)
        without = self._any(holding("_CBC_"))
        if without:
            # Met by another's handshake only, which may not have offered it.
            without = None
        why = self._why_suites()
        self._with_reason("cbc_without_encrypt_then_mac", without, why)
        self._with_reason("encrypt_then_mac", None, "not-offered" if without is False else why)
        return without, None

    def _order(self) -> bool | None:
        known = self.work.order
        if known.value is None and known.why == "not-offered" and self.work.first:
            # One suite alone, or TLS 1.3 alone: there is no order to speak of.
            lists = [one for one in self.work.lists.values() if one.version != TLS1_3]
            if not lists or all(one.is_whole and len(one.accepted) < 2 for one in lists):
                return True
        return self._known("server_order", known)

    def _alpn(self, starttls: str) -> tuple[str, ...] | None:
        work = self.work
        if work.alpn or work.alpn_refused:
            return tuple(work.alpn)
        asked = any(one.offer.alpn and (one.is_whole or one.flight.alpn) for one in work.answers)
        if asked:
            return ()
        self.why["alpn"] = "not-offered" if starttls else self._because()
        return None

    def _tickets(self) -> tuple[bool | None, int | None]:
        given = [
            ticket
            for one in self.work.answers
            if one.hidden is not None
            for ticket in one.hidden.tickets
        ]
        every = [*self.work.answers, *self.work.first.values()]
        clear = [
            one.flight.ticket_lifetime_s
            for one in every
            if one.flight.ticket_lifetime_s is not None
        ]
        lifetimes = [lifetime for lifetime, _ in given] + clear
        if lifetimes:
            return True, max(lifetimes)
        own = [one for one in self.old if one.offer.suites and one.offer.curious]
        taken = any(SESSION_TICKET in one.flight.extensions for one in own)
        self.why["ticket_lifetime_s"] = "not-offered" if own and not taken else self._because()
        if taken:
            return True, None
        tried = TLS1_3 not in self.work.first and own
        return self._with_reason("session_tickets", False if tried else None), None

    def _stapling(self) -> bool | None:
        whole = [one for one in self.work.answers if one.is_whole and one.offer.curious]
        if any(one.flight.staple or (one.hidden and one.hidden.staple) for one in whole):
            return True
        return self._with_reason("ocsp_stapling", False if whole else None)

    def _transparency(self) -> bool | None:
        whole = [one for one in self.work.answers if one.is_whole and one.offer.curious]
        for one in whole:
            hidden = one.hidden
            given = SIGNED_TIMESTAMPS in one.flight.extensions
            given |= hidden is not None and hidden.timestamps
            staple = one.flight.staple or (hidden.staple if hidden is not None else b"")
            if given or _TIMESTAMPS_IN_OCSP in staple:
                return True
        return self._with_reason("transparency", False if whole else None)

    def _early_data(self) -> int | None:
        if self._version(TLS1_3) is False:
            return 0
        given = [
            most
            for one in self.work.answers
            if one.hidden is not None
            for _, most in one.hidden.tickets
        ]
        if given:
            return max(given)
        followed = any(
            one.hidden is not None and one.hidden.alert == 0 for one in self.work.answers
        )
        if followed:
            # It ended the connection without a ticket: there is nothing to resume with.
            return 0
        self.why["early_data_bytes"] = (
            "not-offered" if TLS1_3 in self.work.first else self._because()
        )
        return None

    # Certificates.

    def _shown(self, one: Shown) -> ShownChain:
        chain = read_chain(one.chain, self.at, roots=self.roots)
        return ShownChain(
            sni=one.sni,
            chain=chain.certificates,
            trust=chain.trust,
            chain_ordered=chain.ordered,
            missing_issuer=chain.missing_issuer,
        )
