"""Reads what an inventory says of names: how they are looked for, and whose is what was found."""

import re
import stat
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from core.inventory import Answer, NamesChoices
from inventories.addresses import Misspelt, looks_like_address, parse_network, shown
from inventories.faults import Faults, Table
from inventories.hostnames import canonical_name

MOST_WORDS = 100_000
"""Of one inventory: past it, a list is a dictionary, and each word is a question to a resolver."""
LARGEST_WORD_FILE_BYTES = 2_000_000
BELONGS = ("ours", "third-party", "not-ours")
_LIMITS = {"queries_per_second": (1, 20_000), "budget": (100, 5_000_000)}
_WORD = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def read_names(table: Table | None, folder: Path) -> NamesChoices:
    """Give the table ``[names]``; files of words are read from beside the inventory."""
    usual = NamesChoices()
    if table is None:
        return usual
    enumerates = table.flag("enumerate") or not table.has("enumerate")
    words = tuple(dict.fromkeys(_words(table, folder)))
    if len(words) > MOST_WORDS:
        table.faults.add(
            table.at("words"),
            f"{len(words)} mots ; en garder au plus {MOST_WORDS}, les plus probables d'abord",
            f"{len(words)} words; keep at most {MOST_WORDS}, the likeliest first",
        )
    chosen: dict[str, int] = {}
    for key, (least, most) in _LIMITS.items():
        number = table.number(key)
        if number is None:
            continue
        if least <= number <= most:
            chosen[key] = number
            continue
        default = getattr(usual, key)
        table.faults.add(
            table.at(key),
            f"« {key} » va de {least} à {most} ; écrire {key} = {default} (valeur par défaut)",
            f"“{key}” goes from {least} to {most}; write {key} = {default} (the default)",
        )
    table.close()
    return NamesChoices(enumerate=enumerates, words=words, **chosen)


def _words(table: Table, folder: Path) -> Iterator[str]:
    for index, text in table.texts("words"):
        if re.search(r"[./\\]", text):
            yield from _words_of_file(table, index, folder / text.strip(), text)
        elif word := _word(text):
            yield word
        else:
            table.faults.add(
                table.at("words", index),
                f"« {shown(text)} » n'est pas le début d'un nom ; écrire un mot comme \"pmsi\", ou "
                'un fichier comme "mots.txt"',
                f'“{shown(text)}” is not the start of a name; write a word such as "pmsi", or a '
                'file such as "words.txt"',
            )


def _words_of_file(table: Table, index: int, file: Path, text: str) -> Iterator[str]:
    """Give the words of a file, one a line; what follows a « # » is not read."""
    lines = _lines(file)
    if lines is None:
        table.faults.add(
            table.at("words", index),
            f"« {shown(text)} » n'est pas un fichier de mots lisible (UTF-8, un mot par ligne, "
            "2 Mo au plus) ; donner son chemin depuis l'inventaire",
            f"“{shown(text)}” is no readable file of words (UTF-8, one a line, 2 MB at most); "
            "give its path from the inventory",
        )
        return
    for number, line in enumerate(lines, start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        if not (word := _word(said)):
            table.faults.add(
                table.at("words", index),
                f"« {shown(text)} », ligne {number} : « {shown(said)} » n'est pas le début d'un "
                "nom ; écrire un mot par ligne",
                f"“{shown(text)}”, line {number}: “{shown(said)}” is not the start of a name; "
                "write one word a line",
            )
            return
        yield word


def _lines(file: Path) -> list[str] | None:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return None
        with file.open("rb") as opened:
            data = opened.read(LARGEST_WORD_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError):
        return None
    return text.splitlines() if len(data) <= LARGEST_WORD_FILE_BYTES else None


def _word(text: str) -> str:
    """Give a label as it is asked; ``""`` for what is none."""
    folded = text.strip().lower()
    if not folded.isascii():
        folded = (canonical_name(f"{folded}.example") or "").removesuffix(".example")
    return folded if _WORD.fullmatch(folded) else ""


def read_answers(
    tables: Sequence[Table], warnings: Faults, today: date | None
) -> tuple[Answer, ...]:
    """Give what the establishment answered; two answers about one thing are a fault."""
    found: dict[str, tuple[int, Answer]] = {}
    for table in tables:
        answer = _answer(table, warnings, today)
        line = table.faults.lines.of(table.at("asset"))
        if answer is None:
            continue
        if answer.asset in found:
            table.faults.add(
                table.at("asset"),
                f"« {answer.asset} » a déjà sa réponse à la ligne {found[answer.asset][0]} ; n'en "
                "garder qu'une",
                f"“{answer.asset}” is already answered on line {found[answer.asset][0]}; keep one",
            )
            continue
        found[answer.asset] = line, answer
    return tuple(answer for _, answer in found.values())


def _answer(table: Table, warnings: Faults, today: date | None) -> Answer | None:
    before = len(table.faults.found)
    asset = _asset(table)
    belongs = table.choice("belongs", BELONGS, required=True)
    holder = table.text("holder")
    answered_by = table.text("answered_by")
    answered_on = table.day("answered_on")
    note = table.text("note")
    table.close()
    if len(table.faults.found) != before:
        return None
    if belongs == "third-party" and not holder:
        warnings.add(
            table.at("belongs"),
            'hébergé par un tiers, sans dire lequel ; ajouter holder = "…"',
            'held by a third party that is not named; add holder = "…"',
        )
    if answered_on is not None and today is not None and answered_on > today:
        warnings.add(
            table.at("answered_on"),
            f"réponse datée du {answered_on.isoformat()}, dans l'avenir ; vérifier la date",
            f"answer dated {answered_on.isoformat()}, in the future; check the date",
        )
    return Answer(
        asset=asset,
        belongs=belongs,
        holder=holder,
        answered_by=answered_by,
        answered_on=answered_on,
        note=note,
    )


def _asset(table: Table) -> str:
    text = table.text("asset", required=True, example="portail.chu.example")
    if not text:
        return ""
    if looks_like_address(text):
        try:
            return str(parse_network(text))
        except Misspelt as wrong:
            instead = wrong.instead or "198.51.100.7"
            table.faults.add(
                table.at("asset"),
                f'{wrong.wording.fr} ; écrire "{instead}"',
                f'{wrong.wording.en}; write "{instead}"',
            )
            return ""
    name = canonical_name(text)
    if name is None:
        table.faults.add(
            table.at("asset"),
            f"« {shown(text)} » n'est ni un nom exact, ni une adresse, ni une plage ; écrire par "
            'exemple "portail.chu.example"',
            f"“{shown(text)}” is no exact name, address or range; write for example "
            '"portail.chu.example"',
        )
    return name or ""
