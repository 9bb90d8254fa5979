"""The letter of an endpoint: by the gravest finding, never better than what was measured."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks._shared.examples import AT
from checks._shared.grade import Letter, grade
from checks._shared.tls import certificate, service, suites
from checks.registry import all_checks, by_id, reading
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Criticality, Flagged, Judged, NotMeasured, Place
from core.observations.tls import TlsService

FACTS = Facts(today=AT.date(), knowledge=load_knowledge())
MOZILLA = msgspec.structs.replace(FACTS, tls_profile="mozilla-intermediate")


def judged(seen: TlsService, facts: Facts = FACTS) -> list[Judged]:
    return [
        Judged(check=check.id, verdict=verdict, at=seen.at)
        for check in reading(TlsService)
        for verdict in check.judge(seen, facts)
    ]


@pytest.mark.parametrize(
    ("seen", "letter"),
    [
        (service(), Letter.A),
        (service(sni=None), Letter.A),
        (service(downgrade_protection=False), Letter.B),
        (service(tls1_1=True), Letter.C),
        (service(tls1_0=True, tls1_1=True), Letter.D),
        (service(null_suites=True, portal=True), Letter.E),
        (service(null_suites=True), Letter.D),
        (service(certificate(key_bits=1024)), Letter.D),
        (service(tls1_0=None, why={"tls1_0": "timeout"}), Letter.UNKNOWN),
        # Static RSA and DHE are preconditions: information.
        (service(dhe=True, dh_bits=2048), Letter.A),
    ],
)
def test_the_gravest_finding_makes_the_letter(seen: TlsService, letter: Letter) -> None:
    assert grade(judged(seen)).letter is letter


def test_what_was_not_measured_is_said() -> None:
    found = grade(judged(service(tls1_1=True, sslv3=None, why={"sslv3": "timeout"})))
    assert found.letter is Letter.C
    assert found.at_best
    assert found.unmeasured == ("tls.sslv3",)
    assert found.reasons == (("tls.tls1-1", Criticality.MEDIUM),)
    # A question that could only weigh less changes nothing.
    assert not grade(judged(service(tls1_0=True, downgrade_protection=None))).at_best


def test_the_profile_changes_the_grade() -> None:
    names = ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
    seen = service(accepted={"TLS1.2": suites(*names)}, encrypt_then_mac=True)
    assert grade(judged(seen)).letter is Letter.A
    assert grade(judged(seen, MOZILLA)).letter is Letter.B
    assert grade(judged(seen, MOZILLA)).reasons == (("tls.outside-policy", Criticality.LOW),)
    client_order = service(server_order=False)
    assert grade(judged(client_order)).letter is Letter.B
    assert grade(judged(client_order, MOZILLA)).letter is Letter.A


def test_a_mail_relay_is_judged_one_step_less() -> None:
    relay = msgspec.structs.replace(service(tls1_0=True, starttls="smtp"), place=_port(25))
    (one,) = grade(judged(relay)).reasons
    assert one == ("tls.tls1-0", Criticality.MEDIUM)
    submission = msgspec.structs.replace(relay, place=_port(587))
    assert grade(judged(submission)).letter is Letter.D


def _port(port: int) -> Place:
    return msgspec.structs.replace(service().place, port=port)


_VERDICTS = st.lists(
    st.builds(
        Judged,
        check=st.sampled_from([check.id for check in all_checks()]),
        verdict=st.one_of(
            st.builds(
                Flagged,
                place=st.just(service().place),
                confidence=st.none(),
                proofs=st.just(()),
                criticality=st.none() | st.sampled_from(Criticality),
            ),
            st.builds(
                NotMeasured, st.just(service().place), st.sampled_from(["timeout", "no-name"])
            ),
        ),
        at=st.just(AT),
    ),
    max_size=8,
)


@given(verdicts=_VERDICTS)
def test_more_findings_never_raise_the_grade(verdicts: Sequence[Judged]) -> None:
    order = [Letter.A, Letter.UNKNOWN, Letter.B, Letter.C, Letter.D, Letter.E]
    whole = grade(verdicts)
    for one in range(len(verdicts)):
        fewer = grade(verdicts[:one])
        assert order.index(fewer.letter) <= order.index(whole.letter)
    assert not (whole.at_best and not whole.unmeasured)


def test_families_of_the_policy_weigh_as_their_checks() -> None:
    for family in FACTS.knowledge.tls.families:
        assert by_id()[family.fault].criticality is family.criticality, family.fault
