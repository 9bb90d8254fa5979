"""GUIDs of rights, property sets, attributes and classes, and their binary order (MS-DTYP 2.3.4).

The live schema decides; these stand where it could not be read.
"""

import functools
import re
import struct

_TEXT = re.compile(r"\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?")
_BYTES = 16

RIGHTS: dict[str, str] = {
    "User-Force-Change-Password": "00299570-246d-11d0-a768-00aa006e0529",
    "User-Change-Password": "ab721a53-1e2f-11d0-9819-00aa0040529b",
    "DS-Replication-Get-Changes": "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2",
    "DS-Replication-Get-Changes-All": "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2",
    "DS-Replication-Get-Changes-In-Filtered-Set": "89e95b76-444d-4c62-991a-0facbeda640c",
    "DS-Replication-Synchronize": "1131f6ab-9c07-11d1-f79f-00c04fc2dcd2",
    "DS-Replication-Manage-Topology": "1131f6ac-9c07-11d1-f79f-00c04fc2dcd2",
    "DS-Replication-Monitor-Topology": "f98340fb-7c5b-4cdb-a00b-2ebdfa115a96",
    "DS-Install-Replica": "9923a32a-3607-11d2-b9be-0000f87a36b2",
    "DS-Query-Self-Quota": "4ecc03fe-ffc0-4947-b630-eb672a8a9dbc",
    "Certificate-Enrollment": "0e10c968-78fb-11d2-90d4-00c04f79dc55",
    "Certificate-AutoEnrollment": "a05b8cc2-17bc-4802-a710-e7c15ab866a2",
    "Reanimate-Tombstones": "45ec5156-db7e-47bb-b53f-dbeb2d03c40f",
    "Migrate-SID-History": "ba33815a-4f93-4c76-87f3-57574bff8109",
    "Unexpire-Password": "ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501",
    "Update-Password-Not-Required-Bit": "280f369c-67c7-438e-ae98-1d46f3c6f541",
    "Enable-Per-User-Reversibly-Encrypted-Password": "05c74c5e-4deb-43b4-bd9f-86664c2a7fd5",
    "Apply-Group-Policy": "edacfd8f-ffb3-11d1-b41d-00a0c968f939",
    "Generate-RSoP-Planning": "b7b1b3de-ab09-4242-9e30-9980e5d322f7",
    "Generate-RSoP-Logging": "b7b1b3dd-ab09-4242-9e30-9980e5d322f7",
    "Create-Inbound-Forest-Trust": "e2a36dc9-ae17-47c3-b58b-be34c55ba633",
    "Send-As": "ab721a54-1e2f-11d0-9819-00aa0040529b",
    "Send-To": "ab721a55-1e2f-11d0-9819-00aa0040529b",
    "Receive-As": "ab721a56-1e2f-11d0-9819-00aa0040529b",
    "Allowed-To-Authenticate": "68b1d179-0d15-4d4f-ab71-46152e79a7bc",
    "DS-Clone-Domain-Controller": "3e0f7e18-2c7a-4c10-ba82-4d926db99a3e",
}
"""Extended rights, by the name of their object under ``CN=Extended-Rights``."""

VALIDATED: dict[str, str] = {
    "Self-Membership": "bf9679c0-0de6-11d0-a285-00aa003049e2",
    "Validated-SPN": "f3a64788-5306-11d1-a9c5-0000f80367c1",
    "Validated-DNS-Host-Name": "72e39547-7b18-11d1-adef-00c04fd8d5cd",
    "DS-Validated-Write-Computer": "9b026da6-0d3c-465c-8bee-5199d7165cba",
}
"""Validated writes; several share the GUID of the attribute they guard."""

