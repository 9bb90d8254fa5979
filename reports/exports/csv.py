"""``findings.csv``: one line a finding, that a French Excel opens right and never runs."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from core.model import Language, Wording
from core.results import Finding, Results
from reports.words import CONFIDENCE, CRITICALITY, STATE

_EXCEL_CELL = 32_000
"""Just under the 32,767 characters that a cell holds; Excel spills the rest into the next lines."""

# What spreadsheets take for a formula (OWASP, « CSV Injection »), full-width twins included.
_FORMULA = frozenset("=+-@\t\r＝＋－＠")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]")
_CUT = Wording("… [coupé, valeur entière dans findings.json]", "… [cut, whole in findings.json]")

_Column = tuple[Wording, Callable[[Finding, Language], str]]

_COLUMNS: tuple[_Column, ...] = (
    (Wording("Criticité", "Criticality"), lambda f, to: CRITICALITY[f.criticality].say(to)),
    (Wording("Certitude", "Confidence"), lambda f, to: CONFIDENCE[f.confidence].say(to)),
    (Wording("Constat", "Finding"), lambda f, _: f.title),
    (Wording("Établissement", "Establishment"), lambda f, _: f.asset.establishment),
    (Wording("Adresse IP", "IP address"), lambda f, _: f.asset.ip or ""),
    (Wording("Port", "Port"), lambda f, _: "" if f.asset.port is None else str(f.asset.port)),
    (
        Wording("Transport", "Transport"),
        lambda f, _: f.asset.transport.value if f.asset.transport else "",
    ),
    (Wording("Nom", "Name"), lambda f, _: f.asset.hostname or ""),
    (Wording("Forêt", "Forest"), lambda f, _: f.asset.forest or ""),
    (Wording("Domaine", "Domain"), lambda f, _: f.asset.domain or ""),
    (Wording("Objet d’annuaire", "Directory object"), lambda f, _: f.asset.dn or ""),
    (Wording("Preuves", "Evidence"), lambda f, _: " | ".join(f.evidence)),
    (Wording("Risque", "Risk"), lambda f, _: f.risk),
    (Wording("Correction", "Remedy"), lambda f, _: f.remedy),
    (Wording("Indicateurs CaRE", "CaRE indicators"), lambda f, _: ", ".join(f.care)),
    (Wording("Références", "References"), lambda f, _: ", ".join(f.references)),
    (Wording("État", "State"), lambda f, to: STATE[f.state].say(to)),
    (
        Wording("Première observation (UTC)", "First seen (UTC)"),
        lambda f, _: _iso(f.first_seen),
    ),
    (Wording("Dernière observation (UTC)", "Last seen (UTC)"), lambda f, _: _iso(f.last_seen)),
    (Wording("Porteur", "Owner"), lambda _, __: ""),
    (Wording("Échéance", "Due date"), lambda _, __: ""),
    (Wording("Contrôle", "Check"), lambda f, _: f.check),
    (Wording("Empreinte", "Fingerprint"), lambda f, _: f.fingerprint),
)


def to_csv(results: Results, language: Language) -> bytes:
    """Give the findings of a run."""
    return findings_csv(results.findings, language)


def findings_csv(findings: Iterable[Finding], language: Language) -> bytes:
    """Give findings in their order: UTF-8 with BOM, « ; », CRLF, all quoted, one header line.

    Dates are ISO 8601 with a space, which Excel reads as dates. A cell that a spreadsheet would
    take for a formula gets an apostrophe in front; controls and invisible characters go.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([heading.say(language) for heading, _ in _COLUMNS])
    for finding in findings:
        writer.writerow([cell(give(finding, language), language) for _, give in _COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def cell(text: str, language: Language = Language.FR) -> str:
    """Give a text as one cell: all visible, never a formula, no longer than Excel holds."""
    kept = _UNSEEN.sub("", _CONTROL.sub(" ", text[: _EXCEL_CELL + 1])).strip()
    if len(text) > _EXCEL_CELL:
        kept = kept[:_EXCEL_CELL] + _CUT.say(language)
    if kept and (kept[0] in _FORMULA or unicodedata.normalize("NFKC", kept[0])[0] in _FORMULA):
        return "'" + kept
    return kept


def _iso(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
