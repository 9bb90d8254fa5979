"""The inventory of the demo region, written as a hospital group would write its own."""

from datetime import date, timedelta

from vigie.demo.layout import HOSPITALS, Hospital, Region
from vigie.demo.truth import declared

_HEAD = """\
# Inventaire de la région de démonstration, écrit par « vigie demo ».
# Tout y est fictif, et tout s'y passe sur cette machine (adresses 127.x).
schema = 1
lab = true

[ght]
id = "ght-des-monts"
name = "GHT des Monts (fictif)"
region = "Région de démonstration"
timezone = "Europe/Paris"
"""

_LIMITS = """
# La région est sur la même machine : ces limites n'ont pas leur place sur Internet.
[limits]
packets_per_second = 20000
packets_per_second_per_prefix24 = 10000
packets_per_second_per_host = 400
connections_per_host = 16
"""


def inventory(region: Region, today: date) -> str:
    """Give the inventory as TOML; its mandate holds from a year ago to a year from ``today``."""
    present = [hospital for hospital in HOSPITALS if region.ranges(hospital)]
    parts = [_HEAD]
    parts += [_establishment(region, hospital) for hospital in present]
    parts.append(_mandate(region, present, today))
    parts += _expected(region, today)
    parts.append(_LIMITS)
    if region.moved:
        ports = ",".join(str(port) for port in sorted(set(region.moved.values())))
        parts.append(
            "\n# Ports que cette machine ne laisse pas prendre : 20000 leur est ajouté, et les\n"
            "# équipements sensibles restent sur un port connu comme tel.\n"
            f'[ports]\ntcp = "{ports}"\n'
        )
    registries = f"http://{':'.join(map(str, region.registries))}"
    parts.append(
        f'\n[services]\nresolvers = ["{":".join(map(str, region.resolver))}"]\n'
        'operator = "securite@ght-des-monts.example"\n'
        f'ct = "{registries}"\n'
        f'rdap = "{registries}/rdap"\n'
    )
    return "".join(parts)


def _establishment(region: Region, hospital: Hospital) -> str:
    ours = [host for host in region.hosts if host.hospital is hospital]
    medical = [f"{host.ip}/32" for host in ours if host.kind.medical]
    excluded = [region.excluded] if region.holds_excluded(hospital) else []
    return (
        "\n[[establishments]]\n"
        f'id = "{hospital.id}"\n'
        f'name = "{hospital.name} (fictif)"\n'
        f"ranges = {_list(region.ranges(hospital))}\n"
        f'domains = ["{hospital.id}.example"]\n'
        f"exclude = {_list(excluded)}\n"
        f"medical = {_list(medical)}\n"
        f'contact = "rssi@{hospital.id}.example"\n'
    )


def _mandate(region: Region, hospitals: list[Hospital], today: date) -> str:
    covers = [cidr for hospital in hospitals for cidr in region.ranges(hospital)]
    covers += [f"{hospital.id}.example" for hospital in hospitals]
    covers += [host.hostname for host in region.hosts if host.seats]
    return (
        "\n[[mandates]]\n"
        f"establishments = {_list([hospital.id for hospital in hospitals])}\n"
        f"covers = {_list(covers)}\n"
        'signed_by = "Direction générale (fictive)"\n'
        'document = "mandat-demonstration.pdf"\n'
        f"valid_from = {today - timedelta(days=365)}\n"
        f"valid_until = {today + timedelta(days=365)}\n"
        'intensity = "standard"\n'
        'emergency = "+33 1 00 00 00 00"\n'
    )


def _expected(region: Region, today: date) -> list[str]:
    entries: list[str] = []
    for host in region.hosts:
        seat = declared(host)
        if seat is None or host.kind.declared is None:
            continue
        port = next(port for port, other in host.seats if other is seat)
        product = f'product = "{seat.product}"\n' if seat.product else ""
        entries.append(
            "\n[[expected]]\n"
            f'asset = "{host.ip}"\n'
            f"port = {port}\n"
            f"{product}"
            'owner = "DSI"\n'
            f'justification = "{host.kind.declared.justification}"\n'
            f'mfa = "{host.kind.declared.mfa}"\n'
            f"review_by = {today + timedelta(days=180)}\n"
        )
    return entries


def _list(texts: tuple[str, ...] | list[str]) -> str:
    if len(texts) < 4:
        return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
    return "[\n" + "".join(f'  "{text}",\n' for text in texts) + "]"
