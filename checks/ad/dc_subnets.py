"""Controllers whose address is in no declared subnet."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from checks.ad._shared.healthy import (
    ROOT,
    Departure,
    change,
    child_domain,
    computer,
    controller,
    healthy,
    hide,
    node,
    thing,
    unread,
    without,
)
from checks.ad._shared.verdicts import PROOFS, Found, by_domain, gaps
from checks.registry import Check
from core.directory import flags
from core.directory.forest import Directory
from core.directory.level import Condition, Point
from core.directory.names import Address
from core.directory.objects import Domain
from core.facts import Facts
from core.model import Criticality, NotMeasured, Proof, Verdict, Wording

_SUBNETS = "CN=Subnets,CN=Sites,CN=Configuration"
_SUBNET = f"CN=203.0.113.0/24,{_SUBNETS}"
_ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"
Network = IPv4Network | IPv6Network


def judge(forest: Directory, facts: Facts) -> Iterator[Verdict]:
    """Flag each domain with a controller that DNS gives an address outside the subnets of sites."""
    why = forest.unread("configuration", "subnet")
    if not why and forest.in_configuration("CN=Subnets,CN=Sites") is None:
        why = "hidden: CN=Subnets,CN=Sites"
    if why:
        yield NotMeasured(forest.place(), why)
        return
    read = (_network(one.text("cn")) for one in forest.of("subnet"))
    subnets = [one for one in read if one is not None]
    found: list[Found] = []
    hidden: dict[Domain | None, str] = {}
    for controller_ in forest.controllers:
        account = controller_.account
        if controller_.is_entra or not account.is_enabled:
            continue
        host = account.text("dnshostname")
        told = forest.dns_names.answer(host) if host else f"hidden: {account.dn} (dNSHostName)"
        if isinstance(told, str) or not told.is_there:
            hidden.setdefault(account.domain, told if isinstance(told, str) else f"hidden: {host}")
            continue
        outside = [
            str(address)
            for address in told.addresses
            if _is_of_site(address) and not any(address in subnet for subnet in subnets)
        ]
        if outside:
            values = {"dn": account.dn, "addresses": ", ".join(outside)}
            found.append((account, Proof("outside", values)))
    yield from by_domain(forest, found)
    for domain, reason in hidden.items():
        yield NotMeasured(forest.place(domain), reason)
    yield from gaps(forest, "domain", "computer", "dnshostname")


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_of_site(address: Address) -> bool:
    """Whether sites are looked for by it: not an address of one link, nor that of a tunnel."""
    if isinstance(address, IPv6Address) and (address.sixtofour or address.teredo):
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _at(*parts: int) -> Departure:
    return node("DC1", 1, bytes(parts))


POINT = Point(
    id="dc_subnets",
    condition=Condition.OURS,
    effort=1,
    base="CN=Subnets,CN=Sites,{C}",
    query="(objectClass=subnet)",
)

CHECK = Check(
    id="ad.dc-subnets",
    title_fr="Contrôleurs hors des sous-réseaux déclarés",
    title_en="Controllers outside the declared subnets",
    risk_fr=(
        "Les machines choisissent mal leur contrôleur : connexions lentes, secours qui ne joue "
        "pas, et un contrôleur inattendu passe inaperçu."
    ),
    risk_en=(
        "Machines choose the wrong controller: slow logons, failover that does not work, and an "
        "unexpected controller that nobody notices."
    ),
    criticality=Criticality.LOW,
    references=("MITRE T1562", "MS-ADTS"),
    remedy_fr=(
        "Déclarer le sous-réseau de chaque contrôleur et le rattacher à son site (Sites et "
        "services Active Directory, ou New-ADReplicationSubnet), après s'être assuré que "
        "l'adresse est bien la sienne."
    ),
    remedy_en=(
        "Declare the subnet of each controller and link it to its site (Active Directory Sites "
        "and Services, or New-ADReplicationSubnet), once sure that the address is its own."
    ),
    proofs={
        **PROOFS,
        "outside": Wording(
            "{dn} : {addresses}, dans aucun sous-réseau de CN=Subnets,CN=Sites.",
            "{dn}: {addresses}, in no subnet of CN=Subnets,CN=Sites.",
        ),
    },
    reads=Directory,
    judge=judge,
    flagged=(
        healthy(_at(192, 0, 2, 1)),
        healthy(without(_SUBNET)),
        healthy(change(_SUBNET, cn="pas un réseau")),
    ),
    clean=(
        healthy(),
        healthy(child_domain()),
        healthy(controller("RODC", read_only=True)),
        healthy(_at(192, 0, 2, 1), thing(f"CN=192.0.2.1/32,{_SUBNETS}", "subnet")),
        healthy(_at(169, 254, 3, 1)),
        healthy(node("DC1", 28, bytes.fromhex("2002cb007101") + bytes(10))),
        healthy(controller("DC1", enabled=False, useraccountcontrol=0x82002), _at(192, 0, 2, 1)),
        healthy(computer("AzureADKerberos", primarygroupid=521, uac=flags.PARTIAL_SECRETS)),
    ),
    unmeasured=(
        healthy(unread("configuration", "subnet")),
        healthy(without(_SUBNETS)),
        healthy(without(f"DC=DC1,{_ZONE}")),
        healthy(without(f"DC=@,{_ZONE}")),
        healthy(hide("DC1$", "dnshostname")),
    ),
)
