"""What is hard to scope, on a real controller: policies, odd names, crowds, the dead, the hidden.

One domain is read four times: by an account that reads everything, by two that are refused a part
of it, and once more after links and settings changed. Whatever one of them tells, another
must not. A second domain holds a group of 5,000.
"""

import csv
import functools
import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import trio

from ad_audit import ber
from ad_audit.collect import collect_forest
from ad_audit.session import open_directory
from ad_audit.snapshot import Clear, read_snapshot
from ad_audit.wire import Counters, Limits, Wire
from checks.registry import all_points, by_id
from core.directory import sids
from core.directory.build import build
from core.directory.decode import first_part
from core.directory.forest import Directory
from core.directory.level import outcome_of
from core.directory.objects import Entry
from core.directory.raw import Collection
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Language, NotMeasured, Verdict
from inventories.scope import DirectoryScope
from reports.exports.csv import cell
from reports.text import inert
from tests.ad_audit.test_collect_samba import login
from tests.reports.page import Page
from tests.servers.samba import (
    AUDITOR,
    DOMAIN_DN,
    PASSWORD,
    SID,
    Controller,
    Planted,
    Sddl,
    Templates,
    Value,
    auditor,
    controller,
    group,
    templates,
    user,
)
from vigie.cli import run

__all__ = ["templates"]

pytestmark = [pytest.mark.samba, pytest.mark.real, pytest.mark.slow]

CONFIGURATION = f"CN=Configuration,{DOMAIN_DN}"
SERVICE = f"CN=Directory Service,CN=Windows NT,CN=Services,{CONFIGURATION}"
SITE = f"CN=Default-First-Site-Name,CN=Sites,{CONFIGURATION}"
CONTROLLERS = f"OU=Domain Controllers,{DOMAIN_DN}"
DOMAIN_ADMINS = f"CN=Domain Admins,CN=Users,{DOMAIN_DN}"
POLICIES = f"CN=Policies,CN=System,{DOMAIN_DN}"
PRIVATE = "O:DAG:DAD:P(A;;GA;;;DA)(A;;GA;;;EA)(A;;GA;;;SY)(A;;RPLCLORC;;;AU)"
UPPER = f"OU=Haut,{DOMAIN_DN}"
LOWER = f"OU=Bas,{UPPER}"
OPEN = f"OU=Ouvert,{UPPER}"
DEEP = f"OU=Fond,{LOWER}"
HIDDEN = f"OU=Cache,{DOMAIN_DN}"
BLIND = "audit-aveugle"
BLINDED = f"{SID}-5900"
ONE_EYED = "audit-borgne"
HALF_BLIND = f"{SID}-5901"
POLICY_NAMES = (
    "domaine", "haut", "impose", "coupe", "coupe-impose", "bas", "fond", "site", "site-impose",
)  # fmt: skip
BLOCK = {"gPOptions": "1"}
CROWD = 5_000


# Policies.


def policy_dn(name: str) -> str:
    """Give the DN of a policy of ours."""
    guid = str(uuid.uuid5(uuid.NAMESPACE_DNS, name)).upper()
    return f"CN={{{guid}}},{POLICIES}"


def keeper_sid(name: str) -> str:
    """Give the SID of who alone may change a policy, and is nobody otherwise."""
    return f"{SID}-{5_100 + POLICY_NAMES.index(name)}"


def links(**options: int) -> str:
    """Give the value of gPLink, as consoles write it."""
    return "".join(
        f"[LDAP://{policy_dn(name.replace('_', '-'))};{bits}]" for name, bits in options.items()
    )


def changed(dn: str, **attributes: Value | Sequence[Value]) -> Planted:
    """Replace attributes."""
    return Planted(dn, attributes, "replace", ("system", "relax"))


def unit(dn: str, **attributes: Value | Sequence[Value]) -> Planted:
    """Give an organisational unit."""
    return Planted(dn, {"objectClass": "organizationalUnit", **attributes})


def placed(name: str, above: str, **attributes: Value | Sequence[Value]) -> Planted:
    """Give a user of a unit."""
    [one] = user(name, "", **attributes)
    return Planted(f"CN={name},{above}", one.attributes, controls=one.controls)


def joined(group_dn: str, *members: str) -> Planted:
    """Put members in a group."""
    return Planted(group_dn, {"member": list(members)}, "append")