SETS: dict[str, str] = {
    "User-Account-Restrictions": "4c164200-20c0-11d0-a768-00aa006e0529",
    "Membership": "bc0ac240-79a9-11d0-9020-00c04fc2d4cf",
    "Public-Information": "e48d0154-bcf8-11d1-8702-00c04fb96050",
    "DNS-Host-Name-Attributes": "72e39547-7b18-11d1-adef-00c04fd8d5cd",
    "General-Information": "59ba2f42-79a2-11d0-9020-00c04fc2d3cf",
    "User-Logon": "5f202010-79a5-11d0-9020-00c04fc2d4cf",
    "Personal-Information": "77b5b886-944a-11d1-aebd-0000f80367c1",
    "Private-Information": "91e647de-d96f-4b70-9557-d63ff4f3ccd8",
    "Email-Information": "e45795b2-9455-11d1-aebd-0000f80367c1",
    "Web-Information": "e45795b3-9455-11d1-aebd-0000f80367c1",
    "RAS-Information": "037088f8-0ae1-11d2-b422-00a0c968f939",
    "Terminal-Server-License-Server": "5805bc62-bdc9-4428-a5e2-856a0f4c185e",
    "Domain-Password": "c7407360-20bf-11d0-a768-00aa006e0529",
}
"""Property sets."""

ATTRIBUTES: dict[str, str] = {
    "member": "bf9679c0-0de6-11d0-a285-00aa003049e2",
    "serviceprincipalname": "f3a64788-5306-11d1-a9c5-0000f80367c1",
    "useraccountcontrol": "bf967a68-0de6-11d0-a285-00aa003049e2",
    "msds-keycredentiallink": "5b47d60f-6090-40b2-9f37-2a4de88f3063",
    "msds-allowedtoactonbehalfofotheridentity": "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79",
    "msds-allowedtodelegateto": "800d94d7-b7a1-42a1-b14d-7cae1423d07f",
    "altsecurityidentities": "00fbf30c-91fe-11d1-aebc-0000f80367c1",
    "sidhistory": "17eb4278-d167-11d0-b002-0000f80367c1",
    "msds-groupmsamembership": "888eedd6-ce04-df40-b462-b8a50e41ba38",
    "msds-managedpassword": "e362ed86-b728-0842-b27d-2dea7a9df218",
    "msds-managedaccountprecededbylink": "a0945b2b-57a2-43bd-b327-4d112a4e8bd1",
    "managedby": "0296c120-40da-11d1-a9c0-0000f80367c1",
    "scriptpath": "bf9679a8-0de6-11d0-a285-00aa003049e2",
    "gplink": "f30e3bbe-9ff0-11d1-b603-0000f80367c1",
    "gpoptions": "f30e3bbf-9ff0-11d1-b603-0000f80367c1",
    "gpcfilesyspath": "f30e3bc1-9ff0-11d1-b603-0000f80367c1",
    "displayname": "bf967953-0de6-11d0-a285-00aa003049e2",
    "samaccountname": "3e0abfd0-126a-11d0-a060-00aa006c33ed",
    "description": "bf967950-0de6-11d0-a285-00aa003049e2",
    "usercertificate": "bf967a7f-0de6-11d0-a285-00aa003049e2",
    "tokengroups": "b7c69e6d-2cc7-11d2-854e-00a0c983f608",
    "tokengroupsglobalanduniversal": "46a9b11d-60ae-405a-b7e8-ff8a58d456d2",
    "msds-supportedencryptiontypes": "20119867-1d04-4ab7-9371-cfc3d5df0afd",
    "unicodepwd": "bf9679e1-0de6-11d0-a285-00aa003049e2",
    "pwdlastset": "bf967a0a-0de6-11d0-a285-00aa003049e2",
    "lockouttime": "28630ebf-41d5-11d1-a9c1-0000f80367c1",
    "thumbnailphoto": "8d3bca50-1d7e-11d0-a081-00aa006c33ed",
}
"""Attributes, by lower-case LDAP name. LAPS is not here: its GUIDs differ from forest to forest."""

