"""The model of a forest, on what a real controller gave: nothing of its own looks like a fault."""

import pytest

from ad_audit.snapshot import Clear, read_snapshot
from core.directory import sids
from core.directory.accounts import holders
from core.directory.build import build
from core.directory.forest import Directory
from core.directory.words import say_path
from tests.ad_audit.conftest import BIG
from tests.ad_audit.test_collect_samba import collected
from tests.servers.samba import SID, Controller

pytestmark = pytest.mark.samba


@pytest.fixture(scope="module")
def forest(dc: Controller, tmp_path_factory: pytest.TempPathFactory) -> Directory:
    path = tmp_path_factory.mktemp("model") / "forest"
    collected(dc, path, Clear())
    return build([read_snapshot(path, Clear())])


def test_what_was_read_makes_sense(forest: Directory) -> None:
    assert not forest.nonsense
    assert forest.root.sid == SID
    assert forest.unread("domain", "user", "group", "computer") == ""
    assert forest.schema.is_read
    assert all(one.descriptor is not None for one in forest.privileged.via)
    assert len(forest.descriptors) < len(forest) / 4


def test_the_controller_and_the_privileged(forest: Directory) -> None:
    [controller] = forest.controllers
    assert controller.account.name == "DC1$"
    assert controller.server is not None
    assert controller.settings is not None
    assert {one.name for one in forest.privileged.users} == {"Administrator"}
    assert {one.entry.name for one in holders(forest)} == {"Administrator", "DC1$"}
    krbtgt = forest.account(forest.root, sids.KRBTGT)
    assert krbtgt is not None
    assert krbtgt.password_set is not None
    names = [f"ldap/{controller.settings.guid}._msdcs.chu.example", "cifs/dc1", "ldap/CHU"]
    assert all(forest.spn_targets(spn) == (controller.account,) for spn in names)


def test_groups(forest: Directory) -> None:
    loops = [sorted(one.name for one in loop) for loop in forest.group_loops]
    assert loops == [["ronde-a", "ronde-b"]]
    crowd = next(one for one in forest.groups if one.name == "foule")
    # Its members are contacts, which are not collected: their names alone are known.
    assert len(crowd.texts("member")) == BIG


def test_nobody_controls_what_they_should_not(forest: Directory) -> None:
    found = forest.paths.leading()
    assert [say_path(forest, forest.paths.path_from(one)).en for one in found] == []
    assert forest.paths.everyone == ()
    for level in (1, 2):
        for target in forest.tier0:
            told = [
                say_path(forest, one.path).en for one in forest.controllers_of(target, level=level)
            ]
            assert told == []