def policies() -> list[Planted]:
    """Give links of every sort, each to a policy that someone of its own controls."""
    found: list[Planted] = []
    for name in POLICY_NAMES:
        found += user(f"tient-{name}", objectSid=sids.to_bytes(keeper_sid(name)))
        found.append(
            Planted(
                policy_dn(name),
                {
                    "objectClass": "groupPolicyContainer",
                    "displayName": name,
                    "flags": "0",
                    "versionNumber": "1",
                    "nTSecurityDescriptor": Sddl(f"{PRIVATE}(A;;GA;;;{keeper_sid(name)})"),
                },
            )
        )
    return [
        *found,
        unit(UPPER, gPLink=links(haut=0, impose=2, coupe=1, coupe_impose=3)),
        unit(LOWER, gPLink=links(bas=0), **BLOCK),
        unit(OPEN),
        unit(DEEP, gPLink=links(fond=0)),
        placed("adm-bas", LOWER),
        joined(DOMAIN_ADMINS, f"CN=adm-bas,{LOWER}"),
        placed("agent-ouvert", OPEN),
        placed("agent-fond", DEEP),
        Planted(DOMAIN_DN, {"gPLink": links(domaine=0)}, "replace"),
        changed(SITE, gPLink=links(site=0, site_impose=2)),
        changed(CONTROLLERS, **BLOCK),
    ]


# Names.

NAMES = {
    "accents": "Zoé Œuvrard-Ÿçîn",
    "decompose": "Ame\u0301lie",
    "cjk": "診療 名前",
    "emoji": "Garde 🏥👩‍⚕️",
    "arabe": "مدير النظام",
    "hebreu": "משה",
    "retourne": "fiche\u202egpj.exe",
    "virgule": "Dupont, Jean",
    "plus": "a+b",
    "guillemet": 'Marc "Le Chef"',
    "barre": "CHU\\nuit",
    "balise": "<script>alert(1)</script>",
    "point-virgule": "un;deux",
    "egal": "=1+2",
    "diese": "#dièse",
    "avant": " avant",
    "apres": "après ",
    "parentheses": "(objectClass=*)",
    "etoile": "a*b",
    "formule": "@SUM(1)",
    "moins": "-2-3",
    "tout": ' #,+"\\<>;=é名🏥() ',
}
REFUSED = frozenset('"/\\[]:;|=+*?<>,')
"""Of an account's name ([MS-SAMR] 3.1.1.8.4); ``cn`` takes them all."""
NEIGHBOUR = f"{SID}-5700"
ODD_UNIT = '=Pôle "Soins", 名前 <b>+\\'
ODD_GROUP = "Équipe (*) ; #1, מנהל = <i>"


def rdn(value: str) -> str:
    """Give a value as it stands in a DN (RFC 4514)."""
    text = "".join(f"\\{one}" if one in ',+"\\<>;=#' else one for one in value)
    if text.startswith(" "):
        text = f"\\{text}"
    return f"{text[:-1]}\\ " if text.endswith(" ") else text


def odd_dn(key: str) -> str:
    """Give the DN of an account with an odd name."""
    return f"CN={rdn(NAMES[key])},OU={rdn(ODD_UNIT)},{DOMAIN_DN}"


def stored(value: str) -> str:
    """Give it as Samba stores it."""
    return rdn(value).replace("\\;", "\\3B").replace("\\=", "\\3D")


def stored_dn(key: str) -> str:
    """Give the DN of an account with an odd name, as Samba stores it."""
    return f"CN={stored(NAMES[key])},OU={stored(ODD_UNIT)},{DOMAIN_DN}"


def account_name(key: str) -> str:
    """Give its sAMAccountName: the same, where the directory admits it."""
    return f"odd-{key}" if set(NAMES[key]) & REFUSED else NAMES[key]


