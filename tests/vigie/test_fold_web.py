"""What port 80 shows, beside what the same address speaks over TLS."""

from datetime import UTC, datetime

from core.model import Place, Transport
from core.observations.hygiene import CookieSet, PlainWeb, WebHygiene
from core.observations.service import Service
from core.observations.site import SiteShown, SitesSeen
from vigie.judging import fold_web

AT = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)


def at(port: int, hostname: str | None = None, ip: str = "203.0.113.10") -> Place:
    return Place(establishment="e", ip=ip, port=port, transport=Transport.TCP, hostname=hostname)


def kept(port: int = 80, hostname: str | None = None, **more: object) -> WebHygiene:
    made = {"status": 200, "tls": port == 443, "host": hostname, **more}
    return WebHygiene(place=at(port, hostname), at=AT, **made)  # type: ignore[arg-type]


def test_names_that_share_a_site_are_told_with_it() -> None:
    sites = SitesSeen(
        place=at(80),
        at=AT,
        sites=(
            SiteShown(names=("chu.example", "www.chu.example"), status=200),
            SiteShown(names=("test.chu.example",), status=200, assessed_as="test.chu.example"),
            SiteShown(names=("vers.chu.example",), status=302),
        ),
    )
    session = CookieSet(name="PHPSESSID", session=True)
    told = list(
        fold_web(
            [kept(host="www.chu.example"), kept(hostname="test.chu.example", cookies=(session,))],
            [sites],
            [Service(place=at(443), at=AT, protocol="http", tls=True)],
        )
    )
    assert [one.names for one in told] == [
        ("www.chu.example", "chu.example"),
        ("test.chu.example",),
    ]
    assert [one.cookies for one in told] == [False, True]
    assert {one.tls_port for one in told} == {443}


def test_only_port_80_is_folded_and_other_addresses_say_nothing_of_it() -> None:
    elsewhere = Service(place=at(443, ip="203.0.113.11"), at=AT, protocol="http", tls=True)
    mail = Service(place=at(993), at=AT, protocol="imap", tls=True)
    (told,) = fold_web([kept(), kept(8080), kept(443)], [], [elsewhere, mail])
    assert told == PlainWeb(place=at(80), at=AT, status=200)
