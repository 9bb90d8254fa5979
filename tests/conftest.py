"""No test leaves the loopback: an audit hook refuses every other address, whoever dials it."""

import ipaddress
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.postgres", "tests.servers.rt", "tests.servers.redmine"]

settings.register_profile(
    "vigie", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("vigie")


class LeftTheLoopback(AssertionError):
    """A test tried to reach an address that is neither loopback nor its own namespace's."""


def _refuse_others(event: str, arguments: tuple[object, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not address or os.environ.get("VIGIE_TEST_NETNS"):
        return
    host = str(address[0]).partition("%")[0]
    if host in {"", "localhost"}:
        return
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        raise LeftTheLoopback(f"a test dials the name {host!r}") from None
    mapped = getattr(literal, "ipv4_mapped", None) or literal
    if not mapped.is_loopback and not mapped.is_unspecified:
        raise LeftTheLoopback(f"a test dials {host}")


sys.addaudithook(_refuse_others)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep the two words of a marked test honest: what is missing is said."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that runs us in the background has it ignored, and so has a command that ended in
        # this process; every program that a test starts would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if item.get_closest_marker("netns") and os.geteuid() != 0:
        missing(f"{item.name}: network namespaces need root")


def missing(what: str) -> None:
    """Skip aloud on a laptop, fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"missing in CI: {what}", pytrace=False)
    pytest.skip(what)
