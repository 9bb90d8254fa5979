"""What a domain of the inventory says of its mail, as resolvers answered."""

import msgspec

from core.observations.base import Observation


class Tlsa(msgspec.Struct, frozen=True):
    """One TLSA record (RFC 6698)."""

    usage: int
    selector: int
    matching: int
    data: str
    """Hexadecimal; of what is published whole (matching 0), its SHA-256."""


class MailHost(msgspec.Struct, frozen=True, kw_only=True):
    """One MX."""

    host: str
    preference: int
    has_valid_tlsa: bool | None
    """A TLSA that the resolver validated (DANE, RFC 7672); ``None``: no answer."""
    tlsa: tuple[Tlsa, ...] = ()
    """As published, at most 8."""


class SpfFault(msgspec.Struct, frozen=True):
    """One reason why receivers refuse to evaluate the policy (permerror of RFC 7208)."""

    id: str
    """several-records, syntax, too-many-lookups, too-many-void, too-many-mx, loop, no-target,
    too-long."""
    detail: str = ""


class Spf(msgspec.Struct, frozen=True, kw_only=True):
    """SPF of a domain, evaluated without a sender: what stands in it, includes followed."""

    records: tuple[str, ...]
    """As published; empty: there is none."""
    default: str = ""
    """Qualifier that falls to whoever is not listed: ``+ - ~ ?``; empty: nothing says."""
    wide: tuple[str, ...] = ()
    """Terms that pass a large part of the Internet."""
    passed_v4: int = 0
    """IPv4 addresses that pass, includes and hosts resolved; macros and ``ptr`` aside."""
    passed_v6_64: int = 0
    """The same of IPv6, in networks of 64 bits."""
    stranger: str = ""
    """Result (RFC 7208, 2.6) for a sender at an address of nobody; asked where terms depend on who
    sends, else empty."""
    platforms: tuple[str, ...] = ()
    """Products included that send for many customers from the same addresses."""
    lookups: int = 0
    """Terms that cost the receiver a question, includes counted."""
    is_cut: bool = False
    """There are more: counting stopped."""
    void_lookups: int = 0
    """Those whose answer is empty."""
    faults: tuple[SpfFault, ...] = ()
    has_macros: bool = False
    """Terms that depend on who sends."""
    has_ptr: bool = False
    """Holds ``ptr``, which RFC 7208 (5.5) says not to use."""
    is_whole: bool = True
    """False: a part could not be followed; why stands in ``why``, under the field's name."""


class DmarcReports(msgspec.Struct, frozen=True, kw_only=True):
    """One address to which receivers are asked to report."""

    tag: str
    """``rua`` (aggregates) or ``ruf`` (single failures)."""
    address: str
    """Mail address; empty when the URI is none that receivers use (RFC 7489, 6.2)."""
    is_external: bool = False
    """Of another organisation than the policy: it must say that it wants them (7489, 7.1)."""
    is_wanted: bool | None = None
    """It says so; ``None``: not external, or no answer."""
    has_mail: bool | None = None
    """Its domain exists; ``None``: no answer."""


class Dmarc(msgspec.Struct, frozen=True, kw_only=True):
    """DMARC as it applies to a domain."""

    records: tuple[str, ...]
    """As published where ``at`` says; empty: there is none up to the top."""
    at: str = ""
    rule: str = ""
    """How it was found: ``own``; above the domain, ``both`` (public suffix list of RFC 7489 and
    tree walk of RFC 9989), or what alone finds it: ``public-suffix``, ``tree-walk``."""
    policy: str = ""
    """For this domain: none, quarantine, reject; empty: no usable record."""
    below: str = ""
    """For names below the domain that exist (``sp``, else ``p``)."""
    below_missing: str = ""
    """For those that do not (``np`` of RFC 9091, else as ``below``)."""
    strict_dkim: bool = False
    """``adkim=s``: only a signature of the very domain aligns."""
    strict_spf: bool = False
    percent: int = 100
    is_testing: bool = False
    """``t=y``: receivers are asked not to apply the policy."""
    has_reports: bool = False
    reports: tuple[DmarcReports, ...] = ()
    fault: str = ""
    """several-records or syntax: receivers ignore what is published."""


class DkimKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key published under a usual selector."""

    selector: str
    product: str = ""
    """Sender whose usual selector it is."""
    algorithm: str
    bits: int | None
    """``None``: revoked, or not readable."""
    is_revoked: bool = False
    """Published without a key: what it signed is no longer vouched for."""
    is_testing: bool = False
    """``t=y``: verifiers are asked to treat signed mail as unsigned."""
    hashes: tuple[str, ...] = ()
    """``h=``: the only ones that verifiers may take; empty: any."""


class MailPolicy(Observation, frozen=True, kw_only=True, tag="mail-policy"):
    """What a domain tells the world about its mail."""

    domain: str
    mx: tuple[MailHost, ...] | None
    """By preference; empty: none, or the null MX of RFC 7505."""
    spf: Spf | None
    dmarc: Dmarc | None
    dkim: tuple[DkimKey, ...] | None
    """Of the usual selectors only: nothing found proves nothing…"""
    has_dkim_names: bool | None = None
    """… but where nothing at all stands below ``_domainkey``, there is no key (RFC 8020)."""
    resolver_validates: bool = False
    """The resolver vouches for the root: what it does not vouch for is not signed."""
    mta_sts: tuple[str, ...] | None
    """TXT records of ``_mta-sts``; the policy behind them is on another host."""
    tls_rpt: tuple[str, ...] | None
