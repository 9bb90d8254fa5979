"""Remote-access portals of five vendors: their known marks, in pages of our own wording."""

from vigie.demo.servers.http import Answer, Site, page, redirect

_FORM = '<form method="post"><input name="u"><input name="p" type="password"></form>'


def _html(title: str, body: str, *headers: tuple[str, str]) -> Answer:
    return Answer(body=page(title, body), headers=headers)


FORTINET = Site(
    pages={
        "/": redirect("/remote/login?lang=fr"),
        "/remote/login": _html(
            "Connexion au réseau",
            '<script src="/remote/fgt_lang?lang=fr"></script>'
            '<script src="/sslvpn/js/login.js?q=00000000000000000000000000000000"></script>'
            + _FORM,
            ("Set-Cookie", "SVPNCOOKIE=; path=/; secure; httponly"),
        ),
    },
    headers=(("Server", "xxxxxxxx-xxxxx"),),
)

IVANTI = Site(
    pages={
        "/": redirect("/dana-na/auth/url_default/welcome.cgi"),
        "/dana-na/auth/url_default/welcome.cgi": _html(
            "Ivanti Connect Secure",
            '<img alt="logo" src="welcome.cgi?p=logo&amp;signinId=url_default">' + _FORM,
            ("Set-Cookie", "DSSignInURL=/; path=/; secure"),
        ),
    },
    headers=(("Strict-Transport-Security", "max-age=31536000"),),
)

CITRIX = Site(
    pages={
        "/": redirect("/vpn/index.html"),
        "/vpn/index.html": _html(
            "NetScaler Gateway",
            '<script src="/vpn/js/rdx/core/rdx.js?v=00000000000000000000000000000000"></script>'
            + _FORM,
            ("Set-Cookie", "NSC_TASS=0; Path=/; Secure"),
        ),
    },
    headers=(("Server", "Apache"),),
)

PALO_ALTO = Site(
    pages={
        "/": redirect("/global-protect/login.esp"),
        "/global-protect/login.esp": _html("GlobalProtect Portal", _FORM),
        "/global-protect/prelogin.esp": Answer(
            body='<?xml version="1.0" encoding="UTF-8"?>\n<prelogin-response>'
            "<status>Success</status><panos-version>1</panos-version></prelogin-response>\n",
            headers=(("Content-Type", "application/xml; charset=UTF-8"),),
        ),
    },
    headers=(("Server", "PanWeb Server/ - "),),
    harmless_posts=("/global-protect/prelogin.esp",),
)

CISCO = Site(
    pages={
        "/": redirect("/+CSCOE+/logon.html"),
        "/+CSCOE+/logon.html": _html(
            "Accès distant",
            '<link rel="stylesheet" href="/+CSCOU+/portal.css"><p>SSL VPN Service</p>' + _FORM,
            ("Set-Cookie", "webvpnlogin=1; path=/; secure"),
        ),
    },
    headers=(("X-Transcend-Version", "1"),),
)

SCREENCONNECT = Site(
    pages={
        "/": redirect("/Login?Reason=0"),
        "/Login": _html(
            "Assistance",
            '<script>SC.context = {"pageType":"LoginPage"};</script>' + _FORM,
        ),
    },
    headers=(("Server", "ScreenConnect/23.9.7.8804-2024102342 Microsoft-HTTPAPI/2.0"),),
)
