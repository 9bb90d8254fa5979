"""What is encrypted is read by its recipient's own program, and by nothing else."""

import subprocess
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from core.model import Language
from core.news import Item, News
from core.operations import Recipient
from tests.servers.real import need
from vigie.notify.outcome import Undelivered
from vigie.notify.writing import write_mail

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
REPORT = "<!doctype html><p>203.0.113.10 Télé-accès</p>\n".encode() * 40
NEWS = News(
    kind="digest",
    ght="ght-exemple",
    ght_name="GHT Exemple",
    at=NOW,
    run="run-1",
    names={"chu": "CHU d'Exemple"},
    items=(
        Item(what="new", fingerprint="f" * 32, check="rdp.exposed", establishment="chu", gravity=4),
    ),
)


def person(**keys: str) -> Recipient:
    return Recipient(id="rssi", mail="rssi@chu.example", language=Language.FR, **keys)  # type: ignore[arg-type]


def written(folder: Path, recipient: Recipient, report: bytes | None = REPORT) -> bytes:
    async def write() -> bytes:
        return await write_mail(
            NEWS,
            recipient,
            "digest:run-1",
            report,
            sender="vigie@grades.example",
            folder=folder,
            now=NOW,
        )

    return trio.run(write)


def read(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=default)


def attached(message: EmailMessage) -> bytes:
    (one,) = message.iter_attachments()
    content = one.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def certificate(
    folder: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    until: timedelta = timedelta(days=9),
    encipher: bool = True,
) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rssi")])
    usage = x509.KeyUsage(True, True, encipher, False, False, False, False, False, False)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + until)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "rssi.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "rssi.key").write_bytes(secret)
    return path


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_clear_mail_tells_counts_alone(tmp_path: Path) -> None:
    for report in (None, REPORT):
        message = written(tmp_path, person(), report)
        assert message.isascii()
        told = read(message)
        assert told["Subject"].strip() == (
            "[TLP:AMBER+STRICT] Vigie - Bilan de surveillance de GHT Exemple : 1 nouveau"
        )
        assert told["Message-ID"] == read(written(tmp_path, person(), None))["Message-ID"]
        assert told["To"] == "rssi@chu.example"
        words = told.get_body(("plain",))
        assert words is not None
        text = words.get_content()
        assert "CHU d'Exemple — 1 critique" in text
        for hidden in ("203.0.113.10", "rdp", "f" * 32):
            assert hidden not in text
        assert not list(told.iter_attachments())


def test_the_operator_may_let_details_go_in_clear(tmp_path: Path) -> None:
    message = read(written(tmp_path, person(details_in_clear=True)))  # type: ignore[arg-type]
    assert attached(message) == REPORT


