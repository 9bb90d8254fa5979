"""The grades of TLS endpoints in the report: drawn, told, inert."""

import msgspec

from core.model import Criticality, Language, Transport
from core.results import GradeReason, Results, TlsRow
from reports.render import render_html
from tests.reports.sample import KNOWLEDGE, SCENE, sample


def graded(*letters: str, **changes: object) -> Results:
    rows = tuple(
        TlsRow(
            establishment="chu-exemple",
            ip=f"203.0.113.{number}",
            port=443,
            transport=Transport.TCP,
            hostname="portail.chu.example",
            grade=letter,
            versions=("TLS1.0", "TLS1.2"),
            reasons=()
            if letter in "A?"
            else (
                GradeReason(
                    check="tls.tls1-0", title="TLS 1.0 accepté", criticality=Criticality.HIGH
                ),
            ),
            **changes,  # type: ignore[arg-type]
        )
        for number, letter in enumerate(letters, 1)
    )
    return msgspec.structs.replace(sample(Language.FR), tls=rows)


def page(found: Results, language: Language = Language.FR) -> str:
    return render_html(found, SCENE, KNOWLEDGE, language)


def test_no_endpoint_no_section() -> None:
    assert 'id="tls"' not in page(graded())


def test_the_worst_stand_first_with_their_reasons() -> None:
    text = page(graded("A", "D", "?", "C"))
    section = text[text.index('id="tls"') : text.index('id="detail"')]
    order = [section.index(f">{letter}</span>") for letter in ("D", "C", "?", "A")]
    assert order == sorted(order)
    assert section.count("TLS 1.0 accepté") == 2
    assert "aucun constat" in section
    assert section.count("<rect") == 4
    assert "at best" not in section


def test_at_best_is_said_in_both_languages() -> None:
    assert "au mieux" in page(graded("B", at_best=True))
    assert "at best" in page(graded("B", at_best=True), Language.EN)


def test_a_strange_letter_is_a_question_mark() -> None:
    text = page(graded('"><script>'))
    assert '"><script>' not in text
    assert ">?</span>" in text
