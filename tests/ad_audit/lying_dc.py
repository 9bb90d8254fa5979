"""A controller of ours that answers as Active Directory does, until it is told to misbehave."""

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from ad_audit import ber
from ad_audit.attributes import PARTS, SCHEMA_PARTS
from scanner.ber import items
from tests.ad_audit.test_ber import tlv

ROOT = "DC=chu,DC=example"
CONFIGURATION = f"CN=Configuration,{ROOT}"
SCHEMA = f"CN=Schema,{CONFIGURATION}"
Values = tuple[bytes, ...]
Object = tuple[str, dict[str, Values]]


@dataclass(frozen=True)
class Question:
    """One search request."""

    number: int
    base: str
    part: str
    """Name of the part that asks so; empty for another question."""
    scope: int
    attributes: tuple[str, ...]
    cookie: bytes
    size: int
    times: int
    """How often this part and cookie were asked before, on any connection."""


class Cut(Exception):
    """Raised by a script: the connection ends here."""


Script = Callable[["Dc", Question], "Iterator[bytes] | None"]
"""Gives the bytes of an answer; ``None``: the honest one."""


@dataclass
class Dc:
    """What it holds and what it saw."""

    domain: str = ROOT
    zones: tuple[str, ...] = ()
    """Partitions of DNS that it holds."""
    root: dict[str, Values] = field(default_factory=dict)
    """What its rootDSE says otherwise; without values: not at all."""
    objects: dict[tuple[str, str], list[Object]] = field(default_factory=dict)
    """By naming context and part."""
    script: Script = lambda _dc, _question: None
    refuse_after: int = 1_000_000
    """Binds accepted; the next ones are refused as Windows does."""
    cut_after: int = 1_000_000
    """Binds answered; the connection of the next ones is cut."""
    host: str = "dc1.chu.example"
    port: int = 0
    address: str = "127.0.0.1"
    ca_file: Path = Path()
    binds: int = 0
    connections: int = 0
    asked: list[Question] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    _times: Counter[tuple[str, str, bytes]] = field(default_factory=Counter)

    def contexts(self) -> list[str]:
        """Give the naming contexts it holds."""
        return [self.domain, CONFIGURATION, SCHEMA, *self.zones]

    def honest(self, question: Question) -> Iterator[bytes]:
        """Give the answer that a controller would."""
        if not question.base and question.scope == ber.BASE:
            yield entry(question.number, "", self._root())
            yield done(question.number)
            return
        context = max(
            (one for one in self.contexts() if question.base.endswith(one)), key=len, default=""
        )
        if not question.part:
            yield from self._single(question, context)
            return
        found = self.objects.get((context, question.part), [])
        if not found and question.base != context:
            yield done(question.number, 32)
            return
        first = int(question.cookie or b"0")
        page = found[first : first + question.size]
        for dn, attributes in page:
            yield entry(question.number, dn, self._visible(question, attributes))
        last = first + len(page)
        yield done(question.number, 0, str(last).encode() if last < len(found) else b"")

    def _single(self, question: Question, context: str) -> Iterator[bytes]:
        for (each, _), objects in self.objects.items():
            for dn, attributes in objects:
                if each == context and dn == question.base:
                    yield entry(question.number, dn, self._visible(question, attributes))
        yield done(question.number)

    def _visible(self, question: Question, attributes: dict[str, Values]) -> dict[str, Values]:
        shown: dict[str, Values] = {}
        for asked in question.attributes:
            name, _, span = asked.partition(";range=")
            values = attributes.get(name, ())
            first = int(span.partition("-")[0]) if span else 0
            if not values:
                continue
            if not span and len(values) <= 10:
                shown[name] = values
                continue
            rest = values[first : first + 10]
            end = "*" if first + 10 >= len(values) else str(first + 9)
            shown[f"{name};range={first}-{end}"] = rest
        return shown

    def _root(self) -> dict[str, Values]:
        said: dict[str, Values] = {
            "defaultNamingContext": (self.domain.encode(),),
            "rootDomainNamingContext": (ROOT.encode(),),
            "configurationNamingContext": (CONFIGURATION.encode(),),
            "schemaNamingContext": (SCHEMA.encode(),),
            "namingContexts": tuple(one.encode() for one in self.contexts()),
            "dnsHostName": (self.host.encode(),),
            "supportedCapabilities": (b"1.2.840.113556.1.4.800",),
            **self.root,
        }
        return {name: values for name, values in said.items() if values}

    def serve(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        """Answer one connection until it ends."""
        self.connections += 1
        with suppress(OSError, Cut), context.wrap_socket(plain, server_side=True) as tls:
            buffer = b""
            while not self.stopping.is_set():
                data = tls.recv(65_536)
                if not data:
                    return
                buffer += data
                while (size := ber.message_size(buffer, 0)) and len(buffer) >= size:
                    message, buffer = buffer[:size], buffer[size:]
                    self._answer(tls, message)

    def _answer(self, tls: ssl.SSLSocket, message: bytes) -> None:
        self.requests.append(message)
        envelope = ber.open_message(message)
        if envelope.tag == 0x60:
            self.binds += 1
            if self.binds > self.cut_after:
                raise Cut
            refused = self.binds > self.refuse_after
            said = b"80090308: LdapErr: DSID-0C0903A9, comment: x, data 52e, v1db1"
            code = 49 if refused else 0
            result = tlv(0x61, bytes((0x0A, 1, code)), tlv(4), tlv(4, said if refused else b""))
            tls.sendall(tlv(0x30, _integer(envelope.number), result))
        elif envelope.tag == 0x63:
            question = self._question(message)
            self.asked.append(question)
            scripted = self.script(self, question)
            for chunk in self.honest(question) if scripted is None else scripted:
                tls.sendall(chunk)
        elif envelope.tag == 0x42:
            raise Cut

    def _question(self, message: bytes) -> Question:
        (whole,) = items(message)
        number, operation, *controls = items(whole.content)
        fields = items(operation.content)
        base, filter_ = fields[0].content.decode(), fields[6]
        scope = fields[1].content[0]
        size, cookie, is_paged = 1_000, b"", False
        for control in items(controls[0].content) if controls else ():
            oid, *rest = items(control.content)
            if oid.content == ber.PAGED.encode():
                (value,) = items(rest[-1].content)
                each, mark = items(value.content)
                size, cookie, is_paged = int.from_bytes(each.content, "big"), mark.content, True
        name = next(
            (
                part.name
                for part in (*SCHEMA_PARTS, *PARTS)
                if is_paged
                and items(ber.compile_filter(part.filter))[0] == filter_
                and part.scope == scope
                and any(
                    base == (f"{part.below},{each}" if part.below else each)
                    for each in self.contexts()
                )
            ),
            "",
        )
        key = (base, name, cookie)
        self._times[key] += 1
        return Question(
            number=int.from_bytes(number.content, "big"),
            base=base,
            part=name,
            scope=scope,
            attributes=tuple(one.content.decode() for one in items(fields[7].content)),
            cookie=cookie,
            size=size,
            times=self._times[key] - 1,
        )


def entry(number: int, dn: str, attributes: dict[str, Values]) -> bytes:
    """Give a SearchResultEntry."""
    listed = [
        tlv(0x30, tlv(4, name.encode()), tlv(0x31, *(tlv(4, each) for each in values)))
        for name, values in attributes.items()
    ]
    found = tlv(0x64, tlv(4, dn.encode()), tlv(0x30, *listed))
    return tlv(0x30, _integer(number), found)


def done(number: int, code: int = 0, cookie: bytes | None = None) -> bytes:
    """Give a SearchResultDone."""
    controls = b""
    if cookie is not None:
        value = tlv(0x30, b"\x02\x01\x00", tlv(4, cookie))
        controls = tlv(0xA0, tlv(0x30, tlv(4, ber.PAGED.encode()), tlv(4, value)))
    result = tlv(0x65, bytes((0x0A, 1, code)), tlv(4), tlv(4))
    return tlv(0x30, _integer(number), result, controls)


def account(name: str, number: int, **more: Values) -> Object:
    """Give a user of the domain."""
    return f"CN={name},CN=Users,{ROOT}", {
        "objectClass": (b"top", b"user"),
        "objectGUID": (number.to_bytes(16, "big"),),
        "sAMAccountName": (name.encode(),),
        "nTSecurityDescriptor": (b"\x01\x00\x04\x80" + bytes(16),),
        **more,
    }


def population(users: int = 25) -> dict[tuple[str, str], list[Object]]:
    """Give a small forest."""
    names = {name for part in (*SCHEMA_PARTS, *PARTS) for name in part.attributes}
    return {
        (SCHEMA, "schema"): [
            (f"CN={name},{SCHEMA}", {"lDAPDisplayName": (name.encode(),)}) for name in sorted(names)
        ],
        (SCHEMA, "head"): [(SCHEMA, {"objectVersion": (b"88",)})],
        (CONFIGURATION, "head"): [(CONFIGURATION, {"objectClass": (b"configuration",)})],
        (CONFIGURATION, "partitions"): [
            (
                f"CN=CHU,CN=Partitions,{CONFIGURATION}",
                {"nCName": (ROOT.encode(),), "systemFlags": (b"3",)},
            )
        ],
        (ROOT, "head"): [(ROOT, {"objectClass": (b"domainDNS",)})],
        (ROOT, "users"): [account(f"u{number}", number + 1) for number in range(users)],
        (ROOT, "groups"): [
            (
                f"CN=g,CN=Users,{ROOT}",
                {
                    "objectClass": (b"group",),
                    "objectGUID": (b"g" * 16,),
                    "member": tuple(b"CN=u%d" % number for number in range(35)),
                },
            )
        ],
    }


@contextmanager
def running(folder: Path, *controllers: Dc) -> Iterator[None]:
    """Serve them, each at its own address, all on one port and under one authority."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    listeners: list[socket.socket] = []
    port = 0
    for dc in controllers:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(dc.host).configure_cert(context)
        listener = socket.create_server((dc.address, port))
        port = listener.getsockname()[1]
        dc.port, dc.ca_file = port, ca_file
        listeners.append(listener)
        threading.Thread(target=_accept, args=(dc, listener, context), daemon=True).start()
    try:
        yield
    finally:
        for dc in controllers:
            dc.stopping.set()
        for listener in listeners:
            listener.close()


def _accept(dc: Dc, listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            plain.settimeout(20)
            threading.Thread(target=dc.serve, args=(plain, context), daemon=True).start()


def _integer(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return bytes((2, len(raw))) + raw
