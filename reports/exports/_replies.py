"""What an answer of a ticketing system means: read into a type, or told as an error."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from core.model import Language, Wording
from reports.exports.tracker import Denied, NotDone, Rejected, Reply, TrackerError, Unsure
from reports.text import inert

Read = TypeVar("Read")

_SAID_LIMIT = 400
_LONGEST_WAIT_S = 86_400.0
_REDIRECTED = Wording(
    "le serveur renvoie ailleurs ({status}) : rien n'a été fait. Donnez dans la configuration "
    "l'adresse finale, en https",
    "the server redirects ({status}): nothing was done. Configure the final address, with https",
)
_TURNED_INTO_READ = Wording(
    "le serveur a répondu {status} à une écriture comme à une lecture : une redirection l'a "
    "changée (http vers https, le plus souvent). Rien n'a été écrit : donnez l'adresse finale, en "
    "https",
    "the server answered {status} to a write as to a read: a redirect changed it (http to https, "
    "most often). Nothing was written: configure the final address, with https",
)
_GARBLED = Wording(
    "réponse illisible ({status}) : vérifiez que l'adresse est celle de l'interface REST",
    "unreadable answer ({status}): check that the address is the REST interface’s",
)


def language_of(options: Mapping[str, str]) -> Language:
    """Give the language in which errors are told: option ``language``, French by default."""
    return Language.EN if options.get("language") == Language.EN.value else Language.FR


def listed(text: str) -> frozenset[str]:
    """Give the values of a comma separated option."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def shown(text: str, language: Language) -> str:
    """Give what a server said, fit for a log line."""
    return inert(text, language, _SAID_LIMIT)


def failure(reply: Reply, said: str, *, changes: bool, language: Language) -> TrackerError:
    """Give the error that a status stands for, where the system's own rules say nothing finer.

    A server error may come after the change was made (a proxy that gave up, a hook that failed):
    it is never taken for « nothing was done ».
    """
    status = reply.status
    told = f"HTTP {status}" + (f" : {shown(said, language)}" if said.strip() else "")
    if 300 <= status < 400:
        return Denied(_REDIRECTED.say(language, {"status": str(status)}))
    if status in {401, 403, 407}:
        return Denied(told)
    if status in {409, 412, 423, 425, 429}:
        return NotDone(told, after_s=asked_to_wait(reply))
    if status >= 500 or status == 408 or status < 200:
        return Unsure(told) if changes else NotDone(told, after_s=asked_to_wait(reply))
    return Rejected(told)


def garbled(reply: Reply, *, changes: bool, language: Language) -> TrackerError:
    """Give the error of an answer that is not what it should be."""
    told = _GARBLED.say(language, {"status": str(reply.status)})
    return Unsure(told) if changes else NotDone(told)


def turned_into_read(reply: Reply, language: Language) -> TrackerError:
    """Give the error of a write answered as a read is."""
    return Denied(_TURNED_INTO_READ.say(language, {"status": str(reply.status)}))


def decoded(reply: Reply, kind: type[Read], *, changes: bool, language: Language) -> Read:
    """Give the body as what it must be, ``"5"`` read as 5; raises :func:`garbled`."""
    try:
        return msgspec.json.decode(reply.body, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise garbled(reply, changes=changes, language=language) from error


def asked_to_wait(reply: Reply) -> float:
    """Give the seconds of ``Retry-After`` (RFC 9110, 10.2.3), at most a day; 0: it says none."""
    told = reply.headers.get("retry-after", "").strip()[:64]
    if told.isascii() and told.isdecimal():
        return min(float(told), _LONGEST_WAIT_S)
    try:
        then = parsedate_to_datetime(told)
    except (ValueError, IndexError, TypeError, OverflowError):
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return min(max(0.0, (then - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT_S)


def total_of(reply: Reply) -> int | None:
    """Give the total of a ``Content-Range: 0-49/120``; ``None`` where there is none."""
    total = reply.headers.get("content-range", "").rpartition("/")[2].strip()
    return int(total) if total.isascii() and total.isdecimal() and len(total) < 10 else None


def last_segment(location: str) -> str:
    """Give what ends the path of a ``Location``."""
    try:
        return urlsplit(location).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""
