"""Loss, latency and a firewall that bans: the same verdicts as without, or fewer."""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.errors import Unanswered
from core.observations.tls import TlsService
from tests.scanner.tls.asking import assessed
from tests.scanner.tls.test_survey_hostile import FACTS, OLD, WEAK, facts, never_another, plain
from tests.servers.namespaces import Wire, inside, wire
from tests.servers.real import need
from tests.servers.tls_certs import issue
from tests.servers.tls_fake import faking
from tests.servers.tls_real import jsse, openssl_server

pytestmark = [pytest.mark.netns]


@pytest.fixture
def lab() -> Iterator[Wire]:
    """A namespace with nftables; this thread is inside."""
    need("ip")
    need("nft")
    with wire() as made, inside(made.target):
        yield made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a certificate and its key."""
    return issue("x.example", rsa_bits=2048).files(tmp_path_factory.mktemp("tls"))


def rule(lab: Wire, words: str) -> None:
    """Add one rule to what comes in."""
    hook = "type filter hook input priority 0; policy accept;"
    lab.nft(f"table inet stress {{\nchain input {{\n{hook}\n{words}\n}}\n}}\n")


def lose(lab: Wire, percent: int) -> None:
    """Drop that share of the packets of the loopback, each way."""
    rule(lab, f'iif "lo" meta l4proto tcp numgen random mod 100 < {percent} drop')


@contextmanager
def delayed(upstream: int, seconds: float) -> Generator[int]:
    """Relay to a port of loopback, each way that much later."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def carry(client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", upstream)) as server:
            waiting: deque[tuple[float, socket.socket, bytes]] = deque()
            with selectors.DefaultSelector() as ready:
                ready.register(client, selectors.EVENT_READ)
                ready.register(server, selectors.EVENT_READ)
                while not over.is_set():
                    for key, _ in ready.select(0.005):
                        here, there = (
                            (client, server) if key.fileobj is client else (server, client)
                        )
                        data = here.recv(65_536)
                        waiting.append((time.monotonic() + seconds, there, data))
                        if not data:
                            ready.unregister(here)
                    while waiting and waiting[0][0] <= time.monotonic():
                        _, sink, data = waiting.popleft()
                        if not data:
                            return
                        sink.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=carry, args=(client,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)


def same_or_fewer(seen: TlsService, right: TlsService) -> int:
    never_another(seen, facts(right))
    return sum(getattr(seen, name) is None for name in FACTS)


@pytest.mark.real
@pytest.mark.parametrize("options", [(), ("-cipher", "ALL:@SECLEVEL=0"), ("-tls1_3",)])
def test_one_percent_of_loss_and_twenty_milliseconds(
    lab: Wire, files: tuple[Path, Path], options: tuple[str, ...]
) -> None:
    with openssl_server(*files, *options) as port, delayed(port, 0.02) as far:
        right = assessed(port, knocked=False)
        lose(lab, 1)
        missing = same_or_fewer(assessed(far, knocked=False, timeout_s=5), right)
    assert missing <= sum(getattr(right, name) is None for name in FACTS) + 2


@pytest.mark.real
def test_java_at_one_percent_of_loss(lab: Wire, files: tuple[Path, Path]) -> None:
    with jsse(*files, "SSLv3,TLSv1,TLSv1.2") as port:
        right = assessed(port, knocked=False)
        lose(lab, 1)
        same_or_fewer(assessed(port, knocked=False, timeout_s=5), right)


def test_heavy_loss_makes_no_wrong_verdict(lab: Wire) -> None:
    fake = plain(versions=OLD, suites=WEAK)
    with faking(fake) as port:
        right = assessed(port, knocked=False)
        lose(lab, 15)
        with suppress(Unanswered):
            same_or_fewer(assessed(port, knocked=False, timeout_s=2), right)


@pytest.mark.parametrize("allowed", [3, 8, 16])
@pytest.mark.parametrize("how", ["drop", "reject with tcp reset"])
def test_a_firewall_that_bans_after_some_connections(lab: Wire, allowed: int, how: str) -> None:
    fake = plain(versions=OLD, suites=WEAK)
    with faking(fake) as port:
        right = assessed(port, knocked=False)
        burst = f"ct state new limit rate over 1/hour burst {allowed} packets"
        rule(lab, f"tcp dport {port} {burst} {how}")
        with suppress(Unanswered):
            same_or_fewer(assessed(port, knocked=False, timeout_s=1), right)


@pytest.mark.parametrize("allowed", [1, 2])
@pytest.mark.parametrize("how", ["drop", "reject with tcp reset"])
def test_a_firewall_that_allows_few_at_once(lab: Wire, allowed: int, how: str) -> None:
    fake = plain(versions=OLD, suites=WEAK)
    with faking(fake) as port:
        right = assessed(port, knocked=False)
        count = f"ct state new ct count over {allowed}"
        rule(lab, f"tcp dport {port} {count} {how}")
        with suppress(Unanswered):
            same_or_fewer(assessed(port, knocked=False, timeout_s=0.7), right)
