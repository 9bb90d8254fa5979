"""Who administers a read-only controller locally controls it."""

from checks.ad._shared.healthy import ROOT, controller, healthy
from core.directory.graph import Edge
from core.directory.rights import Right

_MANAGED = {"managedby": f"CN=m.durand,OU=Personnel,{ROOT}"}


def test_the_manager_of_a_read_only_controller_controls_it() -> None:
    forest = healthy(controller("RODC", _MANAGED, read_only=True))
    rodc = next(one.account for one in forest.controllers if one.is_read_only)
    (found,) = forest.controllers_of(rodc)
    assert found.label is Edge.MANAGED_BY
    assert found.holder is not None
    assert found.holder.name == "m.durand"
    assert not forest.controllers_of(rodc, only=Right.WRITE_RBCD)


def test_the_manager_of_another_controller_does_not() -> None:
    forest = healthy(controller("DC3", _MANAGED))
    assert not forest.controllers_of(*(one.account for one in forest.controllers))
