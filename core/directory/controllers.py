"""Domain controllers, as the accounts, the sites and the server objects tell them together."""

import msgspec

from core.directory import flags, sids
from core.directory.groups import is_controller
from core.directory.objects import Entry, Objects

_ENTRA = "azureadkerberos"
ASKED_AT = "vigie;asked-at"
"""Of a root DSE that was read: when, by our own clock. Our own word, whatever the server says."""


class Controller(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One domain controller."""

    account: Entry
    """Its computer object."""
    is_read_only: bool
    is_entra: bool = False
    """``CN=AzureADKerberos``: looks like a read-only controller, and no machine stands behind."""
    server: Entry | None = None
    """Its object under ``CN=Sites``; absent: never registered, or hidden."""
    settings: Entry | None = None
    """Its NTDS Settings."""
    site: Entry | None = None


def find_controllers(objects: Objects) -> tuple[Controller, ...]:
    """Give every account that is a controller by its group or by its flags."""
    servers: dict[str, Entry] = {}
    for one in objects.of("server"):
        reference = one.text("serverreference")
        if reference:
            servers[reference.lower()] = one
    found: list[Controller] = []
    for account in objects.of("computer"):
        if not is_controller(account):
            continue
        server = servers.get(account.dn.lower())
        settings = None
        if server is not None:
            settings = next(
                (one for one in objects.children(server) if one.kind.startswith("ntdsdsa")), None
            )
        found.append(
            Controller(
                account=account,
                is_read_only=account.primary_group == sids.READ_ONLY_CONTROLLERS
                or bool(account.uac & flags.PARTIAL_SECRETS),
                is_entra=account.name.rstrip("$").lower() == _ENTRA,
                server=server,
                settings=settings,
                site=_site_of(server),
            )
        )
    return tuple(found)


def _site_of(server: Entry | None) -> Entry | None:
    above = server.parent if server is not None else None
    return above.parent if above is not None else None
