"""A real Request Tracker 5 on loopback, its data in a temporary folder."""

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.servers.real import free_port, serving

HOST = "127.0.0.1"
QUEUE = "Sécurité du SI"
FIELD = "ExternalRef"
_SERVER = "/usr/share/request-tracker5/libexec/rt-server"
_CONFIG = """
Set($rtname, 'vigie.example');
Set($Organization, 'vigie.example');
Set($WebDomain, '{host}');
Set($WebPort, {port});
Set($WebBaseURL, 'http://{host}:{port}');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set($MailCommand, 'testfile');
Set($Timezone, 'UTC');
Set($BcryptCost, 4);
1;
"""
_DATA = """
use utf8;
@Queues = ({{ Name => '{queue}' }});
@CustomFields = ({{ Name => '{field}', Type => 'FreeformSingle',
    LookupType => 'RT::Queue-RT::Ticket', ApplyTo => 0 }});
@Final = (sub {{
    require RT::AuthToken;
    my $root = RT::CurrentUser->new('root');
    my $token = RT::AuthToken->new($root);
    my ($ok, $msg, $text) = $token->Create(Owner => $root->id, Description => 'vigie');
    die $msg unless $ok;
    open(my $file, '>', '{folder}/token') or die $!;
    print $file $text;
    close($file);
}});
1;
"""


@dataclass(frozen=True)
class RealRt:
    """One that is running."""

    url: str
    token: str
    """Of the account ``root``, whose password is ``password``."""


@contextmanager
def request_tracker() -> Generator[RealRt]:
    """Set one up (some seconds) and serve it; skip aloud where it is missing."""
    if not Path(_SERVER).is_file():
        missing("request-tracker5 is not installed")
    with tempfile.TemporaryDirectory(prefix="vigie-rt-") as top:
        folder = Path(top)
        port = free_port()
        config = _CONFIG.format(host=HOST, port=port, folder=folder)
        (folder / "RT_SiteConfig.pm").write_text(config)
        (folder / "conf.d").mkdir()
        data = _DATA.format(queue=QUEUE, field=FIELD, folder=folder)
        (folder / "data.pl").write_text(data, encoding="utf-8")
        env = {
            **os.environ,
            "RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(folder / "conf.d"),
        }
        for step in (
            ["--action", "init", "--skip-create"],
            ["--action", "insert", "--datafile", str(folder / "data.pl")],
        ):
            done = subprocess.run(
                ["rt-setup-database-5", *step], env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        argv = [_SERVER, "--host", HOST, "--port", str(port)]
        with serving(argv, port, env=env, cwd=folder):
            yield RealRt(f"http://{HOST}:{port}", (folder / "token").read_text())


@pytest.fixture(scope="session")
def rt() -> Generator[RealRt]:
    """One server for all tests that need it."""
    with request_tracker() as one:
        yield one
