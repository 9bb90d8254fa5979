"""A finding is measured again under the inventory of today, not of the day it was seen."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import VigieError
from core.model import Language
from core.store.store import Plan, Run, Store
from inventories.load import load_inventory
from vigie.commands.retest import inventory_now
from vigie.config import Settings

_TEXT = """schema = 1
[ght]
id = "g"
name = "G"
[[establishments]]
id = "a"
name = "A"
ranges = ["203.0.113.0/24"]
exclude = [{exclude}]
[[mandates]]
establishments = ["a"]
signed_by = "x"
document = "m.pdf"
valid_from = 2026-01-01
valid_until = 2026-12-31
intensity = "standard"
"""


def test_what_was_excluded_since_is_obeyed(tmp_path: Path) -> None:
    file = tmp_path / "ght.toml"
    file.write_text(_TEXT.format(exclude=""))
    settings = Settings(language=Language.FR)
    run = Run(
        id="r",
        kind="exposure",
        ght="g",
        profile="standard",
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        finished_at=None,
        complete=True,
        vigie_version="0",
        plan=Plan(seed=0, tcp_ports=(22,), establishments=(), profile=None),
        inventory=load_inventory(file, Language.FR),
    )
    with closing(Store(f"sqlite:///{tmp_path / 'vigie.db'}")) as store:
        store.start_run(run)
        file.write_text(_TEXT.format(exclude='"203.0.113.7"'))
        assert inventory_now(store, "g", settings).establishments[0].exclude == ("203.0.113.7/32",)
        file.write_text(_TEXT.format(exclude="7"))
        with pytest.raises(VigieError):
            inventory_now(store, "g", settings)
        file.write_text(_TEXT.replace('id = "g"', 'id = "autre"').format(exclude=""))
        assert inventory_now(store, "g", settings) == run.inventory
        file.unlink()
        assert inventory_now(store, "g", settings) == run.inventory
