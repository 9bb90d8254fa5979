"""A sound forest made by code, and its departures: ``healthy(user("x", spn="HTTP/x"))``.

Each call to :func:`healthy` is a forest of its own, made at the first question asked of it: the
catalogue is imported without making any. Descriptors are Windows' own, handed down as Windows does;
a departure on a container reaches what lies under it.

A target is a DN, a DN without that of its domain (``CN=AdminSDHolder,CN=System``,
``CN=Sites,CN=Configuration``), a sAMAccountName (``DC1$``), or one in a child domain (``SUB\\x``).
In SDDL, ``@name`` stands for the SID of an account.
"""

# ruff: noqa: ANN401 - keywords are handed on from one departure to another

import base64
import functools
import re
import struct
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from checks._shared.examples import AT
from checks.ad._shared import defaults
from core.directory import decode, flags, guids, sids
from core.directory.build import tables_of
from core.directory.controllers import ASKED_AT
from core.directory.descriptors import (
    CONTAINER_INHERIT,
    DACL_PROTECTED,
    INHERIT_ONLY,
    INHERITED,
    NO_PROPAGATE,
    Ace,
    Descriptor,
    encode,
)
from core.directory.forest import Directory
from core.directory.raw import Collection, Context, RawObject, Readable, Unread
from core.directory.sddl import parse

Value = str | int | bool | bytes | datetime | timedelta
Given = Value | Iterable[Value] | None
Attributes = Mapping[str, Given]
Departure = Callable[["Draft"], None]

ROOT = "DC=chu,DC=example"
ROOT_SID = "S-1-5-21-1004336348-1177238915-682003330"
_CONFIGURATION = f"CN=Configuration,{ROOT}"
_SCHEMA = f"CN=Schema,{_CONFIGURATION}"
_PKI = "CN=Public Key Services,CN=Services,CN=Configuration"
_SITE = "CN=Default-First-Site-Name,CN=Sites,CN=Configuration"
_POLICY = "CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System"
_DC_POLICY = "CN={6AC1786C-016F-11D2-945F-00C04fB984F9},CN=Policies,CN=System"
_SAFE_HEURISTICS = "0000000001000000000200000001130"
_SERVER_2022 = ("Windows Server 2022 Standard", "10.0 (20348)")
_WINDOWS_11 = ("Windows 11 Professionnel", "10.0 (26100)")
_SILO = "CN=Niveau 0,CN=AuthN Silos,CN=AuthN Policy Configuration,CN=Services,CN=Configuration"

CERTIFICATE = base64.b64decode(
    "MIICsTCCAZmgAwIBAgICA+gwDQYJKoZIhvcNAQELBQAwETEPMA0GA1UEAwwGQ0hVLUFDMB4XDTI0MDEwMTAwMDAwMFoX"
    "DTM0MDEwMTAwMDAwMFowETEPMA0GA1UEAwwGQ0hVLUFDMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7/wn"
    "cQLlMEUbwPWzP53DGvveoClel529/10bsZ8w82/sxlKfK89MmELJFxT7RzkXTQ005m9WUSlP0k7nWiiTIHXbxG+urLJQ"
    "pvpZSJu+UohP9mvbBP3f94IEF+9XFiyVlWwQcrtNiw/TGdPSh941b1DW6dxW3YjpeUwMzSV7lqw6CGUV5LfZVWKoPcz9"
    "x8PD1v9pGDWORyCZaJ3tvK1dnwBSEvcwpUPUgf8Fv/5gOnd/DBvBmSR6jZ7KhjnKssoxMkrkFKY43CLi1UEN4FmoNL2f"
    "VkiE1cCZ5w5qf3XxNNph21uwPL7L9tPoflrkk1bScYXTW97vxGirGGW8TusoGQIDAQABoxMwETAPBgNVHRMBAf8EBTAD"
    "AQH/MA0GCSqGSIb3DQEBCwUAA4IBAQAO2UlI/Sl6dxwpBTkimL293LorPU6kQ48xel9/vhtfgIGmta80ujvDT1jVUfA8"
    "hQnK7+pqqpvexfooqa9+GaK/o0Z7oJFsTXZTat/WO8nifXuuvwEp10qt4r/+j0tzDw0f+BeWt849ARnJaxbILQ/zssL8"
    "6L0blFTR6yMz4jaAYarCFtbDBN72AHEwW3Lui3tQlw2hyfNoc5UI5qEiZ2uEEizLYf5GY+hzIN2h6jFJWDZ8BPTZds3p"
    "KMI3QXw+SkiC/CJmzYDEQUn3U7sk/uBq2yk/l9PmPDhQpctER3arTy+MIjmSqysEXCkWmbtpW5IB+vG/0hRn2UbbjS7m"
    "XCjq"
)
"""Certificate of the sound authority: RSA 2048, SHA-256, until 2034."""

_CHAINS: dict[str, tuple[str, ...]] = {
    "user": ("top", "person", "organizationalPerson", "user"),
    "inetorgperson": ("top", "person", "organizationalPerson", "user", "inetOrgPerson"),
    "computer": ("top", "person", "organizationalPerson", "user", "computer"),
    "msds-managedserviceaccount": (
        "top", "person", "organizationalPerson", "user", "computer", "msDS-ManagedServiceAccount",
    ),
    "msds-groupmanagedserviceaccount": (
        "top", "person", "organizationalPerson", "user", "computer",
        "msDS-GroupManagedServiceAccount",
    ),
    "msds-delegatedmanagedserviceaccount": (
        "top", "person", "organizationalPerson", "user", "computer",
        "msDS-DelegatedManagedServiceAccount",
    ),
    "domaindns": ("top", "domain", "domainDNS"),
    "grouppolicycontainer": ("top", "container", "groupPolicyContainer"),
    "trusteddomain": ("top", "leaf", "trustedDomain"),
    "secret": ("top", "leaf", "secret"),
    "ntdsdsa": ("top", "applicationSettings", "nTDSDSA"),
    "ntdsdsaro": ("top", "applicationSettings", "nTDSDSA", "nTDSDSARO"),
}  # fmt: skip

_SIDS = frozenset({"objectsid", "sidhistory", "securityidentifier", "ms-ds-creatorsid"})
_GUIDS = frozenset({"objectguid", "schemaidguid", "attributesecurityguid"})
_DESCRIPTORS = frozenset({"msds-allowedtoactonbehalfofotheridentity", "msds-groupmsamembership"})
_PROTECTED = "@AdminSDHolder"


class _Domain:
    def __init__(self, dn: str, netbios: str, sid: str) -> None:
        self.dn = dn
        self.netbios = netbios
        self.sid = sid
        self.next_rid = 1_103

    @property
    def name(self) -> str:
        return ".".join(part.partition("=")[2] for part in self.dn.split(","))


