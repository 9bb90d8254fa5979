"""Policies, delegation, certificates, and the shortest paths to tier 0."""

import pytest

from checks.ad._shared.healthy import (
    CERTIFICATE,
    ROOT,
    Departure,
    change,
    child_domain,
    cname,
    computer,
    controller,
    emptied,
    entra_connect,
    exchange,
    gpo,
    grant,
    group,
    healthy,
    linked,
    managed,
    many,
    member,
    ou,
    server,
    spoilt,
    template,
    user,
)
from core.directory import guids, sids
from core.directory.accounts import holders
from core.directory.delegation import host_of
from core.directory.forest import Directory
from core.directory.graph import Edge
from core.directory.paths import Path
from core.directory.rights import Right
from core.directory.words import say_path, words_of
from tests.core.directory.test_rights import named

_A = "AAAAAAAA-0000-0000-0000-000000000001"
_B = "AAAAAAAA-0000-0000-0000-000000000002"
_SITE = "CN=Default-First-Site-Name,CN=Sites,CN=Configuration"
_FORCE = guids.RIGHTS["User-Force-Change-Password"]


def _reaching(forest: Directory, name: str) -> list[str]:
    """Give the ends of the GUIDs of our own GPOs that reach an account."""
    found = (one.gpo_dn for one in forest.gpos_on(named(forest, name)))
    return [dn[39:40] for dn in (one.upper() for one in found) if "AAAAAAAA" in dn]


_DEEP = (
    ou("Haut"), ou("OU=Bas,OU=Haut"), gpo(_A), gpo(_B),
    user("agent", ou="OU=Bas,OU=Haut"), computer("PC-BAS", ou="OU=Bas,OU=Haut"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ((linked("OU=Haut", _A),), ["1"]),
        ((linked("OU=Haut", _A, options=1),), []),
        ((linked("OU=Haut", _A), linked("OU=Bas,OU=Haut", _B)), ["2", "1"]),
        ((linked("OU=Haut", _A), linked("OU=Bas,OU=Haut", _B, blocked=True)), ["2"]),
        (
            (linked("OU=Haut", _A, options=2), linked("OU=Bas,OU=Haut", _B, blocked=True)),
            ["2", "1"],
        ),
        ((linked("OU=Haut", _A, options=3), linked("OU=Bas,OU=Haut", blocked=True)), []),
        ((linked(_SITE, _A),), []),
        ((linked("OU=Personnel", _A),), []),
    ],
)
def test_which_policies_reach(links: tuple[Departure, ...], expected: list[str]) -> None:
    forest = healthy(*_DEEP, *links)
    assert _reaching(forest, "agent") == expected
    assert _reaching(forest, "PC-BAS$") == expected


def test_links_of_a_site_reach_its_controllers() -> None:
    forest = healthy(gpo(_A), linked(_SITE, _A))
    assert _reaching(forest, "DC1$") == ["1"]
    assert _reaching(forest, "POSTE-001$") == []
    blocked = linked("OU=Domain Controllers", blocked=True)
    assert _reaching(healthy(gpo(_A), linked(_SITE, _A), blocked), "DC1$") == []
    enforced = healthy(gpo(_A), linked(_SITE, _A, options=2), blocked)
    assert _reaching(enforced, "DC1$") == ["1"]


def test_links_to_what_is_gone_or_makes_no_sense() -> None:
    forest = healthy(
        linked("OU=Personnel", _A),
        spoilt("OU=Postes", "gplink", b"[LDAP://cn=x;9999999999999][nonsense"),
    )
    [link] = forest.links.of(named(forest, "OU=Personnel"))
    assert link.gpo is None
    assert forest.links.of(named(forest, "OU=Postes")) == ()
    assert link in list(forest.links.every())


