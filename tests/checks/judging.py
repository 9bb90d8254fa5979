"""The verdicts of one check on what a real server showed."""

from datetime import date

from checks.registry import by_id
from core.facts import Facts
from core.inventory import Expected
from core.knowledge.load import load_knowledge
from core.model import Verdict
from core.observations.base import Observation


def judge(check: str, seen: Observation, *, expected: tuple[Expected, ...] = ()) -> list[Verdict]:
    """Give the verdicts of a check, by its id, with the built-in knowledge."""
    facts = Facts(today=date(2026, 1, 15), knowledge=load_knowledge(), expected=expected)
    return list(by_id()[check].judge(seen, facts))