class Draft:
    """A forest being made."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, tuple[bytes, ...]]] = {}
        """DN → attributes."""
        self.dns: dict[str, str] = {}
        """Lower-case DN → DN as written."""
        self.explicit: dict[str, str] = {}
        """DN → SDDL of what is not handed down; empty text: hidden."""
        self.extra: dict[str, list[str]] = {}
        """DN → entries added by departures."""
        self.domains: list[_Domain] = []
        self.kinds: dict[str, str] = {}
        """DN → class, whatever departures hide."""
        self.known_sids: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        """DN → SID of an owner that came after."""
        self.spoilt: dict[str, dict[str, tuple[bytes, ...]]] = {}
        """DN → attributes put in the place of the true ones at the last moment."""
        self.unread: list[Unread] = []
        self.readable: list[Readable] | None = []
        self.clocks: dict[str, int | None] = {}
        """Host of a controller → seconds that its clock is ahead; ``None``: it was not asked."""
        self.cut: dict[str, str] = {}
        """Kind of naming context → why it is not whole."""
        self.names: dict[str, str] = {}
        """Lower-case sAMAccountName, with its domain but in the root → DN."""

    def copy(self) -> "Draft":
        """Give another that may be changed."""
        other = Draft()
        other.objects = {dn: dict(attributes) for dn, attributes in self.objects.items()}
        other.dns = dict(self.dns)
        other.explicit = dict(self.explicit)
        other.extra = {dn: list(one) for dn, one in self.extra.items()}
        for one in self.domains:
            kept = _Domain(one.dn, one.netbios, one.sid)
            kept.next_rid = one.next_rid
            other.domains.append(kept)
        other.names = dict(self.names)
        other.kinds = dict(self.kinds)
        other.known_sids = dict(self.known_sids)
        return other

    def add(self, dn: str, kind: str, attributes: Attributes, sddl: str | None = None) -> str:
        """Add an object, or change the one that is there; gives its whole DN."""
        dn = self.whole(dn)
        home = self.domain_of(dn)
        held = self.dns.get(dn.lower())
        if held is not None:
            dn = held
        else:
            self.dns[dn.lower()] = dn
            self.kinds[dn] = kind
            chain = _CHAINS.get(kind, ("top", _SPELT.get(kind, kind)))
            self.objects[dn] = {
                "objectclass": tuple(one.encode() for one in chain),
                "objectguid": (uuid.uuid5(uuid.NAMESPACE_URL, dn.lower()).bytes_le,),
                "whencreated": _encoded("whencreated", AT - timedelta(days=400)),
                "whenchanged": _encoded("whenchanged", AT - timedelta(days=10)),
                "cn": (decode.first_part(dn).encode(),),
            }
            in_configuration = dn.lower().endswith(_CONFIGURATION.lower())
            other = defaults.IN_CONFIGURATION if in_configuration else defaults.ORDINARY
            self.explicit[dn] = defaults.OF_CLASS.get(kind, other)
        if sddl is not None:
            self.explicit[dn] = sddl
        if isinstance(sid := attributes.get("objectsid"), str):
            self.known_sids[dn] = sid
        self.change(dn, attributes)
        name = self.objects[dn].get("samaccountname")
        if name:
            prefix = "" if home is self.domains[0] else f"{home.netbios}\\"
            self.names[f"{prefix}{name[0].decode()}".lower()] = dn
        return dn

    def change(self, target: str, attributes: Attributes) -> None:
        """Set attributes; ``None`` hides one."""
        held = self.objects[self.find(target)]
        for name, value in attributes.items():
            key = name.lower()
            if value is None:
                held.pop(key, None)
                continue
            held[key] = tuple(self._value(key, one) for one in _listed(value))
            if not held[key]:
                del held[key]

    def whole(self, dn: str) -> str:
        """Give a whole DN: one that ends in no domain is of the root."""
        if dn.lower().endswith(",dc=example") or dn.lower() == ROOT.lower():
            return dn
        return f"{dn},{ROOT}"

    def find(self, target: str) -> str:
        """Give the DN of a target; ``KeyError`` where there is none."""
        if target.lower() in self.names:
            return self.names[target.lower()]
        return self.dns[self.whole(target).lower()]

    def domain_of(self, dn: str) -> _Domain:
        """Give the domain of a DN; the root for the configuration."""
        fitting = [one for one in self.domains if dn.lower().endswith(one.dn.lower())]
        return max(fitting, key=lambda one: len(one.dn), default=self.domains[0])

    def domain(self, netbios: str) -> _Domain:
        """Give a domain by its NetBIOS name; the root for an empty one."""
        return next((one for one in self.domains if one.netbios == netbios), self.domains[0])

    def sid(self, target: str) -> str:
        """Give the SID of an account, or what reads as one already."""
        if sids.is_sid(target):
            return target
        return self.known_sids[self.find(target)]

    def member_dn(self, domain: _Domain, member: str) -> str:
        """Give the DN of a member: that of its foreign principal, made if need be, for a SID."""
        if not sids.is_sid(member):
            return self.find(member)
        dn = f"CN={member},CN=ForeignSecurityPrincipals,{domain.dn}"
        if dn.lower() not in self.dns:
            self.add(dn, "foreignsecurityprincipal", {"objectsid": member})
        return dn

    def join(self, group: str, members: Iterable[str]) -> None:
        """Put members in a group."""
        dn = self.find(group)
        held = self.objects[dn].get("member", ())
        home = self.domain_of(dn)
        new = tuple(self.member_dn(home, one).encode() for one in members)
        self.objects[dn]["member"] = held + tuple(one for one in new if one not in held)

    def snapshots(self) -> Iterator[tuple[Collection, Iterator[RawObject]]]:
        """Give the forest as a collection would."""
        contexts: list[Context] = []
        for one in self.domains:
            contexts.append(self._context(one.dn, "domain"))
            contexts.append(self._context(f"DC=DomainDnsZones,{one.dn}", "domain-dns"))
        contexts += [
            self._context(_SCHEMA, "schema"),
            self._context(_CONFIGURATION, "configuration"),
            self._context(f"DC=ForestDnsZones,{ROOT}", "forest-dns"),
        ]
        heads = [(one.dn.lower(), at) for at, one in enumerate(contexts)]
        heads.sort(key=lambda one: -len(one[0]))
        head = Collection(
            vigie_version="0",
            forest=self.domains[0].name,
            root_dn=ROOT,
            account="svc-audit@chu.example",
            started_at=AT,
            finished_at=AT,
            contexts=tuple(contexts),
            unread=tuple(self.unread),
            controllers=dict(self._roots()),
            readable=None if self.readable is None else tuple(self.readable),
        )
        yield head, self._objects(heads)

    def _roots(self) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
        for attributes in self.objects.values():
            for host in attributes.get("dnshostname", ()):
                ahead = self.clocks.get(host.decode().lower(), 0)
                if attributes.get("primarygroupid") in ((b"516",), (b"521",)) and ahead is not None:
                    said = f"{AT + timedelta(seconds=ahead):%Y%m%d%H%M%S.0Z}"
                    yield (
                        host.decode(),
                        {"currenttime": (said,), ASKED_AT: (AT.isoformat(),)},
                    )

    def _context(self, dn: str, kind: str) -> Context:
        why = self.cut.get(kind, "")
        return Context(dn=dn, kind=kind, is_whole=not why, why=why)

    def _objects(self, heads: list[tuple[str, int]]) -> Iterator[RawObject]:
        descriptors = _Descriptors(self)
        for dn, attributes in self.objects.items():
            told = dict(attributes)
            descriptor = descriptors.of(dn)
            if descriptor:
                told["ntsecuritydescriptor"] = (descriptor,)
            told.update(self.spoilt.get(dn, {}))
            low = dn.lower()
            context = next(at for head, at in heads if low.endswith(head))
            yield RawObject(context=context, dn=dn, attributes=told)

    def _value(self, key: str, value: Value) -> bytes:
        if isinstance(value, str):
            if key in _SIDS:
                return sids.to_bytes(self.sid(value))
            if key in _GUIDS:
                return guids.to_bytes(value)
            if key in _DESCRIPTORS:
                return encode(self.parse(value, self.domains[0]))
        return _encoded(key, value)[0]

    def parse(self, text: str, domain: _Domain) -> Descriptor:
        """Read SDDL, ``@name`` and aliases resolved."""
        named = re.sub(r"@([\w .$\\-]+?)(?=\)|D:|G:|;|$)", lambda match: self.sid(match[1]), text)
        return _parsed(named, domain.sid, self.domains[0].sid)


@functools.lru_cache(maxsize=4_096)
def _parsed(text: str, domain: str, root: str) -> Descriptor:
    return parse(text, domain=domain, root=root)


class _Descriptors:
    """Descriptors as they come out of inheritance (MS-DTYP 2.5.3.4)."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._final: dict[str, Descriptor | None] = {}
        self._bytes: dict[tuple[object, ...], bytes] = {}

    def of(self, dn: str) -> bytes:
        final = self._of(dn)
        if final is None:
            return b""
        key = (final.owner, final.group, final.control, final.aces)
        found = self._bytes.get(key)
        if found is None:
            found = self._bytes[key] = encode(final)
        return found

    def _of(self, dn: str) -> Descriptor | None:
        if dn in self._final:
            return self._final[dn]
        draft = self._draft
        text = draft.explicit[dn]
        home = draft.domain_of(dn)
        if text == _PROTECTED:
            holder = draft.dns.get(f"cn=adminsdholder,cn=system,{home.dn}".lower())
            if holder is not None:
                final = self._of(holder)
            else:
                final = draft.parse(defaults.ADMIN_SD_HOLDER, home)
        elif text:
            final = self._made(dn, draft.parse(text, home))
        else:
            final = None
        if final is not None and dn in draft.extra:
            more = draft.parse("D:" + "".join(draft.extra[dn]), home).aces
            denied = tuple(one for one in more if one.denies)
            allowed = tuple(one for one in more if not one.denies)
            own = tuple(one for one in final.aces if not one.is_inherited)
            inherited = tuple(one for one in final.aces if one.is_inherited)
            final = Descriptor(
                final.owner, final.group, final.control, (*denied, *own, *allowed, *inherited)
            )
        if final is not None and dn in draft.owners:
            final = Descriptor(
                draft.owners[dn], final.group, final.control, final.aces, final.has_dacl,
                final.is_null_dacl,
            )  # fmt: skip
        self._final[dn] = final
        return final

    def _made(self, dn: str, own: Descriptor) -> Descriptor:
        guid = guids.CLASSES.get(self._draft.kinds[dn], "")
        aces = [
            # What the creator gets becomes the owner's when the object is made.
            _for(one, own.owner) if one.trustee == sids.CREATOR_OWNER and not one.flags else one
            for one in own.aces
        ]
        aces = [
            one for one in aces if not one.inherited_type or one.inherited_type == guid or one.flags
        ]
        if own.control & DACL_PROTECTED or own.is_null_dacl or not own.has_dacl:
            return Descriptor(
                own.owner, own.group, own.control, tuple(aces), own.has_dacl, own.is_null_dacl
            )
        above = self._draft.dns.get(decode.parent_of(dn).lower())
        parent = self._of(above) if above is not None else None
        if parent is not None:
            aces += (handed for one in parent.aces for handed in _handed_down(one, guid, own.owner))
        return Descriptor(own.owner, own.group, own.control, tuple(aces))


