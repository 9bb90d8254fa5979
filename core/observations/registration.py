"""What the registry says of a domain: until when it is registered, through whom."""

from datetime import date

from core.observations.base import Observation


class Registration(Observation, frozen=True, kw_only=True, tag="registration"):
    """The registration of one mandated domain, as RDAP tells it (RFC 9083).

    Text comes from registries: hostile until shown otherwise.
    """

    domain: str
    """The mandated domain."""
    registered: str = ""
    """Name that the registry knows: the domain, or one above it; empty: none answered."""
    told_at: str = ""
    """Other domain of the run at which the same registration is told; empty: told here."""
    expires_on: date | None
    """Last day, UTC; ``None`` beside its reason in ``why``."""
    registered_on: date | None = None
    statuses: tuple[str, ...] = ()
    """As the registry words them: ``active``, ``redemption period``…, at most 16."""
    registrar: str = ""
    name_servers: tuple[str, ...] = ()
    """Sorted, at most 16."""
    is_signed: bool | None = None
    """The registry holds a delegation signer."""
    source: str = ""
    """Host of the registry that answered."""
    told_on: date | None = None
    """Day of the answer, UTC, where it was kept from an earlier run."""
