"""The page that a ticket carries: its findings in one file that loads and runs nothing.

French or English, as the ticket is. What it quotes is foreign: escaped, and made inert.
"""

import base64
import functools
import hashlib
from datetime import date, datetime

import jinja2
import msgspec
from markupsafe import Markup

from core.model import Language, Wording
from core.results import Finding
from reports.exports._body import place_of
from reports.exports.tracker import Ticket
from reports.text import Clock, inert
from reports.words import CONFIDENCE, CRITICALITY, TLP

_MOST_CHARACTERS = 300_000
"""Of what is told, each of which may take five once escaped: PHP takes 2 MB by default."""
_LINE = 2_000
_PROOFS = 50
_STYLE = (
    "body{margin:2rem auto;max-width:56rem;padding:0 1rem;color:#1c2733;background:#fff;"
    'font:1rem/1.5 "Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}'
    "h1{font-size:1.6rem;color:#14304f}h2{font-size:1.15rem;color:#14304f;"
    "border-bottom:2px solid #14304f;padding-bottom:.3rem}"
    "dl{display:grid;grid-template-columns:12rem 1fr;gap:.3rem 1rem}"
    "dt{color:#4f5d6b}dd{margin:0}dd,h1,h2{overflow-wrap:anywhere}"
    ".tlp{background:#fff3ef;border-left:4px solid #8c1527;padding:.6rem 1rem}"
    "footer{color:#4f5d6b;border-top:1px solid #d5dbe1}"
)
_ESTABLISHMENT = Wording("Établissement", "Establishment")
_REFERENCE = Wording("Référence Vigie", "Vigie reference")
_CRITICALITY = Wording("Criticité", "Criticality")
_CONFIDENCE = Wording("Certitude", "Confidence")
_DUE = Wording("À corriger avant le", "To be fixed by")
_COUNT = Wording("Constats", "Findings")
_PLACE = Wording("Où", "Where")
_PROOF = Wording("Preuve", "Evidence")
_RISK = Wording("Risque", "Risk")
_REMEDY = Wording("Correction", "Remedy")
_SOURCES = Wording("Références", "References")
_CARE = Wording("Points du programme CaRE", "Points of the CaRE programme")
_FIRST = Wording("Vu pour la première fois", "First seen")
_LAST = Wording("Vu pour la dernière fois", "Last seen")
_LEFT = Wording(
    "Constats de la même cause qui ne tiennent pas ici : {count}.",
    "Findings of the same cause that do not fit here: {count}.",
)
_STANDS = Wording(
    "État au {at}. Ce qui change ensuite est dit dans les suivis du ticket.",
    "As of {at}. What changes later is told in the follow-ups of the ticket.",
)

_Facts = tuple[tuple[str, str], ...]


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    facts: _Facts


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    lang: str
    title: str
    tlp: str
    tlp_meaning: str
    facts: _Facts
    findings: tuple[_Told, ...]
    left: str
    stands: str


def ticket_page(ticket: Ticket, *, at: datetime, timezone: str) -> bytes:
    """Give the page as UTF-8; times are told in ``timezone``, an IANA name.

    What is of a directory is marked TLP:RED, as its report is; all else TLP:AMBER+STRICT.
    """
    to = ticket.language
    clock = Clock(timezone, to)
    told: list[_Told] = []
    room = _MOST_CHARACTERS
    for finding in ticket.findings:
        one = _Told(title=inert(finding.title, to), facts=_facts(finding, to, clock))
        room -= len(one.title) + sum(len(name) + len(value) for name, value in one.facts)
        if told and room < 0:
            break
        told.append(one)
    is_directory = any(one.check.startswith("ad.") for one in ticket.findings)
    marking = "RED" if is_directory else "AMBER+STRICT"
    summary = [
        (_ESTABLISHMENT.say(to), inert(ticket.establishment_name, to)),
        (_CRITICALITY.say(to), CRITICALITY[ticket.criticality].say(to)),
        (_COUNT.say(to), str(len(ticket.findings))),
        (_REFERENCE.say(to), ticket.reference),
    ]
    if ticket.due_on:
        summary.insert(2, (_DUE.say(to), clock.day(date.fromisoformat(ticket.due_on))))
    left = len(ticket.findings) - len(told)
    page = _Page(
        lang=to.value,
        title=inert(ticket.title, to) or ticket.reference,
        tlp=f"TLP:{marking}",
        tlp_meaning=TLP[marking].say(to),
        facts=tuple(summary),
        findings=tuple(told),
        left=_LEFT.say(to, {"count": str(left)}) if left else "",
        stands=_STANDS.say(to, {"at": _moment(at, clock)}),
    )
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # Markup: the style is a constant of ours.
    text = _template().render(page=page, policy=policy, style=Markup(_STYLE))  # noqa: S704
    return text.encode(errors="replace")


def _facts(finding: Finding, to: Language, clock: Clock) -> _Facts:
    facts = [
        (_PLACE.say(to), inert(place_of(finding.asset), to)),
        (_CRITICALITY.say(to), CRITICALITY[finding.criticality].say(to)),
        (_CONFIDENCE.say(to), CONFIDENCE[finding.confidence].say(to)),
        *((_PROOF.say(to), inert(one, to, _LINE)) for one in finding.evidence[:_PROOFS]),
        (_RISK.say(to), inert(finding.risk, to, _LINE)),
        (_REMEDY.say(to), inert(finding.remedy, to, _LINE)),
        (_FIRST.say(to), _moment(finding.first_seen, clock)),
        (_LAST.say(to), _moment(finding.last_seen, clock)),
        (_CARE.say(to), inert(", ".join(finding.care), to, _LINE)),
        (_SOURCES.say(to), inert(", ".join(finding.references), to, _LINE)),
    ]
    return tuple((name, value) for name, value in facts if value)


def _moment(at: datetime, clock: Clock) -> str:
    return f"{clock.moment(at)} ({clock.zone_name})"


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("ticket.html.j2")
