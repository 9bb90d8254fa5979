"""Effective rights: the hard cases of access control, on the objects of a sound forest."""

import pytest

from checks.ad._shared.healthy import (
    ROOT,
    Departure,
    change,
    computer,
    descriptor,
    grant,
    group,
    healthy,
    hidden_descriptor,
    member,
    ou,
    owned,
    spoilt,
    thing,
    user,
)
from core.directory import guids, sids
from core.directory.forest import Directory
from core.directory.graph import Edge
from core.directory.objects import Entry
from core.directory.rights import Right
from core.directory.sddl import parse

_USER = guids.CLASSES["user"]
_GROUP = guids.CLASSES["group"]
_RESET = guids.RIGHTS["User-Force-Change-Password"]
_MEMBER = guids.ATTRIBUTES["member"]
_SPN = guids.ATTRIBUTES["serviceprincipalname"]
_PUBLIC = guids.SETS["Public-Information"]
_X = user("x")
_TARGET = "c.petit"


def _held(trustee: str, *departures: Departure, target: str = _TARGET) -> Right:
    forest = healthy(_X, *departures)
    return held(forest, named(forest, target), trustee)


def named(forest: Directory, name: str) -> Entry:
    """Give an entry by its DN, or by its account name."""
    found = forest.by_dn(name) or forest.by_dn(f"{name},{ROOT}")
    if found is None:
        found = next(one for one in forest.entries if one.name.lower() == name.lower())
    return found


def held(forest: Directory, target: Entry, trustee: str) -> Right:
    """Give what a trustee may surely do."""
    sid = trustee if sids.is_sid(trustee) else named(forest, trustee).sid
    return next((one.rights for one in forest.rights_on(target) if one.trustee == sid), Right(0))


def test_nothing_by_default() -> None:
    assert _held("x") == Right(0)


def test_full_control_is_every_right() -> None:
    found = _held("x", grant(_TARGET, "(A;;GA;;;@x)"))
    assert Right.GENERIC_ALL in found
    assert Right.FORCE_PASSWORD in found
    assert Right.WRITE_SPN in found
    assert Right.OWNER not in found
    assert Right.WRITE_MEMBER not in found, "a user has no members"


@pytest.mark.parametrize(
    ("entry", "gives", "not_gives"),
    [
        ("(A;;GW;;;@x)", Right.GENERIC_WRITE | Right.WRITE_SPN, Right.WRITE_DAC),
        ("(A;;WD;;;@x)", Right.WRITE_DAC, Right.WRITE_OWNER),
        ("(A;;CR;;;@x)", Right.ALL_EXTENDED | Right.FORCE_PASSWORD, Right.GENERIC_WRITE),
        (f"(OA;;CR;{_RESET};;@x)", Right.FORCE_PASSWORD, Right.ALL_EXTENDED),
        (f"(OA;;WP;{_SPN};;@x)", Right.WRITE_SPN | Right.WRITE_SOME, Right.GENERIC_WRITE),
        (f"(OA;;WP;{_PUBLIC};;@x)", Right.WRITE_SPN | Right.WRITE_ALT_IDENTITY, Right.WRITE_UAC),
        (f"(OA;;RP;{_SPN};;@x)", Right.READ_SOME, Right.WRITE_SPN),
        (f"(OA;;SW;{_SPN};;@x)", Right.VALIDATED_SPN, Right.WRITE_SPN),
        (f"(OA;;GA;{_USER};;@x)", Right.GENERIC_ALL | Right.WRITE_DAC, Right(0)),
        (f"(OA;;WD;{_SPN};;@x)", Right(0), Right.WRITE_DAC),
    ],
)
def test_one_entry(entry: str, gives: Right, not_gives: Right) -> None:
    found = _held("x", grant(_TARGET, entry))
    assert gives in found
    assert not found & not_gives


