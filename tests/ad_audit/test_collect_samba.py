"""A collection of a real domain, compared with what ldapsearch and the database itself say."""

import functools
import stat
from pathlib import Path

import pytest
import trio

from ad_audit.attributes import SECRETS
from ad_audit.collect import collect_forest
from ad_audit.session import Login
from ad_audit.snapshot import Clear, Lock, Passphrase, read_snapshot
from ad_audit.wire import Limits
from core.directory.raw import Collection, RawObject
from core.secrets import Secret
from inventories.scope import DirectoryScope
from tests.ad_audit.conftest import BIG, ZONE, alias
from tests.servers.samba import AUDITOR, DOMAIN_DN, NAME, PASSWORD, SID, Controller

pytestmark = pytest.mark.samba


def login(dc: Controller, **more: object) -> Login:
    usual: dict[str, object] = {
        "servers": (dc.url,),
        "user": f"{AUDITOR}@chu.example",
        "password": Secret(PASSWORD),
        "ca_file": dc.ca_file,
    }
    return Login(**{**usual, **more})  # type: ignore[arg-type]


def collected(dc: Controller, path: Path, lock: Lock, **more: object) -> Collection:
    ask = functools.partial(
        collect_forest,
        DirectoryScope(dc.url),
        login(dc),
        path,
        lock,
        version="0",
        resolve=dc.resolve,
        **more,  # type: ignore[arg-type]
    )
    return trio.run(ask)


@pytest.fixture(scope="module")
def forest(
    dc: Controller, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Collection, list[RawObject], Path]:
    path = tmp_path_factory.mktemp("snapshot") / "chu.vigie-ad"
    lock = Passphrase(Secret("trois petits chats"))
    collection = collected(dc, path, lock)
    told, objects = read_snapshot(path, lock)
    assert told == collection
    return collection, list(objects), path


def by_dn(objects: list[RawObject], dn: str) -> RawObject:
    (found,) = [one for one in objects if one.dn.lower() == dn.lower()]
    return found


def test_every_context_is_whole(forest: tuple[Collection, list[RawObject], Path]) -> None:
    collection, objects, path = forest
    kinds = [one.kind for one in collection.contexts]
    assert kinds == ["schema", "configuration", "domain", "domain-dns", "forest-dns"]
    assert all(one.is_whole and one.read > 0 for one in collection.contexts)
    lacking = {one.kind: one.read - one.descriptors for one in collection.contexts}
    assert {kind for kind, count in lacking.items() if count} == {"domain"}
    assert collection.unread == ()
    assert sum(one.read for one in collection.contexts) == len(objects)
    assert collection.forest == "chu.example"
    assert collection.account_sid.startswith(SID)
    assert list(collection.controllers) == [NAME]
    assert collection.finished_at is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_domain_is_there(forest: tuple[Collection, list[RawObject], Path]) -> None:
    objects = forest[1]
    users = [one for one in objects if b"user" in one.attributes["objectclass"]]
    names = {one.attributes["samaccountname"][0].decode() for one in users}
    assert {"krbtgt", "Administrator", "agent059", "PC009$", "DC1$", "odd4"} <= names
    head = by_dn(objects, DOMAIN_DN)
    assert head.attributes["ms-ds-machineaccountquota"] == (b"10",)
    assert b"".join(head.attributes["objectsid"]).endswith((3333333333).to_bytes(4, "little"))
    krbtgt = by_dn(objects, f"CN=krbtgt,CN=Users,{DOMAIN_DN}")
    assert krbtgt.attributes["msds-keyversionnumber"] == (b"1",)
    odd = by_dn(objects, f"CN=!admin (test),CN=Users,{DOMAIN_DN}")
    assert odd.attributes["description"] == (b"!admin (test)",)
    schema = [one for one in objects if one.context == 0]
    assert any(
        b"nTSecurityDescriptor" in one.attributes.get("ldapdisplayname", ()) for one in schema
    )


def test_partial_rights_are_told_and_nothing_is_read_twice(
    forest: tuple[Collection, list[RawObject], Path],
) -> None:
    objects = forest[1]
    discreet = by_dn(objects, f"CN=discret,CN=Users,{DOMAIN_DN}")
    assert discreet.attributes["samaccountname"] == (b"discret",)
    assert "ntsecuritydescriptor" not in discreet.attributes
    assert not [one for one in objects if one.dn.startswith("CN=cache,")]
    dns = [one.dn.lower() for one in objects]
    assert len(dns) == len(set(dns))


def test_dns_is_asked_of_the_names_that_delegations_lead_to(
    forest: tuple[Collection, list[RawObject], Path],
) -> None:
    nodes = [one for one in forest[1] if b"dnsNode" in one.attributes["objectclass"]]
    # Neither « autre » nor any other: there may be one a machine.
    assert {one.dn.partition(",")[0] for one in nodes} == {"DC=@", "DC=dc1", "DC=intranet"}
    intranet = by_dn(nodes, f"DC=intranet,{ZONE}")
    assert intranet.attributes["dnsrecord"] == (alias("pc001"),)


def test_a_long_group_is_read_whole(forest: tuple[Collection, list[RawObject], Path]) -> None:
    crowd = by_dn(forest[1], f"CN=foule,CN=Users,{DOMAIN_DN}")
    assert len(set(crowd.attributes["member"])) == BIG
    assert not [name for name in crowd.attributes if ";" in name]


def test_no_secret_came(forest: tuple[Collection, list[RawObject], Path]) -> None:
    assert not {name for one in forest[1] for name in one.attributes} & SECRETS


def test_two_connections_read_the_same(
    forest: tuple[Collection, list[RawObject], Path], dc: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "two"
    two = collected(dc, path, Clear(), limits=Limits(connections=2, page_size=37))
    assert [(one.dn, one.read) for one in two.contexts] == [
        (one.dn, one.read) for one in forest[0].contexts
    ]
    again = {one.dn: one for one in read_snapshot(path, Clear())[1]}
    for one in forest[1]:
        if "badpwdcount" not in one.attributes:
            assert again[one.dn].attributes == one.attributes
