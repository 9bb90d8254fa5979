"""The same through real servers: BIND holds signed zones, Unbound validates them."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from core.knowledge.domains import load_domain_facts
from core.knowledge.mail import load_mail_facts
from core.observations.base import Observation
from core.observations.domain import DomainSeen
from core.observations.mail_policy import MailPolicy
from scanner.asking_names import NameAsker
from scanner.domains import DomainAsked, ask_domains
from tests.scanner.names_served import resolver_of
from tests.servers.real import free_port, need, serving

pytestmark = pytest.mark.real

_SIGNED = """\
@ SOA ns1.signe.example. dns.signe.example. 1 7200 3600 1209600 300
@ NS ns1.signe.example.
@ NS ns2.signe.example.
ns1 A 192.0.2.5
ns2 A 198.51.100.5
@ MX 10 mx.signe.example.
mx A 192.0.2.25
_25._tcp.mx TLSA 3 1 1 {digest}
@ TXT "v=spf1 mx include:_spf.nu.example -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@signe.example"
@ CAA 0 issue "ac.example"
"""
_BARE = """\
@ SOA ns1.nu.example. dns.nu.example. 1 7200 3600 1209600 300
@ NS ns1.nu.example.
ns1 A 192.0.2.5
_spf TXT "v=spf1 ip4:192.0.2.0/24 ~all"
@ MX 10 mx.disparu.example.
"""
_PARENT = """\
@ SOA ns1.example. dns.example. 1 7200 3600 1209600 300
@ NS ns1.example.
ns1 A 192.0.2.5
signe NS ns1.signe.example.
ns1.signe A 192.0.2.5
casse NS ns1.casse.example.
ns1.casse A 192.0.2.5
nu NS ns1.nu.example.
ns1.nu A 192.0.2.5
"""
_ROOT = """\
@ SOA ns1.example. dns.example. 1 7200 3600 1209600 300
@ NS ns1.example.
example. NS ns1.example.
ns1.example. A 192.0.2.5
"""


def _ran(folder: Path, program: str, *words: str) -> str:
    argv = [need(program), *words]
    done = subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _sign(folder: Path, name: str, text: str) -> tuple[str, list[str]]:
    """Sign a zone; gives its key record and its DS records."""
    made = _ran(folder, "dnssec-keygen", "-a", "ECDSAP256SHA256", "-f", "KSK", name)
    key = (folder / f"{made}.key").read_text()
    origin = f"{name.rstrip('.')}."
    (folder / f"{name}.zone").write_text(f"$TTL 60\n$ORIGIN {origin}\n{text}{key}")
    signing = ("-o", name, "-z", "-S", "-f", f"{name}.signed", f"{name}.zone")
    _ran(folder, "dnssec-signzone", *signing)
    ds = (folder / f"dsset-{origin}").read_text().splitlines()
    (record,) = [line for line in key.splitlines() if not line.startswith(";")]
    return record, ds


@contextmanager
def _resolving() -> Generator[int]:
    """BIND with the zones, Unbound in front of it with one trusted key."""
    with tempfile.TemporaryDirectory(prefix="zones-") as made:
        folder = Path(made)
        _, below = _sign(folder, "signe.example", _SIGNED.format(digest="ab" * 32))
        _, broken = _sign(folder, "casse.example", _BARE.replace("nu.example", "casse.example"))
        # A signed answer changed after it was signed.
        spoilt = folder / "casse.example.signed"
        text = spoilt.read_text()
        assert "1209600" in text
        spoilt.write_text(text.replace("1209600", "1209601"))
        _, parent = _sign(folder, "example", _PARENT + "\n".join((*below, *broken)) + "\n")
        trusted, _ = _sign(folder, ".", _ROOT + "\n".join(parent) + "\n")
        (folder / "nu.example.signed").write_text(f"$TTL 60\n$ORIGIN nu.example.\n{_BARE}")
        # The root too: Unbound asks nobody else.
        names = (".", "example", "signe.example", "casse.example", "nu.example")
        zones = "".join(
            f'zone "{name}" {{ type primary; file "{folder}/{name}.signed"; }};\n' for name in names
        )
        authority, port = free_port(), free_port()
        (folder / "named.conf").write_text(
            f'options {{ directory "{folder}"; listen-on port {authority} {{ 127.0.0.1; }};\n'
            " listen-on-v6 { none; }; recursion no; pid-file none; dnssec-validation no;\n"
            f' session-keyfile "{folder}/session"; }};\ncontrols {{ }};\n{zones}'
        )
        argv = [need("named"), "-g", "-c", str(folder / "named.conf")]
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "bind")
            argv += ["-u", "bind"]
        stubs = "".join(
            f'stub-zone:\n name: "{name}"\n stub-addr: 127.0.0.1@{authority}\n' for name in names
        )
        (folder / "unbound.conf").write_text(
            "server:\n"
            f' interface: 127.0.0.1@{port}\n port: {port}\n username: ""\n chroot: ""\n'
            f' directory: "{folder}"\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n'
            " access-control: 127.0.0.1/32 allow\n do-not-query-localhost: no\n"
            ' local-zone: "example." nodefault\n local-zone: "." transparent\n'
            f' module-config: "validator iterator"\n trust-anchor: "{_one_line(trusted)}"\n'
            "remote-control:\n control-enable: no\n" + stubs
        )
        with (
            serving(argv, authority),
            serving([need("unbound"), "-d", "-c", str(folder / "unbound.conf")], port),
        ):
            yield port


def _one_line(record: str) -> str:
    return re.sub(r"\s+", " ", record)


@pytest.fixture(scope="module")
def told() -> dict[str, tuple[DomainSeen, MailPolicy]]:
    found: dict[str, tuple[DomainSeen, MailPolicy]] = {}

    async def tell(seen: tuple[Observation, ...]) -> None:
        zone, mail = seen
        assert isinstance(zone, DomainSeen)
        assert isinstance(mail, MailPolicy)
        found[zone.domain] = zone, mail

    async def main(port: int) -> None:
        asked = [
            DomainAsked(establishment="e", domain=name)
            for name in ("signe.example", "casse.example", "nu.example")
        ]
        with trio.fail_after(120):
            await ask_domains(
                asked,
                tell,
                asker=NameAsker(resolver_of(port, lifetime_s=10)),
                facts=load_domain_facts(),
                mail=load_mail_facts(),
                now=lambda: datetime.now(UTC),
            )

    with _resolving() as port:
        trio.run(main, port)
    return found


def test_a_signed_zone_is_vouched_for(told: dict[str, tuple[DomainSeen, MailPolicy]]) -> None:
    zone, mail = told["signe.example"]
    assert (zone.zone, zone.is_signed, zone.is_bogus) == ("signe.example", True, False)
    assert [one.addresses for one in zone.name_servers or ()] == [("192.0.2.5",), ("198.51.100.5",)]
    assert zone.dnssec is not None
    assert zone.dnssec.faults == ()
    assert all(not one.fault for one in zone.dnssec.signatures)
    # The root of this lab is not the one that we know.
    assert zone.dnssec.chain == "unknown"
    assert zone.caa == ('0 issue "ac.example"',)
    assert zone.dangling == ()
    assert [one.has_valid_tlsa for one in mail.mx or ()] == [True]
    assert mail.spf is not None
    assert (mail.spf.default, mail.spf.lookups, mail.spf.faults) == ("-", 2, ())
    assert mail.dmarc is not None
    assert mail.dmarc.policy == "reject"


def test_a_bare_zone_is_told_as_unsigned(told: dict[str, tuple[DomainSeen, MailPolicy]]) -> None:
    zone, mail = told["nu.example"]
    assert (zone.is_signed, zone.is_bogus, zone.resolver_validates) == (False, False, True)
    assert [(one.target, one.times_denied) for one in zone.dangling or ()] == [
        ("mx.disparu.example", 2)
    ]
    assert mail.spf is not None
    assert mail.spf.records == ()
    assert mail.dmarc is not None
    assert mail.dmarc.records == ()


def test_what_was_changed_after_it_was_signed_is_withheld(
    told: dict[str, tuple[DomainSeen, MailPolicy]],
) -> None:
    zone, mail = told["casse.example"]
    assert mail.spf is None
    assert mail.why["spf"] == "resolver-failure: SERVFAIL"
    assert zone.name_servers is None
    assert zone.is_bogus is True
    # Withheld by the resolver, the answer still shows us what is wrong with it.
    assert zone.dnssec is not None
    assert [(one.at, one.id, one.what, one.detail) for one in zone.dnssec.faults] == [
        ("casse.example", "signature", "SOA", "bad")
    ]
