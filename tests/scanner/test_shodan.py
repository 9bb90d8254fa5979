"""Shodan through its official client, against a local server that speaks the documented API."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.inventory import Establishment, Ght, Inventory, Services
from core.model import Place, Transport
from core.observations.base import Observation
from core.observations.passive import PassiveAnswer, PassiveLeft, PassiveService
from scanner.sources import asking
from scanner.sources.asking import Answer, Lookup, Stretch, look_up
from scanner.sources.shodan import SOURCE, read_host
from vigie.services import shodan_lookup

KEY = "SECRETKEY0123456789"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = Place(establishment="chu", ip="203.0.113.10")
Reply = tuple[int, Mapping[str, str], bytes]


def documented(ip: str, **more: Any) -> dict[str, Any]:
    """Give an answer shaped as the documentation of the API shows it."""
    return {
        "ip_str": ip,
        "ports": [443, 161],
        "hostnames": ["portail.chu.example"],
        "last_update": "2026-02-20T10:00:00.000000",
        "data": [
            {
                "port": 443,
                "transport": "tcp",
                "timestamp": "2026-02-20T10:00:00.123456",
                "product": "nginx",
                "version": "1.24.0",
                "_shodan": {"module": "https", "crawler": "x"},
                "data": "HTTP/1.1 200 OK",
            },
            {"port": 161, "transport": "udp", "timestamp": "2026-02-18T01:00:00"},
        ],
        **more,
    }


@contextmanager
def api(reply: Callable[[str], Reply]) -> Iterator[tuple[str, list[str]]]:
    """Serve the API; gives its base URL and the paths asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = reply(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def always(status: int, body: object = None, **headers: str) -> Callable[[str], Reply]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _path: (status, headers, data)


def inventory(base: str) -> Inventory:
    return Inventory(
        path="x.toml",
        ght=Ght(id="g", name="G"),
        establishments=(Establishment(id="chu", name="CHU"),),
        services=Services(shodan=base),
    )


def client(base: str) -> Lookup:
    lookup, why = shodan_lookup(inventory(base), {"SHODAN_API_KEY": KEY})
    assert why == ""
    assert lookup is not None
    return lookup


def run(lookup: Lookup | None, stretches: Sequence[Stretch], **more: Any) -> list[Observation]:
    async def main() -> list[Observation]:
        told = look_up(SOURCE, lookup, stretches, now=lambda: NOW, **more)
        return [seen async for one in told for seen in one]

    return trio.run(main)


def of(ip: int, last: int | None = None) -> Stretch:
    base = 203 << 24 | 113 << 8
    return Stretch(4, base + ip, base + (last or ip), "chu")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    # The mock clock would run past a deadline while a thread waits for a real server.
    if "paced" not in request.node.name:
        monkeypatch.setattr(asking, "PAUSE_S", 0.0)
        monkeypatch.setattr(asking, "_BACK_OFF_S", (0.0, 0.0))


def test_the_documented_answer() -> None:
    with api(always(200, documented("203.0.113.10"))) as (base, asked):
        seen = run(client(base), [of(10)])
    assert asked == [f"/shodan/host/203.0.113.10?key={KEY}"]
    whole, first, second = seen
    assert isinstance(whole, PassiveAnswer)
    assert (whole.is_known, whole.services) == (True, 2)
    assert isinstance(first, PassiveService)
    assert isinstance(second, PassiveService)
    assert (first.place.port, first.place.transport) == (161, Transport.UDP)
    assert second.seen_on == date(2026, 2, 20)
    assert (second.protocol, second.product, second.version) == ("https", "nginx", "1.24.0")
    assert first.names == second.names == ("portail.chu.example",)
    assert KEY not in repr(seen)


def test_an_address_it_does_not_know() -> None:
    with api(always(404, {"error": "No information available for that IP."})) as (base, _):
        (seen,) = run(client(base), [of(10)])
    assert isinstance(seen, PassiveAnswer)
    assert not seen.is_known


@pytest.mark.parametrize(
    ("status", "body", "why", "requests"),
    [
        (401, {"error": "Invalid API key"}, "key-refused", 1),
        (401, b"<html>401</html>", "key-refused", 1),
        (403, b"", "key-refused", 1),
        (429, {"error": "Request rate limit reached (1/ second)."}, "rate-limited", 3),
        (500, b"oops", "timeout", 9),
        (200, {"error": "Insufficient query credits"}, "protocol-error", 3),
        (200, b"[]", "protocol-error", 3),
        (200, b"{", "protocol-error", 3),
        (200, b"[" * 100_000, None, 3),
        (200, {"ip_str": "203.0.113.99", "data": []}, "protocol-error", 3),
        (418, b"{}", "protocol-error", 3),
    ],
)
def test_what_is_not_answered_is_told(
    status: int, body: object, why: str | None, requests: int
) -> None:
    with api(always(status, body)) as (base, asked):
        seen = run(client(base), [of(1, 100)])
    (left,) = seen
    assert isinstance(left, PassiveLeft)
    assert left.addresses == 100
    assert left.reason == why or (why is None and left.reason in {"protocol-error", "timeout"})
    assert len(asked) == requests


def test_the_key_goes_to_no_other_server() -> None:
    with api(always(200, documented("203.0.113.10"))) as (other, elsewhere):
        away = always(302, b"", Location=f"{other}/shodan/host/203.0.113.10")
        with api(away) as (base, asked):
            seen = run(client(base), [of(10)])
    assert len(asked) == 1
    assert elsewhere == []
    assert isinstance(seen[0], PassiveLeft)


def test_the_environment_changes_nothing_but_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        api(always(200, documented("203.0.113.66"))) as (proxy, elsewhere),
        api(always(200, documented("203.0.113.10"))) as (base, asked),
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "SHODAN_API_URL"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        run(client(base), [of(10)])
    assert (len(asked), elsewhere) == (1, [])


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * (200 << 20), 1)
    with api(always(200, bomb, **{"Content-Encoding": "gzip"})) as (base, _):
        answer = client(base)("203.0.113.10")
    assert answer == Answer(0)