SET_OF: dict[str, str] = {
    "member": SETS["Membership"],
    "serviceprincipalname": SETS["Public-Information"],
    "altsecurityidentities": SETS["Public-Information"],
    "useraccountcontrol": SETS["User-Account-Restrictions"],
    "pwdlastset": SETS["User-Account-Restrictions"],
    "msds-allowedtoactonbehalfofotheridentity": SETS["User-Account-Restrictions"],
    "msds-allowedtodelegateto": SETS["User-Account-Restrictions"],
    "scriptpath": SETS["User-Logon"],
    "displayname": SETS["General-Information"],
    "samaccountname": SETS["General-Information"],
    "description": SETS["General-Information"],
    "thumbnailphoto": SETS["Personal-Information"],
    "usercertificate": SETS["Personal-Information"],
    "dnshostname": SETS["DNS-Host-Name-Attributes"],
}
"""Property set of an attribute, where it is in one."""

CLASSES: dict[str, str] = {
    "user": "bf967aba-0de6-11d0-a285-00aa003049e2",
    "inetorgperson": "4828cc14-1437-45bc-9b07-ad6f015e5f28",
    "computer": "bf967a86-0de6-11d0-a285-00aa003049e2",
    "group": "bf967a9c-0de6-11d0-a285-00aa003049e2",
    "contact": "5cb41ed0-0e4c-11d0-a286-00aa003049e2",
    "container": "bf967a8b-0de6-11d0-a285-00aa003049e2",
    "organizationalunit": "bf967aa5-0de6-11d0-a285-00aa003049e2",
    "domaindns": "19195a5b-6da0-11d0-afd3-00c04fd930c9",
    "samdomain": "bf967a90-0de6-11d0-a285-00aa003049e2",
    "samserver": "bf967aad-0de6-11d0-a285-00aa003049e2",
    "builtindomain": "bf967a81-0de6-11d0-a285-00aa003049e2",
    "grouppolicycontainer": "f30e3bc2-9ff0-11d1-b603-0000f80367c1",
    "msds-managedserviceaccount": "ce206244-5827-4a86-ba1c-1c0c386c1b64",
    "msds-groupmanagedserviceaccount": "7b8b558a-93a5-4af7-adca-c017e67f1057",
    "msds-delegatedmanagedserviceaccount": "0feb936f-47b3-49f2-9386-1dedc2c23765",
    "printqueue": "bf967aa8-0de6-11d0-a285-00aa003049e2",
    "pkicertificatetemplate": "e5209ca2-3bba-11d2-90cc-00c04fd91ab1",
    "pkienrollmentservice": "ee4aa692-3bba-11d2-90cc-00c04fd91ab1",
    "certificationauthority": "3fdfee50-47f4-11d1-a9c3-0000f80367c1",
    "site": "bf967ab3-0de6-11d0-a285-00aa003049e2",
    "server": "bf967a92-0de6-11d0-a285-00aa003049e2",
    "ntdsdsa": "f0f8ffab-1191-11d0-a060-00aa006c33ed",
    "dnsnode": "e0fa1e8c-9b45-11d0-afdd-00c04fd930c9",
    "dnszone": "e0fa1e8b-9b45-11d0-afdd-00c04fd930c9",
    "trusteddomain": "bf967ab8-0de6-11d0-a285-00aa003049e2",
}
"""Classes, by lower-case LDAP name."""


def from_bytes(data: bytes) -> str | None:
    """Give a GUID as lower-case text; ``None`` unless it is 16 bytes."""
    if len(data) != _BYTES:
        return None
    one, two, three = struct.unpack_from("<IHH", data)
    return f"{one:08x}-{two:04x}-{three:04x}-{data[8:10].hex()}-{data[10:].hex()}"


@functools.lru_cache(maxsize=4_096)
def to_bytes(text: str) -> bytes:
    """Give a GUID in binary; raises ``ValueError`` for what is none."""
    match = _TEXT.fullmatch(text.lower())
    if match is None:
        raise ValueError(text)
    one, two, three = (int(match[part], 16) for part in (1, 2, 3))
    return struct.pack("<IHH", one, two, three) + bytes.fromhex(match[4] + match[5])


def is_guid(text: str) -> bool:
    """Whether this text reads as a GUID, braces allowed."""
    return _TEXT.fullmatch(text.lower()) is not None
