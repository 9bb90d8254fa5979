"""SNMP, TFTP, NetBIOS, mDNS, SIP, RDP over UDP, IPMI, SQL Browser, CLDAP, rpcbind."""

import os
import struct
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Status
from core.observations.ipmi import IpmiService
from core.observations.snmp import SnmpService
from scanner.ber import OCTET_STRING, SEQUENCE, encode, integer
from scanner.probes import (
    cldap,
    ipmi,
    mdns,
    netbios,
    rdp_udp,
    rpcbind,
    sip,
    snmp,
    sql_browser,
    tftp,
)
from scanner.visit import Probe
from tests.scanner.visiting import measure_datagrams
from tests.servers.datagrams import answered, answering, free_udp_port, in_namespace, running
from tests.servers.real import need

PROBES = [
    one.PROBE
    for one in (cldap, ipmi, mdns, netbios, rdp_udp, rpcbind, sip, snmp, sql_browser, tftp)
]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.mark.real
def test_snmpd(tmp_path: Path) -> None:
    port = free_udp_port()
    settings = tmp_path / "snmpd.conf"
    settings.write_text("rouser nobody\n")
    argv = [need("snmpd"), "-f", "-Lo", "-C", "-c", str(settings), f"udp:127.0.0.1:{port}"]
    state = {"SNMP_PERSISTENT_DIR": str(tmp_path)}
    with running(argv, tmp_path / "log", env=state):
        measured = answered(snmp.PROBE, port)
    assert measured.service.protocol == "snmp"
    assert measured.service.evidence == ("SNMPv3 REPORT", "engine net-snmp")
    (seen,) = measured.seen
    assert isinstance(seen, SnmpService)
    assert seen.boots >= 1
    assert seen.v1_v2c is None
    assert seen.why == {"v1_v2c": "needs-credential"}


@pytest.mark.real
@needs_root
def test_tftpd(tmp_path: Path) -> None:
    port = free_udp_port()
    (tmp_path / "served").mkdir()
    argv = [need("in.tftpd"), "--foreground", "--address", f"127.0.0.1:{port}"]
    with running([*argv, "--secure", str(tmp_path / "served")], tmp_path / "log"):
        measured = answered(tftp.PROBE, port)
    assert measured.service.evidence == ("ERROR 1 File not found",)


@pytest.mark.real
def test_ipmi_sim(tmp_path: Path) -> None:
    port = free_udp_port()
    kinds = "none md2 md5 straight"
    (tmp_path / "lan.conf").write_text(
        'name "vigie"\nset_working_mc 0x20\nstartlan 1\n'
        f"  addr 127.0.0.1 {port}\n  priv_limit admin\n"
        f"  allowed_auths_callback {kinds}\n  allowed_auths_user {kinds}\n"
        f"  allowed_auths_operator {kinds}\n  allowed_auths_admin {kinds}\n"
        "  guid a123456789abcdefa123456789abcdef\nendlan\n"
        f'user 2 true "ipmiusr" "test" admin 10 {kinds}\n'
    )
    (tmp_path / "emu").write_text(
        "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n"
    )
    argv = [need("ipmi_sim"), "-n", "-c", str(tmp_path / "lan.conf"), "-f", str(tmp_path / "emu")]
    with running([*argv, "-s", str(tmp_path)], tmp_path / "log"):
        measured = answered(ipmi.PROBE, port)
    (seen,) = measured.seen
    assert isinstance(seen, IpmiService)
    assert seen.has_2_0
    assert "MD5" in seen.authentications
    assert measured.service.evidence[0] == "IPMI 2.0"


