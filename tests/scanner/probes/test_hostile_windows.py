"""Every Windows probe against every server that is not one."""

import pytest

from scanner.probes import ldap, msrpc, rdp, smb, winrm
from scanner.visit import Probe
from tests.scanner.probes.asking import refuses
from tests.servers.windows import HOSTILE, answering

PROBES = [rdp.PROBE, smb.PROBE, ldap.PROBE, winrm.PROBE, msrpc.PROBE]


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_stranger_is_refused(probe: Probe, kind: str) -> None:
    with answering(HOSTILE[kind]) as port:
        assert refuses(probe, port)
