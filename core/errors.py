"""Every error that crosses a module, in one tree.

VigieError
├── UsageError               exit 2   wrong option, unreadable file
│   └── InventoryInvalid     exit 2   all its faults, each with file and line
├── Refused                  exit 4
│   └── OutOfScope           exit 4   a target, service or directory that nothing allows now
├── Unreachable              exit 5   a directory or service that had to answer did not
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
        """UTC; when the same request would be allowed, if a date is known."""
        super().__init__(f"{target}: {reason}")


class Unreachable(VigieError):
    """Something that had to answer did not."""

    exit_code = 5


class StoreError(VigieError):
    """The store could not be written or read; ``done`` tells what is safe."""

    exit_code = 3


class Unanswered(VigieError):
    """A target refused, fell silent, cut or lied. Data of the scan, not a failure of it."""

    def __init__(self, status: Status, detail: str = "") -> None:
        self.status = status
        self.detail = detail
        super().__init__(f"{status.value}: {detail}" if detail else status.value)
