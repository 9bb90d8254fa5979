"""Names, counts and rights at their edges, on a real controller.

Delegations by each name that leads to the controller, exactly 50 privileged accounts and then 51,
and entries of rights that hold or do not by their order, their kind or whom they are for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ad_audit.snapshot import Clear, read_snapshot
from checks.registry import by_id
from core.directory import sids
from core.directory.build import build
from core.directory.descriptors import encode
from core.directory.forest import Directory
from core.directory.rights import Right
from core.directory.sddl import parse
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, NotMeasured
from tests.ad_audit.conftest import alias
from tests.ad_audit.test_collect_samba import collected
from tests.servers.samba import (
    DOMAIN_DN,
    SID,
    Controller,
    Planted,
    Templates,
    auditor,
    computer,
    controller,
    group,
    templates,
    user,
)

__all__ = ["templates"]

pytestmark = [pytest.mark.samba, pytest.mark.real, pytest.mark.slow]

CONFIGURATION = f"CN=Configuration,{DOMAIN_DN}"
SETTINGS = f"CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,{CONFIGURATION}"
ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN_DN}"
HOLDER = f"CN=AdminSDHolder,CN=System,{DOMAIN_DN}"
REPLICATION = "E3514235-4B06-11D1-AB04-00C04FC2DCD2"
"""Class of the service names of replication: their host is the GUID of a controller."""
ABROAD = "S-1-5-21-9-9-9-1105"
MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"
MEMBERSHIP = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf"
"""Property set in which ``member`` is."""
WEB = "e45795b3-9455-11d1-aebd-0000f80367c1"
"""Property set of home pages."""
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
GROUP_CLASS = "bf967a9c-0de6-11d0-a285-00aa003049e2"

# Delegations.

SHORT = ("cifs/dc1/chu.example", "HOST/dc1.chu.example/CHU", "ldap/dc1.chu.example:389/chu.example")
BY_NAME = ("cifs/annuaire.chu.example", "HOST/ANNUAIRE.chu.example:445")
ELSEWHERE = (
    "cifs/dc10/chu.example",
    "HOST/dc10.chu.example/CHU",
    "ldap/dc1.autre.example",
    "cifs/intranet.chu.example",
    f"{REPLICATION}/11111111-2222-3333-4444-555555555555/chu.example",
    "ldap/11111111-2222-3333-4444-555555555555._msdcs.chu.example",
)

# Rights, each held by somebody of its own.


@dataclass(frozen=True)
class Case:
    """Entries on one object, for one account."""

    name: str
    entries: str
    """``%`` stands for the account."""
    gives: Right


NOTHING = Right(0)
ON_HOLDER = (
    Case("refuse-avant", "(D;;WD;;;%)(A;;WD;;;%)", NOTHING),
    Case("refuse-apres", "(A;;WD;;;%)(D;;WD;;;%)", Right.WRITE_DAC),
    Case("refuse-autre", "(D;;WO;;;%)(A;;WDWO;;;%)", Right.WRITE_DAC),
    Case("enfants", "(A;CIIO;WD;;;%)", NOTHING),
    Case("enfants-aussi", "(A;CI;WD;;;%)", Right.WRITE_DAC),
    Case("autre-classe", f"(OA;CI;WD;;{USER_CLASS};%)", NOTHING),
    Case("lit", "(A;;RPLCLORC;;;%)", NOTHING),
)
ON_GROUP = (
    Case("membres", f"(OA;;WP;{MEMBER};;%)", Right.WRITE_MEMBER),
    Case("lot", f"(OA;;WP;{MEMBERSHIP};;%)", Right.WRITE_MEMBER),
    Case("autre-lot", f"(OA;;WP;{WEB};;%)", NOTHING),
    Case("lot-refuse", f"(OD;;WP;{MEMBERSHIP};;%)(OA;;WP;{MEMBER};;%)", NOTHING),
    Case("des-groupes", f"(OA;CI;WP;{MEMBER};{GROUP_CLASS};%)", Right.WRITE_MEMBER),
    Case("des-comptes", f"(OA;CI;WP;{MEMBER};{USER_CLASS};%)", NOTHING),
)
MET = "sous-condition"
"""May write under a condition that we do not evaluate."""
REFUSED_IF = "refuse-sous-condition"
"""Is refused under a condition: it may not hold."""
OWNERS = ("possede", "possede-borne", "possede-droits")
NAMES = [one.name for one in (*ON_HOLDER, *ON_GROUP)] + [MET, REFUSED_IF, *OWNERS]
OWNED = ("o-nu", "o-borne", "o-droits")
DIRECT = 47 - len(OWNED)


def sid_of(name: str) -> str:
    """Give the SID of an account of the cases."""
    return f"{SID}-{5_200 + NAMES.index(name)}"


def dn(name: str) -> str:
    """Give the DN of an account or group of ``CN=Users``."""
    return f"CN={name},CN=Users,{DOMAIN_DN}"


def joined(group_dn: str, *members: str) -> Planted:
    """Put members in a group."""
    return Planted(group_dn, {"member": list(members)}, "append")


def described(dn_: str, sddl: str) -> Planted:
    """Put a descriptor of our own encoding on an object."""
    held = encode(parse(sddl, domain=SID))
    return Planted(dn_, {"nTSecurityDescriptor": held}, "replace", ("system", "relax"))


def written(cases: tuple[Case, ...]) -> str:
    """Give all entries of the cases."""
    return "".join(one.entries.replace("%", sid_of(one.name)) for one in cases)


def population() -> list[Planted]:
    """Give the domain, with 50 privileged accounts."""
    base = "(A;;GA;;;DA)(A;;GA;;;SY)(A;;RPLCLORC;;;AU)"
    under = f'(XA;;WD;;;{sid_of(MET)};(@User.service == "soins"))'
    maybe = f'(XD;;WD;;;{sid_of(REFUSED_IF)};(@User.service == "soins"))'
    maybe += f"(A;;WD;;;{sid_of(REFUSED_IF)})"
    owned = [
        (OWNED[0], OWNERS[0], ""),
        (OWNED[1], OWNERS[1], "(A;;RC;;;S-1-3-4)"),
        (OWNED[2], OWNERS[2], "(A;;RCWD;;;S-1-3-4)"),
    ]
    return [
        *auditor(),
        *[one for name in NAMES for one in user(name, objectSid=sids.to_bytes(sid_of(name)))],
        # Fifty: directly, by the primary group, from another forest, through a circular group.
        *[one for number in range(DIRECT) for one in user(f"adm{number:02}", adminCount="1")],
        joined(dn("Domain Admins"), *[dn(f"adm{number:02}") for number in range(DIRECT)]),
        *user("adm-primaire"),
        joined(dn("Domain Admins"), dn("adm-primaire")),
        Planted(dn("adm-primaire"), {"primaryGroupID": "512"}, "replace", ("system", "relax")),
        # Samba makes the foreign principal.
        joined(f"CN=Administrators,CN=Builtin,{DOMAIN_DN}", f"<SID={ABROAD}>"),
        *user("adm-ronde"),
        *group("ronde-a"),
        *group("ronde-b", ["ronde-a", "adm-ronde"]),
        joined(dn("ronde-a"), dn("ronde-b")),
        joined(dn("Domain Admins"), dn("ronde-a")),
        *user("adm-de-trop"),
        # Delegations.
        *computer("DC10", servicePrincipalName=["HOST/dc10", "HOST/dc10.chu.example"]),
        *computer("PC001"),
        *[
            Planted(f"DC={name},{ZONE}", {"objectClass": "dnsNode", "dnsRecord": alias(host)})
            for name, host in (("annuaire", "dc1"), ("intranet", "pc001"))
        ],
        # Rights.
        described(HOLDER, f"O:DAG:DAD:P{written(ON_HOLDER)}{under}{maybe}{base}(A;;GA;;;CO)"),
        described(dn("Domain Admins"), f"O:DAG:DAD:P{written(ON_GROUP)}{base}(A;;GA;;;CO)"),
        *[
            one
            for name, owner, entries in owned
            for one in (
                *user(name, adminCount="1"),
                described(dn(name), f"O:{sid_of(owner)}G:DAD:P{entries}{base}"),
            )
        ],
        joined(dn("Domain Admins"), *map(dn, OWNED)),
    ]


def delegating(number: int, spn: str) -> Iterator[Planted]:
    """Give an account that may act for anyone on a service."""
    yield from user(f"delegue{number:02}", **{"msDS-AllowedToDelegateTo": spn})


@dataclass
class Read:
    """Two readings of one domain."""

    first: Directory
    """With 50 privileged accounts, and no delegation."""
    later: Directory
    """One more, and delegations by every name."""
    spns: dict[str, str]
    """DN of an account → the service to which it delegates."""
    reaching: set[str]
    """Those of them that lead to the controller."""


@pytest.fixture(scope="module")
def read(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read a domain, change it while it runs, and read it again."""
    folder = tmp_path_factory.mktemp("edges")
    with controller(folder, templates.populated(population())) as running:
        first = forest_of(running, folder / "first")
        [guid] = running.attribute(SETTINGS, "objectGUID")
        by_guid = (f"ldap/{guid}._msdcs.chu.example", f"{REPLICATION}/{guid}/chu.example")
        reaching = (*SHORT, *BY_NAME, *by_guid)
        spns = dict(enumerate((*reaching, *ELSEWHERE)))
        running.plant(
            joined(dn("Domain Admins"), dn("adm-de-trop")),
            *[one for number, spn in spns.items() for one in delegating(number, spn)],
        )
        later = forest_of(running, folder / "later")
    named = {dn(f"delegue{number:02}"): spn for number, spn in spns.items()}
    return Read(first, later, named, {one for one, spn in named.items() if spn in reaching})


