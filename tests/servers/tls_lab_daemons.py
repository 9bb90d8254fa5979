"""Apache and NSS as servers of the TLS lab: what they want written before they start."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.servers.real import need

_MODULES = Path("/usr/lib/apache2/modules")


def apache(folder: Path, ip: str, port: int, server: str) -> list[str]:
    """Write the configuration of one virtual host; give the command that serves it."""
    home = folder / f"apache-{port}"
    home.mkdir()
    loaded = "".join(
        f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "socache_shmcb", "ssl")
    )
    conf = home / "apache.conf"
    conf.write_text(
        f"{loaded}ServerRoot {home}\nPidFile {home}/pid\nErrorLog {home}/error.log\n"
        f"ServerName localhost\nDocumentRoot {home}\nMutex file:{home}\n"
        "StartServers 1\nServerLimit 1\nThreadsPerChild 16\nMaxRequestWorkers 16\n"
        "SSLSessionCache none\n"
        f"Listen {ip}:{port}\n<VirtualHost {ip}:{port}>\nSSLEngine on\n{server}\n</VirtualHost>\n",
        encoding="utf-8",
    )
    return [need("apache2"), "-DFOREGROUND", "-f", str(conf)]


def nss(folder: Path, files: Mapping[str, tuple[Path, Path]]) -> Path:
    """Make a database of NSS with certificates and keys by nickname; give it.

    A nickname belongs to a subject: no two certificates may share theirs.
    """
    database = folder / "nss"
    database.mkdir()
    where = f"sql:{database}"
    argv = [need("certutil"), "-N", "-d", where, "--empty-password"]
    subprocess.run(argv, check=True, capture_output=True)
    for nickname, (chain, key) in files.items():
        store = database / f"{nickname}.p12"
        argv = [need("openssl"), "pkcs12", "-export", "-in", str(chain), "-inkey", str(key)]
        argv += ["-name", nickname, "-out", str(store), "-passout", "pass:x"]
        subprocess.run(argv, check=True, capture_output=True)
        argv = [need("pk12util"), "-i", str(store), "-d", where, "-W", "x", "-K", ""]
        subprocess.run(argv, check=True, capture_output=True)
    return database


def selfserv(database: Path, port: int, *options: str) -> list[str]:
    """Give the command of NSS's own server, which listens everywhere."""
    return [need("selfserv"), "-d", f"sql:{database}", "-n", "rsa", "-p", str(port), *options]
