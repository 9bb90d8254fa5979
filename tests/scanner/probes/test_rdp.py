"""RDP: against xrdp in its three layers, FreeRDP with and without NLA, and Windows by hand."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
import trustme
from hypothesis import given
from hypothesis import strategies as st

from checks.rdp import bluekeep_preconditions, nla_not_required, standard_security_accepted
from checks.windows import unsupported
from core.errors import Unanswered
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Confidence, Criticality, Flagged, Intensity, NotMeasured
from core.observations.rdp import RdpAnswer, RdpService
from core.observations.service import Service
from core.observations.tls import TlsService
from core.observations.windows import WindowsHost
from scanner.identify import Ask, identify
from scanner.probes import rdp
from scanner.probes.rdp import PROBE, read_confirm, read_tsrequest, recognises
from scanner.products import name_service
from scanner.stream import Stream
from scanner.target import Target
from scanner.visit import Measured
from tests.scanner.probes.asking import ask
from tests.servers.real import free_port, need, serving
from tests.servers.windows import (
    PLAIN_CONFIRM,
    always_standard,
    answering,
    challenge,
    confirm,
    nla_optional,
    nla_required,
    says,
    tsrequest,
)
from tests.servers.windows import rdp as rdp_server

FACTS = Facts(today=datetime(2026, 11, 22, tzinfo=UTC).date(), knowledge=load_knowledge())


def listener(measured: Measured | None) -> RdpService:
    assert measured is not None
    assert measured.service.protocol == "rdp"
    seen = measured.seen[0]
    assert isinstance(seen, RdpService)
    return seen


def told(measured: Measured) -> list[WindowsHost]:
    return [one for one in measured.seen if isinstance(one, WindowsHost)]


def host(measured: Measured | None) -> WindowsHost:
    assert measured is not None
    (seen,) = told(measured)
    return seen


def matrix(seen: RdpService) -> dict[int, str]:
    """Give the answers in the words of the table of the field: what was asked → what was given."""
    return {
        answer.requested: f"FAIL {answer.failure}"
        if answer.failure is not None
        else {0: "RDP", 1: "TLS", 2: "HYBRID"}[-1 if answer.selected is None else answer.selected]
        for answer in seen.answers
    }


def faults(seen: RdpService) -> set[str]:
    checks = (nla_not_required.CHECK, standard_security_accepted.CHECK)
    return {
        check.id for check in checks for one in check.judge(seen, FACTS) if isinstance(one, Flagged)
    }


@contextmanager
def xrdp(layer: str, folder: Path, port: int) -> Iterator[None]:
    """Run xrdp in one of its three security layers."""
    program = need("xrdp")
    ini, key, chain = folder / "xrdp.ini", folder / "key.pem", folder / "cert.pem"
    certificate = trustme.CA().issue_cert("xrdp.chu.example")
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    ini.write_text(
        f"[Globals]\nini_version=1\nfork=false\nport=tcp://127.0.0.1:{port}\n"
        f"security_layer={layer}\ncrypt_level=high\ncertificate={chain}\nkey_file={key}\n"
        f"ssl_protocols=TLSv1.2, TLSv1.3\n[Logging]\nLogFile={folder}/log\nLogLevel=ERROR\n"
    )
    with serving([program, "--nodaemon", "--config", str(ini)], port):
        yield


@pytest.mark.real
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("rdp", {0: "RDP", 1: "RDP", 2: "RDP", 3: "RDP"}),
        ("tls", {0: "FAIL 1", 1: "TLS", 2: "FAIL 1", 3: "TLS"}),
        ("negotiate", {0: "RDP", 1: "TLS", 2: "RDP", 3: "TLS"}),
    ],
)
def test_xrdp(layer: str, expected: dict[int, str], tmp_path: Path) -> None:
    port = free_port()
    with xrdp(layer, tmp_path, port):
        measured, connections = ask(PROBE, port)
    seen = listener(measured)
    assert matrix(seen) == expected
    assert connections == 4 if layer == "rdp" else 4 < connections <= 4 + 14
    assert seen.nla is False
    assert seen.nla_required is False
    assert seen.standard_security is (layer != "tls")
    assert seen.tls is (layer != "rdp")
    wrong = {"rdp.nla-not-required", "rdp.standard-security-accepted"}
    assert faults(seen) == (wrong if layer != "tls" else {"rdp.nla-not-required"})
    assert measured is not None
    tls = [one for one in measured.seen if isinstance(one, TlsService)]
    assert len(tls) == (layer != "rdp")
    assert all((one.starttls, one.tls1_2, one.tls1_1) == ("rdp", True, False) for one in tls)


@pytest.mark.real
@pytest.mark.parametrize("layer", ["rdp", "negotiate"])
def test_named_on_any_port_by_what_it_says(layer: str, tmp_path: Path) -> None:
    port = free_port()

    async def run() -> Service:
        asked = Ask(
            target=Target(establishment="e", ip="127.0.0.1"),
            port=port,
            intensity=Intensity.STANDARD,
            names=(),
            dial=lambda: connect(port),
            in_scope=lambda _host, _port: False,
            knowledge=load_knowledge(),
            operator="securite@grades.example",
            now=lambda: datetime.now(UTC),
        )
        seen = await identify(asked, None)
        return next(one for one in seen if isinstance(one, Service))

    async def connect(port: int) -> Stream:
        return Stream(await trio.open_tcp_stream("127.0.0.1", port), timeout_s=3)

    with xrdp(layer, tmp_path, port):
        assert trio.run(run).protocol == "rdp"


@contextmanager
def shadow(security: str, folder: Path, port: int) -> Iterator[None]:
    """Run freerdp-shadow on its own Xvfb; one start in three dies on a healthy display."""
    program, screen = need("freerdp-shadow-cli"), need("Xvfb")
    read, write = os.pipe()
    display = subprocess.Popen(
        [screen, "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        number = os.read(read, 16).decode().strip()
        sam = folder / "sam"
        sam.write_text("")
        login = [f"/sam-file:{sam}"] if security == "nla" else ["-auth"]
        argv = [program, f"/port:{port}", "/bind-address:127.0.0.1", f"/sec:{security}", *login]
        env = {"DISPLAY": f":{number}", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        for attempt in range(6):
            try:
                with serving(argv, port, env=env, ready_s=10):
                    yield
                    return
            except AssertionError as error:
                if attempt == 5 or "did not start" not in str(error):
                    raise
                time.sleep(0.3)
    finally:
        os.close(read)
        display.kill()
        display.wait()


@pytest.mark.real
def test_freerdp_requires_nla_and_is_not_windows_7(tmp_path: Path) -> None:
    port = free_port()
    with shadow("nla", tmp_path, port):
        measured, _ = ask(PROBE, port, timeout_s=8)
    seen = listener(measured)
    assert matrix(seen) == {0: "FAIL 5", 1: "FAIL 5", 2: "HYBRID", 3: "HYBRID"}
    assert seen.nla_required is True
    assert not faults(seen)
    claimed = host(measured)
    assert (claimed.nt_version, claimed.build, claimed.imitation) == ("6.1", 7601, "freerdp")
    assert claimed.netbios_computer
    assert claimed.clock is not None
    assert not list(unsupported.CHECK.judge(claimed, FACTS))
    assert (seen.build, seen.why.get("build")) == (None, None), "an imitation has no Windows build"
    assert measured is not None
    named, products = name_service(measured.service, load_knowledge().products)
    assert (named.product, products) == (None, ()), "nor is it the product of Microsoft"


@pytest.mark.real
def test_freerdp_without_nla(tmp_path: Path) -> None:
    port = free_port()
    with shadow("tls", tmp_path, port):
        measured, _ = ask(PROBE, port, timeout_s=8)
    seen = listener(measured)
    assert matrix(seen) == {0: "FAIL 1", 1: "TLS", 2: "FAIL 1", 3: "TLS"}
    assert faults(seen) == {"rdp.nla-not-required"}


def test_windows_requiring_nla() -> None:
    token = challenge((10, 0, 14393), names={1: "SRV-PACS", 2: "CHU", 3: "srv-pacs.chu.example"})
    with answering(rdp_server(nla_required, token)) as port:
        measured, connections = ask(PROBE, port)
    seen, windows = listener(measured), host(measured)
    assert 4 < connections <= 4 + 14
    assert (seen.nla_required, seen.standard_security, seen.tls) == (True, False, False)
    assert seen.flags == 0x1F
    assert (windows.nt_version, windows.build, windows.imitation) == ("10.0", 14393, "")
    assert windows.dns_computer == "srv-pacs.chu.example"
    assert seen.build == 14393
    assert windows.netbios_domain == "CHU"
    assert windows.clock is not None
    assert windows.clock.year == 2024
    assert measured is not None
    assert measured.service.product == "microsoft_rdp"
    assert measured.service.version == "10.0.14393"
    assert "NTLM: 10.0.14393" in measured.service.evidence


def test_a_system_of_the_bluekeep_era_is_told_by_its_build() -> None:
    with answering(rdp_server(nla_optional, challenge((6, 1, 7601)))) as port:
        seen = listener(ask(PROBE, port)[0])
    (verdict,) = bluekeep_preconditions.CHECK.judge(seen, FACTS)
    assert isinstance(verdict, Flagged)
    assert verdict.confidence is Confidence.TENTATIVE
    assert [one.id for one in verdict.proofs] == ["build", "no-nla"]


def test_windows_with_nla_optional() -> None:
    with answering(rdp_server(nla_optional, challenge())) as port:
        seen = listener(ask(PROBE, port)[0])
    assert (seen.nla, seen.nla_required) == (True, False)
    assert faults(seen) == {"rdp.nla-not-required", "rdp.standard-security-accepted"}


def test_protocol_0_to_everything_is_no_nla() -> None:
    with answering(rdp_server(always_standard)) as port:
        seen = listener(ask(PROBE, port)[0])
    assert set(matrix(seen).values()) == {"RDP"}
    assert (seen.nla, seen.tls, seen.standard_security) == (False, False, True)


def test_windows_xp_negotiates_nothing() -> None:
    with answering(says(PLAIN_CONFIRM)) as port:
        measured, connections = ask(PROBE, port)
    seen = listener(measured)
    assert connections == 1
    assert not seen.negotiates
    assert seen.answers == (RdpAnswer(requested=3, plain=True),)
    assert faults(seen) == {"rdp.nla-not-required", "rdp.standard-security-accepted"}
    assert measured is not None
    assert measured.service.confidence is Confidence.FIRM


def test_a_protocol_that_was_not_offered_proves_nothing() -> None:
    def liar(_offered: int) -> bytes:
        return confirm(2, 2)

    with answering(rdp_server(liar, challenge())) as port:
        seen = listener(ask(PROBE, port)[0])
    assert seen.nla is True
    assert (seen.standard_security, seen.tls) == (False, False)


def test_discreet_asks_once_and_leaves() -> None:
    with answering(rdp_server(lambda _: confirm(2, 2)[:19])) as port:
        measured, connections = ask(PROBE, port, intensity=Intensity.DISCREET)
    seen = listener(measured)
    assert connections == 1
    assert measured is not None
    assert measured.seen == (seen,)
    assert seen.nla is True
    assert seen.why == {
        "standard_security": "intensity",
        "tls": "intensity",
        "nla_required": "intensity",
        "build": "intensity",
    }
    verdicts = list(nla_not_required.CHECK.judge(seen, FACTS))
    assert verdicts == [NotMeasured(seen.place, "intensity")]


def test_discreet_still_tells_that_nla_is_absent() -> None:
    with answering(rdp_server(lambda _: confirm(2, 1))) as port:
        seen = listener(ask(PROBE, port, intensity=Intensity.DISCREET)[0])
    assert (seen.tls, seen.nla, seen.nla_required) == (True, False, False)


def test_a_cut_on_later_questions_is_not_a_no() -> None:
    def handle(offered: int) -> bytes:
        if offered == 3:
            return confirm(2, 2)
        raise ConnectionError

    with answering(rdp_server(handle, challenge())) as port:
        seen = listener(ask(PROBE, port)[0])
    assert seen.nla is True
    assert seen.standard_security is None
    assert seen.why["standard_security"].startswith("reset")
    assert seen.nla_required is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x03\xa0\x01",
        b"\x30\x84\x00\x00\x00\x02\xa1\x7f",
        b"\x30\x05\xa0\x03\x02\x01\x06",
        b"\x30\x84\x7f\xff\xff\xff" + b"A" * 64,
        tsrequest(b"NTLMSSP\x00\x02\x00\x00\x00"),
        tsrequest(b"NTLMSSP\x00\x03\x00\x00\x00" + b"\xff" * 64),
    ],
)
def test_credssp_that_lies_leaves_the_layers_known(answer: bytes) -> None:
    with answering(rdp_server(nla_required, after_tls=answer)) as port:
        measured, _ = ask(PROBE, port, timeout_s=0.5)
    assert listener(measured).nla_required is True
    assert measured is not None
    assert not told(measured)


def test_tls_that_fails_inside_rdp_leaves_the_layers_known() -> None:
    def broken(offered: int) -> bytes:
        return nla_required(offered) + (b"\x15\x03\x01\x00\x02\x02\x28" if offered == 3 else b"")

    with answering(says(broken(3))) as port:
        measured, _ = ask(PROBE, port)
    assert listener(measured).nla is True
    assert measured is not None
    assert not told(measured)


@pytest.mark.parametrize(
    ("version", "criticality"),
    [
        ((6, 1, 7601), Criticality.CRITICAL),
        ((6, 3, 9600), Criticality.CRITICAL),
        ((5, 1, 2600), Criticality.CRITICAL),
        ((10, 0, 19045), Criticality.HIGH),
        ((10, 0, 14393), Criticality.MEDIUM),
        ((10, 0, 20348), None),
    ],
)
def test_support_by_build(version: tuple[int, int, int], criticality: Criticality | None) -> None:
    with answering(rdp_server(nla_required, challenge(version))) as port:
        windows = host(ask(PROBE, port)[0])
    verdicts = list(unsupported.CHECK.judge(windows, FACTS))
    given = [one.criticality for one in verdicts if isinstance(one, Flagged)]
    assert given == ([criticality] if criticality else [])


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ((10, 0, 19041), "ambiguous-release"),
        ((10, 0, 17763), "ambiguous-release"),
        ((10, 0, 39_999), "unknown-release"),
        (None, "not-offered"),
    ],
)
def test_what_the_build_does_not_settle_is_told(
    version: tuple[int, int, int] | None, why: str
) -> None:
    with answering(rdp_server(nla_required, challenge(version))) as port:
        windows = host(ask(PROBE, port)[0])
    (verdict,) = unsupported.CHECK.judge(windows, FACTS)
    assert isinstance(verdict, NotMeasured)
    assert verdict.why.startswith(why)


def test_recognises() -> None:
    assert recognises(PLAIN_CONFIRM)
    assert recognises(confirm(2, 1))
    assert recognises(confirm(3, 5))
    assert not recognises(bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102"))
    assert not recognises(b"HTTP/1.1 200 OK\r\n")
    assert not recognises(b"\x16\x03\x01\x00\x05")


@given(
    st.binary(max_size=64)
    | st.binary(max_size=32).map(lambda tail: b"\x03\x00\x00\x13\x0e\xd0" + tail)
)
def test_read_confirm_is_total(data: bytes) -> None:
    found = read_confirm(data, 3)
    assert (found is not None) is recognises(data)


@given(st.binary(max_size=128) | st.binary(max_size=64).map(tsrequest))
def test_read_tsrequest_is_total(data: bytes) -> None:
    with suppress(Unanswered):
        read_tsrequest(data)


def test_what_is_sent_carries_no_credential() -> None:
    request = rdp.connection_request(3)
    assert b"mstshash=vigie" in request
    assert int.from_bytes(request[2:4], "big") == len(request)
    assert request[4] == len(request) - 5
