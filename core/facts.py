"""What a check may know besides what was seen: frozen, and passed in."""

from datetime import date

import msgspec

from core.inventory import Establishment, Expected
from core.knowledge.model import Knowledge
from core.model import Place


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The same for a whole run."""

    today: date
    """In the time zone of the GHT."""
    knowledge: Knowledge
    establishments: tuple[Establishment, ...] = ()
    expected: tuple[Expected, ...] = ()
    expires_soon_days: int = 30

    def declared(self, place: Place) -> Expected | None:
        """Give the ``[[expected]]`` entry of a place: same asset, same port (absent: any)."""
        for entry in self.expected:
            same_asset = entry.asset.lower() in {place.ip, place.hostname}
            if same_asset and entry.port in (None, place.port):
                return entry
        return None
