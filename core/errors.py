"""Every error that crosses a module, in one tree.

VigieError
├── UsageError               exit 2   wrong option, unreadable file
│   ├── InventoryInvalid     exit 2   all its faults, each with file and line
│   ├── UnknownRun           exit 2   no run, or several, of that name
│   ├── UnknownFinding       exit 2   no finding, or several, of that fingerprint
│   ├── BadStoreUrl          exit 2   --db is no database
│   └── SnapshotUnreadable   exit 2   a directory's snapshot that is none, or not to be believed
├── Refused                  exit 4
│   └── OutOfScope           exit 4   a target, service or directory that nothing allows now
├── Unreachable              exit 5   a directory or service that had to answer did not
│   └── DirectoryFailure     exit 5   which part of opening a directory failed
├── FeedFault                exit 3   a feed was not taken; the one that was there stays
├── StoreError               exit 3   disk full, locked, corrupt: what was written stays
└── Unanswered               —        what a target did instead of answering: a status, no end
"""

from collections.abc import Sequence
from datetime import datetime

from core.model import Status


class VigieError(Exception):
    """Root of the tree. ``str()`` is one line that a person can act on."""

    exit_code = 1


class UsageError(VigieError):
    """The command was asked something impossible."""

    exit_code = 2


class InventoryInvalid(UsageError):
    """An inventory has faults; ``faults`` are lines « file:line: sentence », in file order."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Refused(VigieError):
    """Vigie will not do this."""

    exit_code = 4


class OutOfScope(Refused):
    """Nothing was sent: a mandate, a window, an exclusion or a missing key forbids it."""

    def __init__(self, target: str, reason: str, *, next_opening: datetime | None = None) -> None:
        self.target = target
        self.reason = reason
        """Id in :mod:`core.reasons`: ``out-of-scope``, ``out-of-window``, ``third-party``…"""
        self.next_opening = next_opening
        """Aware; when the same request would be allowed, if a date is known."""
        super().__init__(f"{target}: {reason}")


class Unreachable(VigieError):
    """Something that had to answer did not."""

    exit_code = 5


class DirectoryFailure(Unreachable):
    """A directory was not opened; ``fault`` says which part failed, never a secret."""

    def __init__(self, fault: str, server: str, detail: str = "") -> None:
        self.fault = fault
        """Id in :mod:`ad_audit.faults`: ``name``, ``port``, ``credential``, ``signing``…"""
        self.server = server
        """Host and port as named."""
        self.detail = detail
        """What the machine or the server said, cut to one short line."""
        super().__init__(f"{server}: {fault}: {detail}" if detail else f"{server}: {fault}")


class FeedFault(VigieError):
    """A feed was refused or not fetched; the one that was there stays."""

    exit_code = 3

    def __init__(self, feed: str, fault: str, detail: str = "") -> None:
        self.feed = feed
        """Id in :data:`core.feeds.FEEDS`; empty for a file that is none."""
        self.fault = fault
        """``unreachable``, ``status``, ``redirected``, ``too-large``, ``too-slow``, ``truncated``,
        ``invalid``, ``checksum``, ``shrunk``, ``older``, ``future``, ``damaged``, ``unwritten``,
        ``unreadable``, ``altered`` or ``untrusted``."""
        # Part of it may be a server's words, and goes to a terminal.
        self.detail = "".join(one if one.isprintable() else " " for one in detail[:200])
        """One short line; never a secret."""
        super().__init__(": ".join(filter(None, (feed, fault, self.detail))))


class UnknownRun(UsageError):
    """No run, or several, answer to what was asked."""

    def __init__(self, asked: str, *, several: bool = False) -> None:
        self.asked = asked
        self.several = several
        super().__init__(f"{'several runs start' if several else 'no run starts'} with {asked!r}")


class UnknownFinding(UsageError):
    """No finding, or several, answer to what was asked."""

    def __init__(self, asked: str, *, several: Sequence[str] = (), shortest: int = 0) -> None:
        self.asked = asked
        self.several = tuple(several)
        """Fingerprints, ten at most."""
        self.shortest = shortest
        """Too short: how many characters must be given; else 0."""
        super().__init__(f"{asked}: {', '.join(self.several) or 'no such finding'}")


class BadStoreUrl(UsageError):
    """``--db`` is no database that can be used here."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        """``password``: one stands in it; else what is the matter, in short."""
        super().__init__(f"--db: {detail}")


class SnapshotUnreadable(UsageError):
    """A snapshot of a directory cannot be read, or must not be believed."""

    def __init__(self, place: str, problem: str, detail: str = "") -> None:
        self.place = place
        """File."""
        self.problem = problem
        """``unreadable``, ``foreign``, ``newer``, ``key``, ``altered``, ``too-large`` or
        ``bad-key-file``."""
        self.detail = detail
        """One short line; never a secret."""
        super().__init__(": ".join(filter(None, (place, problem, detail))))


class StoreError(VigieError):
    """The store, or a file of results, could not be used; what was written before stays."""

    exit_code = 3

    def __init__(self, text: str, *, place: str = "", problem: str = "") -> None:
        self.place = place
        """File or URL, without its password."""
        self.problem = problem
        """``full``, ``locked``, ``read-only``, ``damaged``, ``newer``, ``unreachable``, or empty.
        """
        super().__init__(text)


class Unanswered(VigieError):
    """A target refused, fell silent, cut or lied. Data of the scan, not a failure of it."""

    def __init__(self, status: Status, detail: str = "") -> None:
        self.status = status
        self.detail = detail
        super().__init__(f"{status.value}: {detail}" if detail else status.value)
