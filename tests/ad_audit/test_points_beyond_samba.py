"""Points beyond ANSSI's list, on a real controller: one at fault is told, its like is not."""

from pathlib import Path

import pytest

from ad_audit.snapshot import Clear, read_snapshot
from checks.ad._shared.healthy import zone_property
from checks.registry import by_id
from core.directory import decode, sids
from core.directory.build import build
from core.directory.forest import Directory
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, NotMeasured
from tests.ad_audit.test_collect_samba import collected
from tests.ad_audit.test_points_samba import FOREST_ZONE, ZONE, dn, person
from tests.servers.samba import (
    DOMAIN_DN,
    SID,
    Planted,
    Sddl,
    Templates,
    auditor,
    controller,
    ou,
)

pytestmark = [pytest.mark.samba, pytest.mark.real, pytest.mark.slow]

ADFS = f"CN=ADFS,CN=Microsoft,CN=Program Data,{DOMAIN_DN}"
OPEN, CLOSED, HIDDEN = (f"CN={one},{ADFS}" for one in ("ouverte", "fermee", "cachee"))
CLOSED_ZONE = f"DC=ferme.example,CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN_DN}"
ADMINS = "O:DAG:DAD:P(A;;GA;;;DA)(A;;GA;;;SY)(A;;LCLORC;;;AU)"
PUBLIC = "(OA;;RP;e48d0154-bcf8-11d1-8702-00c04fb96050;;AU)"
"""Without which a search does not even find an object."""
PICTURE = "(OA;;RP;8d3bca50-1d7e-11d0-a081-00aa006c33ed;;AU)"
SECRET = b"Soleil2024"


def planted() -> list[Planted]:
    """Give for each point something at fault, and its like that is not."""
    service = f"(A;;GR;;;{SID}-5010)"
    bare = Sddl("O:DAG:DAD:(A;;GA;;;DA)(A;;RPLCLORC;;;AU)")
    return [
        *auditor(),
        *ou("Exposee", nTSecurityDescriptor=bare),
        *ou("Gardee", nTSecurityDescriptor=Sddl(f"{bare.text}(D;;SDDT;;;WD)")),
        Planted(
            CLOSED_ZONE,
            {
                "objectClass": "dnsZone",
                "dNSProperty": zone_property(decode.ALLOW_UPDATE, bytes([decode.UPDATE_SECURE])),
                "nTSecurityDescriptor": Sddl(f"{ADMINS}(A;;CC;;;DC)(A;;RPLCLORC;;;AU)"),
            },
        ),
        *person("svc-adfs", objectSid=sids.to_bytes(f"{SID}-5010")),
        Planted(ADFS, {"objectClass": "container"}),
        *[
            Planted(
                one,
                {"objectClass": kind, "nTSecurityDescriptor": Sddl(f"{ADMINS}{service}{more}")},
            )
            for one, kind, more in (
                *((one, "container", PUBLIC) for one in (OPEN, CLOSED, HIDDEN)),
                (f"CN=cle,{OPEN}", "contact", PUBLIC + PICTURE),
                (f"CN=cle,{CLOSED}", "contact", PUBLIC),
                (f"CN=cle,{HIDDEN}", "contact", ""),
            )
        ],
        *person("en-clair", userPassword=SECRET),
        # Confidential in the schema: no ordinary account is told that it is there.
        *person("confidentiel", unixUserPassword=SECRET),
        *person("parti", userAccountControl="514", userPassword=SECRET),
    ]


TOLD: dict[str, set[str]] = {
    "ad.adfs-dkm": {f"CN=cle,{OPEN}"},
    "ad.cleartext-attributes": {dn("en-clair")},
    # As Samba makes them, and Windows too.
    "ad.dns-create-child": {ZONE, FOREST_ZONE},
    "ad.ou-protection": {f"OU=Exposee,{DOMAIN_DN}"},
}


@pytest.fixture(scope="module")
def snapshot(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collect that domain by the ordinary account."""
    folder = tmp_path_factory.mktemp("beyond")
    with controller(folder, templates.populated(planted())) as running:
        collected(running, folder / "forest", Clear())
    return folder / "forest"


@pytest.fixture(scope="module")
def forest(snapshot: Path) -> Directory:
    """Give it as checks read it."""
    return build([read_snapshot(snapshot, Clear())])


@pytest.mark.parametrize("name", sorted(TOLD))
def test_tells_what_was_planted_and_not_its_like(name: str, forest: Directory) -> None:
    facts = Facts(today=forest.at.date(), knowledge=load_knowledge())
    verdicts = list(by_id()[name].judge(forest, facts))
    hidden = [one.why for one in verdicts if isinstance(one, NotMeasured)]
    assert hidden == ([f"hidden: {HIDDEN}"] if name == "ad.adfs-dkm" else [])
    told = [dn_ for one in verdicts if isinstance(one, Flagged) for dn_ in one.objects]
    assert sorted(told) == sorted(TOLD[name])


def test_no_password_is_in_the_snapshot(snapshot: Path) -> None:
    assert SECRET not in snapshot.read_bytes()
    assert {one.attribute for one in read_snapshot(snapshot, Clear())[0].readable or ()} == {
        "userpassword"
    }
