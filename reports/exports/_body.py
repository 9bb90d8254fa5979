"""What a ticket tells, in parts that each system writes in its own markup."""

import re

import msgspec

from core.model import Language, Wording
from core.results import Asset, Finding
from reports.exports.tracker import Ticket
from reports.text import inert
from reports.words import CONFIDENCE, CRITICALITY

_LINE = 600
_PROOFS = 12
_ESTABLISHMENT = Wording("Établissement : {value}", "Establishment: {value}")
_CRITICALITY = Wording("Criticité : {value}", "Criticality: {value}")
_DUE = Wording("À corriger avant le {value}", "To be fixed by {value}")
_PLACE = Wording("Où : {value}", "Where: {value}")
_CONFIDENCE = Wording("Certitude : {value}", "Confidence: {value}")
_PROOF = Wording("Preuve : {value}", "Evidence: {value}")
_RISK = Wording("Risque : {value}", "Risk: {value}")
_REMEDY = Wording("Correction : {value}", "Remedy: {value}")
_SOURCES = Wording("Références : {value}", "References: {value}")
_LEFT = Wording(
    "{value} autres constats de la même cause ne tiennent pas ici",
    "{value} more findings of the same cause do not fit here",
)
_REFERENCE = Wording(
    "Référence Vigie (à conserver) : {value}", "Vigie reference (please keep): {value}"
)


class Part(msgspec.Struct, frozen=True):
    """A heading and its lines: plain text, on one line each, foreign words in it made inert."""

    heading: str
    lines: tuple[str, ...]


def parts(ticket: Ticket, *, most_characters: int) -> tuple[Part, ...]:
    """Give the summary, which holds our reference, then one part a finding while they fit."""
    to = ticket.language
    summary = [
        _REFERENCE.say(to, {"value": ticket.reference}),
        _ESTABLISHMENT.say(to, {"value": inert(ticket.establishment_name, to)}),
        _CRITICALITY.say(to, {"value": CRITICALITY[ticket.criticality].say(to)}),
    ]
    if ticket.due_on:
        summary.append(_DUE.say(to, {"value": ticket.due_on}))
    told = [Part("Vigie", tuple(summary))]
    room = most_characters - _size(told[0]) - 200
    for index, finding in enumerate(ticket.findings):
        part = _part(finding, to)
        if index and _size(part) > room:
            left = str(len(ticket.findings) - index)
            told.append(Part("…", (_LEFT.say(to, {"value": left}),)))
            break
        room -= _size(part)
        told.append(part)
    return tuple(told)


def _part(finding: Finding, to: Language) -> Part:
    lines = [
        _PLACE.say(to, {"value": inert(place_of(finding.asset), to)}),
        _CRITICALITY.say(to, {"value": CRITICALITY[finding.criticality].say(to)}),
        _CONFIDENCE.say(to, {"value": CONFIDENCE[finding.confidence].say(to)}),
    ]
    for proof in finding.evidence[:_PROOFS]:
        lines.append(_PROOF.say(to, {"value": inert(proof, to, _LINE)}))
    if finding.risk:
        lines.append(_RISK.say(to, {"value": inert(finding.risk, to, _LINE)}))
    if finding.remedy:
        lines.append(_REMEDY.say(to, {"value": inert(finding.remedy, to, _LINE)}))
    if finding.references:
        sources = ", ".join(finding.references)
        lines.append(_SOURCES.say(to, {"value": inert(sources, to, _LINE)}))
    return Part(inert(finding.title, to), tuple(lines))


def place_of(asset: Asset) -> str:
    """Give where a finding is, in the trade's shorthand."""
    if asset.forest or asset.domain:
        return " ".join(part for part in (asset.domain or asset.forest, asset.dn) if part)
    host = " ".join(part for part in (asset.ip, asset.hostname) if part)
    if asset.port is None:
        return host
    return f"{host} {asset.transport.value if asset.transport else 'tcp'}/{asset.port}"


def as_text(told: tuple[Part, ...], *, most_characters: int) -> str:
    """Give them as plain text, cut as a field demands; our reference is at its head."""
    text = "\n\n".join("\n".join((part.heading, *part.lines)) for part in told)
    return text if len(text) <= most_characters else text[: most_characters - 1] + "…"


def plain_lines(text: str, language: Language) -> list[str]:
    """Give the lines of a note of ours, each inert."""
    return [inert(line, language, 4 * _LINE) for line in text.split("\n")]


def marked(text: str, mark: str) -> str:
    """Give a note with its mark, which stands last where the text does not hold it."""
    return text if not mark or has_mark(text, mark) else f"{text}\n[{mark}]"


def has_mark(text: str, mark: str) -> bool:
    """Tell whether a mark stands in a text whole: the first is not the twelfth."""
    return bool(mark) and re.search(rf"{re.escape(mark)}(?![0-9A-Za-z])", text) is not None


def title_of(ticket: Ticket, *, most_characters: int, tag: str = "") -> str:
    """Give the title on one line, as long as a field takes, its tag whole at the end."""
    room = most_characters - (len(tag) + 1 if tag else 0)
    title = inert(ticket.title, ticket.language, 4 * most_characters) or ticket.reference
    kept = title if len(title) <= room else title[: room - 1].rstrip() + "…"
    return f"{kept} {tag}" if tag else kept


def _size(part: Part) -> int:
    return len(part.heading) + sum(len(line) + 8 for line in part.lines)
