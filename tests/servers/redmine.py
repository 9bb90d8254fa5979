"""A real Redmine 5 on loopback, from Debian's files.

The package itself must not be installed (its set-up fails on Debian 12 and leaves dpkg broken): its
Ruby dependencies are, and its files are downloaded once and unpacked.
"""

import os
import shutil
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
PROJECT = "securite"
_CACHE = Path(tempfile.gettempdir()) / "vigie-redmine-5"
_GEMS = [
    "rails",
    "rouge",
    "request_store",
    "mini_mime",
    "actionpack-xml_parser",
    "roadie-rails",
    "marcel",
    "mail",
    "csv",
    "nokogiri",
    "i18n",
    "rbpdf",
    "addressable",
    "rubyzip",
    "net-smtp",
    "net-imap",
    "net-pop",
    "rotp",
    "rqrcode",
    "sqlite3",
    "webrick",
    "redcarpet",
    "html-pipeline",
    "commonmarker",
    "sanitize",
    "deckar01-task_list",
    "net-ldap",
    "mini_magick",
]
_DATABASE = "production:\n  adapter: sqlite3\n  database: {folder}/redmine.sqlite\n"
_SEED = """
Redmine::DefaultData::Loader.load('fr')
Setting.rest_api_enabled = '1'
Setting.login_required = '0'
admin = User.find_by_login('admin')
admin.must_change_passwd = false
admin.save!
trackers = Tracker.all.to_a
field = IssueCustomField.create!(name: 'Référence externe', field_format: 'string',
    is_for_all: true, is_filter: true, searchable: true, trackers: trackers)
project = Project.create!(name: 'Sécurité', identifier: 'securite', trackers: trackers)
project.enabled_module_names = ['issue_tracking']
File.write('seeded', "#{admin.api_key} #{field.id}")
"""


@dataclass(frozen=True)
class RealRedmine:
    """One that is running."""

    url: str
    api_key: str
    field: str
    """Number of the custom field for references."""


@contextmanager
def real_redmine() -> Generator[RealRedmine]:
    """Serve a fresh copy of one that is set up once (half a minute); skip aloud where missing."""
    pristine = _set_up()
    with tempfile.TemporaryDirectory(prefix="vigie-redmine-") as top:
        folder = Path(top)
        config = folder / "database.yml"
        config.write_text(_DATABASE.format(folder=folder))
        shutil.copy(pristine / "redmine.sqlite", folder)
        api_key, field = (pristine / "seeded").read_text().split()
        port = free_port()
        env = _environment() | {"DATABASE_URL": f"sqlite3:{folder}/redmine.sqlite"}
        argv = ["bundle", "exec", "rails", "server", "-b", HOST, "-p", str(port), "-u", "webrick"]
        argv += ["-P", str(folder / "pid")]
        with serving(argv, port, env=env, cwd=pristine, ready_s=90):
            yield RealRedmine(f"http://{HOST}:{port}", api_key, field)


def _environment() -> dict[str, str]:
    return {**os.environ, "RAILS_ENV": "production", "SECRET_KEY_BASE": "x" * 64}


def _set_up() -> Path:
    pristine = _CACHE / "redmine"
    if (pristine / "seeded").is_file():
        return pristine
    for program in ("bundle", "apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed")
    shutil.rmtree(_CACHE, ignore_errors=True)
    _CACHE.mkdir(mode=0o755)
    packages = list(Path("/var/cache/vigie-tests").glob("redmine_5*.deb"))
    if not packages:
        subprocess.run(
            ["apt-get", "download", "redmine"], cwd=_CACHE, capture_output=True, check=False
        )
        packages = list(_CACHE.glob("redmine_5*.deb"))
    if not packages:
        missing("redmine 5 could not be downloaded")
    subprocess.run(["dpkg-deb", "-x", str(packages[0]), str(_CACHE / "files")], check=True)
    (_CACHE / "files/usr/share/redmine").rename(pristine)
    for link in ("Gemfile.lock", "config/database.yml", "instances"):
        (pristine / link).unlink(missing_ok=True)
    (pristine / "Gemfile").write_text(
        "source 'https://rubygems.org'\n" + "".join(f"gem '{one}'\n" for one in _GEMS)
    )
    instance = pristine / "instances/default"
    for name in ("config", "tmp", "log", "files"):
        (instance / name).mkdir(parents=True)
    for name in ("tmp", "log", "files", "plugins"):
        (pristine / name).mkdir(exist_ok=True)
    (instance / "config/database.yml").write_text(_DATABASE.format(folder=pristine))
    (pristine / "seed.rb").write_text(_SEED, encoding="utf-8")
    for step in (["rake", "db:migrate"], ["rails", "runner", "seed.rb"]):
        done = subprocess.run(
            ["bundle", "exec", *step],
            cwd=pristine,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return pristine


@pytest.fixture(scope="session")
def redmine() -> Generator[RealRedmine]:
    """One server for all tests that need it."""
    with real_redmine() as one:
        yield one
