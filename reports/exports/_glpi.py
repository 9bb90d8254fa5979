"""What both programming interfaces of GLPI share: its scales, its states, its HTML."""

import html
import re
from collections.abc import Mapping

import msgspec

from core.model import Criticality, Language, Wording
from reports.exports._body import Part, has_mark, parts, plain_lines, title_of
from reports.exports.tracker import Aim, Rejected, Ticket

SOLVED = 5
CLOSED = 6
ASSIGNED = 2
STATES: Mapping[int, Wording] = {
    1: Wording("nouveau", "new"),
    2: Wording("en cours (attribué)", "processing (assigned)"),
    3: Wording("en cours (planifié)", "processing (planned)"),
    4: Wording("en attente", "pending"),
    5: Wording("résolu", "solved"),
    6: Wording("clos", "closed"),
}

_TITLE_LIMIT = 255
_CONTENT_LIMIT = 60_000
# glpi_tickets.content is a longtext, but mails of notifications and PHP's own limits are not.
_SCALE = re.compile(r"([1-5])(?:\s*/\s*([1-5]))?\Z")
_DEFAULT = {
    Criticality.CRITICAL: (5, 5),
    Criticality.HIGH: (4, 4),
    Criticality.MEDIUM: (3, 3),
    Criticality.LOW: (2, 2),
    Criticality.INFO: (1, 1),
}
OURS = frozenset({"id", "name", "content", "entities_id", "externalid", "priority", "status"})
_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]{1,32};)")
# Notification tags (##ticket.title##) and Twig (templates of follow-ups) stay dead text.
_MACRO = re.compile(r"(?<=#)(?=#)|(?<=\{)(?=[{%#])|(?<=[}%#])(?=\})")
_BAD_SCALE = Wording(
    "priorité « {value} » : écrivez urgence/impact, de 1 à 5, par exemple 5/4",
    "priority “{value}”: write urgency/impact, from 1 to 5, for instance 5/4",
)
_OUR_FIELD = Wording(
    "champ « {value} » : Vigie l'écrit elle-même, retirez-le de la configuration",
    "field “{value}”: Vigie writes it itself, remove it from the configuration",
)

NO_ENTITY = Wording(
    "entité GLPI « {value} » inconnue, ou hors de portée de ce compte",
    "GLPI entity “{value}” is unknown, or out of this account’s reach",
)


def scale(criticality: Criticality, aim: Aim, language: Language) -> tuple[int, int]:
    """Give urgency and impact; GLPI derives the priority from its own matrix."""
    told = aim.priorities.get(criticality.value)
    if told is None:
        return _DEFAULT[criticality]
    found = _SCALE.match(told.strip())
    if found is None:
        raise Rejected(_BAD_SCALE.say(language, {"value": told}))
    urgency = int(found[1])
    return urgency, int(found[2] or urgency)


def more_fields(aim: Aim, language: Language, ours: frozenset[str] = OURS) -> dict[str, str | int]:
    """Give the configured fields; what is a whole number is sent as one."""
    for name in aim.fields:
        if name in ours:
            raise Rejected(_OUR_FIELD.say(language, {"value": name}))
    return {name: number_or_text(value) for name, value in aim.fields.items()}


def number_or_text(value: str) -> str | int:
    """Give ``"12"`` as 12."""
    is_number = value.isascii() and value.isdecimal() and len(value) < 10
    return int(value) if is_number else value


def title(ticket: Ticket, *, tag: str = "") -> str:
    """Give a title for a plain text field of 255 characters, without anything like markup."""
    # GLPI stored titles encoded until 11, and told encoded from plain by looking at them.
    dead = ticket.title.replace("<", "‹").replace(">", "›")
    dead = _ENTITY.sub("＆", _MACRO.sub(" ", dead))
    return title_of(
        msgspec.structs.replace(ticket, title=dead), most_characters=_TITLE_LIMIT, tag=tag
    )


def content(ticket: Ticket) -> str:
    """Give the description: HTML of ours, foreign text escaped."""
    return "".join(_html(part) for part in parts(ticket, most_characters=_CONTENT_LIMIT))


def note_html(text: str, language: Language) -> str:
    """Give a note: one paragraph a line."""
    return "".join(f"<p>{_dead(line)}</p>" for line in plain_lines(text, language) if line)


def _html(part: Part) -> str:
    lines = "".join(f"<li>{_dead(line)}</li>" for line in part.lines)
    return f"<p><strong>{_dead(part.heading)}</strong></p><ul>{lines}</ul>"


def _dead(text: str) -> str:
    return html.escape(_MACRO.sub(" ", text))


def holds(text: str, mark: str) -> bool:
    """Tell whether a stored text holds a mark, however often it was encoded on its way."""
    return has_mark(text, mark) or has_mark(html.unescape(html.unescape(text)), mark)


def state(status: int, language: Language) -> str:
    """Give a status in GLPI's words."""
    worded = STATES.get(status)
    return worded.say(language) if worded else str(status)


def web(options: Mapping[str, str]) -> str:
    """Give the address that people use, with its final slash; empty where it is not told."""
    base = options.get("web", "").rstrip("/")
    return f"{base}/" if base else ""