def odd() -> list[Planted]:
    """Give odd accounts, in an odd unit, privileged by an odd group."""
    above = f"OU={rdn(ODD_UNIT)},{DOMAIN_DN}"
    team = f"CN={rdn(ODD_GROUP)},{above}"
    return [
        unit(
            above, nTSecurityDescriptor=Sddl(f"{PRIVATE}(A;;GA;;;{NEIGHBOUR})(A;CI;RPLCLORC;;;AU)")
        ),
        *[
            Planted(
                odd_dn(key),
                {
                    "objectClass": "user",
                    "sAMAccountName": account_name(key),
                    "displayName": name,
                    "description": name,
                    "userAccountControl": "66048",
                },
                controls=("system", "relax"),
            )
            for key, name in NAMES.items()
        ],
        Planted(
            team,
            {
                "objectClass": "group",
                "sAMAccountName": "odd-team",
                "groupType": "-2147483646",
                "member": [odd_dn(key) for key in NAMES],
            },
        ),
        joined(DOMAIN_ADMINS, team),
        # Neighbours that are nobody: the first is told apart from « Dupont, Jean » by a backslash.
        unit(f"OU=Jean,{above}"),
        placed("Dupont", f"OU=Jean,{above}"),
        *user("@voisine", objectSid=sids.to_bytes(NEIGHBOUR)),
        *user("@voisin"),
    ]


# The dead.

LEFT = f"OU=Restes,{DOMAIN_DN}"
KEPT = f"OU=Tenue,{DOMAIN_DN}"
DEAD = f"{SID}-5800"
LIVING = f"{SID}-5801"


def dead() -> list[Planted]:
    """Give accounts that have rights, one of which is deleted afterwards."""
    return [
        *user("disparu", objectSid=sids.to_bytes(DEAD), userAccountControl="66048"),
        *user("vivant", objectSid=sids.to_bytes(LIVING), userAccountControl="66048"),
        *group("dissous", ["vivant"]),
        joined(DOMAIN_ADMINS, f"CN=disparu,CN=Users,{DOMAIN_DN}"),
        joined(DOMAIN_ADMINS, f"CN=dissous,CN=Users,{DOMAIN_DN}"),
        unit(LEFT, nTSecurityDescriptor=Sddl(f"{PRIVATE}(A;;GA;;;{DEAD})")),
        unit(KEPT, nTSecurityDescriptor=Sddl(f"{PRIVATE}(A;;GA;;;{LIVING})")),
        placed("emporte", LEFT),
    ]


def burials() -> list[Planted]:
    """Delete some of them."""
    return [
        Planted(f"CN={one}", do="delete")
        for one in ("disparu,CN=Users", "dissous,CN=Users", "emporte,OU=Restes")
    ]


# The hidden.

CLOSED = f"CN=equipe-close,CN=Users,{DOMAIN_DN}"
VEILED = f"CN=adm-voile,CN=Users,{DOMAIN_DN}"
MEMBER = "bf9679c0-0de6-11d0-a285-00aa003049e2"
ACCOUNT_CONTROL = "bf967a68-0de6-11d0-a285-00aa003049e2"
SECRET = f"CN=adm-secret,CN=Users,{DOMAIN_DN}"


def denied(entries: str) -> Sddl:
    """Give a descriptor that begins with these entries."""
    inherited = PRIVATE.replace("(A;", "(A;CI")
    return Sddl(inherited.replace("D:P", f"D:P{entries}"))


def hidden() -> list[Planted]:
    """Give a unit of administrators, and a descriptor, that one of the two readers may not read."""
    return [
        *user(BLIND, PASSWORD),
        *group("aveugles", [BLIND], objectSid=sids.to_bytes(BLINDED)),
        unit(HIDDEN, nTSecurityDescriptor=denied(f"(D;CI;GA;;;{BLINDED})")),
        placed("adm-cache", HIDDEN, userAccountControl="66048"),
        joined(DOMAIN_ADMINS, f"CN=adm-cache,{HIDDEN}"),
        *user("adm-secret", nTSecurityDescriptor=denied(f"(D;;RC;;;{BLINDED})")),
        joined(DOMAIN_ADMINS, SECRET),
        # To a third reader, attributes alone are refused.
        *user(ONE_EYED, PASSWORD),
        *group("borgnes", [ONE_EYED], objectSid=sids.to_bytes(HALF_BLIND)),
        *user("adm-clos"),
        *group(
            "equipe-close",
            ["adm-clos"],
            nTSecurityDescriptor=denied(f"(OD;;RP;{MEMBER};;{HALF_BLIND})"),
        ),
        joined(DOMAIN_ADMINS, CLOSED),
        *user(
            "adm-voile", nTSecurityDescriptor=denied(f"(OD;;RP;{ACCOUNT_CONTROL};;{HALF_BLIND})")
        ),
        joined(DOMAIN_ADMINS, VEILED),
    ]


