"""``[schedule]``: what the daemon may do at once, and the paces that the operator changes."""

from datetime import timedelta

from core.cadence import parse_span
from core.knowledge.cadence import load_cadence
from core.operations import Schedule
from inventories.faults import Table

_MOST_AT_ONCE = 16
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=366)


def read_schedule(table: Table) -> Schedule:
    """Give the section; its faults are told to the table."""
    section = table.table("schedule")
    if section is None:
        return Schedule()
    defaults = Schedule()
    at_once = section.number("at_once")
    if at_once is not None and not 1 <= at_once <= _MOST_AT_ONCE:
        table.faults.add(
            section.at("at_once"),
            f"« at_once » va de 1 à {_MOST_AT_ONCE} ; écrire at_once = {defaults.at_once}",
            f"“at_once” goes from 1 to {_MOST_AT_ONCE}; write at_once = {defaults.at_once}",
        )
    directories = section.flag("directories")
    periods: dict[str, timedelta] = {}
    if (paces := section.table("cadence")) is not None:
        for name in load_cadence().tiers:
            text = paces.text(name)
            span = parse_span(text)
            if span is not None and _SHORTEST <= span <= _LONGEST:
                periods[name] = span
            elif text:
                table.faults.add(
                    paces.at(name),
                    f'« {name} » est une durée de 1h à 366d ; écrire {name} = "7d"',
                    f'“{name}” is a length of time from 1h to 366d; write {name} = "7d"',
                )
        paces.close()
    section.close()
    return Schedule(at_once=at_once or defaults.at_once, directories=directories, periods=periods)
