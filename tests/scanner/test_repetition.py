"""Probes leave a server as they found it: the same process, the same answer, again and again.

The long form is ``python -m benchmarks repetitions``: every server, a thousand times.
"""

import os
import shutil

import pytest

from benchmarks.scan.namespace import measured_inside, why_not
from benchmarks.services.repeated import Told
from tests.conftest import missing

_SERVERS = {
    "OpenSSH": "ssh openssh",
    "Samba": "smb smb",
    "memcached": "memcached memcached",
    "snmpd": "snmp snmp",
    "mosquitto": "mqtt -",
    "rpcbind": "rpcbind -",
}
_TIMES = 20


@pytest.mark.real
@pytest.mark.netns
def test_a_server_is_the_same_after_many_probes() -> None:
    if lacks := why_not() or ("" if shutil.which("ip") else "needs ip"):
        missing(lacks)
    assert os.geteuid() == 0
    told = measured_inside("benchmarks.services.repeated", Told, "--times", str(_TIMES), *_SERVERS)
    if told.absent:
        missing("; ".join(f"{name}: {why}" for name, why in told.absent.items()))
    assert {one.server for one in told.repeated} == set(_SERVERS)
    for one in told.repeated:
        assert one.is_same, f"{one.server} did not stay the process that it was"
        assert one.deaths == 0, one.server
        (said,) = one.verdicts
        assert said.startswith(_SERVERS[one.server]), one.verdicts
        assert one.verdicts[said] == _TIMES
        assert one.last_kib - one.first_kib < 8_192, one.server