def _for(ace: Ace, trustee: str) -> Ace:
    return Ace(
        ace.kind, ace.flags, ace.mask, trustee, ace.object_type, ace.inherited_type, ace.rights,
        ace.condition,
    )  # fmt: skip


@functools.lru_cache(maxsize=16_384)
def _with(ace: Ace, flags_: int, trustee: str) -> Ace:
    return Ace(
        ace.kind, flags_, ace.mask, trustee, ace.object_type, ace.inherited_type, ace.rights,
        ace.condition,
    )  # fmt: skip


def _handed_down(ace: Ace, guid: str, owner: str) -> Iterator[Ace]:
    """Give what a child of a class gets from an entry of its parent."""
    if not ace.flags & CONTAINER_INHERIT:
        return
    fits = not ace.inherited_type or ace.inherited_type == guid
    if ace.flags & NO_PROPAGATE:
        if fits:
            yield _with(ace, INHERITED, ace.trustee)
        return
    kept = (ace.flags & ~INHERIT_ONLY) | INHERITED
    if not fits:
        yield _with(ace, kept | INHERIT_ONLY, ace.trustee)
    elif ace.trustee == sids.CREATOR_OWNER:
        yield _with(ace, INHERITED, owner)
        yield _with(ace, kept | INHERIT_ONLY, ace.trustee)
    else:
        yield _with(ace, kept, ace.trustee)


def _listed(value: Value | Iterable[Value]) -> Iterable[Value]:
    if isinstance(value, str | int | bytes | datetime | timedelta):
        return (value,)
    return value


def _encoded(key: str, value: Value) -> tuple[bytes]:
    if isinstance(value, bool):
        return (b"TRUE" if value else b"FALSE",)
    if isinstance(value, datetime):
        if key in decode.FILETIMES:
            return (str(decode.ticks_of(value)).encode(),)
        return (value.strftime("%Y%m%d%H%M%S.0Z").encode(),)
    if isinstance(value, timedelta):
        return (str(-int(value.total_seconds()) * 10_000_000).encode(),)
    if isinstance(value, bytes):
        return (value,)
    return (str(value).encode(),)


_SPELT = {
    "organizationalunit": "organizationalUnit",
    "crossref": "crossRef",
    "classschema": "classSchema",
    "attributeschema": "attributeSchema",
}


class _Example(Directory):
    """A forest that is made when it is first asked something."""

    def __init__(self, departures: tuple[Departure, ...]) -> None:
        self._departures = departures

    def __getattr__(self, name: str) -> object:
        # Reached for the fields of a forest that is not made yet, and for no other name.
        if (
            name.startswith("__")
            or "_departures" not in self.__dict__
            or "_tables" in self.__dict__
        ):
            raise AttributeError(name)
        draft = _sound().copy()
        for departure in self._departures:
            departure(draft)
        super().__init__(tables_of(draft.snapshots(), establishment="chu-exemple"))
        return getattr(self, name)


def healthy(*departures: Departure) -> Directory:
    """Give a sound forest of one domain but for these departures, made one after the other."""
    return _Example(departures)


def raw(*departures: Departure) -> Iterator[tuple[Collection, Iterator[RawObject]]]:
    """Give the same as a collection would hand it over."""
    draft = _sound().copy()
    for departure in departures:
        departure(draft)
    return draft.snapshots()


# Departures.


def change(target: str, attributes: Attributes | None = None, **named: Given) -> Departure:
    """Set attributes of an object; ``None`` hides one. Names with dashes go in the mapping."""
    return lambda draft: draft.change(target, {**(attributes or {}), **named})


def user(
    name: str,
    attributes: Attributes | None = None,
    *,
    groups: Iterable[str] = (),
    ou: str = "CN=Users",
    domain: str = "",
    rid: int | None = None,
    uac: int = 0,
    enabled: bool = True,
    password_days: float | None = 30,
    logon_days: float | None = 1,
    created_days: float = 400,
    spn: str | Iterable[str] = (),
    sddl: str | None = None,
    kind: str = "user",
    **named: Given,
) -> Departure:
    """Add a person's or a service's account, sound but for what is said; or change one of that name.

    ``uac`` are bits besides that of an ordinary account; ``password_days`` the age of the password,
    ``None`` for one that must be changed; ``logon_days`` ``None`` for one that never logged on.
    """

    def make(draft: Draft) -> None:
        home = draft.domain(domain)
        known = draft.names.get(name.lower() if not domain else f"{domain}\\{name}".lower())
        dn = known or _under(f"CN={name},{ou}", home)
        draft.add(
            dn,
            kind,
            {
                **_account(draft, home, name, rid, known is None),
                "samaccounttype": flags.PERSON,
                "primarygroupid": sids.DOMAIN_USERS,
                "useraccountcontrol": 0x200 | uac | (0 if enabled else flags.DISABLED),
                "pwdlastset": 0 if password_days is None else _ago(password_days),
                "lastlogontimestamp": None if logon_days is None else _ago(logon_days),
                "whencreated": _ago(created_days),
                "serviceprincipalname": (spn,) if isinstance(spn, str) else tuple(spn),
                **(attributes or {}),
                **named,
            },
            sddl,
        )
        for group_name in groups:
            draft.join(group_name, [dn])

    return make


