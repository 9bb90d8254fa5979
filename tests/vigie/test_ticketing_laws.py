"""One ticket a cause; and a dry run that sends nothing and shows no secret."""

from pathlib import Path

import trio

from core.operations import Operations
from core.secrets import Secret
from core.store.tickets import Tickets
from reports.exports.rt import Rt
from tests.servers.rt_fake import FakeRt
from tests.vigie.ticketing_lab import CERTIFICATES, Region, inventory, place, sqlite, tracker
from vigie.config import Settings
from vigie.ticketing.export import Choice, export

_URL = "http://127.0.0.1:1"
_SECRETS = {"token": Secret("hidden-token")}


def test_the_certificates_of_a_host_make_one_ticket(tmp_path: Path) -> None:
    region = Region(sqlite(tmp_path))
    fake = FakeRt()
    config = tracker(_URL, gather=(CERTIFICATES,))
    ours = [("cert.expired", place(1, 443)), ("cert.weak-key", place(1, 8443))]
    region.scan(ours)
    assert region.follow(config, Rt(fake.send, _SECRETS, {})).created == 1
    region.scan([*ours, ("cert.expired", place(1, 993)), ("cert.expired", place(2, 443))])
    told = region.follow(config, Rt(fake.send, _SECRETS, {}))
    assert (told.created, told.noted) == (1, 1)
    region.scan(ours[:1], ours[1:])
    assert region.follow(config, Rt(fake.send, _SECRETS, {})).noted == 1
    # Without the rule, what has a ticket stays in it.
    told = region.follow(tracker(_URL), Rt(fake.send, _SECRETS, {}))
    assert (told.created, told.same) == (0, 2)
    region.store.close()


def test_a_dry_run_sends_nothing_and_shows_no_secret(tmp_path: Path) -> None:
    region = Region(sqlite(tmp_path))
    region.scan([("cert.expired", place(1, 443))])
    secret = tmp_path / "token"
    secret.touch(mode=0o600)
    secret.write_text("hidden-token")
    config = tracker(_URL, secrets={"token": f"file:{secret}"})
    shown: list[str] = []
    outcome = trio.run(
        export,
        Choice(kinds=("rt",), dry="nothing"),
        Operations(path="region.toml", trackers=(config,)),
        [inventory(_URL)],
        region.store,
        Settings(state_dir=tmp_path),
        shown.append,
    )[0]
    assert outcome.requests == 0
    assert shown[0].startswith(f"POST {_URL}/REST/2.0/ticket")
    assert "hidden-token" not in "".join(shown)
    assert Tickets(region.store).rows(config.id, "ght-exemple") == {}
    region.store.close()
