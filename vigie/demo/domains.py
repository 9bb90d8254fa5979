"""What the domains of the demo region publish, each with the findings that it earns.

None is signed: nothing above the region could vouch for it.
"""

from dataclasses import dataclass

_SHORT_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC82rjQ/frZSm+YhfzieOpOP8ORIDBaCB3cdFDv3QJl"
    "T3wfjbzlRQhWpwZVIOt7mb4I7k1vHtuIciTo3VBWtxCzdVvMBtY3LSpp7DjAnORCKzyZx7fK1VCPAaqg"
    "sD6X0XOtcZKLD9E3NEk4hoEI//jXDjqHoSWNptJwh/9fcChCjwIDAQAB"
)
"""An RSA key of 1024 bits; its private half was thrown away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """One domain of an establishment."""

    hospital: str
    published: tuple[str, ...]
    """Owner below the domain (« @ »: itself), kind, value; ``{domain}`` and ``{net}`` filled in."""
    findings: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.hospital}.example"

    def records(self, network: str) -> tuple[str, ...]:
        """Give the lines of the zone, names in full; its servers stand on ``network``."""
        lines: list[str] = []
        for line in (*_EVERYWHERE, *self.published):
            owner, rest = line.format(domain=self.name, net=network).split(" ", 1)
            lines.append(f"{self.name if owner == '@' else f'{owner}.{self.name}'}. {rest}")
        return tuple(lines)


_EVERYWHERE = (
    "@ SOA ns1.{domain}. dns.{domain}. 1 7200 3600 1209600 300",
    "@ NS ns1.{domain}.",
    "ns1 A {net}.255.53",
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
            '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"',
            '_mta-sts TXT "v=STSv1; id=20260101"',
            '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{domain}"',
            '@ CAA 0 issue "autorite.example"',
        ),
        findings=("dns.no-dnssec",),
    ),
    Domain(
        hospital="ch-valbrune",
        published=(
            "@ MX 10 mx.{domain}.",
            "mx A {net}.255.25",
            '@ TXT "v=spf1 mx +all"',
            '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
            f'default._domainkey TXT "v=DKIM1; k=rsa; p={_SHORT_KEY}"',
            '@ CAA 0 issue "autorite.example"',
        ),
        findings=(
            "dns.no-dnssec",
            "dns.single-server",
            "mail.dkim-weak-key",
            "mail.dmarc-not-enforced",
            "mail.mta-sts-missing",
            "mail.spf-too-open",
            "mail.tls-rpt-missing",
        ),
    ),
    Domain(
        hospital="ch-roquesec",
        published=("@ MX 10 mx.prestataire-disparu.example.",),
        findings=(
            "dns.dangling-record",
            "dns.no-caa",
            "dns.no-dnssec",
            "dns.single-server",
            "mail.dmarc-missing",
            "mail.mta-sts-missing",
            "mail.spf-missing",
            "mail.tls-rpt-missing",
        ),
    ),
)
