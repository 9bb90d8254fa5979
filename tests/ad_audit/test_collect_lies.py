"""A collection against controllers that drop, are busy, lie about pages, drip or never end."""

import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio

from ad_audit import ber
from ad_audit.attributes import SECRETS
from ad_audit.collect import (
    _beside_catalogue,  # pyright: ignore[reportPrivateUsage]
    asked_of_dns,
    collect_forest,
    dns_name,
    node_names,
    parent,
    sid_text,
)
from ad_audit.session import Login
from ad_audit.snapshot import Clear, read_snapshot, unfinished
from ad_audit.wire import Limits
from core.directory.controllers import ASKED_AT
from core.directory.raw import Collection, RawObject
from core.errors import DirectoryFailure
from core.secrets import Secret
from inventories.scope import DirectoryScope
from tests.ad_audit.lying_dc import (
    CONFIGURATION,
    ROOT,
    SCHEMA,
    Cut,
    Dc,
    Object,
    Question,
    account,
    done,
    entry,
    population,
    running,
)

LIMITS = Limits(page_size=10, busy_s=(0.01,) * 4, silence_s=20, page_s=20)


class Found:
    """What came of a collection."""

    def __init__(self, collection: Collection, objects: list[RawObject]) -> None:
        self.collection = collection
        self.objects = objects

    def names(self) -> list[str]:
        """Give the accounts, in order."""
        found = [one.attributes.get("samaccountname") for one in self.objects]
        return [values[0].decode() for values in found if values]

    def missed(self) -> dict[str, str]:
        """Give what is told as unread."""
        return {one.what: one.why for one in self.collection.unread}


def login(dc: Dc) -> Login:
    return Login(
        servers=(f"ldaps://{dc.host}:{dc.port}",),
        user="audit@chu.example",
        password=Secret("x"),
        ca_file=dc.ca_file,
    )


class AnyPort(DirectoryScope):
    """The gate, with the ports of tests."""

    def __init__(self, dc: Dc) -> None:
        super().__init__(f"ldaps://{dc.host}:{dc.port}")
        self.PORTS = frozenset({*DirectoryScope.PORTS, dc.port})


def job(
    dc: Dc, path: Path, *others: Dc, limits: Limits = LIMITS, user: str = "audit@chu.example"
) -> "Callable[[], trio.abc.AsyncResource]":
    hosts = {one.host: one.address for one in (dc, *others)}

    async def resolve(host: str) -> tuple[str, ...]:
        if host not in hosts:
            raise OSError(host)
        return (hosts[host],)

    return functools.partial(  # type: ignore[return-value]
        collect_forest,
        AnyPort(dc),
        msgspec.structs.replace(login(dc), user=user),
        path,
        Clear(),
        version="0",
        limits=limits,
        resolve=resolve,
    )


def collect(dc: Dc, folder: Path, *others: Dc, limits: Limits = LIMITS) -> Found:
    with running(folder, dc, *others):
        path = folder / "forest"
        collection: Collection = trio.run(job(dc, path, *others, limits=limits))  # type: ignore[arg-type]
        told, objects = read_snapshot(path, Clear())
        assert told == collection
        return Found(collection, list(objects))


