"""``report.html``: one file that asks for nothing, needs no script, inert whatever it quotes."""

import base64
import functools
import hashlib
import re

import jinja2
from markupsafe import Markup

from core.knowledge.model import Knowledge
from core.model import Language
from core.results import Results, Scene
from reports.build import build
from reports.directory import DirectoryReport, build_directory
from reports.view import Report


def render_html(results: Results, scene: Scene, knowledge: Knowledge, language: Language) -> str:
    """Give the whole report as one HTML document; times are told in the time zone of the GHT.

    Pure: the same arguments give the same text. ``language`` is that of the fixed words; the
    sentences of the results are in the language they were worded in.
    """
    if results.directory is not None:
        told = build_directory(results, scene, knowledge, language)
        style = _style(told.tlp, told.title, told.words["page"])
        return _filled("directory.html.j2", told, told.words, style)
    view = build(results, scene, knowledge, language)
    style = _style(view.cover.tlp, view.cover.title, view.words["page"])
    return _filled("report.html.j2", view, view.words, style)


def _filled(name: str, view: Report | DirectoryReport, words: dict[str, str], style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The one style element is allowed by its hash: an injected style, script or form stays dead.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    template = _environment().get_template(name)
    # Markup: the style is ours, save the marking, that _style() brings down to plain characters.
    return template.render(report=view, t=words, policy=policy, style=Markup(style))  # noqa: S704


def _style(tlp: str, title: str, page: str) -> str:
    css = _environment().get_template("report.css.j2")
    marking = re.sub(r"[^A-Za-z0-9:+. -]", "", tlp)
    return css.render(marking=marking, title=title, page=page)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
