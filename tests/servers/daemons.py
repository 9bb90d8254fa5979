"""Real servers at home: each on its own port of 127.0.0.1, in a private network.

Without the hooks of the tests, so that benchmarks use them too. Run inside ``unshare --net
--mount`` by root, with ``lo`` up: ports below 1024 are taken, and ``/run`` may be shadowed.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
_READY_S = 30.0
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/lib/ipsec:/usr/lib/postfix/sbin"
_POSTGRES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One service of a daemon, as it must be told."""

    port: int
    protocol: str
    transport: str = "tcp"
    product: str = ""
    """Id of the product; empty: the catalogue has none."""
    peer: str = ""
    """What nmap calls the protocol, as a regular expression; empty: as we do."""
    is_silent: bool = False
    """It answers its own clients alone: open, undetermined or absent are all true."""


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """One server, how it is started and what it then is."""

    name: str
    package: str
    """Debian's, whose version is the truth."""
    needs: tuple[str, ...]
    """Programs, the first of which is the server."""
    prepare: Callable[[Path], Sequence[str]]
    """Writes its settings into a folder; gives its command."""
    speaks: tuple[Spoken, ...]
    words: tuple[str, ...] = ()
    """What the software is called, lower case; empty: by its name."""
    tries: int = 1
    at_once: int = 4
    """Connections of one address at a time: those that a scan opens to one host by default."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """Programs that are not installed."""
        return tuple(one for one in self.needs if program(one) is None)


@dataclass(kw_only=True)
class Running:
    """A daemon that runs."""

    daemon: Daemon
    pid: int
    log: Path
    server: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def is_alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.server.poll() is None

    @property
    def version(self) -> str:
        """What its package says of its version: the part that its makers gave."""
        return upstream_version(self.daemon.package)


def program(name: str) -> str | None:
    """Give the path of a program, where Debian may hide it too."""
    found = shutil.which(name, path=_PATH)
    if found is None and name == "postgres":
        newest = sorted(_POSTGRES.glob("*/bin/postgres"))
        return str(newest[-1]) if newest else None
    return found


def upstream_version(package: str) -> str:
    """Give the version of an installed package without epoch and revision; empty: not installed."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package],
        check=False,
        capture_output=True,
        text=True,
    )
    told = asked.stdout.strip().partition(":")[2] or asked.stdout.strip()
    return re.split(r"[-+~](?:dfsg|deb|\d)", told)[0]


@contextmanager
def running(daemon: Daemon) -> Generator[Running]:
    """Start a daemon, wait until it serves, and stop it with all its children."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-"))
    folder.chmod(0o755)
    try:
        started = _start_at_last(daemon, folder)
        try:
            yield started
        finally:
            _stop(started.server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def all_running(
    daemons: Iterable[Daemon],
) -> Generator[tuple[list[Running], dict[str, str]]]:
    """Start what can be; gives those that run, and why each other does not."""
    up: list[Running] = []
    down: dict[str, str] = {}
    with ExitStack() as stack:
        for daemon in daemons:
            if daemon.lacks:
                down[daemon.name] = f"needs {', '.join(daemon.lacks)}"
                continue
            try:
                up.append(stack.enter_context(running(daemon)))
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                down[daemon.name] = f"did not start: {error}"
        yield up, down


def _start_at_last(daemon: Daemon, folder: Path) -> Running:
    for _ in range(daemon.tries - 1):
        with suppress(RuntimeError):
            return _start(daemon, folder)
        time.sleep(0.5)
    return _start(daemon, folder)


def _start(daemon: Daemon, folder: Path) -> Running:
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    log = folder / "log"
    argv = list(daemon.prepare(folder))
    with log.open("wb") as output:
        server = subprocess.Popen(
            [program(argv[0]) or argv[0], *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
            env={
                **os.environ,
                "HOME": str(folder),
                "MAIL_CONFIG": str(folder / "etc"),
                "SNMP_PERSISTENT_DIR": str(folder),
                "STRONGSWAN_CONF": str(folder / "strongswan.conf"),
                "XDG_CONFIG_HOME": str(folder),
            },
        )
    started = Running(daemon=daemon, pid=server.pid, log=log, server=server)
    deadline = time.monotonic() + _READY_S
    while not all(map(_is_served, daemon.speaks)):
        if server.poll() is not None or time.monotonic() > deadline:
            told = log.read_text(errors="replace")[-600:]
            _stop(server)
            raise RuntimeError(f"{daemon.name} did not start: {told}")
        time.sleep(0.1)
    return started


def _is_served(spoken: Spoken) -> bool:
    # Read from the kernel's table: a connection would be the first that the server sees.
    table = Path(f"/proc/net/{spoken.transport}").read_text(encoding="ascii")
    wide = Path(f"/proc/net/{spoken.transport}6")
    table += wide.read_text(encoding="ascii") if wide.exists() else ""
    state = "0A" if spoken.transport == "tcp" else "07"
    return re.search(rf":{spoken.port:04X} 0+(?::0000)? {state} ", table) is not None


def _stop(server: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(5)
    # Children that outlive their parent's signal hold its port.
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)


def _papers(folder: Path, *, rsa: bool = False) -> tuple[Path, Path]:
    """Give a certificate and its key."""
    key, chain = folder / "key.pem", folder / "chain.pem"
    kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "30"),
            *("-keyout", str(key), "-out", str(chain), "-subj", "/CN=srv.chu.example"),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


def _owned(folder: Path, user: str) -> None:
    shutil.chown(folder, user)


def _shell(folder: Path, script: str) -> list[str]:
    """Run a script whose last word is the server: it then takes the shell's place."""
    return ["unshare", "-m", "sh", "-c", f"mount -t tmpfs none /run && {script}", str(folder)]


