"""The only door to a directory: one encrypted connection, one bind, read only.

The name is resolved once and the literal is dialled, after the gate of :mod:`inventories.scope`
said yes to that literal. Our own socket is handed to ldap3, which can then neither resolve, nor
dial, nor dial again: what it cannot open it cannot replay a password on.
"""

import contextlib
import hashlib
import importlib
import re
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import ldap3
import msgspec
import trio
from ldap3.core.exceptions import LDAPExceptionError
from pyasn1.error import PyAsn1Error

from ad_audit.faults import Fault
from core.directory.controllers import ASKED_AT
from core.errors import DirectoryFailure, UsageError
from core.secrets import Secret
from inventories.load import directory_endpoint
from inventories.scope import DirectoryScope

_T = TypeVar("_T")
_Gssapi = Any
_Ldap3 = Any
"""ldap3 has no types: its connection stays in this module."""
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Host name to literal addresses; raises ``OSError`` when there is none."""
Journal = Callable[[str, dict[str, str]], None]

_CONNECT_S = 5.0
_ANSWER_S = 30.0
_GOODBYE_S = 2.0
_MOST_ADDRESSES = 4
_MOST_BYTES = 8 << 20
"""What one operation may answer through ldap3: the collector reads the socket by itself."""
_MOST_VALUES = 256
_LONGEST_VALUE = 1_024
_LDAPS_PORTS = frozenset({636, 3269})
_HARMLESS = frozenset(
    {"bindRequest", "searchRequest", "unbindRequest", "abandonRequest", "extendedReq"}
)
_STARTTLS = "1.3.6.1.4.1.1466.20037"

_AD_DATA = re.compile(r"\bdata\s+([0-9a-fA-F]{2,8})\b")
_AD_CODES = {
    "52e": Fault.CREDENTIAL,
    "525": Fault.CREDENTIAL,
    "530": Fault.ACCOUNT,
    "531": Fault.ACCOUNT,
    "532": Fault.PASSWORD_EXPIRED,
    "533": Fault.DISABLED,
    "701": Fault.ACCOUNT,
    "773": Fault.PASSWORD_EXPIRED,
    "775": Fault.LOCKED,
    "80090346": Fault.CHANNEL_BINDING,
}
"""Of the message of a refused bind: Win32 errors and SEC_E_BAD_BINDINGS, in hexadecimal."""

_CODES = {
    7: Fault.UNWILLING,
    8: Fault.SIGNING,
    10: Fault.REFERRAL,
    13: Fault.SIGNING,
    32: Fault.CREDENTIAL,
    34: Fault.CREDENTIAL,
    48: Fault.UNWILLING,
    49: Fault.CREDENTIAL,
    50: Fault.UNWILLING,
    51: Fault.BUSY,
    52: Fault.BUSY,
    53: Fault.UNWILLING,
}
"""Result codes of RFC 4511 4.1.9 that a bind may give."""

_NOT_LDAP = (
    PyAsn1Error,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What ldap3's decoders raise on bytes that are not LDAP, as a million mutated answers showed."""

_VERIFY_NAME = {62, 64}
_VERIFY_DATE = {9, 10}
"""X509_V_ERR_* of OpenSSL: host or address mismatch; not yet valid, expired."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """How to open a directory."""

    servers: tuple[str, ...]
    """``ldaps://``, or ``ldap://`` with StartTLS; the next is tried on network errors only."""
    user: str
    password: Secret
    """Empty with Kerberos, which takes the ticket that ``kinit`` left."""
    kerberos: bool = False
    ca_file: Path | None = None
    """Authorities in PEM; ``None``: those of the machine."""
    fingerprint: str = ""
    """SHA-256 of the one certificate to trust, in hexadecimal; replaces its verification."""


