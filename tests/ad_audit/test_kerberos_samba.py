"""Kerberos against a real domain: without a ticket, refused without a seal, and read whole."""

import functools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from ad_audit.collect import collect_forest
from ad_audit.faults import Fault
from ad_audit.session import Login
from ad_audit.snapshot import Clear
from core.directory.raw import Collection
from core.errors import DirectoryFailure
from core.secrets import Secret
from inventories.scope import DirectoryScope
from tests.servers.real import need
from tests.servers.samba import (
    AUDITOR,
    PASSWORD,
    REALM,
    Controller,
    Planted,
    Templates,
    auditor,
    controller,
)

pytestmark = pytest.mark.samba

KRB5 = f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
[realms]
{REALM} = {{
 kdc = ADDRESS
}}
[domain_realm]
.chu.example = {REALM}
"""


@contextmanager
def realm(
    templates: Templates, folder: Path, monkeypatch: pytest.MonkeyPatch, conf: str
) -> Iterator[Controller]:
    """Run a controller that Kerberos finds, and no ticket yet."""
    pytest.importorskip("gssapi")
    named = Planted(
        "CN=DC1,OU=Domain Controllers",
        {"servicePrincipalName": "ldap/dc1.chu.example"},
        do="append",
    )
    template = templates.populated([*auditor(), named])
    monkeypatch.setenv("KRB5_CONFIG", str(folder / "krb5.conf"))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{folder}/tickets")
    with controller(folder, template, conf=conf) as dc:
        (folder / "krb5.conf").write_text(KRB5.replace("ADDRESS", dc.address))
        yield dc


def collected(dc: Controller, path: Path) -> Collection:
    login = Login(
        servers=(dc.url,), user="", password=Secret(""), kerberos=True, ca_file=dc.ca_file
    )
    ask = functools.partial(
        collect_forest,
        DirectoryScope(dc.url),
        login,
        path,
        Clear(),
        version="0",
        resolve=dc.resolve,
    )
    return trio.run(ask)


def refused(dc: Controller, path: Path) -> Fault:
    with pytest.raises(DirectoryFailure) as caught:
        collected(dc, path)
    assert not path.exists()
    return Fault(caught.value.fault)


def kinit() -> None:
    subprocess.run(
        [need("kinit"), f"{AUDITOR}@{REALM}"], input=PASSWORD.encode(), check=True, timeout=60
    )


def test_a_ticket_reads_the_forest(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = "ldap server require strong auth = allow_sasl_over_tls"
    with realm(templates, tmp_path, monkeypatch, conf) as dc:
        assert refused(dc, tmp_path / "s") is Fault.KERBEROS
        kinit()
        collection = collected(dc, tmp_path / "s")
    assert collection.account == f"{AUDITOR}@{REALM}"
    assert collection.account_sid
    assert all(one.is_whole and one.read for one in collection.contexts)


def test_a_controller_that_wants_a_seal_says_so(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with realm(templates, tmp_path, monkeypatch, "") as dc:
        kinit()
        assert refused(dc, tmp_path / "s") is Fault.SEALING


def test_without_the_extra_it_is_said(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gssapi", "gssapi.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    template = templates.populated([*auditor()])
    with controller(tmp_path, template) as dc:
        assert refused(dc, tmp_path / "s") is Fault.KERBEROS_MISSING
