"""A real slapd with TLS on loopback, and what its log says of binds and connections."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ad_audit.session import Login
from core.secrets import Secret
from inventories.scope import DirectoryScope
from tests.servers.real import free_port, need, serving

NAME = "dc1.chu.example"
ADMIN = "cn=admin,dc=chu,dc=example"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Slapd:
    """One that runs."""

    plain: int
    tls: int
    ca_file: Path
    fingerprint: str
    log: Callable[[], str]

    def binds(self) -> int:
        """Give the number of bind requests that came."""
        return len(re.findall(r" BIND dn=.* method=", self.log()))

    def connections(self) -> int:
        """Give the number of connections that came."""
        return len(re.findall(r" ACCEPT from ", self.log()))


def login(port: int, running: Slapd, **more: object) -> Login:
    """Give a login over LDAPS that works; ``more`` departs from it."""
    usual: dict[str, object] = {
        "servers": (f"ldaps://{NAME}:{port}",),
        "user": ADMIN,
        "password": Secret(PASSWORD),
        "ca_file": running.ca_file,
    }
    return Login(**{**usual, **more})  # type: ignore[arg-type]


class AnyPort(DirectoryScope):
    """The gate, with the ports of tests instead of 636 and 389, which root alone may open."""

    def __init__(self, *servers: str, port: int) -> None:
        super().__init__(servers[0])
        self.PORTS = frozenset({*DirectoryScope.PORTS, port})


async def here(host: str) -> tuple[str, ...]:
    """Resolve every name to the loopback."""
    return ("127.0.0.1",)


@contextmanager
def slapd(folder: Path, *, names: tuple[str, ...] = (NAME,), tls: bool = True) -> Iterator[Slapd]:
    """Run it, with one account, and a referral elsewhere for what it does not hold."""
    plain, encrypted = free_port(), free_port()
    authority = trustme.CA()
    certificate = authority.issue_cert(*names)
    ca_file, chain, key = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
    authority.cert_pem.write_to_path(ca_file)
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    (folder / "db").mkdir()
    conf, log = folder / "slapd.conf", folder / "slapd.log"
    conf.write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        "loglevel stats\nreferral ldap://127.0.0.2:389\n"
        + (f"TLSCertificateFile {chain}\nTLSCertificateKeyFile {key}\n" if tls else "")
        + f'database mdb\nsuffix "dc=chu,dc=example"\ndirectory {folder}/db\n'
        f'rootdn "{ADMIN}"\nrootpw "{PASSWORD}"\n'
    )
    urls = f"ldap://127.0.0.1:{plain}" + (f" ldaps://127.0.0.1:{encrypted}" if tls else "")
    # Its log goes to a file of ours: the harness deletes the one it keeps.
    script = 'exec "$0" -d stats -h "$1" -f "$2" 2>"$3"'
    argv = ["/bin/sh", "-c", script, need("slapd"), urls, str(conf), str(log)]
    with serving(argv, plain):
        loaded = x509.load_pem_x509_certificate(chain.read_bytes())
        yield Slapd(
            plain=plain,
            tls=encrypted,
            ca_file=ca_file,
            fingerprint=loaded.fingerprint(SHA256()).hex(),
            log=lambda: log.read_text(errors="replace"),
        )
