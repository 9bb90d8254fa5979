"""Real databases on loopback, empty, for one test."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.real import free_port, need, serving


def _newest_postgres() -> str:
    """Give the folder of Debian's newest PostgreSQL, which keeps its programs out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(found[-1].parent) if found else need("postgres").rpartition("/")[0]


def _as_user(user: str) -> list[str]:
    """PostgreSQL and MariaDB refuse to be root."""
    return [need("runuser"), "-u", user, "--"] if os.geteuid() == 0 else []


def _give(folder: Path, user: str) -> None:
    if os.geteuid() == 0:
        subprocess.run([need("chown"), "-R", user, str(folder)], check=True)
        for parent in (folder, *folder.parents):
            if parent == Path("/tmp"):
                break
            parent.chmod(parent.stat().st_mode | 0o711)


@contextmanager
def postgresql(folder: Path, certificate: tuple[Path, Path] | None = None) -> Generator[int]:
    """Run PostgreSQL; with TLS when given a certificate and its key."""
    programs, port, data = _newest_postgres(), free_port(), folder / "data"
    data.mkdir()
    options: list[str] = []
    if certificate is not None:
        for source, name in zip(certificate, ("server.crt", "server.key"), strict=True):
            (folder / name).write_bytes(source.read_bytes())
            (folder / name).chmod(0o600)
        options = ["-c", "ssl=on", "-c", f"ssl_cert_file={folder}/server.crt"]
        options += ["-c", f"ssl_key_file={folder}/server.key"]
    _give(folder, "postgres")
    as_user = _as_user("postgres")
    made = [*as_user, f"{programs}/initdb", "-D", str(data), "-N", "-E", "UTF8", "--no-locale"]
    made += ["--auth-host=reject", "--auth-local=peer"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    argv = [*as_user, f"{programs}/postgres", "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    argv += ["-k", str(folder), "-F", *options]
    with serving(argv, port, cwd=folder):
        yield port


@contextmanager
def mariadb(folder: Path, *options: str) -> Generator[int]:
    """Run MariaDB."""
    port, data = free_port(), folder / "data"
    data.mkdir()
    _give(folder, "mysql")
    as_user = _as_user("mysql")
    made = [*as_user, need("mariadb-install-db"), "--no-defaults", f"--datadir={data}"]
    made += ["--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    argv = [*as_user, need("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}"]
    argv += ["--bind-address=127.0.0.1", f"--socket={folder}/s", "--skip-log-bin", *options]
    with serving(argv, port, cwd=folder):
        yield port


@contextmanager
def redis(*options: str) -> Generator[int]:
    """Run Redis."""
    port = free_port()
    argv = [need("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with serving([*argv, *options], port):
        yield port


@contextmanager
def memcached(*options: str) -> Generator[int]:
    """Run memcached."""
    port = free_port()
    argv = [need("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]
    with serving([*argv, *options], port):
        yield port