def admin(name: str, **given: Any) -> Departure:
    """Add a sound privileged account: in Domain Admins, protected, in the silo; or change it."""
    extra: dict[str, Any] = {
        "admincount": 1,
        "msds-supportedencryptiontypes": 0x18,
        "msds-assignedauthnpolicysilo": f"{_SILO},{ROOT}",
        **(given.pop("attributes", None) or {}),
    }
    given.setdefault("groups", ("Domain Admins", "Protected Users"))
    given.setdefault("sddl", _PROTECTED)
    given["uac"] = given.get("uac", 0) | flags.NOT_DELEGATED
    made = user(name, extra, **given)

    def make(draft: Draft) -> None:
        made(draft)
        prefix = given.get("domain", "")
        dn = draft.find(f"{prefix}\\{name}" if prefix else name)
        silo = draft.objects[draft.find(_SILO)]
        held = silo.get("msds-authnpolicysilomembers", ())
        if dn.encode() not in held:
            silo["msds-authnpolicysilomembers"] = (*held, dn.encode())

    return make


def computer(
    name: str,
    attributes: Attributes | None = None,
    *,
    ou: str = "CN=Computers",
    domain: str = "",
    rid: int | None = None,
    uac: int = 0,
    enabled: bool = True,
    system: tuple[str, str] = _WINDOWS_11,
    password_days: float | None = 10,
    logon_days: float | None = 1,
    created_days: float = 400,
    spn: Iterable[str] | None = None,
    owner: str = "",
    sddl: str | None = None,
    kind: str = "computer",
    groups: Iterable[str] = (),
    **named: Given,
) -> Departure:
    """Add a workstation, sound but for what is said; or change one. ``name`` without its ``$``."""

    def make(draft: Draft) -> None:
        home = draft.domain(domain)
        account = f"{name}$"
        known = draft.names.get(account.lower() if not domain else f"{domain}\\{account}".lower())
        dn = known or _under(f"CN={name},{ou}", home)
        host = f"{name}.{home.name}"
        names = (f"HOST/{name}", f"HOST/{host}") if spn is None else tuple(spn)
        text = sddl
        if owner:
            base = text or defaults.OF_CLASS[kind]
            text = re.sub(r"^O:DA", f"O:@{owner}", base)
        draft.add(
            dn,
            kind,
            {
                **_account(draft, home, account, rid, known is None),
                "samaccounttype": flags.MACHINE,
                "primarygroupid": sids.DOMAIN_COMPUTERS,
                "useraccountcontrol": flags.WORKSTATION | uac | (0 if enabled else flags.DISABLED),
                "dnshostname": host,
                "operatingsystem": system[0],
                "operatingsystemversion": system[1],
                "pwdlastset": 0 if password_days is None else _ago(password_days),
                "lastlogontimestamp": None if logon_days is None else _ago(logon_days),
                "whencreated": _ago(created_days),
                "serviceprincipalname": names,
                "msds-supportedencryptiontypes": 0x1C,
                "mslaps-passwordexpirationtime": _ago(-20),
                **(attributes or {}),
                **named,
            },
            text,
        )
        for group_name in groups:
            draft.join(group_name, [dn])

    return make


def server(name: str, attributes: Attributes | None = None, **given: Any) -> Departure:
    """Add a member server."""
    settings: dict[str, Any] = {"system": _SERVER_2022, "ou": "OU=Serveurs", **given}
    return computer(name, attributes, **settings)


def managed(name: str, *, readers: str = "", **given: Any) -> Departure:
    """Add a gMSA; ``readers`` names who may read its password, the servers' group by default."""

    def make(draft: Draft) -> None:
        more: dict[str, Any] = {
            "msds-groupmsamembership": f"O:BAD:(A;;GA;;;@{readers or 'Serveurs de service'})",
            "msds-managedpasswordinterval": 30,
            **(given.get("attributes") or {}),
        }
        rest = {key: value for key, value in given.items() if key != "attributes"}
        settings: dict[str, Any] = {
            "ou": "CN=Managed Service Accounts",
            "system": ("", ""),
            "kind": "msds-groupmanagedserviceaccount",
            "spn": (),
            **rest,
        }
        computer(name, more, **settings)(draft)
        for hidden in (
            "operatingsystem",
            "operatingsystemversion",
            "mslaps-passwordexpirationtime",
        ):
            draft.change(f"{name}$", {hidden: None})

    return make


def controller(
    name: str, attributes: Attributes | None = None, *, read_only: bool = False, **given: Any
) -> Departure:
    """Add a domain controller, with its server object and its NTDS Settings; or change one."""

    def make(draft: Draft) -> None:
        home = draft.domain(given.get("domain", ""))
        host = f"{name}.{home.name}"
        bits = flags.CONTROLLER | flags.UNCONSTRAINED
        if read_only:
            bits = flags.PARTIAL_SECRETS | flags.PROTOCOL_TRANSITION | flags.WORKSTATION
        dn = _under(f"CN={name},OU=Domain Controllers", home)
        more: dict[str, Any] = {
            "useraccountcontrol": bits,
            "primarygroupid": sids.READ_ONLY_CONTROLLERS if read_only else sids.DOMAIN_CONTROLLERS,
            "msds-supportedencryptiontypes": 0x18,
            "mslaps-passwordexpirationtime": None,
            **(attributes or {}),
        }
        if read_only:
            number = 20_000 + len(draft.objects) % 1_000
            key = f"krbtgt_{number}"
            user(
                key, {"msds-secondarykrbtgtnumber": number, "msds-krbtgtlinkbl": dn},
                enabled=False, logon_days=None, domain=given.get("domain", ""),
            )(draft)  # fmt: skip
            more.setdefault("msds-krbtgtlink", draft.find(key))
            never = [
                *(f"CN={one},CN=Builtin,{home.dn}" for one in _NEVER_REVEALED),
                f"CN=Denied RODC Password Replication Group,CN=Users,{home.dn}",
            ]
            more.setdefault("msds-neverrevealgroup", never)
        settings: dict[str, Any] = {
            "ou": "OU=Domain Controllers",
            "system": _SERVER_2022,
            "spn": (
                f"HOST/{name}", f"HOST/{host}", f"ldap/{host}/{home.name}", f"ldap/{name}",
                f"GC/{host}/{ROOT_NAME}", f"DNS/{host}", f"RestrictedKrbHost/{name}",
            ),
            **given,
        }  # fmt: skip
        computer(name, more, **settings)(draft)
        place = f"CN={name},CN=Servers,{_SITE}"
        draft.add(place, "server", {"serverreference": dn, "dnshostname": host})
        draft.add(
            f"CN=NTDS Settings,{place}",
            "ntdsdsaro" if read_only else "ntdsdsa",
            {"msds-behavior-version": 7, "options": 1},
        )
        address = bytes((203, 0, 113, len(draft.objects) % 250 + 1))
        _node(
            draft, f"DC={home.name},CN=MicrosoftDNS,DC=DomainDnsZones,{home.dn}", name, 1, address
        )
        local = f"CN=DFSR-LocalSettings,{dn}"
        draft.add(local, "msdfsr-localsettings", {})
        draft.add(f"CN=Domain System Volume,{local}", "msdfsr-subscriber", {})

    return make


