"""A real Active Directory domain controller on loopback: Samba, provisioned and populated by tests.

One forest ``chu.example`` with one controller. The ports of LDAP are fixed, so that each lab has an
address of its own; they need root or a network namespace. Provisioning is paid once per session,
and a populated template once per list of planted objects.
"""

import base64
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.conftest import missing
from tests.servers.real import need, serving

REALM = "CHU.EXAMPLE"
DOMAIN_DN = "DC=chu,DC=example"
NAME = "dc1.chu.example"
NETBIOS = "CHU"
SID = "S-1-5-21-1111111111-2222222222-3333333333"
AUDITOR = "audit-ro"
PASSWORD = "Correct-Horse-9"
_PYTHON = "/usr/bin/python3"
_LAB = Path(__file__).with_name("samba_lab.py")


@dataclass(frozen=True)
class Sddl:
    """A security descriptor, as text; ``DA``, ``DU`` and such are of the domain."""

    text: str


Value = str | bytes | Sddl
Step = dict[str, object]


@dataclass(frozen=True)
class Planted:
    """One object added, changed or removed by code before the controller starts."""

    dn: str
    """Below the domain when it does not end in ``DC=example``."""
    attributes: dict[str, Value | Sequence[Value]] = field(default_factory=dict)
    do: str = "add"
    """``add``, ``replace``, ``append``, ``remove``, ``delete``, ``password``, ``grant`` (puts
    ``entries`` before those of its descriptor) or ``raw`` (last, below what the directory checks).
    """
    controls: tuple[str, ...] = ()
    """``system``, ``relax``, ``owner``, ``dacl`` of the helper."""
    password: str = ""

    def step(self) -> Step:
        """Give what the helper reads."""
        attributes = {
            name: [_written(one) for one in ([values] if isinstance(values, Value) else values)]
            for name, values in self.attributes.items()
        }
        dn = self.dn if self.dn.endswith("DC=example") else f"{self.dn},{DOMAIN_DN}"
        return {
            "dn": dn,
            "do": self.do,
            "attributes": attributes,
            "controls": list(self.controls),
            "password": self.password,
        }


@dataclass(frozen=True)
class Controller:
    """One that runs."""

    address: str
    ca_file: Path
    fingerprint: str
    folder: Path
    pid: int

    @property
    def url(self) -> str:
        """LDAPS, by name."""
        return f"ldaps://{NAME}"

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Resolve every name to it."""
        return (self.address,)

    def attribute(self, dn: str, name: str) -> list[str]:
        """Read an attribute behind its back, from its own database."""
        found = subprocess.run(
            [
                need("ldbsearch"),
                "-H",
                f"{self.folder}/private/sam.ldb",
                "-b",
                dn,
                "-s",
                "base",
                name,
            ],
            capture_output=True,
            check=True,
        )
        lines = found.stdout.decode(errors="replace").splitlines()
        return [line.partition(": ")[2] for line in lines if line.startswith(f"{name}:")]

    def plant(self, *planted: Planted) -> None:
        """Change its database while it runs, in one transaction."""
        _plant(self.folder, [[one.step() for one in planted]])

    def deleted(self) -> str:
        """Give the deleted objects that its database still holds, as LDIF."""
        argv = [need("ldbsearch"), "-H", f"{self.folder}/private/sam.ldb", "--show-deleted"]
        return subprocess.run(
            [*argv, "-b", DOMAIN_DN, "(isDeleted=TRUE)", "dn"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout


def _written(value: Value) -> str | dict[str, str]:
    match value:
        case bytes():
            return {"b64": base64.b64encode(value).decode()}
        case Sddl(text):
            return {"sddl": text}
        case str():
            return value


def user(name: str, password: str = "", **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give an ordinary, enabled user of ``CN=Users``; a password costs Kerberos keys, 20 ms."""
    dn = f"CN={name},CN=Users"
    given: dict[str, Value | Sequence[Value]] = {
        "objectClass": "user",
        "sAMAccountName": name,
        "userPrincipalName": f"{name}@chu.example",
        "userAccountControl": "514" if password else "512",
        **attributes,
    }
    if not password:
        # As if one had been set a while ago: without it an account is « must change at logon ».
        given.setdefault("pwdLastSet", filetime(datetime(2026, 10, 1, tzinfo=UTC)))
        return [Planted(dn, given, controls=("system", "relax"))]
    return [
        Planted(dn, given),
        Planted(dn, do="password", password=password),
        Planted(dn, {"userAccountControl": "512"}, do="replace"),
    ]


