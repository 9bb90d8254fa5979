"""Which password policy an account is under (MS-SAMR 3.1.1.5.2, msDS-ResultantPSO)."""

from datetime import timedelta

import msgspec

from core.directory import flags
from core.directory.groups import Membership
from core.directory.objects import Entry, Objects

_STORE_CLEARTEXT = 0x10
_COMPLEX = 0x1
_HARD_LENGTH = 32
_HARD_AGE = timedelta(days=3 * 365)


class Policy(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One password policy. A field that is ``None`` is hidden; an age may be « for ever » too."""

    source: Entry | None
    """The PSO, or the head of the domain."""
    is_pso: bool
    is_hidden: bool = False
    """A PSO applies, and its contents are hidden."""
    min_length: int | None = None
    max_age: timedelta | None = None
    history: int | None = None
    lockout_threshold: int | None = None
    is_complex: bool | None = None
    is_reversible: bool | None = None


def domain_policy(head: Entry) -> Policy:
    """Give the policy of a domain."""
    properties = head.number("pwdproperties")
    return Policy(
        source=head,
        is_pso=False,
        is_hidden=not head.has("minpwdlength"),
        min_length=head.number("minpwdlength"),
        max_age=head.span("maxpwdage"),
        history=head.number("pwdhistorylength"),
        lockout_threshold=head.number("lockoutthreshold"),
        is_complex=None if properties is None else bool(properties & _COMPLEX),
        is_reversible=None if properties is None else bool(properties & _STORE_CLEARTEXT),
    )


def pso_policy(pso: Entry) -> Policy:
    """Give the policy that a PSO holds."""
    return Policy(
        source=pso,
        is_pso=True,
        is_hidden=not pso.has("msds-minimumpasswordlength"),
        min_length=pso.number("msds-minimumpasswordlength"),
        max_age=pso.span("msds-maximumpasswordage"),
        history=pso.number("msds-passwordhistorylength"),
        lockout_threshold=pso.number("msds-lockoutthreshold"),
        is_complex=pso.flag("msds-passwordcomplexityenabled"),
        is_reversible=pso.flag("msds-passwordreversibleencryptionenabled"),
    )


class Policies:
    """Finds the policy of an account."""

    def __init__(self, objects: Objects, membership: Membership) -> None:
        self._objects = objects
        self._membership = membership
        self._linked: dict[int, list[Entry]] = {}
        """Row of an account or group → PSOs that name it."""
        for pso in objects.of("msds-passwordsettings"):
            for target in pso.linked("msds-psoappliesto"):
                self._linked.setdefault(target.row, []).append(pso)

    def of(self, account: Entry) -> Policy:
        """Give the policy that decides for an account."""
        told = account.text("msds-resultantpso")
        if told:
            pso = self._objects.by_dn(told)
            if pso is None:
                return Policy(source=None, is_pso=True, is_hidden=True)
            return pso_policy(pso)
        groups = [
            self._objects.entry(row)
            for row in self._membership.all_groups(account.row)
            if self._objects.number(row, "samaccounttype") in (flags.GLOBAL_GROUP, None)
        ]
        for holders in ([account], groups):
            # Those that name the account itself go before those of its groups.
            psos = [pso for one in holders for pso in self._linked.get(one.row, ())]
            if psos:
                return pso_policy(min(psos, key=_order))
            if any(one.has("msds-psoapplied") for one in holders):
                return Policy(source=None, is_pso=True, is_hidden=True)
        home = account.domain
        head = self._objects.head(home) if home is not None else None
        if head is None:
            return Policy(source=None, is_pso=False, is_hidden=True)
        return domain_policy(head)

    def is_hardened(self, account: Entry) -> bool:
        """Whether an SPN is tolerated on it: a long, renewed password under a PSO, AES alone."""
        policy = self.of(account)
        if not policy.is_pso or policy.is_hidden or policy.source is None:
            return False
        changed, renewed = policy.source.changed, account.password_set
        return (
            (policy.min_length or 0) > _HARD_LENGTH
            and policy.max_age is not None
            and policy.max_age <= _HARD_AGE
            and changed is not None
            and renewed is not None
            and renewed > changed
            and bool(account.encryption & flags.AES)
            and not account.encryption & (flags.DES | flags.RC4)
        )


def _order(pso: Entry) -> tuple[int, str]:
    precedence = pso.number("msds-passwordsettingsprecedence")
    return (1 << 32 if precedence is None else precedence, pso.guid)
