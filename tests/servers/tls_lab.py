"""Some fifty TLS servers of many kinds on 127.40.0.0/16, each with what is true of it.

One address a server, so that limits by host are those of real life. What a test needs is started by
name; a benchmark starts them all.
"""

import base64
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.real import free_port, need, serving
from tests.servers.tls_certs import issue
from tests.servers.tls_lab_daemons import apache, nss, selfserv

NAME = "portail.chu.example"
TLS1_2, TLS1_3 = "TLS1.2", "TLS1.3"
_OAKLEY_2 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
    "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
    "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)
_HERE = Path(__file__).parent
_JAVA = _HERE / "LegacyTls.java"
_ANSWERS = "import tests.servers.tls_lab_odd as odd; odd.main()"


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is true of one server; ``None``: not told apart here."""

    versions: frozenset[str]
    rc4: bool = False
    triple_des: bool = False
    des: bool = False
    export_suites: bool = False
    null_suites: bool = False
    anonymous_suites: bool = False
    dh_bits: int | None = None
    """Of its shortest prime."""
    key: tuple[str, int] | None = ("rsa", 2048)
    """Kind and size; ``None``: shows no certificate."""
    signature: str = "sha256"
    client_certificate: bool = False
    needs_name: bool = False
    mute: bool = False
    """It says nothing of TLS: nothing may be told of it."""
    sslv2: bool = False


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server of the lab."""

    name: str
    kind: str
    """openssl | gnutls | nginx | apache | nss | java | tlslite | odd."""
    truth: Truth
    options: tuple[str, ...] = ()
    key: str = "rsa2048"
    slow: bool = False
    """It answers, in its own time."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server of the lab listens."""

    server: Server
    ip: str
    port: int


def _versions(*names: str) -> frozenset[str]:
    return frozenset(names)


_ALL_OLD = _versions("TLS1.0", "TLS1.1", TLS1_2, TLS1_3)
_NEW = _versions(TLS1_2, TLS1_3)
_12 = _versions(TLS1_2)
_13 = _versions(TLS1_3)
_0 = "@SECLEVEL=0"
_KEYS: dict[str, tuple[str, int]] = {
    "rsa2048": ("rsa", 2048),
    "rsa3072": ("rsa", 3072),
    "rsa1024": ("rsa", 1024),
    "p256": ("ec", 256),
    "p384": ("ec", 384),
    "ed25519": ("ed25519", 256),
    "sha1": ("rsa", 2048),
    "expired": ("rsa", 2048),
}
"""Keys, and the kind and size that a scan should tell of each."""


def _openssl(name: str, truth: Truth, *options: str, key: str = "rsa2048") -> Server:
    return Server(name=name, kind="openssl", truth=truth, options=options, key=key)


def _truth(versions: frozenset[str], key: str = "rsa2048", **more: object) -> Truth:
    signature = {"sha1": "sha1", "ed25519": ""}.get(key, "sha256")
    fields: dict[str, object] = {"key": _KEYS[key], "signature": signature, **more}
    return Truth(versions=versions, **fields)  # type: ignore[arg-type]


_WEAK_KEYS = ("-min_protocol", "TLSv1.2", "-cipher", f"DEFAULT:{_0}", "-serverpref")


def _keyed(key: str) -> Server:
    return _openssl(f"key-{key}", _truth(_NEW, key), *_WEAK_KEYS, key=key)


def _java(name: str, truth: Truth, versions: str, suites: str = "") -> Server:
    options = (versions, suites) if suites else (versions,)
    return Server(name=name, kind="java", truth=truth, options=options)


def _gnutls(name: str, truth: Truth, priority: str) -> Server:
    return Server(name=name, kind="gnutls", truth=truth, options=(priority,))


def _nginx(name: str, truth: Truth, block: str) -> Server:
    return Server(name=name, kind="nginx", truth=truth, options=(block,))


def _apache(name: str, truth: Truth, protocols: str, suites: str) -> Server:
    return Server(name=name, kind="apache", truth=truth, options=(protocols, suites))


def _nss(name: str, truth: Truth, *options: str) -> Server:
    return Server(name=name, kind="nss", truth=truth, options=options)


def _tlslite(name: str, truth: Truth, *options: str) -> Server:
    return Server(name=name, kind="tlslite", truth=truth, options=options)


def _odd(name: str, truth: Truth, *options: str, slow: bool = False) -> Server:
    return Server(name=name, kind="odd", truth=truth, options=options, slow=slow)