def forest_of(running: Controller, path: Path) -> Directory:
    """Collect as the ordinary account, and give the model."""
    collected(running, path, Clear())
    return build([read_snapshot(path, Clear())])


def told(forest: Directory, id_: str) -> list[Flagged]:
    """Give what a check flags."""
    facts = Facts(today=forest.at.date(), knowledge=load_knowledge())
    return [one for one in by_id()[id_].judge(forest, facts) if isinstance(one, Flagged)]


def left_open(forest: Directory, id_: str) -> list[str]:
    """Give why a check leaves its point open."""
    facts = Facts(today=forest.at.date(), knowledge=load_knowledge())
    found = by_id()[id_].judge(forest, facts)
    return [one.why for one in found if isinstance(one, NotMeasured)]


def objects(forest: Directory, id_: str) -> set[str]:
    """Give the objects that it flags."""
    return {dn_ for one in told(forest, id_) for dn_ in one.objects}


def proven(forest: Directory, id_: str, target: str) -> str:
    """Give all proofs on an object, as one text."""
    return "\n".join(
        str(proof.values["en"])
        for one in told(forest, id_)
        for proof in one.proofs
        if proof.values.get("dn") == target
    )


def named(name: str) -> str:
    """Give how a proof names an account."""
    return f"CHU\\{name} "