@pytest.mark.real
def test_smime_is_read_by_openssl(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    path = certificate(tmp_path, key)
    message = written(tmp_path, person(smime=str(path)))
    assert b"203.0.113" not in message
    assert b"CHU" not in message
    assert read(message).get_content_type() == "application/pkcs7-mime"
    secret = ["-recip", str(path), "-inkey", str(tmp_path / "rssi.key")]
    for program in ("cms", "smime"):
        opened = subprocess.run(
            [need("openssl"), program, "-decrypt", *secret],
            input=message,
            capture_output=True,
            check=True,
        )
        inside = read(opened.stdout)
        assert attached(inside) == REPORT
        assert "CHU d'Exemple" in str(inside.get_body(("plain",)))
    shown = subprocess.run(
        [need("openssl"), "cms", "-cmsout", "-print"],
        input=message,
        capture_output=True,
        check=True,
    )
    assert b"aes-256-cbc" in shown.stdout


@pytest.mark.parametrize("wrong", ["expired", "not yet", "signing", "curve", "small", "absent"])
def test_a_certificate_that_cannot_serve_sends_nothing(
    tmp_path: Path, key: rsa.RSAPrivateKey, wrong: str
) -> None:
    path = tmp_path / "none.pem"
    match wrong:
        case "expired":
            path = certificate(tmp_path, key, until=timedelta(days=-1))
        case "not yet":
            path = certificate(tmp_path, key)
            path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        case "signing":
            path = certificate(tmp_path, key, encipher=False)
        case "curve":
            path = certificate(tmp_path, ec.generate_private_key(ec.SECP256R1()))
        case "small":
            path = certificate(tmp_path, rsa.generate_private_key(65537, 1024))
        case _:
            pass
    with pytest.raises(Undelivered) as caught:
        written(tmp_path, person(smime=str(path)))
    assert caught.value.for_good
    assert str(caught.value).startswith("smime: ")


def gpg(home: Path, *arguments: str, given: bytes = b"") -> bytes:
    argv = [need("gpg"), "--homedir", str(home), "--batch", "--no-tty", "--pinentry-mode=loopback"]
    ended = subprocess.run(
        [*argv, "--passphrase", "", *arguments], input=given, capture_output=True, check=True
    )
    return ended.stdout


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("gpg")
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    gpg(home, "--quick-generate-key", "RSSI <rssi@chu.example>", "default", "default", "1y")
    long_ago = ["--faked-system-time", "20200101T000000"]
    gpg(home, *long_ago, "--quick-generate-key", "old@chu.example", "default", "default", "1y")
    return home


def fingerprint(ring: Path, who: str) -> str:
    listed = gpg(ring, "--with-colons", "--list-keys", who).decode().splitlines()
    return next(line.split(":")[9] for line in listed if line.startswith("fpr"))


@pytest.mark.real
def test_openpgp_is_read_by_gnupg(ring: Path, tmp_path: Path) -> None:
    key = tmp_path / "rssi.asc"
    key.write_bytes(gpg(ring, "--armor", "--export", "rssi@chu.example"))
    known = fingerprint(ring, "rssi@chu.example")
    message = written(tmp_path, person(openpgp=str(key), fingerprint=known))
    assert b"203.0.113" not in message
    told = read(message)
    assert told.get_content_type() == "multipart/encrypted"
    assert told.get_param("protocol") == "application/pgp-encrypted"
    version, secret = told.iter_parts()
    assert version.get_content_type() == "application/pgp-encrypted"
    content = secret.get_payload(decode=True)
    assert isinstance(content, bytes)
    inside = read(gpg(ring, "--decrypt", given=content))
    assert attached(inside) == REPORT
    assert not list(tmp_path.glob("gpg-*"))


@pytest.mark.real
@pytest.mark.parametrize("wrong", ["fingerprint", "expired", "no key", "no file"])
def test_a_key_that_cannot_serve_sends_nothing(ring: Path, tmp_path: Path, wrong: str) -> None:
    who = "old@chu.example" if wrong == "expired" else "rssi@chu.example"
    key = tmp_path / "key.asc"
    key.write_bytes(b"none" if wrong == "no key" else gpg(ring, "--armor", "--export", who))
    if wrong == "no file":
        key.unlink()
    known = "0" * 40 if wrong == "fingerprint" else fingerprint(ring, who)
    with pytest.raises(Undelivered) as caught:
        written(tmp_path, person(openpgp=str(key), fingerprint=known))
    assert caught.value.for_good
    assert not list(tmp_path.glob("gpg-*"))


@pytest.mark.real
def test_age_is_read_by_age(tmp_path: Path) -> None:
    secret = tmp_path / "key.txt"
    made = subprocess.run(
        [need("age-keygen"), "-o", str(secret)], capture_output=True, text=True, check=True
    )
    public = made.stderr.rpartition(" ")[2].strip()
    message = written(tmp_path, person(age=public))
    assert b"203.0.113" not in message
    opened = subprocess.run(
        [need("age"), "--decrypt", "-i", str(secret)],
        input=attached(read(message)),
        capture_output=True,
        check=True,
    )
    assert opened.stdout == REPORT


@pytest.mark.parametrize(
    "name", ["GHT\r\nBcc: x@y.example", "GHT\u2028Bcc: x", "G" * 5000, "ÉÉÉ" * 40]
)
def test_no_name_makes_a_header(tmp_path: Path, name: str) -> None:
    async def write() -> bytes:
        return await write_mail(
            News(kind="test", ght="ght", ght_name=name, at=NOW, names={}),
            person(),
            "test",
            None,
            sender="vigie@grades.example",
            folder=tmp_path,
            now=NOW,
        )

    message = trio.run(write)
    assert message.isascii()
    told = read(message)
    assert "Bcc" not in told
    assert max(map(len, message.split(b"\r\n"))) <= 998