def _sshd(folder: Path) -> list[str]:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    lines = (
        *("Port 22", f"ListenAddress {HOST}", f"HostKey {key}", "PidFile none"),
        # As many strangers as a benchmark is: none of them may be dropped by chance.
        *("MaxStartups 1000", "UsePAM no"),
    )
    (folder / "conf").write_text("\n".join(lines) + "\n")
    server = program("sshd")
    return _shell(folder, f"mkdir /run/sshd && exec {server} -D -e -f {folder}/conf")


def _dropbear(folder: Path) -> list[str]:
    key = folder / "key"
    made = ["dropbearkey", "-t", "ed25519", "-f", str(key)]
    subprocess.run(made, check=True, capture_output=True)
    return ["dropbear", "-F", "-E", "-r", str(key), "-p", f"{HOST}:2222"]


def _inetd(service: str, server: str, *arguments: str) -> Callable[[Path], list[str]]:
    def prepare(folder: Path) -> list[str]:
        line = f"{HOST}:{service} stream tcp nowait root {program(server)} {server}"
        (folder / "conf").write_text(" ".join([line, *arguments]) + "\n")
        return ["inetutils-inetd", "-R", "0", "-d", str(folder / "conf")]

    return prepare


def _tigervnc(folder: Path) -> list[str]:
    display = f":{os.getpid()}"
    argv = ["Xtigervnc", display, "-interface", HOST, "-rfbport", "5900", "-geometry", "64x64"]
    # Its own blacklist would take so many strangers for an attack.
    return [*argv, "-SecurityTypes", "None", "-nolisten", "tcp", "-BlacklistThreshold", "100000"]


def _xvfb(folder: Path) -> list[str]:
    entry = b"".join(
        len(one).to_bytes(2, "big") + one for one in (b"", b"", b"MIT-MAGIC-COOKIE-1", bytes(16))
    )
    (folder / "auth").write_bytes(b"\xff\xff" + entry)
    argv = ["Xvfb", ":5", "-screen", "0", "64x64x8", "-listen", "tcp", "-nolisten", "unix"]
    return [*argv, "-nolock", "-auth", str(folder / "auth")]


def _proftpd(folder: Path) -> list[str]:
    lines = (
        *('ServerName "CHU"', "ServerType standalone", "Port 21", f"DefaultAddress {HOST}"),
        *("SocketBindTight on", "UseIPv6 off", "User nobody", "Group nogroup"),
        *(f"PidFile {folder}/pid", f"ScoreboardFile {folder}/score", f"DelayTable {folder}/delay"),
    )
    (folder / "conf").write_text("\n".join(lines) + "\n")
    return ["proftpd", "-n", "-q", "-c", str(folder / "conf")]


