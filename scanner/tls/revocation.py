"""What the authority of a certificate says of it: stapled to the handshake, or asked.

Only signed words count: an OCSP response (RFC 6960) or a list (RFC 5280 5) is believed when the
issuer, or whoever it delegated, signed it. Asking goes through a :data:`Fetch` that is handed in
and knows where it may go; without one, staples alone are read.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import trio
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.model import reason
from core.observations.tls import Certificate, Revocation, RevocationSource, RevocationStatus
from scanner.tls.certificates import UNREADABLE, quietly, read_certificate, with_issuers

_STAPLE_LIMIT_BYTES = 65_536
"""An answer with the certificates of its signer stays under 10 kB."""
_SKEW = timedelta(minutes=10)
_LASTS = timedelta(days=7)
"""An answer without a next update is taken for this long."""
_URLS = 2
"""Places asked of each kind, for one certificate."""
_SIGNERS = 4
_ABOVE = 2
"""Authorities asked about, above a certificate."""
_PER_SERVICE_S = 20.0
_LISTS_KEPT = 4
_MOST_OF_A_HOST = 2_000
"""Questions to one host in a run: certificates made by whoever is scanned cannot turn us on it."""
_DEAD = frozenset({"timeout", "refused", "reset", "unresolved", "gave-up"})
"""Why a place is not asked again in the same run."""

_SIGNING_KEYS = (
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What a place said; ``why`` (a reason) when it said nothing that counts."""

    body: bytes = b""
    why: str = ""


Fetch = Callable[[str, bytes | None], Awaitable[Fetched]]
"""Gets a URL, or posts an OCSP request to it. Goes only where the operator said it may; never
raises for what the other side does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A certificate and who issued it."""

    facts: Certificate
    certificate: x509.Certificate
    issuer: x509.Certificate

    def told(self, **fields: object) -> Revocation:
        """Give what is known of it."""
        blank = Revocation(
            sha256=self.facts.sha256, subject=self.facts.subject, serial=self.facts.serial
        )
        return msgspec.structs.replace(blank, **fields)


def pairs_of(chain: Sequence[bytes], roots: Sequence[bytes] = ()) -> tuple[Pair, ...]:
    """Give the certificate of a service and the authorities above it that can be asked about."""
    found: list[Pair] = []
    for one, above in with_issuers(chain, roots=roots)[: 1 + _ABOVE]:
        der = one.public_bytes(Encoding.DER) if found else chain[0]
        found.append(Pair(facts=read_certificate(der), certificate=one, issuer=above))
    return tuple(found)


def ocsp_request(pair: Pair) -> bytes:
    """Give the question about one certificate, DER; empty where it cannot be put."""
    try:
        # SHA-1 names the issuer here and proves nothing; responders know no other (RFC 5019).
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            pair.certificate,
            pair.issuer,
            hashes.SHA1(),  # noqa: S303
        )
        return builder.build().public_bytes(Encoding.DER)
    except UNREADABLE:
        return b""


def read_ocsp(data: bytes, pair: Pair, at: datetime, source: RevocationSource) -> Revocation:
    """Read an OCSP response about one certificate as of ``at`` (UTC)."""
    with quietly():
        try:
            return _read_ocsp(data, pair, at, source)
        except UNREADABLE:
            return pair.told(source=source, why="protocol-error")


def _read_ocsp(data: bytes, pair: Pair, at: datetime, source: RevocationSource) -> Revocation:
    response = ocsp.load_der_ocsp_response(data)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        said = response.response_status.name.lower().replace("_", " ")
        busy = response.response_status is ocsp.OCSPResponseStatus.TRY_LATER
        return pair.told(
            source=source, why=reason("rate-limited" if busy else "protocol-error", said)
        )
    if not _is_signed(response, pair.issuer, at):
        return pair.told(source=source, why=reason("protocol-error", "OCSP: signature"))
    for one in response.responses:
        if one.serial_number == pair.certificate.serial_number and _is_about(one, pair):
            return _read_single(one, pair, at, source)
    return pair.told(source=source, why=reason("protocol-error", "OCSP: another certificate"))