def test_the_picture_of_a_contact_is_read_by_its_name_by_its_set_or_with_the_rest() -> None:
    place = "CN=cle,CN=System"
    for guid in ("", guids.ATTRIBUTES["thumbnailphoto"], guids.SETS["Personal-Information"]):
        made = thing(place, "contact"), grant(place, f"(OA;;RP;{guid};;@x)")
        assert Right.READ_PICTURE in _held("x", *made, target=place)
    other = grant(place, f"(OA;;RP;{guids.ATTRIBUTES['description']};;@x)")
    assert Right.READ_PICTURE not in _held("x", thing(place, "contact"), other, target=place)
    assert Right.READ_PICTURE not in _held("x", grant(_TARGET, "(A;;RP;;;@x)")), (
        "a user's is public"
    )


def test_inherit_only_is_for_children_alone() -> None:
    assert _held("x", grant(_TARGET, "(A;CIIO;GA;;;@x)")) == Right(0)


def test_what_is_handed_down_reaches_the_class_it_names() -> None:
    place = f"OU=Personnel,{ROOT}"
    right = grant(place, f"(OA;CI;GA;;{_USER};@x)")
    wrong = grant(place, f"(OA;CI;GA;;{_GROUP};@x)")
    assert Right.GENERIC_ALL in _held("x", right)
    assert _held("x", wrong) == Right(0)
    inside = group("dedans", ou="OU=Personnel")
    assert Right.WRITE_MEMBER in _held("x", wrong, inside, target="dedans")
    # An entry of another class that is not marked « inherit only » is not for this object either.
    assert _held("x", grant(_TARGET, f"(OA;;GA;;{_GROUP};@x)")) == Right(0)
    assert Right.GENERIC_ALL in _held("x", grant(_TARGET, f"(OA;;GA;;{_USER};@x)"))


def test_a_machine_is_no_user() -> None:
    entry = grant(ROOT, f"(OA;CI;GA;;{_USER};@x)")
    assert _held("x", entry, target="POSTE-001$") == Right(0)
    assert Right.GENERIC_ALL in _held("x", entry)


def test_a_refusal_counts_for_what_comes_after() -> None:
    before = descriptor(_TARGET, "O:DAG:DAD:P(D;;WD;;;@x)(A;;GA;;;@x)")
    after = descriptor(_TARGET, "O:DAG:DAD:P(A;;GA;;;@x)(D;;WD;;;@x)")
    found = _held("x", before)
    assert Right.WRITE_DAC not in found
    assert Right.GENERIC_ALL not in found
    assert Right.WRITE_OWNER in found
    assert Right.WRITE_DAC in _held("x", after)


def test_a_refusal_of_one_attribute_leaves_the_others() -> None:
    found = _held("x", descriptor(_TARGET, f"O:DAG:DAD:P(OD;;WP;{_SPN};;@x)(A;;GW;;;@x)"))
    assert Right.WRITE_SPN not in found
    assert Right.WRITE_UAC in found
    whole_set = _held("x", descriptor(_TARGET, f"O:DAG:DAD:P(OD;;WP;{_PUBLIC};;@x)(A;;GW;;;@x)"))
    assert not whole_set & (Right.WRITE_SPN | Right.WRITE_ALT_IDENTITY)
    assert Right.WRITE_UAC in whole_set


def test_a_refusal_of_one_class_leaves_the_others() -> None:
    place = f"OU=Personnel,{ROOT}"
    one = f"(OD;;CC;{_USER};;@x)"
    found = _held("x", descriptor(place, f"O:DAG:DAD:P{one}(A;;CC;;;@x)"), target=place)
    assert Right.CREATE_ACCOUNT | Right.CREATE_CHILD in found
    assert not _held("x", descriptor(place, f"O:DAG:DAD:P{one}"), target=place)


@pytest.mark.parametrize("whom", ["WD", "AU", "@G", "@H"])
def test_a_refusal_to_a_group_reaches_its_members(whom: str) -> None:
    nested = (group("G", members=["x"]), group("H", members=["G"]))
    text = f"O:DAG:DAD:P(D;;GA;;;{whom})(A;;GA;;;@x)"
    assert _held("x", *nested, descriptor(_TARGET, text)) == Right(0)


def test_a_refusal_to_another_group_does_not() -> None:
    text = "O:DAG:DAD:P(D;;GA;;;@G)(A;;GA;;;@x)"
    assert Right.GENERIC_ALL in _held("x", group("G"), descriptor(_TARGET, text))


