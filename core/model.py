"""The words of the trade, shared by every stage: where, how grave, how sure, what came of it."""

import enum
import functools
import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec


@functools.total_ordering
class Criticality(enum.Enum):
    """How grave a finding is. Ordered: ``INFO < CRITICAL``."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Criticality):
            return NotImplemented
        order = list(Criticality)
        return order.index(self) < order.index(other)


@functools.total_ordering
class Confidence(enum.Enum):
    """How sure a verdict is. Ordered: ``TENTATIVE < CERTAIN``."""

    TENTATIVE = "tentative"
    FIRM = "firm"
    CERTAIN = "certain"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Confidence):
            return NotImplemented
        order = list(Confidence)
        return order.index(self) < order.index(other)


@functools.total_ordering
class Intensity(enum.Enum):
    """What a mandate allows, and what a scan asks for (its profile). Ordered."""

    PASSIVE = "passive"
    """Nothing is sent to the target."""
    DISCREET = "discreet"
    """Discovery, greetings, one identification, at most 4 requests per HTTP service."""
    STANDARD = "standard"
    """All probes, at most 12 requests per HTTP service."""
    DEEP = "deep"
    """nmap too, for what none recognised."""

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Intensity):
            return NotImplemented
        order = list(Intensity)
        return order.index(self) < order.index(other)


class Transport(enum.Enum):
    """How a port is reached."""

    TCP = "tcp"
    UDP = "udp"


class Status(enum.Enum):
    """What came of one target × probe: a closed set, and each pair ends in exactly one."""

    OPEN = "open"
    """Discovery: the port accepted a connection."""
    REFUSED = "refused"
    """The target answered RST."""
    FILTERED = "filtered"
    """An ICMP said so. Never a proof of absence: ICMP is rate limited."""
    TIMEOUT = "timeout"
    """Silence until the deadline, retries included."""
    RESET = "reset"
    """The connection was cut after it was made."""
    PROTOCOL_ERROR = "protocol-error"
    """Bytes came that are not of the protocol asked for."""
    GAVE_UP = "gave-up"
    """Too slow, too much, or hostile: stopped at our own bound."""
    RATE_LIMITED = "rate-limited"
    """The target said « too many »."""
    BANNED = "banned"
    """The prefix fell silent during the run: its sentinel no longer answers."""
    EGRESS_FILTERED = "egress-filtered"
    """Our own provider does not let this port out: the canary did not see it."""
    OUT_OF_SCOPE = "out-of-scope"
    """Not mandated: nothing was sent."""
    OUT_OF_WINDOW = "out-of-window"
    """Mandated, at another hour: nothing was sent."""
    UNDETERMINED = "undetermined"
    """Silence that proves nothing (UDP), or work that was cut short."""
    OK = "ok"
    """The probe measured what it is for."""


class State(enum.Enum):
    """Where a finding stands in its life."""

    NEW = "new"
    OPEN = "open"
    TO_CONFIRM = "to-confirm"
    FIXED = "fixed"
    REOPENED = "reopened"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    NOT_APPLICABLE = "not-applicable"


class Language(enum.Enum):
    """What users read."""

    FR = "fr"
    EN = "en"


class Wording(msgspec.Struct, frozen=True):
    """One sentence in both languages. ``{name}`` placeholders are filled by :meth:`say`."""

    fr: str
    en: str

    def say(self, language: Language, values: Mapping[str, str] | None = None) -> str:
        """Give the sentence; a placeholder without a value is a bug and raises ``KeyError``."""
        text = self.fr if language is Language.FR else self.en
        return text.format_map(values) if values else text


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where something was seen, or was to be measured. Absent fields do not apply."""

    establishment: str
    """Id in the inventory."""
    ip: str | None = None
    """Literal address, IPv4 dotted or compressed IPv6, never a name."""
    port: int | None = None
    transport: Transport | None = None
    hostname: str | None = None
    """Name used (SNI, Host), ASCII, lower case, without trailing dot."""
    forest: str | None = None
    domain: str | None = None
    dn: str | None = None

    def key(self) -> str:
        """Give the place as one string, the same for ever: exports and history agree on it."""
        transport = self.transport.value if self.transport else ""
        port = "" if self.port is None else str(self.port)
        named = (self.hostname, self.forest, self.domain, self.dn)
        parts = [
            self.establishment,
            self.ip or "",
            port,
            transport,
            *(part or "" for part in named),
        ]
        return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def fingerprint(check: str, place: Place) -> str:
    """Give the stable identity of a finding: 32 hex digits of SHA-256 over check and place."""
    return hashlib.sha256(f"{check}\n{place.key()}".encode()).hexdigest()[:32]


class Proof(msgspec.Struct, frozen=True):
    """What shows a verdict: the id of a wording that stands beside the check, and its values."""

    id: str
    values: dict[str, str] = {}


class Flagged(msgspec.Struct, frozen=True, tag="flagged"):
    """The fault is there.

    ``criticality`` replaces the default of the check when data says so (declared, known exploited);
    the reason then stands in a proof.
    """

    place: Place
    confidence: Confidence
    proofs: tuple[Proof, ...]
    criticality: Criticality | None = None
    levels: tuple[int, ...] = ()
    """Of a directory's control point: the levels whose threshold is not met, rising."""
    objects: tuple[str, ...] = ()
    """Of a directory: the names (DN) of all that is at fault, where the proofs tell the first."""


class NotMeasured(msgspec.Struct, frozen=True, tag="not-measured"):
    """The question was asked and could not be answered. Never the same as clean."""

    place: Place
    why: str
    """Id of a reason in :mod:`core.reasons`, with an optional ``: detail`` behind it."""


Verdict = Flagged | NotMeasured


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict of one check, as it is stored."""

    check: str
    verdict: Verdict
    at: datetime
    """UTC time of the observation it rests on."""


def reason(why: str, detail: str = "") -> str:
    """Give the ``why`` of a :class:`NotMeasured`, detail cut to one short line."""
    return f"{why}: {' '.join(detail.split())[:200]}" if detail else why
