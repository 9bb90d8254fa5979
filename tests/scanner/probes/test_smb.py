"""SMB: against Samba in its versions, and Windows by hand."""

import struct
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from checks.smb import v1_accepted
from checks.windows import unsupported
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, Intensity, NotMeasured, Place
from core.observations.smb import SmbService
from core.observations.windows import WindowsHost
from scanner.probes import smb
from scanner.probes.smb import PROBE, read_native_os, read_negotiated, recognises
from scanner.stream import Stream
from scanner.visit import Measured
from tests.scanner.probes.asking import ask
from tests.scanner.probes.test_rdp import FACTS
from tests.scanner.visiting import visit
from tests.servers.real import free_port, need, serving
from tests.servers.windows import answering, challenge, says, smb_xp
from tests.servers.windows import smb as smb_server


def server(measured: Measured | None) -> SmbService:
    assert measured is not None
    assert measured.service.protocol == "smb"
    seen = measured.seen[0]
    assert isinstance(seen, SmbService)
    return seen


def host(measured: Measured | None) -> WindowsHost:
    assert measured is not None
    seen = measured.seen[1]
    assert isinstance(seen, WindowsHost)
    return seen


@pytest.mark.real
@pytest.mark.parametrize(
    ("lowest", "highest", "signing", "smb1", "dialect"),
    [
        ("NT1", "SMB3", "auto", True, "3.1.1"),
        ("SMB2", "SMB3", "mandatory", False, "3.1.1"),
        ("SMB2_02", "SMB2_02", "auto", False, "2.0.2"),
        ("NT1", "NT1", "auto", True, None),
    ],
)
def test_samba(
    lowest: str, highest: str, signing: str, smb1: bool, dialect: str | None, tmp_path: Path
) -> None:
    program, port = need("smbd"), free_port()
    folders = "lock directory,private dir,state directory,cache directory,pid directory,ncalrpc dir"
    lines = [f"{name} = {tmp_path}" for name in folders.split(",")]
    conf = tmp_path / "smb.conf"
    conf.write_text(
        "[global]\ninterfaces = lo\nbind interfaces only = yes\ndisable spoolss = yes\n"
        f"smb ports = {port}\nserver min protocol = {lowest}\nserver max protocol = {highest}\n"
        f"server signing = {signing}\nnetbios name = IMAGERIE\nworkgroup = CHU\nlog level = 0\n"
        + "\n".join(lines)
        + "\n"
    )
    argv = [program, "--foreground", "--no-process-group", "--debug-stdout", "-s", str(conf)]
    with serving(argv, port):
        measured, connections = ask(PROBE, port)
    seen = server(measured)
    assert (seen.smb1, seen.dialect, seen.smb2) == (smb1, dialect, dialect is not None)
    assert seen.signing_required is (signing == "mandatory")
    assert connections == (1 if dialect is None else 2)
    claimed = host(measured)
    assert (claimed.imitation, claimed.netbios_computer) == ("samba", "IMAGERIE")
    assert not list(unsupported.CHECK.judge(claimed, FACTS))
    flagged = [one for one in v1_accepted.CHECK.judge(seen, FACTS) if isinstance(one, Flagged)]
    assert bool(flagged) is smb1


@pytest.mark.parametrize(
    ("behaviour", "smb1"), [("accept", True), ("refuse", False), ("drop", False)]
)
def test_windows(behaviour: str, smb1: bool) -> None:
    with answering(smb_server(challenge((6, 3, 9600)), smb1=behaviour, dialect=0x0302)) as port:
        measured, connections = ask(PROBE, port)
    seen, windows = server(measured), host(measured)
    assert connections == 2
    assert (seen.smb1, seen.smb2, seen.dialect, seen.signing_required) == (
        smb1,
        True,
        "3.0.2",
        True,
    )
    assert (windows.build, windows.imitation, windows.source) == (9600, "", "smb")


def test_windows_xp_says_its_name() -> None:
    with answering(smb_xp(challenge((5, 1, 2600)))) as port:
        measured, connections = ask(PROBE, port)
    seen = server(measured)
    assert connections == 1
    assert (seen.smb1, seen.smb2, seen.native_os) == (True, False, "Windows 5.1")
    assert host(measured).build == 2600


def test_discreet_asks_once() -> None:
    with answering(smb_server(challenge(), smb1="accept")) as port:
        measured, connections = ask(PROBE, port, intensity=Intensity.DISCREET)
    seen = server(measured)
    assert connections == 1
    assert (seen.smb1, seen.smb2, seen.dialect) == (None, True, None)
    assert seen.why == {"smb1": "intensity", "dialect": "intensity"}
    facts = Facts(today=FACTS.today, knowledge=load_knowledge())
    assert list(v1_accepted.CHECK.judge(seen, facts)) == [NotMeasured(seen.place, "intensity")]


def test_a_session_is_asked_for_on_the_netbios_port() -> None:
    async def run(port: int) -> Measured | None:
        made = visit(port)
        made.place = Place(establishment="e", ip="127.0.0.1", port=139)

        async def dial(_name: str | None) -> Stream:
            return Stream(await trio.open_tcp_stream("127.0.0.1", port), timeout_s=2)

        made.dial = dial
        return await PROBE.measure(made)

    with answering(smb_server(challenge(), smb1="drop", netbios=True)) as port:
        assert server(trio.run(run, port)).dialect == "3.1.1"
    with answering(says(b"\x83\0\0\x01\x82")) as port:
        refused = trio.run(run, port)
    assert server(refused).smb1 is None
    assert refused is not None
    assert refused.service.evidence == ("NetBIOS NEGATIVE SESSION RESPONSE: 0x82",)


def test_a_server_that_stops_after_its_greeting_is_still_named() -> None:
    answer = struct.pack(">I", 128) + b"\xfeSMB" + struct.pack("<HHIHHI", 64, 0, 0, 0, 1, 1)
    body = b"\0" * 44 + struct.pack("<HHH", 65, 3, 0x02FF)
    with answering(says((answer + body).ljust(132, b"\0"))) as port:
        measured, _ = ask(PROBE, port, timeout_s=0.4)
    seen = server(measured)
    assert (seen.smb2, seen.dialect) == (True, None)
    assert seen.why["dialect"].startswith(("reset", "timeout"))


@pytest.mark.parametrize("hello", ["drop", "refuse"])
def test_a_server_that_wants_no_smb1_at_all_is_asked_in_smb2(hello: str) -> None:
    with answering(smb_server(challenge(), smb1=hello, multi_protocol=False)) as port:
        measured, connections = ask(PROBE, port)
    seen = server(measured)
    assert connections == 2
    assert (seen.smb1, seen.smb2, seen.dialect) == (False, True, "3.1.1")
    assert host(measured).build == 17763


_MESSAGES = st.sampled_from([b"\xffSMB\x72", b"\xffSMB\x73", b"\xfeSMB", b""])


@given(_MESSAGES, st.binary(max_size=160))
def test_readers_are_total(start: bytes, data: bytes) -> None:
    read_negotiated(start + data)
    assert len(read_native_os(start + data)) <= 128
    recognises(start + data)


def test_recognises() -> None:
    assert recognises(b"\0\0\0\x80\xfeSMB")
    assert recognises(b"\x83\0\0\x01\x82")
    assert not recognises(b"\0\0\0\x80HTTP")
    assert not recognises(smb._HELLO[:4])
