# ruff: noqa: E501 - markup stands as it travels
"""Administration pages as their makers' products serve them, told from public documentation."""

from tests.servers.web_portals import Portal
from tests.servers.web_server import ABSENT, Asked, moved, reply


def _front(page: bytes) -> Portal:
    def say(asked: Asked) -> bytes:
        return page if asked.path == "/" else ABSENT

    return say


def _idrac(asked: Asked) -> bytes:
    if asked.path == "/":
        return moved("/restgui/start.html")
    if asked.path == "/restgui/start.html":
        return reply(
            "<html><head><title>Integrated Dell Remote Access Controller 9</title></head></html>"
        )
    return ABSENT


ADMIN: dict[str, Portal] = {
    "hpe_ilo": _front(
        reply(
            "<html><head><title>iLO 5</title></head></html>",
            headers=("Server: HPE-iLO-Server/2.65",),
        )
    ),
    "dell_idrac": _idrac,
    "vmware_esxi": _front(
        reply(
            '<html><head><meta name="description" content="VMware ESXi is virtual infrastructure software">'
            '<script>document.write("<title>" + ID_EESX_Welcome + "<\\/title>");</script></head></html>'
        )
    ),
    "proxmox_ve": _front(
        reply(
            '<html><head><title>pve1 - Proxmox Virtual Environment</title><link rel="stylesheet" href="/pve2/css/ext6-pve.css"></head></html>',
            headers=("Server: pve-api-daemon/3.0",),
        )
    ),
    "webmin": _front(
        reply(
            "<html><head><title>Login to Webmin</title></head></html>",
            headers=("Server: MiniServ/2.105",),
        )
    ),
    "pfsense": _front(
        reply(
            "<html><head><title>pfSense - Login</title></head></html>", headers=("Server: nginx",)
        )
    ),
    "opnsense": _front(
        reply(
            "<html><head><title>Login | OPNsense</title></head></html>",
            headers=("Server: OPNsense",),
        )
    ),
    "mikrotik_routeros": _front(
        reply("<html><head><title>RouterOS router configuration page</title></head></html>")
    ),
}
