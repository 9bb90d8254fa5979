"""All the syntax faults of a TOML text at once: what cannot be read is set aside, and reading goes
on.
"""

import re
import tomllib
from typing import cast

from core.model import Wording
from inventories.faults import Fault

_ATTEMPTS = 25
_LARGE = 200_000
"""Above this many characters the first fault alone is told: each further one costs a whole reading.
"""

_WHERE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER = re.compile(r"\s*\[{1,2}\s*[\w\"'.\- ]+\]{0,2}\s*(?:#.*)?$")
_STATEMENT = re.compile(r"\s*(?:[\w\-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*[\w\"'\-]+)*\s*=")

_SAID: tuple[tuple[str, Wording], ...] = (
    ("Expected '=' after a key", Wording(
        "signe « = » attendu après la clé ; écrire clé = valeur",
        "“=” expected after the key; write key = value")),
    ("Unclosed array", Wording(
        "liste non fermée ou virgule oubliée ; séparer par « , » et fermer par « ] »",
        "list not closed or comma forgotten; separate with “,” and close with “]”")),
    ("Unclosed inline table", Wording(
        "table non fermée ; ajouter « } »", "inline table not closed; add “}”")),
    ("Unterminated string", Wording(
        "texte non fermé ; ajouter le guillemet de fin", "text not closed; add the closing quote")),
    ("Expected '\"'", Wording(
        "texte non fermé ; ajouter le guillemet de fin", "text not closed; add the closing quote")),
    ("Expected \"'\"", Wording(
        "texte non fermé ; ajouter l'apostrophe de fin",
        "text not closed; add the closing apostrophe")),
    ("Illegal character '\\n'", Wording(
        "texte non fermé sur sa ligne ; ajouter le guillemet de fin",
        "text not closed on its line; add the closing quote")),
    ("Illegal character", Wording(
        "caractère de contrôle interdit ; le retirer", "control character not allowed; remove it")),
    ("Found invalid character", Wording(
        "caractère de contrôle interdit ; le retirer", "control character not allowed; remove it")),
    ("Unescaped '\\'", Wording(
        "barre oblique inverse seule ; écrire \\\\ ou mettre le texte entre apostrophes",
        "lone backslash; write \\\\ or put the text between apostrophes")),
    ("Invalid hex value", Wording(
        "séquence \\u ou \\x incomplète ; mettre le texte entre apostrophes",
        "incomplete \\u or \\x sequence; put the text between apostrophes")),
    ("Escaped character is not", Wording(
        "caractère Unicode impossible ; le retirer", "impossible Unicode character; remove it")),
    ("Cannot overwrite a value", Wording(
        "clé déjà écrite dans cette table ; n'en garder qu'une",
        "key already written in this table; keep one")),
    ("Duplicate inline table key", Wording(
        "clé déjà écrite dans cette table ; n'en garder qu'une",
        "key already written in this table; keep one")),
    ("Cannot declare", Wording(
        "table déjà écrite plus haut ; réunir les deux, ou écrire [[…]] si elle se répète",
        "table already written above; join the two, or write [[…]] if it repeats")),
    ("Cannot mutate immutable", Wording(
        "cette table est déjà fermée ; réunir ses clés au même endroit",
        "this table is already closed; keep its keys together")),
    ("Cannot redefine namespace", Wording(
        "cette table est déjà écrite autrement ; réunir ses clés au même endroit",
        "this table is already written otherwise; keep its keys together")),
    ("Expected ']]'", Wording(
        "en-tête mal fermé ; écrire [[nom]]", "header not closed; write [[name]]")),
    ("Expected ']'", Wording(
        "en-tête mal fermé ; écrire [nom]", "header not closed; write [name]")),
    ("Invalid initial character for a key", Wording(
        "clé attendue ; écrire clé = valeur, et les caractères spéciaux entre guillemets",
        "key expected; write key = value, special characters between quotes")),
    ("Invalid date or datetime", Wording(
        "date impossible ; écrire AAAA-MM-JJ", "impossible date; write YYYY-MM-DD")),
    ("Expected newline or end of document", Wording(
        "texte en trop après la valeur ; une seule valeur par ligne, les nombres à zéro initial "
        "et les "
        "textes entre guillemets",
        "stray text after the value; one value a line, numbers with a leading zero and texts "
        "between "
        "quotes")),
    ("Invalid value", Wording(
        'valeur illisible ; écrire un texte entre guillemets "…", un nombre, true, false ou une '
        'date '
        "AAAA-MM-JJ",
        'unreadable value; write a text between quotes "…", a number, true, false or a date '
        'YYYY-MM-DD')),
    ("Invalid statement", Wording(
        "ligne illisible ; écrire clé = valeur, [table] ou [[table]]",
        "unreadable line; write key = value, [table] or [[table]]")),
)  # fmt: skip


def read_toml(text: str) -> tuple[dict[str, object], str, list[Fault]]:
    """Give what can be read, the text it was read from (same lines), and the syntax faults."""
    faults: list[Fault] = []
    lines = text.split("\n")
    for _ in range(_ATTEMPTS if len(text) <= _LARGE else 1):
        joined = "\n".join(lines)
        try:
            return cast("dict[str, object]", tomllib.loads(joined)), joined, faults
        except RecursionError:
            faults.append(
                Fault(
                    1, Wording("listes trop imbriquées ; simplifier", "nested too deep; simplify")
                )
            )
            break
        except tomllib.TOMLDecodeError as error:
            fault, first, last = _set_aside(str(error), lines)
            faults.append(fault)
            if not any(line.strip() for line in lines[first:last]):
                break
            lines[first:last] = [""] * (last - first)
        except ValueError:  # an integer of thousands of digits, or a date no calendar has
            faults.append(
                Fault(
                    1,
                    Wording(
                        "un nombre ou une date est démesuré ; le corriger",
                        "a number or a date is out of all measure; correct it",
                    ),
                )
            )
            break
    return {}, "", faults


def _set_aside(message: str, lines: list[str]) -> tuple[Fault, int, int]:
    """Give the fault of a message, and the lines (from 0, end excluded) of the statement that has
    it.
    """
    where = _WHERE.search(message)
    at_end = where is None or where[1] is None
    line = len(lines) - 1 if where is None or at_end else min(int(where[1]), len(lines)) - 1
    column = 0 if where is None or at_end else int(where[2])
    while at_end and line > 0 and not lines[line].strip():
        line -= 1
    first = line
    indent = len(lines[line]) - len(lines[line].lstrip())
    unclosed = message.startswith("Unclosed")
    if unclosed and not at_end and column <= indent + 1 and _starts(lines[line]):
        first -= 1  # the next statement stands where the list should have gone on
    if at_end and (quotes := [n for n, each in enumerate(lines) if '"""' in each or "'''" in each]):
        first = quotes[-1]
    while first > 0 and not _starts(lines[first]):
        first -= 1
    if not _starts(lines[first]):
        first = line
    header = bool(_HEADER.match(lines[first])) or lines[first].lstrip().startswith("[")
    last = max(first + 1, line if unclosed and not at_end else line + 1)
    while last < len(lines) and not (
        lines[last].lstrip().startswith("[") if header else _starts(lines[last])
    ):
        last += 1
    told = first if unclosed or at_end else line
    wording = next(
        (said for start, said in _SAID if message.startswith(start)),
        Wording("ligne illisible ; écrire clé = valeur", "unreadable line; write key = value"),
    )
    return Fault(told + 1, wording), first, last


def _starts(line: str) -> bool:
    return bool(_HEADER.match(line) or _STATEMENT.match(line))
