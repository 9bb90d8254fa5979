"""DICOM: associations with dcmtk and Orthanc, and with nodes that lie."""

import functools
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Status
from core.observations.dicom import DicomService
from scanner.probes import dicom
from scanner.probes.dicom import PROBE, association_request, calling_title, parse_acceptance
from scanner.visit import Measured
from tests.scanner.visiting import measure, visit
from tests.servers.real import free_port, need, serving


def _seen(measured: Measured | None) -> DicomService:
    assert measured is not None
    assert measured.service.protocol == "dicom"
    (seen,) = measured.seen
    assert isinstance(seen, DicomService)
    return seen


@pytest.mark.real
def test_a_node_of_dcmtk_takes_any_caller(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    argv = [need("storescp"), "--verbose", "--output-directory", str(tmp_path), str(port)]
    with serving(argv, port):
        measured = measure(PROBE, port)
        again = measure(PROBE, port)
    seen = _seen(measured)
    assert (seen.is_accepted, seen.verifies, seen.refusal) == (True, True, "")
    assert seen.implementation.startswith("OFFIS_DCMTK_")
    assert seen.implementation_uid.startswith("1.2.276.0.7230010.3.")
    assert _seen(again).is_accepted
    assert not list(tmp_path.glob("*.dcm"))
    assert not log.exists()


@pytest.mark.real
def test_a_node_of_dcmtk_that_refuses(tmp_path: Path) -> None:
    port = free_port()
    argv = [need("storescp"), "--refuse", "--output-directory", str(tmp_path), str(port)]
    with serving(argv, port):
        seen = _seen(measure(PROBE, port))
    assert seen.is_accepted is False
    assert seen.refusal


@pytest.mark.real
def test_orthanc(tmp_path: Path) -> None:
    port, web = free_port(), free_port()
    settings = tmp_path / "orthanc.json"
    settings.write_text(
        f'{{"Name": "Vigie", "StorageDirectory": "{tmp_path}", "IndexDirectory": "{tmp_path}",'
        f' "DicomPort": {port}, "DicomAet": "ORTHANC", "DicomCheckCalledAet": false,'
        f' "HttpPort": {web}, "HttpServerEnabled": false, "DicomAlwaysAllowEcho": true,'
        ' "Plugins": []}'
    )
    with serving([need("Orthanc"), str(settings)], port):
        seen = _seen(measure(PROBE, port))
    assert seen.is_accepted is True
    assert "OFFIS" in seen.implementation or "ORTHANC" in seen.implementation.upper()


@contextmanager
def node(*answers: bytes, heard: list[bytes] | None = None) -> Iterator[int]:
    """Serve one connection after the other: an answer for each thing that is said."""
    heard = [] if heard is None else heard
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer, suppress(OSError):
                    peer.settimeout(5)
                    for answer in answers:
                        said = peer.recv(65_536)
                        if not said:
                            break
                        heard.append(said)
                        peer.sendall(answer)
                    heard.append(peer.recv(65_536))

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.close()


def _acceptance(user: bytes = b"", result: int = 0) -> bytes:
    context = bytes([0x21, 0, 0, 8, 1, 0, result, 0]) + bytes([0x40, 0, 0, 0])
    body = b"\x00\x01\x00\x00" + b" " * 32 + bytes(32) + context
    body += bytes([0x50, 0]) + struct.pack(">H", len(user)) + user
    return b"\x02\x00" + struct.pack(">I", len(body)) + body


def test_nothing_but_an_association_and_its_release_is_sent() -> None:
    heard: list[bytes] = []
    name = bytes([0x55, 0, 0, 6]) + b"PACS_1"
    with node(_acceptance(name), b"\x06\x00\x00\x00\x00\x04\0\0\0\0", heard=heard) as port:
        seen = _seen(measure(PROBE, port))
    assert (seen.implementation, seen.verifies) == ("PACS_1", True)
    heard = [one for one in heard if one]
    assert heard[0] == association_request("securite@grades.example")
    assert b"VIGIE-GRADES" in heard[0]
    assert heard[1] == b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"
    assert set(heard[2:]) <= {b""}


def test_a_node_that_never_lets_go_is_left() -> None:
    heard: list[bytes] = []
    with node(_acceptance(), b"\x04\x00", heard=heard) as port:
        assert _seen(measure(PROBE, port, timeout_s=0.4)).is_accepted is True
    assert b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00" in heard


def test_a_refusal_is_told_with_its_reason() -> None:
    with node(b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x03") as port:
        measured = measure(PROBE, port)
    seen = _seen(measured)
    assert (seen.is_accepted, seen.refusal) == (False, "1/3")
    assert measured is not None
    assert measured.service.evidence == ("A-ASSOCIATE-RJ 1/3",)


def test_an_abort_tells_the_protocol_only() -> None:
    with node(b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00") as port:
        seen = _seen(measure(PROBE, port))
    assert seen.is_accepted is None
    assert seen.why == {"is_accepted": "protocol-error: A-ABORT"}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x02\x00\xff\xff\xff\xff" + bytes(100),
        b"\x02\x00\x00\x00\x00\x44" + bytes(68),
        b"\x03\x00\x00\x00\x00\x05abcde",
        b"SSH-2.0-x\r\n",
    ],
)
def test_what_is_not_dicom(answer: bytes) -> None:
    with node(answer) as port:
        assert measure(PROBE, port) is None


def test_silence_is_no_verdict() -> None:
    with node(b"") as port, pytest.raises(Unanswered) as caught:
        measure(PROBE, port, timeout_s=0.3)
    assert caught.value.status in {Status.TIMEOUT, Status.RESET}


def test_a_drip_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom, "_EXCHANGE_S", 1.0)

    async def drip(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            for byte in b"\x02\x00\x00\x00\x40\x00" + bytes(10_000):
                await stream.send_all(bytes([byte]))
                await trio.sleep(0.02)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            serve = functools.partial(trio.serve_tcp, drip, 0, host="127.0.0.1")
            (listener,) = await nursery.start(serve)
            port = listener.socket.getsockname()[1]
            with pytest.raises(Unanswered):
                await PROBE.measure(visit(port))
            nursery.cancel_scope.cancel()

    trio.run(main)


@pytest.mark.parametrize(
    ("operator", "title"),
    [
        ("securite@grades.example", "VIGIE-GRADES"),
        ("https://www.e-sante-bretagne.fr/vigie", "VIGIE-E-SANTE-BR"),
        ("", "VIGIE-INVALID"),
    ],
)
def test_our_title_names_the_operator(operator: str, title: str) -> None:
    assert calling_title(operator) == title
    assert len(calling_title(operator)) <= 16


@given(st.binary(max_size=400))
def test_any_acceptance_is_read(data: bytes) -> None:
    parse_acceptance(data)
    told = parse_acceptance(b"\x00\x01" + bytes(66) + data)
    assert told is not None
    assert len(told.implementation) <= 32
