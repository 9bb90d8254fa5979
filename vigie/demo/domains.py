"""What the domains of the demo region publish, each with the findings that it earns.

None is signed: nothing above the region could vouch for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_SHORT_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC82rjQ/frZSm+YhfzieOpOP8ORIDBaCB3cdFDv3QJl"
    "T3wfjbzlRQhWpwZVIOt7mb4I7k1vHtuIciTo3VBWtxCzdVvMBtY3LSpp7DjAnORCKzyZx7fK1VCPAaqg"
    "sD6X0XOtcZKLD9E3NEk4hoEI//jXDjqHoSWNptJwh/9fcChCjwIDAQAB"
)
"""An RSA key of 1024 bits; its private half was thrown away."""

_LONG_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5O5Hwcu7T0shSo0OJLT+NB7cvixIvXcVfWR/"
    "L+EkP1qOnKaC66MO+THFCapl1EVYpNKu8ASMy+gB6lSGIClpnk6YvnU/xt81ff982pZcrZpJDc6b19c0"
    "jIXeP1OTHs0vplkQQvwSyWvoE2F5CMQKpzyntxwkV22rfPBWuXsptx5j93FRl37aTwnjbtNe7A/7WO9U"
    "fiFqLB50pJmmj5UnaAo+UgBcTV4N7aFQa2oZ5NLKK3jdHO+I9nHsOPUFdVMPvycnnaq4qbG2ZCHAOUjA"
    "SUitaqau1Rh4LA6oJ9wPQ3O78R7RmOF5AKZbzMc4eINZKJNaE5YCyOX/GNsbsIXTrwIDAQAB"
)
"""One of 2048 bits, likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """One domain of an establishment."""

    hospital: str
    published: tuple[str, ...]
    """Owner below the domain (« @ »: itself), kind, value; ``{domain}`` and ``{net}`` filled in."""
    findings: tuple[str, ...]
    servers: tuple[str, ...] = ()
    """Hosts of the region that take its mail, by their first label."""
    name_server: str = ""
    """The host that is its first name server, likewise; empty: one outside the region."""
    opens: bool = False
    """That server transfers the zone to anybody, and resolves any name."""
    server_findings: tuple[str, ...] = ()
    """Of that server."""
    found: Mapping[str, str] = field(default_factory=dict[str, str])
    """Label below the domain → a way that finds it."""
    wildcards: tuple[str, ...] = ()
    """Labels below which any name is answered."""
    certified: tuple[str, ...] = ()
    """Labels that certificate transparency alone knows: no list of words holds them."""
    expires_days: int = 700
    """From today to the end of its registration."""

    @property
    def name(self) -> str:
        return f"{self.hospital}.example"

    def records(
        self, network: str, hosts: Mapping[str, str], *, has_dns: bool = True
    ) -> tuple[str, ...]:
        """Give the lines of the zone, names in full; its servers stand on ``network``.

        ``hosts``: names of the region with their addresses; those that are not among them take no
        mail and, as without ``has_dns`` (port 53 cannot be had), serve no zone.
        """
        server = hosts.get(f"{self.name_server}.{self.name}") if has_dns else None
        lines: list[str] = []
        present = [one for one in self.servers if f"{one}.{self.name}" in hosts]
        taking = [f"@ MX 5 {one}.{{domain}}." for one in present]
        for line in (*_EVERYWHERE, *self.published, *taking):
            filled = line.format(domain=self.name, net=network, ns1=server or f"{network}.255.53")
            owner, rest = filled.split(" ", 1)
            lines.append(f"{self.name if owner == '@' else f'{owner}.{self.name}'}. {rest}")
        return tuple(lines)


_EVERYWHERE = (
    "@ SOA ns1.{domain}. dns.{domain}. 1 7200 3600 1209600 300",
    "@ NS ns1.{domain}.",
    "ns1 A {ns1}",
)

DOMAINS = (
    Domain(
        hospital="chu-montclair",
        published=(
            "@ NS ns2.{domain}.",
            "ns2 A {net}.254.53",
            "@ MX 10 mx.{domain}.",
            "mx A {net}.255.25",
            '@ TXT "v=spf1 mx -all"',
            '_dmarc TXT "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@{domain}"',
            f'default._domainkey TXT "v=DKIM1; t=y; p={_LONG_KEY[:200]}" "{_LONG_KEY[200:]}"',
            '_mta-sts TXT "v=STSv1; id=20260101"',
            '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{domain}"',
            '@ CAA 0 issue "autorite.example"',
            # Any name below apps is answered the same, but for one.
            "*.apps CNAME pare-feu.{domain}.",
            "viewer.apps CNAME switch-bloc.{domain}.",
            "switch-bloc-recette CNAME switch-bloc.{domain}.",
        ),
        found={"viewer.apps": "words", "switch-bloc-recette": "permutation", "pare-feu": "ptr"},
        wildcards=("apps",),
        findings=(
            "dns.no-dnssec",
            "mail.dkim-without-effect",
            "mail.dmarc-subdomains-weaker",
            "mail.mta-sts-without-effect",
        ),
        servers=("courrier",),
        name_server="courrier",
    ),
    Domain(
        hospital="ch-valbrune",
        published=(
            "@ MX 10 mx.{domain}.",
            "mx A {net}.255.25",
            '@ TXT "v=spf1 mx +all"',
            '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@prestataire-disparu.example"',
            "_25._tcp.mx TLSA 1 1 1 " + "ab" * 32,
            "paie-recette-2019 A {net}.253.10",
            f'default._domainkey TXT "v=DKIM1; k=rsa; p={_SHORT_KEY}"',
            '@ CAA 0 issue "autorite.example"',
        ),
        findings=(
            "dns.no-dnssec",
            "dns.single-server",
            "mail.dane-without-effect",
            "mail.dkim-weak-key",
            "mail.dmarc-not-enforced",
            "mail.dmarc-reports-lost",
            "mail.mta-sts-missing",
            "mail.spf-too-open",
            "mail.tls-rpt-missing",
        ),
        servers=("depot",),
        found={"mx": "mx", "paie-recette-2019": "ct"},
        certified=("paie-recette-2019",),
    ),
    Domain(
        hospital="ch-roquesec",
        published=(
            "@ MX 10 mx.prestataire-disparu.example.",
            # In nobody's list of words: the open transfer alone gives it.
            "migration-7q2019 CNAME lent.{domain}.",
        ),
        findings=(
            "dns.dangling-record",
            "dns.domain-expires-soon",
            "dns.no-caa",
            "dns.no-dnssec",
            "dns.single-server",
            "mail.dkim-missing",
            "mail.dmarc-missing",
            "mail.mta-sts-missing",
            "mail.spf-missing",
            "mail.tls-rpt-missing",
        ),
        name_server="transferts",
        found={"migration-7q2019": "transfer"},
        opens=True,
        server_findings=("dns.zone-transfer", "dns.open-recursion"),
        expires_days=12,
    ),
)
