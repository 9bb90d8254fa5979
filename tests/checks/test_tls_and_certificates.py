"""Special cases of the checks that read TLS: dates, names, limits of the day of issue."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from checks._shared.examples import AT
from checks._shared.tls import certificate, service
from checks.cert import expired, expires_soon, name_mismatch, self_signed, validity_too_long
from checks.database import exposed
from checks.tls import no_tls1_2
from core.facts import Facts
from core.inventory import Establishment, Expected
from core.knowledge.load import load_knowledge
from core.model import Criticality, Flagged, NotMeasured
from core.observations.database import DatabaseService
from core.observations.tls import TlsService, Trust

FACTS = Facts(today=AT.date(), knowledge=load_knowledge())


def test_a_stored_observation_is_judged_as_of_today() -> None:
    seen = service(certificate(not_after=AT + timedelta(days=60)))
    assert list(expired.judge(seen, FACTS)) == []
    later = msgspec.structs.replace(FACTS, today=AT.date() + timedelta(days=61))
    assert len(list(expired.judge(seen, later))) == 1


def test_an_hour_past_is_expired_and_not_soon() -> None:
    seen = service(certificate(not_after=AT - timedelta(hours=1)))
    assert len(list(expired.judge(seen, FACTS))) == 1
    assert list(expires_soon.judge(seen, FACTS)) == []
    seen = service(certificate(not_after=AT + timedelta(hours=1)))
    assert list(expired.judge(seen, FACTS)) == []
    assert len(list(expires_soon.judge(seen, FACTS))) == 1


def test_the_notice_is_that_of_the_operator() -> None:
    seen = service(certificate(not_after=AT + timedelta(days=40)))
    assert list(expires_soon.judge(seen, FACTS)) == []
    early = msgspec.structs.replace(FACTS, expires_soon_days=45)
    assert len(list(expires_soon.judge(seen, early))) == 1


@pytest.mark.parametrize(
    ("names", "asked", "matches"),
    [
        (("a.chu.example",), "a.chu.example", True),
        (("A.CHU.example",), "a.chu.example.", True),
        (("*.chu.example",), "a.chu.example", True),
        (("*.chu.example",), "chu.example", False),
        (("*.chu.example",), "a.b.chu.example", False),
        (("a*.chu.example",), "ab.chu.example", False),
        (("*",), "chu", False),
        (("*.example",), "chu.example", False),
        (("b.chu.example", "192.0.2.1"), "a.chu.example", False),
        ((), "a.chu.example", False),
    ],
)
def test_names(names: tuple[str, ...], asked: str, matches: bool) -> None:
    seen = service(certificate(names=names), sni=asked)
    assert (list(name_mismatch.judge(seen, FACTS)) == []) is matches


def test_no_name_is_not_a_match() -> None:
    (verdict,) = name_mismatch.judge(service(sni=None), FACTS)
    assert isinstance(verdict, NotMeasured)
    assert verdict.why == "no-name"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("vpn.chu-exemple.example", True),
        ("*.chu-exemple.example", True),
        ("chu-exemple.example", True),
        ("faux-chu-exemple.example", False),
        ("chu-exemple.example.attaquant.example", False),
        ("", False),
    ],
)
def test_a_declared_domain_is_as_good_as_a_name(name: str, clean: bool) -> None:
    owner = Establishment(id="chu-exemple", name="CHU", domains=("chu-exemple.example",))
    other = Establishment(id="autre", name="Autre", domains=("attaquant.example",))
    facts = msgspec.structs.replace(FACTS, establishments=(owner, other))
    found = list(name_mismatch.judge(service(certificate(names=(name,)), sni=None), facts))
    assert (found == []) is clean


@pytest.mark.parametrize(
    ("issued", "days", "flagged"),
    [
        (date(2019, 1, 1), 825, False),
        (date(2019, 1, 1), 826, True),
        (date(2020, 9, 1), 399, True),
        (date(2026, 3, 14), 398, False),
        (date(2026, 3, 15), 201, True),
        (date(2027, 3, 15), 100, False),
        (date(2027, 3, 15), 101, True),
        (date(2029, 3, 15), 48, True),
        (date(2014, 1, 1), 1_800, False),
    ],
)
@pytest.mark.parametrize("trust", [Trust.PUBLIC, Trust.MISSING_LINK])
def test_limits_of_the_day_of_issue(issued: date, days: int, flagged: bool, trust: Trust) -> None:
    begins = datetime(issued.year, issued.month, issued.day, tzinfo=UTC)
    # A day counts 86,400 seconds, both ends included: real certificates end a second before.
    ends = begins + timedelta(days=days) - timedelta(seconds=1)
    seen = service(certificate(not_before=begins, not_after=ends), trust=trust)
    assert bool(list(validity_too_long.judge(seen, FACTS))) is flagged
    private = msgspec.structs.replace(seen, trust=Trust.PRIVATE)
    assert list(validity_too_long.judge(private, FACTS)) == []


def test_windows_own_certificate_for_remote_desktop_is_neither() -> None:
    leaf = certificate(self_signed=True, is_rdp_default=True, names=())
    seen = service(leaf, trust=Trust.SELF_SIGNED)
    assert list(self_signed.judge(seen, FACTS)) == []
    assert list(name_mismatch.judge(seen, FACTS)) == []


def test_what_was_refused_in_part_is_not_called_old() -> None:
    def judged(**changes: bool | None) -> list[object]:
        return list(no_tls1_2.judge(service(**changes), FACTS))

    assert judged(tls1_2=False, tls1_3=True) == []
    assert isinstance(judged(tls1_2=False, tls1_3=None)[0], NotMeasured)
    assert isinstance(judged(tls1_2=False, tls1_3=False)[0], Flagged)


@pytest.mark.parametrize("chain", [(), (certificate(error="ValueError", sha256="00"),)])
def test_without_a_readable_certificate_nothing_is_clean(chain: tuple[object, ...]) -> None:
    seen: TlsService = service(chain=chain, why={"chain": "encrypted"})
    for check in (expired, expires_soon, name_mismatch, self_signed, validity_too_long):
        (verdict,) = check.judge(seen, FACTS)
        assert isinstance(verdict, NotMeasured), check.__name__


def test_a_declared_database_is_information_unless_it_serves_strangers() -> None:
    declared = msgspec.structs.replace(
        FACTS, expected=(Expected(asset="203.0.113.10", justification="entrepôt de recherche"),)
    )
    place = service().place
    for no_authentication, criticality in ((None, Criticality.INFO), (True, Criticality.CRITICAL)):
        seen = DatabaseService(
            place=place, at=AT, engine="redis", no_authentication=no_authentication
        )
        (verdict,) = exposed.judge(seen, declared)
        assert isinstance(verdict, Flagged)
        assert verdict.criticality is criticality
