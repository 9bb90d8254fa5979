"""The organisation of a name, by the public suffix list: a copy on disk, never fetched."""

import functools

import tldextract


@functools.cache
def _extract() -> tldextract.TLDExtract:
    # Without addresses and without a cache, nothing is fetched nor written.
    return tldextract.TLDExtract(
        cache_dir=None,
        suffix_list_urls=(),
        fallback_to_snapshot=True,
        include_psl_private_domains=True,
    )


@functools.lru_cache(maxsize=20_000)
def organisation_of(domain: str) -> str:
    """Give the name one label below the public suffix (RFC 7489, 3.2); a suffix gives itself.

    A top level that the list does not know is a suffix (its rule « * »).
    """
    read = _extract().extract_str(domain)
    if read.suffix:
        return read.top_domain_under_public_suffix or domain
    return ".".join(domain.split(".")[-2:])