def held(forest: Directory, target: str) -> dict[str, tuple[Right, Right]]:
    """Give what each account of the cases may do to an object, and may do under a condition."""
    entry = forest.by_dn(target)
    assert entry is not None
    return {one.trustee: (one.rights, one.if_met) for one in forest.rights_on(entry)}


def test_delegation_by_every_name_of_the_controller(read: Read) -> None:
    assert objects(read.first, "ad.delegation-a2d2") == set()
    flagged = objects(read.later, "ad.delegation-a2d2")
    assert {read.spns[one] for one in flagged} == {read.spns[one] for one in read.reaching}


def test_fifty_privileged_accounts_are_not_too_many(read: Read) -> None:
    counted = read.first.privileged.counted
    assert len(counted) == 50
    for name in ("adm-primaire", "adm-ronde", "adm00"):
        assert dn(name) in {one.dn for one in counted}
    assert [one.sid for one in counted if one.is_foreign] == [ABROAD]
    assert objects(read.first, "ad.privileged-members") == set()


def test_one_more_is(read: Read) -> None:
    [verdict] = told(read.later, "ad.privileged-members")
    assert set(verdict.levels) == {1, 2}
    assert dn("adm-de-trop") in verdict.objects
    assert len(read.later.privileged.counted) == 51


@pytest.mark.parametrize(
    ("target", "case"),
    [(HOLDER, one) for one in ON_HOLDER] + [(dn("Domain Admins"), one) for one in ON_GROUP],
    ids=lambda one: one.name if isinstance(one, Case) else "",
)
def test_each_entry_gives_what_it_gives(read: Read, target: str, case: Case) -> None:
    reads = Right.READ_SOME | Right.READ_ALL | Right.WRITE_SOME
    rights, if_met = held(read.first, target).get(sid_of(case.name), (NOTHING, NOTHING))
    assert rights & ~reads == case.gives
    assert if_met & ~reads == NOTHING


