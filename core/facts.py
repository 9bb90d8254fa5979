"""What a check may know besides what was seen: frozen, and passed in."""

from datetime import date

import msgspec

from core.inventory import Establishment, Expected
from core.knowledge.model import Knowledge
from core.knowledge.tls import TlsProfile
from core.model import Place


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The same for a whole run."""

    today: date
    """In the time zone of the GHT."""
    knowledge: Knowledge
    establishments: tuple[Establishment, ...] = ()
    expected: tuple[Expected, ...] = ()
    names: dict[str, tuple[str, ...]] = {}
    """Address → mandated names that lead to it: a declaration may use any of them."""
    expires_soon_days: int = 30
    tls_profile: str = ""
    """Id of the TLS profile that the inventory chose; empty: the default one."""

    @property
    def tls(self) -> TlsProfile | None:
        """The profile against which TLS is judged; ``None`` where no policy was loaded."""
        return self.knowledge.tls.profile(self.tls_profile)

    def declared(self, place: Place) -> Expected | None:
        """Give the ``[[expected]]`` entry of a place: same asset, same port (absent: any)."""
        called = {place.ip, place.hostname, *self.names.get(place.ip or "", ())}
        for entry in self.expected:
            same_asset = entry.asset.lower() in called
            if same_asset and entry.port in (None, place.port):
                return entry
        return None
