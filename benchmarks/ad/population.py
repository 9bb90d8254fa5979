"""The directory of the benchmark: 12,500 objects whose descriptors vary by service."""

import random

from tests.servers.samba import (
    DOMAIN_DN,
    Planted,
    Sddl,
    auditor,
    computer,
    group,
    ou,
    user,
)

USERS, COMPUTERS, GROUPS, UNITS = 10_000, 2_000, 500, 40


def population(*, scale: float = 1.0) -> list[list[Planted]]:
    """Give the transactions, in order; ``scale`` makes it smaller."""
    chance = random.Random(2026)
    users, computers, groups = (int(each * scale) for each in (USERS, COMPUTERS, GROUPS))
    first = [*auditor(), *group("helpdesk"), *group("poste-travail")]
    for number in range(UNITS):
        first += ou(f"Service {number:02}")
    delegations = [
        Planted(
            f"OU=Service {number:02}",
            {
                # Whoever runs a service resets its passwords: inherited by its users.
                "nTSecurityDescriptor": Sddl(
                    "O:DAG:DAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)"
                    f"(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(OA;CIIO;CR;"
                    f"00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;"
                    f"S-1-5-21-1-2-3-{5_000 + number})"
                )
            },
            do="replace",
            controls=("dacl",),
        )
        for number in range(UNITS)
    ]
    people = [
        _in_unit(one, number, {"mail": f"u{number}@chu.example"})
        for number in range(users)
        for one in user(f"u{number:05}", description=f"Agent {number}")
    ]
    machines = [
        _in_unit(
            one,
            number,
            {
                "operatingSystem": "Windows 11 Entreprise",
                "operatingSystemVersion": "10.0 (22631)",
                "servicePrincipalName": f"HOST/p{number:05}.chu.example",
            },
        )
        for number in range(computers)
        for one in computer(f"P{number:05}")
    ]
    crowd = [
        one
        for number in range(groups)
        for one in group(
            f"g{number:04}",
            [
                f"CN=u{each:05},OU=Service {each % UNITS:02},{DOMAIN_DN}"
                for each in sorted(chance.sample(range(users), min(users, 40)))
            ],
        )
    ]
    return [[*first, *delegations], people, machines, crowd]


def _in_unit(one: Planted, number: int, more: dict[str, str]) -> Planted:
    name = one.dn.partition(",")[0]
    attributes = {**one.attributes, **more} if one.do == "add" else one.attributes
    return Planted(
        f"{name},OU=Service {number % UNITS:02}",
        attributes,
        do=one.do,
        controls=one.controls,
        password=one.password,
    )