def on(
    part: str, answer: Callable[[Dc, Question], "Iterator[bytes] | None"]
) -> "Callable[[Dc, Question], Iterator[bytes] | None]":
    """Give a script for one part of the domain; the others are answered honestly."""

    def script(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        return answer(dc, question) if question.part == part and question.base == ROOT else None

    return script


USERS = [f"u{number}" for number in range(25)]


def test_an_honest_controller_is_read_whole(tmp_path: Path) -> None:
    dc = Dc(objects=population())
    found = collect(dc, tmp_path)
    assert found.names() == USERS
    assert found.collection.unread == ()
    assert all(one.is_whole for one in found.collection.contexts)
    assert (dc.binds, dc.connections) == (1, 1)
    group = next(one for one in found.objects if one.dn.startswith("CN=g,"))
    assert group.attributes["member"] == tuple(b"CN=u%d" % number for number in range(35))


@pytest.mark.parametrize(
    "name",
    [
        "configurationNamingContext",
        "defaultNamingContext",
        "rootDomainNamingContext",
        "schemaNamingContext",
        "supportedCapabilities",
    ],
)
def test_what_names_no_forest_is_not_read_as_an_empty_one(name: str, tmp_path: Path) -> None:
    dc = Dc(objects=population(), root={name: ()})
    with running(tmp_path, dc), pytest.raises(DirectoryFailure, match="not-active-directory"):
        trio.run(job(dc, tmp_path / "f"))  # type: ignore[arg-type]
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("way", ["busy", "cut"])
def test_who_we_are_is_not_worth_the_collection(way: str, tmp_path: Path) -> None:
    def about_us(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.part or question.base != ROOT or question.attributes != ("objectSid",):
            return None
        if way == "cut":
            raise Cut
        return iter([done(question.number, 51)])

    dc = Dc(objects=population(), script=about_us)
    found = collect(dc, tmp_path)
    assert (found.names(), found.collection.unread) == (USERS, ())
    assert found.collection.account_sid == ""
    assert dc.binds == 1 + (way == "cut")


def test_a_cut_is_taken_up_again(tmp_path: Path) -> None:
    def cut_once(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.cookie == b"10" and question.times == 0:
            raise Cut
        return None

    dc = Dc(objects=population(), script=on("users", cut_once))
    found = collect(dc, tmp_path)
    assert found.names() == USERS
    assert found.collection.unread == ()
    assert dc.binds == 2


def test_a_cut_that_comes_back_is_told(tmp_path: Path) -> None:
    def cut(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        raise Cut

    dc = Dc(objects=population(), script=on("users", cut))
    found = collect(dc, tmp_path)
    assert found.names() == []
    assert found.missed()["user"].startswith("reset")
    assert dc.binds == 1 + LIMITS.reopenings
    # The connection of the last try is gone too, and no other may be made.
    assert found.missed()["group"].startswith("reset")


def test_a_notice_of_disconnection_is_a_cut(tmp_path: Path) -> None:
    def leave(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.times:
            return None
        oid = b"1.3.6.1.4.1.1466.20036"
        body = b"\x0a\x01\x34\x04\x00\x04\x00\x8a" + bytes((len(oid),)) + oid
        notice = b"\x02\x01\x00\x78" + bytes((len(body),)) + body
        return iter([b"\x30" + bytes((len(notice),)) + notice])

    found = collect(Dc(objects=population(), script=on("users", leave)), tmp_path)
    assert found.names() == USERS


def test_a_busy_controller_is_given_time(tmp_path: Path) -> None:
    def busy(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        return iter([done(question.number, 51)]) if question.times < 3 else None

    dc = Dc(objects=population(), script=on("users", busy))
    found = collect(dc, tmp_path)
    assert (found.names(), found.collection.unread) == (USERS, ())
    assert dc.binds == 1


def test_a_controller_that_stays_busy_is_told(tmp_path: Path) -> None:
    found = collect(
        Dc(
            objects=population(),
            script=on("users", lambda _dc, question: iter([done(question.number, 52)])),
        ),
        tmp_path,
    )
    assert found.missed() == {"user": "busy: result 52", "inetorgperson": "busy: result 52"}
    assert any(one.dn.startswith("CN=g,") for one in found.objects)


GARBAGE = {
    "no-ldap": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "endless-length": b"\x30\x84\x7f\xff\xff\xff",
    "indefinite": b"\x30\x80\x02\x01\x01",
    "no-operation": b"\x30\x03\x02\x01\x01",
    "cut-entry": b"\x30\x0c\x02\x02NN\x64\x06\x04\x84\xff\xff\xff\xff",
    "no-number": b"\x30\x05\x04\x03abc",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_costs_its_part_alone(name: str, tmp_path: Path) -> None:
    def answer(dc: Dc, question: Question) -> Iterator[bytes]:
        yield GARBAGE[name].replace(b"NN", question.number.to_bytes(2, "big"))
        yield done(question.number)

    dc = Dc(objects=population(), script=on("users", answer))
    found = collect(dc, tmp_path)
    assert found.missed()["user"].startswith("protocol-error")
    assert set(found.missed()) == {"user", "inetorgperson"}
    assert any(one.dn.startswith("CN=g,") for one in found.objects)


def test_garbage_inside_an_entry_costs_its_part_alone(tmp_path: Path) -> None:
    def answer(dc: Dc, question: Question) -> Iterator[bytes]:
        whole = entry(question.number, f"CN=x,{ROOT}", {"cn": (b"x",)})
        # The tag of the set of values: everything around it still frames.
        at = whole.index(b"\x31\x84")
        yield whole[:at] + b"\x04" + whole[at + 1 :]
        yield done(question.number)

    found = collect(Dc(objects=population(), script=on("users", answer)), tmp_path)
    assert set(found.missed()) == {"user", "inetorgperson"}
    assert found.missed()["user"] == "protocol-error: values"


def test_pages_that_come_back_are_a_lie(tmp_path: Path) -> None:
    def loop(dc: Dc, question: Question) -> Iterator[bytes]:
        for dn, attributes in dc.objects[(ROOT, "users")][:10]:
            yield entry(question.number, dn, attributes)
        yield done(question.number, 0, b"10")

    dc = Dc(objects=population(), script=on("users", loop))
    found = collect(dc, tmp_path)
    assert found.missed()["user"] == "protocol-error: a page of objects that came before"
    assert len([one for one in dc.asked if one.part == "users"]) < 10


def test_empty_pages_end(tmp_path: Path) -> None:
    dc = Dc(
        objects=population(),
        script=on("users", lambda _dc, question: iter([done(question.number, 0, b"more")])),
    )
    found = collect(dc, tmp_path)
    assert found.missed()["user"] == "gave-up: pages without objects"
    assert len([one for one in dc.asked if one.part == "users"]) <= 2 * (
        LIMITS.most_empty_pages + 2
    )


def test_some_empty_pages_are_no_lie(tmp_path: Path) -> None:
    def pause(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.cookie == b"10" and question.times < 5:
            return iter([done(question.number, 0, b"10")])
        return None

    found = collect(Dc(objects=population(), script=on("users", pause)), tmp_path)
    assert (found.names(), found.collection.unread) == (USERS, ())


def endless(dc: Dc, question: Question) -> Iterator[bytes]:
    for number in itertools.count():
        dn, attributes = account(f"e{number}", number)
        yield entry(question.number, dn, attributes)


def test_a_page_without_end_is_left(tmp_path: Path) -> None:
    limits = Limits(page_size=10, most_page_objects=500)
    dc = Dc(objects=population(), script=on("users", endless))
    found = collect(dc, tmp_path, limits=limits)
    assert found.missed()["user"] == "gave-up: a page without end"
    assert any(one.dn.startswith("CN=g,") for one in found.objects)


def test_objects_without_end_are_left(tmp_path: Path) -> None:
    def more(dc: Dc, question: Question) -> Iterator[bytes]:
        first = int(question.cookie or b"1")
        for number in range(first, first + 10):
            dn, attributes = account(f"e{number}", number)
            yield entry(question.number, dn, attributes)
        yield done(question.number, 0, str(first + 10).encode())

    limits = Limits(page_size=10, most_objects=300)
    found = collect(Dc(objects=population(), script=on("users", more)), tmp_path, limits=limits)
    assert found.missed()["user"] == "gave-up: more objects than a forest has"


def test_a_drip_is_left(tmp_path: Path) -> None:
    def drip(dc: Dc, question: Question) -> Iterator[bytes]:
        raw = b"".join(itertools.islice(endless(dc, question), 2_000))
        for at in range(len(raw)):
            if dc.stopping.wait(0.02):
                return
            yield raw[at : at + 1]

    limits = Limits(page_size=10, page_s=0.6, silence_s=20)
    found = collect(Dc(objects=population(), script=on("users", drip)), tmp_path, limits=limits)
    assert found.missed()["user"] == "gave-up: a page that drips"


def test_silence_is_told(tmp_path: Path) -> None:
    def silent(dc: Dc, question: Question) -> Iterator[bytes]:
        dc.stopping.wait(20)
        yield from ()

    limits = Limits(page_size=10, silence_s=0.5, reopenings=2)
    found = collect(Dc(objects=population(), script=on("users", silent)), tmp_path, limits=limits)
    assert found.missed()["user"].startswith("timeout")


def test_a_refusal_on_the_way_is_the_last_bind(tmp_path: Path) -> None:
    def cut(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        raise Cut

    dc = Dc(objects=population(), script=on("users", cut), refuse_after=1)
    found = collect(dc, tmp_path)
    assert dc.binds == 2
    assert set(found.missed().values()) == {"credential-refused: credential"}
    assert {"user", "group", "computer"} <= set(found.missed())
    assert found.collection.finished_at is not None


TWO = msgspec.structs.replace(LIMITS, connections=2)


def test_two_connections_read_the_same(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Dc(objects=population()), Dc(objects=population())
    alone = collect(one, tmp_path / "one")
    both = collect(two, tmp_path / "two", limits=TWO)
    assert (one.binds, two.binds) == (1, 2)
    assert [each.dn for each in both.collection.contexts] == [SCHEMA, CONFIGURATION, ROOT]
    assert sorted(both.names()) == sorted(alone.names())
    assert both.collection.unread == alone.collection.unread == ()
    assert _asked(two) == _asked(one)


def _asked(dc: Dc) -> list[tuple[str, str, bytes]]:
    return sorted((one.base, one.part, one.cookie) for one in dc.asked if one.part)


def test_the_second_connection_goes_where_the_first_did(tmp_path: Path) -> None:
    # The name of a domain is that of every controller: they are shown in turn.
    dc, other = Dc(objects=population()), Dc(objects=population(), address="127.0.0.2")
    turns = itertools.cycle([dc, other])

    async def resolve(_host: str) -> tuple[str, ...]:
        return (next(turns).address,)

    with running(tmp_path, dc, other):
        collect_both = functools.partial(
            collect_forest,
            AnyPort(dc),
            login(dc),
            tmp_path / "f",
            Clear(),
            version="0",
            limits=TWO,
            resolve=resolve,
        )
        trio.run(collect_both)
    assert (dc.binds, other.binds) == (2, 0)


@pytest.mark.parametrize("limits", [TWO, msgspec.structs.replace(TWO, reopenings=0)])
def test_a_refusal_on_the_second_connection_ends_the_run(limits: Limits, tmp_path: Path) -> None:
    dc = Dc(objects=population(), refuse_after=1)
    with running(tmp_path, dc), pytest.raises(DirectoryFailure, match="credential"):
        trio.run(job(dc, tmp_path / "f", limits=limits))  # type: ignore[arg-type]
    assert dc.binds == 2
    assert not (tmp_path / "f").exists()


def test_a_second_connection_that_is_cut_leaves_the_first(tmp_path: Path) -> None:
    dc = Dc(objects=population(), cut_after=1)
    found = collect(dc, tmp_path, limits=TWO)
    assert found.names() == USERS
    assert found.collection.unread == ()
    assert dc.binds == 2


def test_both_connections_wait_for_a_busy_controller(tmp_path: Path) -> None:
    def busy(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        return iter([done(question.number, 51)]) if question.part and question.times == 0 else None

    dc = Dc(objects=population(), script=busy)
    found = collect(dc, tmp_path, limits=TWO)
    assert sorted(found.names()) == sorted(USERS)
    assert found.collection.unread == ()


def test_a_limit_of_the_server_is_told(tmp_path: Path) -> None:
    def short(dc: Dc, question: Question) -> Iterator[bytes]:
        dn, attributes = account("u0", 1)
        yield entry(question.number, dn, attributes)
        yield done(question.number, 4)

    found = collect(Dc(objects=population(), script=on("users", short)), tmp_path)
    assert found.missed()["user"] == "gave-up: result 4"
    assert found.names() == ["u0"]


def test_what_the_account_may_not_read_is_told(tmp_path: Path) -> None:
    dc = Dc(
        objects=population(),
        script=on("users", lambda _dc, question: iter([done(question.number, 50)])),
    )
    assert collect(dc, tmp_path).missed()["user"] == "hidden: result 50"


def test_a_cookie_that_is_lost_is_asked_anew(tmp_path: Path) -> None:
    def forget(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.cookie == b"20" and question.times == 0:
            return iter([done(question.number, 53)])
        return None

    found = collect(Dc(objects=population(), script=on("users", forget)), tmp_path)
    assert (found.names(), found.collection.unread) == (USERS, ())


def test_a_range_that_goes_nowhere_is_left(tmp_path: Path) -> None:
    def again(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.attributes[0].startswith("member;range="):
            raw = entry(question.number, question.base, {"member;range=0-9": (b"CN=u1",)})
            return iter([raw, done(question.number)])
        return None

    dc = Dc(objects=population(), script=again)
    found = collect(dc, tmp_path)
    assert list(found.missed()) == ["member"]
    group = next(one for one in found.objects if one.dn.startswith("CN=g,"))
    assert len(group.attributes["member"]) == 10
    assert len([one for one in dc.asked if one.attributes[0].startswith("member;")]) == 1


def test_what_was_not_asked_is_not_kept(tmp_path: Path) -> None:
    objects = population(0)
    secret = account("u0", 1, unicodePwd=(b"secret",), **{"ms-Mcs-AdmPwd": (b"secret",)})

    def tell(dc: Dc, question: Question) -> Iterator[bytes]:
        yield entry(question.number, *secret)
        yield done(question.number)

    dc = Dc(objects=objects, script=on("users", tell))
    found = collect(dc, tmp_path)
    assert found.names() == ["u0"]
    assert not {name for one in found.objects for name in one.attributes} & SECRETS
    assert b"secret" not in (tmp_path / "forest").read_bytes()


def test_no_secret_is_asked_for_on_the_wire(tmp_path: Path) -> None:
    objects = population()
    # A schema that has them all.
    objects[(SCHEMA, "schema")] += [
        (f"CN={name},{SCHEMA}", {"lDAPDisplayName": (name.encode(),)}) for name in SECRETS
    ]
    dc = Dc(objects=objects)
    collect(dc, tmp_path)
    assert len(dc.requests) > 20
    for request in dc.requests:
        for name in SECRETS:
            assert tlv_text(name) not in request.lower()
        if ber.open_message(request).tag == 0x63:
            assert b"1.2.840.113556.1.4.1941" not in request
    flagged = [one for one in dc.requests if ber.PAGED.encode() in one]
    assert flagged
    assert all(b"\x30\x03\x02\x01\x07" in one for one in flagged)


def tlv_text(name: str) -> bytes:
    """Give an attribute's name as it stands in a request: alone in its element."""
    return bytes((4, len(name))) + name.encode()


def test_referrals_are_not_followed(tmp_path: Path) -> None:
    def refer(dc: Dc, question: Question) -> Iterator[bytes]:
        url = b"ldap://127.0.0.9/DC=elsewhere"
        inner = bytes((4, len(url))) + url
        body = b"\x73" + bytes((len(inner),)) + inner
        number = b"\x02\x02" + question.number.to_bytes(2, "big")
        yield b"\x30" + bytes((len(number + body),)) + number + body
        yield from dc.honest(question)

    found = collect(Dc(objects=population(), script=on("users", refer)), tmp_path)
    assert (found.names(), found.collection.unread) == (USERS, ())


def test_what_the_server_counts_is_compared(tmp_path: Path) -> None:
    objects = population()
    objects[(ROOT, "containers")] = [
        (
            f"CN=Users,{ROOT}",
            {"objectClass": (b"container",), "msDS-Approx-Immed-Subordinates": (b"31",)},
        )
    ]
    found = collect(Dc(objects=objects), tmp_path)
    domain = found.collection.contexts[-1]
    # 25 accounts and a group are seen in a container that says it has 31 children.
    assert (domain.read, domain.expected) == (28, 33)


def test_an_object_that_two_parts_find_is_kept_once(tmp_path: Path) -> None:
    objects = population(3)
    objects[(ROOT, "computers")] = [account("u1", 2)]
    found = collect(Dc(objects=objects), tmp_path)
    assert sorted(found.names()) == ["u0", "u1", "u2"]


CHILD = f"DC=rouen,{ROOT}"


def two_domains() -> tuple[Dc, Dc]:
    objects = population()
    objects[(CONFIGURATION, "partitions")].append(
        (
            f"CN=ROUEN,CN=Partitions,{CONFIGURATION}",
            {"nCName": (CHILD.encode(),), "systemFlags": (b"3",)},
        )
    )
    sites = f"CN=Servers,CN=S,CN=Sites,{CONFIGURATION}"
    objects[(CONFIGURATION, "sites")] = [
        (f"CN=DC1,{sites}", {"dNSHostName": (b"dc1.chu.example",)}),
        (f"CN=NTDS Settings,CN=DC1,{sites}", {"hasMasterNCs": (ROOT.encode(),)}),
        (f"CN=DC9,{sites}", {"dNSHostName": (b"dc9.rouen.chu.example",)}),
        (f"CN=NTDS Settings,CN=DC9,{sites}", {"msDS-hasMasterNCs": (CHILD.encode(),)}),
    ]
    child: dict[tuple[str, str], list[Object]] = {
        (CHILD, "head"): [(CHILD, {"objectClass": (b"domainDNS",)})],
        (CHILD, "users"): [
            (f"CN=r,CN=Users,{CHILD}", {"sAMAccountName": (b"r",), "objectGUID": (b"r" * 16,)})
        ],
    }
    return Dc(objects=objects), Dc(
        domain=CHILD, objects=child, host="dc9.rouen.chu.example", address="127.0.0.2"
    )


def test_another_domain_is_read_on_its_own_controller(tmp_path: Path) -> None:
    one, other = two_domains()
    # Ours alone to say.
    other.root[ASKED_AT] = (b"1999-01-01T00:00:00+00:00",)
    with running(tmp_path, one, other):
        collection: Collection = trio.run(job(one, tmp_path / "f", other))  # type: ignore[arg-type]
    assert [(each.dn, each.server) for each in collection.contexts][-1] == (CHILD, other.host)
    assert collection.contexts[-1].read == 2
    assert sorted(collection.controllers) == ["dc1.chu.example", "dc9.rouen.chu.example"]
    for told in collection.controllers.values():
        (asked_at,) = told[ASKED_AT]
        assert datetime.fromisoformat(asked_at) >= collection.started_at - timedelta(minutes=1)
    # Once to read the domain; the rootDSE is read without an account.
    assert (one.binds, other.binds, other.connections) == (1, 1, 2)


def test_another_domain_that_is_not_reached_is_told(tmp_path: Path) -> None:
    one, _ = two_domains()
    with running(tmp_path, one):
        collection: Collection = trio.run(job(one, tmp_path / "f"))  # type: ignore[arg-type]
    assert not collection.contexts[-1].is_whole
    assert collection.contexts[-1].why.startswith("unresolved")
    told = {each.what: each.why for each in collection.unread}
    assert told["rootDSE dc9.rouen.chu.example"].startswith("unresolved")


ZONES = f"DC=DomainDnsZones,{ROOT}"


def dns_elsewhere() -> tuple[Dc, Dc]:
    """Give a controller that is no DNS server, and one that is."""
    objects = population()
    objects[(CONFIGURATION, "partitions")].append(
        (
            f"CN=zones,CN=Partitions,{CONFIGURATION}",
            {"nCName": (ZONES.encode(),), "systemFlags": (b"5",)},
        )
    )
    sites = f"CN=Servers,CN=S,CN=Sites,{CONFIGURATION}"
    objects[(CONFIGURATION, "sites")] = [
        (f"CN=DC2,{sites}", {"dNSHostName": (b"dc2.chu.example",)}),
        (
            f"CN=NTDS Settings,CN=DC2,{sites}",
            {"msDS-hasMasterNCs": (ROOT.encode(), ZONES.encode())},
        ),
    ]
    held: dict[tuple[str, str], list[Object]] = {
        (ZONES, "zones"): [
            (f"DC=chu.example,CN=MicrosoftDNS,{ZONES}", {"objectClass": (b"dnsZone",)})
        ]
    }
    return Dc(objects=objects), Dc(
        objects=held, zones=(ZONES,), host="dc2.chu.example", address="127.0.0.2"
    )


def test_zones_are_read_where_they_are(tmp_path: Path) -> None:
    one, other = dns_elsewhere()
    found = collect(one, tmp_path, other)
    last = found.collection.contexts[-1]
    assert (last.dn, last.kind, last.server, last.read) == (ZONES, "domain-dns", other.host, 1)
    assert found.collection.unread == ()
    assert (one.binds, other.binds) == (1, 1)


def test_zones_that_are_not_reached_are_told(tmp_path: Path) -> None:
    one, _ = dns_elsewhere()
    found = collect(one, tmp_path)
    last = found.collection.contexts[-1]
    assert (last.dn, last.is_whole) == (ZONES, False)
    assert last.why.startswith("unresolved")


def test_an_account_refused_elsewhere_is_not_shown_again(tmp_path: Path) -> None:
    one, other = two_domains()
    other.refuse_after = 0
    with running(tmp_path, one, other):
        collection: Collection = trio.run(job(one, tmp_path / "f", other))  # type: ignore[arg-type]
    assert collection.contexts[-1].why == "credential-refused: credential"
    assert (one.binds, other.binds) == (1, 1)


def interrupt(dc: Dc, path: Path) -> None:
    """Collect from a running controller, and be interrupted among its users."""
    reached = threading.Event()

    def hang(dc: Dc, question: Question) -> "Iterator[bytes] | None":
        if question.cookie == b"10" and not reached.is_set():
            reached.set()
            dc.stopping.wait(20)
            raise Cut
        return None

    async def interrupted() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(job(dc, path))  # type: ignore[arg-type]
            await trio.to_thread.run_sync(reached.wait, 60)
            nursery.cancel_scope.cancel()

    dc.script = on("users", hang)
    trio.run(interrupted)
    assert not path.exists()
    dc.asked.clear()


def test_an_interrupted_collection_is_taken_up_again(tmp_path: Path) -> None:
    dc = Dc(objects=population())
    path = tmp_path / "f"
    with running(tmp_path, dc):
        interrupt(dc, path)
        progress = unfinished(path)
        assert progress is not None
        assert progress.parts["0/schema"].is_done
        collection: Collection = trio.run(job(dc, path))  # type: ignore[arg-type]
    again = [one.part for one in dc.asked]
    assert "schema" not in again
    assert "users" in again
    told, objects = read_snapshot(path, Clear())
    assert told == collection
    assert collection.unread == ()
    assert Found(collection, list(objects)).names() == USERS
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("f")] == ["f"]


@pytest.mark.parametrize("way", ["another account", "another day"])
def test_what_is_not_one_state_of_the_directory_is_begun_anew(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dc = Dc(objects=population())
    path = tmp_path / "f"
    with running(tmp_path, dc):
        interrupt(dc, path)
        if way == "another day":
            monkeypatch.setattr("ad_audit.collect._RESUMED_WITHIN", timedelta(0))
        user = "autre@chu.example" if way == "another account" else "audit@chu.example"
        collection: Collection = trio.run(job(dc, path, user=user))  # type: ignore[arg-type]
    assert collection.account == user
    assert "schema" in [one.part for one in dc.asked]
    assert Found(collection, list(read_snapshot(path, Clear())[1])).names() == USERS


def test_a_global_catalogue_is_left_for_its_controller() -> None:
    servers = ("ldaps://dc1.chu.example:3269", "ldap://[2001:db8::1]:3268", "ldaps://dc1.x")
    assert [_beside_catalogue(one) for one in servers] == [
        "ldaps://dc1.chu.example:636",
        "ldap://[2001:db8::1]:389",
        "ldaps://dc1.x",
    ]


def test_dns_is_asked_of_what_delegation_is_about() -> None:
    def asked(**attributes: bytes) -> list[str]:
        named = ((name.replace("_", "-"), (value,)) for name, value in attributes.items())
        return asked_of_dns(RawObject(context=0, dn="CN=x", attributes=dict(named)))

    given = {"dnshostname": b"x.chu.example", "serviceprincipalname": b"HTTP/y.chu.example"}
    assert asked(useraccountcontrol=b"4096", **given) == []
    assert asked(useraccountcontrol=b"532480", **given) == ["HOST/x.chu.example"]
    assert asked(useraccountcontrol=b"528384", **given) == ["HTTP/y.chu.example"]
    assert asked(msds_allowedtodelegateto=b"cifs/z", **given) == ["cifs/z", "HTTP/y.chu.example"]


def test_names_are_taken_apart() -> None:
    assert parent("CN=a\\,b,OU=x,DC=chu") == "OU=x,DC=chu"
    assert parent("CN=a\\\\,OU=x") == "OU=x"
    assert parent("DC=chu") == ""
    assert dns_name("DC=chu,DC=Example") == "chu.example"
    whole = ("a", "a.b", "a.b.chu", "a.b.chu.example")
    above = ("b", "b.chu", "b.chu.example", "chu", "chu.example", "example")
    assert node_names("cifs/a.b.chu.example:445/chu.example") == (
        *whole,
        *above,
        *(f"*.{one}" for one in above),
    )
    assert node_names("ldap/DC1") == ("dc1",)
    assert node_names("nothing") == node_names("http/") == node_names("http/a..b") == ()
    assert sid_text(bytes.fromhex("01020000000000052000000020020000")) == "S-1-5-32-544"
    assert sid_text(b"") == sid_text(b"\x01\x05") == ""