def _read_single(
    one: ocsp.OCSPSingleResponse, pair: Pair, at: datetime, source: RevocationSource
) -> Revocation:
    until = one.next_update_utc
    told = pair.told(source=source, as_of=one.this_update_utc, until=until)
    if one.this_update_utc > at + _SKEW:
        return msgspec.structs.replace(told, why=reason("protocol-error", "OCSP: not yet valid"))
    if one.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        return msgspec.structs.replace(
            told,
            status=RevocationStatus.REVOKED,
            revoked_at=one.revocation_time_utc,
            reason=one.revocation_reason.value if one.revocation_reason else "",
        )
    if (until or one.this_update_utc + _LASTS) < at - _SKEW:
        return msgspec.structs.replace(told, why=reason("protocol-error", "OCSP: out of date"))
    if one.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return msgspec.structs.replace(told, status=RevocationStatus.GOOD)
    return msgspec.structs.replace(told, status=RevocationStatus.UNKNOWN, why="authority-unaware")


def _is_about(one: ocsp.OCSPSingleResponse, pair: Pair) -> bool:
    """Whether it names the same issuer: serial numbers are unique to one alone."""
    asked = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(pair.certificate, pair.issuer, one.hash_algorithm)
        .build()
    )
    return (one.issuer_name_hash, one.issuer_key_hash) == (
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _is_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether the issuer signed it, or somebody to whom the issuer gave that task (RFC 6960)."""
    if _signed_by(response, issuer):
        return True
    return any(
        _may_sign(one, issuer, at) and _signed_by(response, one)
        for one in response.certificates[:_SIGNERS]
    )


def _may_sign(signer: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    if not signer.not_valid_before_utc - _SKEW <= at <= signer.not_valid_after_utc + _SKEW:
        return False
    try:
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        signer.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, *UNREADABLE):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages


def _signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    signature, said = response.signature, response.tbs_response_bytes
    algorithm = response.signature_hash_algorithm
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(signature, said, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, said, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, said)
        else:
            return False
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def load_list(data: bytes) -> x509.CertificateRevocationList | None:
    """Read a revocation list, DER or PEM; ``None``: it is none."""
    with quietly():
        try:
            if data.startswith(b"-----BEGIN"):
                return x509.load_pem_x509_crl(data)
            return x509.load_der_x509_crl(data)
        except UNREADABLE:
            return None


def read_list(
    listed: x509.CertificateRevocationList | None, pair: Pair, at: datetime, url: str
) -> Revocation:
    """Look one certificate up in the list that was found at ``url``, as of ``at`` (UTC)."""
    with quietly():
        try:
            told = _read_list(listed, pair, at, url)
        except UNREADABLE:
            told = pair.told(why="protocol-error")
    return msgspec.structs.replace(told, source=RevocationSource.CRL, url=url)


def _read_list(
    listed: x509.CertificateRevocationList | None, pair: Pair, at: datetime, url: str
) -> Revocation:
    if listed is None:
        return pair.told(why=reason("protocol-error", "CRL"))
    key = pair.issuer.public_key()
    if (
        listed.issuer != pair.issuer.subject
        or not isinstance(key, _SIGNING_KEYS)
        or not listed.is_signature_valid(key)
    ):
        return pair.told(why=reason("protocol-error", "CRL: signature"))
    as_of, until = listed.last_update_utc, listed.next_update_utc
    if as_of > at + _SKEW:
        return pair.told(why=reason("protocol-error", "CRL: not yet valid"))
    partial = _partial(listed, pair, url)
    if partial == "another":
        return pair.told(why=reason("protocol-error", "CRL: of other certificates"))
    entry = listed.get_revoked_certificate_by_serial_number(pair.certificate.serial_number)
    if entry is not None:
        why = _entry_reason(entry)
        if why != x509.ReasonFlags.remove_from_crl.value:
            return pair.told(
                status=RevocationStatus.REVOKED,
                revoked_at=entry.revocation_date_utc,
                reason=why,
                as_of=as_of,
                until=until,
            )
    if partial:
        return pair.told(why=reason("protocol-error", "CRL: partial"))
    if (until or as_of + _LASTS) < at - _SKEW:
        return pair.told(why=reason("protocol-error", "CRL: out of date"), as_of=as_of, until=until)
    return pair.told(status=RevocationStatus.GOOD, as_of=as_of, until=until)


def _partial(listed: x509.CertificateRevocationList, pair: Pair, url: str) -> str:
    """Tell a list that cannot say « good »: ``partial``; of which nothing counts: ``another``."""
    for extension in listed.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            is_authority = bool(pair.facts.is_ca)
            if (
                value.indirect_crl
                or value.only_contains_attribute_certs
                or (value.only_contains_ca_certs and not is_authority)
                or (value.only_contains_user_certs and is_authority)
            ):
                return "another"
            points = [
                one.value
                for one in value.full_name or ()
                if isinstance(one, x509.UniformResourceIdentifier)
            ]
            # Authorities cut their lists in pieces: each says whose it is (RFC 5280 5.2.5).
            if points and url not in points and not set(points) & set(pair.facts.crl_urls):
                return "another"
            if value.only_some_reasons:
                return "partial"
        elif isinstance(value, x509.DeltaCRLIndicator) or (
            extension.critical and isinstance(value, x509.UnrecognizedExtension)
        ):
            return "partial"
    return ""


def _entry_reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ""


class Asker:
    """Asks authorities about certificates, each certificate and each list once a run."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._told: dict[str, Revocation] = {}
        self._asking: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        """By certificate or by list: whoever comes second waits for the answer."""
        self._lists: OrderedDict[str, x509.CertificateRevocationList | None] = OrderedDict()
        self._asked_of: Counter[str] = Counter()
        self._dead: dict[str, str] = {}
        """Host → why it is not asked again."""

    async def about(self, pair: Pair, at: datetime) -> Revocation:
        """Give what the authority says of a certificate; the first place that knows decides."""
        async with self._asking[pair.facts.sha256]:
            known = self._told.get(pair.facts.sha256)
            if known is None:
                known = self._told[pair.facts.sha256] = await self._asked(pair, at)
            return known

    async def _asked(self, pair: Pair, at: datetime) -> Revocation:
        told: Revocation | None = None
        for asked in (
            *((self._by_ocsp, url) for url in _web(pair.facts.ocsp_urls)),
            *((self._by_list, url) for url in _web(pair.facts.crl_urls)),
        ):
            ask, url = asked
            said = await ask(pair, at, url)
            if said.status in {RevocationStatus.GOOD, RevocationStatus.REVOKED}:
                return said
            # Where one place may not be asked and the other failed, the failure is the news.
            if told is None or told.why.startswith("not-configured"):
                told = said
        return told or pair.told(why="not-offered")

    async def _by_ocsp(self, pair: Pair, at: datetime, url: str) -> Revocation:
        request = ocsp_request(pair)
        if not request:
            return pair.told(source=RevocationSource.OCSP, url=url, why="protocol-error")
        got = await self._get(url, request)
        if got.why:
            return pair.told(source=RevocationSource.OCSP, url=url, why=got.why)
        said = read_ocsp(got.body, pair, at, RevocationSource.OCSP)
        return msgspec.structs.replace(said, url=url)

    async def _by_list(self, pair: Pair, at: datetime, url: str) -> Revocation:
        async with self._asking[url]:
            if url not in self._lists:
                got = await self._get(url, None)
                if got.why:
                    return pair.told(source=RevocationSource.CRL, url=url, why=got.why)
                self._lists[url] = load_list(got.body)
                while len(self._lists) > _LISTS_KEPT:
                    self._lists.popitem(last=False)
            listed = self._lists[url]
        return read_list(listed, pair, at, url)

    async def _get(self, url: str, body: bytes | None) -> Fetched:
        host = _host(url)
        if host in self._dead:
            return Fetched(why=self._dead[host])
        self._asked_of[host] += 1
        if self._asked_of[host] > _MOST_OF_A_HOST:
            return Fetched(why="request-limit")
        got = await self._fetch(url, body)
        if got.why.partition(":")[0] in _DEAD:
            self._dead[host] = got.why
        return got


def _web(urls: Sequence[str]) -> tuple[str, ...]:
    """Give those that are of the web, some; a directory's (``ldap://``) are never followed."""
    return tuple([one for one in urls if _host(one)][:_URLS])


def _places(facts: Certificate) -> tuple[str, ...]:
    return (*_web(facts.ocsp_urls), *_web(facts.crl_urls))


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme.lower() in {"http", "https"} else ""


async def revocations(
    chains: Sequence[Sequence[bytes]],
    staples: Mapping[str, bytes],
    asker: Asker | None,
    *,
    at: datetime,
    roots: Sequence[bytes] = (),
) -> tuple[Revocation, ...]:
    """Give what is known of each certificate shown, then of the authorities above the first.

    ``staples`` are by the SHA-256 of the certificate that they came with. Never raises for what a
    certificate or an authority says; takes some seconds at most.
    """
    every = (read_certificate(der) for chain in chains for der in chain)
    if not staples and not any(_places(facts) for facts in every):
        # Most small devices: nothing to verify, and nobody to ask.
        return ()
    by_chain = [pairs_of(chain, roots) for chain in chains]
    leaves = [pairs[0] for pairs in by_chain if pairs]
    above = [pair for pairs in by_chain[:1] for pair in pairs[1:]]
    asked = {pair.facts.sha256: pair for pair in (*leaves, *above)}
    told: dict[str, Revocation] = {}
    for sha256, pair in asked.items():
        staple = staples.get(sha256, b"")[:_STAPLE_LIMIT_BYTES]
        if staple:
            told[sha256] = read_ocsp(staple, pair, at, RevocationSource.STAPLE)
        elif where := _places(pair.facts):
            told[sha256] = pair.told(why=reason("not-configured", _host(where[0])), url=where[0])
    told.update(_without_issuer(chains, told))
    with trio.move_on_after(_PER_SERVICE_S) as deadline:
        for sha256, known in list(told.items()):
            settled = known.status in {RevocationStatus.GOOD, RevocationStatus.REVOKED}
            if asker is not None and not settled and sha256 in asked:
                told[sha256] = msgspec.structs.replace(known, why="timeout")
                said = await asker.about(asked[sha256], at)
                # What was not asked of anybody leaves what the staple told.
                unasked = said.why.partition(":")[0] in {"not-offered", "not-configured"}
                told[sha256] = known if unasked else said
    if deadline.cancelled_caught:
        # What was being asked stays « timeout »; the rest was not asked for the same cause.
        for sha256, known in told.items():
            if known.why.startswith("not-configured") and sha256 in asked:
                told[sha256] = msgspec.structs.replace(known, why="timeout")
    return tuple(told.values())


def _without_issuer(
    chains: Sequence[Sequence[bytes]], told: Mapping[str, Revocation]
) -> Iterator[tuple[str, Revocation]]:
    """Give the certificates that say where to ask and whose issuer nobody showed."""
    for chain in chains:
        facts = read_certificate(chain[0]) if chain else None
        if facts is None or facts.error or facts.self_signed or facts.sha256 in told:
            continue
        if _places(facts):
            yield (
                facts.sha256,
                Revocation(
                    sha256=facts.sha256,
                    subject=facts.subject,
                    serial=facts.serial,
                    why="not-offered",
                ),
            )