def crowd() -> list[Planted]:
    """Give a group of administrators longer than what a directory gives of it at once."""
    names = [f"m{number:04}" for number in range(CROWD)]
    return [
        *auditor(),
        *[one for name in names for one in user(name)],
        *user("seul"),
        *group("foule", names),
        joined(DOMAIN_ADMINS, f"CN=foule,CN=Users,{DOMAIN_DN}"),
    ]


# What is read.


@dataclass(frozen=True)
class Reading:
    """What one account read at one moment."""

    path: Path
    collection: Collection
    forest: Directory

    def named(self, name: str) -> Entry:
        """Give an account by its name."""
        [found] = [one for one in (*self.forest.users, *self.forest.computers) if one.name == name]
        return found

    def reaching(self, name: str) -> set[str]:
        """Give the policies of ours that reach an account."""
        found = (one.gpo for one in self.forest.gpos_on(self.named(name)))
        told = {one.text("displayname") for one in found if one is not None}
        return told & set(POLICY_NAMES)

    def verdicts(self, check: str) -> list[Verdict]:
        """Give all that a check says."""
        facts = Facts(today=self.forest.at.date(), knowledge=load_knowledge())
        return list(by_id()[check].judge(self.forest, facts))

    def flagged(self, check: str) -> set[str]:
        """Give the DNs that a check names."""
        found = self.verdicts(check)
        return {dn for one in found if isinstance(one, Flagged) for dn in one.objects}

    def levels(self, check: str) -> set[int]:
        """Give the levels that a check fails."""
        found = self.verdicts(check)
        return {level for one in found if isinstance(one, Flagged) for level in one.levels}

    def proofs(self, check: str) -> list[dict[str, str]]:
        """Give the values of its proofs."""
        found = [one for one in self.verdicts(check) if isinstance(one, Flagged)]
        return [dict(proof.values) for one in found for proof in one.proofs]

    def hidden(self, check: str) -> list[str]:
        """Give why it is not evaluated, or not wholly."""
        return [one.why for one in self.verdicts(check) if isinstance(one, NotMeasured)]

    def status(self, check: str) -> str:
        """Give what comes of its point."""
        return outcome_of(all_points()[check], self.verdicts(check)).status


def read(dc: Controller, path: Path, account: str = AUDITOR) -> Reading:
    """Collect by the real path, as an account, and build the model."""
    ask = functools.partial(
        collect_forest,
        DirectoryScope(dc.url),
        login(dc, user=f"{account}@chu.example"),
        path,
        Clear(),
        version="0",
        resolve=dc.resolve,
    )
    collection = trio.run(ask)
    return Reading(path, collection, build([read_snapshot(path, Clear())]))


@dataclass(frozen=True)
class Readings:
    """The same domain, four times."""

    sighted: Reading
    """dSHeuristics is absent."""
    blind: Reading
    """By who is refused a part; dSHeuristics has seven characters."""
    half: Reading
    """By who is refused attributes."""
    later: Reading
    """By the first again; dSHeuristics has three, blocks are lifted and links changed."""
    buried: str
    """What the database itself lists as deleted."""


