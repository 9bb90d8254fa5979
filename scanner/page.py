"""What a page says, read without trusting it: title, what it loads, text. Pure and linear."""

import html
import re

_TITLE = re.compile(r"<title(?:\s[^<>]{0,200})?>([^<]{0,1000})", re.IGNORECASE)
_TAG = re.compile(r"<(?:script|img|iframe|frame|form|link|input)\s([^<>]{1,1500})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?:^|[\s"'])(?:src|href|action)\s{0,3}=\s{0,3}"""
    r"""(?:"([^"<>]{1,500})"|'([^'<>]{1,500})'|([^\s"'<>]{1,500}))""",
    re.IGNORECASE,
)
_ICON = re.compile(r"""rel\s{0,3}=\s{0,3}["']?(?:shortcut )?icon["'\s>]""", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9_-]{3,20})", re.IGNORECASE)
# Codecs whose cost is linear; Python also knows « codecs » that inflate or that take squared time.
_CODEC = re.compile(
    r"(?:utf-?8|utf-?16(?:[lb]e)?|iso-?8859-?\d{1,2}|windows-?125\d|(?:us-)?ascii|latin-?1"
    r"|shift_jis|euc-(?:jp|kr)|gb(?:2312|k|18030)|big5|koi8-[ru])\Z",
    re.IGNORECASE,
)
_READ_CHARACTERS = 262_144
_ASSETS = 200


def decode(body: bytes, content_type: str) -> str:
    """Give a body as text: by its header, else its own ``charset``, else UTF-8; never raises."""
    told = _CHARSET.search(content_type) or _CHARSET.search(body[:2_048].decode("latin-1"))
    name = told[1] if told and _CODEC.match(told[1]) else "utf-8"
    try:
        return body.decode(name, errors="replace")
    except LookupError:
        return body.decode("latin-1")


def title_of(text: str) -> str:
    """Give the title, entities resolved, blanks folded, at most 200 characters; empty: none."""
    found = _TITLE.search(text, 0, _READ_CHARACTERS)
    return fold(html.unescape(found[1]))[:200] if found else ""


def assets_of(text: str) -> tuple[str, ...]:
    """Give what the page loads or sends to, in order, at most 200; comments do not count."""
    found: list[str] = []
    for tag in _TAG.finditer(without_comments(text[:_READ_CHARACTERS])):
        for attribute in _ATTRIBUTE.finditer(tag[1]):
            found.append(_value(attribute))
            if len(found) >= _ASSETS:
                return tuple(found)
    return tuple(found)


def icon_of(text: str) -> str | None:
    """Give the address of the icon that the page names."""
    for tag in _TAG.finditer(without_comments(text[:_READ_CHARACTERS])):
        if tag[0][:5].lower() == "<link" and _ICON.search(tag[0]):
            attribute = _ATTRIBUTE.search(tag[1])
            if attribute and "href" in attribute[0].lower():
                return _value(attribute)
    return None


def scripts_of(text: str) -> str:
    """Give the inline scripts, one after the other; what a page quotes is not among them."""
    bare = without_comments(text[:_READ_CHARACTERS])
    lower = bare.lower()
    kept: list[str] = []
    at = 0
    while (opens := lower.find("<script", at)) >= 0:
        starts = lower.find(">", opens)
        ends = lower.find("</script", starts)
        if starts < 0 or ends < 0:
            break
        kept.append(bare[starts + 1 : ends])
        at = ends
    return "\n".join(kept)


def fold(text: str) -> str:
    """Give text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _value(attribute: re.Match[str]) -> str:
    return html.unescape(attribute[1] or attribute[2] or attribute[3] or "").strip()


def without_comments(text: str) -> str:
    """Give a page without its HTML comments."""
    kept: list[str] = []
    at = 0
    while (opens := text.find("<!--", at)) >= 0:
        kept.append(text[at:opens])
        closes = text.find("-->", opens + 4)
        if closes < 0:
            return "".join(kept)
        at = closes + 3
    kept.append(text[at:])
    return "".join(kept)