@pytest.mark.real
def test_kamailio(tmp_path: Path) -> None:
    port = free_udp_port()
    settings = tmp_path / "kamailio.cfg"
    settings.write_text(
        f"#!KAMAILIO\nfork=no\nlisten=udp:127.0.0.1:{port}\nauto_aliases=no\n"
        'server_header="Server: Vigie test"\nloadmodule "sl.so"\nloadmodule "pv.so"\n'
        'request_route {\n  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }\n'
        '  sl_send_reply("403", "No");\n}\n'.replace('is_method("OPTIONS")', 'method == "OPTIONS"')
    )
    argv = [need("kamailio"), "-DD", "-E", "-m", "8", "-M", "4", "-f", str(settings)]
    with running([*argv, "-Y", str(tmp_path), "-w", str(tmp_path)], tmp_path / "log"):
        measured = answered(sip.PROBE, port)
    assert measured.service.evidence == ("SIP 200 OK", "Server: Vigie test")


@pytest.mark.real
@pytest.mark.netns
@needs_root
def test_rpcbind(tmp_path: Path) -> None:
    server = need("rpcbind")
    setup = f"mount -t tmpfs none /run\n{server} -f &"
    assert in_namespace(setup, "rpcbind", 111) == "RPC MSG_ACCEPTED"


@pytest.mark.real
@pytest.mark.netns
@needs_root
def test_nmbd(tmp_path: Path) -> None:
    server = need("nmbd")
    settings = tmp_path / "smb.conf"
    lines = "".join(
        f"{name} = {tmp_path}\n"
        for name in ("private dir", "lock directory", "state directory", "cache directory")
    )
    settings.write_text(
        f"[global]\nnetbios name = SRVTEST\nworkgroup = HOPITAL\npid directory = {tmp_path}\n"
        f"ncalrpc dir = {tmp_path}\nlog file = {tmp_path}/log\n{lines}"
    )
    setup = (
        "ip link add d0 type veth peer name d1\nip link set d1 up\n"
        "ip addr add 10.98.76.1/24 dev d0\nip link set d0 up\n"
        f"{server} --foreground --no-process-group -s {settings} &"
    )
    told = in_namespace(setup, "netbios", 137)
    assert told.startswith("NBSTAT ")
    assert "SRVTEST<00>" in told


def test_netbios_as_rfc_1002_shows_it() -> None:
    def status(asked: bytes) -> bytes:
        assert asked[12:46] == b"\x20CK" + b"A" * 30 + b"\0"
        names = b"SRV-PACS".ljust(15) + b"\x20\x04\x00" + b"HOPITAL".ljust(15) + b"\x00\x84\x00"
        body = b"\x02" + names + bytes(46)
        head = asked[:2] + b"\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" + asked[12:50]
        return head + bytes(4) + struct.pack(">H", len(body)) + body

    with answering(status) as (port, asked):
        measured = answered(netbios.PROBE, port)
    assert measured.service.evidence == ("NBSTAT NUM_NAMES: 2",)
    assert measured.service.inner_names == ("NBSTAT SRV-PACS<20> [HOPITAL]",)
    assert len(asked) == 1
    assert len(asked[0]) == 50


def test_mdns_as_rfc_6762_shows_it() -> None:
    def listing(asked: bytes) -> bytes:
        answer = dns.message.make_response(dns.message.from_wire(asked))
        name = "_services._dns-sd._udp.local."
        answer.answer = [
            dns.rrset.from_text(name, 10, "IN", "PTR", "_ipp._tcp.local.", "_http._tcp.local.")
        ]
        return answer.to_wire()

    with answering(listing) as (port, _):
        measured = answered(mdns.PROBE, port)
    assert measured.service.evidence == ("_http._tcp.local.", "_ipp._tcp.local.")


def test_rdp_over_udp_as_ms_rdpeudp_shows_it() -> None:
    def synchronised(asked: bytes) -> bytes:
        assert len(asked) == 1_200
        never, _window, flags = struct.unpack_from(">IHH", asked)
        assert (never, flags) == (0xFFFFFFFF, 1)
        return struct.pack(">IHH", struct.unpack_from(">I", asked, 8)[0], 64, 5) + bytes(1_224)

    with answering(synchronised) as (port, _):
        measured = answered(rdp_udp.PROBE, port)
    assert measured.service.protocol == "rdp-udp"
    assert measured.service.evidence == ("SYN+ACK",)


