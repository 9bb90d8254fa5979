"""What a truthful scan of the region says: every finding, and those that would be false."""

from vigie.demo.layout import Host, Region
from vigie.demo.region import Seat

Row = dict[str, str | int | bool]

_ASKED_AT_HOME = frozenset(
    {"dns", "ldap", "memcached", "mongodb", "msrpc", "mssql", "postgresql", "redis", "smb"}
    | {"winrm", "x11"}
)
"""Protocols that wait for a question which no stranger is owed: it is asked on their own ports."""


def ground_truth(region: Region) -> dict[str, list[Row] | list[str]]:
    """Give the ground truth.

    ``services``: ip, port, protocol, tls, quiet, product when there is one, ``may_be_unknown`` on a
    moved port where the right question is not asked of strangers. ``findings``: check, ip and port;
    no port for one on the whole host. ``must_not``: findings that would be false. ``may``: true,
    but only a deeper measure shows them. ``everywhere``: addresses that accept every port, whose
    single ports are not told. ``never_contacted``: addresses on which one connection is a fault.
    ``datagrams`` and ``datagram_findings``: the same of services over UDP. ``domain_findings``:
    check and hostname, of what the domains publish. ``names_found``: name, and one way that finds
    it. ``wildcards``: names below which any name is answered.
    """
    services: list[Row] = []
    findings: list[Row] = []
    must_not: list[Row] = []
    may: list[Row] = []
    sharing = {host.ip for host in region.hosts if any(_shares_key(seat) for _, seat in host.seats)}
    if len(sharing) == 1:
        sharing.clear()
    for host in region.hosts:
        for check in host.kind.findings:
            findings.append({"check": check, "ip": host.ip})
        for port, seat in host.seats:
            away = port != seat.port and seat.protocol in _ASKED_AT_HOME
            services.append(_service(host.ip, port, seat, away=away))
            more = seat.virtuals if host.first_of_kind else ()
            found = [*seat.findings, *(check for one in more for check in one.findings)]
            found += ["exposure.undeclared"] if undeclared(host, seat) else []
            if host.ip in sharing and _shares_key(seat):
                found.append("cert.shared-key")
            (may if away else findings).extend(_rows(found, host.ip, port))
            must_not += _rows(seat.must_not, host.ip, port)
            may += _rows(seat.may, host.ip, port)
    for ip, domain in region.authorities().items():
        findings += _rows(domain.server_findings, ip, 53)
    datagrams: list[Row] = [
        {"ip": host.ip, "port": seat.port, "protocol": seat.protocol}
        for host in region.hosts
        for seat in host.datagrams
    ]
    names: list[Row] = [
        {"name": f"{label}.{one.name}", "way": way}
        for one in region.domains()
        for label, way in one.found.items()
    ]
    published: list[Row] = [
        {"check": check, "hostname": one.name} for one in region.domains() for check in one.findings
    ]
    for name in _elsewhere(region):
        published.append({"check": "asset.unattributed", "hostname": name})
    return {
        "services": services,
        "findings": findings,
        "must_not": must_not,
        "may": may,
        "everywhere": [host.ip for host in region.hosts if host.kind.everywhere],
        "never_contacted": [region.excluded, region.lure[0]],
        "datagrams": datagrams,
        "datagram_findings": [
            row
            for host in region.hosts
            for seat in host.datagrams
            for row in _rows(seat.findings, host.ip, seat.port)
        ],
        "domain_findings": published,
        "names_found": names,
        "wildcards": [f"{label}.{one.name}" for one in region.domains() for label in one.wildcards],
    }


def _elsewhere(region: Region) -> list[str]:
    """Give the names that lead outside the mandate; each is a question to the establishment."""
    hosts = {host.hostname: host.ip for host in region.hosts}
    found: list[str] = []
    for one in region.domains():
        for line in one.records(region.network, hosts, has_dns=region.has_dns):
            owner, kind, value = line.split(" ", 2)
            if kind == "A" and value not in hosts.values():
                found.append(owner.rstrip("."))
    return found


def undeclared(host: Host, seat: Seat) -> bool:
    """Tell whether this is a remote access that the inventory does not declare."""
    return seat.remote_access and seat is not declared(host)


def declared(host: Host) -> Seat | None:
    """Give the service that the inventory declares on this host."""
    if host.kind.declared is None or not host.first_of_kind:
        return None
    return next(seat for _, seat in host.seats if seat.remote_access)


def _shares_key(seat: Seat) -> bool:
    return seat.tls is not None and seat.tls.leaf.shared_key


def _rows(checks: tuple[str, ...] | list[str], ip: str, port: int) -> list[Row]:
    return [{"check": check, "ip": ip, "port": port} for check in checks]


def _service(ip: str, port: int, seat: Seat, *, away: bool) -> Row:
    row: Row = {
        "ip": ip,
        "port": port,
        "protocol": seat.protocol,
        "tls": seat.tls is not None and seat.tls_first,
        "quiet": seat.quiet,
    }
    if away:
        row["may_be_unknown"] = True
    if seat.product and not away:
        row["product"] = seat.product
    return row
