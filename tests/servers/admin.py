"""Real servers of clear protocols, from SSH to DNS, as context managers that give a port."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing
from tests.servers.real import free_port, need, serving

HOST = "127.0.0.1"


@contextmanager
def _folder() -> Generator[Path]:
    # Not pytest's own: servers that drop to another account must be able to enter it.
    folder = Path(tempfile.mkdtemp(prefix="vigie-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> tuple[str, str]:
    """Give the user and group that servers drop to: an ordinary user's can only keep their own."""
    if os.geteuid() == 0:
        return "nobody", "nogroup"
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def _certificate(folder: Path) -> Path:
    key, chain, pair = folder / "key.pem", folder / "chain.pem", folder / "pair.pem"
    argv = [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-keyout", str(key), "-out", str(chain), "-days", "30"]
    subprocess.run([*argv, "-subj", "/CN=mx.chu.example"], check=True, capture_output=True)
    pair.write_bytes(key.read_bytes() + chain.read_bytes())
    return pair


@contextmanager
def sshd(*settings: str, key: str = "ed25519") -> Generator[int]:
    """OpenSSH, with these lines of configuration."""
    program, port = need("sshd"), free_port()
    if os.geteuid() == 0:
        # Where root's sshd shuts its children in; an ordinary user's has none.
        Path("/run/sshd").mkdir(exist_ok=True)
    with _folder() as folder:
        host_key = folder / "key"
        subprocess.run(
            [need("ssh-keygen"), "-q", "-t", key, "-N", "", "-f", str(host_key)], check=True
        )
        lines = [f"Port {port}", f"ListenAddress {HOST}", f"HostKey {host_key}", "PidFile none"]
        config = folder / "sshd_config"
        config.write_text("\n".join([*lines, *settings, ""]))
        with serving([program, "-D", "-e", "-f", str(config)], port):
            yield port


@contextmanager
def dropbear() -> Generator[int]:
    """Dropbear, with a fresh Ed25519 key."""
    program, port = need("dropbear"), free_port()
    with _folder() as folder:
        key = folder / "key"
        argv = [need("dropbearkey"), "-t", "ed25519", "-f", str(key)]
        subprocess.run(argv, check=True, capture_output=True)
        with serving([program, "-F", "-E", "-r", str(key), "-p", f"{HOST}:{port}"], port):
            yield port


def _display(port: int) -> str:
    # Displays are a name space of the whole machine: the port makes collisions unlikely.
    return f":{port}"


@contextmanager
def tigervnc(security: str) -> Generator[int]:
    """TigerVNC with these ``SecurityTypes``."""
    program, port = need("Xtigervnc"), free_port()
    with _folder() as folder:
        argv = [program, _display(port), "-interface", HOST, "-rfbport", str(port)]
        argv += ["-SecurityTypes", security, "-geometry", "64x64", "-nolisten", "tcp"]
        if "VncAuth" in security:
            password = folder / "password"
            made = subprocess.run(
                [need("tigervncpasswd"), "-f"], input=b"secret\n", check=True, capture_output=True
            )
            password.write_bytes(made.stdout)
            argv += ["-PasswordFile", str(password)]
        if "X509" in security:
            _certificate(folder)
            argv += ["-X509Cert", str(folder / "chain.pem"), "-X509Key", str(folder / "key.pem")]
        with serving(argv, port, env={"HOME": str(folder)}):
            yield port


@contextmanager
def telnetd() -> Generator[int]:
    """GNU inetutils telnetd behind its inetd."""
    inetd, program, port = need("inetutils-inetd"), need("telnetd"), free_port()
    with _folder() as folder:
        config = folder / "inetd.conf"
        config.write_text(f"{HOST}:{port} stream tcp nowait root {program} telnetd\n")
        with serving([inetd, "-d", str(config)], port):
            yield port


@contextmanager
def proftpd(*, tls: bool) -> Generator[int]:
    """ProFTPD, anonymous; its TLS is a module of another package, so ``tls`` may skip the test."""
    program, port = need("proftpd"), free_port()
    if tls:
        need("/usr/lib/proftpd/mod_tls.so")
    user, group = _account()
    with _folder() as folder:
        lines = [
            'ServerName "CHU"',
            "ServerType standalone",
            f"Port {port}",
            f"DefaultAddress {HOST}",
            "SocketBindTight on",
            "UseIPv6 off",
            f"User {user}",
            f"Group {group}",
            f"PidFile {folder / 'pid'}",
            f"ScoreboardFile {folder / 'score'}",
            f"DelayTable {folder / 'delay'}",
        ]
        if tls:
            _certificate(folder)
            lines += [
                "LoadModule mod_tls.c",
                "TLSEngine on",
                f"TLSRSACertificateFile {folder / 'chain.pem'}",
                f"TLSRSACertificateKeyFile {folder / 'key.pem'}",
            ]
        config = folder / "proftpd.conf"
        config.write_text("\n".join([*lines, ""]))
        with serving([program, "-n", "-q", "-c", str(config)], port):
            yield port


@contextmanager
def postfix(*, starttls: bool) -> Generator[int]:
    """Postfix's SMTP server; it delivers nothing anywhere."""
    master, port = need("/usr/lib/postfix/sbin/master"), free_port()
    if os.geteuid() != 0:
        missing("Postfix starts as root only")
    with _folder() as folder:
        config, queue, data = folder / "etc", folder / "queue", folder / "data"
        for made in (config, queue, data):
            made.mkdir()
        shutil.chown(data, "postfix")
        names = "active bounce corrupt defer deferred flush hold incoming private saved trace"
        for name in [*names.split(), "maildrop", "public", "pid"]:
            (queue / name).mkdir()
            if name != "pid":
                shutil.chown(queue / name, "postfix")
        main = [
            "compatibility_level = 3.6",
            f"queue_directory = {queue}",
            f"data_directory = {data}",
            "mail_owner = postfix",
            "myhostname = mx.chu.example",
            "mydestination =",
            "local_recipient_maps =",
            "alias_maps =",
            f"inet_interfaces = {HOST}",
            "inet_protocols = ipv4",
            "smtpd_peername_lookup = no",
            "maillog_file = /dev/stdout",
        ]
        if starttls:
            pair = _certificate(folder)
            main += ["smtpd_tls_security_level = may", f"smtpd_tls_chain_files = {pair}"]
        (config / "main.cf").write_text("\n".join([*main, ""]))
        (config / "master.cf").write_text(
            f"{HOST}:{port} inet n - n - - smtpd\n"
            "rewrite unix - - n - - trivial-rewrite\n"
            "anvil unix - - n - 1 anvil\n"
            "tlsmgr unix - - n 1000? 1 tlsmgr\n"
            "cleanup unix n - n - 0 cleanup\n"
            "postlog unix-dgram n - n - 1 postlogd\n"
        )
        # master says why it fails only to a terminal; without one it does not even start.
        argv = [need("script"), "-qec", f"{master} -c {config} -d", "/dev/null"]
        with serving(argv, port, env={"MAIL_CONFIG": str(config)}):
            yield port


@contextmanager
def dovecot(protocol: str, *, tls: bool, inside: bool = False) -> Generator[int]:
    """Dovecot, whose login nobody can pass; ``inside``: in TLS from the first byte."""
    program, port = need("dovecot"), free_port()
    user, group = _account()
    with _folder() as folder:
        ssl = ["ssl = no"]
        if tls:
            _certificate(folder)
            ssl = [
                "ssl = yes",
                f"ssl_cert = <{folder / 'chain.pem'}",
                f"ssl_key = <{folder / 'key.pem'}",
            ]
        lines = [
            f"protocols = {protocol}",
            f"listen = {HOST}",
            f"base_dir = {folder / 'run'}",
            f"state_dir = {folder / 'state'}",
            f"default_login_user = {user}",
            f"default_internal_user = {user}",
            f"default_internal_group = {group}",
            *ssl,
            "disable_plaintext_auth = no",
            "log_path = /dev/stderr",
            f"mail_location = maildir:{folder / 'mail'}",
            "passdb {\n driver = static\n args = nopassword=n\n}",
            f"userdb {{\n driver = static\n args = uid={user} gid={group} home={folder}\n}}",
            f"service {protocol}-login {{\n chroot =\n"
            f" inet_listener {protocol} {{\n port = {0 if inside else port}\n }}\n"
            f" inet_listener {protocol}s {{\n port = {port if inside else 0}\n }}\n}}",
            "service anvil {\n chroot =\n}",
        ]
        config = folder / "dovecot.conf"
        config.write_text("\n".join([*lines, ""]))
        with serving([program, "-F", "-c", str(config)], port):
            yield port


@contextmanager
def rsyncd() -> Generator[int]:
    """rsync's daemon, with one module."""
    program, port = need("rsync"), free_port()
    with _folder() as folder:
        config = folder / "rsyncd.conf"
        config.write_text(f"use chroot = no\n[sauvegardes]\npath = {folder}\n")
        argv = [program, "--daemon", "--no-detach", f"--address={HOST}", f"--port={port}"]
        with serving([*argv, f"--config={config}"], port):
            yield port


@contextmanager
def xvfb(*, authorised: bool) -> Generator[int]:
    """An X server that listens on TCP; ``authorised`` demands a cookie."""
    program = need("Xvfb")
    # An X server listens on 6000 + its display: a free port above gives a free display.
    port = free_port()
    while port < 10_000:
        port = free_port()
    display = f":{port - 6_000}"
    with _folder() as folder:
        argv = [program, display, "-screen", "0", "64x64x8", "-listen", "tcp", "-nolisten", "unix"]
        if authorised:
            cookie = os.urandom(16)
            name = b"MIT-MAGIC-COOKIE-1"
            # Family « wild »: valid for whatever address and display.
            fields = (b"", b"", name, cookie)
            entry = b"\xff\xff" + b"".join(
                len(field).to_bytes(2, "big") + field for field in fields
            )
            (folder / "auth").write_bytes(entry)
            argv += ["-auth", str(folder / "auth")]
        else:
            argv += ["-ac"]
        with serving(argv, port):
            yield port


@contextmanager
def unbound(*, refuses: bool) -> Generator[int]:
    """Unbound over TCP; it asks nobody anything."""
    program, port = need("unbound"), free_port()
    with _folder() as folder:
        config = folder / "unbound.conf"
        access = "refuse" if refuses else "allow"
        config.write_text(
            "server:\n"
            f' interface: {HOST}@{port}\n port: {port}\n username: ""\n chroot: ""\n'
            f' directory: "{folder}"\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
            f" access-control: {HOST}/32 {access}\n do-not-query-localhost: yes\n"
            ' local-zone: "." static\n local-data: ". IN NS ns.chu.example."\n'
            "remote-control:\n control-enable: no\n"
        )
        with serving([program, "-d", "-c", str(config)], port):
            yield port


@contextmanager
def named() -> Generator[int]:
    """BIND over TCP, authoritative for nothing, recursion off."""
    program, port = need("named"), free_port()
    with _folder() as folder:
        argv = [program, "-g"]
        if os.geteuid() == 0:
            shutil.chown(folder, "bind")
            argv += ["-u", "bind"]
        config = folder / "named.conf"
        config.write_text(
            "options {\n"
            f' directory "{folder}";\n listen-on port {port} {{ {HOST}; }};\n'
            " listen-on-v6 { none; };\n recursion no;\n"
            f' pid-file none;\n session-keyfile "{folder}/session";\n'
            "};\ncontrols { };\n"
        )
        with serving([*argv, "-c", str(config)], port):
            yield port
