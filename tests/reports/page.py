"""Reads a rendered report back, as a parser sees it."""

from html.parser import HTMLParser

_VOID = {"meta", "br", "rect", "link", "img", "input", "hr", "base"}


class Page(HTMLParser):
    """The elements, attributes and text of a document; ``faults`` are tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.faults: list[str] = []
        self.headings: list[int] = []
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if len({name for name, _ in attrs}) != len(attrs):
            self.faults.append(f"attribute twice: {tag}")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element of SVG that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that what closes is what was open."""
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"closed out of order: {tag}")

    def handle_data(self, data: str) -> None:
        """Keep text, apart from the style sheet."""
        if self._open and self._open[-1] == "style":
            self.style += data
        elif data.strip():
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is read, in order."""
        return " ".join(self.texts)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of each element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def shape(self) -> set[tuple[str, tuple[str, ...]]]:
        """Give which elements carry which attributes, whatever their values."""
        return {(tag, tuple(sorted(attributes))) for tag, attributes in self.elements}
