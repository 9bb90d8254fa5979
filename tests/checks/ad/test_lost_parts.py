"""A part that a collection lost leaves no point passed that reads it."""

import sys
from collections.abc import Iterator
from functools import cache

import pytest

from ad_audit.attributes import PARTS, SCHEMA_PARTS, Part
from checks._shared.examples import AT
from checks.ad._shared.healthy import healthy, unread
from checks.registry import Check, all_points, reading
from core.directory.forest import Directory
from core.directory.objects import Entry, Objects
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import NotMeasured

FACTS = Facts(today=AT.date(), knowledge=load_knowledge())

COUNTED = [one for one in reading(Directory) if all_points()[one.id].levels]
SPARED = {
    # What these parts tell only spares an object: without them more fails, not less.
    "vuln_adcs_control": {"computers", "containers", "dns"},
    "vuln_display_specifier": {"computers", "sites"},
    "vuln_trusts_accounts": {"trusts"},
    # Controllers are found by their accounts; sites say of them what these do not judge.
    "vuln_dc_crypto": {"sites"},
    "vuln_dc_obsolete": {"sites"},
    "vuln_password_change_dc_no_change": {"sites"},
    "vuln_password_change_inactive_dc": {"sites"},
    "vuln_permissions_dc": {"sites"},
    "vuln_permissions_dfsr_sysvol": {"sites"},
    "vuln_rodc_never_reveal": {"sites"},
    "vuln_rodc_priv_revealed": {"sites"},
    "vuln_rodc_reveal": {"sites"},
}


@cache
def losing(kind: str, part: Part) -> Directory:
    """Give a sound forest of which one part was lost."""
    return healthy(*(unread(kind, one, why="timeout") for one in part.classes))


def asked_by(check: Check[Directory], monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    """Give the classes that a check itself asks for."""
    found: set[str] = set()
    real = Objects.of

    def of(self: Objects, *classes: str) -> tuple[Entry, ...]:
        frame, depth = sys._getframe(1), 0
        while depth < 4 and frame.f_back is not None:
            if "/checks/ad/" in frame.f_code.co_filename:
                found.update(one.lower() for one in classes)
                break
            frame, depth = frame.f_back, depth + 1
        return real(self, *classes)

    with monkeypatch.context() as watched:
        watched.setattr(Objects, "of", of)
        list(check.judge(healthy(), FACTS))
    return frozenset(found)


def parts_of(classes: frozenset[str]) -> Iterator[tuple[str, Part]]:
    for part in (*SCHEMA_PARTS, *PARTS):
        if classes & set(part.classes):
            yield from ((kind, part) for kind in sorted(part.kinds))


@pytest.mark.parametrize("check", COUNTED, ids=lambda one: one.id)
def test_a_lost_part_is_told(check: Check[Directory], monkeypatch: pytest.MonkeyPatch) -> None:
    spared = SPARED.get(all_points()[check.id].id, set())
    for kind, part in parts_of(asked_by(check, monkeypatch)):
        if part.name in spared:
            continue
        verdicts = list(check.judge(losing(kind, part), FACTS))
        assert any(isinstance(one, NotMeasured) for one in verdicts), f"{kind}: {part.name}"
