"""The whole file: read, dispatched to the sections, all its faults told at once."""

from pathlib import Path

from core.errors import InventoryInvalid
from core.model import Language
from core.operations import Operations
from inventories.faults import Fault, Faults, Table
from inventories.load import text_of_file
from inventories.operations.notify import notify_sections
from inventories.operations.schedule import read_schedule
from inventories.operations.trackers import read_trackers
from inventories.toml_lines import locate
from inventories.toml_repair import read_toml

SCHEMA = 1


def load_operations(path: Path, language: Language = Language.FR) -> Operations:
    """Give the operations of a file; raises :class:`core.errors.InventoryInvalid` with all its
    faults.
    """
    text = text_of_file(path)
    if isinstance(text, Fault):
        raise InventoryInvalid((text.say(str(path), language),))
    values, read, broken = read_toml(text)
    faults = Faults(locate(read))
    table = Table(faults, (), values)
    found = _operations(path.resolve(), table)
    table.close()
    told = sorted(
        [*broken, *(one for one in faults.sorted() if not broken or not one.follows)],
        key=lambda one: one.line,
    )
    if told:
        raise InventoryInvalid(tuple(one.say(str(path), language) for one in told))
    return found


def _operations(path: Path, table: Table) -> Operations:
    schema = table.number("schema")
    if schema != SCHEMA:
        table.faults.add(
            table.at("schema"),
            f"« schema » attend {SCHEMA} ; écrire schema = {SCHEMA}",
            f"“schema” wants {SCHEMA}; write schema = {SCHEMA}",
        )
    found = Operations(
        path=str(path),
        inventories=_inventories(path.parent, table),
        schedule=read_schedule(table),
        trackers=read_trackers(table, path.parent),
    )
    return notify_sections(table, path.parent, found)


def _inventories(folder: Path, table: Table) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for index, text in table.texts("inventories"):
        one = folder / text
        if not one.is_file():
            table.faults.add(
                table.at("inventories", index),
                f"inventaire introuvable : {text}",
                f"no such inventory: {text}",
            )
        found[str(one)] = None
    if not found:
        table.faults.add(
            table.at("inventories"),
            'aucun inventaire ; écrire inventories = ["ght-exemple.toml"]',
            'no inventory; write inventories = ["ght-exemple.toml"]',
        )
    return tuple(found)