_JAVA_ALL = Truth(
    versions=_versions("SSLv3", "TLS1.0", "TLS1.1", TLS1_2, TLS1_3),
    rc4=True,
    triple_des=True,
    des=True,
    export_suites=True,
    null_suites=True,
    anonymous_suites=True,
)
_SSL = f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:{_0};"
_OLD_NGINX = f"ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:!aNULL:!eNULL:!DHE:{_0};"

SERVERS: tuple[Server, ...] = (
    _openssl("modern-13", _truth(_13, "p256"), "-tls1_3", key="p256"),
    _openssl("modern", _truth(_NEW), "-cipher", "ECDHE+AESGCM", "-serverpref"),
    _openssl(
        "tls12-gcm", _truth(_12, "rsa3072"), "-tls1_2", "-cipher", "ECDHE+AESGCM", key="rsa3072"
    ),
    _openssl("client-order", _truth(_NEW), "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20"),
    _openssl("all-versions", _truth(_ALL_OLD), "-cipher", f"DEFAULT:{_0}", "-serverpref"),
    _openssl("tls10-only", _truth(_versions("TLS1.0")), "-tls1", "-cipher", f"DEFAULT:{_0}"),
    _openssl("tls11-only", _truth(_versions("TLS1.1")), "-tls1_1", "-cipher", f"DEFAULT:{_0}"),
    _openssl(
        "tls10-to-12",
        _truth(_ALL_OLD - {TLS1_3}),
        *("-max_protocol", "TLSv1.2", "-cipher", f"DEFAULT:{_0}"),
    ),
    _openssl(
        "dh1024",
        _truth(_12, dh_bits=1024),
        "-tls1_2",
        "-dhparam",
        "DH1024",
        "-cipher",
        f"kDHE:!aNULL:!eNULL:{_0}",
    ),
    _openssl(
        "dh2048",
        _truth(_12, dh_bits=2048),
        "-tls1_2",
        "-dhparam",
        "DH2048",
        "-cipher",
        f"kDHE:!aNULL:!eNULL:{_0}",
    ),
    _openssl(
        "null",
        _truth(_12, null_suites=True),
        *("-tls1_2", "-cipher", f"NULL-SHA256:AES128-SHA256:{_0}"),
    ),
    _openssl(
        "anonymous",
        _truth(_12, anonymous_suites=True),
        *("-tls1_2", "-cipher", f"AECDH-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:{_0}"),
    ),
    _openssl("static-rsa", _truth(_12), "-tls1_2", "-cipher", f"kRSA+AES:{_0}"),
    _openssl("cbc-no-etm", _truth(_12), "-tls1_2", "-no_etm", "-cipher", f"ECDHE+AES+SHA1:{_0}"),
    _openssl("cbc-etm", _truth(_12), "-tls1_2", "-cipher", f"ECDHE+AES+SHA1:{_0}"),
    _openssl(
        "small-curve",
        _truth(_12),
        "-tls1_2",
        "-groups",
        "P-224:P-256",
        "-cipher",
        f"ECDHE:!aNULL:!eNULL:{_0}",
    ),
    _openssl("early-data", _truth(_13), "-tls1_3", "-early_data", "-max_early_data", "16384"),
    _openssl("camellia", _truth(_12), "-tls1_2", "-cipher", f"ECDHE+CAMELLIA:{_0}"),
    _openssl("aria", _truth(_12), "-tls1_2", "-cipher", f"ECDHE-ARIA256-GCM-SHA384:{_0}"),
    _openssl("ccm8", _truth(_12, "p256"), "-tls1_2", "-cipher", f"AESCCM8:{_0}", key="p256"),
    _openssl("chacha", _truth(_12), "-tls1_2", "-cipher", "ECDHE+CHACHA20"),
    _openssl(
        "mtls-12",
        _truth(_12, client_certificate=True),
        *("-tls1_2", "-Verify", "1", "-verify_return_error", "-cipher", "ECDHE+AESGCM"),
    ),
    _openssl("mtls-13", _truth(_13, client_certificate=True), "-tls1_3", "-Verify", "1"),
    _openssl(
        "mtls-old",
        _truth(_ALL_OLD - {TLS1_3}, client_certificate=True),
        *("-max_protocol", "TLSv1.2", "-Verify", "1", "-cipher", f"DEFAULT:{_0}"),
    ),
    *(_keyed(key) for key in ("rsa1024", "rsa3072", "p256", "p384", "ed25519", "sha1", "expired")),
    _openssl(
        "tls11-to-13",
        _truth(_ALL_OLD - {"TLS1.0"}),
        "-min_protocol",
        "TLSv1.1",
        "-cipher",
        f"ALL:!aNULL:!eNULL:!DHE:{_0}",
    ),
    _openssl("pq-shares", _truth(_13), "-tls1_3", "-groups", "P-521:X448"),
    _gnutls("gnutls", _truth(_NEW), "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-DHE-RSA"),
    _gnutls(
        "gnutls-old",
        _truth(_ALL_OLD, triple_des=True),
        "LEGACY:+3DES-CBC:+VERS-TLS1.0:+VERS-TLS1.1:-DHE-RSA:%VERIFY_ALLOW_SIGN_WITH_SHA1",
    ),
    _gnutls(
        "gnutls-rc4",
        _truth(_12, rc4=True),
        "NONE:+VERS-TLS1.2:+ARCFOUR-128:+RSA:+ECDHE-RSA:+SHA1:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509",
    ),
    _nginx("nginx", _truth(_NEW), _SSL + "ssl_prefer_server_ciphers on;"),
    _nginx("nginx-client-order", _truth(_NEW), _SSL),
    _nginx("nginx-old", _truth(_ALL_OLD - {TLS1_3}), _OLD_NGINX),
    _nginx("nginx-sni", _truth(_NEW, needs_name=True), _SSL),
    _nginx("nginx-two-keys", _truth(_NEW, key="p256"), _SSL),
    _apache("apache", _truth(_NEW), "all -SSLv3 -TLSv1 -TLSv1.1", "HIGH:!aNULL:!kDHE"),
    # mod_ssl itself puts anonymous, NULL and EXPORT suites away, whatever is written.
    _apache("apache-old", _truth(_ALL_OLD), "all", f"ALL:!kDHE:{_0}"),
    _nss("nss", _truth(_NEW), "-V", "tls1.2:", "-c", ":C02F:C030:CCA8:1301:1302:1303"),
    _nss(
        "nss-old",
        _truth(_ALL_OLD, rc4=True, triple_des=True),
        *("-V", "tls1.0:", "-c", ":0005:000A:002F:C013:C02F:1301"),
    ),
    _nss("nss-null", _truth(_12, null_suites=True), "-V", "tls1.2:tls1.2", "-c", ":003B:C02F"),
    _java("java-everything", _JAVA_ALL, "SSLv3,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3"),
    _java(
        "java-ssl3",
        _truth(_versions("SSLv3"), rc4=True, triple_des=True),
        *("SSLv3", "SSL_RSA_WITH_RC4_128_SHA,SSL_RSA_WITH_3DES_EDE_CBC_SHA"),
    ),
    _java(
        "java-rc4",
        _truth(_versions("TLS1.0", "TLS1.1", TLS1_2), rc4=True),
        *("TLSv1,TLSv1.1,TLSv1.2", "SSL_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_AES_128_CBC_SHA"),
    ),
    _java(
        "java-export",
        _truth(_versions("TLS1.0"), rc4=True, export_suites=True),
        *("TLSv1", "SSL_RSA_EXPORT_WITH_RC4_40_MD5,TLS_RSA_WITH_AES_128_CBC_SHA"),
    ),
    _tlslite(
        "tlslite-ssl3", _truth(_versions("SSLv3", "TLS1.0"), rc4=True, triple_des=True), "ssl3"
    ),
    _tlslite(
        "tlslite-3des", _truth(_versions("TLS1.0", "TLS1.1", TLS1_2), triple_des=True), "3des"
    ),
    _tlslite("tlslite-null", _truth(_12, null_suites=True), "null"),
    _odd("slow-1", _truth(_NEW), "slow", slow=True),
    _odd("slow-2", _truth(_NEW), "slow", slow=True),
    _odd("drip", _truth(_NEW), "drip", slow=True),
    _odd("sslv2", _truth(_NEW, sslv2=True, rc4=True, des=True, export_suites=True), "sslv2"),
    _odd("tarpit", Truth(versions=frozenset(), key=None, mute=True), "mute", slow=True),
    _odd("not-tls", Truth(versions=frozenset(), key=None, mute=True), "http"),
)
"""All of them. Those that no Debian package can run are « tlslite » and need its venv."""


