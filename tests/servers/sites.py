"""Web servers with several names: nginx, Apache, and one of ours that answers by SNI and Host."""

import ssl
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.real import free_port, need, serving
from tests.servers.tls_certs import Issued, issue
from tests.servers.web_server import Running, Say, saying

_MODULES = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True, kw_only=True)
class Virtual:
    """One virtual host."""

    names: tuple[str, ...]
    page: str = ""
    """Empty: only what ``files`` holds."""
    certified: tuple[str, ...] | None = None
    """Names of its certificate; ``None``: those it serves."""
    days: tuple[float, float] = (-1, 60)
    files: Mapping[str, bytes] | None = None
    lines: str = ""
    """Further directives of this server."""


@dataclass(frozen=True)
class Sites:
    """A server at work, and where it writes what it was asked."""

    port: int
    log: Path

    @property
    def asked(self) -> list[tuple[str, str]]:
        """(name in Host, path) of every request so far."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        return [(line.split("|")[0], line.split("|")[1]) for line in lines if line.count("|") == 1]


def certificate(one: Virtual, by: Issued | None = None) -> Issued:
    """Give the certificate of a virtual host."""
    names = one.names if one.certified is None else one.certified
    return issue(names[0], by=by, names=names, days=one.days)


def laid_out(folder: Path, one: Virtual) -> Path:
    """Write the files of a virtual host; give its root."""
    root = folder / f"root-{one.names[0]}"
    root.mkdir()
    files = {**({"index.html": one.page.encode()} if one.page else {}), **(one.files or {})}
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    root.chmod(0o755)
    return root


@contextmanager
def nginx(
    folder: Path, virtuals: Sequence[Virtual], *, tls: bool = True, lines: str = "", ip: str = ""
) -> Generator[Sites]:
    """Serve virtual hosts with nginx; the first one is the default server."""
    folder.chmod(0o755)
    port, ip = free_port(ip or "127.0.0.1"), ip or "127.0.0.1"
    blocks: list[str] = []
    for number, one in enumerate(virtuals):
        root = laid_out(folder, one)
        secured = ""
        if tls:
            chain, key = certificate(one).files(folder)
            secured = f"ssl_certificate {chain}; ssl_certificate_key {key};"
        blocks.append(
            f"server {{ listen {ip}:{port}{' ssl' if tls else ''}"
            f"{' default_server' if number == 0 else ''}; server_name {' '.join(one.names)};"
            f" root {root}; {secured} {one.lines} }}"
        )
    temporary = "".join(
        f" {what}_temp_path {folder}/{what};"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    log = folder / "access.log"
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;"
        " user root;\n"
        "events {} http { types { text/html html; text/plain txt; application/zip zip; }"
        " log_format asked '$http_host|$request_uri';"
        f" access_log {log} asked; {temporary} {lines}\n" + "\n".join(blocks) + " }\n"
    )
    with serving([need("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], port, ip=ip):
        yield Sites(port, log)


@contextmanager
def apache(folder: Path, virtuals: Sequence[Virtual], *, strict: bool = False) -> Generator[Sites]:
    """Serve virtual hosts with Apache inside TLS; ``strict`` refuses names it does not know."""
    port = free_port()
    loaded = "".join(
        f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n"
        for name in (
            "mpm_event",
            "authz_core",
            "socache_shmcb",
            "ssl",
            "dir",
            "autoindex",
            "status",
        )
    )
    # Its children run as nobody, who may not read where pytest writes.
    with tempfile.TemporaryDirectory() as public:
        Path(public).chmod(0o755)
        blocks: list[str] = []
        for one in virtuals:
            chain, key = certificate(one).files(folder)
            root = laid_out(Path(public), one)
            aliases = f"ServerAlias {' '.join(one.names[1:])}\n" if one.names[1:] else ""
            blocks.append(
                f"<VirtualHost 127.0.0.1:{port}>\nServerName {one.names[0]}\n{aliases}"
                f"DocumentRoot {root}\nSSLEngine on\nSSLCertificateFile {chain}\n"
                f"SSLCertificateKeyFile {key}\n<Directory {root}>\nRequire all granted\n"
                f"Options +Indexes\n</Directory>\n{one.lines}\n</VirtualHost>\n"
            )
        log = folder / "access.log"
        conf = folder / "apache.conf"
        conf.write_text(
            f"{loaded}ServerRoot {folder}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
            f"Listen 127.0.0.1:{port}\nServerName localhost\nMutex file:{folder}\n"
            "StartServers 1\nServerLimit 1\nThreadsPerChild 16\nMaxRequestWorkers 16\n"
            f"SSLSessionCache none\nSSLStrictSNIVHostCheck {'on' if strict else 'off'}\n"
            'IndexOptions +HTMLTable\nDirectoryIndex index.html\nLogFormat "%{Host}i|%U" asked\n'
            f"CustomLog {log} asked\n" + "".join(blocks)
        )
        with serving([need("apache2"), "-DFOREGROUND", "-f", str(conf)], port):
            yield Sites(port, log)


@contextmanager
def by_sni(say: Say, certificates: Mapping[str | None, Issued], folder: Path) -> Generator[Running]:
    """Serve with a certificate for each SNI; ``None`` is the one for the others."""
    contexts: dict[str | None, ssl.SSLContext] = {}
    for name, issued in certificates.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(*map(str, issued.files(folder)))
    default = contexts[None]

    def choose(socket: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        if name in contexts:
            socket.context = contexts[name]
        return None

    default.sni_callback = choose
    with saying(say, context=default) as running:
        yield running