class RootDse(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says of itself (RFC 4512 5.1, [MS-ADTS] 3.1.1.3.2), read after the bind.

    Texts are the server's own: hostile, bounded in number and length.
    """

    naming_contexts: tuple[str, ...] = ()
    default_naming_context: str = ""
    configuration_naming_context: str = ""
    schema_naming_context: str = ""
    root_domain_naming_context: str = ""
    dns_host_name: str = ""
    ldap_service_name: str = ""
    ds_service_name: str = ""
    server_name: str = ""
    supported_controls: frozenset[str] = frozenset()
    supported_capabilities: frozenset[str] = frozenset()
    supported_sasl_mechanisms: tuple[str, ...] = ()
    domain_level: int | None = None
    forest_level: int | None = None
    controller_level: int | None = None
    is_synchronized: bool | None = None
    is_global_catalog_ready: bool | None = None
    current_time: str = ""
    vendor: str = ""

    @property
    def is_active_directory(self) -> bool:
        """Whether it says that it is Active Directory (Samba included)."""
        return "1.2.840.113556.1.4.800" in self.supported_capabilities


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One object of an answer; attribute names as the server writes them."""

    dn: str
    attributes: dict[str, tuple[bytes, ...]]


class Directory:
    """An open, authenticated, encrypted session. Made by :func:`open_directory`."""

    def __init__(
        self,
        connection: _Ldap3,
        *,
        server: str,
        address: str,
        port: int,
        certificate: bytes,
        scheme: str = "ldaps",
    ) -> None:
        self._connection = connection
        self._limiter = trio.CapacityLimiter(1)
        self.server = server
        """Host as named."""
        self.address = address
        """Literal that was dialled."""
        self.port = port
        self.scheme = scheme
        self.account = ""
        """As it was given, or the principal of the ticket."""
        self.certificate_sha256 = hashlib.sha256(certificate).hexdigest()
        self.root = RootDse()
        self.root_attributes: dict[str, tuple[str, ...]] = {}
        """The same as it was said; lower-case names."""

    def __repr__(self) -> str:
        return f"<Directory {self.server}:{self.port} at {self.address}>"

    @property
    def socket(self) -> ssl.SSLSocket:
        """The bound socket, for a reader of our own; ldap3 must not be used meanwhile."""
        found: ssl.SSLSocket = self._connection.socket
        return found

    @property
    def source(self) -> str:
        """Our own address on the connection."""
        try:
            return str(self.socket.getsockname()[0])
        except OSError:
            return ""

    async def converse(self, work: Callable[[ssl.SSLSocket], _T]) -> _T:
        """Run a blocking conversation of our own on the bound socket, in a thread.

        When cancelled the socket is cut, so that the thread ends too. Raises
        :class:`core.errors.DirectoryFailure` when the connection is lost.
        """
        sock = self._connection.socket
        if sock is None:
            self._fail(Fault.CUT, "closed")
        try:
            return await _run(lambda: work(sock), sock, self._limiter)
        except TimeoutError:
            fault, problem = Fault.SILENT, ""
        except OSError as error:
            fault, problem = Fault.CUT, _line(error)
        return self._fail(fault, problem)

    async def search(
        self, base: str, filter_: str, attributes: Sequence[str], *, subtree: bool = False
    ) -> tuple[Entry, ...]:
        """Read entries in one request; referrals are dropped, never followed.

        Raises :class:`core.errors.DirectoryFailure` when the connection is lost or the server
        refuses; an absent base gives nothing.
        """

        def ask() -> tuple[Entry, ...]:
            self._connection.search(
                base,
                filter_,
                search_scope=ldap3.SUBTREE if subtree else ldap3.BASE,
                attributes=list(attributes),
                time_limit=int(_ANSWER_S),
            )
            code = int(self._connection.result["result"])
            if code not in {0, 4, 10, 32}:
                self._fail(Fault.BUSY if code in {51, 52} else Fault.UNWILLING, f"result {code}")
            return tuple(
                Entry(
                    dn=str(one["dn"]),
                    attributes={
                        str(name): tuple(bytes(value) for value in values)
                        for name, values in one["raw_attributes"].items()
                    },
                )
                for one in self._connection.response or ()
                if one.get("type") == "searchResEntry"
            )

        return await self._in_thread(ask)

    async def aclose(self) -> None:
        """Say goodbye and close."""

        sock = self._connection.socket
        if sock is None:
            return
        goodbye = trio.CancelScope(shield=True, deadline=trio.current_time() + _GOODBYE_S)
        with goodbye, contextlib.suppress(DirectoryFailure):
            await self._in_thread(self._connection.unbind)
        _drop(sock)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        sock = self._connection.socket
        if sock is None:
            self._fail(Fault.CUT, "closed")
        sock.left = _MOST_BYTES
        try:
            with trio.fail_after(_ANSWER_S):
                return await _run(work, sock, self._limiter)
        except (trio.TooSlowError, OSError, LDAPExceptionError) as error:
            # Not chained: ldap3's exceptions hold the connection, and the connection the account.
            problem = _line(error)
        except _NOT_LDAP as error:
            self._fail(Fault.NONSENSE, type(error).__name__)
        return self._fail(Fault.SILENT, problem)

    def _fail(self, fault: Fault, detail: str) -> NoReturn:
        raise DirectoryFailure(fault.value, f"{self.server}:{self.port}", detail) from None


class _Plain(socket.socket):
    """A socket that reads no more than it is allowed to."""

    left = 1 << 16

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        data = super().recv(min(bufsize, self.left + 1), flags)
        self.left -= len(data)
        if self.left < 0:
            raise OSError("the answer is longer than allowed")
        return data


class _Encrypted(ssl.SSLSocket):
    """The same inside TLS."""

    left = 1 << 16

    def recv(self, buflen: int = 1_024, flags: int = 0) -> bytes:
        data = super().recv(min(buflen, self.left + 1), flags)
        self.left -= len(data)
        if self.left < 0:
            raise OSError("the answer is longer than allowed")
        return data


async def resolve_here(host: str) -> tuple[str, ...]:
    """Ask the machine's own resolver: directories bear internal names."""
    found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


@asynccontextmanager
async def open_directory(
    scope: DirectoryScope,
    login: Login,
    *,
    resolve: Resolve = resolve_here,
    journal: Journal = lambda _event, _detail: None,
) -> AsyncGenerator[Directory, None]:
    """Open a directory, prove who we are once, read its rootDSE; closed at the end.

    Raises :class:`core.errors.OutOfScope` before anything is opened when the gate says no, and
    :class:`core.errors.DirectoryFailure` with the part that failed. Servers and addresses are tried
    in order while the network fails; once a password has left, nothing is tried again, whatever
    came of it (no lockout).
    """
    if not login.servers:
        raise UsageError("no directory server is named")
    if not login.kerberos and (not login.user or not login.password):
        # An empty password is an anonymous bind that servers call a success (RFC 4513 5.1.2).
        raise UsageError("a directory wants an account and its password; anonymous is not offered")
    directory = await _first_that_answers(scope, login, resolve, journal)
    try:
        await _learn_root(directory)
        yield directory
    finally:
        await directory.aclose()


async def read_root(
    scope: DirectoryScope, login: Login, *, resolve: Resolve = resolve_here
) -> dict[str, tuple[str, ...]]:
    """Give what a controller says of itself, without sending it any account; lower-case names.

    Every LDAP server tells its rootDSE to whoever asks ([MS-ADTS] 3.1.1.3.2): one more controller
    is one more password sent for nothing. Raises as :func:`open_directory`.
    """
    directory = await _first_that_answers(
        scope, login, resolve, lambda _event, _detail: None, with_account=False
    )
    try:
        await _learn_root(directory)
        return directory.root_attributes
    finally:
        await directory.aclose()


async def _learn_root(directory: Directory) -> None:
    (root,) = await directory.search("", "(objectClass=*)", ["*", "+"]) or (None,)
    if root is not None:
        directory.root = _root_dse(root)
        directory.root_attributes = {
            name.lower()[:_LONGEST_VALUE]: tuple(
                one[:_LONGEST_VALUE].decode(errors="replace") for one in values[:_MOST_VALUES]
            )
            for name, values in list(root.attributes.items())[:_MOST_VALUES]
        }
        directory.root_attributes[ASKED_AT] = (datetime.now(UTC).isoformat(),)


async def _first_that_answers(
    scope: DirectoryScope,
    login: Login,
    resolve: Resolve,
    journal: Journal,
    *,
    with_account: bool = True,
) -> Directory:
    failure: DirectoryFailure | None = None
    for server in login.servers:
        endpoint = directory_endpoint(server)
        if endpoint is None:
            raise UsageError(f"{server[:100]}: not an ldap:// or ldaps:// address")
        scheme, host, port = endpoint
        # A host out of scope is not even asked of a resolver.
        scope.permit_directory(host, port)
        context = _context(login, f"{host}:{port}")
        try:
            addresses = await _addresses(host, port, resolve)
        except DirectoryFailure as error:
            failure = error
            continue
        for address in addresses:
            scope.permit_directory(host, port, ip=address)
            dialled = _Dialled(host, address, port, encrypt_first=scheme == "ldaps")
            try:
                connection, certificate = await dialled.open(login, context)
            except DirectoryFailure as error:
                if Fault(error.fault) not in {Fault.PORT, Fault.SILENT}:
                    raise
                failure = error
                continue
            if login.fingerprint:
                journal("directory-fingerprint-trusted", {"server": host, "address": address})
            account = await dialled.bind(connection, login) if with_account else ""
            journal("directory-opened", {"server": host, "address": address, "user": account})
            directory = Directory(
                connection,
                server=host,
                address=address,
                port=port,
                certificate=certificate,
                scheme=scheme,
            )
            directory.account = account
            return directory
    assert failure is not None
    raise failure


async def _addresses(host: str, port: int, resolve: Resolve) -> tuple[str, ...]:
    try:
        return (str(ip_address(host)),)
    except ValueError:
        pass
    try:
        with trio.fail_after(_CONNECT_S):
            found = tuple(await resolve(host))[:_MOST_ADDRESSES]
    except (OSError, UnicodeError, trio.TooSlowError) as error:
        raise DirectoryFailure(Fault.NAME.value, f"{host}:{port}", _line(error)) from error
    if not found:
        raise DirectoryFailure(Fault.NAME.value, f"{host}:{port}")
    return found


class _Dialled:
    """One address on its way to a session."""

    def __init__(self, host: str, address: str, port: int, *, encrypt_first: bool) -> None:
        self.host = host
        self.address = address
        self.port = port
        self.encrypt_first = encrypt_first or port in _LDAPS_PORTS

    async def open(self, login: Login, context: ssl.SSLContext) -> tuple[_Ldap3, bytes]:
        """Connect and encrypt; gives an ldap3 connection that is not bound, and the certificate."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        plain = _Plain(family, socket.SOCK_STREAM)
        plain.settimeout(_CONNECT_S)
        connection = _connection(self.address, login)
        # TLS takes the socket away from its first owner: what cuts it in need is a second handle.
        with contextlib.ExitStack() as closing, plain.dup() as handle:
            closing.callback(_drop, plain)
            try:
                with trio.fail_after(_CONNECT_S):
                    await _run(lambda: plain.connect((self.address, self.port)), handle)
            except (OSError, trio.TooSlowError) as error:
                self._fail(Fault.PORT, _line(error))
            _give(connection, plain)
            try:
                with trio.fail_after(_CONNECT_S):
                    if not self.encrypt_first:
                        await _run(lambda: self._starttls(connection), handle)
                    tls = await _run(
                        lambda: context.wrap_socket(plain, server_hostname=self.host), handle
                    )
            except (OSError, trio.TooSlowError, LDAPExceptionError, *_NOT_LDAP) as error:
                self._fail(_tls_fault(error), _line(error))
            closing.callback(_drop, tls)
            certificate = tls.getpeercert(binary_form=True) or b""
            seen = hashlib.sha256(certificate).hexdigest()
            if login.fingerprint and seen != _fingerprint(login.fingerprint):
                self._fail(Fault.FINGERPRINT, seen)
            tls.settimeout(_ANSWER_S)
            _give(connection, tls)
            connection.tls_started = True
            closing.pop_all()
        return connection, certificate

    def _starttls(self, connection: _Ldap3) -> None:
        # Not ldap3's own start_tls: it verifies names by itself and hides why it failed.
        connection.extended(_STARTTLS)
        if int(connection.result["result"]) != 0:
            self._fail(Fault.STARTTLS, f"result {connection.result['result']}")

    async def bind(self, connection: _Ldap3, login: Login) -> str:
        """Send the password once, whatever comes of it; gives who we are."""
        sock = connection.socket
        if login.kerberos:
            return await self._bind_by_ticket(connection)
        # Bytes go as they are: SASLprep would change some passwords, and a changed password counts
        # as a wrong one.
        connection.password = login.password.reveal().encode()
        result: dict[str, Any] = {}
        fault, detail = Fault.CUT, ""
        try:
            with trio.fail_after(_ANSWER_S):
                await _run(lambda: connection.bind(read_server_info=False), sock)
            result = connection.result or {}
        except (trio.TooSlowError, OSError, LDAPExceptionError) as error:
            detail = _line(error)
        except _NOT_LDAP as error:
            fault, detail = Fault.NONSENSE, type(error).__name__
        finally:
            # ldap3's repr shows the first and its logs the second.
            connection.password = None
            connection.request = None
        if connection.bound:
            return login.user
        _drop(sock)
        if result:
            fault, detail = bind_fault(int(result["result"]), str(result.get("message") or ""))
        return self._fail(fault, detail)

    async def _bind_by_ticket(self, connection: _Ldap3) -> str:
        """Prove who we are with the ticket that ``kinit`` left; nothing here asks for another."""
        sock = connection.socket
        connection.sasl_credentials = (self.host,)
        principal = ""

        def work() -> None:
            nonlocal principal
            principal = str(gssapi.Credentials(usage="initiate").name)
            connection.bind(read_server_info=False)

        try:
            gssapi: _Gssapi = importlib.import_module("gssapi")
            refusals: tuple[type[Exception], ...] = (gssapi.exceptions.GSSError,)
        except ImportError as error:
            _drop(sock)
            self._fail(Fault.KERBEROS_MISSING, _line(error))
        result: dict[str, Any] = {}
        fault, detail = Fault.CUT, ""
        try:
            with trio.fail_after(_ANSWER_S):
                await _run(work, sock)
            result = connection.result or {}
        except refusals as error:
            fault, detail = Fault.KERBEROS, _line(error)
        except (trio.TooSlowError, OSError, LDAPExceptionError) as error:
            detail = _line(error)
        except _NOT_LDAP as error:
            fault, detail = Fault.NONSENSE, type(error).__name__
        finally:
            connection.request = None
        if connection.bound:
            return principal
        _drop(sock)
        if result:
            message = str(result.get("message") or "")
            fault, detail = bind_fault(int(result["result"]), message)
            if fault is Fault.SIGNING or "seal" in message.lower():
                fault = Fault.SEALING
        return self._fail(fault, detail)

    def _fail(self, fault: Fault, detail: str = "") -> NoReturn:
        raise DirectoryFailure(fault.value, f"{self.host}:{self.port}", detail) from None


def bind_fault(code: int, message: str) -> tuple[Fault, str]:
    """Tell from the answer to a bind what was refused; gives a short detail without the account."""
    found = _AD_DATA.search(message)
    data = found.group(1).lower().lstrip("0") if found else ""
    if "80090346" in message:
        return Fault.CHANNEL_BINDING, "data 80090346"
    if code == 49 and data in _AD_CODES:
        return _AD_CODES[data], f"data {data}"
    return _CODES.get(code, Fault.NONSENSE), f"result {code}"


def _connection(address: str, login: Login) -> _Ldap3:
    """Give an ldap3 connection that can open nothing by itself."""
    server = ldap3.Server(
        f"[{address}]" if ":" in address else address, get_info=ldap3.NONE, use_ssl=False
    )
    connection: _Ldap3 = ldap3.Connection(
        server,
        # With Kerberos the ticket says who we are; ldap3 2.9 can neither sign nor seal by it, so
        # that it always travels inside TLS, bound to the channel by its certificate.
        user=None if login.kerberos else login.user,
        authentication=ldap3.SASL if login.kerberos else ldap3.SIMPLE,
        sasl_mechanism=ldap3.KERBEROS if login.kerberos else None,
        client_strategy=ldap3.SYNC,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        auto_range=False,
        check_names=False,
        raise_exceptions=False,
        read_only=True,
        return_empty_attributes=False,
    )

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("a directory is opened once")

    send = connection.strategy.send
    binds = 0
    # A Kerberos bind is a dialogue of a few messages about one ticket (RFC 4752).
    most_binds = 5 if login.kerberos else 1

    def send_harmless(kind: str, *arguments: object) -> int:
        # ldap3's own read_only lets additions and extended operations through.
        nonlocal binds
        binds += kind == "bindRequest"
        if kind not in _HARMLESS or binds > most_binds:
            raise OSError(f"{kind} is never sent")
        number: int = send(kind, *arguments)
        return number

    connection.open = connection.strategy.open = connection.strategy._open_socket = refuse
    connection.send = connection.strategy.send = send_harmless
    return connection


def _give(connection: _Ldap3, sock: socket.socket) -> None:
    """Put a socket of ours where ldap3 would have put its own."""
    connection.socket = sock
    connection.closed = False
    connection.listening = True
    connection.strategy._outstanding = {}


def _context(login: Login, server: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=login.ca_file)
    except (OSError, ValueError) as error:
        raise DirectoryFailure(Fault.CA_FILE.value, server, _line(error)) from error
    # On by default since Python 3.13: it refuses the certificates of many internal authorities.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    context.sslsocket_class = _Encrypted
    if login.fingerprint:
        if not re.fullmatch(r"[0-9a-f]{64}", _fingerprint(login.fingerprint)):
            raise UsageError("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _fingerprint(text: str) -> str:
    return text.replace(":", "").replace(" ", "").lower()


def _tls_fault(error: BaseException) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _VERIFY_NAME:
            return Fault.CERTIFICATE_NAME
        if error.verify_code in _VERIFY_DATE:
            return Fault.CERTIFICATE_DATE
        return Fault.CERTIFICATE_UNTRUSTED
    if isinstance(error, TimeoutError | trio.TooSlowError):
        return Fault.SILENT
    if isinstance(error, ConnectionError | LDAPExceptionError):
        # Cut before any password left: a network error, and the next server may be tried.
        return Fault.PORT
    if isinstance(error, OSError):
        return Fault.TLS
    return Fault.NONSENSE


async def _run(
    work: Callable[[], _T], sock: socket.socket, limiter: trio.CapacityLimiter | None = None
) -> _T:
    """Run in a thread; when cancelled, cut the socket so that the thread ends too."""
    try:
        return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
    except trio.Cancelled:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        raise


def _drop(sock: socket.socket | None) -> None:
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.close()


def _line(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split())[:200] or type(error).__name__


def _root_dse(entry: Entry) -> RootDse:
    """Read what a rootDSE tells; values that make no sense are left out. Total."""
    found = {name.lower(): values for name, values in entry.attributes.items()}

    def texts(name: str) -> tuple[str, ...]:
        values = found.get(name.lower(), ())[:_MOST_VALUES]
        return tuple(value[:_LONGEST_VALUE].decode(errors="replace") for value in values)

    def text(name: str) -> str:
        return next(iter(texts(name)), "")

    def number(name: str) -> int | None:
        said = text(name)
        return int(said) if re.fullmatch(r"[0-9]{1,4}", said) else None

    def truth(name: str) -> bool | None:
        return {"true": True, "false": False}.get(text(name).lower())

    return RootDse(
        naming_contexts=texts("namingContexts"),
        default_naming_context=text("defaultNamingContext"),
        configuration_naming_context=text("configurationNamingContext"),
        schema_naming_context=text("schemaNamingContext"),
        root_domain_naming_context=text("rootDomainNamingContext"),
        dns_host_name=text("dnsHostName"),
        ldap_service_name=text("ldapServiceName"),
        ds_service_name=text("dsServiceName"),
        server_name=text("serverName"),
        supported_controls=frozenset(texts("supportedControl")),
        supported_capabilities=frozenset(texts("supportedCapabilities")),
        supported_sasl_mechanisms=texts("supportedSASLMechanisms"),
        domain_level=number("domainFunctionality"),
        forest_level=number("forestFunctionality"),
        controller_level=number("domainControllerFunctionality"),
        is_synchronized=truth("isSynchronized"),
        is_global_catalog_ready=truth("isGlobalCatalogReady"),
        current_time=text("currentTime"),
        vendor=" ".join((text("vendorName"), text("vendorVersion"))).strip(),
    )
