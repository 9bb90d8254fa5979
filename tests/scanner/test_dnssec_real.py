"""Chains of zones signed by BIND's tools, each broken in its own way, read through a server."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype
import pytest
import trio

from checks.dns.dnssec_broken import CHECK as BROKEN
from checks.dns.dnssec_expires_soon import CHECK as EXPIRES
from checks.dns.dnssec_weak_algorithm import CHECK as WEAK
from checks.dns.no_dnssec import CHECK as UNSIGNED
from checks.dns.nsec3_iterations import CHECK as ITERATIONS
from checks.dns.nsec_walkable import CHECK as WALKABLE
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Place
from core.observations.domain import Dnssec, DomainSeen
from scanner.asking_names import NameAsker
from scanner.dnssec import Chains
from tests.scanner.names_served import resolver_of, served
from tests.servers.authorities import ADDRESSES, bind, free_everywhere, run, sign

pytestmark = pytest.mark.real

_CHECKS = (BROKEN, EXPIRES, WEAK, UNSIGNED, ITERATIONS, WALKABLE)
_BODY = "@ SOA ns1 dns 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.5\n"
_NOW = datetime.now(UTC)
_LONG = ("-s", "now-2592000")
_ZONES: dict[str, tuple[str, ...]] = {
    "sain": ("-3", "-", "-H", "0"),
    "expire": (*_LONG, "-e", "now-86400"),
    "bientot": (*_LONG, "-e", "now+86400"),
    "futur": ("-s", "now+432000", "-e", "now+2592000"),
    "ile": (),
    "orphelin": (),
    "fils.orphelin": (),
    "casse": (),
}
"""Signed zones below ``example``, with the options of their signature."""


class _Lab:
    """What a test asks: the port of BIND, and the DS of the root."""

    def __init__(self, port: int, anchors: list[str]) -> None:
        self.port, self.anchors = port, anchors


@contextmanager
def _lab(folder: Path) -> Generator[_Lab]:
    below: dict[str, list[str]] = {}
    for label, words in _ZONES.items():
        _, below[label] = sign(folder, f"{label}.example", _BODY, "-P", *words)
    _, below["vieux"] = sign(
        folder, "vieux.example", _BODY, "-3", "ab" * 8, "-H", "100", algorithm="NSEC3RSASHA1"
    )
    keys = next(folder.glob("Kvieux.example.*.key"))
    below["vieux"] = run(folder, "dnssec-dsfromkey", "-1", keys.name).splitlines()
    # Signed again with what is delegated: a parent holds the DS of its children.
    _, below["orphelin"] = sign(
        folder, "orphelin.example", _BODY + _cut("fils", below["fils.orphelin"])
    )
    spoilt = folder / "casse.example.signed"
    spoilt.write_text(spoilt.read_text().replace("1209600", "1209601"))
    (folder / "clair.example.signed").write_text(f"$TTL 60\n$ORIGIN clair.example.\n{_BODY}")
    (folder / "sanscle.example.signed").write_text(f"$TTL 60\n$ORIGIN sanscle.example.\n{_BODY}")
    # The DS of one zone in the place of another's, and of a key that is nowhere.
    stray = [line.replace("sain.example.", "orphelin.example.") for line in below["sain"]]
    lost = [line.replace("sain.example.", "sanscle.example.") for line in below["sain"]]
    direct = [one for one in below if "." not in one and one not in {"ile", "orphelin"}]
    parts = [_cut(one, below[one]) for one in direct]
    parts += [_cut("ile", []), _cut("clair", []), _cut("orphelin", stray), _cut("sanscle", lost)]
    _, top = sign(folder, "example", _BODY + "".join(parts))
    root = "@ SOA a. b. 1 7200 3600 1209600 300\n@ NS ns1.example.\n" + _cut("example", top)
    _, anchors = sign(folder, ".", root)
    names = (".", "example", *(f"{one}.example" for one in (*_ZONES, "vieux", "clair", "sanscle")))
    port = free_everywhere(ADDRESSES["bind"])
    with bind({one: folder / f"{one}.signed" for one in names}, ADDRESSES["bind"], port):
        yield _Lab(port, [line.split("DS", 1)[1].strip() for line in anchors])


def _cut(label: str, delegations: list[str]) -> str:
    # Lines of DS name their zone in full.
    lines = [f"{label} NS ns1.{label}", f"ns1.{label} A 192.0.2.5", *delegations]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Generator[_Lab]:
    with _lab(tmp_path_factory.mktemp("signed")) as made:
        yield made


async def _read(port: int, anchors: list[str], *names: str) -> dict[str, tuple[Dnssec | None, str]]:
    chains = Chains(NameAsker(resolver_of(port)), anchors, lambda: _NOW)
    found: dict[str, tuple[Dnssec | None, str]] = {}
    with trio.fail_after(60):
        async with trio.open_nursery() as reading:
            for name in names:

                async def one(name: str) -> None:
                    found[name] = await chains.read(name)

                reading.start_soon(one, name)
    return found


@pytest.fixture(scope="module")
def read(lab: _Lab) -> dict[str, Dnssec]:
    labels = (*_ZONES, "vieux", "clair", "sanscle")
    found = trio.run(_read, lab.port, lab.anchors, *(f"{one}.example" for one in labels))
    assert all(dnssec is not None for dnssec, _ in found.values()), found
    return {name.removesuffix(".example"): one for name, (one, _) in found.items() if one}


def _flagged(label: str, dnssec: Dnssec) -> set[str]:
    seen = DomainSeen(
        place=Place(establishment="e", hostname=f"{label}.example"),
        at=_NOW,
        domain=f"{label}.example",
        zone=f"{label}.example",
        name_servers=(),
        is_signed=bool(dnssec.delegations),
        is_bogus=None,
        caa=(),
        dangling=(),
        dnssec=dnssec,
        why={"is_bogus": "resolver-not-validating"},
    )
    facts = Facts(today=_NOW.date(), knowledge=load_knowledge())
    return {
        check.id
        for check in _CHECKS
        if any(isinstance(verdict, Flagged) for verdict in check.judge(seen, facts))
    }


@pytest.mark.parametrize(
    ("label", "faults", "flagged"),
    [
        ("sain", set(), set()),
        ("expire", {("signature", "DNSKEY", "expired")}, {"dns.dnssec-broken"}),
        ("futur", {("signature", "DNSKEY", "not-yet")}, {"dns.dnssec-broken"}),
        ("bientot", set(), {"dns.dnssec-expires-soon"}),
        ("ile", set(), {"dns.no-dnssec"}),
        ("orphelin", {("no-match", "", "")}, {"dns.dnssec-broken"}),
        ("fils.orphelin", {("above", "", "")}, {"dns.dnssec-broken"}),
        ("sanscle", {("no-keys", "", "")}, {"dns.dnssec-broken"}),
        ("casse", {("signature", "SOA", "bad")}, {"dns.dnssec-broken"}),
        ("vieux", set(), {"dns.dnssec-weak-algorithm", "dns.nsec3-iterations"}),
        ("clair", set(), {"dns.no-dnssec"}),
    ],
)
def test_each_chain_is_told_for_what_it_is(
    read: dict[str, Dnssec], label: str, faults: set[tuple[str, str, str]], flagged: set[str]
) -> None:
    found = read[label]
    told = {(one.id, one.what, one.detail) for one in found.faults}
    assert faults <= told
    assert bool(told) == bool(faults)
    # Zones signed without more say the names that follow.
    walkable = {"dns.nsec-walkable"} if found.denial == "nsec" else set()
    assert _flagged(label, found) == flagged | walkable


def test_the_chain_holds_down_from_the_root(read: dict[str, Dnssec]) -> None:
    assert (read["sain"].chain, read["sain"].chain_at) == ("secure", "example")
    assert {one.covers for one in read["sain"].signatures} == {"DNSKEY", "SOA", "NS"}
    assert all(not one.fault for one in read["sain"].signatures)
    assert [one.is_matched for one in read["sain"].delegations] == [True]
    assert (read["fils.orphelin"].chain, read["fils.orphelin"].chain_at) == (
        "broken",
        "orphelin.example",
    )


def test_what_is_read_of_keys_and_proofs(read: dict[str, Dnssec]) -> None:
    old = read["vieux"]
    assert {(key.algorithm, key.bits) for key in old.keys} == {(7, 1024)}
    assert {one.digest for one in old.delegations} == {1}
    assert (old.denial, old.iterations, old.salt_bytes) == ("nsec3", 100, 8)
    assert (read["sain"].denial, read["sain"].iterations) == ("nsec3", 0)
    assert read["ile"].denial == "nsec"
    assert read["ile"].keys
    assert read["clair"] == Dnssec()


def test_under_another_root_the_zone_itself_is_still_judged(lab: _Lab) -> None:
    stranger = "20326 8 2 " + "AB" * 32
    names = ("sain.example", "casse.example")
    found = trio.run(_read, lab.port, [stranger], *names)
    sound, broken = found["sain.example"][0], found["casse.example"][0]
    assert sound is not None
    assert broken is not None
    assert (sound.chain, sound.faults) == ("unknown", ())
    assert [one.what for one in broken.faults] == ["SOA"]


def test_a_resolver_that_strips_signatures_proves_nothing(lab: _Lab) -> None:
    async def main() -> dict[str, tuple[Dnssec | None, str]]:
        def stripped(wire: bytes) -> bytes:
            query = dns.message.from_wire(wire)
            # Asked anew without DO: the server leaves the signatures out by itself.
            query.use_edns(0, 0, 1_232)
            told = asking(query)
            told.id = dns.message.from_wire(wire).id
            return told.to_wire()

        def asking(query: dns.message.Message) -> dns.message.Message:
            told: dns.message.Message = dns.query.tcp(query, ADDRESSES["bind"], 5, lab.port)
            return told

        async with served(stripped) as port:
            return await _read(port, lab.anchors, "sain.example", "clair.example")

    found = trio.run(main)
    assert found["sain.example"] == (None, "resolver-strips-signatures")
    assert found["clair.example"] == (Dnssec(), "")


def test_a_zone_cannot_make_us_verify_without_end(lab: _Lab) -> None:
    """Many keys of one tag and many signatures (CVE-2023-50387): what is tried is bounded."""
    tried: list[int] = []

    async def main() -> None:
        def many(wire: bytes) -> bytes:
            query = dns.message.from_wire(wire)
            told = dns.query.tcp(query, ADDRESSES["bind"], 5, lab.port)
            for rrset in told.answer:
                if rrset.rdtype == dns.rdatatype.RRSIG:
                    good = rrset[0]
                    for turn in range(60):
                        rrset.add(good.replace(signature=bytes([turn]) + good.signature[1:]))
            return bytes(told.to_wire(max_size=65_535))

        async with served(many) as port:
            found = await _read(port, lab.anchors, "sain.example")
        dnssec, _ = found["sain.example"]
        assert dnssec is not None
        tried.append(len(dnssec.signatures))

    trio.run(main)
    assert tried == [24]
