"""What an SNMP engine says of itself to anybody."""

from core.observations.base import Observation


class SnmpService(Observation, frozen=True, kw_only=True, tag="snmp"):
    """One SNMPv3 engine. Whether v1 or v2c answer depends on a community, which is never tried."""

    engine_maker: str = ""
    """By the enterprise number of its engine id."""
    boots: int = 0
    """Restarts since it was installed."""
    uptime_s: int = 0
    v1_v2c: bool | None = None
    """Whether an older version answers: never measured."""
