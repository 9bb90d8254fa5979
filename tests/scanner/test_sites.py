"""What each port shows to each name that leads there, told once."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio

from core.errors import OutOfScope
from core.inventory import Establishment, Ght, Inventory, Mandate
from core.knowledge.load import load_knowledge
from core.model import Intensity, Place, Status
from core.observations.base import Attempt, Observation
from core.observations.http import HttpService
from core.observations.hygiene import WebHygiene
from core.observations.name import NameSeen
from core.observations.service import Service
from core.observations.site import SiteShown, SitesSeen
from core.observations.tls import TlsService
from inventories.scope import Scope
from scanner.gate import Gate
from scanner.identify import Ask, assess_site, names_first
from scanner.sites import MOST_NAMES, Host, hosts_of, look_at_sites
from scanner.stream import Stream
from scanner.target import Target
from tests.scanner.sweeping import LIFTED
from tests.scanner.visiting import visit
from tests.servers import sites
from tests.servers.sites import Virtual
from tests.servers.tls_certs import Issued, issue
from tests.servers.web_server import ABSENT, Asked, Running, moved, reply, saying

_IP = "127.0.0.1"
_NOW = datetime.now(UTC)


class Looked:
    """What identification, then the looks, told of one port."""

    def __init__(self, seen: Sequence[Observation], identified: int) -> None:
        self.seen = tuple(seen)
        self.later = self.seen[identified:]

    @property
    def sites(self) -> SitesSeen:
        (one,) = (one for one in self.seen if isinstance(one, SitesSeen))
        return one

    def of(self, family: type[Observation]) -> dict[str | None, Observation]:
        """Give what was told of a family by ``hostname``, each once."""
        found = [one for one in self.seen if isinstance(one, family)]
        assert len({one.place for one in found}) == len(found), "told twice"
        return {one.place.hostname: one for one in found}


def asking(
    port: int,
    target: Target,
    names: tuple[str, ...],
    *,
    intensity: Intensity = Intensity.STANDARD,
    everywhere: bool = False,
    timeout_s: float = 3.0,
    **more: object,
) -> Ask:
    async def dial() -> Stream:
        return Stream(await trio.open_tcp_stream(_IP, port), timeout_s=timeout_s)

    return Ask(
        target=target,
        port=port,
        intensity=intensity,
        names=names,
        dial=dial,
        in_scope=lambda host, _port: host == target.ip or host in names,
        knowledge=visit(port).knowledge,
        operator="securite@grades.example",
        now=lambda: datetime.now(UTC),
        everywhere=lambda: everywhere,
        **more,  # type: ignore[arg-type]
    )


def look(
    port: int,
    names: Sequence[str],
    *,
    found: Sequence[str] = (),
    medical: bool = False,
    intensity: Intensity = Intensity.STANDARD,
    refuses: Callable[[str | None], str] = lambda _name: "",
    everywhere: bool = False,
    tls: bool = False,
    timeout_s: float = 3.0,
    after: Callable[[], None] = lambda: None,
) -> Looked:
    """Identify a port as a scan does, then look at it under all of its names."""
    seen: list[Observation] = []
    first = Target(establishment="e", ip=_IP, medical=medical)

    def ask(target: Target, at: int, name: str | None) -> Ask:
        if why := refuses(name):
            raise OutOfScope(f"{target.ip} ({name})", why)
        named = Target(establishment="e", ip=_IP, hostname=name or _IP, medical=medical)
        own = (name,) if name else ()
        return asking(
            at, named, own, intensity=intensity, everywhere=everywhere, timeout_s=timeout_s
        )

    async def run() -> int:
        known = names_first([*names, *found])
        base = asking(port, first, known, intensity=intensity, names_apart=True)
        # As ``identify`` does once it knows what the port speaks; finding that out takes seconds.
        seen.extend(await assess_site(base, inside_tls=tls, is_web=True, with_tls=tls, requests=0))
        after()
        identified = len(seen)

        async def tell(told: tuple[Observation, ...]) -> None:
            seen.extend(told)

        for host in hosts_of(seen, resolved(names, found)):
            await look_at_sites(host, ask, tell)
        return identified

    identified = trio.run(run)
    return Looked(seen, identified)


def resolved(names: Sequence[str], found: Sequence[str] = ()) -> list[NameSeen]:
    return [
        NameSeen(
            place=Place(establishment="e", hostname=name),
            at=_NOW,
            name=name,
            addresses=(_IP,),
            in_scope=(_IP,),
            found_by=(way,),
        )
        for way, several in (("inventory", names), ("ct", found))
        for name in several
    ]


def always(issued: Issued) -> Callable[[Virtual], Issued]:
    return lambda _: issued


def by_name(told: SitesSeen) -> dict[str, SiteShown]:
    return {name: site for site in told.sites for name in site.names}


def hosts(running: Running) -> Counter[str]:
    return Counter(one.headers["host"].partition(":")[0] for one in running.asked)


# Real servers


@pytest.mark.real
def test_nginx_with_several_names(tmp_path: Path) -> None:
    main = Virtual(
        names=("www.chu.example", "chu.example", "portail.chu.example"),
        certified=("www.chu.example", "chu.example"),
        page="<html><title>CHU</title>Bienvenue</html>",
    )
    forgotten = Virtual(
        names=("recette.chu.example",),
        page="<html><title>Recette</title>Portail de test</html>",
        days=(-400, -30),
        files={".git/HEAD": b"ref: refs/heads/main\n"},
    )
    with sites.nginx(tmp_path, (main, forgotten)) as server:
        met: list[int] = []
        told = look(
            server.port,
            (*main.names, *forgotten.names, "ancien.chu.example"),
            tls=True,
            after=lambda: met.append(len(server.asked)),
        )
        asked = server.asked
    shown = by_name(told.sites)
    assert shown["recette.chu.example"].names == ("recette.chu.example",)
    everyone = shown["www.chu.example"]
    assert set(everyone.names) == {*main.names, "ancien.chu.example"}
    assert everyone.by_address
    # Neither the alias outside the certificate nor the forgotten name is covered by what they got.
    assert everyone.uncovered == ("ancien.chu.example", "portail.chu.example")
    assert set(told.of(Service)) == {None, "recette.chu.example"}
    certificates = {name: one.leaf for name, one in told.of(TlsService).items()}  # type: ignore[attr-defined]
    assert certificates["recette.chu.example"].names == ("recette.chu.example",)
    kept = told.of(WebHygiene)["recette.chu.example"]
    assert isinstance(kept, WebHygiene)
    assert kept.git
    assert kept.git[0].shown == "ref: refs/heads/main"
    assert kept.trusted is False
    # Twelve requests at most for each site, and one look for each further name.
    later = Counter(host.partition(":")[0] for host, _ in asked[met[0] :])
    assert met[0] <= 12
    assert later["recette.chu.example"] <= 12
    for name in (_IP, *everyone.names):
        assert later[name] <= 1


@pytest.mark.real
def test_apache_that_refuses_unknown_names(tmp_path: Path) -> None:
    one = Virtual(names=("a.chu.example",), page="<html><title>A</title>aaa</html>")
    other = Virtual(names=("b.chu.example",), page="<html><title>B</title>bbb</html>")
    with sites.apache(tmp_path, (one, other), strict=True) as server:
        told = look(server.port, ("a.chu.example", "b.chu.example", "z.chu.example"), tls=True)
    shown = by_name(told.sites)
    assert shown["b.chu.example"].names == ("b.chu.example",)
    # The first one answers to names that it does not know, and not to whoever gives none.
    assert shown["a.chu.example"].names == ("a.chu.example", "z.chu.example")
    assert shown["a.chu.example"].uncovered == ("z.chu.example",)
    assert [site.status for site in told.sites.sites if site.by_address] == [403]
    assert set(told.of(TlsService)) == {None, "b.chu.example"}


@pytest.mark.real
def test_one_wildcard_certificate_is_assessed_once(tmp_path: Path) -> None:
    virtuals = [
        Virtual(
            names=(f"{name}.chu.example",),
            certified=("*.chu.example",),
            page=f"<html><title>{name}</title>Page de {name}</html>",
        )
        for name in ("agenda", "mail", "pacs")
    ]
    issued = sites.certificate(virtuals[0])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sites, "certificate", always(issued))
        with sites.nginx(tmp_path, virtuals) as server:
            told = look(server.port, [one.names[0] for one in virtuals], tls=True)
    assert len(told.sites.sites) == 3
    assert len(told.of(TlsService)) == 1
    # The first one is told at the port itself.
    assert len(told.of(HttpService)) == 3
    assert all(not site.uncovered for site in told.sites.sites)
    # What one handshake told of trust is told of each site that shares it.
    kept = [one for one in told.seen if isinstance(one, WebHygiene)]
    assert {one.trusted for one in kept} == {False}


@pytest.mark.real
def test_a_client_certificate_wanted_for_one_name(tmp_path: Path) -> None:
    chain, _ = issue("ac.chu.example", ca=True).files(tmp_path)
    public = Virtual(names=("www.chu.example",), page="<html><title>W</title>w</html>")
    closed = Virtual(
        names=("cps.chu.example",),
        page="<html><title>CPS</title>c</html>",
        lines=f"ssl_verify_client on; ssl_client_certificate {chain};",
    )
    with sites.nginx(tmp_path, (public, closed)) as server:
        told = look(server.port, ("www.chu.example", "cps.chu.example"), tls=True)
    shown = by_name(told.sites)
    assert shown["cps.chu.example"].client_certificate
    assert not shown["www.chu.example"].client_certificate


@pytest.mark.real
def test_mail_inside_tls_shows_a_certificate_for_each_name(tmp_path: Path) -> None:
    def greets(asked: Asked) -> bytes:
        raise AssertionError(f"no request is owed to IMAP: {asked}")

    certificates = {
        None: issue("imap.chu.example", names=("imap.chu.example",)),
        "mail.ght.example": issue("mail.ght.example", names=("mail.ght.example",), days=(-9, -1)),
    }
    with sites.by_sni(greets, certificates, tmp_path) as running:
        place = Place(establishment="e", ip=_IP, port=running.port)
        service = Service(place=place, at=_NOW, protocol="imap", tls=True)
        told: list[Observation] = []

        async def tell(some: tuple[Observation, ...]) -> None:
            told.extend(some)

        def ask(target: Target, port: int, name: str | None) -> Ask:
            named = Target(establishment="e", ip=_IP, hostname=name or _IP)
            return asking(port, named, (name,) if name else ())

        async def run() -> None:
            names = resolved(("imap.chu.example", "mail.ght.example"))
            for host in hosts_of([service], names):
                await look_at_sites(host, ask, tell)

        trio.run(run)
    shown = next(one for one in told if isinstance(one, SitesSeen))
    assert len(shown.sites) == 2
    assert {one.place.hostname for one in told if isinstance(one, TlsService)} == {
        "imap.chu.example",
        "mail.ght.example",
    }
    assert not any(isinstance(one, HttpService | WebHygiene | Service) for one in told)


# Servers that lead astray


def test_a_server_that_shows_the_same_to_all_is_one_site() -> None:
    page = "<html><title>{0}</title><a href='http://{0}/x'>{0}</a></html>"

    def say(asked: Asked) -> bytes:
        if asked.path != "/":
            return ABSENT
        return reply(page.format(asked.headers["host"]))

    names = [f"n{number}.chu.example" for number in range(12)]
    with saying(say) as running:
        told = look(running.port, names)
    (site,) = told.sites.sites
    assert len(site.names) == 12
    assert site.by_address
    assert site.title == "{name}"
    assert told.later == (told.sites,)
    assert max(hosts(running).values()) <= 12
    assert sum(hosts(running).values()) <= 12 + len(names)


def test_pages_that_change_by_themselves_tell_no_site_apart() -> None:
    counter = itertools.count()

    def say(asked: Asked) -> bytes:
        del asked
        words = " ".join("abcdefghij"[int(one)] * 3 for one in str(next(counter) * 7919))
        return reply(f"<html><title>Accueil</title>{words}</html>")

    with saying(say) as running:
        told = look(running.port, [f"n{number}.chu.example" for number in range(8)])
    assert len(told.sites.sites) == 1
    assert told.sites.is_unstable
    assert told.later == (told.sites,)


def test_tokens_do_not_hide_that_two_names_are_two_sites() -> None:
    counter = itertools.count()

    def say(asked: Asked) -> bytes:
        host = asked.headers["host"].partition(":")[0]
        if asked.path != "/":
            return ABSENT
        which = "Agenda" if host == "agenda.chu.example" else "Intranet"
        token = f"t{next(counter):08d}"
        return reply(f"<html><title>CHU</title>{which}<input value='{token}'></html>")

    names = ("agenda.chu.example", "intranet.chu.example", "www.chu.example")
    with saying(say) as running:
        told = look(running.port, names)
    shown = by_name(told.sites)
    assert shown["agenda.chu.example"].names == ("agenda.chu.example",)
    assert shown["www.chu.example"] == shown["intranet.chu.example"]
    assert len(told.of(HttpService)) == 2


def test_a_name_that_only_leads_to_another_is_not_told_twice() -> None:
    def say(asked: Asked) -> bytes:
        host = asked.headers["host"]
        if host.startswith("www."):
            return reply("<html><title>Site</title>ici</html>") if asked.path == "/" else ABSENT
        return moved(f"http://www.chu.example:{running.port}/")

    with saying(say) as running:
        told = look(running.port, ("aaa.bbb.chu.example", "chu.example", "www.chu.example"))
    shown = by_name(told.sites)
    assert shown["chu.example"].redirect.startswith("http://www.chu.example")
    assert shown["chu.example"].assessed_as is None
    assert set(told.of(HttpService)) == {None, "www.chu.example"}
    assert hosts(running)["chu.example"] == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [("421 Misdirected Request", "misdirected"), ("429 Too Many", "rate-limited")],
)
def test_a_name_that_is_not_served(status: str, why: str) -> None:
    def say(asked: Asked) -> bytes:
        if asked.headers["host"].startswith("la."):
            return reply("non", status=status)
        return reply("<html><title>ici</title></html>") if asked.path == "/" else ABSENT

    with saying(say) as running:
        told = look(running.port, ("ici.chu.example", "la.chu.example"))
    reasons = {**told.sites.unanswered, **told.sites.left_out}
    assert reasons == {"la.chu.example": why}


def test_names_beyond_the_bound_are_told() -> None:
    names = [f"n{number:03d}.chu.example" for number in range(MOST_NAMES + 9)]
    with saying(lambda asked: reply("x") if asked.path == "/" else ABSENT) as running:
        told = look(running.port, ("www.chu.example",), found=names)
    assert len(told.sites.left_out) == 10
    assert set(told.sites.left_out.values()) == {"names-limit"}
    assert "www.chu.example" not in told.sites.left_out
    assert len(running.asked) <= 12 + MOST_NAMES


def test_a_medical_host_is_asked_for_the_names_of_the_inventory_alone() -> None:
    with saying(lambda asked: reply("x") if asked.path == "/" else ABSENT) as running:
        told = look(
            running.port,
            ("pacs.chu.example",),
            found=("vieux.chu.example",),
            medical=True,
            intensity=Intensity.DISCREET,
        )
    assert told.sites.left_out == {"vieux.chu.example": "medical-names"}
    assert hosts(running)["vieux.chu.example"] == 0
    assert not told.of(WebHygiene)


def test_discreet_asks_four_times_a_site_at_most() -> None:
    def say(asked: Asked) -> bytes:
        return reply(f"<title>{asked.headers['host'][:3]}</title>{asked.target}")

    with saying(say) as running:
        look(running.port, ("aaa.chu.example", "bbb.chu.example"), intensity=Intensity.DISCREET)
    assert max(hosts(running).values()) <= 4


def test_a_host_that_answers_everywhere_is_not_multiplied() -> None:
    with saying(lambda _asked: reply("x")) as running:
        before: list[int] = []
        told = look(
            running.port,
            ("a.chu.example", "b.chu.example"),
            refuses=lambda _name: "",
            after=lambda: before.append(len(running.asked)),
            everywhere=True,
        )
        assert len(running.asked) == before[0]
    assert set(told.sites.left_out.values()) == {"answers-everywhere"}


def test_a_name_out_of_the_mandate_is_not_asked_for() -> None:
    with saying(lambda asked: reply("x") if asked.path == "/" else ABSENT) as running:
        told = look(
            running.port,
            ("a.chu.example", "exclu.chu.example"),
            refuses=lambda name: "out-of-scope" if name == "exclu.chu.example" else "",
        )
        assert told.sites.left_out == {"exclu.chu.example": "out-of-scope"}
        assert all(
            one.headers["host"].partition(":")[0] != "exclu.chu.example" for one in running.asked
        )


def test_a_window_that_closes_ends_the_looks() -> None:
    with (
        saying(lambda asked: reply("x") if asked.path == "/" else ABSENT) as running,
        pytest.raises(OutOfScope) as refused,
    ):
        look(
            running.port,
            ("a.chu.example", "b.chu.example"),
            refuses=lambda name: "out-of-window" if name == "b.chu.example" else "",
        )
    assert refused.value.reason == "out-of-window"


def test_a_silent_name_costs_a_bounded_time_and_the_rest_is_told() -> None:
    def say(asked: Asked) -> Iterator[bytes] | bytes:
        if asked.headers["host"].startswith("ici"):
            return reply("ici") if asked.path == "/" else ABSENT
        return _never()

    with saying(say) as running:
        told = look(
            running.port,
            ("ici.chu.example", *(f"n{number}.chu.example" for number in range(9))),
            timeout_s=0.2,
        )
        asked = len(running.asked)
    assert asked <= 12 + 4
    assert len(told.sites.unanswered) + len(told.sites.left_out) == 9
    assert len(told.sites.left_out) >= 6


def _never() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    time.sleep(2)


def test_a_page_of_100_mb_and_redirects_without_end() -> None:
    def say(asked: Asked) -> Iterator[bytes] | bytes:
        host = asked.headers["host"]
        if host.startswith("gros") and asked.path == "/":
            return _big()
        if host.startswith("boucle"):
            return moved(f"/{asked.target.count('a') * 'a'}a")
        return reply("ici") if asked.path == "/" else ABSENT

    with saying(say) as running:
        told = look(running.port, ("x.ici.chu.example", "gros.chu.example", "boucle.chu.example"))
    shown = by_name(told.sites)
    assert shown["gros.chu.example"].status == 200
    assert shown["boucle.chu.example"].redirect.startswith("/")
    assert max(hosts(running).values()) <= 12


def _big() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 104857600\r\n\r\n"
    block = b"<p>" + b"x" * 65_533
    for _ in range(1_600):
        yield block


def test_ports_already_told_are_not_looked_at_again() -> None:
    place = Place(establishment="e", ip=_IP, port=443)
    service = Service(place=place, at=_NOW, protocol="http", tls=True)
    names = resolved(("a.chu.example",), ("b.chu.example",))
    (host,) = hosts_of([service], names)
    assert isinstance(host, Host)
    assert (host.names, host.found) == (("a.chu.example",), ("b.chu.example",))
    assert hosts_of([service, SitesSeen(place=place, at=_NOW)], names) == ()
    assert hosts_of([service], ()) == ()
    quiet = Service(place=place, at=_NOW, protocol="unknown", tls=True, quiet=True)
    decoy = Service(place=place, at=_NOW, protocol="http", imitates=("a", "b"))
    assert hosts_of([quiet], names) == hosts_of([decoy], names) == ()
    load_knowledge()


def test_a_site_that_writes_its_own_name_is_one_under_its_aliases_too() -> None:
    def say(asked: Asked) -> bytes:
        if asked.path != "/":
            return ABSENT
        return reply("<title>CHU</title><link href='https://www.chu.example/a.css'> bonjour")

    with saying(say) as running:
        told = look(running.port, ("www.chu.example", "chu.example", "accueil.chu.example"))
    (site,) = told.sites.sites
    assert len(site.names) == 3
    assert told.later == (told.sites,)


def test_through_the_gate_a_medical_host_has_one_connection_at_a_time() -> None:
    """A second one would wait for the first, in vain: no look would bring anything."""
    ip = "127.40.0.9"
    inventory = Inventory(
        path="ght.toml",
        lab=True,
        ght=Ght(id="g", name="GHT"),
        establishments=(
            Establishment(
                id="chu",
                name="CHU",
                ranges=("127.40.0.0/28",),
                domains=("chu.example",),
                medical=("127.40.0.8/29",),
                exclude=("exclu.chu.example",),
            ),
        ),
        mandates=(
            Mandate(
                establishments=("chu",),
                covers=("127.40.0.0/28",),
                signed_by="DG",
                document="m.pdf",
                valid_from=_NOW.date() - timedelta(days=1),
                valid_until=_NOW.date() + timedelta(days=1),
                intensity=Intensity.STANDARD,
            ),
        ),
    )
    scope = Scope(inventory)
    gate = Gate(scope, LIFTED)

    def ask(target: Target, port: int, name: str | None) -> Ask:
        permit = scope.permit(ip, hostname=name or ip, at=datetime.now(UTC))
        named = Target(establishment="chu", ip=ip, hostname=name or ip, medical=permit.medical)
        made = asking(port, named, (name,) if name else (), intensity=permit.intensity)
        return replace(made, dial=lambda: gate.dial(named, port))

    told: list[Observation] = []

    async def tell(some: tuple[Observation, ...]) -> None:
        told.extend(some)

    def say(asked: Asked) -> bytes:
        return reply(f"<title>{asked.headers['host'][:4]}</title>")

    names = ("pacs.chu.example", "dpi.chu.example", "exclu.chu.example")
    with saying(say, ip=ip, tls="pacs.chu.example") as running:
        place = Place(establishment="chu", ip=ip, port=running.port)
        service = Service(place=place, at=_NOW, protocol="http", tls=True)
        seen = [msgspec.structs.replace(one, in_scope=(ip,)) for one in resolved(names)]

        async def run() -> None:
            for host in hosts_of([service], seen):
                await look_at_sites(host, ask, tell)

        trio.run(run)
        most = hosts(running)
    sites_seen = next(one for one in told if isinstance(one, SitesSeen))
    assert sites_seen.left_out == {"exclu.chu.example": "out-of-scope"}
    assert not sites_seen.unanswered
    assert {site.title for site in sites_seen.sites} == {"pacs", "dpi.", "127."}
    assert max(most.values()) <= 4, "never more than discreet"
    assert most["exclu.chu.example"] == 0
    assert all(one.status is Status.OK for one in told if isinstance(one, Attempt))