def test_sql_browser_as_ms_sqlr_shows_it() -> None:
    told = (
        b"ServerName;SRV-RIS;InstanceName;MSSQLSERVER;IsClustered;No;Version;15.0.2000.5;tcp;1433;;"
        b"ServerName;SRV-RIS;InstanceName;PACS;IsClustered;No;Version;13.2.5026.0;;"
    )
    with answering(lambda _: b"\x05" + struct.pack("<H", len(told)) + told) as (port, asked):
        measured = answered(sql_browser.PROBE, port)
    assert measured.service.evidence == ("MSSQLSERVER 15.0.2000.5 tcp/1433", "PACS 13.2.5026.0")
    assert asked == [b"\x03"]


def test_cldap_as_ms_adts_shows_it() -> None:
    def entry(asked: bytes) -> bytes:
        ident = int.from_bytes(asked[4 : 4 + asked[3]], "big")
        values = encode(0x31, encode(OCTET_STRING, b"DC=chu,DC=example"))
        one = encode(SEQUENCE, encode(OCTET_STRING, b"defaultNamingContext"), values)
        found = encode(0x64, encode(OCTET_STRING), encode(SEQUENCE, one))
        done = encode(0x65, encode(0x0A, b"\0"), encode(OCTET_STRING), encode(OCTET_STRING))
        return encode(SEQUENCE, integer(ident), found) + encode(SEQUENCE, integer(ident), done)

    with answering(entry) as (port, asked):
        measured = answered(cldap.PROBE, port)
    assert measured.service.evidence == ("searchResEntry",)
    assert measured.service.inner_names == ("defaultNamingContext: DC=chu,DC=example",)
    assert len(asked[0]) < 80


def test_tftp_that_serves_any_name_is_stopped() -> None:
    def serve(asked: bytes) -> bytes | None:
        return b"\x00\x03\x00\x01" + b"x" * 512 if asked[1] == 1 else None

    with answering(serve) as (port, asked):
        measured = answered(tftp.PROBE, port)
        assert measured.service.evidence == ("DATA 1",)
    assert asked[1:] in ([], [b"\x00\x05\x00\x00stop\x00"])


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.name)
@pytest.mark.parametrize(
    "answer",
    [b"", b"\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 1_500, b"0\x84\xff\xff\xff\xff"],
)
def test_answers_of_others_are_not_taken(probe: Probe, answer: bytes) -> None:
    with answering(lambda _: answer) as (port, asked):
        assert measure_datagrams(probe, port, patience_s=0.3) is None
    assert len(asked) <= 2


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.name)
def test_silence_proves_nothing_and_an_echo_neither(probe: Probe) -> None:
    with answering(lambda _: None) as (port, asked), pytest.raises(Unanswered) as caught:
        measure_datagrams(probe, port, patience_s=0.1)
    assert caught.value.status is Status.UNDETERMINED
    assert len(asked) == 2
    with answering(lambda said: said) as (port, asked), pytest.raises(Unanswered):
        measure_datagrams(probe, port, patience_s=0.1)
    assert max(map(len, asked)) <= 1_200


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    for prefix in (b"", b"\x05\x00\x00ServerName;", ipmi._RMCP + bytes(9)):
        told = prefix + data
        snmp.read_report(told, 1)
        tftp.read_answer(told)
        netbios.read_status(told, told[:2])
        mdns.read_answer(told, 1)
        sip.read_answer(b"SIP/2.0 200 OK\r\n" + told, "m")
        rdp_udp.read_answer(told, 1)
        ipmi.read_capabilities(told)
        sql_browser.read_answer(told)
        cldap.read_answer(told, 1)
        rpcbind.read_answer(told, 1)