def group(
    name: str,
    attributes: Attributes | None = None,
    *,
    members: Iterable[str] = (),
    groups: Iterable[str] = (),
    ou: str = "CN=Users",
    domain: str = "",
    rid: int | None = None,
    sddl: str | None = None,
    **named: Given,
) -> Departure:
    """Add a group, or change one. A member is a name, or a SID of elsewhere."""

    def make(draft: Draft) -> None:
        home = draft.domain(domain)
        known = draft.names.get(name.lower() if not domain else f"{domain}\\{name}".lower())
        dn = known or _under(f"CN={name},{ou}", home)
        draft.add(
            dn,
            "group",
            {
                **_account(draft, home, name, rid, known is None),
                "samaccounttype": flags.GLOBAL_GROUP,
                "grouptype": -2147483646,
                **(attributes or {}),
                **named,
            },
            sddl,
        )
        draft.join(dn, members)
        for above in groups:
            draft.join(above, [dn])

    return make


def member(group_name: str, *members: str) -> Departure:
    """Put members in a group."""
    return lambda draft: draft.join(group_name, members)


def many(count: int, name: str, **given: Any) -> Departure:
    """Add as many users, ``name`` numbered."""

    def make(draft: Draft) -> None:
        rest = {key: value for key, value in given.items() if key != "groups"}
        names = [f"{name}-{number:04}" for number in range(count)]
        for one in names:
            user(one, **rest)(draft)
        for above in given.get("groups", ()):
            draft.join(above, names)

    return make


def foreign(sid: str, *groups: str) -> Departure:
    """Put a principal of elsewhere in groups."""

    def make(draft: Draft) -> None:
        for one in groups:
            draft.join(one, [sid])

    return make


def hide(target: str, *attributes: str) -> Departure:
    """Leave attributes of an object out, as for an account that may not read them."""
    return change(target, dict.fromkeys(attributes))


def pso(
    name: str,
    min_length: int,
    max_days: int | None,
    *targets: str,
    changed_days: float = 300,
    precedence: int = 10,
    attributes: Attributes | None = None,
) -> Departure:
    """Add a password settings object; ``max_days`` ``None`` for ever."""

    def make(draft: Draft) -> None:
        dns = [draft.find(one) for one in targets]
        dn = draft.add(
            f"CN={name},CN=Password Settings Container,CN=System",
            "msds-passwordsettings",
            {
                "msds-minimumpasswordlength": min_length,
                "msds-maximumpasswordage": (
                    -(1 << 63) if max_days is None else timedelta(days=max_days)
                ),
                "msds-passwordsettingsprecedence": precedence,
                "msds-passwordcomplexityenabled": True,
                "msds-passwordreversibleencryptionenabled": False,
                "msds-passwordhistorylength": 24,
                "msds-lockoutthreshold": 10,
                "msds-psoappliesto": dns,
                "whenchanged": _ago(changed_days),
                **(attributes or {}),
            },
        )
        for one in dns:
            draft.change(one, {"msds-psoapplied": dn})

    return make


def spoilt(target: str, attribute: str, *values: bytes) -> Departure:
    """Put any bytes in an attribute, or none at all; ``target`` may be ``#n``, the n-th object."""

    def make(draft: Draft) -> None:
        if target.startswith("#"):
            dns = list(draft.objects)
            dn = dns[int(target[1:]) % len(dns)]
        else:
            dn = draft.find(target)
        draft.spoilt.setdefault(dn, {})[attribute.lower()] = values

    return make


def exchange() -> Departure:
    """Add what Exchange leaves once its rights are cut back (2022 updates, PrepareAllDomains)."""
    person = guids.CLASSES["user"]

    def make(draft: Draft) -> None:
        draft.add("OU=Microsoft Exchange Security Groups", "organizationalunit", {})
        inside = "OU=Microsoft Exchange Security Groups"
        for one in (
            server("SRV-MAIL"),
            group("Exchange Trusted Subsystem", ou=inside, members=["SRV-MAIL$"]),
            group(
                "Exchange Windows Permissions", ou=inside, members=["Exchange Trusted Subsystem"]
            ),
            group("Organization Management", ou=inside, members=["m.durand"]),
            grant(
                ROOT,
                f"(OA;CIIO;RPWP;{guids.SETS['Email-Information']};{person};"
                "@Exchange Windows Permissions)",
                f"(OA;CIIO;CR;{guids.RIGHTS['Send-As']};{person};@Exchange Trusted Subsystem)",
                f"(OA;CIIO;RPWP;{guids.SETS['Personal-Information']};{person};"
                "@Exchange Trusted Subsystem)",
                "(A;CI;RPLCLORC;;;@Exchange Trusted Subsystem)",
            ),
        ):
            one(draft)

    return make


def entra_connect(*, protected: bool = True) -> Departure:
    """Add the account by which Entra Connect reads passwords, protected like the privileged or not."""

    def make(draft: Draft) -> None:
        user(
            "MSOL_0123456789ab",
            {"description": "Account created by Microsoft Azure Active Directory Connect"},
            sddl=_PROTECTED if protected else None,
            password_days=100,
        )(draft)
        rights = ("DS-Replication-Get-Changes", "DS-Replication-Get-Changes-All")
        entries = (f"(OA;;CR;{guids.RIGHTS[one]};;@MSOL_0123456789ab)" for one in rights)
        grant(ROOT, *entries)(draft)

    return make


def cname(alias: str, target: str) -> Departure:
    """Add an alias to the zone of the root domain."""
    labels = target.encode().split(b".")
    data = bytes([len(target) + 2, len(labels)])
    data += b"".join(bytes([len(one)]) + one for one in labels) + b"\0"
    return node(alias, 5, data)


def node(name: str, kind: int, data: bytes, *, zone_name: str = "") -> Departure:
    """Add a name with one DNS record, of a type by its number, to the zone of the root domain."""
    zone_dn = f"DC={zone_name or ROOT_NAME},CN=MicrosoftDNS,DC=DomainDnsZones,{ROOT}"
    return lambda draft: _node(draft, zone_dn, name, kind, data)


def emptied(group_name: str) -> Departure:
    """Empty a group."""
    return change(group_name, {"member": None})


def grant(target: str, *entries: str) -> Departure:
    """Add entries in SDDL to an object, as an administrator would: ``(A;;GA;;;@x)``."""

    def make(draft: Draft) -> None:
        draft.extra.setdefault(draft.find(target), []).extend(entries)

    return make


def owned(target: str, name: str) -> Departure:
    """Give an object another owner."""

    def make(draft: Draft) -> None:
        draft.owners[draft.find(target)] = draft.sid(name)

    return make


def descriptor(target: str, sddl: str) -> Departure:
    """Give an object another descriptor; what its parent hands down is added unless ``D:P``."""

    def make(draft: Draft) -> None:
        draft.explicit[draft.find(target)] = sddl

    return make


def hidden_descriptor(target: str) -> Departure:
    """Leave the descriptor of an object out, as for an account that may not read it."""
    return descriptor(target, "")


def thing(
    dn: str,
    kind: str,
    attributes: Attributes | None = None,
    *,
    sddl: str | None = None,
    **named: Given,
) -> Departure:
    """Add an object of any class (lower case)."""

    def make(draft: Draft) -> None:
        draft.add(dn, kind.lower(), {**(attributes or {}), **named}, sddl)

    return make


def ou(name: str, attributes: Attributes | None = None, **given: Any) -> Departure:
    """Add an organisational unit (``Bloc``, or a DN)."""
    return thing(name if "=" in name else f"OU={name}", "organizationalunit", attributes, **given)


def gpo(guid: str, attributes: Attributes | None = None, **given: Any) -> Departure:
    """Add a GPO by its GUID, not linked."""
    dn = f"CN={{{guid}}},CN=Policies,CN=System"
    path = f"\\\\{ROOT_NAME}\\sysvol\\{ROOT_NAME}\\Policies\\{{{guid}}}"
    more = {"flags": 0, "versionnumber": 1, "gpcfilesyspath": path, **(attributes or {})}
    return thing(dn, "grouppolicycontainer", more, **given)


