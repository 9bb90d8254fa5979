"""How a region runs its watch: one file of the operator's, beside the inventories.

Parsed by ``inventories.operations``. It says how and when; an inventory alone says whom Vigie may
talk to: each host named here must also stand under ``[services]`` of the GHT concerned.
"""

from datetime import timedelta

import msgspec

from core.inventory import Window
from core.model import Criticality, Language


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """The relay that mail is handed to."""

    host: str
    port: int
    tls: str = "starttls"
    """starttls | implicit | none (loopback alone)."""
    sender: str
    """Address, ASCII."""
    user: str = ""
    password: str = ""
    """Reference, as :class:`core.inventory.DirectoryAccess` has it; never ``prompt``."""
    ca_file: str = ""
    """PEM or DER file of the authorities that certify it, absolute; empty: the public ones."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told by mail."""

    id: str
    mail: str
    """Address, ASCII."""
    ghts: tuple[str, ...] = ()
    """Ids; empty: all."""
    establishments: tuple[str, ...] = ()
    """Ids; empty: all of these GHTs. Nothing of the others is told."""
    language: Language = Language.FR
    wants: tuple[str, ...] = ("digest", "alert", "mandate")
    quiet: tuple[Window, ...] = ()
    """Hours when nothing is sent, local."""
    timezone: str = "Europe/Paris"
    alerts_pierce: bool = True
    """Alerts are sent in quiet hours too."""
    smime: str = ""
    """File of an X.509 certificate (RSA), absolute."""
    openpgp: str = ""
    """File of a public key, absolute."""
    fingerprint: str = ""
    """Of that key: 40 or 64 hex digits, upper case."""
    age: str = ""
    """Public key, ``age1…``."""
    details_in_clear: bool = False
    """The whole report is attached although no key is known; each sending is journaled."""

    @property
    def can_seal(self) -> bool:
        """Whether a key is known, whatever it is worth."""
        return bool(self.smime or self.openpgp or self.age)


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A program that is told over HTTPS."""

    id: str
    url: str
    secret: str
    """Reference to the key that signs."""
    ghts: tuple[str, ...] = ()
    establishments: tuple[str, ...] = ()
    wants: tuple[str, ...] = ("digest", "alert", "mandate")
    ca_file: str = ""
    """As for mail."""


class NotifyChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What is told at once, how early, and how long sending is tried."""

    alert_from: Criticality = Criticality.CRITICAL
    """A new finding this grave is told at once; one known to be exploited always is."""
    expiring_days: int = 30
    """Acceptances that end within so many days are told."""
    tries: int = 16
    """Then it is given up: about two days."""


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one cause that make one ticket."""

    id: str
    checks: tuple[str, ...]
    """Ids, or families: ``cert.*``."""
    by: tuple[str, ...]
    """What they share, besides the establishment: ``check``, ``host``, ``name``, ``port``,
    ``product``, ``domain``. Empty: one ticket for the establishment."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where tickets of some establishments go."""

    establishments: tuple[str, ...] = ()
    """Ids; empty: all that no other destination names."""
    place: str
    """Entity, queue, project or company, as that system names it."""
    priorities: dict[str, str] = {}
    fields: dict[str, str] = {}


class Ticketing(msgspec.Struct, frozen=True, kw_only=True):
    """One ticketing system."""

    id: str
    kind: str
    url: str
    """Base of its interface."""
    secrets: dict[str, str] = {}
    """Name → reference, as for mail."""
    options: dict[str, str] = {}
    """As its exporter reads them."""
    ca_file: str = ""
    """As for mail."""
    language: Language = Language.FR
    ghts: tuple[str, ...] = ()
    """Ids; empty: all."""
    destinations: tuple[Destination, ...]
    gather: tuple[Gathering, ...] = ()
    """The first that fits a finding counts; where none does it has its own ticket."""
    minimum: Criticality = Criticality.MEDIUM
    """Less grave: no ticket."""
    may_close: bool = False
    """What is fixed is closed there, not only said."""
    may_reopen: bool = False
    """What people closed and is still seen is opened again, not only said."""
    attach: bool = False
    """A page with the findings is attached to each ticket, once."""

    def destination(self, establishment: str) -> Destination | None:
        """Give where its tickets go; ``None``: none are made for it."""
        rest = None
        for one in self.destinations:
            if establishment in one.establishments:
                return one
            if not one.establishments:
                rest = rest or one
        return rest


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How scans come back by themselves."""

    at_once: int = 2
    """GHTs scanned side by side; each keeps the rates of its own inventory."""
    directories: bool = False
    """Audit the ``[[directories]]`` whose password needs nobody at the keyboard."""
    periods: dict[str, timedelta] = {}
    """Tier of ``core/knowledge/cadence.toml`` → the period that replaces its own."""


class Operations(msgspec.Struct, frozen=True, kw_only=True):
    """One operations file."""

    path: str
    inventories: tuple[str, ...] = ()
    """Paths of inventory files, one per GHT, absolute."""
    mail: MailServer | None = None
    recipients: tuple[Recipient, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    notify: NotifyChoices = NotifyChoices()
    trackers: tuple[Ticketing, ...] = ()
    schedule: Schedule = Schedule()