def test_a_condition_is_told_apart() -> None:
    forest = healthy(_X, grant(_TARGET, "(XA;;WD;;;@x;(@User.a == 1))"))
    sid = named(forest, "x").sid
    told = next(one for one in forest.rights_on(named(forest, _TARGET)) if one.trustee == sid)
    assert told.rights == Right(0)
    assert told.if_met == Right.WRITE_DAC
    # A refusal under a condition may not hold.
    text = "O:DAG:DAD:P(XD;;GA;;;@x;(@User.a == 1))(A;;WD;;;@x)"
    assert Right.WRITE_DAC in _held("x", descriptor(_TARGET, text))


def test_who_owns_may_change_rights() -> None:
    assert _held("x", owned(_TARGET, "x")) == Right.OWNER
    # A refusal does not reach what an owner may do by nature.
    assert Right.OWNER in _held("x", descriptor(_TARGET, "O:@xG:DAD:P(D;;GA;;;@x)"))


def test_owner_rights_replace_what_an_owner_may_do() -> None:
    limited = _held("x", descriptor(_TARGET, "O:@xG:DAD:P(A;;RC;;;OW)"))
    assert limited == Right(0)
    given = _held("x", descriptor(_TARGET, f"O:@xG:DAD:P(OA;;CR;{_RESET};;OW)"))
    assert given == Right.FORCE_PASSWORD
    # For children alone, it changes nothing here.
    assert Right.OWNER in _held("x", descriptor(_TARGET, "O:@xG:DAD:P(A;CIIO;RC;;;OW)"))


def test_creator_owner_is_a_model_for_children() -> None:
    forest = healthy(descriptor(_TARGET, "O:DAG:DAD:P(A;;GA;;;CO)(A;;GA;;;PS)"))
    trustees = {one.trustee for one in forest.rights_on(named(forest, _TARGET))}
    assert not trustees & {sids.CREATOR_OWNER, sids.SELF}


def test_no_access_list_at_all_gives_everything_to_everyone() -> None:
    found = _held(sids.EVERYONE, descriptor(_TARGET, "O:DAG:DAD:NO_ACCESS_CONTROL"))
    assert Right.GENERIC_ALL in found
    assert Right.FORCE_PASSWORD in found


def test_a_hidden_or_spoilt_descriptor_gives_nothing() -> None:
    for departure in (
        hidden_descriptor(_TARGET),
        spoilt(_TARGET, "ntsecuritydescriptor", b"\x01\x02"),
    ):
        forest = healthy(departure)
        assert named(forest, _TARGET).descriptor is None
        assert forest.rights_on(named(forest, _TARGET)) == ()
    assert forest.nonsense["ntsecuritydescriptor"] == 1


def test_whoever_joins_a_machine_keeps_rights_on_it() -> None:
    found = _held("x", computer("PC", owner="x"), target="PC$")
    assert Right.OWNER | Right.ALL_EXTENDED | Right.READ_LAPS | Right.WRITE_UAC in found


def test_laps_is_read_by_the_guid_of_the_live_schema() -> None:
    live = "f3531ec6-6330-4f8e-8d39-7a671fbac605"
    assert Right.READ_LAPS in _held(
        "x", grant("POSTE-001$", f"(OA;;CR;{live};;@x)"), target="POSTE-001$"
    )
    other = "f3531ec6-6330-4f8e-8d39-7a671fbac6ff"
    assert Right.READ_LAPS not in _held(
        "x", grant("POSTE-001$", f"(OA;;CR;{other};;@x)"), target="POSTE-001$"
    )


def test_an_arbitrary_mask() -> None:
    forest = healthy(_X)
    found = parse("D:(A;;LC;;;AU)(D;;RP;;;@)".replace("@", named(forest, "x").sid))
    assert forest.rights.trustees(found, 0x4) == (sids.AUTHENTICATED_USERS,)
    assert forest.rights.trustees(found, 0x14) == ()


