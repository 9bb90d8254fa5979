"""Accounts that sleep, passwords that stay, and accounts that came without what each one has."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from checks.ad._shared.verdicts import Found, day
from core.directory import decode, flags, sids
from core.directory.forest import Directory
from core.directory.objects import Entry
from core.directory.policies import pso_policy
from core.model import NotMeasured, Proof, Wording

YEAR = 365
THREE_YEARS = 1_095

OLD = {
    "old": Wording(
        "{dn} : mot de passe inchangé depuis le {day} ({days} jours) ; dernière connexion : {logon}.",
        "{dn}: password unchanged since {day} ({days} days); last logon: {logon}.",
    ),
}
"""Wording of :func:`keeping`."""
ASLEEP = {
    "asleep": Wording(
        "{dn} : dernière connexion {logon}, créé le {created}, mot de passe du {day}.",
        "{dn}: last logon {logon}, created {created}, password of {day}.",
    ),
}
"""Wording of :func:`asleep`."""


def is_older(forest: Directory, moment: datetime | None, days: int) -> bool:
    """Whether a date is more than this many days before the collection; no date is not."""
    return moment is not None and forest.at - moment > timedelta(days=days)


def limit_of(forest: Directory, days: int) -> int:
    """Give the instant that many days before the collection, as the directory counts time."""
    return decode.ticks_of(forest.at - timedelta(days=days))


def is_before(one: Entry, attribute: str, limit: int) -> bool:
    """Whether a date is before an instant, without making a date of it: quick on every account."""
    return 0 < (one.number(attribute) or 0) < limit


def keeping(forest: Directory, entries: Iterable[Entry], days: int) -> list[Found]:
    """Give those whose password is older, with the proof; one that must be changed has no age."""
    found: list[Found] = []
    limit = limit_of(forest, days)
    for one in entries:
        if is_before(one, "pwdlastset", limit) and one.password_set is not None:
            age = str((forest.at - one.password_set).days)
            values = {"dn": one.dn, "day": day(one, "pwdlastset"), "days": age}
            values["logon"] = day(one, "lastlogontimestamp")
            found.append((one, Proof("old", values)))
    return found


def is_idle(forest: Directory, one: Entry, days: int) -> bool:
    """Whether nobody logged on with it for so long; one made since then is not idle."""
    if one.last_logon is not None:
        return is_older(forest, one.last_logon, days)
    return one.created is None or is_older(forest, one.created, days)


def asleep(one: Entry) -> Found:
    """Give an account with the dates that show it idle."""
    values = {
        "dn": one.dn,
        "logon": day(one, "lastlogontimestamp"),
        "created": day(one, "whencreated"),
        "day": day(one, "pwdlastset"),
    }
    return one, Proof("asleep", values)


def is_cluster(one: Entry) -> bool:
    """Whether a machine account is the name of a cluster, whose nodes renew its password."""
    return any(spn.lower().startswith("msclustervirtualserver/") for spn in one.spns)


def is_monitoring(forest: Directory, one: Entry) -> bool:
    """Whether it is a mailbox by which Exchange watches itself: it renews its own password."""
    return one.name.lower().startswith("healthmailbox") and not is_older(
        forest, one.password_set, 90
    )


def is_break_glass(one: Entry) -> bool:
    """Whether it is the built-in Administrator of a domain."""
    return one.rid == sids.ADMINISTRATOR


def lacking(forest: Directory, entries: Iterable[Entry], *attributes: str) -> Iterator[NotMeasured]:
    """Tell, once by domain, that some came without an attribute that each of them has."""
    told: set[object] = set()
    for one in entries:
        if one.domain in told:
            continue
        missing = next((name for name in attributes if not one.has(name)), "")
        if missing:
            told.add(one.domain)
            yield NotMeasured(forest.place(one.domain), f"hidden: {one.dn} ({missing})")


def own_groups(one: Entry) -> tuple[int, ...]:
    """Give the primary groups that an account of its kind may have."""
    if one.is_user:
        return (sids.DOMAIN_USERS, sids.DOMAIN_GUESTS)
    if one.is_managed:
        return (sids.DOMAIN_COMPUTERS,)
    if one.uac & flags.CONTROLLER:
        return (sids.DOMAIN_CONTROLLERS,)
    if one.uac & flags.PARTIAL_SECRETS:
        return (sids.READ_ONLY_CONTROLLERS,)
    return (sids.DOMAIN_COMPUTERS,)


class Dormancy(NamedTuple):
    """How much of a forest sleeps."""

    accounts: int
    """Enabled users and machines."""
    users: int
    """Enabled users alone."""
    dormant: tuple[Entry, ...]

    @property
    def of_all(self) -> float:
        """Share of the users and machines."""
        return len(self.dormant) / self.accounts if self.accounts else 0.0

    @property
    def of_users(self) -> float:
        """Share of the users alone."""
        return sum(one.is_user for one in self.dormant) / self.users if self.users else 0.0


def dormancy(forest: Directory) -> Dormancy:
    """Measure what sleeps: no logon for a year, and a password of more than three. Whether ANSSI counts machines is doubtful: both shares are given."""
    users = [one for one in forest.users if one.is_enabled]
    machines = [one for one in forest.computers if one.is_enabled]
    limit = limit_of(forest, THREE_YEARS)
    dormant = tuple(
        one
        for one in (*users, *machines)
        if is_before(one, "pwdlastset", limit) and is_idle(forest, one, YEAR)
    )
    return Dormancy(len(users) + len(machines), len(users), dormant)


LASTING = {
    "lasting": Wording(
        "{dn} : indicateur DONT_EXPIRE_PASSWORD, mot de passe du {day}.",
        "{dn}: flag DONT_EXPIRE_PASSWORD, password of {day}.",
    ),
}
"""Wording of :func:`lasting`."""


def lasting(forest: Directory) -> tuple[int, list[Found]]:
    """Count the enabled users, and give those whose password never expires."""
    enabled = [one for one in forest.users if one.is_enabled]
    found = [
        (one, Proof("lasting", {"dn": one.dn, "day": day(one, "pwdlastset")}))
        for one in enabled
        if one.uac & flags.NEVER_EXPIRES and not is_monitoring(forest, one)
    ]
    return len(enabled), found


INSIDE = {
    "inside": Wording("{dn} est membre de {group}.", "{dn} is a member of {group}."),
}
"""Wording of :func:`insiders`."""


def groups_of_rid(forest: Directory, *rids: int) -> list[Entry]:
    """Give the groups that each domain makes by itself, by RID."""
    found = [forest.account(domain, rid) for domain in forest.domains for rid in rids]
    return [one for one in found if one is not None]


def groups_of_sid(forest: Directory, *wanted: str) -> list[Entry]:
    """Give the built-in groups of each domain, by SID."""
    found = [forest.by_sid(sid, domain) for domain in forest.domains for sid in wanted]
    return [one for one in found if one is not None]


def insiders(forest: Directory, groups: Iterable[Entry], *, machines: bool = False) -> list[Found]:
    """Give what is in these groups, nested or not, and is not privileged; machines on demand."""
    return [
        (one, Proof("inside", {"dn": one.dn, "group": group.name}))
        for group in groups
        for one in sorted(forest.everyone_in(group), key=lambda one: one.row)
        if not one.is_group and one not in forest.privileged and (machines or not one.is_computer)
    ]


WEAK = {
    "pso": Wording(
        "{dn} : {length} caractères au moins, {age} jours au plus, complexité {complex}, stockage réversible {reversible}, {targets} cible(s).",
        "{dn}: {length} characters at least, {age} days at most, complexity {complex}, reversible storage {reversible}, {targets} target(s).",
    ),
}
"""Wording of :func:`pso_proof`."""
_SHORT = 8


def pso_proof(one: Entry) -> Proof:
    """Tell what a PSO asks for."""
    policy = pso_policy(one)
    values = {
        "dn": one.dn,
        "length": _said(policy.min_length),
        "age": str(policy.max_age.days) if policy.max_age is not None else "∞",
        "complex": _said(policy.is_complex),
        "reversible": _said(policy.is_reversible),
        "targets": str(len(one.raw("msds-psoappliesto"))),
    }
    return Proof("pso", values)


def _said(value: bool | int | None) -> str:
    return "?" if value is None else str(int(value))


def weak_psos(forest: Directory) -> list[Found]:
    """Give the PSOs that let a password be short, simple, lasting or readable."""
    found: list[Found] = []
    for one in forest.of("msds-passwordsettings"):
        policy = pso_policy(one)
        lasts = one.has("msds-maximumpasswordage") and (
            policy.max_age is None or policy.max_age > timedelta(days=THREE_YEARS)
        )
        is_short = policy.min_length is not None and policy.min_length < _SHORT
        if is_short or lasts or policy.is_complex is False or policy.is_reversible:
            found.append((one, pso_proof(one)))
    return found


def reaches_privileged(forest: Directory, pso: Entry) -> bool:
    """Whether a PSO names a privileged account, or a group that holds one."""
    return any(
        one in forest.privileged
        or (one.is_group and any(held in forest.privileged for held in forest.everyone_in(one)))
        for one in pso.linked("msds-psoappliesto")
    )
