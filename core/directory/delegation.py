"""Kerberos delegation: which machines a service name leads to, by any of their names."""

from core.directory import decode, sids
from core.directory.controllers import Controller
from core.directory.descriptors import Reader, Unreadable
from core.directory.names import record_of
from core.directory.objects import Entry, Objects

_LEAST_ALIAS = 2
_CNAME = 5
_MOST_LABELS = 128
_KRBTGT = "krbtgt"


class Hosts:
    """Host names, in any form that Kerberos accepts, to accounts."""

    def __init__(self, objects: Objects, controllers: tuple[Controller, ...]) -> None:
        self._objects = objects
        self._hosts: dict[str, set[Entry]] = {}
        for one in objects.of("computer"):
            self._add(one.name.rstrip("$"), one)
            for host in (one.text("dnshostname"), *one.texts("msds-additionaldnshostname")):
                self._add(host, one)
            for spn in one.spns:
                self._add(host_of(spn), one)
        for controller in controllers:
            if controller.settings is not None and controller.settings.guid:
                self._add(f"{controller.settings.guid}._msdcs.{_root(objects)}", controller.account)
                # Alone in the service names of replication (MS-DRSR 2.2.3.2).
                self._add(controller.settings.guid, controller.account)
            domain = controller.account.domain
            if domain is not None and not controller.is_entra:
                # The name of a domain leads to any of its controllers.
                self._add(domain.name, controller.account)
                self._add(domain.netbios, controller.account)
        for alias, target in _aliases(objects).items():
            for one in tuple(self._hosts.get(target, ())):
                self._add(alias, one)

    def targets(self, spn: str) -> tuple[Entry, ...]:
        """Give the accounts behind a service name; krbtgt's own for its service."""
        if spn.partition("/")[0].lower() == _KRBTGT:
            found = (self._objects.account(one, sids.KRBTGT) for one in self._objects.domains)
            return tuple(one for one in found if one is not None)
        found_ = self._hosts.get(host_of(spn).lower(), set[Entry]())
        return tuple(sorted(found_, key=lambda one: one.row))

    def _add(self, host: str, entry: Entry) -> None:
        if host:
            self._hosts.setdefault(host.lower().rstrip("."), set()).add(entry)


def host_of(spn: str) -> str:
    """Give the host of a service name: ``class/host[:port][/realm]``; empty without one."""
    parts = spn.split("/")
    host = parts[1] if len(parts) > 1 else ""
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.partition(":")[0].rstrip(".")


def allowed_to_act(entry: Entry, attribute: str) -> tuple[str, ...] | None:
    """Give the SIDs that a descriptor held as a value admits; ``None`` where it makes no sense."""
    values = entry.raw(attribute)
    if not values:
        return ()
    read = Reader().read(values[0])
    if isinstance(read, Unreadable):
        return None
    if read.is_null_dacl:
        return (sids.EVERYONE,)
    return tuple(dict.fromkeys(ace.trustee for ace in read.aces if ace.allows))


def _root(objects: Objects) -> str:
    return objects.root.name


def _aliases(objects: Objects) -> dict[str, str]:
    """Give the aliases (CNAME) of the directory's own zones."""
    found: dict[str, str] = {}
    for node in objects.of("dnsnode"):
        target = next((one for one in map(_alias, node.raw("dnsrecord")) if one), "")
        above = node.parent
        if target and above is not None and not node.flag("dnstombstoned"):
            name = node.text("dc") or decode.first_part(node.dn)
            zone = above.text("dc") or decode.first_part(above.dn)
            found[f"{name}.{zone}".lower()] = target.lower()
    return found


def _alias(record: bytes) -> str:
    """Read the target of a ``dnsRecord`` that is a CNAME (MS-DNSP 2.3.2.2, 2.2.2.2.2)."""
    kind, data = record_of(record) or (0, b"")
    if kind != _CNAME or len(data) < _LEAST_ALIAS:
        return ""
    labels: list[str] = []
    at = 2
    for _ in range(min(data[1], _MOST_LABELS)):
        if at >= len(data):
            return ""
        end = at + 1 + data[at]
        if end > len(data):
            return ""
        labels.append(decode.text_of(data[at + 1 : end]))
        at = end
    return ".".join(labels)
