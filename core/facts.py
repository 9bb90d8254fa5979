"""What a check may know besides what was seen: frozen, and passed in."""

from datetime import date

import msgspec

from core.feeds import Feeds
from core.inventory import Answer, Establishment, Expected
from core.knowledge.model import Knowledge
from core.knowledge.tls import TlsProfile
from core.model import Place
from core.observations.passive import PassiveService


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The same for a whole run."""

    today: date
    """In the time zone of the GHT."""
    knowledge: Knowledge
    establishments: tuple[Establishment, ...] = ()
    expected: tuple[Expected, ...] = ()
    answers: tuple[Answer, ...] = ()
    """What the establishment said of things found that its inventory does not hold."""
    names: dict[str, tuple[str, ...]] = {}
    """Address → mandated names that lead to it: a declaration may use any of them."""
    expires_soon_days: int = 30
    tls_profile: str = ""
    """Id of the TLS profile that the inventory chose; empty: the default one."""
    feeds: Feeds = Feeds()
    """What was fetched or imported; empty: the built-in knowledge serves alone."""

    claims: tuple[PassiveService, ...] = ()
    """What others say they saw in this run's perimeter: never a proof by itself."""

    @property
    def tls(self) -> TlsProfile | None:
        """The profile against which TLS is judged; ``None`` where no policy was loaded."""
        return self.knowledge.tls.profile(self.tls_profile)

    def claimed(self, place: Place) -> tuple[PassiveService, ...]:
        """Give what others say of a port, the latest first."""
        key = (place.ip, place.port, place.transport)
        told = [
            one for one in self.claims if (one.place.ip, one.place.port, one.place.transport) == key
        ]
        return tuple(sorted(told, key=lambda one: one.seen_on or date.min, reverse=True))

    def declared(
        self, place: Place, product: str | None = None, *, is_portal: bool | None = None
    ) -> Expected | None:
        """Give the ``[[expected]]`` entry of a place: same asset, same port (absent: any).

        An entry for one product does not speak for another that was recognised there, nor one
        for a portal for what is none (``is_portal`` false).
        """
        called = {place.ip, place.hostname, *self.names.get(place.ip or "", ())}
        for entry in self.expected:
            if entry.asset.lower() not in called or entry.port not in (None, place.port):
                continue
            if entry.product and product and entry.product != product:
                continue
            meant = self.knowledge.product(entry.product) if entry.product else None
            if meant is not None and meant.portal and is_portal is False:
                continue
            return entry
        return None

    def vouched(
        self, place: Place, product: str | None = None, *, is_portal: bool | None = None
    ) -> Expected | None:
        """Give the entry that makes an exposure information: declared, its review not overdue."""
        entry = self.declared(place, product, is_portal=is_portal)
        if entry is None or (entry.review_by is not None and entry.review_by < self.today):
            return None
        return entry
