"""A controller for the whole session: an ordinary population with what collections stumble on."""

import struct
from collections.abc import Iterator

import pytest

from tests.servers.samba import (
    DOMAIN_DN,
    Controller,
    Planted,
    Sddl,
    Templates,
    auditor,
    computer,
    controller,
    group,
    ou,
    templates,
    user,
)

__all__ = ["templates"]

BIG = 3_200
"""Members of the big group. Samba gives them all at once: ranges are asked of it elsewhere."""


ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN_DN}"


def alias(host: str) -> bytes:
    """Give a CNAME as the directory keeps it ([MS-DNSP] 2.3.2.2)."""
    labels = [host, "chu", "example"]
    name = b"".join(bytes((len(each),)) + each.encode() for each in labels) + b"\0"
    data = bytes((len(name), len(labels))) + name
    return struct.pack("<HHBBHIIII", len(data), 5, 5, 0xF0, 0, 1, 0x100E, 0, 0) + data


def population() -> list[Planted]:
    """Give users, machines and groups, with odd names and a big circular group."""
    odd = ["Zoé Œuvrard", "!admin (test)", "a*b", "O'Brien", "名前"]
    return [
        # Without a threshold Samba counts no wrong password.
        Planted(DOMAIN_DN, {"lockoutThreshold": "3"}, do="replace"),
        *auditor(),
        *[one for number in range(60) for one in user(f"agent{number:03}")],
        *[
            Planted(
                f"CN={name},CN=Users",
                {"objectClass": "user", "sAMAccountName": f"odd{at}", "description": name},
            )
            for at, name in enumerate(odd)
        ],
        *[one for number in range(10) for one in computer(f"PC{number:03}")],
        *group("soignants", [f"agent{number:03}" for number in range(60)]),
        *group("ronde-a"),
        *group("ronde-b", ["ronde-a"]),
        Planted("CN=ronde-a,CN=Users", {"member": f"CN=ronde-b,CN=Users,{DOMAIN_DN}"}, do="append"),
        *ou("Fermee", nTSecurityDescriptor=Sddl("O:DAG:DAD:P(A;CI;GA;;;DA)(A;CI;GA;;;SY)")),
        Planted("CN=cache,OU=Fermee", {"objectClass": "user", "sAMAccountName": "cache"}),
        *user("discret", nTSecurityDescriptor=Sddl("O:DAG:DAD:P(D;;RC;;;AU)(A;;RPLC;;;AU)")),
        *user("delegue"),
        Planted(
            "CN=delegue,CN=Users",
            {"msDS-AllowedToDelegateTo": ["cifs/intranet.chu.example:445", "ldap/PC002"]},
            do="append",
        ),
        *[
            Planted(f"DC={name},{ZONE}", {"objectClass": "dnsNode", "dnsRecord": alias("pc001")})
            for name in ("intranet", "autre")
        ],
        *ou("Grands"),
        *[
            Planted(
                f"CN=m{number:04},OU=Grands",
                {"objectClass": "contact"},
            )
            for number in range(BIG)
        ],
        *group("foule", [f"CN=m{number:04},OU=Grands,{DOMAIN_DN}" for number in range(BIG)]),
    ]


@pytest.fixture(scope="session")
def dc(
    templates: Templates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Controller]:
    """Run it."""
    template = templates.populated(population())
    with controller(tmp_path_factory.mktemp("dc"), template) as running:
        yield running
