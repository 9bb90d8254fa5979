"""``privileged-accounts.xlsx``: privileged accounts and paths to tier 0, never a formula."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from xlsxwriter import Workbook  # pyright: ignore[reportMissingTypeStubs]

from core.model import Language, Wording
from core.results import Results, StepRow
from reports.exports.csv import cell
from reports.exports.privileged import COLUMNS

_Value = str | datetime | int | None

_SHEETS = (
    Wording("Comptes privilégiés", "Privileged accounts"),
    Wording("Chemins vers le niveau 0", "Paths to tier 0"),
)
_PATH_HEADINGS = (
    Wording("Depuis", "From"),
    Wording("Longueur", "Length"),
    Wording("Chemin", "Path"),
)
_WIDTH = 24
_MOMENT = "yyyy-mm-dd hh:mm:ss"
_BEFORE_DAYS = 1900
"""The last year of which a workbook counts no day right."""
_NOT_COMPUTED = Wording("Chemins non calculés : {why}", "Paths not computed: {why}")
_LEFT = Wording("{count} chemins de plus ne sont pas gardés", "{count} more paths are not kept")
_TEXT_ALONE = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
# No XML may hold them.
_UNWRITABLE = re.compile("[\ufffe\uffff]")


def to_privileged_xlsx(results: Results, language: Language) -> bytes:
    """Give the privileged accounts and the paths to tier 0, a sheet each, typed."""
    out = io.BytesIO()
    book = Workbook(out, _TEXT_ALONE)
    block = results.directory
    if block is not None:
        # The same run gives the same file.
        created = results.run.started_at.replace(tzinfo=None)
        book.set_properties({"created": created})  # pyright: ignore[reportUnknownMemberType]
    accounts = block.privileged_accounts if block else ()
    _sheet(
        book,
        _SHEETS[0].say(language),
        [heading.say(language) for heading, _ in COLUMNS],
        ([give(one, language) for _, give in COLUMNS] for one in accounts),
        language,
    )
    paths: list[list[_Value]] = [_path(path) for path in (block.paths if block else ())]
    if block is not None and block.paths_why:
        paths.append([_NOT_COMPUTED.say(language, {"why": block.paths_why})])
    if block is not None and block.paths_left:
        paths.append([_LEFT.say(language, {"count": str(block.paths_left)})])
    _sheet(
        book,
        _SHEETS[1].say(language),
        [heading.say(language) for heading in _PATH_HEADINGS],
        paths,
        language,
    )
    book.close()
    return out.getvalue()


def _path(path: Sequence[StepRow]) -> list[_Value]:
    steps = (f"{one.source} {one.how} {one.target}" for one in path)
    return [path[0].source, len(path), " > ".join(steps)]


def _sheet(
    book: Workbook,
    name: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[_Value]],
    language: Language,
) -> None:
    sheet = book.add_worksheet(name)  # pyright: ignore[reportUnknownMemberType]
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(headings) - 1, _WIDTH)
    bold = book.add_format({"bold": True})  # pyright: ignore[reportUnknownMemberType]
    moment = book.add_format({"num_format": _MOMENT})  # pyright: ignore[reportUnknownMemberType]
    last = 0
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
    for last, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, datetime):
                # A workbook knows no time zone.
                bare = value.astimezone(UTC).replace(tzinfo=None)
                if value.year > _BEFORE_DAYS:
                    sheet.write_datetime(last, column, bare, moment)
                else:
                    sheet.write_string(last, column, f"{bare:%Y-%m-%d %H:%M:%S}")
            elif isinstance(value, int):
                sheet.write_number(last, column, value)
            else:
                sheet.write_string(last, column, _text(value or "", language))
    sheet.autofilter(0, 0, last, len(headings) - 1)


def _text(text: str, language: Language) -> str:
    # Saved as CSV one day, a formula would wake up: neutralised here too.
    kept = _UNWRITABLE.sub("", cell(text, language))
    # The library writes what begins so as markup, not as text.
    return f"'{kept}" if kept.startswith("<r>") else kept
