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
from reports.view import Report


def render_html(results: Results, scene: Scene, knowledge: Knowledge, language: Language) -> str:
    """Give the whole report as one HTML document; times are told in the time zone of the GHT.

    Pure: the same arguments give the same text. ``language`` is that of the fixed words; the
    sentences of the results are in the language they were worded in.
    """
    view = build(results, scene, knowledge, language)
    style = _style(view)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The one style element is allowed by its hash: an injected style, script or form stays dead.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    template = _environment().get_template("report.html.j2")
    # Markup: the style is ours, save the marking, that _style() brings down to plain characters.
    return template.render(report=view, t=view.words, policy=policy, style=Markup(style))  # noqa: S704


def _style(view: Report) -> str:
    css = _environment().get_template("report.css.j2")
    marking = re.sub(r"[^A-Za-z0-9:+. -]", "", view.cover.tlp)
    return css.render(marking=marking, title=view.cover.title, page=view.words["page"])


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
