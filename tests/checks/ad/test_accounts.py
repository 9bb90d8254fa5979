"""Special cases of the points about accounts."""

from datetime import date

import pytest

from checks.ad import (
    confusable_spn_upn,
    dont_expire_priv,
    group_loop,
    password_in_description,
    primary_group_id_1000,
    privileged_members_no_admincount,
    privileged_members_perm,
    protected_users,
    sidhistory_dangerous,
    user_accounts_dormant,
)
from checks.ad._shared.healthy import (
    ROOT,
    admin,
    child_domain,
    computer,
    entra_connect,
    exchange,
    grant,
    group,
    healthy,
    hidden_descriptor,
    hide,
    many,
    member,
    unread,
    user,
)
from checks.ad._shared.metadata import changed
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Flagged, NotMeasured

FACTS = Facts(today=date(2026, 1, 15), knowledge=load_knowledge(), establishments=())


def flagged(check: Check[Directory], forest: Directory) -> list[Flagged]:
    return [one for one in check.judge(forest, FACTS) if isinstance(one, Flagged)]


def missed(check: Check[Directory], forest: Directory) -> list[NotMeasured]:
    return [one for one in check.judge(forest, FACTS) if isinstance(one, NotMeasured)]


@pytest.mark.parametrize("name", ["Élodie Brûlé", "!admin", "a*(b)\\c", "管理者"])
def test_a_name_of_any_characters_is_judged(name: str) -> None:
    forest = healthy(admin(name, uac=flags.NEVER_EXPIRES))
    (verdict,) = flagged(dont_expire_priv.CHECK, forest)
    assert any(name in dn for dn in verdict.objects)


def test_a_loop_of_groups_hides_nobody() -> None:
    forest = healthy(
        group("A", groups=["Domain Admins"]),
        group("B", members=["A"], groups=["A"]),
        user("au fond", groups=["B"]),
    )
    (verdict,) = flagged(protected_users.CHECK, forest)
    assert verdict.objects == (f"CN=au fond,CN=Users,{ROOT}",)
    (loop,) = flagged(group_loop.CHECK, forest)
    assert len(loop.objects) == 2


def test_what_was_found_stands_beside_what_was_not_read() -> None:
    forest = healthy(admin("adm.vieux", uac=flags.NEVER_EXPIRES), unread("domain", "group"))
    assert flagged(dont_expire_priv.CHECK, forest)
    assert missed(dont_expire_priv.CHECK, forest)


def test_each_domain_has_its_own_verdict() -> None:
    forest = healthy(
        child_domain(),
        user("x", primarygroupid=512),
        user("y", domain="SUB", primarygroupid=512),
        hide("m.durand", "primarygroupid"),
    )
    verdicts = flagged(primary_group_id_1000.CHECK, forest)
    assert sorted(one.place.domain or "" for one in verdicts) == ["chu.example", "sub.chu.example"]
    (unknown,) = missed(primary_group_id_1000.CHECK, forest)
    assert unknown.place.domain == "chu.example"


def test_a_migration_inside_the_forest_is_dangerous_only_towards_the_privileged() -> None:
    ordinary = healthy(child_domain(), user("m", domain="SUB", sidhistory="m.durand"))
    privileged = healthy(child_domain(), user("m", domain="SUB", sidhistory="adm.martin"))
    assert not flagged(sidhistory_dangerous.CHECK, ordinary)
    assert flagged(sidhistory_dangerous.CHECK, privileged)


def test_who_joined_an_hour_ago_is_not_marked_yet() -> None:
    joined = member("Domain Admins", "c.petit")
    late = healthy(joined, changed("Domain Admins", "c.petit", days=1))
    lately = healthy(joined, changed("Domain Admins", "c.petit", days=0.04))
    assert flagged(privileged_members_no_admincount.CHECK, late)
    assert not flagged(privileged_members_no_admincount.CHECK, lately)


def test_the_levels_of_rights_on_the_privileged() -> None:
    reset = "(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;@m.durand)"
    name = "(OA;;WP;f3a64788-5306-11d1-a9c5-0000f80367c1;;@m.durand)"
    (both,) = flagged(privileged_members_perm.CHECK, healthy(grant("adm.martin", reset)))
    assert both.levels == (1, 2)
    (second,) = flagged(privileged_members_perm.CHECK, healthy(grant("adm.martin", name)))
    assert second.levels == (2,)
    hidden = healthy(grant("adm.martin", reset), hidden_descriptor("adm.leroy"))
    assert flagged(privileged_members_perm.CHECK, hidden)
    assert missed(privileged_members_perm.CHECK, hidden)


def test_exchange_and_entra_connect_control_no_privileged_account() -> None:
    forest = healthy(exchange(), entra_connect(), child_domain())
    assert not list(privileged_members_perm.CHECK.judge(forest, FACTS))


def test_machines_alone_asleep_give_a_tentative_verdict() -> None:
    machines = [
        computer(f"PC{number}", password_days=1_200, logon_days=400, created_days=2_000)
        for number in range(20)
    ]
    (doubtful,) = flagged(user_accounts_dormant.CHECK, healthy(*machines))
    assert doubtful.confidence is Confidence.TENTATIVE
    people = many(20, "parti", password_days=1_200, logon_days=400, created_days=2_000)
    (firm,) = flagged(user_accounts_dormant.CHECK, healthy(people))
    assert firm.confidence is Confidence.FIRM
    assert len(firm.objects) == 20


def test_a_password_in_a_text_is_never_told() -> None:
    forest = healthy(user("borne", description="mdp : Soleil2024!"))
    (verdict,) = flagged(password_in_description.CHECK, forest)
    assert "Soleil2024" not in repr(verdict)


def test_a_name_in_another_script_is_told_in_plain_letters() -> None:
    forest = healthy(user("a", spn="HTTP/wеb"))
    (verdict,) = flagged(confusable_spn_upn.CHECK, forest)
    assert verdict.proofs[0].values["name"] == "'HTTP/w\\u0435b'"
