"""Writes docs/controles.md from the checks themselves: ``python scripts/catalogue.py``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from checks.registry import Check, all_checks  # noqa: E402 - the checkout is not installed
from core.model import Criticality  # noqa: E402

_WORDS = {
    Criticality.CRITICAL: "critique",
    Criticality.HIGH: "élevée",
    Criticality.MEDIUM: "moyenne",
    Criticality.LOW: "faible",
    Criticality.INFO: "information",
}
_HEAD = """# Catalogue des contrôles

Écrit par `scripts/catalogue.py` : ne le modifiez pas à la main. La criticité est celle par défaut ;
une donnée (accès déclaré, faille exploitée) peut la changer, et la preuve le dit alors.
`vigie checks explain IDENTIFIANT` donne aussi les références et les indicateurs CaRE.
"""


def catalogue() -> str:
    """Give the page: one table per family, one row per check."""
    lines = [_HEAD]
    family = ""
    for check in all_checks():
        if check.id.partition(".")[0] != family:
            family = check.id.partition(".")[0]
            lines += [
                f"\n## {family}\n",
                "| Contrôle | Criticité | Titre | Remède |",
                "|---|---|---|---|",
            ]
        lines.append(_row(check))
    return "\n".join(lines) + "\n"


def _row(check: Check) -> str:  # type: ignore[type-arg]
    cells = (f"`{check.id}`", _WORDS[check.criticality], check.title_fr, check.remedy_fr)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    (ROOT / "docs" / "controles.md").write_text(catalogue(), encoding="utf-8")
