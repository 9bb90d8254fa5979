"""What every command shares: language, state folder, store, verbosity."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from core.errors import UsageError
from core.model import Language

if TYPE_CHECKING:
    from core.store.store import Store


@dataclass(kw_only=True, slots=True)
class Settings:
    """Options given before or after any command."""

    language: Language = Language.FR
    quiet: bool = False
    json_log: bool = False
    debug: bool = False
    state_dir: Path | None = None
    db: str | None = None

    def state(self) -> Path:
        """Give the state folder, created for its owner alone."""
        chosen = self.state_dir or (
            Path(os.environ["VIGIE_STATE_DIR"])
            if os.environ.get("VIGIE_STATE_DIR")
            else platformdirs.user_state_path("vigie", appauthor=False)
        )
        try:
            chosen.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                self.say(
                    f"dossier d'état inutilisable : {chosen} ({error.strerror}) ; voir --state-dir",
                    f"state folder cannot be used: {chosen} ({error.strerror}); see --state-dir",
                )
            ) from error
        return chosen

    def store_url(self) -> str:
        """Give the URL of the store."""
        return self.db or f"sqlite:///{self.state() / 'vigie.db'}"

    def open_store(self) -> "Store":
        """Open the store, migrated."""
        # Here: a command that needs no store does not wait for SQLAlchemy and Alembic.
        from core.store.store import Store

        return Store(self.store_url(), gravity_of=_gravity_of)

    def say(self, french: str, english: str) -> str:
        """Choose a sentence."""
        return french if self.language is Language.FR else english


def _gravity_of(check: str) -> int:
    # Here: a command that judges nothing does not wait for the catalogue.
    from checks.registry import by_id
    from core.levels import gravity_of

    known = by_id().get(check)
    return gravity_of(known.criticality) if known else 0
