"""Names feed the scan: what each port shows to each name that leads there, told once.

A name costs one look: one TLS hello with its SNI, one ``GET /`` with its Host. Names that are shown
the same (certificate, status, redirect, page) are one site; each site that identification did not
meet is assessed once, under one of its names. All goes through the gate, judged for that name.
"""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import msgspec
import trio

from core.errors import OutOfScope, Unanswered
from core.model import Place, Status, Transport, reason
from core.observations.base import Observation
from core.observations.http import HttpService
from core.observations.hygiene import WebHygiene
from core.observations.name import NameSeen
from core.observations.service import Service
from core.observations.site import SiteShown, SitesSeen
from core.observations.tls import Certificate, TlsService
from scanner.face import FACE_BYTES, Face, Faces, face_of, from_texts
from scanner.hygiene import trusted_for
from scanner.identify import Ask, assess_site, names_first
from scanner.stream import Stream
from scanner.target import Target
from scanner.tls.assess import Knock, knock
from scanner.tls.certificates import read_certificate
from scanner.visit import Visit
from scanner.web import Answer, Web

KINDS = ("service", "http", "tls", "sites")
"""Kinds of observation that :func:`hosts_of` reads."""

AskFor = Callable[[Target, int, str | None], Ask]
"""Gives what may be asked at a port of a target under a name, exact; ``None``: under no name, but
as the address itself (``hostname`` of the target is then its literal, ``names`` is empty). Raises
``OutOfScope`` when nothing may now."""
Tell = Callable[[tuple[Observation, ...]], Awaitable[None]]
"""Takes all that was seen at one port, together."""

MOST_NAMES = 256
"""Names looked at on one address; the largest reverse proxies of hospitals serve some 200."""
MOST_LOOKS = 1_024
"""Names × ports of one address."""
MOST_SITES = 64
"""Sites assessed at one address, beside those that identification met."""
_LOOK_S = 20.0
_PORT_S = 300.0
"""For the looks at one port: a slow server is not asked 256 times."""
_FAILURES = 3
"""Looks in a row without an answer before a port is left alone."""
_WEB = frozenset({"http", "sstp"})
_NOT_NOW = frozenset({"out-of-window", "interrupted"})
_WANTS_CERTIFICATE = re.compile(rb"No required SSL certificate was sent|SSL certificate error")
"""How nginx says it, with status 400, inside the tunnel."""
_CERTIFICATE_NAMES = 20
_PARTS = Face.__struct_fields__


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPort:
    """One port where names may make a difference, with what identification said of it."""

    target: Target
    """As it was identified."""
    port: int
    service: Service
    web: HttpService | None = None
    tls: TlsService | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """One address with its ports, by number, and the mandated names that lead there."""

    ip: str
    ports: tuple[OpenPort, ...]
    names: tuple[str, ...] = ()
    """Of the inventory, the most specific first."""
    found: tuple[str, ...] = ()
    """Found by any other way."""


def hosts_of(seen: Iterable[Observation], names: Iterable[NameSeen]) -> tuple[Host, ...]:
    """Give the addresses worth a look, sorted; ports of which ``SitesSeen`` speaks are done.

    ``seen`` is what the run identified so far (see :data:`KINDS`). Names hosted elsewhere were
    identified each under its own already.
    """
    services: dict[Place, Service] = {}
    pages: dict[Place, HttpService] = {}
    tunnels: dict[Place, TlsService] = {}
    done: set[Place] = set()
    for one in seen:
        if one.place.hostname is not None or one.place.ip is None or one.place.port is None:
            continue
        match one:
            case Service():
                services[one.place] = one
            case HttpService():
                pages[one.place] = one
            case TlsService():
                tunnels[one.place] = one
            case SitesSeen():
                done.add(one.place)
            case _:
                pass
    written: dict[str, set[str]] = defaultdict(set)
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for address in name.in_scope:
            (written if "inventory" in name.found_by else found)[address].add(name.name)
    ports: dict[str, list[OpenPort]] = defaultdict(list)
    for place, service in services.items():
        ip, port = str(place.ip), place.port
        if port is None or place in done or not (written[ip] or found[ip]):
            continue
        if not _may_differ(service):
            continue
        target = Target(establishment=place.establishment, ip=ip)
        ports[ip].append(
            OpenPort(
                target=target,
                port=port,
                service=service,
                web=pages.get(place),
                tls=tunnels.get(place),
            )
        )
    return tuple(
        Host(
            ip=ip,
            ports=tuple(sorted(there, key=lambda one: one.port)),
            names=names_first(tuple(written[ip])),
            found=names_first(tuple(found[ip] - written[ip])),
        )
        for ip, there in sorted(ports.items())
    )


