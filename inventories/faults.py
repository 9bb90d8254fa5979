"""What is wrong in a file, gathered and told all at once, and the reader that gathers it."""

import difflib
from collections.abc import Mapping
from datetime import date, datetime
from typing import cast

import msgspec

from core.model import Language, Wording
from inventories.addresses import dotted, shown
from inventories.toml_lines import Lines, Path


class Fault(msgspec.Struct, frozen=True):
    """One thing to change in a file."""

    line: int
    wording: Wording
    follows: bool = False
    """It may only be the consequence of another fault (something missing, or not found elsewhere).
    """

    def say(self, file: str, language: Language) -> str:
        """Give « file:line: sentence »."""
        return f"{file}:{self.line}: {self.wording.say(language)}"


class Faults:
    """Those of one file, as they are found."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.found: list[Fault] = []

    def add(self, path: Path, fr: str, en: str, *, follows: bool = False) -> None:
        """Note a fault at a key or item."""
        self.found.append(Fault(self.lines.of(path), Wording(fr, en), follows))

    def sorted(self) -> tuple[Fault, ...]:
        """Give them in line order, each once."""
        return tuple(dict.fromkeys(sorted(self.found, key=lambda fault: fault.line)))


_SUGGESTIONS = 200
"""Unknown keys of one table that are compared with the right ones: a hostile file has thousands."""

_KINDS: Mapping[type, Wording] = {
    str: Wording(
        'un texte entre guillemets, par exemple "…"', 'a text between quotes, such as "…"'
    ),
    int: Wording("un nombre entier, sans guillemets", "a whole number, without quotes"),
    bool: Wording("true ou false, sans guillemets", "true or false, without quotes"),
    date: Wording(
        "une date AAAA-MM-JJ sans guillemets, par exemple 2026-12-31",
        "a date YYYY-MM-DD without quotes, such as 2026-12-31",
    ),
    list: Wording('une liste entre crochets, par exemple ["…", "…"]', 'a list such as ["…", "…"]'),
    dict: Wording("une table", "a table"),
}


class Table:
    """One table of a file. Asking for a key says that it is known; :meth:`close` reports the
    others.
    """

    def __init__(self, faults: Faults, path: Path, values: Mapping[str, object]) -> None:
        self.faults = faults
        self.path = path
        self._values = values
        self._known: list[str] = []

    def at(self, *path: str | int) -> Path:
        """Give the path of a key of this table."""
        return (*self.path, *path)

    def has(self, key: str) -> bool:
        """Tell whether the key stands in the table, whatever its value."""
        return key in self._values

    def names(self) -> tuple[str, ...]:
        """Give the keys, in file order."""
        return tuple(self._values)

    def raw(self, key: str) -> object:
        """Give a value as it is, ``None`` when absent."""
        self._known.append(key)
        return self._values.get(key)

    def close(self) -> None:
        """Report the keys that nobody asked for, each with the nearest right one."""
        unknown = [key for key in self._values if key not in self._known]
        for number, key in enumerate(unknown):
            near: list[str] = []
            if number < _SUGGESTIONS:
                near = difflib.get_close_matches(key.lower()[:64], self._known, n=1, cutoff=0.6)
            hint_fr = (
                f"écrire « {near[0]} »" if near else f"clés admises : {', '.join(self._known)}"
            )
            hint_en = f"write “{near[0]}”" if near else f"keys admitted: {', '.join(self._known)}"
            self.faults.add(
                self.at(key),
                f"clé inconnue « {shown(key)} » ; {hint_fr}",
                f"unknown key “{shown(key)}”; {hint_en}",
            )

    def text(self, key: str, *, required: bool = False, example: str = "") -> str:
        """Give a text, stripped; ``""`` when absent or faulty."""
        value = self.raw(key)
        if isinstance(value, str) and (value.strip() or not required):
            return value.strip()
        if value is None or isinstance(value, str):
            if required:
                self.missing(key, f'"{example}"' if example else '"…"')
            return ""
        self.wrong_type(key, value, str)
        return ""

    def flag(self, key: str) -> bool:
        """Give a truth value; false when absent or faulty."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.wrong_type(key, value, bool)
        return value is True

    def number(self, key: str) -> int | None:
        """Give a whole number; ``None`` when absent or faulty."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.wrong_type(key, value, int)
        return None

    def day(self, key: str, *, required: bool = False) -> date | None:
        """Give a date; ``None`` when absent or faulty."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, "2026-12-31")
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            if 2000 <= value.year <= 2100:
                return value
            self.faults.add(
                self.at(key),
                f"année {value.year} invraisemblable pour « {key} » ; écrire une date entre 2000 "
                "et 2100",
                f"unlikely year {value.year} for “{key}”; write a date between 2000 and 2100",
            )
            return None
        if isinstance(value, datetime):
            self.faults.add(
                self.at(key),
                f"« {key} » est une date sans heure ; écrire {value.date().isoformat()}",
                f"“{key}” is a date without an hour; write {value.date().isoformat()}",
            )
            return None
        if isinstance(value, str) and (meant := _meant_day(value)):
            self.faults.add(
                self.at(key),
                f"« {key} » est une date ; écrire {meant} sans guillemets",
                f"“{key}” is a date; write {meant} without quotes",
            )
            return None
        self.wrong_type(key, value, date)
        return None

    def texts(
        self, key: str, *, required: bool = False, example: str = "…"
    ) -> list[tuple[int, str]]:
        """Give the texts of a list with their indexes; faulty items are reported and left out."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, f'["{example}"]')
            return []
        if not isinstance(value, list):
            if isinstance(value, str):
                self.faults.add(
                    self.at(key),
                    f'« {key} » est une liste ; écrire ["{shown(value)}"]',
                    f'“{key}” is a list; write ["{shown(value)}"]',
                )
            else:
                self.wrong_type(key, value, list)
            return []
        items = cast("list[object]", value)
        if required and not items:
            self.missing(key, f'["{example}"]')
        out: list[tuple[int, str]] = []
        for index, item in enumerate(items):
            if isinstance(item, str):
                out.append((index, item))
            else:
                self.bad_item(key, index, item)
        return out

    def bad_item(self, key: str, index: int, item: object) -> None:
        """Report an item that is no text."""
        hint = ""
        if isinstance(item, int) and not isinstance(item, bool) and 2**24 <= item < 2**32:
            hint = dotted(item)
        self.faults.add(
            self.at(key, index),
            f"« {key} » ne contient que des textes ; écrire "
            + (f'"{hint}"' if hint else "cet élément entre guillemets"),
            f"“{key}” holds texts only; write "
            + (f'"{hint}"' if hint else "this item between quotes"),
        )

    def choice(self, key: str, choices: tuple[str, ...], *, required: bool = False) -> str:
        """Give one word of a closed set; ``""`` when absent or faulty."""
        text = self.text(key, required=required, example=choices[0])
        if text and text not in choices:
            near = difflib.get_close_matches(text.lower(), choices, n=1, cutoff=0.6)
            self.faults.add(
                self.at(key),
                f"« {shown(text)} » n'est pas admis pour « {key} » ; écrire "
                + (f'"{near[0]}"' if near else " ou ".join(f'"{each}"' for each in choices)),
                f"“{shown(text)}” is not admitted for “{key}”; write "
                + (f'"{near[0]}"' if near else " or ".join(f'"{each}"' for each in choices)),
            )
            return ""
        return text

    def table(self, key: str) -> "Table | None":
        """Give a table below this one; ``None`` when absent or faulty."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(self.faults, self.at(key), cast("dict[str, object]", value))
        header = self._header(key)
        self.faults.add(
            self.at(key),
            f"« {key} » est une table seule ; écrire [{header}]"
            if isinstance(value, list)
            else f"« {key} » est une table ; écrire [{header}] puis ses clés dessous",
            f"“{key}” is a single table; write [{header}]"
            if isinstance(value, list)
            else f"“{key}” is a table; write [{header}] and its keys below",
        )
        return None

    def tables(self, key: str) -> "list[Table]":
        """Give the tables of an array of tables."""
        value = self.raw(key)
        if value is None:
            return []
        items: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
        out: list[Table] = []
        header = self._header(key)
        for index, item in enumerate(items):
            if isinstance(value, list) and isinstance(item, dict):
                values = cast("dict[str, object]", item)
                out.append(Table(self.faults, self.at(key, index), values))
            else:
                self.faults.add(
                    self.at(key, index),
                    f"« {key} » se répète ; écrire [[{header}]] avec deux crochets, puis ses clés "
                    "dessous",
                    f"“{key}” may repeat; write [[{header}]] with two brackets, and its keys below",
                )
        return out

    def _header(self, key: str) -> str:
        return ".".join(part for part in self.at(key) if isinstance(part, str))

    def missing(self, key: str, example: str) -> None:
        """Report a key that must be there."""
        self.faults.add(
            self.path,
            f"il manque « {key} » ; ajouter {key} = {example}",
            f"“{key}” is missing; add {key} = {example}",
            follows=True,
        )

    def wrong_type(self, key: str, value: object, wanted: type) -> None:
        """Report a value of another type."""
        kind = _KINDS[wanted]
        instead = ""
        if wanted is str and isinstance(value, int) and not isinstance(value, bool):
            instead = f'"{value}"' if abs(value) < 10**18 else ""
        if wanted is int and isinstance(value, str) and value.strip().isdecimal():
            instead = shown(value.strip())
        if wanted is bool and str(value).lower() in {"true", "false"}:
            instead = str(value).lower()
        self.faults.add(
            self.at(key),
            f"« {key} » attend {kind.fr}" + (f" ; écrire {key} = {instead}" if instead else ""),
            f"“{key}” wants {kind.en}" + (f"; write {key} = {instead}" if instead else ""),
        )


def _meant_day(text: str) -> str:
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            return datetime.strptime(text.strip(), form).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return ""
