"""The control points on a real controller: one weakness planted for each that Samba can hold.

Two controllers are collected by the ordinary account: one sound, as far as Samba goes, and one with
every weakness. Each point tells exactly what was planted for it, and nothing on the sound one but
what Samba is by itself.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from ad_audit.snapshot import Clear, read_snapshot
from checks.ad._shared.certificates import WEAK_RSA
from checks.ad._shared.healthy import CERTIFICATE, zone_property
from checks.registry import all_points, by_id
from core.directory import decode, sids
from core.directory.build import build
from core.directory.forest import Directory
from core.facts import Facts
from core.knowledge.load import load_knowledge
from core.model import Flagged, NotMeasured
from tests.ad_audit.test_collect_samba import collected
from tests.servers.samba import (
    DOMAIN_DN,
    SID,
    Planted,
    Sddl,
    Templates,
    Value,
    auditor,
    computer,
    controller,
    filetime,
    group,
    templates,
    user,
)

__all__ = ["templates"]

pytestmark = [pytest.mark.samba, pytest.mark.real, pytest.mark.slow]

NOW = datetime.now(UTC).replace(microsecond=0)
INTRUDER = f"{SID}-5001"
CONFIGURATION = f"CN=Configuration,{DOMAIN_DN}"
SCHEMA = f"CN=Schema,{CONFIGURATION}"
SERVICES = f"CN=Services,{CONFIGURATION}"
PKI = f"CN=Public Key Services,{SERVICES}"
TEMPLATES = f"CN=Certificate Templates,{PKI}"
KEYS = f"CN=Group Key Distribution Service,{SERVICES}"
SERVICE = f"CN=Directory Service,CN=Windows NT,{SERVICES}"
SITE = f"CN=Default-First-Site-Name,CN=Sites,{CONFIGURATION}"
SYSTEM = f"CN=System,{DOMAIN_DN}"
CONTROLLERS = f"OU=Domain Controllers,{DOMAIN_DN}"
DC = f"CN=DC1,{CONTROLLERS}"
RODC = f"CN=RODC1,{CONTROLLERS}"
BUILTIN = f"CN=Builtin,{DOMAIN_DN}"
DC_POLICY = f"CN={{6AC1786C-016F-11D2-945F-00C04FB984F9}},CN=Policies,{SYSTEM}"
BACKUP_KEY = f"CN=BCKUPKEY_PREFERRED Secret,{SYSTEM}"
ZONE = f"DC=chu.example,CN=MicrosoftDNS,DC=DomainDnsZones,{DOMAIN_DN}"
FOREST_ZONE = f"DC=_msdcs.chu.example,CN=MicrosoftDNS,DC=ForestDnsZones,{DOMAIN_DN}"
ANONYMOUS = f"CN=Anonymous Logon,CN=WellKnown Security Principals,{CONFIGURATION}"
WHOLE = f"(A;;GA;;;{INTRUDER})"
PRIVATE = "O:DAG:DAD:P(A;;GA;;;DA)(A;;GA;;;EA)(A;;GA;;;SY)(A;;RPLCLORC;;;AU)"
ENROLL = "(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;AU)"
GET = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
GET_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
LINK = "f30e3bbe-9ff0-11d1-b603-0000f80367c1"
ADMINS = [
    f"adm-{one}"
    for one in "fige asrep vieux clair spn tenu cache expose nu".split()  # noqa: SIM905 - words
]
FORMER = [f"ancien{number:02}" for number in range(51 - len(ADMINS))]
"""Disabled administrators: with the others, one more than the 50 that are allowed."""
SLEEPERS = [f"dort{number:02}" for number in range(45)]
LASTING = [f"fige{number:02}" for number in range(16)]


def ago(days: int) -> str:
    """Give a moment as directories count time."""
    return filetime(NOW - timedelta(days=days))


def dn(name: str) -> str:
    """Give the name of an account of ``CN=Users``."""
    return f"CN={name},CN=Users,{DOMAIN_DN}"


def machine(name: str) -> str:
    """Give the name of an account of ``CN=Computers``."""
    return f"CN={name},CN=Computers,{DOMAIN_DN}"


def changed(name: str, **attributes: Value | Sequence[Value]) -> Planted:
    """Replace attributes, those included that the directory keeps for itself."""
    return Planted(name, attributes, "replace", ("system", "relax"))


def joined(name: str, *members: str) -> Planted:
    """Put members in a group."""
    return Planted(name, {"member": list(members)}, "append")


def granted(name: str, entries: str = WHOLE) -> Planted:
    """Give rights on an object."""
    return Planted(name, {"entries": entries}, "grant")


def resolved(host: str, address: str, *, is_new: bool = True) -> Planted:
    """Give a name an address in the zone of the domain."""
    data = ip_address(address).packed
    record = struct.pack("<HHBBHIIII", len(data), 1, 5, 0xF0, 0, 1, 0x100E, 0, 0) + data
    if is_new:
        return Planted(f"DC={host},{ZONE}", {"objectClass": "dnsNode", "dnsRecord": record})
    return changed(f"DC={host},{ZONE}", dnsRecord=record)


def dated(name: str, days: int) -> Planted:
    """Make an object as old as said."""
    when = (NOW - timedelta(days=days)).strftime("%Y%m%d%H%M%S.0Z")
    return Planted(name, {"whenCreated": when}, "raw")


def server(name: str, **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give a member server in use."""
    given: dict[str, Value | Sequence[Value]] = {
        "operatingSystem": "Windows Server 2022 Standard",
        "operatingSystemVersion": "10.0 (20348)",
        "pwdLastSet": ago(10),
        "lastLogonTimestamp": ago(5),
        **attributes,
    }
    return computer(name, **given)