@pytest.mark.parametrize(
    ("spn", "found"),
    [
        ("cifs/DC1", ["DC1$"]),
        ("cifs/dc1.CHU.example", ["DC1$"]),
        ("ldap/dc1.chu.example:389", ["DC1$"]),
        ("ldap/dc1:636/chu.example", ["DC1$"]),
        ("HOST/DC1/CHU", ["DC1$"]),
        ("ldap/chu.example", ["DC1$", "DC2$"]),
        ("ldap/CHU", ["DC1$", "DC2$"]),
        ("http/annuaire.chu.example", ["DC2$"]),
        ("cifs/DC10", ["DC10$"]),
        ("cifs/dc10.chu.example", ["DC10$"]),
        ("cifs/DC", []),
        ("krbtgt/CHU", ["krbtgt"]),
        ("cifs", []),
        ("", []),
        ("cifs/[::1]:445", []),
    ],
)
def test_which_machines_a_service_name_leads_to(spn: str, found: list[str]) -> None:
    forest = healthy(computer("DC10"), cname("annuaire", "dc2.chu.example"))
    assert [one.name for one in forest.spn_targets(spn)] == found


def test_a_controller_is_known_by_the_guid_of_its_service() -> None:
    forest = healthy()
    settings = forest.controllers[0].settings
    assert settings is not None
    spn = f"E3514235-4B06-11D1-AB04-00C04FC2DCD2/{settings.guid}._msdcs.chu.example"
    assert [one.name for one in forest.spn_targets(spn)] == ["DC1$"]
    assert host_of("ldap/[2001:db8::1]:389") == "2001:db8::1"


def _labels(path: Path) -> list[object]:
    return [one.label for one in path]


def test_no_path_in_a_sound_forest_whatever_it_runs() -> None:
    for more in ((), (exchange(),), (child_domain(),), (controller("RODC", read_only=True),)):
        forest = healthy(*more)
        assert [one.name for one in forest.paths.leading()] == []
        assert forest.paths.everyone == ()
    head = forest.head(forest.root)
    assert head is not None
    for level in (1, 2):
        for target in forest.tier0:
            assert forest.controllers_of(target, level=level) == ()


def test_entra_connect_is_accepted_once_it_is_protected() -> None:
    for protected in (True, False):
        forest = healthy(entra_connect(protected=protected))
        head = forest.head(forest.root)
        assert head is not None
        found = forest.controllers_of(head)
        assert [one.label for one in found] == ([] if protected else [Edge.DCSYNC])
        assert _labels(forest.paths.path_from(named(forest, "MSOL_0123456789ab"))) == [Edge.DCSYNC]


_FREE = {"mspki-certificate-name-flag": 1}
_ACTS = "msds-allowedtoactonbehalfofotheridentity"
_DELEGATES = "msds-allowedtodelegateto"


@pytest.mark.parametrize(
    ("departures", "labels"),
    [
        ((grant("adm.martin", f"(OA;;CR;{_FORCE};;@m.durand)"),), [Right.FORCE_PASSWORD]),
        (
            (group("G", members=["m.durand"]), grant("Domain Admins", "(A;;WP;;;@G)")),
            [Edge.MEMBER, Right.GENERIC_WRITE],
        ),
        ((grant("CN=AdminSDHolder,CN=System", "(A;;WD;;;@m.durand)"),), [Right.WRITE_DAC]),
        (
            (
                gpo(_A),
                linked("OU=Domain Controllers", _A),
                grant(f"CN={{{_A}}},CN=Policies,CN=System", "(A;;GA;;;@m.durand)"),
            ),
            [Right.GENERIC_ALL, Edge.GPO_APPLIES],
        ),
        (
            (grant("OU=Domain Controllers", f"(OA;;WP;{guids.ATTRIBUTES['gplink']};;@m.durand)"),),
            [Right.WRITE_GPLINK, Edge.GPO_LINK],
        ),
        ((grant(_SITE, "(A;;GW;;;@m.durand)"),), [Right.GENERIC_WRITE, Edge.GPO_LINK]),
        ((change("m.durand", {_DELEGATES: "cifs/dc1"}),), [Edge.DELEGATES_TO]),
        ((change("DC1$", {_ACTS: "O:BAD:(A;;GA;;;@m.durand)"}),), [Edge.ACTS_FOR]),
        (
            (managed("svc", readers="m.durand"), member("Domain Admins", "svc$")),
            [Edge.READS_PASSWORD],
        ),
        ((change("m.durand", sidhistory="Domain Admins"),), [Edge.SID_HISTORY]),
        ((change("m.durand", useraccountcontrol=0x80200),), [Edge.UNCONSTRAINED]),
        (
            (template("Libre", "@m.durand", attributes=_FREE),),
            [Edge.ENROLS],
        ),
        ((change("SRV-FICHIERS$", {_DELEGATES: "x/DC1"}),
          grant("SRV-FICHIERS$", "(A;;WD;;;@m.durand)")),
         [Right.WRITE_DAC, Edge.DELEGATES_TO]),
        (
            (ou("Niveau 0"), user("t0", ou="OU=Niveau 0", groups=["Domain Admins"]),
             grant("OU=Niveau 0", "(A;;WO;;;@m.durand)")),
            [Right.WRITE_OWNER, Edge.CONTAINS],
        ),
    ],
)  # fmt: skip
def test_shortest_paths(departures: tuple[Departure, ...], labels: list[object]) -> None:
    forest = healthy(*departures)
    person = named(forest, "m.durand")
    path = forest.paths.path_from(person)
    assert _labels(path) == labels
    assert path[0].source is person
    assert path[-1].target in forest.tier0
    assert person in forest.paths.leading()
    said = say_path(forest, path)
    assert said.fr.startswith("CHU\\m.durand ")
    assert said.en.startswith("CHU\\m.durand ")


