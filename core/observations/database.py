"""What a database says to a stranger."""

from core.observations.base import Observation


class DatabaseService(Observation, frozen=True, kw_only=True, tag="database"):
    """One database that answered."""

    engine: str
    """postgresql | mysql | mariadb | redis | memcached | mongodb | mssql."""
    version: str | None = None
    """Only when the service said it."""
    no_authentication: bool | None = None
    """``True``: it served one harmless command to a stranger. ``False``: it refused it."""
    tls_offered: bool | None = None

    def why_not(self, field: str) -> str:
        """Give the reason why a field is ``None``."""
        return self.why.get(field, "undetermined")