def person(name: str, **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give an ordinary account in use."""
    given: dict[str, Value | Sequence[Value]] = {
        "pwdLastSet": ago(30),
        "lastLogonTimestamp": ago(5),
        **attributes,
    }
    return user(name, "", **given)


def admin(name: str, **attributes: Value | Sequence[Value]) -> list[Planted]:
    """Give an administrator who is sound but for what is said."""
    return [
        *person(name, adminCount="1", **attributes),
        joined(dn("Domain Admins"), dn(name)),
        joined(dn("Protected Users"), dn(name)),
    ]


def template(name: str, entries: str, **attributes: Value | Sequence[Value]) -> Planted:
    """Give a certificate template for logging on, in a name taken from the directory."""
    given: dict[str, Value | Sequence[Value]] = {
        "objectClass": "pKICertificateTemplate",
        "msPKI-Template-Schema-Version": "2",
        "msPKI-Certificate-Name-Flag": "-2113929216",
        "msPKI-Enrollment-Flag": "0",
        "msPKI-RA-Signature": "0",
        "pKIExtendedKeyUsage": "1.3.6.1.5.5.7.3.2",
        "msPKI-Certificate-Application-Policy": "1.3.6.1.5.5.7.3.2",
        "nTSecurityDescriptor": Sddl(PRIVATE + entries),
        **attributes,
    }
    return Planted(f"CN={name},{TEMPLATES}", given)


def trust(name: str, direction: int, attributes: int) -> Planted:
    """Give a trust with a Windows domain."""
    return Planted(
        f"CN={name},{SYSTEM}",
        {
            "objectClass": "trustedDomain",
            "trustPartner": name,
            "flatName": name.partition(".")[0].upper(),
            "trustDirection": str(direction),
            "trustType": "2",
            "trustAttributes": str(attributes),
            "securityIdentifier": sids.to_bytes(f"S-1-5-21-9-9-{len(name)}{attributes}"),
        },
        controls=("system", "relax"),
    )


def sound() -> list[Planted]:
    """Give what a domain as Samba makes it lacks to be sound."""
    container = {"objectClass": "container"}
    secure = zone_property(decode.ALLOW_UPDATE, bytes([decode.UPDATE_SECURE]))
    return [
        *auditor(),
        *person("m.durand"),
        dated(dn("m.durand"), 400),
        *server("SRV1"),
        *computer("PC1", lastLogonTimestamp=ago(5)),
        *person(
            "svc-app", **{"servicePrincipalName": "HTTP/app", "msDS-SupportedEncryptionTypes": "24"}
        ),
        joined(dn("Protected Users"), dn("Administrator")),
        changed(
            DC,
            **{
                "msDS-SupportedEncryptionTypes": "24",
                "operatingSystem": "Windows Server 2022 Standard",
                "operatingSystemVersion": "10.0 (20348)",
            },
        ),
        changed(DOMAIN_DN, **{"ms-DS-MachineAccountQuota": "0", "minPwdLength": "12"}),
        changed(SERVICE, dSHeuristics="0000000001000000000200000001130"),
        changed(ZONE, dNSProperty=secure),
        resolved("dc1", "203.0.113.10", is_new=False),
        Planted(
            f"CN=203.0.113.0/24,CN=Subnets,CN=Sites,{CONFIGURATION}",
            {"objectClass": "subnet", "siteObject": SITE},
        ),
        changed(FOREST_ZONE, dNSProperty=secure),
        granted(f"CN=MicrosoftDNS,{SYSTEM}", "(A;;RPLCLORC;;;AU)"),
        Planted(
            BACKUP_KEY,
            {"objectClass": "secret", "nTSecurityDescriptor": Sddl(PRIVATE)},
            controls=("system", "relax"),
        ),
        *[
            Planted(one, {**container, "nTSecurityDescriptor": Sddl(PRIVATE)})
            for one in (KEYS, f"CN=Master Root Keys,{KEYS}")
        ],
        Planted(
            f"CN=NTAuthCertificates,{PKI}",
            {
                "objectClass": "certificationAuthority",
                "cACertificate": CERTIFICATE,
                "authorityRevocationList": b"\0",
                "certificateRevocationList": b"\0",
                "nTSecurityDescriptor": Sddl(PRIVATE),
            },
        ),
        template("Poste", ENROLL),
        Planted(
            f"CN=CHU-AC,CN=Enrollment Services,{PKI}",
            {
                "objectClass": "pKIEnrollmentService",
                "cACertificate": CERTIFICATE,
                "dNSHostName": "srv1.chu.example",
                "certificateTemplates": ["Poste", "Nom", "Libre"],
                "nTSecurityDescriptor": Sddl(PRIVATE + ENROLL),
            },
        ),
    ]


def weak() -> list[Planted]:
    """Give a weakness for each point."""
    delegating = {
        "a2d2-court": "cifs/dc1",
        "a2d2-long": "ldap/dc1.chu.example",
        "a2d2-port": "HOST/dc1.chu.example:389",
        # A neighbour whose name begins like that of the controller.
        "vers-dc10": "cifs/dc10",
        "vers-disparu": "cifs/disparu.chu.example",
    }
    return [
        *user("intrus", objectSid=sids.to_bytes(INTRUDER), pwdLastSet=ago(30)),
        # Privileged accounts.
        *[
            one
            for name in FORMER
            for one in user(name, userAccountControl="514", adminCount="1", pwdLastSet=ago(30))
        ],
        joined(dn("Domain Admins"), *map(dn, FORMER)),
        *admin("adm-fige", userAccountControl="66048"),
        *admin("adm-asrep", userAccountControl="4194816"),
        *admin("adm-vieux", pwdLastSet=ago(1_200)),
        dated(dn("adm-vieux"), 1_400),
        *admin("adm-clair", userAccountControl="640"),
        *admin(
            "adm-spn",
            **{"servicePrincipalName": "MSSQLSvc/sql:1433", "msDS-SupportedEncryptionTypes": "24"},
        ),
        *admin("adm-tenu"),
        granted(dn("adm-tenu")),
        *admin("adm-cache"),
        granted(dn("adm-cache"), "(D;;RC;;;AU)"),
        *person("adm-expose", adminCount="1"),
        joined(dn("Domain Admins"), dn("adm-expose")),
        *admin("adm-nu"),
        changed(dn("adm-nu"), adminCount="0"),
        dated(dn("adm-nu"), 400),
        granted(dn("Schema Admins"), "(D;;RC;;;AU)"),
        joined(dn("DnsAdmins"), dn("m.durand")),
        joined(dn("Allowed RODC Password Replication Group"), dn("m.durand")),
        Planted(dn("Denied RODC Password Replication Group"), {"member": dn("krbtgt")}, "remove"),
        # Ordinary accounts.
        *person("asrep", userAccountControl="4194816"),
        *person("des", userAccountControl="2097664"),
        *person("svc-rc4", servicePrincipalName="HTTP/vieux"),
        *person("groupe-principal"),
        joined(dn("Domain Computers"), dn("groupe-principal")),
        changed(dn("groupe-principal"), primaryGroupID="515"),
        *person("groupe-autre"),
        *group("autre", ["groupe-autre"], objectSid=sids.to_bytes(f"{SID}-5002")),
        changed(dn("groupe-autre"), primaryGroupID="5002"),
        *person("ancien-admin", sIDHistory=sids.to_bytes(f"{SID}-519")),
        *person("migre", sIDHistory=sids.to_bytes("S-1-5-21-7-7-7-1105")),
        *[one for name in LASTING for one in person(name, userAccountControl="66048")],
        *[
            one
            for name in SLEEPERS
            for one in person(name, pwdLastSet=ago(1_200), lastLogonTimestamp=ago(500))
        ],
        *group("ronde-a"),
        *group("ronde-b", ["ronde-a"]),
        joined(dn("ronde-a"), dn("ronde-b")),
        changed(dn("krbtgt"), pwdLastSet=ago(500)),
        changed(dn("Guest"), userAccountControl="544"),
        *person(
            "possede",
            nTSecurityDescriptor=Sddl(f"O:{INTRUDER}G:DAD:P(A;;GA;;;DA)(A;;RPLCLORC;;;AU)"),
        ),
        dated(dn("possede"), 30),
        # Delegations.
        *[
            one
            for name, spn in delegating.items()
            for one in person(name, **{"msDS-AllowedToDelegateTo": spn})
        ],
        *computer("DC10", servicePrincipalName="HOST/dc10", lastLogonTimestamp=ago(5)),
        *person(
            "t2a4d",
            userAccountControl="16777728",
            **{"msDS-AllowedToDelegateTo": "ldap/DC1.chu.example"},
        ),
        *computer("PC-T4D", userAccountControl="528384", lastLogonTimestamp=ago(5)),
        # Machines.
        *server("SRV-60", pwdLastSet=ago(60)),
        *server("SRV-120", pwdLastSet=ago(120)),
        *server("SRV-MUET", lastLogonTimestamp=ago(120)),
        *server(
            "GRAPPE",
            pwdLastSet=ago(1_200),
            servicePrincipalName="MSClusterVirtualServer/grappe",
        ),
        Planted(
            "CN=msa,CN=Managed Service Accounts",
            {
                "objectClass": "msDS-ManagedServiceAccount",
                "sAMAccountName": "msa$",
                "userAccountControl": "4096",
                "pwdLastSet": ago(120),
                "lastLogonTimestamp": ago(5),
            },
            controls=("system", "relax"),
        ),
        changed(
            DC,
            **{
                "msDS-SupportedEncryptionTypes": "31",
                "operatingSystem": "Windows Server 2008 R2 Standard",
                "operatingSystemVersion": "6.1 (7601)",
                "pwdLastSet": ago(60),
                "lastLogonTimestamp": ago(60),
            },
        ),
        changed(DC, **{"msDS-AllowedToActOnBehalfOfOtherIdentity": Sddl(f"O:BAD:{WHOLE}")}),
        Planted(
            RODC,
            {
                "objectClass": "computer",
                "sAMAccountName": "RODC1$",
                "dNSHostName": "rodc1.chu.example",
                "userAccountControl": "83890176",
                "operatingSystem": "Windows Server 2022 Standard",
                "operatingSystemVersion": "10.0 (20348)",
                "msDS-SupportedEncryptionTypes": "24",
                "pwdLastSet": ago(10),
                "lastLogonTimestamp": ago(5),
                "msDS-NeverRevealGroup": dn("Denied RODC Password Replication Group"),
                "msDS-RevealOnDemandGroup": dn("Domain Admins"),
                "msDS-RevealedUsers": f"B:8:00000000:{dn('adm-expose')}",
            },
            controls=("system", "relax"),
        ),
        *user("krbtgt_7777", userAccountControl="514"),
        Planted(dn("krbtgt_7777"), {"msDS-SecondaryKrbTgtNumber": "7777"}, "raw"),
        Planted(f"CN=FANTOME,CN=Servers,{SITE}", {"objectClass": "server"}),
        Planted(f"CN=REVENANT,CN=Servers,{SITE}", {"objectClass": "server"}),
        Planted(
            f"CN=NTDS Settings,CN=REVENANT,CN=Servers,{SITE}",
            {"objectClass": "nTDSDSA"},
            controls=("system", "relax"),
        ),
        Planted(
            f"CN=cle,CN=Master Root Keys,{KEYS}",
            {
                "objectClass": "msKds-ProvRootKey",
                "msKds-CreateTime": ago(1_200),
                "msKds-UseStartTime": ago(1_200),
                "msKds-DomainID": CONTROLLERS,
                "msKds-KDFAlgorithmID": "SP800_108_CTR_HMAC",
                "msKds-PrivateKeyLength": "512",
                "msKds-PublicKeyLength": "2048",
                "msKds-RootKeyData": b"clef" * 16,
                "msKds-SecretAgreementAlgorithmID": "DH",
                "msKds-Version": "1",
                "nTSecurityDescriptor": Sddl(PRIVATE),
            },
            controls=("system", "relax"),
        ),
        dated(f"CN=cle,CN=Master Root Keys,{KEYS}", 1_200),
        # Rights.
        granted(f"CN=AIA,{PKI}"),
        granted(f"CN=AdminSDHolder,{SYSTEM}"),
        granted(CONTROLLERS),
        granted(f"CN=DFSR-GlobalSettings,{SYSTEM}"),
        granted(BACKUP_KEY),
        granted(f"CN=Master Root Keys,{KEYS}"),
        granted(SITE, f"(OA;;WP;{LINK};;{INTRUDER})"),
        granted(DC_POLICY),
        granted(f"CN=MicrosoftDNS,{SYSTEM}"),
        granted(DOMAIN_DN, f"(OA;;CR;{GET};;{INTRUDER})(OA;;CR;{GET_ALL};;{INTRUDER})"),
        granted(f"CN=Organizational-Unit,{SCHEMA}"),
        changed(
            f"CN=User,{SCHEMA}",
            defaultSecurityDescriptor=f"D:(A;;GA;;;DA)(A;;RPLCLORC;;;AU){WHOLE}",
        ),
        # Certificates.
        template("Nom", ENROLL, **{"msPKI-Certificate-Name-Flag": "1"}),
        template("Libre", WHOLE),
        Planted(
            f"CN=Faible,CN=AIA,{PKI}",
            {
                "objectClass": "certificationAuthority",
                "cACertificate": WEAK_RSA,
                "authorityRevocationList": b"\0",
                "certificateRevocationList": b"\0",
                "nTSecurityDescriptor": Sddl(PRIVATE),
            },
        ),
        # Trusts.
        trust("externe.example.net", 2, 0),
        trust("foret.example.org", 2, 0x48),
        trust("billets.example.org", 1, 0x808),
        *user("PARTENAIRE$", pwdLastSet=ago(500)),
        Planted(
            dn("PARTENAIRE$"), {"userAccountControl": "2080", "sAMAccountType": "805306370"}, "raw"
        ),
        # Settings.
        changed(f"CN=ActiveDirectoryUpdate,CN=DomainUpdates,{SYSTEM}", revision="15"),
        Planted(
            f"CN=Pre-Windows 2000 Compatible Access,{BUILTIN}",
            {"member": "<SID=S-1-5-7>"},
            "append",
        ),
        changed(
            f"CN=user-Display,CN=409,CN=DisplaySpecifiers,{CONFIGURATION}",
            adminContextMenu=r"5,Outil,\\srv-tiers\outils\menu.exe",
        ),
        changed(
            ZONE, dNSProperty=zone_property(decode.ALLOW_UPDATE, bytes([decode.UPDATE_UNSECURE]))
        ),
        resolved("dc1", "192.0.2.10", is_new=False),
        resolved("rodc1", "203.0.113.11"),
        changed(SERVICE, dSHeuristics="0000002001000000000200000001130"),
        changed(
            DOMAIN_DN,
            **{
                "ms-DS-MachineAccountQuota": "10",
                "minPwdLength": "6",
                "pwdProperties": "17",
                "msDS-Behavior-Version": "3",
            },
        ),
        changed(f"CN=DFSR-GlobalSettings,{SYSTEM}", **{"msDFSR-Flags": "16"}),
    ]


Told = tuple[tuple[int, ...], set[str]]
"""Levels, and names of the objects."""

EXPECTED: dict[str, Told] = {
    "adcs_control": ((1,), {f"CN=AIA,{PKI}"}),
    "adcs_template_auth_enroll_with_name": ((1,), {f"CN=Nom,{TEMPLATES}"}),
    "adcs_template_control": ((1, 2), {f"CN=Libre,{TEMPLATES}"}),
    "adupdate_bad": ((2,), {f"CN=ActiveDirectoryUpdate,CN=DomainUpdates,{SYSTEM}"}),
    "certificates_vuln": ((3,), {f"CN=Faible,CN=AIA,{PKI}"}),
    "compatible_2000_anonymous": ((2,), {ANONYMOUS}),
    "compatible_2000_not_default": ((3,), {ANONYMOUS}),
    "critical_objects": ((1,), {dn("Schema Admins")}),
    "dc_crypto": ((2, 4), {DC}),
    # The read-only controller was planted without its server object.
    "dc_inconsistent_uac": ((1,), {f"CN=REVENANT,CN=Servers,{SITE}", RODC}),
    "dc_obsolete": ((1,), {DC}),
    "delegation_a2d2": (
        (1,),
        {dn(f"a2d2-{one}") for one in ("court", "long", "port")} | {dn("t2a4d")},
    ),
    "delegation_sourcedeleg": ((1,), {DC}),
    "delegation_t2a4d": ((1,), {dn("t2a4d")}),
    "delegation_t4d": ((1,), {machine("PC-T4D")}),
    "display_specifier": ((1,), {f"CN=user-Display,CN=409,CN=DisplaySpecifiers,{CONFIGURATION}"}),
    "dnsadmins": ((1,), {dn("m.durand")}),
    "dnszone_bad_prop": ((1, 3), {ZONE}),
    "dont_expire": ((2,), {dn(one) for one in (*LASTING, "adm-fige")}),
    "dont_expire_priv": ((1,), {dn("adm-fige")}),
    "dsheuristics_bad": ((2,), {SERVICE}),
    "functional_level": ((1, 3, 4), {DOMAIN_DN, f"CN=Partitions,{CONFIGURATION}"}),
    "group_loop": ((4,), {dn("ronde-a"), dn("ronde-b")}),
    "guest": ((2,), {dn("Guest")}),
    "kerberos_properties_deskey": ((2,), {dn("des")}),
    "kerberos_properties_encryption": ((3,), {dn("svc-rc4")}),
    "kerberos_properties_preauth": ((2,), {dn("asrep"), dn("adm-asrep")}),
    "kerberos_properties_preauth_priv": ((1,), {dn("adm-asrep")}),
    "krbtgt": ((2,), {dn("krbtgt")}),
    "owner": ((3,), {dn("possede")}),
    "password_change_cluster_no_change_3years": ((2,), {machine("GRAPPE")}),
    "password_change_dc_no_change": ((1,), {DC}),
    "password_change_inactive_dc": ((1,), {DC}),
    "password_change_inactive_servers": ((3,), {machine("SRV-MUET")}),
    "password_change_msa_no_change_90": ((2,), {f"CN=msa,CN=Managed Service Accounts,{DOMAIN_DN}"}),
    "password_change_priv": ((1,), {dn("adm-vieux")}),
    "password_change_server_no_change_45": ((3,), {machine("SRV-60"), machine("SRV-120")}),
    "password_change_server_no_change_90": ((2,), {machine("SRV-120")}),
    "permissions_adminsdholder": ((1, 2), {f"CN=AdminSDHolder,{SYSTEM}"}),
    "permissions_dc": ((1, 2), {CONTROLLERS}),
    "permissions_dfsr_sysvol": ((1, 2), {f"CN=DFSR-GlobalSettings,{SYSTEM}"}),
    "permissions_dpapi": ((1, 2), {BACKUP_KEY}),
    "permissions_gmsa_keys": ((1, 2), {f"CN=Master Root Keys,{KEYS}"}),
    # Who controls the unit of the controllers links policies to it too.
    "permissions_gpo_container_priv": ((2,), {SITE, CONTROLLERS}),
    "permissions_gpo_priv": ((1,), {DC_POLICY}),
    "permissions_msdns": ((1,), {f"CN=MicrosoftDNS,{SYSTEM}"}),
    # Who replicates the domain has the groups that replicate the schema.
    "permissions_naming_context": ((1, 2), {DOMAIN_DN, SCHEMA}),
    "permissions_schema": ((1, 2), {f"CN=Organizational-Unit,{SCHEMA}", SCHEMA}),
    "primary_group_id_1000": ((1,), {dn("groupe-principal")}),
    "primary_group_id_nochange": ((3,), {dn("groupe-principal"), dn("groupe-autre")}),
    "privileged_members": ((1, 2), {dn(one) for one in (*FORMER, *ADMINS)}),
    "privileged_members_no_admincount": ((2,), {dn("adm-nu")}),
    # The policy of the whole domain.
    "privileged_members_password": ((2,), {dn(one) for one in (*ADMINS, "Administrator")}),
    "privileged_members_perm": ((1, 2), {dn("adm-tenu")}),
    "protected_users": ((3,), {dn("adm-expose")}),
    "reversible_password_priv_namingcontext": ((3,), {DOMAIN_DN}),
    "reversible_password_priv_uac": ((3,), {dn("adm-clair")}),
    "rodc_allowed_group": ((3,), {dn("m.durand")}),
    "rodc_denied_group": ((3,), {dn("Denied RODC Password Replication Group")}),
    "rodc_never_reveal": ((3,), {RODC}),
    "rodc_orphan_krbtgt": ((3,), {dn("krbtgt_7777")}),
    "rodc_priv_revealed": ((2,), {RODC}),
    "rodc_reveal": ((3,), {RODC}),
    "sd_failed_sd_read_on_priv": ((3,), {dn("adm-cache")}),
    "sidhistory_dangerous": ((2,), {dn("ancien-admin")}),
    "sidhistory_present": ((3,), {dn("ancien-admin"), dn("migre")}),
    # Nobody is in a silo; RID 500 need not.
    "silo_priv": ((4,), {dn(one) for one in ADMINS}),
    "smartcard_expire_passwords": ((4,), {DOMAIN_DN}),
    "spn_priv": ((1,), {dn("adm-spn")}),
    "sysvol_ntfrs": ((2,), {f"CN=DFSR-GlobalSettings,{SYSTEM}"}),
    "trusts_accounts": ((2,), {dn("PARTENAIRE$")}),
    "trusts_domain_notfiltered": ((1,), {f"CN=externe.example.net,{SYSTEM}"}),
    "trusts_forest_sidhistory": ((1,), {f"CN=foret.example.org,{SYSTEM}"}),
    "trusts_tgt_deleg": ((3,), {f"CN=billets.example.org,{SYSTEM}"}),
    "user_accounts_dormant": ((1,), {dn(one) for one in SLEEPERS}),
    "user_accounts_machineaccountquota": ((4,), {DOMAIN_DN}),
}
"""What each point must say of the weak domain: nothing but what was planted for it."""

KNOWN: dict[str, Told] = {
    # Samba is provisioned at the level of 2008 R2, the highest it held until lately.
    "functional_level": ((3, 4), {DOMAIN_DN, f"CN=Partitions,{CONFIGURATION}"}),
    # The attribute came with the schema of 2016, which this Samba has not.
    "smartcard_expire_passwords": ((4,), {DOMAIN_DN}),
}
"""What Samba is by itself, on the sound domain."""

BEYOND: dict[str, set[str]] = {
    "ad.dc-subnets": {DC},
    "ad.ghost-spn": {dn("vers-disparu")},
    "ad.kds-root-key-age": {f"CN=cle,CN=Master Root Keys,{KEYS}"},
    "ad.server-leftover": {f"CN=FANTOME,CN=Servers,{SITE}"},
    "ad.warning-schema-default-sd": {f"CN=User,{SCHEMA}"},
}
"""The same of checks beyond ANSSI's points, by id: the objects alone."""

POINTS = {point.id: id_ for id_, point in all_points().items() if point.id.startswith("vuln_")}
EACH = pytest.mark.parametrize("name", sorted(EXPECTED))

Read = Callable[[str, Sequence[Planted]], Directory]


@pytest.fixture(scope="module")
def read(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Give what collects a domain with these objects."""

    def collecting(name: str, planted: Sequence[Planted]) -> Directory:
        folder = tmp_path_factory.mktemp(name)
        with controller(folder, templates.populated(planted)) as running:
            collected(running, folder / "forest", Clear())
        return build([read_snapshot(folder / "forest", Clear())])

    return collecting


@pytest.fixture(scope="module")
def healthy(read: Read) -> Directory:
    """Give the sound domain, read by the ordinary account."""
    return read("sound", sound())


@pytest.fixture(scope="module")
def weakened(read: Read) -> Directory:
    """Give the weak one."""
    return read("weak", [*sound(), *weak()])


def judged(forest: Directory, id_: str) -> tuple[Told | None, list[str]]:
    """Give what a check tells: its levels and objects, and what it could not measure."""
    facts = Facts(today=forest.at.date(), knowledge=load_knowledge())
    verdicts = list(by_id()[id_].judge(forest, facts))
    flagged = [one for one in verdicts if isinstance(one, Flagged)]
    levels = tuple(sorted({level for one in flagged for level in one.levels}))
    objects = {dn_ for one in flagged for dn_ in one.objects}
    hidden = [one.why for one in verdicts if isinstance(one, NotMeasured)]
    return (levels, objects) if flagged else None, hidden


def test_every_point_is_planted() -> None:
    assert {f"vuln_{name}" for name in EXPECTED} == set(POINTS)
    assert len(EXPECTED) == 76


@EACH
def test_tells_what_was_planted(name: str, weakened: Directory) -> None:
    told, _ = judged(weakened, POINTS[f"vuln_{name}"])
    assert told == EXPECTED[name]


@EACH
def test_tells_nothing_of_the_sound_domain(name: str, healthy: Directory) -> None:
    assert judged(healthy, POINTS[f"vuln_{name}"]) == (KNOWN.get(name), [])


@pytest.mark.parametrize("id_", sorted(BEYOND))
def test_tells_what_was_planted_beyond_the_points(
    id_: str, weakened: Directory, healthy: Directory
) -> None:
    assert judged(weakened, id_) == (((), BEYOND[id_]), [])
    assert judged(healthy, id_) == (None, [])


def test_authenticated_users_are_those_that_groups_hold(healthy: Directory) -> None:
    # The configuration lists them too.
    for domain in (None, healthy.root):
        found = healthy.by_sid(sids.AUTHENTICATED_USERS, domain)
        assert found is not None
        assert found.dn == f"CN=S-1-5-11,CN=ForeignSecurityPrincipals,{DOMAIN_DN}"