def _postfix(folder: Path) -> list[str]:
    config, queue, data = folder / "etc", folder / "queue", folder / "data"
    for made in (config, queue, data):
        made.mkdir()
    shutil.chown(data, "postfix")
    names = "active bounce corrupt defer deferred flush hold incoming private saved trace"
    for name in (*names.split(), "maildrop", "public", "pid"):
        (queue / name).mkdir()
        if name != "pid":
            shutil.chown(queue / name, "postfix")
    chain, key = _papers(folder)
    main = (
        *("compatibility_level = 3.6", f"queue_directory = {queue}", f"data_directory = {data}"),
        *("mail_owner = postfix", "myhostname = mx.chu.example", "mydestination ="),
        *("local_recipient_maps =", "alias_maps =", f"inet_interfaces = {HOST}"),
        *("inet_protocols = ipv4", "smtpd_peername_lookup = no", "maillog_file = /dev/stdout"),
        *("smtpd_tls_security_level = may", f"smtpd_tls_chain_files = {key}, {chain}"),
        "smtpd_client_connection_rate_limit = 0",
    )
    (config / "main.cf").write_text("\n".join(main) + "\n")
    (config / "master.cf").write_text(
        f"{HOST}:25 inet n - n - - smtpd\n"
        "rewrite unix - - n - - trivial-rewrite\n"
        "anvil unix - - n - 1 anvil\n"
        "tlsmgr unix - - n 1000? 1 tlsmgr\n"
        "cleanup unix n - n - 0 cleanup\n"
        "postlog unix-dgram n - n - 1 postlogd\n"
    )
    # master says why it fails only to a terminal; without one it does not even start.
    return ["script", "-qec", f"{program('master')} -c {config} -d", "/dev/null"]


def _dovecot(folder: Path) -> list[str]:
    chain, key = _papers(folder)
    login = "\n".join(
        f"service {name}-login {{\n chroot =\n inet_listener {name} {{\n port = {port}\n }}\n"
        f" inet_listener {name}s {{\n port = 0\n }}\n}}"
        for name, port in (("imap", 143), ("pop3", 110))
    )
    (folder / "conf").write_text(
        f"protocols = imap pop3\nlisten = {HOST}\nbase_dir = {folder}/run\n"
        f"state_dir = {folder}/state\ndefault_login_user = nobody\n"
        "default_internal_user = nobody\ndefault_internal_group = nogroup\n"
        f"ssl = yes\nssl_cert = <{chain}\nssl_key = <{key}\ndisable_plaintext_auth = yes\n"
        f"log_path = /dev/stderr\nmail_location = maildir:{folder}/mail\n"
        "passdb {\n driver = static\n args = nopassword=n\n}\n"
        f"userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={folder}\n}}\n"
        f"{login}\nservice anvil {{\n chroot =\n}}\n"
    )
    return ["dovecot", "-F", "-c", str(folder / "conf")]


def _rsyncd(folder: Path) -> list[str]:
    (folder / "conf").write_text(f"use chroot = no\n[sauvegardes]\npath = {folder}\n")
    argv = ["rsync", "--daemon", "--no-detach", f"--address={HOST}"]
    return [*argv, "--port=873", f"--config={folder / 'conf'}"]


def _named(folder: Path) -> list[str]:
    _owned(folder, "bind")
    (folder / "conf").write_text(
        f'options {{\n directory "{folder}";\n listen-on port 53 {{ {HOST}; }};\n'
        f" listen-on-v6 {{ none; }};\n recursion no;\n pid-file none;\n"
        f' session-keyfile "{folder}/session";\n}};\ncontrols {{ }};\n'
    )
    return ["named", "-g", "-u", "bind", "-n", "1", "-c", str(folder / "conf")]


def _unbound(folder: Path) -> list[str]:
    chain, key = _papers(folder)
    (folder / "conf").write_text(
        f"server:\n interface: {HOST}@853\n port: 853\n tls-port: 853\n"
        f' tls-service-pem: "{chain}"\n tls-service-key: "{key}"\n username: ""\n chroot: ""\n'
        f' directory: "{folder}"\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
        f" access-control: {HOST}/32 allow\n do-not-query-localhost: yes\n"
        ' local-zone: "." static\n local-data: ". IN NS ns.chu.example."\n'
        "remote-control:\n control-enable: no\n"
    )
    return ["unbound", "-d", "-c", str(folder / "conf")]


