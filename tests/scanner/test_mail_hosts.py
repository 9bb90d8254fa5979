"""Mail servers in the mandate are asked under their names, once; nothing goes to the others."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from checks.registry import reading
from core.errors import OutOfScope
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Intensity, NotMeasured, Place
from core.observations.base import Observation
from core.observations.mail import MailService
from core.observations.mail_hosts import MailHostsSeen
from core.observations.mail_policy import MailHost, MailPolicy, Tlsa
from core.observations.tls import TlsService, Trust
from scanner import mta_sts
from scanner.asking_names import NameAsker
from scanner.identify import Ask
from scanner.mail_hosts import Met, look_at_mail_hosts, met_in
from scanner.mta_sts import read_policy
from scanner.stream import Stream
from scanner.target import Target
from tests.scanner.names_served import resolver_of, served, zone
from tests.servers import admin
from tests.servers.web_server import ABSENT, authority, moved, reply, saying

_AT = datetime(2026, 1, 15, tzinfo=UTC)
_FACTS = Facts(today=_AT.date(), knowledge=load_knowledge())
_MX = "mx.chu.example"
_LINES = (
    f"{_MX}. A 127.0.0.1",
    "mx.ailleurs.example. A 192.0.2.25",
    "mta-sts.chu.example. A 127.0.0.1",
)
_GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mx.chu.example\r\nmax_age: 604800\r\n"


def _policy(*hosts: str, sts: bool = False, tlsa: tuple[Tlsa, ...] = ()) -> MailPolicy:
    return MailPolicy(
        place=Place(establishment="e", hostname="chu.example"),
        at=_AT,
        domain="chu.example",
        mx=tuple(
            MailHost(host=one, preference=10, has_valid_tlsa=bool(tlsa), tlsa=tlsa)
            for one in hosts or (_MX,)
        ),
        spf=None,
        dmarc=None,
        dkim=None,
        mta_sts=("v=STSv1; id=1",) if sts else (),
        tls_rpt=(),
    )


class Looked:
    """What was told, and every (address, port, name) that was dialled."""

    def __init__(self) -> None:
        self.told: list[Observation] = []
        self.dialled: list[tuple[str, int, str]] = []
        self.refused = ""

    @property
    def seen(self) -> MailHostsSeen:
        (one,) = (one for one in self.told if isinstance(one, MailHostsSeen))
        return one

    def verdicts(self) -> dict[str, list[Flagged | NotMeasured]]:
        return {
            check.id: found
            for one in self.told
            for check in reading(type(one))
            if (found := list(check.judge(one, _FACTS)))
        }


def _look(
    policies: Sequence[MailPolicy],
    ports: dict[int, int],
    *,
    lines: Sequence[str] = _LINES,
    met: dict[tuple[str, str | None], Met] | None = None,
    why_not: str = "",
    refuses: str = "",
    roots: tuple[bytes, ...] = (),
) -> Looked:
    looked = Looked()

    def ask(address: str, port: int, name: str) -> Ask:
        if address != "127.0.0.1" or refuses:
            raise OutOfScope(address, refuses or "out-of-scope")

        async def dial() -> Stream:
            looked.dialled.append((address, port, name))
            return Stream(await trio.open_tcp_stream(address, ports[port]), timeout_s=3)

        return Ask(
            target=Target(establishment="e", ip=address, hostname=name),
            port=port,
            intensity=Intensity.STANDARD,
            names=(name,),
            dial=dial,
            in_scope=lambda _host, _port: False,
            knowledge=load_knowledge(),
            operator="securite@grades.example",
            now=lambda: datetime.now(UTC),
            roots=roots,
        )

    async def tell(told: tuple[Observation, ...]) -> None:
        looked.told.extend(told)

    async def main() -> None:
        async with served(zone(*lines)) as port:
            try:
                await look_at_mail_hosts(
                    policies,
                    tell,
                    asker=NameAsker(resolver_of(port)),
                    ask=ask,
                    met=met or {},
                    why_not=lambda _port: why_not,
                )
            except OutOfScope as refused:
                looked.refused = refused.reason

    trio.run(main)
    return looked


@pytest.mark.real
def test_a_server_in_the_mandate_speaks_for_its_name() -> None:
    other = Tlsa(3, 1, 1, "ab" * 32)
    with admin.postfix(starttls=True) as port:
        first = _look([_policy(tlsa=(other,))], {25: port})
        (server,) = first.seen.servers
        own = Tlsa(3, 1, 1, server.certificates[0].spki_sha256)
        again = _look([_policy(tlsa=(other, own))], {25: port})
        met = met_in(one for one in first.told if isinstance(one, MailService | TlsService))
        known = _look([_policy(tlsa=(own,))], {}, met=met)
    assert (server.host, server.address, server.starttls) == (_MX, "127.0.0.1", True)
    assert {one.place.hostname for one in first.told if isinstance(one, TlsService)} == {_MX}
    assert server.covers is False
    verdicts = first.verdicts()
    assert {"mail.dane-mismatch", "cert.name-mismatch"} <= verdicts.keys()
    assert "mail.starttls-missing" not in verdicts
    assert "mail.dane-mismatch" not in again.verdicts()
    # Identification used the name already: what it told serves, and nothing is dialled.
    assert known.dialled == []
    assert known.seen.servers[0].certificates == server.certificates
    assert [type(one) for one in known.told] == [MailHostsSeen]


@pytest.mark.real
def test_a_server_without_starttls_that_dane_demands() -> None:
    with admin.postfix(starttls=False) as port:
        looked = _look([_policy(tlsa=(Tlsa(3, 1, 1, "ab" * 32),))], {25: port})
    assert looked.seen.servers[0].starttls is False
    assert {"mail.starttls-missing", "mail.dane-mismatch"} <= looked.verdicts().keys()


def test_a_server_elsewhere_is_told_once_and_never_dialled() -> None:
    looked = _look([_policy("mx.ailleurs.example", "mx2.ailleurs.example")], {})
    assert looked.dialled == []
    assert [(one.host, one.is_elsewhere, one.why) for one in looked.seen.servers] == [
        ("mx.ailleurs.example", True, "out-of-scope"),
        ("mx2.ailleurs.example", False, "unresolved"),
    ]
    (why,) = looked.verdicts()["mail.starttls-missing"]
    assert isinstance(why, NotMeasured)
    assert why.why == "mail-elsewhere: mx.ailleurs.example"


@pytest.mark.parametrize("reason", ["third-party", "intensity"])
def test_what_may_not_be_asked_is_not_measured(reason: str) -> None:
    looked = _look([_policy()], {}, refuses=reason)
    (why,) = looked.verdicts()["mail.starttls-missing"]
    assert isinstance(why, NotMeasured)
    assert why.why.startswith(reason)


def test_a_port_that_the_run_does_not_ask_is_left_alone() -> None:
    looked = _look([_policy()], {}, why_not="port-not-asked")
    assert looked.dialled == []
    assert looked.seen.servers[0].why == "port-not-asked"


def test_a_closed_window_tells_nothing_and_says_so() -> None:
    looked = _look([_policy()], {}, refuses="out-of-window")
    assert looked.told == []
    assert looked.refused == "out-of-window"


@pytest.mark.real
def test_one_server_of_many_domains_is_asked_once() -> None:
    with admin.postfix(starttls=False) as port:
        looked = _look([_policy() for _ in range(5)], {25: port})
    assert len({name for _, _, name in looked.dialled}) == 1
    assert len([one for one in looked.told if isinstance(one, MailService)]) == 1
    assert len([one for one in looked.told if isinstance(one, MailHostsSeen)]) == 5


def _sts(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, name: str = "mta-sts.chu.example"
) -> Looked:
    monkeypatch.setattr(mta_sts, "_TRUSTED", frozenset({Trust.DECLARED}))
    root = authority().cert_pem.bytes()
    roots = (ssl.PEM_cert_to_DER_cert(root.decode()),)
    policy = _policy("mx.ailleurs.example", sts=True)
    with saying(lambda _: answer, tls=name) as running:
        looked = _look([policy], {443: running.port}, roots=roots)
        assert running.targets in ([], ["/.well-known/mta-sts.txt"])
    return looked


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (reply(_GOOD, kind="text/plain"), ""),
        (ABSENT, "absent"),
        (moved("https://ailleurs.example/"), "redirect"),
        (reply(_GOOD.replace("604800", "x")), "unread"),
        (reply(b"\x00<script>" * 1_000), "unread"),
    ],
)
def test_a_policy_in_the_mandate_is_fetched_as_senders_do(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, fault: str
) -> None:
    looked = _sts(monkeypatch, answer)
    policy = looked.seen.policy
    assert policy is not None
    assert policy.fault == fault
    assert {one[1:] for one in looked.dialled} == {(443, "mta-sts.chu.example")}
    # The one server is not in the policy: what is right otherwise makes mail bounce.
    assert isinstance(looked.verdicts()["mail.mta-sts-without-effect"][0], Flagged)


def test_a_policy_under_another_name_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = _sts(monkeypatch, reply(_GOOD), name="www.chu.example")
    assert looked.seen.policy is not None
    assert looked.seen.policy.fault == "certificate"


def test_a_private_authority_is_none_for_senders() -> None:
    with saying(lambda _: reply(_GOOD), tls="mta-sts.chu.example") as running:
        looked = _look([_policy("mx.ailleurs.example", sts=True)], {443: running.port})
    assert looked.seen.policy is not None
    assert looked.seen.policy.fault == "certificate"


def test_a_policy_elsewhere_is_never_fetched() -> None:
    lines = [*_LINES[:2], "mta-sts.chu.example. A 192.0.2.80"]
    looked = _look([_policy("mx.ailleurs.example", sts=True)], {}, lines=lines)
    assert looked.dialled == []
    (why,) = looked.verdicts()["mail.mta-sts-without-effect"]
    assert isinstance(why, NotMeasured)
    assert why.why == "policy-not-fetched"


def test_a_policy_without_a_host_is_a_fault() -> None:
    looked = _look([_policy("mx.ailleurs.example", sts=True)], {}, lines=_LINES[:2])
    assert looked.seen.policy is not None
    assert looked.seen.policy.fault == "no-host"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_policy_or_a_fault(body: bytes) -> None:
    read = read_policy(body)
    assert read.fault or read.mode
    read_policy(_GOOD.encode() + body)
