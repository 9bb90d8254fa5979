"""What stands between us and servers, told as it is in the results of a whole scan."""

from typing import Any

import pytest

from tests.servers.namespaces import wire
from tests.servers.real import need
from tests.vigie.running import Desk

pytestmark = [pytest.mark.slow, pytest.mark.netns]

_TARPIT, _MUTE, _BANS = "10.66.7.1", "10.66.7.2", "10.66.7.3"
_INVENTORY = f"""
schema = 1
lab = true
[ght]
id = "ght-essai"
name = "GHT d'essai"
timezone = "Europe/Paris"
[[establishments]]
id = "chu"
name = "CHU"
ranges = ["{_TARPIT}/32", "{_MUTE}/32", "{_BANS}/32"]
[[mandates]]
establishments = ["chu"]
signed_by = "Direction"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2036-12-31
intensity = "standard"
[limits]
packets_per_second = 2000
packets_per_second_per_prefix24 = 2000
packets_per_second_per_host = 400
"""
_RULES = f"""
table ip lab {{
  chain pre {{ type nat hook prerouting priority -100;
    ip daddr {_TARPIT} meta l4proto tcp redirect to :7; }}
  chain in {{ type filter hook prerouting priority -300;
    ip daddr {_BANS} tcp dport 443 tcp flags & (syn | ack) == syn \
      limit rate over 1/hour burst 1 packets drop; }}
}}
"""
"""The first host accepts whatever the port; the third lets one connection in on 443."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Scan the three with a short list of ports."""
    folder = tmp_path_factory.mktemp("middleboxes")
    inventory = folder / "i.toml"
    inventory.write_text(_INVENTORY, encoding="utf-8")
    with wire() as lab:
        lab.nft(_RULES)
        desk = Desk(folder, prefix=(need("ip"), "netns", "exec", lab.scanner))
        places = [("0.0.0.0", 7), *((_MUTE, port) for port in (22, 80, 443)), (_BANS, 443)]
        with lab.listening(places):
            words = ("scan", inventory, "--out", desk.out, "--ports", "22,80,443,6000")
            done = desk.vigie(*words)
        assert done.returncode == 0, done.stderr
    return desk.results()


def _found(results: dict[str, Any], ip: str) -> set[str]:
    return {row["check"] for row in results["findings"] if row["asset"].get("ip") == ip}


def _services(results: dict[str, Any], ip: str) -> set[int]:
    return {row["port"] for row in results["services"] if row["ip"] == ip}


def _why(results: dict[str, Any], ip: str) -> list[str]:
    return [row["why"] for row in results["not_measured"] if row["asset"].get("ip") == ip]


def test_a_tarpit_has_one_finding_and_no_service(results: dict[str, Any]) -> None:
    assert _found(results, _TARPIT) == {"host.answers-everywhere"}
    assert _services(results, _TARPIT) == set()
    (why,) = _why(results, _TARPIT)
    assert "répond sur tous les ports" in why


def test_a_mute_host_keeps_its_ports_and_is_told(results: dict[str, Any]) -> None:
    assert _found(results, _MUTE) == {"host.says-nothing"}
    assert _services(results, _MUTE) == {22, 80, 443}
    assert len(_why(results, _MUTE)) == 3


def test_a_host_that_bans_is_not_taken_for_a_mute_one(results: dict[str, Any]) -> None:
    assert _found(results, _BANS) == set()
    assert _services(results, _BANS) == {443}
    (why,) = _why(results, _BANS)
    assert why == "la cible limite le nombre de connexions"