def computer(name: str, **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give a workstation of ``CN=Computers``."""
    return [
        Planted(
            f"CN={name},CN=Computers",
            {
                "objectClass": "computer",
                "sAMAccountName": f"{name}$",
                "userAccountControl": "4096",
                "dNSHostName": f"{name.lower()}.chu.example",
                "pwdLastSet": filetime(datetime(2026, 11, 1, tzinfo=UTC)),
                **attributes,
            },
            controls=("system", "relax"),
        )
    ]


def group(
    name: str, members: Sequence[str] = (), **attributes: Value | Sequence[Value]
) -> list[Planted]:
    """Give a global security group of ``CN=Users``; members are names of it, or whole DNs."""
    given: dict[str, Value | Sequence[Value]] = {
        "objectClass": "group",
        "sAMAccountName": name,
        "groupType": "-2147483646",
        **attributes,
    }
    if members:
        given["member"] = [
            one if "=" in one else f"CN={one},CN=Users,{DOMAIN_DN}" for one in members
        ]
    return [Planted(f"CN={name},CN=Users", given)]


def ou(name: str, **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give an organizational unit below the domain."""
    return [Planted(f"OU={name}", {"objectClass": "organizationalUnit", **attributes})]


def filetime(when: datetime) -> str:
    """Give a moment as directories write it: 100 ns since 1601."""
    return str(int((when.timestamp() + 11_644_473_600) * 10_000_000))


def auditor() -> list[Planted]:
    """Give the ordinary account that audits."""
    return user(AUDITOR, PASSWORD)


@contextmanager
def controller(
    folder: Path,
    template: Path,
    *,
    address: str = "",
    process_model: str = "single",
    conf: str = "",
) -> Iterator[Controller]:
    """Run a copy of a template until the end of the block, at an address of its own."""
    address = address or _free_address()
    if os.geteuid() != 0:
        missing("Samba's LDAP ports need root")
    program = need("samba")
    home = folder / "dc"
    subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", str(home)], check=True)
    _write_conf(home, address, conf)
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME, "chu.example", address)
    tls = home / "tls"
    tls.mkdir(mode=0o700)
    authority.cert_pem.write_to_path(tls / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tls / "cert.pem")
    (tls / "key.pem").touch(mode=0o600)
    certificate.private_key_pem.write_to_path(tls / "key.pem")
    argv = [
        program,
        "--interactive",
        f"--model={process_model}",
        f"--configfile={home}/etc/smb.conf",
    ]
    with serving(argv, 636, ip=address, ready_s=120) as process:
        der = subprocess.run(
            ["openssl", "x509", "-in", str(tls / "cert.pem"), "-outform", "DER"],
            capture_output=True,
            check=True,
        ).stdout
        yield Controller(
            address=address,
            ca_file=tls / "ca.pem",
            fingerprint=hashlib.sha256(der).hexdigest(),
            folder=home,
            pid=process.pid,
        )


class Templates:
    """Provisioned and populated databases, made once each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def empty(self) -> Path:
        """Give a domain as it is provisioned."""
        return self._once("empty", self._provision)

    def populated(
        self, planted: Sequence[Planted], *, batches: Sequence[Sequence[Planted]] = ()
    ) -> Path:
        """Give a domain with these objects; each list of ``batches`` is a transaction, in order."""
        steps = [[one.step() for one in batch] for batch in [planted, *batches] if batch]
        key = hashlib.sha256(json.dumps(steps).encode()).hexdigest()[:16]

        def make(home: Path) -> None:
            shutil.copytree(self.empty(), home, dirs_exist_ok=True)
            _write_conf(home, "127.0.0.50", "")
            _plant(home, steps)

        return self._once(key, make)

    def _once(self, key: str, make: Callable[[Path], None]) -> Path:
        if key not in self._made:
            home = Path(tempfile.mkdtemp(prefix=f"samba-{key}-", dir=self._folder))
            make(home)
            self._made[key] = home
        return self._made[key]

    def _provision(self, home: Path) -> None:
        if not Path("/usr/share/samba/setup/provision.ldif").exists():
            missing("samba-ad-provision is not installed")
        _write_conf(home, "127.0.0.50", "")
        _helper(
            {
                "do": "provision",
                "conf": f"{home}/etc/smb.conf",
                "folder": str(home),
                "realm": REALM,
                "netbios": NETBIOS,
                "sid": SID,
                "host": "dc1",
                "ip": "127.0.0.50",
                "password": PASSWORD,
            }
        )


def _free_address() -> str:
    """Give a loopback address where nobody serves LDAP: two runs of these tests may meet."""
    for _ in range(200):
        address = f"127.0.{secrets.randbelow(200) + 51}.{secrets.randbelow(254) + 1}"
        with suppress(OSError), socket.create_server((address, 636)):
            return address
    raise AssertionError("no loopback address is free")


def _plant(home: Path, steps: list[list[Step]]) -> None:
    _helper(
        {
            "do": "plant",
            "conf": f"{home}/etc/smb.conf",
            "folder": str(home),
            "batches": steps,
        }
    )


def _helper(asked: dict[str, object]) -> None:
    if not Path(_PYTHON).exists():
        missing("/usr/bin/python3 is not there")
    done = subprocess.run(
        [_PYTHON, "-I", str(_LAB)],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        if b"No module named 'samba'" in done.stderr:
            missing("python3-samba is not installed")
        raise AssertionError(done.stderr.decode(errors="replace")[-3_000:])


def _write_conf(home: Path, address: str, more: str) -> None:
    (home / "etc").mkdir(parents=True, exist_ok=True)
    (home / "etc/smb.conf").write_text(
        f"""[global]
workgroup = {NETBIOS}
realm = {REALM}
netbios name = DC1
server role = active directory domain controller
interfaces = {address}/8
bind interfaces only = yes
server services = ldap, cldap, kdc, rpc
private dir = {home}/private
lock directory = {home}
state directory = {home}/state
cache directory = {home}/cache
binddns dir = {home}/bind-dns
pid directory = {home}/run
ncalrpc dir = {home}/ncalrpc
log file = {home}/log.samba
logging = file
xattr_tdb:file = {home}/state/xattr.tdb
tls enabled = yes
tls cafile = {home}/tls/ca.pem
tls certfile = {home}/tls/cert.pem
tls keyfile = {home}/tls/key.pem
{more}
[sysvol]
path = {home}/state/sysvol
read only = no
[netlogon]
path = {home}/state/sysvol/chu.example/scripts
read only = no
"""
    )


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Give the templates of this session: import it where it is used."""
    return Templates(tmp_path_factory.mktemp("samba"))