@pytest.fixture(scope="module")
def readings(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Readings:
    """Read it."""
    planted = [*auditor(), *policies(), *odd(), *dead(), *hidden()]
    folder = tmp_path_factory.mktemp("scope")
    with controller(folder, templates.populated(planted, batches=[burials()])) as dc:
        sighted = read(dc, folder / "sighted")
        dc.plant(changed(SERVICE, dSHeuristics="0000002"))
        blind = read(dc, folder / "blind", BLIND)
        half = read(dc, folder / "half", ONE_EYED)
        dc.plant(
            changed(SERVICE, dSHeuristics="001"),
            changed(LOWER, gPOptions="0"),
            changed(CONTROLLERS, gPOptions="0"),
            changed(UPPER, gPLink=links(haut=0, impose=3, coupe=0, coupe_impose=2)),
            changed(SITE, gPLink=links(site=0, site_impose=1)),
        )
        later = read(dc, folder / "later")
        return Readings(sighted, blind, half, later, dc.deleted())


# Group policy.

REACHED = {
    # Account: before, and after.
    "adm-bas": ({"bas", "impose"}, {"bas", "haut", "coupe", "coupe-impose", "domaine"}),
    "agent-fond": (
        {"fond", "bas", "impose"},
        {"fond", "bas", "haut", "coupe", "coupe-impose", "domaine"},
    ),
    "agent-ouvert": ({"haut", "impose", "domaine"}, {"haut", "coupe", "coupe-impose", "domaine"}),
    # No site of a controller is that of its administrators.
    "Administrator": ({"domaine"}, {"domaine"}),
    "DC1$": ({"site-impose"}, {"site", "domaine"}),
}


@pytest.mark.parametrize("name", REACHED)
def test_policies_reach_whom_they_do(readings: Readings, name: str) -> None:
    before, after = REACHED[name]
    assert readings.sighted.reaching(name) == before
    assert readings.later.reaching(name) == after


def test_a_policy_that_others_change_counts_where_it_reaches(readings: Readings) -> None:
    before = {"domaine", "bas", "impose", "site-impose"}
    after = {"domaine", "bas", "haut", "coupe", "coupe-impose", "site"}
    for reading, names in ((readings.sighted, before), (readings.later, after)):
        assert reading.flagged("ad.permissions-gpo-priv") == set(map(policy_dn, names))
        assert reading.hidden("ad.permissions-gpo-priv") == []
        found = {one.name for one in reading.forest.paths.leading()}
        assert {one for one in found if one.startswith("tient-")} == {
            f"tient-{name}" for name in names
        }


# dSHeuristics.


def test_short_and_absent_heuristics(readings: Readings) -> None:
    said = [
        (
            one.forest.directory_service is not None
            and one.forest.directory_service.text("dsheuristics"),
            one.levels("ad.dsheuristics-bad"),
            {each["position"] for each in one.proofs("ad.dsheuristics-bad")},
            one.flagged("ad.list-object-mode"),
        )
        for one in (readings.sighted, readings.blind, readings.later)
    ]
    assert said == [
        # What is not there is a zero: positions 28 and 29 are then as KB5008383 found them.
        ("", {4}, {"28", "29"}, set()),
        ("0000002", {2, 4}, {"7", "28", "29"}, set()),
        ("001", {4}, {"28", "29"}, {SERVICE}),
    ]
    assert not any(one.hidden("ad.dsheuristics-bad") for one in (readings.sighted, readings.later))


# Names.


def test_odd_names_are_told_apart_in_the_model(readings: Readings) -> None:
    forest = readings.sighted.forest
    above = forest.by_dn(f"OU={stored(ODD_UNIT)},{DOMAIN_DN}")
    assert above is not None
    assert above.name == ODD_UNIT
    [team] = [one for one in forest.groups if one.name == "odd-team"]
    held = {one.dn: one for one in forest.members_of(team)}
    assert set(held) == {stored_dn(key) for key in NAMES}
    assert forest.absent_from(team) == ()
    assert {one.parent for one in held.values()} == {above}
    for key, name in NAMES.items():
        one = held[stored_dn(key)]
        assert (one.name, one.text("cn")) == (account_name(key), name)
        assert first_part(one.dn) == name
        assert one in forest.privileged
    [neighbour] = [one for one in forest.users if one.text("cn") == "Dupont"]
    assert neighbour not in forest.privileged
    assert readings.sighted.named("@voisine") not in forest.privileged
    assert readings.sighted.flagged("ad.dont-expire-priv") == {
        *held,
        f"CN=adm-cache,{HIDDEN}",
    }


@pytest.fixture(scope="module")
def reported(readings: Readings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the reports of what each of the two accounts read, as typed."""
    folder = tmp_path_factory.mktemp("reports")
    for one in ("sighted", "blind"):
        reading: Reading = getattr(readings, one)
        asked = ("ad", "analyse", str(reading.path), "--out", str(folder / one))
        assert run(["--quiet", "--state-dir", str(folder / f"state-{one}"), *asked]) == 0
    return {one: folder / one for one in ("sighted", "blind")}


def test_odd_names_come_out_right_in_the_report(reported: dict[str, Path]) -> None:
    page = Page((reported["sighted"] / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert {tag for tag, _ in page.elements} & {"script", "i", "img"} == set()
    text = page.text
    for key in NAMES:
        assert inert(account_name(key), Language.FR) in text
        assert inert(stored_dn(key), Language.FR, 200) in text
    assert "fiche⟨U+202E⟩gpj.exe" in text
    assert "\u202e" not in text
    # A path through the unit tells its name, not how a DN writes it.
    assert f"a le contrôle total de {ODD_UNIT}" in text


def test_odd_names_come_out_right_in_the_tables(reported: dict[str, Path]) -> None:
    told = json.loads((reported["sighted"] / "findings.json").read_bytes())["directory"]
    accounts = {one["dn"]: one["name"] for one in told["privileged_accounts"]}
    for key in NAMES:
        assert accounts[stored_dn(key)] == account_name(key)
    text = (reported["sighted"] / "privileged-accounts.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    sheets = workbook(reported["sighted"] / "privileged-accounts.xlsx")
    of_book = [dict(zip(sheets[0][0], one, strict=False)) for one in sheets[0][1:]]
    for table in (rows, of_book):
        assert len(table) == len(accounts)
        named = {one["DN"]: one["Compte"] for one in table}
        for key in NAMES:
            assert named[cell(stored_dn(key))] == cell(account_name(key))
        for one in table:
            assert not any(value[:1] in {"=", "+", "-", "@"} for value in one.values() if value)
    assert {"'@SUM(1)", "'-2-3", "مدير النظام"} <= {one["Compte"] for one in rows}
    [path] = [one for one in sheets[1] if one[0].endswith("\\@voisine")]
    assert f"modifie tout attribut de {ODD_UNIT} > {ODD_UNIT} peut imposer" in path[2]
    assert not any("@voisin" in one[0] and one is not path for one in sheets[1])


# The dead.


def test_the_dead_count_no_more(readings: Readings, reported: dict[str, Path]) -> None:
    for name in ("disparu", "dissous", "emporte"):
        assert f"CN={name}\\0ADEL:" in readings.buried
    assert "vivant" not in readings.buried
    for reading in (readings.sighted, readings.later):
        forest = reading.forest
        assert forest.deleted == ()
        assert not any("DEL:" in one.dn for one in forest.entries)
        assert forest.by_sid(DEAD) is None
        [admins] = [one for one in forest.groups if one.name == "Domain Admins"]
        assert forest.absent_from(admins) == ()
        assert {one.name for one in forest.members_of(admins)} == {
            *("Administrator", "adm-bas", "adm-cache", "adm-secret", "adm-voile", "odd-team"),
            "equipe-close",
        }
        # « vivant » was of the group that is gone.
        assert reading.named("vivant") not in forest.privileged
        assert reading.flagged("ad.warning-sd-unknown-sid") == {LEFT}
        [proof] = reading.proofs("ad.warning-sd-unknown-sid")
        assert proof["who"] == DEAD
        assert reading.flagged("ad.unknown-sid-aces") == set()
        assert [one.name for one in reading.forest.children(_held(forest, LEFT))] == []
    page = Page((reported["sighted"] / "report.html").read_text(encoding="utf-8")).text
    assert f"entrée pour {DEAD}" in page
    assert "CN=disparu" not in page
    assert LIVING not in page


def _held(forest: Directory, dn: str) -> Entry:
    found = forest.by_dn(dn)
    assert found is not None
    return found


# The hidden.

OF_MEMBERS = (
    "dont-expire-priv", "kerberos-properties-preauth-priv", "spn-priv", "privileged-members",
    "privileged-members-no-admincount", "password-change-priv", "protected-users", "silo-priv",
    "permissions-gpo-priv", "permissions-gpo-container-priv", "sd-failed-sd-read-on-priv",
    "reversible-password-priv-uac", "delegation-a2d2", "attack-paths-t0", "dcsync-holders",
    "nested-privileges", "inactive-admins",
)  # fmt: skip
"""Checks that a hidden administrator leaves open."""
OF_RIGHTS = (
    "privileged-members-perm", "owner", "attack-paths-t0", "delegations-to-everyone",
    "entra-connect-accounts", "info-sd", "unknown-sid-aces", "warning-sd-anonymous-control",
    "warning-sd-deny-read", "warning-sd-generic-perm", "warning-sd-unknown-sid",
)  # fmt: skip
"""Checks that a hidden descriptor leaves open."""
OF_OTHERS = (
    "krbtgt", "guest", "dsheuristics-bad", "functional-level", "dont-expire", "permissions-schema",
    "info-sd-missing-au-lc", "info-sd-protected-ou",
)  # fmt: skip
"""Checks that neither touches."""


def test_what_each_account_sees(readings: Readings) -> None:
    unseen = {one.dn for one in readings.sighted.forest.entries} - {
        one.dn for one in readings.blind.forest.entries
    }
    assert unseen == {HIDDEN, f"CN=adm-cache,{HIDDEN}"}
    [admins] = [one for one in readings.blind.forest.groups if one.name == "Domain Admins"]
    assert readings.blind.forest.absent_from(admins) == (f"CN=adm-cache,{HIDDEN}",)
    assert readings.sighted.named("adm-secret").descriptor is not None
    assert readings.blind.named("adm-secret").descriptor is None


@pytest.mark.parametrize("name", OF_MEMBERS)
def test_a_hidden_administrator_leaves_a_point_open(readings: Readings, name: str) -> None:
    assert readings.sighted.hidden(f"ad.{name}") == []
    assert f"hidden: CN=adm-cache,{HIDDEN}" in readings.blind.hidden(f"ad.{name}")
    assert readings.blind.status(f"ad.{name}") != "passed"


@pytest.mark.parametrize("name", OF_RIGHTS)
def test_a_hidden_descriptor_leaves_a_point_open(readings: Readings, name: str) -> None:
    assert readings.sighted.hidden(f"ad.{name}") == []
    assert readings.blind.hidden(f"ad.{name}") != []
    assert readings.blind.status(f"ad.{name}") != "passed"


@pytest.mark.parametrize("name", OF_OTHERS)
def test_what_is_hidden_elsewhere_leaves_a_point_alone(readings: Readings, name: str) -> None:
    assert readings.blind.hidden(f"ad.{name}") == []


def test_hidden_members_and_flags_leave_points_open(readings: Readings) -> None:
    half = readings.half
    [closed] = [one for one in half.forest.groups if one.name == "equipe-close"]
    assert half.forest.members_of(closed) == ()
    assert half.named("adm-clos") not in half.forest.privileged
    assert readings.sighted.named("adm-clos") in readings.sighted.forest.privileged
    for name in OF_MEMBERS:
        assert half.hidden(f"ad.{name}")[:1] == [f"hidden: {CLOSED} (member)"], name
        assert half.status(f"ad.{name}") != "passed", name
    veiled = f"hidden: {VEILED} (useraccountcontrol)"
    for name in (
        *("dont-expire-priv", "kerberos-properties-preauth-priv", "reversible-password-priv-uac"),
        *("priv-not-sensitive", "kerberos-properties-preauth", "kerberos-properties-deskey"),
        *("delegation-t4d", "dont-expire", "passwd-notreqd"),
    ):
        assert veiled in half.hidden(f"ad.{name}"), name
        assert half.status(f"ad.{name}") != "passed", name
        assert readings.sighted.hidden(f"ad.{name}") == [], name
    for name in ("krbtgt", "guest", "permissions-schema", "warning-sd-deny-read"):
        assert half.hidden(f"ad.{name}") == [], name


def test_the_report_tells_what_was_hidden(readings: Readings, reported: dict[str, Path]) -> None:
    told = {
        one: json.loads((reported[one] / "findings.json").read_bytes())["directory"]
        for one in ("sighted", "blind")
    }
    points = {one: {each["check"]: each for each in block["points"]} for one, block in told.items()}
    for name in {*OF_MEMBERS, *OF_RIGHTS}:
        assert points["blind"][f"ad.{name}"]["status"] != "passed", name
        assert points["blind"][f"ad.{name}"]["why"] != "", name
        assert points["sighted"][f"ad.{name}"]["status"] != "not_evaluated", name
    page = Page((reported["blind"] / "report.html").read_text(encoding="utf-8")).text
    assert f"n’a pas le droit de lire cela (CN=adm-cache,{HIDDEN})" in page
    assert f"n’a pas le droit de lire cela ({SECRET})" in page
    assert f"{SECRET} : descripteur illisible" in page
    clear = Page((reported["sighted"] / "report.html").read_text(encoding="utf-8")).text
    assert f"n’a pas le droit de lire cela (CN=adm-cache,{HIDDEN})" not in clear
    assert "descripteur illisible" not in clear


# A crowd.


@pytest.fixture(scope="module")
def crowded(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Run a domain with a long group."""
    folder = tmp_path_factory.mktemp("crowd")
    with controller(folder, templates.populated(crowd())) as dc:
        yield dc


def test_a_crowd_is_counted_exactly(crowded: Controller, tmp_path: Path) -> None:
    # Samba gives any number of values at once: no range was needed.
    assert trio.run(pieces_of, crowded, "member") == {"member": CROWD}
    reading = read(crowded, tmp_path / "crowd")
    assert_whole(reading)
    forest = reading.forest
    assert reading.named("seul") not in forest.privileged
    assert len(forest.privileged.counted) == CROWD
    [proof, *_] = reading.proofs("ad.privileged-members")
    assert (proof["count"], proof["names"]) == (str(CROWD), str(CROWD))
    assert len(reading.flagged("ad.privileged-members")) == CROWD


def test_a_crowd_that_comes_by_ranges_is_the_same(
    crowded: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cuts at 1,500 values by itself; Samba where it is asked to, and it is here."""
    asked: list[str] = []
    search = ber.search

    def cut(
        number: int, base: str, compiled: bytes, attributes: Sequence[str], **more: Any
    ) -> bytes:
        named = [as_windows(one) for one in attributes]
        asked.extend(one for one in named if one.startswith("member;") and one != MEMBERS)
        return search(number, base, compiled, named, **more)

    assert trio.run(pieces_of, crowded, MEMBERS) == {MEMBERS: AT_ONCE}
    monkeypatch.setattr(ber, "search", cut)
    assert_whole(read(crowded, tmp_path / "ranges"))
    # The last one, which is short, came as « 4500-* ».
    assert asked == ["member;range=1500-2999", "member;range=3000-4499", "member;range=4500-5999"]


def assert_whole(reading: Reading) -> None:
    """Check that every member is there, once."""
    assert reading.collection.unread == ()
    [found] = [one for one in reading.forest.groups if one.name == "foule"]
    assert len(found.raw("member")) == len(set(found.raw("member"))) == CROWD
    names = [one.name for one in reading.forest.members_of(found)]
    assert sorted(names) == [f"m{number:04}" for number in range(CROWD)]


AT_ONCE = 1_500
MEMBERS = f"member;range=0-{AT_ONCE - 1}"


def as_windows(attribute: str) -> str:
    """Give the range that Windows answers with, for what is asked of it."""
    if attribute == "member":
        return MEMBERS
    first = attribute.removeprefix("member;range=").removesuffix("-*")
    if first == attribute or not first.isdecimal():
        return attribute
    return f"member;range={first}-{int(first) + AT_ONCE - 1}"


async def pieces_of(dc: Controller, attribute: str) -> dict[str, int]:
    """Give how a controller names the members of the long group, and how many come."""
    pieces: dict[str, int] = {}

    def ask(number: int, _cookie: bytes) -> bytes:
        every = ber.compile_filter("(objectClass=*)")
        dn = f"CN=foule,CN=Users,{DOMAIN_DN}"
        return ber.search(number, dn, every, (attribute,), scope=ber.BASE, time_limit_s=20)

    async with open_directory(DirectoryScope(dc.url), login(dc), resolve=dc.resolve) as directory:

        def converse(_sock: object) -> None:
            wire = Wire(directory.socket, Limits(), Counters())
            for _, page in wire.answers([(0, ask)]):
                for message, envelope in page.entries:
                    found = ber.read_entry(message, envelope).attributes
                    pieces.update((name, len(values)) for name, values in found.items())

        await directory.converse(converse)
    return pieces


# Reading the reports back.

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def workbook(path: Path) -> list[list[list[str]]]:
    """Give the texts of each sheet, row by row, and check that none is a formula."""
    with zipfile.ZipFile(path) as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(one.itertext()) for one in shared.iter(f"{_SHEET}si")]
        sheets: list[list[list[str]]] = []
        for name in sorted(one for one in book.namelist() if one.startswith("xl/worksheets/")):
            tree = ElementTree.fromstring(book.read(name))
            assert list(tree.iter(f"{_SHEET}f")) == []
            sheets.append(
                [
                    [_value(one, texts) for one in row.iter(f"{_SHEET}c")]
                    for row in tree.iter(f"{_SHEET}row")
                ]
            )
    return sheets


def _value(one: ElementTree.Element, texts: list[str]) -> str:
    value = one.findtext(f"{_SHEET}v") or ""
    return texts[int(value)] if one.get("t") == "s" else value
