"""Names of the sample group, as many as asked for: in the mandate, at hosts, nowhere."""

import msgspec

from core.model import Confidence, Transport
from core.results import AddressRow, HuntRow, NameRow, Results, ServiceRow, ToConfirmRow

_LABELS = (
    *("www", "portail", "vpn", "extranet", "webmail", "pacs", "ris", "dpi", "telemed", "rdv"),
    *("intranet", "smtp", "mx1", "ns1", "autodiscover", "owa", "citrix", "ged", "gtb", "biblio"),
    *("formation", "recrutement", "ifsi", "imagerie", "laboratoire", "pharmacie", "urgences"),
)
_HOSTS = (
    ("hosting", "Hébergeur Exemple SAS", "198.51.100.{}", 64_500, 6),
    ("cloud", "Nuage Public International Limited", "192.0.2.{}", 64_501, 4),
    ("hds", "Santé Hébergement (certifié HDS)", "198.51.100.{}", 64_502, 5),
    ("cdn", "Diffusion Mondiale, Inc.", "192.0.2.{}", 64_503, 2),
    ("same-owner", "CENTRE HOSPITALIER UNIVERSITAIRE DE L’ESTUAIRE", "203.0.112.{}", 64_504, 3),
    ("unknown", "", "198.18.0.{}", None, 6),
    ("shared-edge", "Plateforme régionale", "198.18.7.{}", 64_505, 1),
)
_DOMAINS = (
    ("chu-estuaire", "chu-estuaire.example"),
    ("ch-valbrune", "ch-valbrune.example"),
    ("ehpad-tilleuls", "tilleuls.example"),
)
_WAYS = (("inventory",), ("ct", "words"), ("words",), ("permutation",), ("ptr", "certificate"))


def named(count: int) -> tuple[NameRow, ...]:
    """Give this many names: two in five in the mandate, the others at hosts, some nowhere."""
    return tuple(sorted((_name(rank) for rank in range(count)), key=lambda one: one.name))


def _name(rank: int) -> NameRow:
    establishment, domain = _DOMAINS[(rank % 7) // 3]
    label = _LABELS[rank % len(_LABELS)]
    turn = rank // len(_LABELS)
    name = f"{label}{turn if turn else ''}.{domain}"
    found_by = _WAYS[rank % len(_WAYS)]
    if rank % 19 == 18:
        return NameRow(establishment=establishment, name=name, found_by=found_by, error="NXDOMAIN")
    if rank % 5 < 2:
        ipv4 = {"chu-estuaire": "203.0.113.", "ch-valbrune": "198.51.100."}.get(
            establishment, "192.0.2."
        )
        addresses = [AddressRow(ip=f"{ipv4}{33 + rank % 14}", scope="in-scope")]
        if rank % 3 == 0 and establishment == "chu-estuaire":
            addresses.append(AddressRow(ip=f"2001:db8:10::{33 + rank % 14:x}", scope="in-scope"))
        if rank % 31 == 30:
            addresses = [
                AddressRow(
                    ip="203.0.113.70", scope="withheld", why="hébergé par un tiers : accord manque"
                )
            ]
        return NameRow(
            establishment=establishment,
            name=name,
            found_by=found_by,
            addresses=tuple(addresses),
        )
    kind, holder, ip, asn, spread = _HOSTS[rank % len(_HOSTS)]
    addresses = [
        AddressRow(
            ip=ip.format(200 + rank % spread),
            scope="outside",
            kind=kind,
            holder=holder,
            asn=asn,
            range=ip.format("0/24"),
            source="rdap",
        )
    ]
    return NameRow(
        establishment=establishment,
        name=name,
        found_by=found_by,
        addresses=tuple(addresses),
        chain=("edge.diffusion.example",) if kind == "cdn" else (),
    )


def served_there(names: tuple[NameRow, ...]) -> tuple[ServiceRow, ...]:
    """Give services at the addresses of the mandate to which these lead."""
    found: dict[tuple[str, str], None] = {}
    for row in names:
        for one in row.addresses:
            if one.scope == "in-scope":
                found.setdefault((row.establishment, one.ip))
    rows: list[ServiceRow] = []
    for rank, (establishment, ip) in enumerate(found):
        for port, protocol, product in (
            (443, "http", "Fortinet FortiOS" if rank % 4 == 0 else ""),
            (80, "http", ""),
            (22, "ssh", "OpenSSH"),
            (25, "smtp", ""),
            (3389, "rdp", ""),
        )[: 1 + rank % 5]:
            rows.append(
                ServiceRow(
                    establishment=establishment,
                    ip=ip,
                    port=port,
                    transport=Transport.TCP,
                    protocol=protocol,
                    tls=port == 443,
                    product_name=product,
                    confidence=Confidence.CERTAIN,
                    evidence=(),
                )
            )
    return tuple(rows)


def asked_of(names: tuple[NameRow, ...]) -> tuple[ToConfirmRow, ...]:
    """Give the questions that these names leave to the establishment."""
    led: dict[tuple[str, str], list[NameRow]] = {}
    for row in names:
        for one in row.addresses:
            if one.scope == "outside":
                led.setdefault((row.establishment, one.ip), []).append(row)
    return tuple(
        ToConfirmRow(
            establishment=establishment,
            ip=ip,
            names=tuple(row.name for row in rows),
            kind=rows[0].addresses[0].kind,
            holder=rows[0].addresses[0].holder,
            range=rows[0].addresses[0].range,
            question="À qui est cette adresse ? Si elle est à vous, l'ajouter aux plages.",
            toml=("[[answers]]", f'asset = "{ip}"', 'belongs = "third-party"', 'answered_by = ""'),
        )
        for (establishment, ip), rows in sorted(led.items())
    )


HUNTS = tuple(
    HuntRow(
        establishment=establishment,
        domain=domain,
        asked=4_211,
        lost=3 if domain.startswith("ch-") else 0,
        found={"words": 12, "ct": 31, "permutation": 4, "mx": 1},
        wildcards=(f"*.dev.{domain}",) if domain.startswith("chu") else (),
        tried={"ct": "", "words": "", "transfer": "hors mandat : rien n'a été envoyé"},
    )
    for establishment, domain in _DOMAINS
)


def with_names(results: Results, count: int = 40) -> Results:
    """Give the same run with this many names, the services there and the questions left."""
    names = named(count)
    return msgspec.structs.replace(
        results,
        names=names,
        services=(*results.services, *served_there(names)),
        hunts=HUNTS,
        to_confirm=asked_of(names),
    )
