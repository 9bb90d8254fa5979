"""Where the feeds are asked for: the public addresses, or the mirror that ``[services]`` names."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

PUBLIC = {
    "kev": "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    "epss": "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    "cvss": "https://services.nvd.nist.gov/rest/json/cves/2.0",
    "eol": "https://endoflife.date/api/v1/products/",
    "windows": "https://endoflife.date/api/v1/products/",
    "alerts": "https://www.cert.ssi.gouv.fr/alerte/",
}
"""Feed → address; those that end with a slash are folders."""


def feed_addresses(services: Mapping[str, str]) -> dict[str, str]:
    """Give the address of each feed that may be asked for; empty: none is configured.

    ``feeds = true`` stands for the public addresses. An URL is that of a mirror, which holds them
    under the name of their host, as ``wget -m`` lays them out. ``feeds_kev`` and the like
    put another address in the place of one.
    """
    base = services.get("feeds", "")
    if not base:
        return {}
    found = dict(PUBLIC)
    if base != "true":
        found = {
            feed: f"{base.rstrip('/')}/{urlsplit(url).netloc}{urlsplit(url).path}"
            for feed, url in PUBLIC.items()
        }
    return {feed: services.get(f"feeds_{feed}") or url for feed, url in found.items()}


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: the one place where plain HTTP is not overheard."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