def _postgresql(folder: Path) -> list[str]:
    data, bins = folder / "data", Path(program("postgres") or "").parent
    if not (bins / "initdb").exists():
        bins = sorted(_POSTGRES.glob("*/bin"))[-1]
    data.mkdir()
    _owned(folder, "postgres")
    _owned(data, "postgres")
    as_user = ["runuser", "-u", "postgres", "--"]
    made = [*as_user, f"{bins}/initdb", "-D", str(data), "-N", "-E", "UTF8", "--no-locale"]
    made += ["--auth-host=reject", "--auth-local=peer"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    return [*as_user, f"{bins}/postgres", "-D", str(data), "-h", HOST, "-k", str(folder), "-F"]


def _mariadb(folder: Path) -> list[str]:
    data = folder / "data"
    data.mkdir()
    _owned(folder, "mysql")
    _owned(data, "mysql")
    as_user = ["runuser", "-u", "mysql", "--"]
    made = [*as_user, "mariadb-install-db", "--no-defaults", f"--datadir={data}"]
    made += ["--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    argv = [*as_user, program("mariadbd") or "", "--no-defaults", f"--datadir={data}"]
    argv += [f"--bind-address={HOST}", f"--socket={folder}/s", "--skip-log-bin"]
    # A host whose connections end before they log in is blocked after a hundred.
    return [*argv, "--port=3306", "--max-connect-errors=1000000"]


def _slapd(folder: Path) -> list[str]:
    (folder / "db").mkdir()
    (folder / "conf").write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f'database mdb\nsuffix "dc=chu,dc=example"\ndirectory {folder}/db\n'
    )
    return ["slapd", "-d", "0", "-h", f"ldap://{HOST}:389", "-f", str(folder / "conf")]


def _samba_lines(folder: Path) -> str:
    names = "lock directory,private dir,state directory,cache directory,pid directory,ncalrpc dir"
    return "".join(f"{name} = {folder}\n" for name in names.split(","))


def _smbd(folder: Path) -> list[str]:
    (folder / "conf").write_text(
        "[global]\ninterfaces = lo\nbind interfaces only = yes\ndisable spoolss = yes\n"
        "smb ports = 445\nserver min protocol = SMB2\nnetbios name = IMAGERIE\n"
        f"workgroup = CHU\nlog level = 0\n{_samba_lines(folder)}"
    )
    argv = ["smbd", "--foreground", "--no-process-group", "--debug-stdout"]
    return [*argv, "-s", str(folder / "conf")]


def _xrdp(folder: Path) -> list[str]:
    chain, key = _papers(folder, rsa=True)
    (folder / "xrdp.ini").write_text(
        f"[Globals]\nini_version=1\nfork=true\nport=tcp://{HOST}:3389\nsecurity_layer=negotiate\n"
        f"crypt_level=high\ncertificate={chain}\nkey_file={key}\n"
        f"ssl_protocols=TLSv1.2, TLSv1.3\n[Logging]\nLogFile={folder}/xrdp.log\nLogLevel=ERROR\n"
    )
    return ["xrdp", "--nodaemon", "--config", str(folder / "xrdp.ini")]


def _shadow(folder: Path) -> list[str]:
    (folder / "sam").write_text("")
    # Displays are a name space of the whole machine: that of another run must not be taken.
    number = 100 + os.getpid() % 30_000
    screen = f"Xvfb :{number} -screen 0 640x480x24 -nolisten tcp & for n in $(seq 50); do"
    wait = f"[ -e /tmp/.X11-unix/X{number} ] && break; sleep 0.1; done; sleep 0.5"
    shadow = f"freerdp-shadow-cli /port:3390 /bind-address:{HOST} /sec:nla /sam-file:{folder}/sam"
    return ["sh", "-c", f"{screen} {wait}; DISPLAY=:{number} exec {shadow}"]


def _ocserv(folder: Path) -> list[str]:
    chain, key = _papers(folder, rsa=True)
    (folder / "passwd").write_text("")
    (folder / "conf").write_text(
        f'auth = "plain[passwd={folder}/passwd]"\nlisten-host = {HOST}\ntcp-port = 443\n'
        f"udp-port = 443\nserver-cert = {chain}\nserver-key = {key}\nsocket-file = {folder}/s\n"
        f"pid-file = {folder}/pid\nrun-as-user = nobody\nrun-as-group = nogroup\n"
        "isolate-workers = false\nmax-clients = 0\nrate-limit-ms = 0\nmax-ban-score = 0\n"
        "device = vpns\nipv4-network = 192.0.2.0/24\n"
    )
    return ["ocserv", "-f", "-d", "1", "-c", str(folder / "conf")]


def _openvpn(proto: str, port: int) -> Callable[[Path], list[str]]:
    def prepare(folder: Path) -> list[str]:
        chain, key = _papers(folder)
        return [
            # Of many clients: between two alone, it closes its port while one is there.
            *("openvpn", "--dev", f"vpn{port}", "--dev-type", "tun", "--mode", "server"),
            *("--tls-server", "--dh", "none", "--topology", "subnet"),
            *("--verb", "1", "--max-clients", "1024"),
            # A hundred first packets in ten seconds are its own limit.
            *(("--connect-freq-initial", "100000", "1") if proto == "udp" else ()),
            *("--proto", proto, "--local", HOST, "--lport", str(port)),
            *("--ca", str(chain), "--cert", str(chain), "--key", str(key)),
        ]

    return prepare


def _strongswan(folder: Path) -> list[str]:
    (folder / "ipsec.conf").write_text(
        "config setup\nconn %default\n  left=127.0.0.1\n  right=%any\n  authby=secret\n"
        "  auto=add\nconn c0\n  keyexchange=ikev2\nconn c1\n  keyexchange=ikev1\n"
    )
    (folder / "ipsec.secrets").write_text(': PSK "secret of a test"\n')
    (folder / "strongswan.conf").write_text(
        "charon {\n plugins {\n include /etc/strongswan.d/charon/*.conf\n"
        f" stroke {{ secrets_file = {folder}/ipsec.secrets }}\n }}\n"
        f" filelog {{ log {{ path = {folder}/charon.log\n default = 0 }} }}\n}}\n"
        "include /etc/strongswan.d/*.conf\n"
    )
    return _shell(folder, f"exec {program('starter')} --nofork --conf {folder}/ipsec.conf")


def _xl2tpd(folder: Path) -> list[str]:
    (folder / "conf").write_text(
        f"[global]\nlisten-addr = {HOST}\nport = 1701\n[lns default]\n"
        "ip range = 10.66.66.2-10.66.66.9\nlocal ip = 10.66.66.1\n"
    )
    (folder / "secrets").touch()
    argv = ["xl2tpd", "-D", "-c", f"{folder}/conf", "-s", f"{folder}/secrets"]
    return [*argv, "-p", f"{folder}/pid", "-C", f"{folder}/control"]


def _pptpd(folder: Path) -> list[str]:
    (folder / "options").touch()
    (folder / "conf").write_text(
        f"option {folder}/options\nlocalip 10.66.67.1\nremoteip 10.66.67.2-99\nlisten {HOST}\n"
    )
    return ["pptpd", "-f", "-c", f"{folder}/conf", "-p", f"{folder}/pid"]


def _orthanc(folder: Path) -> list[str]:
    (folder / "conf.json").write_text(
        f'{{"Name": "Vigie", "StorageDirectory": "{folder}", "IndexDirectory": "{folder}",'
        ' "DicomPort": 4242, "DicomAet": "ORTHANC", "DicomCheckCalledAet": false,'
        ' "HttpPort": 8042, "RemoteAccessAllowed": true, "AuthenticationEnabled": false,'
        ' "DicomAlwaysAllowEcho": true, "Plugins": []}'
    )
    return ["Orthanc", str(folder / "conf.json")]


def _storescp(folder: Path) -> list[str]:
    return ["storescp", "--output-directory", str(folder), "11112"]


def _mosquitto(folder: Path) -> list[str]:
    (folder / "conf").write_text(f"listener 1883 {HOST}\nallow_anonymous false\nuser nobody\n")
    return ["mosquitto", "-c", str(folder / "conf")]


def _cupsd(folder: Path) -> list[str]:
    for name in ("etc", "spool", "cache", "run", "tmp"):
        (folder / name).mkdir()
    (folder / "etc" / "cupsd.conf").write_text(
        f"Listen {HOST}:631\nBrowsing Off\nWebInterface Yes\nLogLevel warn\n"
        "<Location />\n  Order allow,deny\n  Allow all\n</Location>\n"
    )
    (folder / "etc" / "cups-files.conf").write_text(
        f"ServerRoot {folder}/etc\nRequestRoot {folder}/spool\nCacheDir {folder}/cache\n"
        f"StateDir {folder}/run\nTempDir {folder}/tmp\nErrorLog stderr\nAccessLog stderr\n"
        "PageLog stderr\nUser nobody\nGroup nogroup\nSystemGroup root\n"
    )
    return ["cupsd", "-f", "-c", f"{folder}/etc/cupsd.conf", "-s", f"{folder}/etc/cups-files.conf"]


def _nginx(folder: Path) -> list[str]:
    chain, key = _papers(folder, rsa=True)
    (folder / "conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{ }}\nhttp {{\n"
        f" access_log off;\n server {{ listen {HOST}:80; return 200 'Accueil'; }}\n"
        f" server {{ listen {HOST}:8443 ssl; ssl_certificate {chain};"
        f" ssl_certificate_key {key}; return 200 'Accueil'; }}\n}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "conf")]


def _snmpd(folder: Path) -> list[str]:
    (folder / "conf").write_text("rouser nobody\n")
    return ["snmpd", "-f", "-Lo", "-C", "-c", str(folder / "conf"), f"udp:{HOST}:161"]


def _tftpd(folder: Path) -> list[str]:
    (folder / "served").mkdir()
    argv = ["in.tftpd", "--foreground", "--address", f"{HOST}:69"]
    return [*argv, "--secure", str(folder / "served")]


def _chronyd(folder: Path) -> list[str]:
    lines = (
        *("port 123", "cmdport 0", f"bindaddress {HOST}", "allow 127.0.0.0/8"),
        *(f"pidfile {folder}/pid", "local stratum 3"),
    )
    (folder / "conf").write_text("\n".join(lines) + "\n")
    return ["chronyd", "-d", "-x", "-U", "-u", "root", "-f", str(folder / "conf")]


def _rpcbind(folder: Path) -> list[str]:
    return _shell(folder, f"exec {program('rpcbind')} -f")


def _ipmi_sim(folder: Path) -> list[str]:
    kinds = "none md2 md5 straight"
    (folder / "lan.conf").write_text(
        f'name "vigie"\nset_working_mc 0x20\nstartlan 1\n  addr {HOST} 623\n  priv_limit admin\n'
        f"  allowed_auths_callback {kinds}\n  allowed_auths_user {kinds}\n"
        f"  allowed_auths_operator {kinds}\n  allowed_auths_admin {kinds}\n"
        "  guid a123456789abcdefa123456789abcdef\nendlan\n"
        f'user 2 true "ipmiusr" "test" admin 10 {kinds}\n'
    )
    (folder / "emu").write_text(
        "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n"
    )
    argv = ["ipmi_sim", "-n", "-c", str(folder / "lan.conf"), "-f", str(folder / "emu")]
    return [*argv, "-s", str(folder)]


def _kamailio(folder: Path) -> list[str]:
    (folder / "conf").write_text(
        f"#!KAMAILIO\nfork=no\nlisten=udp:{HOST}:5060\nauto_aliases=no\n"
        'loadmodule "sl.so"\nloadmodule "pv.so"\nrequest_route {\n'
        '  if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }\n'
        '  sl_send_reply("403", "No");\n}\n'
    )
    argv = ["kamailio", "-DD", "-E", "-m", "8", "-M", "4", "-f", str(folder / "conf")]
    return [*argv, "-Y", str(folder), "-w", str(folder)]


def _dtls(folder: Path) -> list[str]:
    chain, key = _papers(folder, rsa=True)
    argv = ["gnutls-serv", "--udp", "--port=4433", "--quiet", "--disable-client-cert"]
    return [*argv, f"--x509certfile={chain}", f"--x509keyfile={key}"]


def _turnserver(folder: Path) -> list[str]:
    chain, key = _papers(folder, rsa=True)
    return [
        *("turnserver", "-n", "--no-udp", "--no-tcp", "--no-tls", "--no-cli", "--no-auth"),
        *("--listening-ip", HOST, "--relay-ip", HOST, "--tls-listening-port", "5349"),
        *("--cert", str(chain), "--pkey", str(key), "--log-file", "stdout", "--simple-log"),
        *("--pidfile", str(folder / "pid"), "--db", str(folder / "db"), "--realm", "chu.example"),
    ]


def _redis(folder: Path) -> list[str]:
    return ["redis-server", "--bind", HOST, "--port", "6379", "--save", "", "--dir", str(folder)]


def _memcached(_folder: Path) -> list[str]:
    return ["memcached", "-l", HOST, "-p", "11211", "-U", "0", "-u", "nobody"]


def _one(
    name: str,
    package: str,
    prepare: Callable[[Path], Sequence[str]],
    needs: str,
    *speaks: Spoken,
    words: str = "",
    tries: int = 1,
    at_once: int = 4,
) -> Daemon:
    return Daemon(
        name=name,
        package=package,
        needs=tuple(needs.split()),
        prepare=prepare,
        speaks=speaks,
        words=tuple((words or name.lower()).split("|")),
        tries=tries,
        at_once=at_once,
    )


def _tcp(port: int, protocol: str, product: str = "", peer: str = "") -> Spoken:
    return Spoken(port=port, protocol=protocol, product=product, peer=peer)


def _udp(port: int, protocol: str, product: str = "", peer: str = "") -> Spoken:
    return Spoken(port=port, protocol=protocol, product=product, peer=peer, transport="udp")


DAEMONS: tuple[Daemon, ...] = (
    _one("xrdp", "xrdp", _xrdp, "xrdp", _tcp(3389, "rdp", "", "ms-wbt-server")),
    _one(
        *("FreeRDP shadow, NLA", "freerdp2-shadow-x11", _shadow, "freerdp-shadow-cli Xvfb"),
        _tcp(3390, "rdp", "", "ms-wbt-server"),
        words="freerdp",
        tries=6,
        at_once=1,
    ),
    _one(
        *("ocserv", "ocserv", _ocserv, "ocserv openssl"),
        _tcp(443, "http", "ocserv"),
        Spoken(port=443, transport="udp", protocol="dtls", is_silent=True),
        words="ocserv|openconnect",
    ),
    _one(
        *("OpenVPN, TCP", "openvpn", _openvpn("tcp-server", 1194), "openvpn openssl"),
        _tcp(1194, "openvpn", "openvpn_protocol"),
        words="openvpn",
    ),
    _one(
        *("OpenVPN, UDP", "openvpn", _openvpn("udp", 1195), "openvpn openssl"),
        _udp(1195, "openvpn", "openvpn_protocol"),
        words="openvpn",
    ),
    _one(
        *("strongSwan", "strongswan-charon", _strongswan, "starter"),
        _udp(500, "ike", "ipsec_ike", "isakmp"),
    ),
    _one(
        "TigerVNC", "tigervnc-standalone-server", _tigervnc, "Xtigervnc", _tcp(5900, "vnc", "vnc")
    ),
    _one("OpenSSH", "openssh-server", _sshd, "sshd ssh-keygen", _tcp(22, "ssh", "openssh")),
    _one(
        *("dropbear", "dropbear-bin", _dropbear, "dropbear dropbearkey"),
        _tcp(2222, "ssh", "ssh"),
        # It closes the sixth of one address that has not logged in, and is slow to forget one.
        at_once=2,
    ),
    _one(
        *("inetutils telnetd", "inetutils-telnetd", _inetd("23", "telnetd")),
        *("inetutils-inetd telnetd", _tcp(23, "telnet", "gnu_inetutils_telnetd")),
        words="inetutils|gnu",
    ),
    _one("ProFTPD", "proftpd-core", _proftpd, "proftpd", _tcp(21, "ftp", "ftp")),
    _one(
        *("Samba", "samba", _smbd, "smbd"),
        _tcp(445, "smb", "smb", "netbios-ssn|microsoft-ds"),
    ),
    _one("postfix", "postfix", _postfix, "master script", _tcp(25, "smtp")),
    _one(
        *("dovecot", "dovecot-core", _dovecot, "dovecot"),
        _tcp(143, "imap"),
        _tcp(110, "pop3"),
    ),
    _one(
        *("Orthanc", "orthanc", _orthanc, "Orthanc"),
        _tcp(4242, "dicom", "dicom"),
        _tcp(8042, "http", "orthanc"),
    ),
    _one(
        *("dcmtk storescp", "dcmtk", _storescp, "storescp", _tcp(11112, "dicom", "dicom")),
        words="dcmtk|offis",
    ),
    _one("mosquitto", "mosquitto", _mosquitto, "mosquitto", _tcp(1883, "mqtt")),
    _one("snmpd", "snmpd", _snmpd, "snmpd", _udp(161, "snmp", "snmp"), words="net-snmp|snmp"),
    _one(
        *("BIND", "bind9", _named, "named"),
        _tcp(53, "dns", "", "domain"),
        words="bind",
    ),
    _one("unbound", "unbound", _unbound, "unbound", _tcp(853, "dns", "", "domain")),
    _one("CUPS", "cups-daemon", _cupsd, "cupsd", _tcp(631, "http", "", "ipp|http")),
    _one("nginx", "nginx", _nginx, "nginx openssl", _tcp(80, "http"), _tcp(8443, "http")),
    _one("OpenLDAP", "slapd", _slapd, "slapd", _tcp(389, "ldap", "ldap"), words="openldap"),
    _one(
        *("PostgreSQL", "postgresql", _postgresql, "postgres runuser"),
        _tcp(5432, "postgresql", "postgresql"),
    ),
    _one(
        *("MariaDB", "mariadb-server", _mariadb, "mariadbd mariadb-install-db runuser"),
        _tcp(3306, "mysql", "mariadb"),
    ),
    _one("Redis", "redis-server", _redis, "redis-server", _tcp(6379, "redis", "redis")),
    _one(
        *("memcached", "memcached", _memcached, "memcached"),
        _tcp(11211, "memcached", "memcached", "memcached?"),
    ),
    _one("Xvfb", "xvfb", _xvfb, "Xvfb", _tcp(6005, "x11", "x11", "X11"), words="x.org|x11"),
    _one("rsync", "rsync", _rsyncd, "rsync", _tcp(873, "rsync")),
    _one(
        *("pptpd", "pptpd", _pptpd, "pptpd", _tcp(1723, "pptp", "pptp")),
        words="pptpd|poptop|linux",
        # It cuts some of those that come while it takes note of one that left.
        at_once=1,
    ),
    _one(
        "xl2tpd", "xl2tpd", _xl2tpd, "xl2tpd", _udp(1701, "l2tp", "l2tp"), words="xl2tpd|xelerance"
    ),
    _one("tftpd-hpa", "tftpd-hpa", _tftpd, "in.tftpd", _udp(69, "tftp"), words="tftpd"),
    _one("chrony", "chrony", _chronyd, "chronyd", _udp(123, "ntp")),
    _one(
        *("rpcbind", "rpcbind", _rpcbind, "rpcbind"),
        _udp(111, "rpcbind"),
        _tcp(111, "rpcbind"),
    ),
    _one("ipmi_sim", "openipmi", _ipmi_sim, "ipmi_sim", _udp(623, "ipmi", "ipmi", "asf-rmcp|ipmi")),
    _one("kamailio", "kamailio", _kamailio, "kamailio", _udp(5060, "sip", "voip")),
    _one(
        "GnuTLS, DTLS",
        "gnutls-bin",
        _dtls,
        "gnutls-serv openssl",
        _udp(4433, "dtls"),
        words="gnutls",
        at_once=1,
    ),
    # Of many peers, where gnutls-serv waits half a minute for one that left.
    _one("coturn, DTLS", "coturn", _turnserver, "turnserver openssl", _udp(5349, "dtls")),
)
"""Every real server, told once."""


def raise_loopback() -> None:
    """Bring ``lo`` up, in a network made for us."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # With no address but 127.0.0.1, getaddrinfo(AI_ADDRCONFIG) gives none, and in.tftpd ends.
    subprocess.run(["ip", "addr", "add", "192.0.2.1/32", "dev", "lo"], check=True)


def is_private() -> bool:
    """Whether nothing but ``lo`` is here: where servers may take their own ports."""
    return {name for _, name in socket.if_nameindex()} <= {"lo"}
