"""How the table of services judges what the tools say: the peer gets the benefit of the doubt."""

from pathlib import Path

import pytest

from benchmarks.services.laboratory import seats
from benchmarks.services.recognised import Answer, Truth, judge_product, judge_version, read_nmap

_SSH = Truth(
    where="OpenSSH",
    place=("127.0.0.1", "tcp", 22),
    protocol="ssh",
    product="openssh",
    version="9.2p1",
    words=("openssh",),
)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("9.2p1 Debian-2+deb12u10", "right"),
        ("9.2p1", "right"),
        ("", "unsaid"),
        ("protocol 2.0", "unsaid"),
        ("2-4", "unsaid"),
        ("9.0.0 or later", "unsaid"),
        ("8.4p1", "8.4p1"),
        ("19.2p1", "19.2p1"),
    ],
)
def test_a_version_is_right_wrong_or_unsaid(version: str, said: str) -> None:
    assert judge_version(_SSH, Answer(version=version)) == said


def test_the_first_parts_of_a_version_are_right() -> None:
    cups = Truth(where="CUPS", place=("127.0.0.1", "tcp", 631), version="2.4.2", words=("cups",))
    assert judge_version(cups, Answer(version="2.4")) == "right"
    assert judge_version(cups, Answer(version="2.40")) == "2.40"


def test_a_product_is_right_wrong_or_unsaid() -> None:
    def by_nmap(product: str, software: str) -> str:
        return judge_product(_SSH, Answer(product=product, software=software), by_words=True)

    assert by_nmap("openssh cpe:/a:openbsd:openssh:9.2", "openssh") == "right"
    assert by_nmap("", "") == "unsaid"
    assert by_nmap("ssh protocol 2.0", "ssh") == "unsaid"
    assert by_nmap("dropbear", "dropbear") == "dropbear"
    assert judge_product(_SSH, Answer(product="ssh"), by_words=False) == "ssh"
    assert judge_product(_SSH, Answer(product="openssh"), by_words=False) == "right"


def test_a_guess_from_the_number_of_a_port_is_no_answer_of_nmap(tmp_path: Path) -> None:
    report = tmp_path / "nmap.xml"
    report.write_text(
        "<nmaprun><host><address addr='127.1.0.1'/><ports>"
        "<port protocol='tcp' portid='80'><service name='http' method='table'/></port>"
        "<port protocol='tcp' portid='22'><service name='ssh' product='OpenSSH' version='9.2p1'"
        " extrainfo='protocol 2.0' method='probed'><cpe>cpe:/a:openbsd</cpe></service></port>"
        "</ports></host><host><address addr='127.1.0.2'/>"
    )
    said = dict(read_nmap(report, "tcp"))
    assert said == {
        ("127.1.0.1", "tcp", 22): Answer(
            protocol="ssh",
            product="openssh protocol 2.0 cpe:/a:openbsd",
            software="openssh",
            version="9.2p1",
            remarks="protocol 2.0",
        )
    }


def test_every_product_that_can_be_served_has_a_seat_of_its_own() -> None:
    taken = seats()
    assert len({seat.ip for seat in taken}) == len(taken)
    assert len({seat.product for seat in taken if seat.is_imitation}) >= 100