def test_who_is_flagged_is_who_may(read: Read) -> None:
    for id_, target, cases in (
        ("ad.permissions-adminsdholder", HOLDER, ON_HOLDER),
        ("ad.privileged-members-perm", dn("Domain Admins"), ON_GROUP),
    ):
        proof = proven(read.first, id_, target)
        for case in cases:
            assert (named(case.name) in proof) == (case.gives != NOTHING), case.name


def test_a_condition_is_told_and_hides_nothing(read: Read) -> None:
    found = held(read.first, HOLDER)
    assert found[sid_of(MET)][0] & Right.WRITE_DAC == NOTHING
    assert found[sid_of(MET)][1] & Right.WRITE_DAC
    # A refusal that may not hold is not counted on.
    assert found[sid_of(REFUSED_IF)][0] & Right.WRITE_DAC
    proof = proven(read.first, "ad.permissions-adminsdholder", HOLDER)
    assert named(REFUSED_IF) in proof
    # Of neither outcome of a condition is the check silent.
    assert named(MET) not in proof.replace(named(REFUSED_IF), "")
    [why] = left_open(read.first, "ad.permissions-adminsdholder")
    assert why == f"conditional: CHU\\{MET}, {HOLDER}"
    assert left_open(read.first, "ad.privileged-members-perm") == []


def test_owners_and_whom_replaces_them(read: Read) -> None:
    owner = {name: held(read.first, dn(f"o-{name[8:] or 'nu'}")) for name in OWNERS}
    assert owner["possede"][sid_of("possede")][0] & Right.OWNER
    limited = owner["possede-borne"].get(sid_of("possede-borne"), (NOTHING, NOTHING))[0]
    assert limited & (Right.OWNER | Right.WRITE_DAC) == NOTHING
    assert owner["possede-droits"][sid_of("possede-droits")][0] & Right.WRITE_DAC
    proofs = [proven(read.first, "ad.privileged-members-perm", dn(name)) for name in OWNED]
    assert proofs == [
        f"{named(OWNERS[0])}owns CHU\\{OWNED[0]}",
        "",
        f"{named(OWNERS[2])}may change the rights of CHU\\{OWNED[2]}",
    ]


def test_the_creator_is_nobody(read: Read) -> None:
    for target in (HOLDER, dn("Domain Admins")):
        assert sids.CREATOR_OWNER not in held(read.first, target)
    flagged = proven(read.first, "ad.permissions-adminsdholder", HOLDER).splitlines()
    who = {one.partition(" ")[0] for one in flagged}
    granted = {one.name for one in ON_HOLDER if one.gives}
    assert who == {f"CHU\\{one}" for one in (*granted, REFUSED_IF)}
