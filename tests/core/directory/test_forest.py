"""A forest built from snapshots: what is read, what is told unread, who belongs to what."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks._shared.examples import AT
from checks.ad._shared.healthy import (
    ROOT,
    ROOT_SID,
    Departure,
    change,
    child_domain,
    computer,
    controller,
    foreign,
    grant,
    group,
    healthy,
    hidden_descriptor,
    hide,
    many,
    member,
    pso,
    raw,
    spoilt,
    thing,
    trust,
    unread,
    user,
    without,
    zone,
)
from core.directory import decode, sids
from core.directory.accounts import holders
from core.directory.build import build
from core.directory.columns import Numbers, Values
from core.directory.descriptors import encode
from core.directory.forest import Directory
from core.directory.raw import Collection, Context, RawObject
from core.directory.sddl import parse
from tests.core.directory.test_rights import named

_DNS = f"CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"
_SUB_SID = "S-1-5-21-2004336348-2177238915-1682003330"
_SUB_DN = "DC=sub,DC=chu,DC=example"


def test_the_sound_forest() -> None:
    forest = healthy()
    assert forest.name == "chu.example"
    assert [one.name for one in forest.domains] == ["chu.example"]
    assert forest.root.sid == ROOT_SID
    assert forest.at == AT
    assert not forest.nonsense
    assert {one.name for one in forest.users} >= {"Administrator", "krbtgt", "m.durand"}
    assert {one.name for one in forest.servers} == {"SRV-FICHIERS$"}
    assert [one.name for one in forest.managed] == ["gmsa-sauve$"]
    assert [one.account.name for one in forest.controllers] == ["DC1$", "DC2$"]
    assert all(one.settings and one.site for one in forest.controllers)
    assert forest.paths.leading() == ()
    assert forest.paths.everyone == ()
    assert forest.group_loops == ()
    assert [one.dn.partition(",")[0] for one in forest.partition_heads] == [
        "DC=chu", "DC=DomainDnsZones", "CN=Schema", "CN=Configuration", "DC=ForestDnsZones"
    ]  # fmt: skip


def test_several_domains() -> None:
    forest = healthy(child_domain())
    sub = forest.domains[1]
    assert (sub.name, sub.netbios, sub.sid, sub.is_root) == (
        "sub.chu.example", "SUB", _SUB_SID, False,
    )  # fmt: skip
    ours, theirs = (forest.by_sid(sids.ADMINISTRATORS, one) for one in forest.domains)
    assert ours is not None
    assert theirs is not None
    assert ours is not theirs
    assert theirs.domain is sub
    assert forest.name_of(f"{_SUB_SID}-512") == "SUB\\Domain Admins"
    assert forest.account(sub, sids.SCHEMA_ADMINS) is None
    enterprise = forest.account(forest.root, sids.ENTERPRISE_ADMINS)
    assert enterprise in forest.members_of(theirs)
    assert forest.place(sub).domain == "sub.chu.example"


def test_two_snapshots_make_one_forest() -> None:
    [(head, objects)] = list(raw(child_domain()))
    every = list(objects)
    kinds = [one.kind for one in head.contexts]
    first = [one for one in every if not _is_sub(one.dn)]
    second = [one for one in every if _is_sub(one.dn) or kinds[one.context] == "configuration"]
    forest = build([(head, first), (head, second)], establishment="chu")
    assert len(forest) == len(every)
    assert len(forest.domains) == 2
    assert forest.place().establishment == "chu"
    with pytest.raises(ValueError, match="no snapshot"):
        build([])


def _is_sub(dn: str) -> bool:
    return dn.lower().endswith("dc=sub,dc=chu,dc=example")


def test_a_domain_that_no_snapshot_holds_is_told() -> None:
    [(head, objects)] = list(raw(child_domain()))
    contexts = tuple(one for one in head.contexts if not _is_sub(one.dn))
    names = [one.dn for one in contexts]
    kept = [
        RawObject(
            context=names.index(head.contexts[one.context].dn), dn=one.dn, attributes=one.attributes
        )
        for one in objects
        if not _is_sub(one.dn)
    ]
    forest = build([(msgspec.structs.replace(head, contexts=contexts), kept)])
    assert [one.is_read for one in forest.domains] == [True, False]
    assert forest.unread("domain", "user") == "not-collected: sub.chu.example"
    assert forest.unread("domain", "user", domain=forest.root) == ""
    assert forest.unread("domain", domain=forest.domains[1]).startswith("not-collected")


def test_what_was_not_read_is_told_where_it_matters() -> None:
    forest = healthy(unread("domain", "pwdLastSet"))
    assert forest.unread("domain", "user", "pwdlastset") == "hidden"
    assert forest.unread("domain", "group") == ""
    assert forest.unread("configuration", "pwdlastset") == ""
    forest = healthy(unread("configuration", why="timeout"))
    assert forest.unread("configuration") == "timeout"
    assert forest.unread("domain", "user") == ""
    assert healthy().unread("domain", "user") == ""
    assert healthy().unread("nothing-of-this-kind").startswith("not-collected")


def test_domains_that_nothing_names_are_told_of_the_root() -> None:
    forest = healthy(child_domain(), unread("configuration", "crossref", why="timeout"))
    root, child = forest.domains
    assert forest.unread("domain", "user", domain=root) == "timeout"
    assert forest.unread("domain", "user") == "timeout"
    assert forest.unread("domain", "user", domain=child) == ""


def test_nonsense_is_dropped_and_counted() -> None:
    forest = healthy(
        spoilt("m.durand", "pwdlastset", b"soon"),
        spoilt("m.durand", "useraccountcontrol", b"99999999999999999999999"),
        spoilt("m.durand", "whencreated", b"20261332000000.0Z"),
        spoilt("c.petit", "objectsid", b"\x01\x09"),
    )
    one = named(forest, "m.durand")
    assert one.password_set is None
    assert one.created is None
    assert one.is_enabled, "flags that are hidden hide no account"
    assert forest.nonsense == {"pwdlastset": 1, "useraccountcontrol": 1, "whencreated": 1}
    assert named(forest, "c.petit").sid == ""


def test_names_from_anywhere() -> None:
    name = 'Ünïcode, "x" (*)\\2a ☃'
    forest = healthy(user("plain"), thing(f'CN=Ünï\\, \\"x\\" ☃,OU=Personnel,{ROOT}', "contact"))
    contact = forest.of("contact")[0]
    assert contact.name == 'Ünï, "x" ☃'
    assert contact.parent is forest.by_dn(f"ou=personnel,{ROOT}".upper())
    assert forest.by_dn(name) is None
    assert decode.parent_of("CN=a\\\\,DC=b") == "DC=b"
    assert decode.parent_of("CN=a\\,b,DC=c") == "DC=c"
    assert decode.parent_of("DC=c") == ""


def test_deleted_objects_are_apart() -> None:
    forest = healthy(change("c.petit", isdeleted=True))
    gone = next(one for one in forest.entries if one.is_deleted)
    assert gone.name == "c.petit"
    assert forest.deleted == (gone,)
    assert gone not in forest.users
    assert gone not in list(forest.having("samaccountname"))
    assert forest.by_sid(gone.sid) is None


def test_the_sid_of_a_domain_whose_head_is_hidden() -> None:
    assert healthy(hide(ROOT, "objectsid")).root.sid == ROOT_SID
    forest = healthy(without("CN=Partitions,CN=Configuration"))
    assert [one.dn for one in forest.domains] == [ROOT]


def test_members_by_every_way() -> None:
    forest = healthy(
        user("direct"),
        user("primaire", primarygroupid=1_200),
        group("Dedans", members=["direct"]),
        group("Groupe", rid=1_200, members=["Dedans"]),
        foreign("S-1-5-21-7-7-7-1104", "Groupe"),
    )
    top = named(forest, "Groupe")
    names = {one.name for one in forest.members_of(top)}
    assert names == {"primaire", "Dedans", "S-1-5-21-7-7-7-1104"}
    assert {one.name for one in forest.everyone_in(top)} == {*names, "direct"}
    assert top in forest.groups_of(named(forest, "direct"))
    assert top in forest.groups_of(named(forest, "primaire"))


def test_a_foreign_principal_of_the_same_forest_is_the_account_itself() -> None:
    forest = healthy(
        child_domain(), user("x", domain="SUB", rid=5_000), foreign(f"{_SUB_SID}-5000", "DnsAdmins")
    )
    assert [one.dn for one in forest.members_of(named(forest, "DnsAdmins"))] == [
        "CN=x,CN=Users,DC=sub,DC=chu,DC=example"
    ]


def test_loops_are_found_once_each() -> None:
    forest = healthy(
        group("A"), group("B", members=["A"]), group("C", members=["B"]), member("A", "C"),
        group("Soi"), member("Soi", "Soi"), group("Seul", members=["A"]),
    )  # fmt: skip
    found = sorted(sorted(one.name for one in loop) for loop in forest.group_loops)
    assert found == [["A", "B", "C"], ["Soi"]]
    assert {one.name for one in forest.everyone_in(named(forest, "A"))} == {"A", "B", "C"}


def test_deep_nesting_and_large_groups() -> None:
    chain = [group("g-0", members=["m.durand"])]
    chain += [group(f"g-{n}", members=[f"g-{n - 1}"]) for n in range(1, 400)]
    forest = healthy(*chain, many(5_000, "u"), member("Domain Admins", "g-399"))
    person = named(forest, "m.durand")
    assert len(forest.privileged.via[person]) == 401
    big = healthy(many(5_000, "u", groups=["DnsAdmins"]))
    assert len(big.members_of(named(big, "DnsAdmins"))) == 5_000


def test_privileged_by_the_definition() -> None:
    forest = healthy(
        child_domain(),
        user("nested"), group("N", members=["nested"], groups=["Backup Operators"]),
        user("primary", primarygroupid=512),
        user("replicator"), member("Replicator", "replicator"),
        user("publisher"), member("Cert Publishers", "publisher"),
        user("schema", groups=["Schema Admins"]),
        user("keys", groups=["SUB\\Key Admins"], domain="SUB"),
    )  # fmt: skip
    found = {one.name for one in forest.privileged.users}
    assert {"nested", "primary", "schema", "keys", "Administrator"} <= found
    assert not found & {"replicator", "publisher", "krbtgt", "Guest", "m.durand"}
    nested = named(forest, "nested")
    assert [one.name for one in forest.privileged.via[nested]] == ["N", "Backup Operators"]
    assert named(forest, "N") in forest.privileged.groups
    assert {"DC1$", "SUBDC1$"} <= {one.name for one in forest.privileged.accounts}
    counted = {one.name for one in forest.privileged.counted}
    assert "Administrator" not in counted
    assert "DC1$" not in counted


def test_the_same_name_in_two_domains_counts_once() -> None:
    forest = healthy(
        child_domain(),
        user("adm", groups=["Domain Admins"]),
        user("adm", domain="SUB", groups=["SUB\\Domain Admins"]),
    )
    assert len(forest.privileged.counted) == len(forest.privileged.counted_names) + 1


def test_password_policies() -> None:
    forest = healthy(
        user("seul"), user("groupe"), user("caché", {"msds-psoapplied": "CN=elsewhere"}),
        group("G", members=["groupe", "seul"]),
        pso("faible", 6, None, "G", precedence=1), pso("fort", 40, 365, "seul", precedence=50),
    )  # fmt: skip
    strong = forest.policy_of(named(forest, "seul"))
    assert (strong.min_length, strong.max_age, strong.is_pso) == (40, timedelta(days=365), True)
    weak = forest.policy_of(named(forest, "groupe"))
    assert (weak.min_length, weak.max_age) == (6, None)
    assert forest.policy_of(named(forest, "caché")).is_hidden
    plain = forest.policy_of(named(forest, "m.durand"))
    assert (plain.min_length, plain.is_pso, plain.is_complex) == (12, False, True)


def test_a_read_only_controller_and_the_entra_object() -> None:
    forest = healthy(
        controller("RODC", read_only=True),
        computer("AzureADKerberos", primarygroupid=521, ou="OU=Domain Controllers"),
    )
    found = {one.account.name: one for one in forest.controllers}
    assert found["RODC$"].is_read_only
    assert found["RODC$"].settings is not None
    assert found["RODC$"].settings.kind == "ntdsdsaro"
    assert found["AzureADKerberos$"].is_entra
    assert found["AzureADKerberos$"].server is None
    assert named(forest, "AzureADKerberos$") not in forest.tier0


def test_replication_metadata() -> None:
    told = (
        "<DS_REPL_ATTR_META_DATA>\n\t<pszAttributeName>unicodePwd</pszAttributeName>"
        "<dwVersion>{}</dwVersion>"
        "<ftimeLastOriginatingChange>{}</ftimeLastOriginatingChange>"
        "<pszLastOriginatingDsaDN>CN=A &amp; B</pszLastOriginatingDsaDN></DS_REPL_ATTR_META_DATA>"
    )
    values = [
        told.format(2, "2025-01-02T03:04:05Z").encode(),
        told.format(7, "1601-01-01T00:00:00Z").encode(),
        b"<x>",
    ]
    forest = healthy(spoilt("krbtgt", "msDS-ReplAttributeMetaData", *values))
    found = named(forest, "krbtgt").changes("unicodepwd")
    assert [one.version for one in found] == [2, 7]
    assert found[0].at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found[0].server == "CN=A & B"
    assert found[1].at is None
    assert named(forest, "krbtgt").changes("member") == ()


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_none(data: bytes) -> None:
    decode.number(data)
    decode.seconds_of(data)
    decode.boolean(data)
    decode.change(data)
    decode.dns_property(data)
    decode.parent_of(decode.text_of(data))
    decode.binary_dn(decode.text_of(data))


@given(st.integers())
def test_any_number_is_a_moment_or_none(ticks: int) -> None:
    decode.moment_of(ticks)
    decode.span_of(ticks)


def test_moments() -> None:
    assert decode.moment_of(0) is None
    assert decode.moment_of(decode.NEVER) is None
    assert decode.moment_of(-5) is None
    assert decode.moment_of(decode.ticks_of(AT)) == AT
    assert decode.span_of(-(1 << 63)) is None
    assert decode.span_of(-864_000_000_000) == timedelta(days=1)
    assert decode.dns_property(b"\0" * 19) is None
    assert decode.dns_property((400).to_bytes(4, "little") + bytes(20)) is None
    assert decode.binary_dn("B:8:01020304:CN=a:b,DC=c") == "CN=a:b,DC=c"


@given(st.dictionaries(st.integers(0, 60), st.lists(st.binary(max_size=5), max_size=4)))
def test_columns_give_back_what_they_took(held: dict[int, list[bytes]]) -> None:
    values, numbers = Values(), Numbers()
    for row in sorted(held):
        values.add(row, tuple(held[row]))
        numbers.add(row, len(held[row]))
    for column in (values, numbers):
        column.freeze(61)
    for row in range(61):
        assert values.get(row) == tuple(held.get(row, ()))
        assert numbers.get(row) == (len(held[row]) if row in held else None)
    assert dict(values.items()) == {row: tuple(one) for row, one in held.items()}


@pytest.mark.parametrize(
    ("given_", "within", "filters"),
    [
        ({}, False, False),
        ({"trustattributes": 0}, False, True),
        ({"trustattributes": 0x20}, True, False),
        ({"trustattributes": 0, "trustpartner": "CHU.example"}, True, False),
        ({"trustattributes": 0x8}, False, False),
        ({"trustattributes": 0x48}, False, True),
        ({"trustattributes": 0, "trusttype": 3}, False, False),
        ({"trustattributes": 0, "trusttype": 5}, False, False),
        ({"trustattributes": -2147483648}, False, True),
    ],
)
def test_trusts(given_: dict[str, int | str], within: bool, filters: bool) -> None:
    forest = healthy(trust("partner.example", given_))
    found = forest.trust_of(forest.trusts[0])
    assert found.is_outbound
    assert not found.is_inbound
    assert found.is_within_forest is within
    assert found.takes_sid_history is filters


def test_zones() -> None:
    forest = healthy(
        zone("autre.example", 1), zone("RootDNSServers", 1), zone("..TrustAnchors", 1),
        zone("_msdcs.chu.example", 0), zone("sans"),
        spoilt(f"DC=sans,{_DNS}", "dnsproperty", b"\1"),
    )  # fmt: skip
    found = {one.name: one for one in forest.zones}
    assert found["chu.example"].update == decode.UPDATE_SECURE
    assert found["chu.example"].is_of_directory
    assert found["autre.example"].update == decode.UPDATE_UNSECURE
    assert not found["autre.example"].is_of_directory
    assert found["_msdcs.chu.example"].is_of_directory
    assert (found["sans"].update, found["sans"].is_spoilt) == (None, True)
    assert set(found) == {"chu.example", "autre.example", "_msdcs.chu.example", "sans"}


def test_an_empty_snapshot_is_a_forest() -> None:
    head = Collection(
        vigie_version="0", forest="x.example", root_dn="DC=x,DC=example", account="a", started_at=AT
    )
    forest = build([(head, [])])
    assert forest.root.name == "x.example"
    assert not forest.root.is_read
    assert forest.privileged.accounts == ()
    assert forest.paths.leading() == ()
    assert forest.heuristic(3) == "0"
    nameless = build([(msgspec.structs.replace(head, root_dn=""), [])])
    assert [one.name for one in nameless.domains] == ["x.example"]


_CLASSES = st.sampled_from(
    """user computer group domainDNS crossRef foreignSecurityPrincipal trustedDomain dnsZone dnsNode
    server nTDSDSA site organizationalUnit groupPolicyContainer msDS-PasswordSettings classSchema
    attributeSchema controlAccessRight pKICertificateTemplate pKIEnrollmentService configuration
    msDS-GroupManagedServiceAccount certificationAuthority secret""".split()  # noqa: SIM905
)
_DNS_DRAWN = st.sampled_from(
    [
        "DC=x",
        "CN=a,DC=x",
        "CN=b,CN=a,DC=x",
        "OU=o,DC=x",
        "CN=c,OU=o,DC=x",
        "",
    ]
) | st.text(max_size=12)
_HELD = st.sampled_from(
    """member primarygroupid samaccounttype useraccountcontrol serviceprincipalname gplink gpoptions
    msds-allowedtodelegateto msds-allowedtoactonbehalfofotheridentity msds-groupmsamembership
    sidhistory ncname dnsroot systemflags serverreference dnsproperty dnsrecord trustattributes
    msds-psoappliesto ldapdisplayname schemaidguid attributesecurityguid rightsguid isdeleted
    certificatetemplates managedby dnshostname msds-resultantpso objectguid whencreated""".split()  # noqa: SIM905
)
_SID_BYTES = st.sampled_from(
    [sids.to_bytes(one) for one in ("S-1-5-21-1-2-3", "S-1-5-21-1-2-3-512", "S-1-5-21-1-2-3-1104",
                                    sids.ADMINISTRATORS, sids.EVERYONE, "S-1-5-21-1-2-3-500")]
)  # fmt: skip
_SD_BYTES = st.sampled_from(
    [encode(parse(one, domain="S-1-5-21-1-2-3")) for one in (
        "O:DAD:(A;;GA;;;DA)(A;CI;WD;;;S-1-5-21-1-2-3-1104)(D;;GA;;;WD)",
        "D:P(OA;;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;;AU)", "O:WDD:NO_ACCESS_CONTROL", "O:SY",
    )]
)  # fmt: skip
_ANY_BYTES = (
    st.binary(max_size=30) | _DNS_DRAWN.map(str.encode) | _SID_BYTES | _SD_BYTES
    | st.sampled_from([b"TRUE", b"3", b"512", b"516", b"8192", b"524288", b"805306368",
                       b"cifs/a:1/b", b"[LDAP://CN=a,DC=x;2]"])
)  # fmt: skip


@st.composite
def _objects(draw: st.DrawFn) -> RawObject:
    held: dict[str, tuple[bytes, ...]] = draw(
        st.dictionaries(_HELD, st.lists(_ANY_BYTES, max_size=3).map(tuple), max_size=5)
    )
    held["objectclass"] = tuple(one.encode() for one in draw(st.lists(_CLASSES, max_size=2)))
    held["objectsid"] = (draw(_SID_BYTES | st.binary(max_size=12)),)
    held["ntsecuritydescriptor"] = (draw(_SD_BYTES | st.binary(max_size=30)),)
    return RawObject(context=draw(st.integers(-2, 4)), dn=draw(_DNS_DRAWN), attributes=held)


@given(st.lists(_objects(), max_size=8), st.sampled_from(["DC=x", "", "DC=y"]))
def test_any_objects_are_a_forest(objects: list[RawObject], root: str) -> None:
    kinds = (("DC=x", "domain"), ("CN=Configuration,DC=x", "configuration"), ("DC=y", "domain"))
    head = Collection(
        vigie_version="0", forest="x", root_dn=root, account="a", started_at=AT,
        contexts=tuple(Context(dn=dn, kind=kind) for dn, kind in kinds),
    )  # fmt: skip
    forest = build([(head, objects), (head, objects)])
    assert len(forest) <= len(objects)
    for one in forest.entries:
        forest.rights_on(one)
        forest.policy_of(one)
        forest.gpos_on(one)
        forest.paths.path_from(one)
        forest.allowed_to_act_on(one)
        for spn in one.spns:
            forest.spn_targets(spn)
        assert one.name is not None
        assert one.is_user in (True, False)
        one.changes()
    forest.controllers_of(*forest.entries, level=2)
    list(forest.certificates.in_anyones_name())
    list(forest.links.every())
    assert len(holders(forest)) <= len(forest)
    assert len([forest.trust_of(one) for one in forest.trusts]) == len(forest.trusts)
    assert len(forest.zones) + len(forest.group_loops) <= len(forest)


def test_a_member_that_was_not_read_is_told() -> None:
    hidden = "CN=cache,OU=Secret,DC=chu,DC=example"

    def listed(name: str) -> Directory:
        return healthy(group("Projet"), change(name, {"member": (hidden,)}))

    forest = listed("Backup Operators")
    (operators,) = (one for one in forest.groups if one.name == "Backup Operators")
    assert forest.members_of(operators) == ()
    assert forest.absent_from(operators) == (hidden,)
    for what in ("group", "member"):
        assert forest.unread("domain", what) == f"hidden: {hidden}"
        assert forest.unread("domain", what, domain=forest.root) == f"hidden: {hidden}"
    assert forest.unread("domain", "user") == ""
    assert forest.paths.absent() == (hidden,)

    ordinary = listed("Projet")
    assert ordinary.unread("domain", "group", "member") == ""
    assert ordinary.paths.absent() == ()


def read_by(name: str, *departures: Departure) -> Directory:
    """Give a forest as an account of it read it."""
    sid = named(healthy(), name).sid
    return build(
        (msgspec.structs.replace(collection, account_sid=sid), objects)
        for collection, objects in raw(*departures)
    )


_MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"
_MEMBERSHIP = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf"


@pytest.mark.parametrize(
    ("entries", "is_told"),
    [
        (f"(OD;;RP;{_MEMBER};;@m.durand)", True),
        (f"(OD;;RP;{_MEMBERSHIP};;@m.durand)", True),
        (f"(OD;;RP;{_MEMBER};;@Domain Users)", True),
        ("(D;;RP;;;AU)", True),
        # For another, of another attribute, or handed down only.
        (f"(OD;;RP;{_MEMBER};;@adm.martin)", False),
        ("(OD;;RP;bf967950-0de6-11d0-a285-00aa003049e2;;@m.durand)", False),
        (f"(OD;CIIO;RP;{_MEMBER};;@m.durand)", False),
    ],
)
def test_a_group_that_refuses_its_members_is_no_empty_one(entries: str, is_told: bool) -> None:
    closed = f"CN=Equipe,CN=Users,{ROOT}"
    forest = read_by(
        "m.durand", group("Equipe", groups=["Domain Admins"]), grant("Equipe", entries)
    )
    told = f"hidden: {closed} (member)" if is_told else ""
    assert forest.unread("domain", "group") == told
    # Who is in it was given: nothing is refused.
    filled = read_by(
        "m.durand",
        group("Equipe", groups=["Domain Admins"], members=["adm.martin"]),
        grant("Equipe", entries),
    )
    assert filled.unread("domain", "group") == ""
    assert healthy(group("Equipe", groups=["Domain Admins"])).unread("domain", "group") == ""


def test_nothing_is_refused_in_a_sound_forest() -> None:
    assert read_by("m.durand").unread("domain", "group") == ""
    assert read_by("m.durand", child_domain()).unread("domain", "group") == ""


def test_what_every_object_has_is_hidden_where_it_did_not_come() -> None:
    durand = f"CN=m.durand,OU=Personnel,{ROOT}"
    sites = f"CN=Sites,CN=Configuration,{ROOT}"
    forest = healthy(hidden_descriptor("m.durand"), hidden_descriptor("CN=Sites,CN=Configuration"))
    told = f"hidden: {durand} (ntsecuritydescriptor)"
    assert forest.unread("domain", "ntsecuritydescriptor", domain=forest.root) == told
    assert forest.unread("domain", "user", "ntsecuritydescriptor") == told
    assert forest.unread("domain", "computer", "ntsecuritydescriptor") == ""
    assert forest.unread("domain", "user", "useraccountcontrol") == ""
    assert forest.unread("schema", "ntsecuritydescriptor") == ""
    told = f"hidden: {sites} (ntsecuritydescriptor)"
    assert forest.unread("configuration", "ntsecuritydescriptor") == told

    two = healthy(child_domain(), hidden_descriptor("m.durand"))
    root, sub = two.domains
    assert two.unread("domain", "ntsecuritydescriptor", domain=root) != ""
    assert two.unread("domain", "ntsecuritydescriptor", domain=sub) == ""

    flags = healthy(hide("m.durand", "useraccountcontrol"))
    told = f"hidden: {durand} (useraccountcontrol)"
    assert flags.unread("domain", "user", "computer", "useraccountcontrol") == told
    assert flags.unread("domain", "computer", "useraccountcontrol") == ""
    assert flags.unread("domain", "user") == ""


@pytest.mark.parametrize(
    ("dn", "value"),
    [
        (r"CN=Dupont\, Jean,OU=x", "Dupont, Jean"),
        (r"OU=\3DP\C3\B4le \<b\>\+\\,DC=x", "=Pôle <b>+\\"),
        (r"CN=\ \#a\22\ ,DC=x", ' #a" '),
        (r"CN=a\0ADEL:1,DC=x", "a\nDEL:1"),
        (r"CN=a\\2C,DC=x", r"a\2C"),
        (r"CN=\FF,DC=x", r"\xff"),
        ("CN=alone", "alone"),
        ("", ""),
    ],
)
def test_the_first_part_of_a_name_without_its_escapes(dn: str, value: str) -> None:
    assert decode.first_part(dn) == value


def test_the_domain_of_a_member_that_was_not_read_is_told_alone() -> None:
    gone = change(f"CN=Domain Admins,CN=Users,{_SUB_DN}", {"member": (f"CN=x,{_SUB_DN}",)})
    forest = healthy(child_domain(), gone)
    root, sub = forest.domains
    assert forest.unread("domain", "group", domain=root) == ""
    assert forest.unread("domain", "group", domain=sub) == f"hidden: CN=x,{_SUB_DN}"
    assert forest.unread("domain", "group") == f"hidden: CN=x,{_SUB_DN}"
