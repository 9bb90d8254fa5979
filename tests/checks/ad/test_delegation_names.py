"""A delegation to a controller, by every name that leads to it; a neighbour's name does not."""

import pytest

from checks.ad import delegation_a2d2, delegation_t2a4d
from checks.ad._shared.healthy import Departure, cname, computer, controller, healthy, server
from core.directory import flags
from core.directory.forest import Directory
from core.model import Flagged, Verdict
from tests.checks.test_every_check import FACTS

_ALLOWED = "msds-allowedtodelegateto"


def _judged(spn: str, *more: Departure) -> list[Verdict]:
    app = server("SRV-APP", {_ALLOWED: spn}, uac=flags.PROTOCOL_TRANSITION)
    forest: Directory = healthy(*more, app)
    return [
        verdict
        for check in (delegation_a2d2.CHECK, delegation_t2a4d.CHECK)
        for verdict in check.judge(forest, FACTS)
    ]


def _guid_of(name: str) -> str:
    forest = healthy()
    one = next(each for each in forest.controllers if each.account.name == name)
    assert one.settings is not None
    return one.settings.guid


@pytest.mark.parametrize(
    "spn",
    [
        "cifs/DC1",
        "cifs/dc1.CHU.example",
        "ldap/dc1.chu.example:389",
        "ldap/DC1/chu.example",
        "ldap/dc1.chu.example:636/chu.example",
        f"E3514235-4B06-11D1-AB04-00C04FC2DCD2/{_guid_of('DC1$')}._msdcs.chu.example",
        f"ldap/{_guid_of('DC2$').upper()}._msdcs.chu.example",
        "ldap/annuaire.chu.example",
        "krbtgt/CHU.EXAMPLE",
    ],
)
def test_every_name_of_a_controller_leads_to_it(spn: str) -> None:
    found = _judged(spn, cname("annuaire", "dc1.chu.example"), computer("DC10"))
    assert [type(one) for one in found] == [Flagged, Flagged], spn


@pytest.mark.parametrize("spn", ["cifs/DC10", "ldap/dc10.chu.example:389", "ldap/DC", "cifs/", ""])
def test_a_neighbour_of_a_controller_is_none(spn: str) -> None:
    assert _judged(spn, computer("DC10")) == []


def test_the_alias_of_a_member_server_leads_to_no_controller() -> None:
    alias = cname("annuaire", "srv-fichiers.chu.example")
    assert _judged("ldap/annuaire.chu.example", alias) == []


def test_a_read_only_controller_is_one() -> None:
    assert len(_judged("cifs/RODC", controller("RODC", read_only=True))) == 2
