"""What is written in a mail: counts, establishments and criticalities, and nothing more.

Mail travels in clear: no address, no proof, no name of a machine. Details are for the attachment
that is encrypted.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence

import jinja2
import msgspec

from core.model import Criticality, Language, Wording
from core.news import CHANGED, STANDING, Item, News
from reports.text import Clock, inert, number, typeset
from reports.words import CRITICALITY

_TLP = {"exposure": "TLP:AMBER+STRICT", "directory": "TLP:RED"}
_SECTIONS = {
    "new": Wording("Nouveaux constats", "New findings"),
    "reopened": Wording("Constats rouverts", "Findings reopened"),
    "graver": Wording("Constats aggravés", "Findings that became graver"),
    "to-confirm": Wording("Constats à confirmer", "Findings to be confirmed"),
    "fixed": Wording("Constats corrigés", "Findings fixed"),
    "overdue": Wording("Échéance dépassée", "Overdue"),
    "expiring": Wording("Acceptations qui expirent bientôt", "Acceptances that expire soon"),
    "unmeasured": Wording(
        "Constats ouverts qui n'ont pas pu être remesurés (ils restent ouverts)",
        "Open findings that could not be measured again (they stay open)",
    ),
}
_SHORT = {
    "new": (Wording("{n} nouveau", "{n} new"), Wording("{n} nouveaux", "{n} new")),
    "reopened": (Wording("{n} rouvert", "{n} reopened"), Wording("{n} rouverts", "{n} reopened")),
    "graver": (Wording("{n} aggravé", "{n} graver"), Wording("{n} aggravés", "{n} graver")),
    "to-confirm": (
        Wording("{n} à confirmer", "{n} to confirm"),
        Wording("{n} à confirmer", "{n} to confirm"),
    ),
    "fixed": (Wording("{n} corrigé", "{n} fixed"), Wording("{n} corrigés", "{n} fixed")),
    "overdue": (
        Wording("{n} en retard", "{n} overdue"),
        Wording("{n} en retard", "{n} overdue"),
    ),
    "expiring": (
        Wording("{n} acceptation à revoir", "{n} acceptance to review"),
        Wording("{n} acceptations à revoir", "{n} acceptances to review"),
    ),
    "unmeasured": (
        Wording("{n} non remesuré", "{n} not measured again"),
        Wording("{n} non remesurés", "{n} not measured again"),
    ),
}
_TITLES = {
    "digest": Wording("Bilan de surveillance de {ght}", "Watch digest of {ght}"),
    "alert": Wording("Alerte pour {ght}", "Alert for {ght}"),
    "mandate": Wording("Fin de mandat pour {ght}", "Mandate ending for {ght}"),
    "test": Wording("Message d'essai pour {ght}", "Test message for {ght}"),
}
_LEADS = {
    "alert": Wording(
        "Des constats appellent une action immédiate, par leur criticité ou parce que la faille "
        "est activement exploitée.",
        "Findings call for immediate action: for how grave they are, or because the flaw is being "
        "exploited.",
    ),
    "test": Wording(
        "Ce message montre que Vigie peut vous écrire. Rien d'autre n'est à en retenir.",
        "This message shows that Vigie can write to you. There is nothing else to it.",
    ),
    "mandate": Wording(
        "Le mandat prend fin le {day} ({left}). Sans nouveau mandat, plus rien n'est mesuré "
        "ensuite ; ce qui est ouvert le reste.",
        "The mandate ends on {day} ({left}). Without a new one, nothing is measured afterwards; "
        "what is open stays open.",
    ),
}
_PARTIAL = Wording(
    "L'exécution n'a pas tout mesuré ; ce qui n'a pas été mesuré n'est pas déclaré corrigé.",
    "The run did not measure everything; what was not measured is not called fixed.",
)
_EXPLOITED = Wording("dont {n} à faille exploitée", "of which {n} with an exploited flaw")
_ATTACHED = {
    "sealed": Wording(
        "Le rapport complet est joint, chiffré.", "The whole report is attached, encrypted."
    ),
    "clear": Wording(
        "Le rapport complet est joint, en clair, sur décision de l'opérateur.",
        "The whole report is attached, in clear, as the operator decided.",
    ),
    "large": Wording(
        "Le rapport complet est trop volumineux pour un courriel ; demandez-le à l'opérateur.",
        "The whole report is too large for a mail; ask the operator for it.",
    ),
    "": Wording(
        "Les détails sont auprès de l'opérateur de Vigie ; ils ne voyagent pas en clair.",
        "The details are with the operator of Vigie; they do not travel in clear.",
    ),
}


class Row(msgspec.Struct, frozen=True):
    """One establishment of a section."""

    who: str
    counts: str


class Section(msgspec.Struct, frozen=True):
    """One kind of thing told."""

    title: str
    rows: tuple[Row, ...]


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """One message, in words."""

    language: str
    subject: str
    title: str
    lead: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    marking: str


def marking(news: News) -> str:
    """Give the traffic light that stands in the subject."""
    return _TLP[news.run_kind]


def digest(news: News, language: Language, timezone: str, attached: str = "") -> Digest:
    """Give the words of a message; ``attached``: ``sealed``, ``clear``, ``large`` or nothing."""
    ght = inert(news.ght_name, language, 80)
    title = _TITLES[news.kind].say(language, {"ght": ght})
    lead = _lead(news, language, timezone)
    notes = [] if news.is_complete else [_PARTIAL.say(language)]
    if news.kind in {"digest", "alert"}:
        notes.append(_ATTACHED[attached].say(language))
    short = _short(news, language)
    colon = " : " if language is Language.FR else ": "
    return Digest(
        language=language.value,
        subject=f"[{marking(news)}] Vigie - {title}{colon + short if short else ''}",
        title=typeset(title, language),
        lead=typeset(lead, language),
        sections=tuple(
            Section(typeset(_SECTIONS[what].say(language), language), _rows(news, told, language))
            for what in (*CHANGED, *STANDING)
            if (told := [one for one in news.items if one.what == what])
        ),
        notes=tuple(typeset(one, language) for one in notes),
        marking=marking(news),
    )


def as_text(told: Digest) -> str:
    """Give the message as plain text."""
    parts = [told.marking, told.title, told.lead]
    for section in told.sections:
        rows = [f"- {row.who} — {row.counts}" for row in section.rows]
        parts.append("\n".join([section.title, *rows]))
    parts += [*told.notes, told.marking]
    return "\n\n".join(filter(None, parts)) + "\n"


def as_html(told: Digest) -> str:
    """Give the message as one HTML document that asks for nothing."""
    return _environment().get_template("digest.html.j2").render(digest=told)


def _lead(news: News, language: Language, timezone: str) -> str:
    if news.kind == "mandate" and news.mandate is not None:
        left = news.mandate.days
        days = "jours" if language is Language.FR else "days"
        day = days[:-1] if left < 2 else days
        values = {
            "day": Clock(timezone, language).day(news.mandate.ends_on),
            "left": f"{left} {day}",
        }
        names = ", ".join(_name(news, one, language) for one in news.mandate.establishments[:20])
        lead = _LEADS["mandate"].say(language, values)
        return f"{names} — {lead}" if names else lead
    return _LEADS[news.kind].say(language) if news.kind in _LEADS else ""


def _short(news: News, language: Language) -> str:
    counts = Counter(one.what for one in news.items)
    return ", ".join(
        _SHORT[what][counts[what] > 1].say(language, {"n": number(counts[what], language)})
        for what in (*CHANGED, *STANDING)
        if counts[what]
    )


def _rows(news: News, items: Sequence[Item], language: Language) -> tuple[Row, ...]:
    by: dict[str, list[Item]] = {}
    for one in items:
        by.setdefault(one.establishment, []).append(one)
    return tuple(
        Row(_name(news, who, language), _counts(told, language))
        for who, told in sorted(by.items(), key=lambda pair: _weight(pair[1]), reverse=True)
    )


def _weight(items: Iterable[Item]) -> tuple[int, ...]:
    gravities = Counter(one.gravity for one in items)
    return tuple(gravities[step] for step in reversed(range(len(Criticality))))


def _counts(items: Sequence[Item], language: Language) -> str:
    gravities = Counter(one.gravity for one in items)
    said = [
        _counted(criticality, gravities[step], language)
        for step, criticality in reversed(list(enumerate(Criticality)))
        if gravities[step]
    ]
    exploited = sum(one.exploited for one in items)
    if exploited:
        said.append(_EXPLOITED.say(language, {"n": number(exploited, language)}))
    return ", ".join(said)


def _counted(criticality: Criticality, count: int, language: Language) -> str:
    word = CRITICALITY[criticality].say(language)
    plural = "s" if language is Language.FR and count > 1 else ""
    return f"{number(count, language)} {word}{plural}"


def _name(news: News, establishment: str, language: Language) -> str:
    return inert(news.names.get(establishment, establishment), language, 80)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