def test_secrets_are_replicated_by_both_rights_together() -> None:
    get, every = (
        guids.RIGHTS["DS-Replication-Get-Changes"],
        guids.RIGHTS["DS-Replication-Get-Changes-All"],
    )
    one = grant(ROOT, f"(OA;;CR;{get};;@x)")
    both = grant(ROOT, f"(OA;;CR;{get};;@x)", f"(OA;;CR;{every};;@x)")
    split = (
        group("A", members=["x"]),
        group("B", members=["x", "m.durand"]),
        grant(ROOT, f"(OA;;CR;{get};;@A)", f"(OA;;CR;{every};;@B)"),
    )
    for departures, expected in (((one,), []), ((both,), ["x"]), (split, ["x"])):
        forest = healthy(_X, *departures)
        head = forest.head(forest.root)
        assert head is not None
        found = forest.controllers_of(head)
        assert [forest.name_of(each.trustee) for each in found] == [
            f"CHU\\{one}" for one in expected
        ]
        assert all(each.label is Edge.DCSYNC for each in found)


def test_the_machine_owner_counts_less_once_blocked() -> None:
    forest = healthy(_X, owned("DC1$", "x"))
    machine = named(forest, "DC1$")
    assert forest.heuristic(29) == "1"
    assert forest.controllers_of(machine, level=1) == ()
    assert [one.label for one in forest.controllers_of(machine, level=2)] == [Right.OWNER]
    service = "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration"
    forest = healthy(_X, owned("DC1$", "x"), change(service, {"dsheuristics": "0000002"}))
    assert forest.heuristic(7) == "2"
    assert forest.heuristic(29) == "0"
    assert len(forest.controllers_of(named(forest, "DC1$"), level=1)) == 1


def test_who_is_protected_like_the_privileged_is_accepted() -> None:
    holder = "CN=AdminSDHolder,CN=System"
    right = grant(holder, "(A;;GA;;;@svc)")
    bare = healthy(user("svc"), right)
    assert len(bare.controllers_of(named(bare, holder))) == 1
    shielded = healthy(user("svc", sddl="@AdminSDHolder"), right)
    assert shielded.controllers_of(named(shielded, holder)) == ()
    # One more entry than AdminSDHolder has, and the tolerance is gone.
    more = healthy(
        _X,
        user("svc", sddl="@AdminSDHolder"),
        right,
        grant("svc", "(A;;WP;;;@x)"),
    )
    assert len(more.controllers_of(named(more, holder))) == 1
    benign = healthy(
        user("svc", sddl="@AdminSDHolder"), right, grant("svc", "(A;;RP;;;PS)", "(A;;GA;;;ED)")
    )
    assert benign.controllers_of(named(benign, holder)) == ()


def test_a_group_is_accepted_with_all_its_members() -> None:
    holder = "CN=AdminSDHolder,CN=System"
    parts = (
        user("svc", sddl="@AdminSDHolder"),
        group("Délégués", members=["svc"], sddl="@AdminSDHolder"),
        grant(holder, "(A;;GA;;;@Délégués)"),
    )
    forest = healthy(*parts)
    assert forest.controllers_of(named(forest, holder)) == ()
    for more in (
        member("Délégués", "m.durand"),
        group("Sous", groups=["Délégués"], members=["svc"]),
    ):
        forest = healthy(*parts, more)
        found = forest.controllers_of(named(forest, holder))
        assert [forest.name_of(one.trustee) for one in found] == ["CHU\\Délégués"]


def test_a_container_hands_down() -> None:
    forest = healthy(
        _X, ou("Bloc"), user("y", ou="OU=Bloc"), grant(f"OU=Bloc,{ROOT}", "(A;;WD;;;@x)"),
        member("Domain Admins", "y"),
    )  # fmt: skip
    path = forest.paths.path_from(named(forest, "x"))
    assert [one.label for one in path] == [Right.WRITE_DAC, Edge.CONTAINS]


def test_a_group_of_which_a_member_was_not_read_may_act() -> None:
    given = (group("Projet"), grant("DC1$", "(A;;GA;;;@Projet)"))
    hidden = change("Projet", {"member": ("CN=cache,OU=Secret,DC=chu,DC=example",)})
    for departures, count in ((given, 0), ((*given, hidden), 1)):
        forest = healthy(*departures)
        assert len(forest.controllers_of(named(forest, "DC1$"))) == count
