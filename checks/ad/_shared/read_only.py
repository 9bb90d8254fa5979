"""Read-only controllers, the machines among them: ``CN=AzureADKerberos`` is none."""

from core.directory.controllers import Controller
from core.directory.forest import Directory
from core.directory.objects import Domain, Entry

NEVER = "msds-neverrevealgroup"
ON_DEMAND = "msds-revealondemandgroup"


def read_only(forest: Directory, domain: Domain) -> tuple[Controller, ...]:
    """Give the read-only controllers of a domain."""
    return tuple(
        one
        for one in forest.controllers
        if one.is_read_only and not one.is_entra and one.account.domain is domain
    )


def shows_policy_of(account: Entry) -> bool:
    """Whether its replication policy came: with none of these, it was hidden rather than emptied."""
    return any(account.has(name) for name in (NEVER, ON_DEMAND, "msds-krbtgtlink"))
