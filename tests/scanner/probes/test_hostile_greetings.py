"""Whatever a server says, however slowly: a measure, « not mine », or ``Unanswered``."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import trio
import trio.testing
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.knowledge.load import load_knowledge
from core.model import Intensity, Place, Status, Transport
from core.observations.codec import decode, encode
from core.reasons import known
from scanner.lines import contact_name, contact_text, shown
from scanner.probes import dns, ftp, imap, pop3, rsync, smtp, ssh, telnet, vnc, x11
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

PROBES = {
    probe.name: probe
    for probe in (
        *(dns.PROBE, ftp.PROBE, imap.PROBE, pop3.PROBE, rsync.PROBE),
        *(smtp.PROBE, ssh.PROBE, telnet.PROBE, vnc.PROBE, x11.PROBE),
    )
}
EHLO = rb"EHLO vigie\.securite\.grades\.example\r\n"
ALLOWED = {
    name: re.compile(said, re.DOTALL)
    for name, said in {
        "dns": rb"(\x00\x11VG\x00\x00\x00\x01\x00{6}\x00\x00\x02\x00\x01"
        rb"(\x00\x1c..\x01\x00\x00\x01\x00{5}\x01\x00\x00\x06\x00\x01\x00\x00\x29\x04\xd0\x00{6})?)?",
        "ftp": rb"(FEAT\r\n)?(AUTH TLS\r\n)?(QUIT\r\n)?",
        "imap": rb"(v1 CAPABILITY\r\n|v1 STARTTLS\r\n)?(v2 LOGOUT\r\n)?",
        "pop3": rb"(CAPA\r\n)?(STLS\r\n)?(QUIT\r\n)?",
        "rsync": rb"",
        "smtp": rb"(" + EHLO + rb"(STARTTLS\r\n)?)?(QUIT\r\n)?",
        "ssh": rb"(SSH-2\.0-Vigie securite@grades\.example\r\n)?",
        "telnet": rb"",
        "vnc": rb"(RFB 003\.00[378]\n)?",
        "x11": rb"(l\x00\x0b\x00\x00{8})?",
    }.items()
}
"""All that each probe may ever send, whatever it hears."""
EACH = pytest.mark.parametrize("name", PROBES)
Serve = Callable[[trio.SocketStream], Awaitable[None]]

BEGINNINGS = (
    b"",
    b"SSH-2.0-x\r\n",
    b"SSH-2.0-x\r\n\x00\x00\x01\x00\x04\x14" + bytes(16),
    b"RFB 003.008\n",
    b"RFB 003.003\n",
    b"220 FTP\r\n211-a\r\n",
    b"220 x ESMTP\r\n250-x\r\n250 STARTTLS\r\n",
    b"* OK x\r\n* CAPABILITY ",
    b"+OK x\r\n+OK\r\n",
    b"@RSYNCD: 3",
    b"\xff\xfd\x18\xff\xfb\x01",
    b"\x01\x00\x0b\x00\x00\x00\x30\x00",
    b"\x00\x11\x56\x47\x80\x80\x00\x01\x00\x00\x00\x00\x00\x00",
)


Outcome = Measured | Unanswered | None


async def visited(probe: Probe, serve: Serve, *, timeout_s: float = 2.0) -> Outcome:
    """Run one probe; each connection that it opens is served by ``serve``."""
    outcome: Outcome = None
    async with trio.open_nursery() as nursery:

        async def dial(_name: str | None) -> Stream:
            ours, theirs = trio.socket.socketpair()
            nursery.start_soon(_serve, serve, trio.SocketStream(theirs))
            return Stream(trio.SocketStream(ours), timeout_s=timeout_s)

        visit = Visit(
            place=Place(establishment="e", ip="127.0.0.1", port=1, transport=Transport.TCP),
            intensity=Intensity.STANDARD,
            medical=False,
            names=(),
            heard=b"",
            inside_tls=False,
            dial=dial,
            in_scope=lambda _host, _port: False,
            now=lambda: datetime.now(UTC),
            knowledge=load_knowledge(),
            operator="securite@grades.example",
        )
        try:
            outcome = await probe.measure(visit)
        except Unanswered as end:
            outcome = end
        nursery.cancel_scope.cancel()
    return outcome


async def _serve(serve: Serve, stream: trio.SocketStream) -> None:
    async with stream:
        try:
            await serve(stream)
        except trio.BrokenResourceError:
            return


def holds(found: Outcome) -> None:
    """Check what every outcome promises."""
    if isinstance(found, Unanswered):
        assert found.status not in {Status.OK, Status.OPEN}
    if not isinstance(found, Measured):
        return
    for seen in (found.service, *found.seen):
        assert decode(encode(seen)) == seen
        assert all(known(why) for why in seen.why.values())
    assert len(found.service.banner) <= 512
    assert all(len(line) < 600 for line in found.service.evidence)


@EACH
@given(beginning=st.sampled_from(BEGINNINGS), data=st.binary(max_size=200))
@example(beginning=b"", data=b"220 \xff\xff\r\n" * 100)
@example(beginning=b"SSH-2.0-\xff\x00\x1b[2J\r\n", data=b"")
def test_any_bytes(name: str, beginning: bytes, data: bytes) -> None:
    probe = PROBES[name]
    probe.recognises(beginning + data)

    sent: list[bytearray] = []

    async def say(stream: trio.SocketStream) -> None:
        sent.append(mine := bytearray())
        await stream.send_all(beginning + data)
        await stream.send_eof()
        async for part in stream:
            mine += part

    holds(trio.run(visited, probe, say))
    for said in sent:
        # A TLS hello ends what a probe may say in clear.
        clear = bytes(said).partition(b"\x16\x03")[0]
        assert ALLOWED[name].fullmatch(clear), clear


async def garbage(stream: trio.SocketStream) -> None:
    for _ in range(200):
        await stream.send_all(bytes(range(256)) * 32)


async def one_long_line(stream: trio.SocketStream) -> None:
    await stream.send_all(b"220 " + b"x" * 1_000_000 + b"\r\n")


async def endless_lines(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(b"220-again and again\r\n" * 100)


async def mixed(stream: trio.SocketStream) -> None:
    await stream.send_all(
        b"220 FTP\r\nSSH-2.0-x\r\n+OK\r\n* OK x\r\nRFB 003.008\n\xff\xfd\x18login: "
    )
    await trio.sleep_forever()


async def silence(_stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def hangs_up(stream: trio.SocketStream) -> None:
    await stream.aclose()


@EACH
@pytest.mark.parametrize("serve", [garbage, one_long_line, endless_lines, mixed, silence, hangs_up])
def test_hostile_servers_cost_a_bounded_time(name: str, serve: Serve) -> None:
    clock = trio.testing.MockClock(autojump_threshold=0.05)

    async def run() -> None:
        holds(await visited(PROBES[name], serve))
        # Greetings of mail and files may take 8 s, and TLS behind STARTTLS two time-outs more.
        assert trio.current_time() - started <= 20

    started = clock.current_time()
    trio.run(run, clock=clock)


@EACH
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_one_byte_a_second_is_given_up(name: str, beginning: bytes) -> None:
    clock = trio.testing.MockClock(autojump_threshold=0.02)

    async def drip(stream: trio.SocketStream) -> None:
        for byte in beginning:
            await stream.send_all(bytes([byte]))
            await trio.sleep(1)
        while True:
            await stream.send_all(b"a")
            await trio.sleep(1)

    async def run() -> None:
        holds(await visited(PROBES[name], drip))
        assert trio.current_time() - started <= 25

    started = clock.current_time()
    trio.run(run, clock=clock)


@pytest.mark.parametrize(
    ("greeting", "owners"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", {"ssh"}),
        (b"SSH-1.99-Cisco-1.25\n", {"ssh"}),
        (b"Exceeded MaxStartups\r\n", {"ssh"}),
        (b"RFB 003.008\n", {"vnc"}),
        (b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", {"telnet"}),
        (b"\r\nswitch login: ", {"telnet"}),
        (b"220 ProFTPD Server (CHU) [192.0.2.1]\r\n", {"ftp"}),
        (b"220-FileZilla Server 1.8\r\n220 ok\r\n", {"ftp"}),
        (b"220 (vsFTPd 3.0.5)\r\n", {"ftp"}),
        (b"220 mx.chu.example ESMTP Postfix\r\n", {"smtp"}),
        (b"220 Microsoft ESMTP MAIL Service ready\r\n", {"smtp"}),
        (b"554 mx.chu.example ESMTP not accepting messages\r\n", {"smtp"}),
        (b"220 Bienvenue\r\n", {"ftp", "smtp"}),
        (b"421 closed\r\n", set()),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", {"imap"}),
        (b"* 3 EXISTS\r\n", set()),
        (b"+OK Dovecot ready.\r\n", {"pop3"}),
        (b"@RSYNCD: 31.0 sha512\n", {"rsync"}),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nSSH-2.0-x\r\nlogin: ", set()),
        (b"<html>\nSSH-2.0-x", set()),
        (b"\x15\x03\x01\x00\x02\x02\x28", set()),
        (b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00", set()),
        (b"J\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB\x00", set()),
        (b"-ERR unknown command\r\n", set()),
        (b"", set()),
    ],
)
def test_each_greeting_has_its_owner(greeting: bytes, owners: set[str]) -> None:
    assert {name for name, probe in PROBES.items() if probe.recognises(greeting)} == owners


@given(st.text(max_size=80))
def test_our_own_name_is_always_one(operator: str) -> None:
    name = contact_name(operator)
    assert name.startswith("vigie")
    assert name.isascii()
    assert len(name) <= 253
    assert all(0 < len(label) <= 63 for label in name.split("."))
    assert " " not in contact_text(operator)
    assert contact_text(operator).isascii()


def test_our_own_name() -> None:
    assert contact_name("securite@grades.example") == "vigie.securite.grades.example"
    assert contact_name("mailto:SSI@Grades.example") == "vigie.ssi.grades.example"
    assert contact_name("https://grades.example/vigie?x") == "vigie.grades.example"
    assert contact_name("") == "vigie.invalid"


@given(st.binary(max_size=300))
def test_foreign_text_is_shown_harmless(data: bytes) -> None:
    text = shown(data)
    assert len(text) <= 200
    assert text.isprintable() or "\xad" in text or "\xa0" in text
