"""Small devices told by their certificates: their TLS stacks are asked little."""

from core.observations.tls import Certificate
from scanner.tls.registry import small_devices


def stack_of(leaf: Certificate) -> str:
    """Give the family of a small device by the names in its certificate; empty: none known.

    A public authority's certificate names a site, not a device.
    """
    if leaf.has_sct:
        return ""
    text = f"{leaf.subject}\n{leaf.issuer}"
    return next((family for family, names in small_devices().items() if names.search(text)), "")
