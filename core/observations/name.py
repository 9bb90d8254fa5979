"""A host name, how it was found, where it leads, and who holds what lies there."""

import msgspec

from core.observations.base import Observation


class AddressHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds an address that no mandate covers, as registries and lists tell it.

    Text comes from registries: hostile until shown otherwise.
    """

    kind: str
    """``same-owner`` (the establishment's own, not in the inventory), ``cloud``, ``cdn``, ``hds``
    (certified for health data), ``hosting``, ``shared-edge`` (serves several establishments of the
    run) or ``unknown``."""
    holder: str = ""
    """Name that the registry gives; empty: none was asked or it gave none."""
    provider: str = ""
    """Id of an entry of our list of hosts; empty: not in it."""
    hds: str = ""
    """How sure our list is that the provider is certified for health data: ``high``, ``medium`` or
    ``low``; empty: it does not say."""
    asn: int | None = None
    range: str = ""
    """CIDR, or first and last, of the registration."""
    source: str = ""
    """``declared``, ``rdap``, ``ranges``, ``asn``, ``cname``: what told; by commas."""
    why: str = ""
    """Reason id where the registry was to be asked and did not answer."""


class NameSeen(Observation, frozen=True, kw_only=True, tag="name"):
    """One name of a mandated domain, as the declared resolvers answered it."""

    name: str
    addresses: tuple[str, ...] = ()
    """Literal, sorted."""
    in_scope: tuple[str, ...] = ()
    """Those that the mandate lets us contact for this name."""
    withheld: dict[str, str] = {}
    """Address under the mandate that we may not contact → reason id: intensity, third-party."""
    chain: tuple[str, ...] = ()
    """CNAMEs followed by the resolver, in order."""
    error: str = ""
    """Empty, NXDOMAIN, SERVFAIL, timeout, « no address »…; beside addresses: there may be more."""
    found_by: tuple[str, ...] = ("inventory",)
    """Ways of :data:`WAYS`, in the order in which they came."""
    holders: dict[str, AddressHolder] = {}
    """Address outside the mandate → who holds it; absent: nobody was asked."""


WAYS = (
    "inventory",
    "ct",
    "words",
    "permutation",
    "ptr",
    "mx",
    "ns",
    "soa",
    "srv",
    "spf",
    "caa",
    "alias",
    "certificate",
    "transfer",
    "nsec",
    "passive",
)
"""How a name may be found: certificate transparency, our word list, variants of names found, the
reverse zone of a range, records of the domain, a certificate seen by the scan, a zone transfer or
an NSEC walk at a server in a mandate, what a passive source says."""


class NamesHunted(Observation, frozen=True, kw_only=True, tag="names-hunted"):
    """What was done to find the names of one domain; one per mandated domain."""

    domain: str
    asked: int
    """Questions to the resolvers, repeats included."""
    lost: int = 0
    """Questions that no resolver answered, repeats included: names may hide there."""
    found: dict[str, int] = {}
    """Way of :data:`WAYS` → names that it alone or first gave."""
    wildcards: tuple[str, ...] = ()
    """Names under which every label answers the same: not multiplied."""
    tried: dict[str, str] = {}
    """Way → empty when it was gone through, else the reason id why not, or not wholly."""
    leads: dict[str, tuple[str, ...]] = {}
    """Wildcard → addresses that its labels are answered, sorted; rotating ones, some of them."""
    again: dict[str, tuple[str, ...]] = {}
    """Name told before → ways that gave it once more since then."""
    refused: int = 0
    """Candidates that are no host name: control characters, markup, labels too long."""
