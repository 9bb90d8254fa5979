# ruff: noqa: E501 - markup stands as it travels
"""Services that talk of a product, or stand near it, and are not it. Nothing here may be recognised."""

from html import escape

from tests.servers.web_portals import PORTALS, Portal
from tests.servers.web_server import ABSENT, Asked, moved, reply

_QUOTED = {
    "fortinet_fortios": '<script src="/sslvpn/js/login.js"></script> top.location="/remote/login FortiGate SVPNCOOKIE=',
    "ivanti_connect_secure": "<title>Ivanti Connect Secure</title> /dana-na/auth/url_default/welcome.cgi DSSignInURL=/",
    "citrix_netscaler": "<title>Citrix Gateway</title> /vpn/js/rdx/core NSC_TMAA= NetScaler AAA",
    "paloalto_globalprotect": "<title>GlobalProtect Portal</title> <prelogin-response> Server: PanWeb Server/",
    "cisco_asa_ftd": '"/+CSCOE+/logon.html" SSL VPN Service webvpnlogin=1 X-Transcend-Version: 1',
}


def article(product: str) -> Portal:
    """Give a site that answers every path with an article quoting the product's markers."""
    page = (
        "<!DOCTYPE html><html><head><title>Guide : publier un VPN "
        f"({escape(product)})</title><!-- {_QUOTED[product]} --></head><body><h1>Fortinet, Ivanti, "
        f"Citrix, Palo Alto, Cisco</h1><pre><code>{escape(_QUOTED[product])}</code></pre>"
        '<a href="/remote/login">FortiGate</a> <a href="/dana-na/">Ivanti Connect Secure</a>'
        "</body></html>"
    )
    return lambda asked: reply(page)


def intranet(asked: Asked) -> bytes:
    """A hospital's front page with links to its portals, which are elsewhere."""
    if asked.path != "/":
        return ABSENT
    return reply(
        "<html><head><title>CHU d'Exemple</title></head><body>"
        '<a href="https://vpn.chu.example/remote/login">VPN (FortiGate)</a>'
        '<a href="https://acces.chu.example/vpn/index.html">Citrix Gateway</a>'
        '<a href="/+CSCOE+/logon.html">Cisco</a></body></html>',
        headers=("Server: nginx", "Set-Cookie: NSC_WT_intranet_443=ffffffff; path=/"),
    )


def elsewhere(to: str) -> Portal:
    """Give a site that sends everyone to a portal at another address."""
    return lambda asked: moved(to)


def decoy(asked: Asked) -> bytes:
    """A honeypot that shows five makes at once."""
    for portal in PORTALS.values():
        said = portal(asked) if asked.path != "/" else ABSENT
        if not said.startswith(b"HTTP/1.1 404"):
            return said
    return reply(
        "<html><head><title>Login</title></head></html>",
        headers=(
            "Server: PanWeb Server/ - ",
            "Set-Cookie: DSSignInURL=/; path=/",
            "Set-Cookie: SVPNCOOKIE=; path=/",
            "Set-Cookie: webvpnlogin=1; path=/",
            "Set-Cookie: NSC_TMAA=; path=/",
        ),
    )


def openconnect(asked: Asked) -> bytes:
    """Another server of the AnyConnect protocol: its cookies and header, none of Cisco's pages."""
    common = ("X-Transcend-Version: 1", "Set-Cookie: webvpncontext=; Secure; HttpOnly")
    if asked.path == "/":
        page = '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="auth-request"></config-auth>'
        return reply(page, headers=common, kind="text/xml")
    return reply(b"", status="404 Not Found", headers=common)


def any_page(asked: Asked) -> bytes:
    """A single-page application: one page, whatever the path, with assets of its own."""
    return reply(
        '<html><head><title>Espace du personnel</title><script src="/app/main.js"></script></head>'
        '<body><div id="root"></div></body></html>'
    )
