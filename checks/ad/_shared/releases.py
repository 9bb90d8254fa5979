"""Which Windows a machine says it runs, and until when it is corrected."""

import re
from datetime import date

from core.directory.objects import Entry
from core.facts import Facts
from core.knowledge.model import WindowsRelease

_BUILD = re.compile(r"\((\d{3,6})\)")
_NARROW = ("LTS", "IoT")
"""Releases of one build that only machines which say so run."""


def build_of(one: Entry) -> int | None:
    """Give the build in its ``operatingSystemVersion`` (``10.0 (20348)``)."""
    match = _BUILD.search(one.text("operatingsystemversion"))
    return int(match[1]) if match else None


def release_of(one: Entry, facts: Facts) -> WindowsRelease | None:
    """Give the most favourable release that fits; ``None`` for what the tables do not know."""
    build = build_of(one)
    known = next((each for each in facts.knowledge.windows if each.build == build), None)
    if known is None or not known.candidates:
        return None
    system = one.operating_system.lower()
    kind = "server" if "server" in system else "client"
    fitting = [each for each in known.candidates if each.kind == kind] or list(known.candidates)
    named = [
        each
        for each in fitting
        if all(mark not in each.name or mark.lower() in system for mark in _NARROW)
    ]
    return max(named or fitting, key=lambda each: each.end_support)


def is_ahead(one: Entry, facts: Facts) -> bool:
    """Whether its build is newer than any that the tables know: presumed supported."""
    build = build_of(one)
    newest = max((each.build for each in facts.knowledge.windows), default=0)
    return build is not None and build > newest


def has_ended(release: WindowsRelease, today: date) -> bool:
    """Whether its free updates have ended; paid ones are not seen from the directory."""
    return release.end_support < today