def _may_differ(service: Service) -> bool:
    """Whether a name may change what a port shows; never where nothing is sent, nor at a decoy."""
    if service.place.transport is Transport.UDP or service.quiet or service.imitates:
        return False
    return service.protocol in _WEB or service.tls


async def look_at_sites(host: Host, ask: AskFor, tell: Tell) -> None:
    """Look at one address under all of its names, one connection at a time.

    Raises ``OutOfScope`` when the window closes meanwhile: what was told stays, the rest is not
    done.
    """
    most = min(MOST_NAMES, max(1, MOST_LOOKS // max(1, len(host.ports))))
    allowance = MOST_SITES
    for port in host.ports:
        work = _Port(host, port, ask, most, allowance)
        told = await work.run()
        allowance = work.allowance
        if told:
            await tell(told)


class _Tunnel(msgspec.Struct, frozen=True):
    """What SNI changed."""

    certificate: str = ""
    version: int | None = None
    suite: int | None = None
    client_certificate: bool = False


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one name was shown."""

    name: str | None
    """``None``: none was given."""
    why: str = ""
    """Reason id, where nothing was shown."""
    tunnel: _Tunnel = _Tunnel()
    leaf: Certificate | None = None
    page_why: str = ""
    """Reason id, where the certificate alone was shown."""
    faces: Faces = Faces()

    @property
    def face(self) -> Face:
        """What is told of it."""
        return self.faces.bare


@dataclass(slots=True)
class _Port:
    host: Host
    open: OpenPort
    ask: AskFor
    most: int
    allowance: int
    looks: list[_Look] = field(default_factory=list[_Look])
    sent: dict[str | None, int] = field(default_factory=dict[str | None, int])
    """Requests by name."""
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    unanswered: dict[str, str] = field(default_factory=dict[str, str])
    unstable: set[str] = field(default_factory=set[str])
    failures: int = 0
    seen: list[Observation] = field(default_factory=list[Observation])

    @property
    def is_tls(self) -> bool:
        return self.open.service.tls

    @property
    def is_web(self) -> bool:
        """Whether pages are asked for; inside TLS, a service that knew no name may be one too."""
        protocol = self.open.service.protocol
        return protocol in _WEB or (self.is_tls and protocol == "unknown")

    async def run(self) -> tuple[Observation, ...]:
        await self._look_around()
        if not any(not look.why for look in self.looks):
            return (self._told([], set()),) if self.unanswered or self.left_out else ()
        await self._look_twice()
        groups = self._groups()
        sites, judged = await self._assess(groups)
        return (*self.seen, self._told(sites, judged))

    # Looking

    async def _look_around(self) -> None:
        """Look once under each name, those first that identification used."""
        base = [name for name in self._met() if name is not None]
        names = list(dict.fromkeys((*base, *self.host.names, *self.host.found)))
        self.left_out.update(dict.fromkeys(names[self.most :], "names-limit"))
        until = trio.current_time() + _PORT_S
        for name in (None, *names[: self.most]):
            why = self._why_not(until)
            if why:
                self._leave(name, why)
                continue
            try:
                asking = self._asking(name)
            except OutOfScope as refused:
                if refused.reason in _NOT_NOW:
                    raise
                self._leave(name, refused.reason)
                continue
            if asking.everywhere():
                self._leave(name, "answers-everywhere")
                continue
            if asking.target.medical and name in self.host.found:
                self._leave(name, "medical-names")
                continue
            self._take(await self._look(asking, name, known=self._known_face(name)))

    def _known_face(self, name: str | None) -> Faces | None:
        """Give the face that identification met: no second request for what is known."""
        web = self.open.web
        return from_texts(web.face) if web is not None and web.host == name else None

    def _asking(self, name: str | None) -> Ask:
        """Give what may be asked under a name; a redirect to another name is that one's own."""
        own = name or self.host.ip

        def is_own(host: str, port: int) -> bool:
            del port
            return host == own

        return replace(self.ask(self.open.target, self.open.port, name), in_scope=is_own)

    def _why_not(self, until: float) -> str:
        if self.failures >= _FAILURES:
            return next((one.why for one in reversed(self.looks) if one.why), "gave-up")
        return "gave-up" if trio.current_time() > until else ""

    def _leave(self, name: str | None, why: str) -> None:
        if name is not None:
            self.left_out[name] = why

    def _take(self, look: _Look) -> None:
        self.looks.append(look)
        if look.why and look.name is not None:
            self.unanswered[look.name] = look.why
        code = (look.why or look.page_why).partition(":")[0]
        silent = code not in {"", "name-refused", "misdirected"}
        self.failures = self.failures + 1 if silent else 0
        if code == "rate-limited":
            self.failures = _FAILURES

    async def _look(self, asking: Ask, name: str | None, known: Faces | None = None) -> _Look:
        if known is not None and not self.is_tls:
            return _Look(name=name, faces=known)
        if known is None:
            self.sent[name] = self.sent.get(name, 0) + 1
        with trio.move_on_after(_LOOK_S):
            try:
                return await self._see(asking, name, known)
            except Unanswered as error:
                return _Look(name=name, why=reason(error.status.value, error.detail))
        return _Look(name=name, why="gave-up")

    async def _see(self, asking: Ask, name: str | None, known: Faces | None) -> _Look:
        stream: Stream | None = await asking.dial()
        knocked: Knock | None = None
        try:
            if self.is_tls:
                assert stream is not None
                knocked = await knock(stream, name)
                stream = knocked.stream
                if not knocked.is_tls:
                    return _Look(name=name, why="protocol-error")
                if knocked.handshake.alert is not None:
                    return _Look(name=name, why="name-refused")
            if known is not None:
                return msgspec.structs.replace(_met_in_tunnel(name, knocked), faces=known)
            if stream is None or not self.is_web:
                return _met_in_tunnel(name, knocked)
            answer, why = await _front(asking, stream, inside_tls=self.is_tls)
            wanted = "CERTIFICATE_REQUIRED" in stream.tls_alert
        finally:
            if stream is not None:
                with trio.CancelScope(shield=True):
                    await stream.aclose()
        if answer is None:
            if knocked is None:
                return _Look(name=name, why=why)
            # Its certificate was shown all the same.
            return _met_in_tunnel(name, knocked, wanted=wanted, why="" if wanted else why)
        if answer.status == 421:
            return _Look(name=name, why="misdirected")
        if answer.status == 429:
            return _Look(name=name, why="rate-limited")
        wanted = answer.status == 400 and _WANTS_CERTIFICATE.search(answer.body) is not None
        shown = _met_in_tunnel(name, knocked, wanted=wanted) if knocked else _Look(name=name)
        faces = face_of(answer, name or self.host.ip, self.open.port)
        return _Look(name=name, tunnel=shown.tunnel, leaf=shown.leaf, faces=faces)

    async def _look_twice(self) -> None:
        """Where pages differ, ask for one of them again: what changes by itself tells nothing."""
        other = self._suspect([look for look in self.looks if not look.why])
        if other is None:
            return
        try:
            asking = self._asking(other.name)
        except OutOfScope as refused:
            if refused.reason in _NOT_NOW:
                raise
            return
        again = await self._look(asking, other.name)
        if again.why or again.page_why:
            return
        for part in _PARTS:
            if getattr(again.face, part) != getattr(other.face, part):
                self.unstable.add(part)
        if again.tunnel != other.tunnel:
            self.unstable.add("tunnel")

    def _suspect(self, good: Sequence[_Look]) -> _Look | None:
        """Give the look worth repeating: one like another but for its page, else any other one."""
        fresh = [look for look in good if look.name in self.sent]
        pages: dict[tuple[int | None, str, str], str] = {}
        for look in good:
            face = look.face
            known = pages.setdefault((face.status, face.redirect, face.title), face.page)
            if known != face.page and look in fresh:
                return look
        first = good[0]
        return next(
            (
                one
                for one in fresh
                if one.tunnel != first.tunnel
                or (one.faces.bare != first.faces.bare and one.faces.plain != first.faces.plain)
            ),
            None,
        )

    # Telling apart

    def _met(self) -> set[str | None]:
        """Give the names under which identification met this port."""
        if self.open.web is not None:
            return {self.open.web.host, self.open.web.front_host}
        return {self.open.tls.sni} if self.open.tls is not None else set()

    def _faces(self, look: _Look) -> tuple[tuple[str, Face], ...]:
        """Give both readings without what changes by itself."""
        changes = {part: getattr(Face(), part) for part in self.unstable & set(_PARTS)}
        return (
            ("bare", msgspec.structs.replace(look.faces.bare, **changes)),
            ("plain", msgspec.structs.replace(look.faces.plain, **changes)),
        )

    def _tunnel(self, look: _Look) -> _Tunnel:
        return _Tunnel() if "tunnel" in self.unstable else look.tunnel

    def _groups(self) -> list[list[_Look]]:
        """Give the looks that were shown the same, in the order in which each was met first."""
        groups: list[list[_Look]] = []
        of: dict[tuple[_Tunnel, str, Face], list[_Look]] = {}
        for look in self.looks:
            if look.why:
                continue
            keys = [(self._tunnel(look), *face) for face in self._faces(look)]
            mine = next((of[key] for key in keys if key in of), None)
            if mine is None:
                mine = list[_Look]()
                groups.append(mine)
            mine.append(look)
            for key in keys:
                of.setdefault(key, mine)
        met = self._met()
        return sorted(groups, key=lambda looks: not any(one.name in met for one in looks))

    async def _assess(self, groups: Sequence[Sequence[_Look]]) -> tuple[list[SiteShown], set[str]]:
        """Assess each site that was not met yet; gives all sites, and names judged by TLS."""
        met = self._met()
        faces = {
            face
            for looks in groups
            for look in looks
            for face in self._faces(look)
            if look.name in met and self.open.web is not None and self.open.web.status is not None
        }
        tunnels: dict[_Tunnel, TlsService] = {}
        judged: set[str] = set()
        if self.open.tls is not None:
            sni = self.open.tls.sni
            judged.update({sni} if sni else ())
            for looks in groups:
                for look in looks:
                    if look.name == sni:
                        tunnels[self._tunnel(look)] = self.open.tls
        sites: list[SiteShown] = []
        for looks in groups:
            first = _representative(looks)
            tunnel = self._tunnel(first)
            shown_here = {face for look in looks for face in self._faces(look)}
            is_web = self.is_web and first.face.status is not None
            is_web = is_web and faces.isdisjoint(shown_here)
            is_web = is_web and not self._is_told_elsewhere(first)
            with_tls = self.is_tls and tunnel not in tunnels
            assessed: str | None = None
            if is_web or with_tls:
                if self.allowance <= 0:
                    self.left_out.update(
                        {one.name: "names-limit" for one in looks if one.name is not None}
                    )
                else:
                    self.allowance -= 1
                    assessed = first.name or self.host.ip
                    shown = await self._assess_one(
                        first, is_web=is_web, with_tls=with_tls, known=tunnels.get(tunnel)
                    )
                    if is_web:
                        faces |= shown_here
                    if shown is not None:
                        tunnels[tunnel] = shown
                        judged.update({first.name} if first.name else ())
            sites.append(self._site(looks, assessed))
        return sites, judged

    async def _assess_one(
        self, look: _Look, *, is_web: bool, with_tls: bool, known: TlsService | None
    ) -> TlsService | None:
        try:
            asking = self._asking(look.name)
            seen = await assess_site(
                asking,
                inside_tls=self.is_tls,
                is_web=is_web,
                with_tls=with_tls,
                requests=self.sent.get(look.name, 0),
            )
        except OutOfScope as refused:
            if refused.reason in _NOT_NOW:
                raise
            self._leave(look.name, refused.reason)
            return None
        shown = next((one for one in seen if isinstance(one, TlsService)), None)
        self.seen += [
            trusted_for(one, shown or known) if isinstance(one, WebHygiene) else one for one in seen
        ]
        return shown

    def _is_told_elsewhere(self, look: _Look) -> bool:
        """Whether all that a site does is to send to another name, a site of its own."""
        if look.face.status is None or not 300 <= look.face.status < 400:
            return False
        try:
            named = (urlsplit(look.face.redirect).hostname or "").lower()
        except ValueError:
            return False
        return named in {*self.host.names, *self.host.found} and named != look.name

    def _site(self, looks: Sequence[_Look], assessed: str | None) -> SiteShown:
        first = _representative(looks)
        names = tuple(sorted(look.name for look in looks if look.name is not None))
        leaf = first.leaf
        return SiteShown(
            names=names,
            by_address=any(look.name is None for look in looks),
            assessed_as=assessed,
            status=first.face.status,
            title=first.face.title,
            redirect=first.face.redirect,
            certificate=leaf.sha256 if leaf else "",
            certificate_names=leaf.names[:_CERTIFICATE_NAMES] if leaf else (),
            uncovered=tuple(
                sorted(
                    look.name
                    for look in looks
                    if look.name and look.leaf is not None and _is_foreign(look.leaf, look.name)
                )
            ),
            client_certificate=first.tunnel.client_certificate,
        )

    def _told(self, sites: Sequence[SiteShown], judged: Collection[str]) -> SitesSeen:
        target = self.open.target
        why = next((look.why for look in self.looks if look.why and look.name is None), "")
        return SitesSeen(
            place=Place(
                establishment=target.establishment,
                ip=target.ip,
                port=self.open.port,
                transport=Transport.TCP,
            ),
            at=self.open.service.at,
            why={"sites": why} if why and not sites else {},
            tls=self.is_tls,
            sites=tuple(sites),
            judged=tuple(sorted(judged)),
            unanswered=self.unanswered,
            left_out=self.left_out,
            looks=sum(self.sent.values()),
            is_unstable="page" in self.unstable,
        )


def _representative(looks: Sequence[_Look]) -> _Look:
    """Give the look that stands for its site: the first under a name, else the nameless one."""
    return next((look for look in looks if look.name is not None), looks[0])


def _is_foreign(leaf: Certificate, name: str) -> bool:
    return not leaf.error and not leaf.is_rdp_default and not leaf.covers(name)


def _met_in_tunnel(
    name: str | None, knocked: Knock | None, *, wanted: bool = False, why: str = ""
) -> _Look:
    if knocked is None:
        return _Look(name=name)
    made = knocked.handshake
    leaf = read_certificate(made.chain[0]) if made.chain else None
    tunnel = _Tunnel(
        certificate=leaf.sha256 if leaf else "",
        version=made.flight.version,
        suite=made.flight.suite,
        client_certificate=wanted or made.flight.client_certificate,
    )
    return _Look(name=name, tunnel=tunnel, leaf=leaf, page_why=why)


async def _front(asking: Ask, stream: Stream, *, inside_tls: bool) -> tuple[Answer | None, str]:
    """Ask for the front page on a connection in hand; gives the reason where none came."""

    async def dial(_: str | None) -> Stream:
        await trio.lowlevel.checkpoint()
        return stream

    target = asking.target
    visit = Visit(
        place=Place(
            establishment=target.establishment,
            ip=target.ip,
            port=asking.port,
            transport=Transport.TCP,
            hostname=target.hostname,
        ),
        intensity=asking.intensity,
        medical=target.medical,
        names=asking.names,
        heard=b"",
        inside_tls=inside_tls,
        dial=dial,
        in_scope=lambda _host, _port: False,
        now=asking.now,
        knowledge=asking.knowledge,
        operator=asking.operator,
        requests_left=1,
    )
    async with Web(visit) as web:
        try:
            return await web.get("/", most_bytes=FACE_BYTES), ""
        except Unanswered as error:
            if error.status is Status.OUT_OF_WINDOW:
                raise
            return None, reason(error.status.value, error.detail)
