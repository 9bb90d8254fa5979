"""A hunt behind a real recursor and three real servers: every planted name, and no other."""

import pytest

from benchmarks.names.laboratory import lacks
from benchmarks.names.measured import Found, read_adnshost
from benchmarks.scan.namespace import measured_inside
from tests.conftest import missing


@pytest.mark.real
@pytest.mark.netns
def test_every_planted_name_is_found_and_no_other() -> None:
    if absent := lacks():
        missing(f"{absent}: not installed")
    told = measured_inside("benchmarks.names.measured", Found, "found", "--short")
    assert (told.missed, told.false, told.wrong) == ((), (), ())
    assert told.planted > 40


def test_what_the_peer_says_is_counted() -> None:
    lines = (
        '0 1 ok 0 ok n0.grande.example $ "OK"',
        "A 203.0.113.1",
        '1 0 permfail 300 nxdomain n1.grande.example $ "No such domain"',
        '2 0 remotefail 30 timeout n2.grande.example $ "DNS query timed out"',
        '3 0 permfail 300 nxdomain n4.grande.example $ "No such domain"',
        "",
    )
    assert read_adnshost(lines, 5) == (3, 1)