def named(*names: str) -> tuple[Server, ...]:
    """Give servers by name."""
    known = {one.name: one for one in SERVERS}
    return tuple(known[name] for name in names)


@dataclass(kw_only=True)
class Papers:
    """Keys and certificates of one lab, made once."""

    folder: Path
    made: dict[str, tuple[Path, Path]] = field(default_factory=dict[str, tuple[Path, Path]])

    def of(self, key: str) -> tuple[Path, Path]:
        """Give the certificate and the key of a kind."""
        if key not in self.made:
            self.made[key] = self._make(key)
        return self.made[key]

    def _make(self, key: str) -> tuple[Path, Path]:
        if key == "expired":
            old = issue(NAME, names=(NAME,), rsa_bits=2048, days=(-100, -5))
            return old.files(self.folder)
        certificate, private = self.folder / f"{key}.pem", self.folder / f"{key}.key"
        new = {
            "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            "ed25519": ["ed25519"],
            "rsa1024": ["rsa:1024"],
            "rsa3072": ["rsa:3072"],
        }.get(key, ["rsa:2048"])
        argv = [need("openssl"), "req", "-x509", "-nodes", "-subj", f"/CN={NAME}"]
        argv += ["-addext", f"subjectAltName=DNS:{NAME}", "-newkey", *new]
        argv += [] if key == "ed25519" else ["-sha1" if key == "sha1" else "-sha256"]
        argv += ["-days", "90", "-keyout", str(private), "-out", str(certificate)]
        subprocess.run(argv, check=True, capture_output=True)
        return certificate, private

    def pkcs12(self) -> Path:
        """Give the RSA key as a store for Java."""
        store = self.folder / "store.p12"
        if not store.exists():
            certificate, private = self.of("rsa2048")
            argv = [need("openssl"), "pkcs12", "-export", "-in", str(certificate)]
            argv += ["-inkey", str(private), "-out", str(store), "-passout", "pass:changeit"]
            subprocess.run(argv, check=True, capture_output=True)
        return store

    def nss(self) -> Path:
        """Give the RSA key in a database of NSS."""
        if not (self.folder / "nss").exists():
            nss(self.folder, {"rsa": self.of("rsa2048")})
        return self.folder / "nss"

    def dh(self, bits: int) -> Path:
        """Give a well-known group of that size (RFC 2409, RFC 7919)."""
        file = self.folder / f"dh{bits}.pem"
        if not file.exists():
            if bits == 2048:
                argv = [need("openssl"), "genpkey", "-genparam", "-algorithm", "DH"]
                argv += ["-pkeyopt", "group:ffdhe2048", "-out", str(file)]
                subprocess.run(argv, check=True, capture_output=True)
            else:
                # Making parameters takes minutes: that of RFC 2409, 6.2.
                numbers = bytes.fromhex("30818702818100" + _OAKLEY_2 + "020102")
                text = base64.encodebytes(numbers).decode()
                file.write_text(
                    f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n"
                )
        return file

    def java_class(self) -> Path:
        """Give the folder of the compiled Java server."""
        if not (self.folder / "LegacyTls.class").exists():
            argv = [need("javac"), "-d", str(self.folder), str(_JAVA)]
            subprocess.run(argv, check=True, capture_output=True)
        return self.folder


