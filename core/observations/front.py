"""What answers in the place of a server."""

from core.model import Confidence
from core.observations.base import Observation


class FrontSeen(Observation, frozen=True, kw_only=True, tag="front"):
    """One content network, anti-DDoS service or application firewall in front of a web service."""

    front: str
    """Id in :class:`core.knowledge.model.Front`."""
    name: str
    front_kind: str
    """``cdn`` or ``waf``."""
    confidence: Confidence
    shown: tuple[str, ...]
    """What it left on the answers, at most 120 characters each; hostile text."""
    own_page: bool = False
    """The page that came is its own: nothing was seen of what stands behind."""
