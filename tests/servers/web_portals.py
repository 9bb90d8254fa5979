# ruff: noqa: E501 - markup stands as it travels
"""Five VPN portals as they look from outside, written from what their makers and public fingerprint
collections document, not from our product files: each answers as the appliance would, 404s included.
"""

from collections.abc import Callable

from tests.servers.web_server import ABSENT, Asked, moved, reply

Portal = Callable[[Asked], bytes]


def fortigate(asked: Asked) -> bytes:
    """FortiOS 7: SSL-VPN in web mode; the front page is a script that leads to the login page."""
    masked = ("Server: xxxxxxxx-xxxxx", "X-Frame-Options: SAMEORIGIN")
    if asked.path == "/":
        page = (
            '<html><script type="text/javascript">\nif (window!=top) top.location=window.location;'
        )
        return reply(page + 'top.location="/remote/login";\n</script></html>', headers=masked)
    if asked.path == "/remote/login":
        return reply(
            '<!DOCTYPE html>\n<html lang="en" class="main-app"><head><meta charset=\'UTF-8\'>'
            "<title>Please Login</title>"
            '<link href="/sslvpn/css/ssl_style.css?q=9f1b7c6a2d3e4f5061728394a5b6c7d8" rel="stylesheet">'
            '<script src="/sslvpn/js/login.js?q=9f1b7c6a2d3e4f5061728394a5b6c7d8"></script>'
            '<script src="/remote/fgt_lang?lang=en"></script></head><body class="main">'
            '<form action="/remote/logincheck" method="POST"></form></body></html>',
            headers=(
                *masked,
                "Set-Cookie: SVPNCOOKIE=; path=/; secure; httponly; expires=Sun, 11 Mar 1984",
            ),
        )
    return reply(b"", status="404 Not Found", headers=masked)


def connect_secure(asked: Asked) -> bytes:
    """Ivanti Connect Secure 22.x."""
    welcome = "/dana-na/auth/url_default/welcome.cgi"
    if asked.path == "/":
        return moved("/dana-na/auth/url_default/welcome.cgi")
    if asked.path == welcome and "p=logo" not in asked.target:
        return reply(
            "<!DOCTYPE html><html><head>"
            '<link rel="stylesheet" href="/dana-na/css/ds_9d1.css"><title>Ivanti Connect Secure</title>'
            '<script src="/dana-na/css/ds.js"></script></head><body><form name="frmLogin" '
            'action="login.cgi" method="POST"><img src="welcome.cgi?p=logo&signinId=url_default">'
            "</form></body></html>",
            headers=(
                "Set-Cookie: DSSIGNIN=url_default; path=/dana-na/; secure",
                "Set-Cookie: DSSignInURL=/; path=/; secure",
            ),
        )
    return (
        moved("/dana-na/auth/url_default/welcome.cgi") if asked.path.startswith("/dana") else ABSENT
    )


def netscaler(asked: Asked) -> bytes:
    """NetScaler Gateway 13 with the RfWebUI theme."""
    if asked.path == "/":
        return moved(
            "/vpn/index.html",
            headers=(
                "Set-Cookie: NSC_TMAA=;expires=Wednesday, 09-Nov-1999 23:12:40 GMT;Path=/;Secure",
            ),
        )
    if asked.path == "/vpn/index.html":
        return reply(
            '<!DOCTYPE HTML><html><head><title class="_ctxstxt_NetscalerGateway">Citrix Gateway</title>'
            '<script type="text/javascript" src="/vpn/js/rdx/core/rdx.js?v=0123456789abcdef0123456789abcdef">'
            '</script><link href="/logon/LogonPoint/receiver/css/ctxs.large-ui.min.css" rel="stylesheet">'
            "</head><body></body></html>"
        )
    return ABSENT


def globalprotect(asked: Asked) -> bytes:
    """PAN-OS 10: portal and gateway on one address."""
    if asked.path == "/":
        return moved("/global-protect/login.esp")
    if asked.path == "/global-protect/login.esp":
        return reply(
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"><html><head>'
            '<link rel="stylesheet" type="text/css" href="/global-protect/portal/css/bootstrap.min.css">'
            '<link rel="shortcut icon" href="/global-protect/portal/images/favicon.ico">'
            "<title>GlobalProtect Portal</title></head>"
            '<body><form name="login" method="post" action="/global-protect/getconfig.esp"></form></body></html>'
        )
    if asked.path == "/global-protect/prelogin.esp":
        return reply(
            '<?xml version="1.0" encoding="UTF-8" ?>\n<prelogin-response>\n<status>Success</status>\n'
            "<ccusername></ccusername>\n<panos-version>1</panos-version>\n</prelogin-response>",
            kind="application/xml; charset=UTF-8",
        )
    return ABSENT


def asa(asked: Asked) -> bytes:
    """Cisco ASA 9: the front page is a script, the login page adds a query to itself once."""
    common = ("X-Transcend-Version: 1", "X-Frame-Options: SAMEORIGIN")
    if asked.path == "/":
        return reply(
            '<html>\n<script>\ndocument.location.replace("/+CSCOE+/logon.html");\n</script>\n</html>',
            headers=common,
        )
    if asked.target == "/+CSCOE+/logon.html":
        return moved(
            "/+CSCOE+/logon.html?fcadbadd=1",
            status="302 Temporary moved",
            headers=("Set-Cookie: webvpnlogin=1; path=/; secure",),
        )
    if asked.path == "/+CSCOE+/logon.html":
        return reply(
            '<html><head><title>SSL VPN Service</title><link rel="stylesheet" href="/+CSCOU+/portal.css">'
            '<script src="/+CSCOE+/win.js"></script></head><body><form id="unicorn_form" method="post" '
            'action="/+webvpn+/index.html"></form></body></html>',
            headers=(
                *common,
                "Set-Cookie: webvpnlogin=1; secure",
                "Set-Cookie: webvpnLang=en; path=/; secure",
            ),
        )
    return reply("<html>File not found</html>", status="404 Not Found", headers=common)


PORTALS: dict[str, Portal] = {
    "fortinet_fortios": fortigate,
    "ivanti_connect_secure": connect_secure,
    "citrix_netscaler": netscaler,
    "paloalto_globalprotect": globalprotect,
    "cisco_asa_ftd": asa,
}