@contextmanager
def lab(
    folder: Path, servers: Iterable[Server] = SERVERS, *, tlslite_python: str = ""
) -> Generator[list[Place]]:
    """Start servers, each on an address of its own; tlslite ones where its Python is given."""
    papers = Papers(folder=folder)
    chosen = [one for one in servers if one.kind != "tlslite" or tlslite_python]
    places: list[Place] = []
    with ExitStack() as stack:
        for number, one in enumerate(chosen, 1):
            place = Place(server=one, ip=f"127.40.{number // 200}.{number % 200 + 1}", port=0)
            started = _START[one.kind](papers, place, tlslite_python)
            if started is None:
                places.append(place)
                continue
            argv, port = started
            # Those that cannot bind an address listen on all of them.
            stack.enter_context(serving(argv, port, ip=place.ip, cwd=Path.cwd()))
            places.append(Place(server=one, ip=place.ip, port=port))
        waiting = [place for place in places if not place.port]
        if waiting:
            conf, ports = _nginx_conf(papers, waiting)
            argv = [need("nginx"), "-p", str(folder), "-c", str(conf), "-e", f"{folder}/start.log"]
            first = waiting[0]
            stack.enter_context(serving(argv, ports[first.server.name], ip=first.ip))
            for at, place in enumerate(places):
                if not place.port:
                    places[at] = Place(
                        server=place.server, ip=place.ip, port=ports[place.server.name]
                    )
        yield places


