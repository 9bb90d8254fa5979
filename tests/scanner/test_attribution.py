"""Who holds what lies outside the mandate: by lists, registries, aliases, answers; nobody else."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from core.inventory import Answer, Consent, Establishment, Ght, Inventory
from core.knowledge.hosting import load_hosting
from core.model import Intensity, Place
from core.observations.name import AddressHolder, NameSeen
from scanner.attribution import MOST_ASKED, AskOrigin, Attributor, Origin, OwnNames
from scanner.sources.rdap import DomainTold, Holder, NetworkRegistered, NetworkTold
from tests.on_trio import on_trio

IP = "198.51.100.7"
OWN = "203.0.113.0/24"


def inventory(**changes: object) -> Inventory:
    usual = Inventory(
        path="x",
        ght=Ght(id="g", name="GHT du Littoral"),
        establishments=(
            Establishment(
                id="dunes",
                name="Centre hospitalier des Dunes",
                finess="010003820",
                ranges=(OWN,),
                domains=("ch-dunes.example",),
            ),
            Establishment(id="port", name="CHU Saint-Elme", domains=("port.example",)),
        ),
    )
    return msgspec.structs.replace(usual, **changes)


def leading(*addresses: str, name: str = "portail.ch-dunes.example", **changes: object) -> NameSeen:
    seen = NameSeen(
        place=Place(establishment="dunes", hostname=name),
        at=datetime(2026, 11, 22, tzinfo=UTC),
        name=name,
        addresses=addresses or (IP,),
    )
    return msgspec.structs.replace(seen, **changes)


def registered(first: str, last: str, *names: str, **changes: object) -> NetworkRegistered:
    holders = tuple(Holder(handle=f"O-{each}", name=each, roles=("registrant",)) for each in names)
    usual = NetworkRegistered(
        handle=first, first=first, last=last, cidrs=(f"{first}/24",), holders=holders
    )
    return msgspec.structs.replace(usual, **changes)


class Registry:
    """A registry of these networks, that counts what it is asked."""

    def __init__(self, *networks: NetworkRegistered, why: str = "not-registered") -> None:
        self.networks = networks
        self.why = why
        self.asked: list[str] = []

    async def network(self, ip: str) -> NetworkTold:
        self.asked.append(ip)
        for one in self.networks:
            if one.holds(ip):
                return NetworkTold(network=one)
        return NetworkTold(why=self.why)

    async def domain(self, name: str) -> DomainTold:
        raise AssertionError(name)


async def holder_of(
    seen: NameSeen,
    registry: Registry | None = None,
    origin: AskOrigin | None = None,
    ip: str = IP,
    **changes: object,
) -> AddressHolder:
    made = Attributor(inventory(**changes), load_hosting(), registry=registry, origin=origin)
    return (await made.attribute(seen)).holders[ip]


@on_trio
async def test_what_the_mandate_covers_is_nobodys_question() -> None:
    registry = Registry()
    made = Attributor(inventory(), load_hosting(), registry=registry)
    inside = leading("203.0.113.7", "203.0.113.8", in_scope=("203.0.113.7",))
    inside = msgspec.structs.replace(inside, withheld={"203.0.113.8": "third-party"})
    assert await made.attribute(inside) is inside
    assert registry.asked == []


@on_trio
async def test_without_a_registry_the_reason_is_told() -> None:
    assert await holder_of(leading()) == AddressHolder(kind="unknown", why="not-configured")


@pytest.mark.parametrize(
    ("network", "kind", "provider"),
    [
        (registered("198.51.100.0", "198.51.100.255", "CH DES DUNES"), "same-owner", ""),
        (registered("198.51.100.0", "198.51.100.255", "Chu St Elme"), "same-owner", ""),
        (
            registered("198.51.100.0", "198.51.100.255", remarks=("FINESS 010003820",)),
            "same-owner",
            "",
        ),
        (registered("198.51.100.0", "198.51.100.255", "OVH SAS"), "cloud", "ovhcloud"),
        (registered("198.51.100.0", "198.51.100.255", "GIP MIPIH"), "hds", "mipih"),
        (registered("198.51.100.0", "198.51.100.255", "GANDI SAS"), "hosting", "gandi"),
        (registered("198.51.100.0", "198.51.100.255", "Fastly, Inc."), "cdn", "fastly"),
        (registered("198.51.100.0", "198.51.100.255", "Boulangerie des Dunes"), "unknown", ""),
        (registered("198.51.100.0", "198.51.100.255", name="SCALEWAY-DC"), "cloud", "scaleway"),
    ],
)
def test_the_registry_names_the_holder(
    network: NetworkRegistered, kind: str, provider: str
) -> None:
    @on_trio
    async def told() -> None:
        found = await holder_of(leading(), Registry(network))
        assert (found.kind, found.provider, found.source) == (kind, provider, "rdap")
        assert found.range == "198.51.100.0/24"
        assert (found.hds != "") == (provider in {"ovhcloud", "mipih", "scaleway"})

    told()


@on_trio
async def test_the_registration_of_our_ranges_is_known_again() -> None:
    own = registered("203.0.113.0", "203.0.113.255", "Syndicat informatique", handle="N1")
    other = registered("198.51.100.0", "198.51.100.255", "Syndicat informatique", handle="N2")
    registry = Registry(own, other)
    assert (await holder_of(leading(), registry)).kind == "same-owner"
    assert registry.asked == [IP, "203.0.113.0"]
    # A provider that holds our range too makes nothing of its other customers ours.
    own = registered("203.0.113.0", "203.0.113.255", "OVH SAS")
    other = registered("198.51.100.0", "198.51.100.255", "OVH SAS")
    assert (await holder_of(leading(), Registry(own, other))).kind == "cloud"


@on_trio
async def test_aliases_and_published_ranges_tell_without_a_registry() -> None:
    seen = leading(chain=("x.cdn.cloudflare.net",))
    found = await holder_of(seen)
    assert (found.kind, found.provider, found.source) == ("cdn", "cloudflare", "cname")
    found = await holder_of(leading("104.16.1.1"), ip="104.16.1.1")
    assert (found.kind, found.provider, found.source) == ("cdn", "cloudflare", "ranges")
    # Of a cloud the registry is surer than an alias; of a plain host it is not.
    cloud = registered("198.51.100.0", "198.51.100.255", "OVH SAS")
    found = await holder_of(leading(chain=("front.mipih.fr",)), Registry(cloud))
    assert (found.kind, found.provider) == ("cloud", "ovhcloud")
    plain = registered("198.51.100.0", "198.51.100.255", "GANDI SAS")
    found = await holder_of(leading(chain=("front.mipih.fr",)), Registry(plain))
    assert (found.kind, found.provider, found.source) == ("hds", "mipih", "rdap,cname")


@on_trio
async def test_the_network_tells_when_nobody_else_does() -> None:
    async def origin(ip: str) -> Origin:
        assert ip == IP
        return Origin(asn=16276, name="OVH, FR", range="198.51.0.0/16")

    found = await holder_of(leading(), origin=origin)
    assert (found.kind, found.provider, found.source, found.asn) == (
        "cloud",
        "ovhcloud",
        "asn",
        16276,
    )
    assert (found.holder, found.range) == ("OVH, FR", "198.51.0.0/16")


@on_trio
async def test_an_edge_that_several_share() -> None:
    made = Attributor(inventory(), load_hosting(), registry=Registry())
    first = await made.attribute(leading())
    assert first.holders[IP].kind == "unknown"
    other = leading(name="www.port.example", place=Place(establishment="port"))
    assert (await made.attribute(other)).holders[IP].kind == "shared-edge"
    made = Attributor(inventory(), load_hosting(), registry=Registry())
    made.note(other)
    assert (await made.attribute(leading())).holders[IP].kind == "shared-edge"


@on_trio
async def test_private_addresses_are_told_to_nobody() -> None:
    registry = Registry()

    async def origin(ip: str) -> Origin:
        raise AssertionError(ip)

    found = await holder_of(leading("10.0.0.7"), registry, origin, ip="10.0.0.7")
    assert (found.kind, found.why, registry.asked) == ("unknown", "private-address", [])


@on_trio
async def test_each_address_is_asked_about_once_and_so_many() -> None:
    registry = Registry()
    made = Attributor(inventory(), load_hosting(), registry=registry)
    for _ in range(2):
        for third in range(20):
            addresses = tuple(f"198.51.{third}.{last}" for last in range(1, 32))
            told = await made.attribute(leading(*addresses))
    assert len(registry.asked) == len(set(registry.asked)) == MOST_ASKED
    assert told.holders["198.51.19.31"].why == "request-limit"


@on_trio
async def test_a_registry_that_fails_is_told() -> None:
    found = await holder_of(leading(), Registry(why="rate-limited"))
    assert found == AddressHolder(kind="unknown", why="rate-limited")


@on_trio
async def test_what_the_establishment_said_comes_first() -> None:
    foreign = registered("198.51.100.0", "198.51.100.255", "Exemple SAS")

    def said(belongs: str, holder: str = "") -> tuple[Answer, ...]:
        return (Answer(asset=f"{IP}/32", belongs=belongs, holder=holder),)

    answers = said("third-party", "Tiers")
    found = await holder_of(leading(), Registry(foreign), answers=answers)
    assert (found.kind, found.holder, found.source) == ("hosting", "Tiers", "declared,rdap")
    found = await holder_of(leading(), Registry(foreign), answers=said("ours"))
    assert (found.kind, found.holder) == ("same-owner", "Exemple SAS")
    found = await holder_of(leading(), Registry(foreign), answers=said("not-ours"))
    assert (found.kind, found.source) == ("unknown", "rdap")
    consent = Consent(
        holder="Hébergeur Exemple",
        covers=("198.51.100.0/28",),
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        intensity=Intensity.DISCREET,
    )
    found = await holder_of(leading(), consents=(consent,))
    assert (found.kind, found.holder, found.source) == ("hosting", "Hébergeur Exemple", "declared")


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("CENTRE HOSPITALIER DES DUNES", True),
        ("CH Dunes", True),
        ("CH-DUNES-NET", True),
        ("Centre Hospitalier Universitaire Saint Elme", True),
        ("C.H. des Dunes", True),
        ("Hotel des Dunes", False),
        ("Centre hospitalier de la Plaine", False),
        ("GHT Littoral", True),
        ("Littoral Informatique SARL", False),
        ("finess:010003820", True),
        ("910003820 0100038201", False),
        ("", False),
        ("dunes " * 1_000, False),
    ],
)
def test_our_own_names(text: str, ours: bool) -> None:
    assert OwnNames(inventory()).is_named_in([text]) is ours


def test_a_name_without_a_word_of_its_own_recognises_nothing() -> None:
    nameless = inventory(
        ght=Ght(id="g", name="GHT"),
        establishments=(Establishment(id="a", name="Centre hospitalier", ranges=(OWN,)),),
    )
    assert not OwnNames(nameless).is_named_in(["Centre hospitalier de partout", "GHT"])