def linked(target: str, *guids_: str, options: int = 0, blocked: bool = False) -> Departure:
    """Link GPOs to a domain, an OU or a site: ``options`` 1 disabled, 2 enforced."""

    def make(draft: Draft) -> None:
        links = "".join(
            f"[LDAP://cn={{{one}}},cn=policies,cn=system,{ROOT};{options}]" for one in guids_
        )
        held = draft.objects[draft.find(target)].get("gplink", (b"",))[0].decode()
        draft.change(target, {"gplink": held + links, "gpoptions": 1 if blocked else None})

    return make


def trust(partner: str, attributes: Attributes | None = None, **named: Given) -> Departure:
    """Add a trust, sound but for what is said: an external one, outbound, in quarantine."""
    more = {
        "trustpartner": partner,
        "flatname": partner.partition(".")[0].upper(),
        "trustdirection": flags.OUTBOUND,
        "trusttype": flags.UPLEVEL,
        "trustattributes": flags.QUARANTINED,
        "securityidentifier": "S-1-5-21-11-22-33",
        **(attributes or {}),
        **named,
    }
    return thing(f"CN={partner},CN=System", "trusteddomain", more)


def clocks(**ahead: int | None) -> Departure:
    """Put the clocks of controllers of the root ahead, in seconds; ``None``: one is not asked."""

    def make(draft: Draft) -> None:
        draft.clocks.update({f"{one.lower()}.{ROOT_NAME}": left for one, left in ahead.items()})

    return make


def readable(target: str, attribute: str) -> Departure:
    """Fill in an attribute made for a password, in sight of the account of the audit."""

    def make(draft: Draft) -> None:
        if draft.readable is not None:
            draft.readable.append(Readable(dn=draft.find(target), attribute=attribute))

    return make


def unasked_passwords() -> Departure:
    """Give the forest as a version that did not ask for such attributes collected it."""

    def make(draft: Draft) -> None:
        draft.readable = None

    return make


def without(*targets: str) -> Departure:
    """Take objects out, with all that lies under them."""

    def make(draft: Draft) -> None:
        for target in targets:
            tail = draft.find(target).lower()
            for low, dn in list(draft.dns.items()):
                if low == tail or low.endswith(f",{tail}"):
                    del draft.dns[low], draft.objects[dn], draft.explicit[dn]
                    draft.extra.pop(dn, None)
            draft.names = {name: dn for name, dn in draft.names.items() if dn in draft.objects}

    return make


def unread(kind: str, what: str = "", why: str = "hidden") -> Departure:
    """Leave part of a naming context unread: a class or attribute, or all of it when unnamed."""

    def make(draft: Draft) -> None:
        if not what:
            draft.cut[kind] = why
            return
        heads = {
            "configuration": [_CONFIGURATION],
            "schema": [_SCHEMA],
            "forest-dns": [f"DC=ForestDnsZones,{ROOT}"],
            "domain-dns": [f"DC=DomainDnsZones,{one.dn}" for one in draft.domains],
        }.get(kind, [one.dn for one in draft.domains])
        draft.unread += [Unread(context=dn, what=what, why=why) for dn in heads]

    return make


def child_domain(
    name: str = "SUB", sid: str = "S-1-5-21-2004336348-2177238915-1682003330"
) -> Departure:
    """Add a sound child domain, called by its NetBIOS name."""

    def make(draft: Draft) -> None:
        home = _Domain(f"DC={name.lower()},{ROOT}", name, sid)
        draft.domains.append(home)
        _fill_domain(draft, home)
        controller(f"{name}DC1", domain=name)(draft)
        controller(f"{name}DC2", domain=name)(draft)
        draft.add(
            f"CN={home.name},CN=System",
            "trusteddomain",
            {
                "trustpartner": home.name,
                "flatname": name,
                "trustdirection": 3,
                "trusttype": flags.UPLEVEL,
                "trustattributes": flags.WITHIN_FOREST,
                "securityidentifier": sid,
            },
        )

    return make


# The sound forest.

ROOT_NAME = "chu.example"
_NEVER_REVEALED = ("Administrators", "Server Operators", "Backup Operators", "Account Operators")
_BUILTIN = {
    544: "Administrators", 545: "Users", 546: "Guests", 548: "Account Operators",
    549: "Server Operators", 550: "Print Operators", 551: "Backup Operators", 552: "Replicator",
    554: "Pre-Windows 2000 Compatible Access", 555: "Remote Desktop Users",
    557: "Incoming Forest Trust Builders", 560: "Windows Authorization Access Group",
    561: "Terminal Server License Servers", 562: "Distributed COM Users",
    573: "Event Log Readers", 578: "Hyper-V Administrators", 580: "Remote Management Users",
}  # fmt: skip
_GLOBAL = {
    512: "Domain Admins", 513: "Domain Users", 514: "Domain Guests", 515: "Domain Computers",
    516: "Domain Controllers", 517: "Cert Publishers", 520: "Group Policy Creator Owners",
    521: "Read-only Domain Controllers", 522: "Cloneable Domain Controllers",
    525: "Protected Users", 526: "Key Admins", 553: "RAS and IAS Servers",
    571: "Allowed RODC Password Replication Group", 572: "Denied RODC Password Replication Group",
}  # fmt: skip
_OF_ROOT = {
    498: "Enterprise Read-only Domain Controllers", 518: "Schema Admins",
    519: "Enterprise Admins", 527: "Enterprise Key Admins",
}  # fmt: skip
_SD_PROTECTED = frozenset({544, 548, 549, 550, 551, 552, 512, 516, 518, 519, 521, 526, 527})
_SCHEMA_ATTRIBUTES = {
    "ms-Mcs-AdmPwd": ("3fbd06f0-7c11-4d7b-9d0c-5a2f1c3a9e01", 0x388),
    "ms-Mcs-AdmPwdExpirationTime": ("3fbd06f0-7c11-4d7b-9d0c-5a2f1c3a9e02", 0),
    "msLAPS-Password": ("f3531ec6-6330-4f8e-8d39-7a671fbac605", 0x388),
    "msLAPS-EncryptedPassword": ("f3531ec6-6330-4f8e-8d39-7a671fbac606", 0x388),
    "msLAPS-PasswordExpirationTime": ("f3531ec6-6330-4f8e-8d39-7a671fbac607", 0x1),
}
_CATEGORY = "9b9d1e5a-0000-4d7b-9d0c-5a2f1c3a9e99"


def _ago(days: float) -> datetime:
    return AT - timedelta(days=days)


def _under(dn: str, domain: _Domain) -> str:
    return dn if dn.lower().endswith(",dc=example") else f"{dn},{domain.dn}"


def _account(
    draft: Draft,
    domain: _Domain,
    name: str,
    rid: int | None,
    is_new: bool,
) -> dict[str, Value]:
    found: dict[str, Value] = {"samaccountname": name}
    if rid is None and not is_new:
        return found
    if rid is None:
        rid, domain.next_rid = domain.next_rid, domain.next_rid + 1
    found["objectsid"] = f"{domain.sid}-{rid}"
    return found