def test_without_a_key_or_a_service_nothing_is_asked() -> None:
    assert shodan_lookup(inventory(""), {"SHODAN_API_KEY": KEY}) == (None, "not-configured")
    with api(always(200, {})) as (base, asked):
        assert shodan_lookup(inventory(base), {}) == (None, "no-key")
        (left,) = run(None, [Stretch(4, 0, 2**24 - 1, "chu")], absent="no-key")
        assert asked == []
    assert isinstance(left, PassiveLeft)
    assert (left.reason, left.addresses) == ("no-key", 2**24)


def test_the_key_never_travels_in_the_clear() -> None:
    with pytest.raises(UsageError) as caught:
        shodan_lookup(inventory("http://api.shodan.example"), {"SHODAN_API_KEY": KEY})
    assert KEY not in str(caught.value)


def test_a_server_that_is_not_there_shows_no_key() -> None:
    lookup = client("http://127.0.0.1:1")
    assert lookup("203.0.113.10") == Answer(0)
    assert KEY not in repr(lookup)


def test_look_ups_are_bounded_paced_and_not_repeated() -> None:
    times: list[float] = []

    def lookup(ip: str) -> Answer:
        return Answer(404)

    async def main() -> list[Observation]:
        out: list[Observation] = []
        told = look_up(
            SOURCE,
            lookup,
            [of(1, 200)],
            now=lambda: NOW,
            most=3,
            already={"203.0.113.2", "203.0.113.150"},
        )
        async for one in told:
            times.append(trio.current_time())
            out.extend(one)
        return out

    *answers, left = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.5))
    assert [seen.place.ip for seen in answers] == ["203.0.113.1", "203.0.113.3", "203.0.113.4"]
    assert isinstance(left, PassiveLeft)
    assert (left.reason, left.addresses) == ("request-limit", 195)
    assert times[2] - times[0] >= 2


def test_the_newest_of_a_port_is_kept() -> None:
    old = {"port": 443, "timestamp": "2025-01-01T00:00:00", "product": "old"}
    new = {"port": 443, "timestamp": "2026-01-01T00:00:00", "product": "new"}
    (seen,) = read_host({"ip_str": AT.ip, "data": [old, new, old]}, AT, NOW) or ()
    assert (seen.product, seen.seen_on) == ("new", date(2026, 1, 1))


def test_hostile_texts_are_made_plain() -> None:
    row = {"port": 443, "timestamp": "2999-01-01T00:00:00", "product": "a\x1b[31m\u202eb\n" * 200}
    (seen,) = read_host({"ip_str": AT.ip, "data": [row] * 9_999}, AT, NOW) or ()
    assert seen.seen_on is None
    assert seen.why == {"seen_on": "not-offered"}
    assert seen.product.isprintable()
    assert len(seen.product) <= 80


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["ip_str", "data", "port", "transport", "timestamp", "_shodan", "module"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.lists(_JSON, max_size=3))
def test_any_json_is_read(body: object, rows: list[object]) -> None:
    read_host(body, AT, NOW)
    for seen in read_host({"ip_str": AT.ip, "data": rows}, AT, NOW) or ():
        assert 1 <= (seen.place.port or 0) <= 65_535
