"""Where each key and item of a TOML text stands: ``tomllib`` gives values without their lines."""

import bisect
import re
import tomllib
from contextlib import suppress

Path = tuple[str | int, ...]
"""Keys, and indexes inside arrays: ``("establishments", 0, "ranges", 2)``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"""{1,3}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'''{1,3}")
_DEEPEST = 60
"""No inventory nests deeper; below that, lines are those of the outer value."""


class Lines:
    """The lines of one text, 1-based."""

    def __init__(self, found: dict[Path, int]) -> None:
        self._found = found

    def of(self, path: Path) -> int:
        """Give the line of a key or item, else of the nearest thing around it, else 1."""
        for length in range(len(path), 0, -1):
            line = self._found.get(path[:length])
            if line is not None:
                return line
        return 1

    def knows(self, path: Path) -> bool:
        """Tell whether this very path stands in the text."""
        return path in self._found


def locate(text: str) -> Lines:
    """Give the lines of a text that ``tomllib`` accepts; of any other, those found before the
    fault.
    """
    scan = _Scan(text)
    with suppress(_Lost):
        scan.document()
    return Lines(scan.found)


class _Lost(Exception):
    pass


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.ends = [index for index, char in enumerate(text) if char == "\n"]
        self.tables: dict[Path, int] = {}

    def document(self) -> None:
        here: Path = ()
        while True:
            self.skip(_BLANK)
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                here = self.header()
            else:
                self.pair(here, 0)
            self.skip(_SPACE)

    def header(self) -> Path:
        line = self.line()
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self.key()
        self.expect("]]" if many else "]")
        path: Path = ()
        for key in keys[:-1]:
            path = self.current((*path, key))
        path = (*path, keys[-1])
        if not many:
            path = self.current(path)
        else:
            self.found.setdefault(path, line)
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
        for length in range(1, len(path) + 1):
            self.found.setdefault(path[:length], line)
        return path

    def current(self, path: Path) -> Path:
        """Give the table meant by a path: the last one where it is an array of tables."""
        return (*path, self.tables[path]) if path in self.tables else path

    def pair(self, table: Path, depth: int) -> None:
        line = self.line()
        path = table
        for key in self.key():
            path = (*path, key)
            self.found.setdefault(path, line)
        self.expect("=")
        self.value(path, depth)

    def key(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            self.skip(_SPACE)
            start = self.text[self.at : self.at + 1]
            if start == '"':
                raw = self.take(_BASIC)
                try:
                    keys.append(str(tomllib.loads(f"k = {raw}")["k"]))
                except tomllib.TOMLDecodeError:
                    raise _Lost from None
            elif start == "'":
                keys.append(self.take(_LITERAL)[1:-1])
            else:
                keys.append(self.take(_BARE))
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return tuple(keys)
            self.at += 1

    def value(self, path: Path, depth: int) -> None:
        if depth > _DEEPEST:
            raise _Lost
        self.skip(_SPACE)
        start = self.text[self.at : self.at + 3]
        if start == '"""':
            self.take(_LONG_BASIC)
        elif start == "'''":
            self.take(_LONG_LITERAL)
        elif start[:1] == '"':
            self.take(_BASIC)
        elif start[:1] == "'":
            self.take(_LITERAL)
        elif start[:1] == "[":
            self.array(path, depth)
        elif start[:1] == "{":
            self.inline(path, depth)
        else:
            self.take(_SCALAR)

    def array(self, path: Path, depth: int) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip(_BLANK)
            if self.text.startswith("]", self.at):
                self.at += 1
                return
            self.found.setdefault((*path, index), self.line())
            before = self.at
            self.value((*path, index), depth + 1)
            index += 1
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith("]", self.at) or self.at == before:
                raise _Lost

    def inline(self, path: Path, depth: int) -> None:
        self.at += 1
        while True:
            self.skip(_BLANK)
            if self.text.startswith("}", self.at):
                self.at += 1
                return
            self.pair(path, depth + 1)
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith("}", self.at):
                raise _Lost

    def line(self) -> int:
        return bisect.bisect_left(self.ends, self.at) + 1

    def skip(self, pattern: "re.Pattern[str]") -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def take(self, pattern: "re.Pattern[str]") -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()
        return match[0]

    def expect(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _Lost
        self.at += len(mark)