def test_the_shortest_of_two() -> None:
    forest = healthy(
        group("G", members=["m.durand"]), grant("Domain Admins", "(A;;GA;;;@G)"),
        grant("adm.leroy", "(A;;GA;;;@m.durand)"),
    )  # fmt: skip
    assert _labels(forest.paths.path_from(named(forest, "m.durand"))) == [Right.GENERIC_ALL]


def test_what_everyone_may_do_each_may_do() -> None:
    forest = healthy(grant("adm.martin", "(A;;GA;;;AU)"))
    assert forest.paths.everyone == (sids.AUTHENTICATED_USERS,)
    assert forest.paths.leading() == ()
    assert forest.paths.reaches(named(forest, "c.petit"))
    assert not forest.paths.reaches(named(forest, "adm.martin"))
    users = healthy(grant("adm.martin", "(A;;GA;;;DU)"))
    assert named(users, "c.petit") in users.paths.leading()
    anonymous = healthy(grant("adm.martin", "(A;;GA;;;AN)"))
    assert anonymous.paths.everyone == (sids.ANONYMOUS,)
    assert not anonymous.paths.reaches(named(anonymous, "c.petit"))


def test_a_protected_object_is_not_reached_from_its_container() -> None:
    forest = healthy(grant("CN=Users", "(A;CI;GA;;;@m.durand)"))
    assert forest.controllers_of(named(forest, "Domain Admins")) == ()
    assert len(forest.controllers_of(named(forest, "DnsAdmins"))) == 1


def test_a_group_nobody_is_in_is_nobody() -> None:
    holder = "CN=AdminSDHolder,CN=System"
    right = grant(holder, "(A;;GA;;;@G)")
    empty = healthy(group("G"), right)
    assert empty.controllers_of(named(empty, holder)) == ()
    filled = healthy(group("G"), right, grant("G", "(A;;WP;;;@m.durand)"))
    [one] = filled.controllers_of(named(filled, holder))
    assert _labels(one.path) == [Right.GENERIC_WRITE, Right.GENERIC_ALL]
    assert one.path[0].sid == named(filled, "m.durand").sid
    loop = healthy(group("G"), group("H", members=["G"]), member("G", "H"), right)
    assert loop.controllers_of(named(loop, holder)) == ()


def test_a_protected_group_with_a_member_that_was_not_collected_is_not_expected() -> None:
    holder = "CN=AdminSDHolder,CN=System"
    alike = (
        group("G", members=["adm.martin"], sddl="@AdminSDHolder"),
        grant(holder, "(A;;GA;;;@G)"),
    )
    hidden = change("G", {"member": ("CN=cache,OU=Secret,DC=chu,DC=example",)})
    unseen = (alike[0], hidden, member("G", "adm.martin"), alike[1])
    for departures, count in ((alike, 0), (unseen, 1)):
        forest = healthy(*departures)
        assert len(forest.controllers_of(named(forest, holder))) == count


