"""Which product was recognised, and by what."""

import msgspec

from core.model import Confidence
from core.observations.base import Observation


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One signal that was there."""

    kind: str
    """As in :data:`core.knowledge.model.SIGNAL_KINDS`."""
    path: str = ""
    """Where, for web signals."""
    text: str
    """What matched, at most 120 characters."""
    strength: str
    face: str = ""


class ProductSeen(Observation, frozen=True, kw_only=True, tag="product"):
    """One product recognised behind a port; one observation per product."""

    product: str
    """Id of the product."""
    vendor: str
    confidence: Confidence
    portal: bool = False
    """Its remote-access portal was seen, not only the product."""
    admin: bool = False
    """Its administration interface was seen."""
    shown: tuple[Shown, ...]
    """Strongest first."""
    contradicted_by: tuple[str, ...] = ()
    """Ids of other vendors' products that the same service shows."""
    version: str | None = None
    """As the vendor writes it; ``None``: not read."""
    version_gives: str = "version"
    """As in :class:`core.knowledge.model.Reading`."""
    version_shown: Shown | None = None
    """Where it was read, and the text."""
    version_confidence: Confidence = Confidence.CERTAIN
    tls: bool = False
    status: int | None = None
    """HTTP status of the answer that showed it best, when it is a web service."""
