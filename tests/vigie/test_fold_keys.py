"""Keys folded over a run: shared between addresses, and borrowed by an SSLv2 service."""

import msgspec

from checks._shared.examples import AT, place
from checks._shared.tls import another, certificate, service, suites
from checks.tls import drown_through_shared_key
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged
from core.observations.tls import TlsService
from vigie.judging import fold_run

FACTS = Facts(today=AT.date(), knowledge=load_knowledge())


def at(port: int, *, ip: str = "203.0.113.10", key: str = "aa", **changes: object) -> TlsService:
    seen = service(certificate(spki_sha256=key * 32), **changes)
    return msgspec.structs.replace(seen, place=place(port, ip=ip))


def test_nothing_shared_nothing_told() -> None:
    assert list(fold_run([at(443), at(443, ip="203.0.113.11", key="bb")], AT)) == []
    # Two ports of one address are one machine.
    assert list(fold_run([at(443), at(8443)], AT)) == []


def test_a_key_on_two_addresses() -> None:
    (run,) = fold_run([at(443), at(443, ip="203.0.113.11"), at(993, key="bb")], AT)
    (key,) = run.shared_keys
    assert [spot.ip for spot in key.places] == ["203.0.113.10", "203.0.113.11"]
    assert run.borrowed_keys == ()


def test_a_key_of_another_name_or_kind_counts_too() -> None:
    also = (
        another(certificate(spki_sha256="aa" * 32)),
        another(certificate(spki_sha256="aa" * 32)),
    )
    (run,) = fold_run([at(443), at(443, ip="203.0.113.11", key="bb", also_shown=also)], AT)
    (key,) = run.shared_keys
    assert (key.spki_sha256, len(key.places)) == ("aa" * 32, 2)


def test_a_key_that_sslv2_shows_on_another_port() -> None:
    kinds = {"SSLv2": suites("SSL_CK_RC4_128_EXPORT40_WITH_MD5")}
    old = at(25, sslv2=True, accepted=kinds)
    (run,) = fold_run([at(443), old, at(993)], AT)
    assert run.shared_keys == ()
    (key,) = run.borrowed_keys
    assert key.has_export
    assert [spot.port for spot in key.sslv2] == [25]
    found = list(drown_through_shared_key.judge(run, FACTS))
    assert all(isinstance(one, Flagged) for one in found)
    assert [one.place.port for one in found] == [443, 993]
