"""What each zone of the laboratory holds, and which names a hunt must find in it: no other."""

from dataclasses import dataclass, field

from benchmarks.names import places

_SOA = "@ SOA ns.{domain}. dns.{domain}. 1 7200 3600 1209600 60\n@ NS ns.{domain}.\nns A {server}\n"


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One zone: who serves it, its records, and what a hunt must tell."""

    domain: str
    server: str
    """Address in :mod:`benchmarks.names.places`."""
    records: str = ""
    found: dict[str, str] = field(default_factory=dict[str, str])
    """Relative name that must be told → a way that must be among its ways."""
    wildcards: tuple[str, ...] = ()
    signed: str = ""
    """``nsec``, ``nsec3`` or empty."""
    tried: str = ""
    """Why nothing of it can be known; empty: it can."""

    def text(self) -> str:
        """Give the zone file."""
        head = f"$TTL 60\n$ORIGIN {self.domain}.\n" + _SOA.format(
            domain=self.domain, server=self.server
        )
        return head + self.records.strip() + "\n"


_WORDS = ("vpn", "owa", "pacs", "ris", "dpi", "gtb", "telemed", "hospitalis", "easily", "dxcare")

ZONES = (
    Zone(
        domain="simple.example",
        server=places.BIND,
        records="\n".join(
            [
                *(f"{word} A 203.0.113.{20 + rank}" for rank, word in enumerate(_WORDS)),
                "vpn2 A 203.0.113.40",
                "pacs-test A 203.0.113.41",
                "preprod-dpi AAAA 2001:db8::41",
                "@ MX 10 entree-mx.simple.example.",
                "entree-mx A 203.0.113.42",
                '@ TXT "v=spf1 a:sortie-spf.simple.example ip4:203.0.113.0/24 -all"',
                "sortie-spf A 203.0.113.43",
                "_sip._tls SRV 0 0 443 visio-srv.simple.example.",
                "visio-srv A 203.0.113.44",
                "webmail CNAME cible-alias.simple.example.",
                "cible-alias A 203.0.113.45",
                "vers-rien A 203.0.113.46",
                "intranet CNAME parti.disparu.example.",
                "introuvable-q7x A 203.0.113.47",
                "nomme-ailleurs-1234 A 203.0.113.48",
                "journal-ct-5678 A 203.0.113.49",
                'mailing TXT "un nom sans adresse"',
            ]
        ),
        found={
            **dict.fromkeys(_WORDS, "words"),
            "ns": "ns",
            "vpn2": "words",
            "pacs-test": "permutation",
            "preprod-dpi": "permutation",
            "entree-mx": "mx",
            "sortie-spf": "spf",
            "visio-srv": "srv",
            "webmail": "words",
            "cible-alias": "alias",
            "intranet": "words",
            "nomme-ailleurs-1234": "ptr",
            "journal-ct-5678": "ct",
            "mailing": "words",
        },
    ),
    Zone(
        domain="generique.example",
        server=places.KNOT,
        records="""
* A 203.0.113.80
* A 203.0.113.81
vpn A 203.0.113.82
pacs CNAME hote.simple.example.
extranet A 203.0.113.80
*.apps CNAME ferme.generique.example.
ferme A 203.0.113.83
dpi.apps A 203.0.113.84
""",
        found={
            "ns": "ns",
            "vpn": "words",
            "pacs": "words",
            "ferme": "alias",
            "dpi.apps": "words",
        },
        wildcards=("apps.generique.example", "generique.example"),
    ),
    Zone(
        domain="sous-generique.example",
        server=places.NSD,
        records="""
*.apps A 203.0.113.90
*.apps A 203.0.113.91
portail A 203.0.113.92
api.apps A 203.0.113.93
test.apps A 203.0.113.90
""",
        found={"ns": "ns", "portail": "words", "api.apps": "words"},
        wildcards=("apps.sous-generique.example",),
    ),
    Zone(
        domain="signee.example",
        server=places.BIND,
        signed="nsec",
        records="vpn A 203.0.113.100\nlabo A 203.0.113.101\nlabo-recette A 203.0.113.102",
        found={"ns": "ns", "vpn": "words", "labo": "words", "labo-recette": "permutation"},
    ),
    Zone(
        domain="hachee.example",
        server=places.NSD,
        signed="nsec3",
        records='extranet A 203.0.113.110\nris A 203.0.113.111\n* TXT "partout"',
        found={"ns": "ns", "extranet": "words", "ris": "words"},
        wildcards=("hachee.example",),
    ),
    Zone(
        domain="lente.example",
        server=places.SLOW,
        records="vpn A 203.0.113.120\nbastion A 203.0.113.121\nbastion2 A 203.0.113.122",
        found={"ns": "ns", "vpn": "words", "bastion": "words", "bastion2": "permutation"},
    ),
    Zone(domain="boiteuse.example", server=places.LAME, tried="resolver-failure: SERVFAIL"),
)

BIG = "grande.example"
BIG_NAMES = 50_000
"""n0, n2, n4… exist; n1, n3… do not."""


def big_zone() -> str:
    """Give the zone whose names are only counted."""
    head = f"$TTL 3600\n$ORIGIN {BIG}.\n" + _SOA.format(domain=BIG, server=places.KNOT)
    return head + "".join(
        f"n{number} A 203.0.113.{number % 250 + 1}\n" for number in range(0, BIG_NAMES, 2)
    )


REVERSE = "113.0.203.in-addr.arpa"


def reverse_zone() -> str:
    """Give the names of the range 203.0.113.0/24."""
    head = f"$TTL 60\n$ORIGIN {REVERSE}.\n" + _SOA.format(domain=REVERSE, server=places.KNOT)
    return (
        head.replace(f"ns A {places.KNOT}\n", "").replace(f"ns.{REVERSE}.", "ns.generique.example.")
        + "48 PTR nomme-ailleurs-1234.simple.example.\n"
        + "20 PTR vpn.simple.example.\n"
        + "50 PTR client-50.operateur.example.\n"
        + "51 PTR jamais-declare.simple.example.\n"
    )


def parent_zones() -> dict[str, str]:
    """Give the root, and what delegates the rest."""
    root = "$TTL 60\n$ORIGIN .\n@ SOA ns.racine. dns.racine. 1 7200 3600 1209600 60\n"
    root += f"@ NS ns.racine.\nns.racine. A {places.BIND}\n"
    for zone in ZONES:
        root += f"{zone.domain}. NS ns.{zone.domain}.\nns.{zone.domain}. A {zone.server}\n"
    root += f"{BIG}. NS ns.{BIG}.\nns.{BIG}. A {places.KNOT}\n"
    root += f"{REVERSE}. NS ns.generique.example.\n"
    return {".": root}
