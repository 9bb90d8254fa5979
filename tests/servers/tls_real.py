"""Real TLS servers on loopback."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.real import free_port, need, serving

_JAVA = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"
"""Of Debian's openjdk-17: later ones no longer have SSLv3 and EXPORT."""


@contextmanager
def openssl_server(chain: Path, key: Path, *options: str) -> Generator[int]:
    """Run ``openssl s_server -www``; give its port."""
    port = free_port()
    argv = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet"]
    argv += ["-cert", str(chain), "-key", str(key), *options]
    above = chain.read_text().split("-----END CERTIFICATE-----\n", 1)[1]
    if above.strip():
        others = chain.with_suffix(".above.pem")
        others.write_text(above)
        argv += ["-cert_chain", str(others)]
    with serving(argv, port):
        yield port


@contextmanager
def nginx(folder: Path, server: str, http: str = "", *, mode: str = "ssl") -> Generator[int]:
    """Run nginx with one server block; ``PORT`` in ``http`` is its port."""
    port = free_port()
    (folder / "logs").mkdir(exist_ok=True)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/logs/error.log;"
        " worker_processes 1; events {}\n"
        f"http {{ access_log off; {temporary} {http.replace('PORT', str(port))}\n"
        f"server {{ listen 127.0.0.1:{port} {mode}; {server} }} }}\n"
    )
    argv = [need("nginx"), "-p", str(folder), "-c", str(conf), "-e", f"{folder}/logs/start.log"]
    with serving(argv, port):
        yield port


@contextmanager
def gnutls_server(chain: Path, key: Path, priority: str) -> Generator[int]:
    """Run ``gnutls-serv`` with a priority string; it has no bind option and listens everywhere."""
    port = free_port()
    argv = [need("gnutls-serv"), "--http", "--port", str(port), "--priority", priority]
    argv += ["--x509certfile", str(chain), "--x509keyfile", str(key), "--disable-client-cert"]
    with serving(argv, port):
        yield port


@contextmanager
def jsse(
    chain: Path, key: Path, protocols: str, suites: str = "", *, dh_bits: int = 1024
) -> Generator[int]:
    """Run Java 17 with all that it has and no longer allows; ``suites`` empty: every one."""
    port = free_port()
    store = chain.with_suffix(".p12")
    argv = [need("openssl"), "pkcs12", "-export", "-in", str(chain), "-inkey", str(key)]
    subprocess.run([*argv, "-out", str(store), "-passout", "pass:changeit"], check=True)
    source = Path(__file__).with_name("LegacyTls.java")
    options = [f"-Djdk.tls.ephemeralDHKeySize={dh_bits}", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    argv = [need(_JAVA), *options, str(source), str(port), str(store), protocols]
    with serving(argv + ([suites] if suites else []), port, ready_s=60):
        yield port
