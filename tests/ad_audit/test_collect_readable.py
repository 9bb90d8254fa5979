"""Whether attributes made for a password can be read is asked; what is in them never is."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

import ad_audit.collect
from ad_audit.attributes import SECRETS
from ad_audit.snapshot import Clear, read_snapshot, unfinished
from core.directory.raw import Readable
from tests.ad_audit.lying_dc import (
    ROOT,
    SCHEMA,
    Cut,
    Dc,
    Object,
    Question,
    account,
    done,
    entry,
    running,
)
from tests.ad_audit.lying_dc import population as usual
from tests.ad_audit.test_collect_lies import USERS, collect, job, on, tlv_text

USER_PASSWORD = "holding-userpassword"
U1 = Readable(dn=f"CN=u1,CN=Users,{ROOT}", attribute="userpassword")
U2 = Readable(dn=f"CN=u2,CN=Users,{ROOT}", attribute="unixuserpassword")


def population() -> dict[tuple[str, str], list[Object]]:
    """Give the usual forest, with every secret in its schema and two of them in sight."""
    objects = usual()
    objects[(SCHEMA, "schema")] += [
        (f"CN={name},{SCHEMA}", {"lDAPDisplayName": (name.encode(),)}) for name in SECRETS
    ]
    objects[(ROOT, USER_PASSWORD)] = [account("u1", 2, userPassword=(b"Soleil2024",))]
    objects[(ROOT, "holding-unixuserpassword")] = [account("u2", 3)]
    return objects


def test_what_can_be_read_is_told_by_name_and_its_value_is_never_asked_for(tmp_path: Path) -> None:
    dc = Dc(objects=population())
    found = collect(dc, tmp_path)
    assert set(found.collection.readable or ()) == {U1, U2}
    assert found.names() == USERS
    assert found.collection.unread == ()
    asked = [one for one in dc.asked if one.part.startswith("holding-")]
    assert {one.attributes for one in asked} == {("objectGUID",)}
    assert len(asked) == 5
    assert not {name.lower() for one in dc.asked for name in one.attributes} & SECRETS
    for request in dc.requests:
        for name in SECRETS:
            assert tlv_text(name) not in request.lower()
    presence = bytes((0x87, len("userpassword"))) + b"userpassword"
    assert [one for one in dc.requests if presence in one.lower()]
    assert b"Soleil2024" not in (tmp_path / "forest").read_bytes()


def test_a_value_that_comes_unasked_is_not_kept(tmp_path: Path) -> None:
    def tell(_dc: Dc, question: Question) -> Iterator[bytes]:
        yield entry(question.number, *account("u1", 2, userPassword=(b"Soleil2024",)))
        yield done(question.number)

    found = collect(Dc(objects=population(), script=on(USER_PASSWORD, tell)), tmp_path)
    assert U1 in (found.collection.readable or ())
    assert b"Soleil2024" not in (tmp_path / "forest").read_bytes()


def test_what_the_schema_has_not_is_not_asked(tmp_path: Path) -> None:
    dc = Dc(objects=usual())
    found = collect(dc, tmp_path)
    assert found.collection.readable == ()
    assert found.collection.unread == ()
    assert not [one for one in dc.asked if one.part.startswith("holding-")]


def test_a_refusal_is_told(tmp_path: Path) -> None:
    def refuse(_dc: Dc, question: Question) -> Iterator[bytes]:
        yield done(question.number, 50)

    found = collect(Dc(objects=population(), script=on(USER_PASSWORD, refuse)), tmp_path)
    assert found.missed() == {"userpassword": "hidden: result 50"}
    assert found.collection.readable == (U2,)


def test_there_is_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ad_audit.collect, "_MOST_READABLE", 7)
    objects = population()
    objects[(ROOT, USER_PASSWORD)] = [account(f"u{one}", one + 1) for one in range(25)]
    del objects[(ROOT, "holding-unixuserpassword")]
    found = collect(Dc(objects=objects), tmp_path)
    assert len(found.collection.readable or ()) == 7
    assert found.missed() == {"userpassword": "gave-up: too many"}
    assert found.names() == USERS


def test_a_resume_forgets_none(tmp_path: Path) -> None:
    reached = threading.Event()

    def hang(dc: Dc, _question: Question) -> Iterator[bytes]:
        reached.set()
        dc.stopping.wait(20)
        raise Cut

    path = tmp_path / "forest"
    # The last question of the domain: the others were answered.
    dc = Dc(objects=population(), script=on(USER_PASSWORD, hang))

    async def interrupted() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(job(dc, path))  # type: ignore[arg-type]
            await trio.to_thread.run_sync(reached.wait, 60)
            nursery.cancel_scope.cancel()

    with running(tmp_path, dc):
        trio.run(interrupted)
        progress = unfinished(path)
        assert progress is not None
        assert progress.collection is not None
        assert progress.collection.readable == (U2,)
        dc.script = lambda _dc, _question: None
        dc.objects[(ROOT, "holding-unixuserpassword")] = []
        trio.run(job(dc, path))  # type: ignore[arg-type]
    told, _ = read_snapshot(path, Clear())
    assert set(told.readable or ()) == {U1, U2}
