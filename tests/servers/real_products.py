"""Real servers of products, by the port where each is at home."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.servers import admin, db_real

Start = Callable[[], AbstractContextManager[int]]


@contextmanager
def _in_folder(start: Callable[[Path], AbstractContextManager[int]]) -> Generator[int]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with start(Path(folder)) as port:
            yield port


SERVERS: dict[str, tuple[int, Start, str]] = {
    "OpenSSH": (22, admin.sshd, "openssh"),
    "dropbear": (22, admin.dropbear, "ssh"),
    "TigerVNC": (5900, lambda: admin.tigervnc("None"), "vnc"),
    "inetutils telnetd": (23, admin.telnetd, "gnu_inetutils_telnetd"),
    "ProFTPD": (21, lambda: admin.proftpd(tls=False), "ftp"),
    "Xvfb": (6000, lambda: admin.xvfb(authorised=True), "x11"),
    "PostgreSQL": (5432, lambda: _in_folder(db_real.postgresql), "postgresql"),
    "MariaDB": (3306, lambda: _in_folder(db_real.mariadb), "mariadb"),
    "Redis": (6379, db_real.redis, "redis"),
    "memcached": (11211, db_real.memcached, "memcached"),
    "dovecot": (143, lambda: admin.dovecot("imap", tls=False), ""),
    "rsync": (873, admin.rsyncd, ""),
    "BIND": (53, admin.named, ""),
}
"""Name → port where it is at home, how it is started, id of the product; empty: none to be told."""
