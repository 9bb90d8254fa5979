"""What was chosen to be tried in an IPv6 range that nobody can walk."""

from core.observations.base import Observation

WAVES = ("named", "drawn", "guessed", "near", "answered")
"""In the order in which they are tried, each in the light of those before: addresses that a name
or a declaration gives; addresses drawn at random, one of which answers where all do; usual
addresses; neighbours of those that answered; those that answered, on the ports left over."""


class Ipv6Chosen(Observation, frozen=True, kw_only=True, tag="ipv6-chosen"):
    """The addresses of one wave in one range; written before the first packet goes to them.

    A resume takes them up as they stand, whatever is known by then. Its place is the range's
    establishment.
    """

    range: str
    """As the inventory writes it."""
    wave: str
    """One of :data:`WAVES`."""
    addresses: tuple[str, ...] = ()
    """Literal, in the order chosen."""
    ports: tuple[int, ...] = ()
    """TCP ports on which they are tried."""
    ways: dict[str, int] = {}
    """How they were guessed → how many: ``near`` (around one seen), ``ipv4`` (an IPv4 address
    written into it), ``words`` (port numbers and words), ``low`` (the first of a subnet)."""
    left_out: int = 0
    """Candidates above the budget."""
    answers_all: tuple[str, ...] = ()
    """Subnets left out: an address drawn at random accepted connections there."""