@functools.cache
def _sound() -> Draft:
    draft = Draft()
    root = _Domain(ROOT, "CHU", ROOT_SID)
    draft.domains.append(root)
    _fill_configuration(draft)
    _fill_domain(draft, root)
    for name in ("DC1", "DC2"):
        controller(name)(draft)
    for departure in (
        ou("Personnel"),
        ou("Postes"),
        ou("Serveurs"),
        user("m.durand", ou="OU=Personnel"),
        user("c.petit", ou="OU=Personnel", attributes={"description": "Secrétariat"}),
        computer("POSTE-001", ou="OU=Postes"),
        computer("POSTE-002", ou="OU=Postes"),
        server("SRV-FICHIERS"),
        group("Serveurs de service", members=["SRV-FICHIERS$"]),
        managed("gmsa-sauve"),
        admin("adm.martin"),
        admin("adm.leroy"),
    ):
        departure(draft)
    return draft


def _fill_domain(draft: Draft, home: _Domain) -> None:
    def here(path: str) -> str:
        return f"{path},{home.dn}"

    is_root = home is draft.domains[0]
    links = f"[LDAP://{here(_POLICY)};0]"
    draft.add(
        home.dn,
        "domaindns",
        {
            "objectsid": home.sid,
            "dc": home.name.partition(".")[0],
            "msds-behavior-version": 7,
            "ms-ds-machineaccountquota": 0,
            "msds-expirepasswordsonsmartcardonlyaccounts": True,
            "pwdproperties": 1,
            "minpwdlength": 12,
            "pwdhistorylength": 24,
            "maxpwdage": timedelta(days=365),
            "minpwdage": timedelta(days=1),
            "lockoutthreshold": 10,
            "gplink": links,
        },
        defaults.DOMAIN,
    )
    system = here("CN=System")
    for path, kind, sddl in (
        ("CN=Users", "container", defaults.USERS_CONTAINER),
        ("CN=Computers", "container", defaults.COMPUTERS_CONTAINER),
        ("CN=System", "container", None),
        ("CN=Builtin", "builtindomain", None),
        ("CN=ForeignSecurityPrincipals", "container", None),
        ("CN=Managed Service Accounts", "container", defaults.USERS_CONTAINER),
        ("CN=Program Data", "container", None),
        ("CN=AdminSDHolder,CN=System", "container", defaults.ADMIN_SD_HOLDER),
        ("CN=Policies,CN=System", "container", None),
        ("CN=Password Settings Container,CN=System", "msds-passwordsettingscontainer", None),
        ("CN=DomainUpdates,CN=System", "container", None),
        ("CN=DFSR-GlobalSettings,CN=System", "msdfsr-globalsettings", None),
    ):
        draft.add(here(path), kind, {}, sddl)
    draft.change(here("CN=DFSR-GlobalSettings,CN=System"), {"msdfsr-flags": 48})
    volume = here("CN=Domain System Volume,CN=DFSR-GlobalSettings,CN=System")
    draft.add(volume, "msdfsr-replicationgroup", {})
    draft.add(f"CN=Topology,{volume}", "msdfsr-topology", {})
    draft.add(f"CN=SYSVOL Share,CN=Content,{volume}", "msdfsr-contentset", {})
    draft.add(f"CN=ActiveDirectoryUpdate,CN=DomainUpdates,{system}", "container", {"revision": 16})
    for number in (1, 2):
        draft.add(f"CN=BCKUPKEY_{number} Secret,{system}", "secret", {})
    draft.add(
        here("OU=Domain Controllers"),
        "organizationalunit",
        {"gplink": f"[LDAP://{here(_DC_POLICY)};0]"},
        defaults.CONTROLLERS_OU,
    )
    for path, name in (
        (_POLICY, "Default Domain Policy"),
        (_DC_POLICY, "Default Domain Controllers Policy"),
    ):
        guid = path[3:41]
        draft.add(
            here(path),
            "grouppolicycontainer",
            {
                "displayname": name,
                "flags": 0,
                "versionnumber": 3,
                "gpcfilesyspath": f"\\\\{home.name}\\sysvol\\{home.name}\\Policies\\{guid}",
            },
        )
    for rid, name in _BUILTIN.items():
        _fixed_group(draft, here(f"CN={name},CN=Builtin"), name, f"S-1-5-32-{rid}", rid)
    for rid, name in (_GLOBAL | _OF_ROOT if is_root else _GLOBAL).items():
        _fixed_group(draft, here(f"CN={name},CN=Users"), name, f"{home.sid}-{rid}", rid)
    prefix = "" if is_root else f"{home.netbios}\\"
    where = "" if is_root else home.netbios
    admin("Administrator", rid=500, domain=where, password_days=200, logon_days=100,
          groups=[f"{prefix}{one}" for one in ("Domain Admins", "Protected Users")])(draft)  # fmt: skip
    user("Guest", rid=501, domain=where, enabled=False, uac=flags.PASSWORD_NOT_REQUIRED,
         logon_days=None, primarygroupid=sids.DOMAIN_GUESTS)(draft)  # fmt: skip
    user("krbtgt", {"admincount": 1}, rid=502, domain=where, enabled=False, logon_days=None,
         password_days=100, spn="kadmin/changepw", sddl=_PROTECTED)(draft)  # fmt: skip
    group("DnsAdmins", domain=where, rid=1_101)(draft)
    group("DnsUpdateProxy", domain=where, rid=1_102)(draft)
    administrators = ["Administrator", "Domain Admins"]
    draft.join(f"{prefix}Administrators", [f"{prefix}{one}" for one in administrators])
    draft.join(f"{prefix}Administrators", ["Enterprise Admins"])
    draft.join(f"{prefix}Users", [sids.AUTHENTICATED_USERS, f"{prefix}Domain Users"])
    draft.join(f"{prefix}Pre-Windows 2000 Compatible Access", [sids.AUTHENTICATED_USERS])
    draft.join(f"{prefix}Guests", [f"{prefix}Guest", f"{prefix}Domain Guests"])
    draft.join(f"{prefix}Windows Authorization Access Group", [sids.ENTERPRISE_CONTROLLERS])
    denied = (
        "Domain Controllers", "Read-only Domain Controllers", "Group Policy Creator Owners",
        "Domain Admins", "Cert Publishers", "krbtgt",
    )  # fmt: skip
    refused = [f"{prefix}{one}" for one in denied] + ["Enterprise Admins", "Schema Admins"]
    draft.join(f"{prefix}Denied RODC Password Replication Group", refused)
    if is_root:
        draft.join("Enterprise Admins", ["Administrator"])
    microsoft = f"CN=MicrosoftDNS,{system}"
    draft.add(microsoft, "container", {}, defaults.MICROSOFT_DNS.replace("@", f"@{prefix}"))
    zones = f"DC=DomainDnsZones,{home.dn}"
    draft.add(zones, "domaindns", {}, defaults.DNS_PARTITION)
    draft.add(f"CN=MicrosoftDNS,{zones}", "container", {}, defaults.DNS_SERVER)
    _zone(draft, f"DC={home.name},CN=MicrosoftDNS,{zones}")
    draft.add(
        f"CN={home.netbios},CN=Partitions,{_CONFIGURATION}",
        "crossref",
        {
            "ncname": home.dn,
            "dnsroot": home.name,
            "netbiosname": home.netbios,
            "systemflags": flags.NTDS_CROSS_REF,
        },
    )


def _fixed_group(draft: Draft, dn: str, name: str, sid: str, rid: int) -> None:
    is_protected = rid in _SD_PROTECTED
    draft.add(
        dn,
        "group",
        {
            "samaccountname": name,
            "objectsid": sid,
            "samaccounttype": flags.LOCAL_GROUP if ",CN=Builtin," in dn else flags.GLOBAL_GROUP,
            "grouptype": -2147483643 if ",CN=Builtin," in dn else -2147483646,
            "admincount": 1 if is_protected else None,
        },
        _PROTECTED if is_protected else None,
    )


