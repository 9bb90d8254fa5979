"""The accounts that hold a forest: privileged by membership, or by a path of control."""

from datetime import datetime

import msgspec

from core.directory import flags, sids
from core.directory.forest import Directory
from core.directory.objects import Entry
from core.directory.paths import Path


class Holder(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One account, as the inventory of privileged accounts lists it."""

    entry: Entry
    via: tuple[Entry, ...]
    """Groups from it up to a privileged one; none for RID 500 nor for one that is no member."""
    is_member: bool
    """Privileged by ANSSI's definition; false: by ``path`` alone."""
    path: Path
    """Shortest path to tier 0, for one that is no member."""
    is_enabled: bool
    is_controller: bool
    last_logon: datetime | None
    password_set: datetime | None
    expires: datetime | None
    """When the account itself ends; ``None``: never, or hidden."""
    never_expires: bool
    """Its password."""
    is_protected_user: bool
    """In Protected Users, through any nesting."""
    needs_smartcard: bool
    is_sensitive: bool
    """« Account is sensitive and cannot be delegated »."""
    spns: tuple[str, ...]
    is_unconstrained: bool
    delegates_to: tuple[str, ...]
    owner: str
    """SID of the owner of the object; empty where hidden."""


def holders(forest: Directory) -> tuple[Holder, ...]:
    """Give the members of the privileged set, then the accounts that a path leads to tier 0.

    Each by domain and name. Those whom only a right of everyone leads there are not listed one by
    one: see :attr:`core.directory.paths.Paths.everyone`.
    """
    protected = {
        one
        for domain in forest.domains
        for group in (forest.account(domain, sids.PROTECTED_USERS),)
        if group is not None
        for one in forest.everyone_in(group)
    }
    members = sorted(forest.privileged.accounts, key=_order)
    others = sorted(forest.paths.leading(), key=_order)
    return tuple(
        _holder(forest, one, is_member=at < len(members), is_protected=one in protected)
        for at, one in enumerate((*members, *others))
    )


def _holder(forest: Directory, one: Entry, *, is_member: bool, is_protected: bool) -> Holder:
    descriptor = one.descriptor
    return Holder(
        entry=one,
        via=forest.privileged.via.get(one, ()),
        is_member=is_member,
        path=() if is_member else forest.paths.path_from(one),
        is_enabled=one.is_enabled,
        is_controller=forest.is_controller(one),
        last_logon=one.last_logon,
        password_set=one.password_set,
        expires=one.moment("accountexpires"),
        never_expires=bool(one.uac & flags.NEVER_EXPIRES),
        is_protected_user=is_protected,
        needs_smartcard=bool(one.uac & flags.SMARTCARD),
        is_sensitive=bool(one.uac & flags.NOT_DELEGATED),
        spns=one.spns,
        is_unconstrained=bool(one.uac & flags.UNCONSTRAINED),
        delegates_to=one.texts("msds-allowedtodelegateto"),
        owner=descriptor.owner if descriptor is not None else "",
    )


def _order(entry: Entry) -> tuple[int, str, int]:
    domain = entry.domain
    return (domain.index if domain is not None else -1, entry.name.lower(), entry.row)