def test_an_account_that_is_gone_is_nobody_and_a_stranger_is_someone() -> None:
    holder = "CN=AdminSDHolder,CN=System"
    gone = healthy(grant(holder, "(A;;GA;;;S-1-5-21-1004336348-1177238915-682003330-9999)"))
    assert gone.controllers_of(named(gone, holder)) == ()
    stranger = healthy(grant(holder, "(A;;GA;;;S-1-5-21-7-7-7-9999)"))
    assert len(stranger.controllers_of(named(stranger, holder))) == 1


def test_strangers_that_lead_to_tier0() -> None:
    forest = healthy(grant("Domain Admins", "(A;;GA;;;S-1-5-21-7-7-7-9999)", "(A;;GA;;;IU)"))
    assert forest.paths.strangers == ("S-1-5-21-7-7-7-9999",)
    assert forest.paths.leading() == ()
    assert _labels(forest.paths.path_of("S-1-5-21-7-7-7-9999")) == [Right.GENERIC_ALL]


def test_dns_admins_count_once_someone_is_in() -> None:
    place = "CN=MicrosoftDNS,CN=System"
    for departures, count in (((), 0), ((member("DnsAdmins", "m.durand"),), 1)):
        forest = healthy(*departures)
        assert len(forest.controllers_of(named(forest, place))) == count


_SERVER_ONLY = {"mspki-certificate-application-policy": ["1.3.6.1.5.5.7.3.1"]}
_STORE = "CN=NTAuthCertificates,CN=Public Key Services,CN=Services,CN=Configuration"


def test_certificates() -> None:
    forest = healthy(
        template("Libre", "AU", attributes=_FREE),
        template("Approuvé", "AU", attributes={**_FREE, "mspki-enrollment-flag": 2}),
        template("Signé", "AU", attributes={**_FREE, "mspki-ra-signature": 1}),
        template("Serveur", "AU", attributes={**_FREE, **_SERVER_ONLY}),
        template("Retiré", "AU", attributes=_FREE, published=False),
    )
    found = {one.name: who for one, who in forest.certificates.in_anyones_name()}
    assert list(found) == ["Libre"]
    assert sids.AUTHENTICATED_USERS in found["Libre"]
    elsewhere = change(_STORE, cacertificate=CERTIFICATE[:-1] + b"\0")
    untrusted = healthy(template("Libre", "AU", attributes=_FREE), elsewhere)
    assert list(untrusted.certificates.in_anyones_name()) == []


def test_the_accounts_that_hold_a_forest() -> None:
    forest = healthy(
        user("svc", {_DELEGATES: "cifs/DC1"}, spn="HTTP/x", uac=0x10000),
        group("N", members=["c.petit"], groups=["Backup Operators"]),
    )
    found = {one.entry.name: one for one in holders(forest)}
    assert list(found)[-1] == "svc"
    service, nested, known = found["svc"], found["c.petit"], found["adm.martin"]
    assert not service.is_member
    assert _labels(service.path) == [Edge.DELEGATES_TO]
    assert service.never_expires
    assert service.delegates_to == ("cifs/DC1",)
    assert nested.is_member
    assert [one.name for one in nested.via] == ["N", "Backup Operators"]
    assert not nested.is_protected_user
    assert known.is_protected_user
    assert known.is_sensitive
    assert forest.name_of(known.owner) == "CHU\\Domain Admins"
    assert found["DC1$"].is_controller
    assert "m.durand" not in found


def test_every_label_is_worded() -> None:
    for label in (*Right, *Edge):
        said = words_of(label)
        assert said.fr
        assert said.en


def test_a_large_forest_where_everyone_leads_is_searched_once() -> None:
    forest = healthy(many(2_000, "u"), grant("Domain Admins", "(A;;WP;;;DU)"), emptied("Guests"))
    assert len(forest.paths.leading()) > 2_000


def test_a_member_server_beside_a_controller() -> None:
    forest = healthy(
        server("DC10"), change("m.durand", {_DELEGATES: ["cifs/DC10", "cifs/dc10.chu.example"]})
    )
    assert forest.paths.path_from(named(forest, "m.durand")) == ()
    assert ROOT in forest.dns