def _zone(draft: Draft, dn: str, update: int = decode.UPDATE_SECURE) -> None:
    draft.add(
        dn,
        "dnszone",
        {
            "dc": decode.first_part(dn),
            "dnsproperty": [zone_property(decode.ALLOW_UPDATE, bytes([update]))],
        },
        defaults.CLOSED_ZONE,
    )
    _node(draft, dn, "@", 6, bytes(22))


def _node(draft: Draft, zone_dn: str, name: str, kind: int, data: bytes) -> None:
    record = struct.pack("<HH", len(data), kind) + bytes(20) + data
    draft.add(f"DC={name},{zone_dn}", "dnsnode", {"dc": name, "dnsrecord": record})


def zone_property(which: int, data: bytes) -> bytes:
    """Give one ``dNSProperty`` (MS-DNSP 2.3.2.1)."""
    return struct.pack("<IIIII", len(data), 1, 0, 1, which) + data + b"\0"


def zone(name: str, update: int = decode.UPDATE_SECURE, *, forest_wide: bool = False) -> Departure:
    """Add a DNS zone: ``update`` 0 takes none, 1 anyone's, 2 those of accounts."""
    where = "ForestDnsZones" if forest_wide else "DomainDnsZones"
    return lambda draft: _zone(draft, f"DC={name},CN=MicrosoftDNS,DC={where},{ROOT}", update)


def template(
    name: str, *enrollers: str, attributes: Attributes | None = None, published: bool = True
) -> Departure:
    """Add a certificate template, for client authentication, its subject built by the authority."""

    def make(draft: Draft) -> None:
        sddl = defaults.OF_CLASS["pkicertificatetemplate"] + defaults.enrolled_by("DA", *enrollers)
        draft.add(
            f"CN={name},CN=Certificate Templates,{_PKI}",
            "pkicertificatetemplate",
            {
                "displayname": name,
                "mspki-certificate-name-flag": 0x82000000 - (1 << 32),
                "mspki-enrollment-flag": 0,
                "mspki-private-key-flag": 0x10,
                "mspki-ra-signature": 0,
                "mspki-minimal-key-size": 2_048,
                "mspki-template-schema-version": 2,
                "pkiextendedkeyusage": ["1.3.6.1.5.5.7.3.2"],
                "mspki-certificate-application-policy": ["1.3.6.1.5.5.7.3.2"],
                **(attributes or {}),
            },
            sddl,
        )
        if published:
            service = draft.objects[draft.find(f"CN=CHU-AC,CN=Enrollment Services,{_PKI}")]
            held = service.get("certificatetemplates", ())
            service["certificatetemplates"] = (*held, name.encode())

    return make


def _fill_configuration(draft: Draft) -> None:
    base = "CN=Configuration"
    services = f"CN=Services,{base}"
    draft.add(base, "configuration", {}, defaults.CONFIGURATION)
    for path, kind in (
        (f"CN=Sites,{base}", "sitescontainer"),
        (_SITE, "site"),
        (f"CN=Servers,{_SITE}", "serverscontainer"),
        (f"CN=Subnets,CN=Sites,{base}", "subnetcontainer"),
        (services, "container"),
        (f"CN=Windows NT,{services}", "container"),
        (f"CN=Partitions,{base}", "crossrefcontainer"),
        (f"CN=DisplaySpecifiers,{base}", "container"),
        (f"CN=40C,CN=DisplaySpecifiers,{base}", "container"),
        (f"CN=Extended-Rights,{base}", "container"),
        (f"CN=AuthN Policy Configuration,{services}", "container"),
        (f"CN=AuthN Silos,CN=AuthN Policy Configuration,{services}", "container"),
        (f"CN=Group Key Distribution Service,{services}", "container"),
        (f"CN=Master Root Keys,CN=Group Key Distribution Service,{services}", "container"),
        (_PKI, "container"),
        (f"CN=Certificate Templates,{_PKI}", "container"),
        (f"CN=Enrollment Services,{_PKI}", "container"),
        (f"CN=Certification Authorities,{_PKI}", "container"),
        (f"CN=KRA,{_PKI}", "container"),
        (f"CN=OID,{_PKI}", "mspki-enterprise-oid"),
    ):
        draft.add(path, kind, {})
    for name in ("AIA", "CDP"):
        draft.add(f"CN={name},{_PKI}", "container", {}, defaults.CERTIFICATE_LISTS)
    draft.add(
        f"CN=203.0.113.0/24,CN=Subnets,CN=Sites,{base}",
        "subnet",
        {"siteobject": f"{_SITE},{ROOT}"},
    )
    draft.change(f"CN=Partitions,{base}", {"msds-behavior-version": 7})
    draft.add(
        f"CN=Directory Service,CN=Windows NT,{services}",
        "ntdsservice",
        {"dsheuristics": _SAFE_HEURISTICS, "tombstonelifetime": 180},
    )
    draft.add(
        f"CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,{services}",
        "msds-optionalfeature",
        {"msds-enabledfeaturebl": f"CN=Partitions,{_CONFIGURATION}"},
    )
    draft.add(
        f"CN=user-Display,CN=40C,CN=DisplaySpecifiers,{base}",
        "displayspecifier",
        {"admincontextmenu": ["2,{08eb4fa6-6ffd-11d1-b0e0-00c04fd8dca6}"]},
    )
    draft.add(
        f"CN=8d5e2a4c,CN=Master Root Keys,CN=Group Key Distribution Service,{services}",
        "mskds-provrootkey",
        {"mskds-createtime": _ago(400), "mskds-usestarttime": _ago(400)},
    )
    draft.add(_SILO, "msds-authnpolicysilo", {"msds-authnpolicysiloenforced": True})
    for name in (
        "CN=NTAuthCertificates",
        "CN=CHU-AC,CN=AIA",
        "CN=CHU-AC,CN=Certification Authorities",
    ):
        draft.add(f"{name},{_PKI}", "certificationauthority", {"cacertificate": CERTIFICATE})
    draft.add(
        f"CN=CHU-AC,CN=Enrollment Services,{_PKI}",
        "pkienrollmentservice",
        {"dnshostname": "srv-pki.chu.example", "cacertificate": CERTIFICATE},
        defaults.ENROLLED_BY_ALL,
    )
    template("Poste", "DC")(draft)
    for name, guid in guids.RIGHTS.items():
        draft.add(
            f"CN={name},CN=Extended-Rights,{base}", "controlaccessright", {"rightsguid": guid}
        )
    draft.add(_SCHEMA, "dmd", {"objectversion": 88}, defaults.SCHEMA)
    for name, guid in guids.CLASSES.items():
        if name == "msds-delegatedmanagedserviceaccount":
            continue
        draft.add(
            f"CN={name},{_SCHEMA}",
            "classschema",
            {
                "ldapdisplayname": name,
                "schemaidguid": guid,
                "defaultsecuritydescriptor": defaults.OF_CLASS.get(name, defaults.ORDINARY),
            },
        )
    for name, guid in guids.ATTRIBUTES.items():
        draft.add(
            f"CN=attr-{name},{_SCHEMA}",
            "attributeschema",
            {
                "ldapdisplayname": name,
                "schemaidguid": guid,
                "attributesecurityguid": guids.SET_OF.get(name),
            },
        )
    for name, (guid, bits) in _SCHEMA_ATTRIBUTES.items():
        draft.add(
            f"CN={name},{_SCHEMA}",
            "attributeschema",
            {"ldapdisplayname": name, "schemaidguid": guid, "searchflags": bits},
        )
    zones = f"DC=ForestDnsZones,{ROOT}"
    draft.add(zones, "domaindns", {}, defaults.DNS_PARTITION)
    draft.add(f"CN=MicrosoftDNS,{zones}", "container", {}, defaults.DNS_SERVER)
    _zone(draft, f"DC=_msdcs.{ROOT_NAME},CN=MicrosoftDNS,{zones}")