_Started = tuple[list[str], int] | None


def _start_openssl(papers: Papers, place: Place, _python: str) -> _Started:
    certificate, key = papers.of(place.server.key)
    port = free_port(place.ip)
    argv = [need("openssl"), "s_server", "-accept", f"{place.ip}:{port}", "-quiet"]
    argv += ["-cert", str(certificate), "-key", str(key)]
    for option in place.server.options:
        is_group = option in {"DH1024", "DH2048"}
        argv.append(str(papers.dh(int(option[2:]))) if is_group else option)
    if "-early_data" not in argv:
        argv.append("-www")
    if "-dhparam" not in argv:
        argv.append("-no_dhe")
    if "-Verify" in argv:
        argv += ["-CAfile", str(certificate)]
    return argv, port


def _start_gnutls(papers: Papers, place: Place, _python: str) -> _Started:
    certificate, key = papers.of(place.server.key)
    port = free_port("0.0.0.0")
    argv = [need("gnutls-serv"), "--http", "--port", str(port), "--disable-client-cert"]
    argv += ["--priority", place.server.options[0]]
    return [*argv, "--x509certfile", str(certificate), "--x509keyfile", str(key)], port


def _start_java(papers: Papers, place: Place, _python: str) -> _Started:
    port = free_port(place.ip)
    argv = [need("java"), "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", str(papers.java_class())]
    where = f"{place.ip}:{port}"
    return [*argv, "LegacyTls", where, str(papers.pkcs12()), *place.server.options], port


def _start_apache(papers: Papers, place: Place, _python: str) -> _Started:
    certificate, key = papers.of(place.server.key)
    port = free_port(place.ip)
    protocols, suites = place.server.options
    server = f"SSLCertificateFile {certificate}\nSSLCertificateKeyFile {key}\n"
    server += f"SSLProtocol {protocols}\nSSLCipherSuite {suites}"
    return apache(papers.folder, place.ip, port, server), port


def _start_nss(papers: Papers, place: Place, _python: str) -> _Started:
    port = free_port("0.0.0.0")
    return selfserv(papers.nss(), port, *place.server.options), port


def _start_tlslite(papers: Papers, place: Place, python: str) -> _Started:
    certificate, key = papers.of(place.server.key)
    port = free_port(place.ip)
    script = str(_HERE / "tls_lab_tlslite.py")
    return [
        python,
        script,
        place.ip,
        str(port),
        str(certificate),
        str(key),
        *place.server.options,
    ], port


def _start_odd(papers: Papers, place: Place, _python: str) -> _Started:
    certificate, key = papers.of(place.server.key)
    port = free_port(place.ip)
    words = [place.ip, str(port), str(certificate), str(key), *place.server.options]
    return [sys.executable, "-c", _ANSWERS, *words], port


def _start_nginx(_papers: Papers, _place: Place, _python: str) -> _Started:
    return None


_START: dict[str, Callable[[Papers, Place, str], _Started]] = {
    "openssl": _start_openssl,
    "gnutls": _start_gnutls,
    "java": _start_java,
    "tlslite": _start_tlslite,
    "odd": _start_odd,
    "apache": _start_apache,
    "nss": _start_nss,
    "nginx": _start_nginx,
}


def _nginx_conf(papers: Papers, places: list[Place]) -> tuple[Path, dict[str, int]]:
    """One nginx for all: many server blocks."""
    folder = papers.folder
    ports: dict[str, int] = {}
    blocks: list[str] = []
    certificate, key = papers.of("rsa2048")
    pair = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    for place in places:
        port = ports[place.server.name] = free_port(place.ip)
        listen = f"listen {place.ip}:{port} ssl"
        mine = pair
        if place.server.name == "nginx-two-keys":
            other = papers.of("p256")
            mine += f"ssl_certificate {other[0]}; ssl_certificate_key {other[1]};"
        name = "_"
        if place.server.truth.needs_name:
            name = NAME
            blocks.append(f"server {{ {listen} default_server; ssl_reject_handshake on; {_SSL} }}")
        answer = "location / { return 204; }"
        blocks.append(
            f"server {{ {listen}; server_name {name}; {mine} {place.server.options[0]} {answer} }}"
        )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "lab-nginx.conf"
    conf.write_text(
        f"daemon off; pid {folder}/lab-nginx.pid; error_log {folder}/lab-nginx.log;"
        " worker_processes 1; events {}\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(blocks) + "\n}\n",
        encoding="utf-8",
    )
    return conf, ports
