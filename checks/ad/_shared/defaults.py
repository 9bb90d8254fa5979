"""Windows' own default descriptors, in SDDL (Microsoft's schema, `[MS-ADTS] 6.1.1`): what a sound forest holds.

Entries that only audit are left out. What a parent hands down is added when a forest is made.
"""

_ALL = "RPWPCRCCDCLCLORCWOWDSDDTSW"
_MOST = "RPWPCRCCLCLORCWOWDSW"
_USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
_PERSON = "4828cc14-1437-45bc-9b07-ad6f015e5f28"
_COMPUTER = "bf967a86-0de6-11d0-a285-00aa003049e2"
_GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2"
_RAS = "037088f8-0ae1-11d2-b422-00a0c968f939"
_RESTRICTIONS = "4c164200-20c0-11d0-a768-00aa006e0529"
_MEMBERSHIP = "bc0ac240-79a9-11d0-9020-00c04fc2d4cf"
_LOGON = "5f202010-79a5-11d0-9020-00c04fc2d4cf"
_GENERAL = "59ba2f42-79a2-11d0-9020-00c04fc2d3cf"
_PERSONAL = "77b5b886-944a-11d1-aebd-0000f80367c1"
_PUBLIC = "e48d0154-bcf8-11d1-8702-00c04fb96050"
_WEB = "e45795b3-9455-11d1-aebd-0000f80367c1"
_MAIL = "e45795b2-9455-11d1-aebd-0000f80367c1"
_CERTIFICATE = "bf967a7f-0de6-11d0-a285-00aa003049e2"
_TOKEN = "46a9b11d-60ae-405a-b7e8-ff8a58d456d2"  # noqa: S105 - an attribute's GUID
_TOKENS = "b7c69e6d-2cc7-11d2-854e-00a0c983f608"
_CHANGE_PASSWORD = "ab721a53-1e2f-11d0-9819-00aa0040529b"  # noqa: S105 - a right's GUID
_SEND_AS = "ab721a54-1e2f-11d0-9819-00aa0040529b"
_SEND_TO = "ab721a55-1e2f-11d0-9819-00aa0040529b"
_RECEIVE_AS = "ab721a56-1e2f-11d0-9819-00aa0040529b"
_SPN = "f3a64788-5306-11d1-a9c5-0000f80367c1"
_DNS_NAME = "72e39547-7b18-11d1-adef-00c04fd8d5cd"
_KEY = "5b47d60f-6090-40b2-9f37-2a4de88f3063"
_KEY_WRITE = "9b026da6-0d3c-465c-8bee-5199d7165cba"
_RBCD = "3f78c3e5-f79a-46bd-a0b8-9d18116ddc79"
_PRIVATE = "91e647de-d96f-4b70-9557-d63ff4f3ccd8"
_GET = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
_SYNC = "1131f6ab-9c07-11d1-f79f-00c04fc2dcd2"
_TOPOLOGY = "1131f6ac-9c07-11d1-f79f-00c04fc2dcd2"
_GET_ALL = "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2"
_SECURE_SECRETS = "1131f6ae-9c07-11d1-f79f-00c04fc2dcd2"
_GET_FILTERED = "89e95b76-444d-4c62-991a-0facbeda640c"
_ENROLL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
_AUTO_ENROLL = "a05b8cc2-17bc-4802-a710-e7c15ab866a2"

_ORDINARY = f"(A;;{_ALL};;;DA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)"

_READ_BY_OLD = "".join(
    f"(OA;CIIO;RP;{one};{kind};RU)"
    for kind in (_USER, _PERSON)
    for one in (_RAS, _GENERAL, _MEMBERSHIP, _RESTRICTIONS, _LOGON)
) + "".join(f"(OA;CIIO;RPLCLORC;;{kind};RU)" for kind in (_USER, _PERSON, _GROUP))
_REPLICATION = (
    "".join(f"(OA;;CR;{one};;ED)(OA;;CR;{one};;BA)" for one in (_GET, _SYNC, _TOPOLOGY))
    + f"(OA;;CR;{_GET_FILTERED};;ED)(OA;;CR;{_GET_FILTERED};;BA)(OA;;CR;{_GET_ALL};;BA)"
    f"(OA;;CR;{_SECURE_SECRETS};;ED)(OA;;CR;{_SECURE_SECRETS};;BA)(OA;;CR;{_GET};;RO)"
)

DOMAIN = (
    f"O:BAG:BAD:AI{_REPLICATION}(OA;;CR;{_GET_ALL};;DD)(A;;RP;;;WD)(A;;RPLCLORC;;;AU)"
    f"(A;;{_MOST};;;DA)(A;CI;RPWPCRLCLOCCRCWDWOSDSW;;;BA)(A;;{_ALL};;;SY)(A;CI;{_ALL};;;EA)"
    f"(A;CI;LC;;;RU)(A;;RPRC;;;RU)(A;;LCRPLORC;;;ED){_READ_BY_OLD}"
    "(OA;;RP;c7407360-20bf-11d0-a768-00aa006e0529;;RU)"
    "(OA;;RP;b8119fd0-04f6-4762-ab7a-4986c76b3f9a;;RU)"
    "(OA;;RP;b8119fd0-04f6-4762-ab7a-4986c76b3f9a;;AU)"
    + "".join(f"(OA;CIIO;RP;{_TOKENS};{kind};ED)" for kind in (_USER, _GROUP, _COMPUTER))
    + f"(OA;CIIO;WP;ea1b7b93-5e48-46d5-bc6c-4df4fda78a35;{_COMPUTER};PS)"
    "(OA;;CR;e2a36dc9-ae17-47c3-b58b-be34c55ba633;;S-1-5-32-557)"
    "(OA;;CR;280f369c-67c7-438e-ae98-1d46f3c6f541;;AU)"
    "(OA;;CR;ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501;;AU)"
    "(OA;;CR;05c74c5e-4deb-43b4-bd9f-86664c2a7fd5;;AU)"
    "(OA;;CR;3e0f7e18-2c7a-4c10-ba82-4d926db99a3e;;CN)"
    f"(OA;CIIO;CRRPWP;{_PRIVATE};;PS)(OA;CIOI;RPWP;{_RBCD};;PS)"
    f"(OA;CI;RPWP;{_KEY};;KA)(OA;CI;RPWP;{_KEY};;EK)"
    f"(OA;CIIO;SW;{_KEY_WRITE};{_COMPUTER};PS)(OA;CIIO;SW;{_KEY_WRITE};{_COMPUTER};CO)"
)
"""Head of a domain prepared for 2016 or later (revision 16)."""
DNS_PARTITION = (
    f"O:SYG:BAD:AI{_REPLICATION}(OA;;CR;{_GET_ALL};;ED)(A;;RP;;;WD)(A;;RPLCLORC;;;AU)"
    f"(A;;{_MOST};;;DA)(A;CI;RPWPCRLCLOCCRCWDWOSDSW;;;BA)(A;;{_ALL};;;SY)(A;CI;{_ALL};;;EA)"
    "(OA;;CR;280f369c-67c7-438e-ae98-1d46f3c6f541;;AU)"
    f"(A;CI;LC;;;RU)(A;;RPRC;;;RU)(A;;LCRPLORC;;;ED){_READ_BY_OLD}"
)
CONFIGURATION = (
    f"O:EAG:EAD:{_REPLICATION}(OA;;CR;{_GET_ALL};;ED)(A;;RPLCLORC;;;AU)(A;CI;{_ALL};;;EA)"
    f"(A;;{_ALL};;;SY)(A;CIIO;RPWPCRCCLCLORCWOWDSDSW;;;DA)"
)
SCHEMA = (
    f"O:SAG:SAD:{_REPLICATION}(OA;;CR;{_GET_ALL};;ED)(OA;;CR;{_GET_ALL};;BA)"
    f"(A;CI;RPLCLORC;;;AU)(A;CI;{_MOST};;;SA)(A;CI;{_ALL};;;SY)"
    "(OA;CI;CR;e12b56b6-0a95-11d1-adbb-00c04fd8d5cd;;SA)"
)

ADMIN_SD_HOLDER = (
    f"O:DAG:DAD:PAI(A;;{_ALL};;;SY)(A;;RPWPCRCCDCLCLORCWOWDSW;;;DA)"
    "(A;;RPWPCRCCDCLCLORCWOWDSW;;;EA)(A;;RPWPCRCCDCLCLORCWOWDSDSW;;;BA)(A;;RPLCLORC;;;AU)"
    "(A;;RPLCLORC;;;RU)"
    f"(OA;;CR;{_CHANGE_PASSWORD};;WD)(OA;;CR;{_CHANGE_PASSWORD};;PS)(OA;;RP;{_TOKEN};;S-1-5-32-560)"
    f"(OA;;RPWP;{_CERTIFICATE};;CA)(OA;;WPRP;6db69a1c-9422-11d1-aebd-0000f80367c1;;S-1-5-32-561)"
    "(OA;;WPRP;5805bc62-bdc9-4428-a5e2-856a0f4c185e;;S-1-5-32-561)"
    + "".join(
        f"(OA;;RP;{one};{kind};RU)"
        for kind in (_USER, _PERSON)
        for one in (_RAS, _GENERAL, _MEMBERSHIP, _RESTRICTIONS, _LOGON)
    )
    + f"(OA;;CRRPWP;{_PRIVATE};;PS)"
)

_PEOPLE = (
    f"O:DAG:DAD:AI(A;;{_ALL};;;DA)(A;;{_ALL};;;SY)(A;;{_ALL};;;AO)(A;;RPLCLORC;;;PS)"
    f"(OA;;CR;{_CHANGE_PASSWORD};;PS)(OA;;CR;{_SEND_AS};;PS)(OA;;CR;{_RECEIVE_AS};;PS)"
    f"(OA;;RPWP;{_PERSONAL};;PS)(OA;;RPWP;{_MAIL};;PS)(OA;;RPWP;{_WEB};;PS)"
    f"(OA;;RP;{_RAS};;RS)(OA;;RP;{_RESTRICTIONS};;RS)(OA;;RP;{_MEMBERSHIP};;RS)"
    f"(A;;RC;;;AU)(OA;;RP;{_GENERAL};;AU)(OA;;RP;{_PERSONAL};;AU)(OA;;RP;{_WEB};;AU)"
    f"(OA;;RP;{_PUBLIC};;AU)(OA;;CR;{_CHANGE_PASSWORD};;WD)(OA;;RP;{_LOGON};;RS)"
    f"(OA;;RPWP;{_CERTIFICATE};;CA)(OA;;RP;{_TOKEN};;S-1-5-32-560)"
    "(OA;;WPRP;6db69a1c-9422-11d1-aebd-0000f80367c1;;S-1-5-32-561)"
    "(OA;;WPRP;5805bc62-bdc9-4428-a5e2-856a0f4c185e;;S-1-5-32-561)"
)
_BY_CREATOR = (
    f"(A;;RPCRLCLORCSDDT;;;CO)(OA;;WP;{_RESTRICTIONS};;CO)(OA;;SW;{_DNS_NAME};;CO)"
    f"(OA;;SW;{_SPN};;CO)(OA;;WP;3e0abfd0-126a-11d0-a060-00aa006c33ed;{_COMPUTER};CO)"
    f"(OA;;WP;{_LOGON};{_COMPUTER};CO)(OA;;WP;bf967950-0de6-11d0-a285-00aa003049e2;{_COMPUTER};CO)"
    f"(OA;;WP;bf967953-0de6-11d0-a285-00aa003049e2;{_COMPUTER};CO)"
)
_MACHINE = (
    f"(A;;{_ALL};;;DA)(A;;{_ALL};;;AO)(A;;{_ALL};;;SY){_BY_CREATOR}(A;;RPLCLORC;;;AU)"
    f"(OA;;RPWP;{_CERTIFICATE};;CA)(OA;;SW;{_SPN};;PS)(OA;;RPWP;{_PERSONAL};;PS)"
    f"(OA;;SW;{_DNS_NAME};;PS)(OA;;RP;{_TOKEN};;S-1-5-32-560)"
)
_CREATED_BY_OPERATORS = (
    f"(OA;;CCDC;{_USER};;AO)(OA;;CCDC;{_GROUP};;AO)(OA;;CCDC;{_PERSON};;AO)"
    "(OA;;CCDC;bf967aa8-0de6-11d0-a285-00aa003049e2;;PO)"
)

OF_CLASS: dict[str, str] = {
    "user": _PEOPLE,
    "inetorgperson": _PEOPLE,
    "computer": (
        f"O:DAG:DAD:AI{_MACHINE}(OA;;CR;{_CHANGE_PASSWORD};;WD)(A;;CCDC;;;PS)"
        "(OA;;CCDC;bf967aa8-0de6-11d0-a285-00aa003049e2;;PO)"
    ),
    "msds-managedserviceaccount": f"O:DAG:DAD:AI{_MACHINE}(OA;;CR;{_CHANGE_PASSWORD};;WD)",
    "msds-groupmanagedserviceaccount": (
        "O:DAG:DAD:AI(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;WD)"
        f"{_MACHINE}(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;WD)"
    ),
    "msds-delegatedmanagedserviceaccount": f"O:DAG:DAD:AI{_MACHINE}",
    "group": (
        f"O:DAG:DAD:AI{_ORDINARY}(A;;{_ALL};;;AO)(A;;RPLCLORC;;;PS)(OA;;CR;{_SEND_TO};;AU)"
        f"(OA;;RP;{_TOKEN};;S-1-5-32-560)"
    ),
    "organizationalunit": (
        f"O:DAG:DAD:AI{_ORDINARY}(OA;;CCDC;{_COMPUTER};;AO){_CREATED_BY_OPERATORS}"
        "(A;;LCRPLORC;;;ED)(D;;SDDT;;;WD)"
    ),
    "grouppolicycontainer": (
        "O:DAG:DAD:PAI(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;DA)(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;EA)"
        "(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;SY)(A;CIIO;RPWPCCDCLCLORCWOWDSDDTSW;;;CO)"
        "(A;CI;RPLCLORC;;;AU)(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)"
        "(A;CI;LCRPLORC;;;ED)"
    ),
    "foreignsecurityprincipal": _PEOPLE,
    "builtindomain": f"O:BAG:BAD:AI(A;;RPLCLORC;;;DA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)",
    "secret": f"O:BAG:BAD:AI(A;;{_ALL};;;SY)",
    "msds-passwordsettings": f"O:DAG:DAD:AI(A;;{_ALL};;;DA)(A;;{_ALL};;;SY)",
    "msds-passwordsettingscontainer": f"O:DAG:DAD:AI(A;;{_ALL};;;DA)(A;;{_ALL};;;SY)",
    "mskds-provrootkey": f"O:EAG:EAD:AI(A;;{_ALL};;;EA)(A;;{_ALL};;;SY)(A;;{_ALL};;;DA)",
    "dnszone": (
        f"O:SYG:SYD:AI(A;;{_ALL};;;DA)(A;;{_ALL};;;ED)(A;;{_ALL};;;SY)(A;;CC;;;AU)(A;;RPLCLORC;;;WD)"
    ),
    "dnsnode": (f"O:SYG:SYD:AI(A;;{_ALL};;;DA)(A;;{_ALL};;;ED)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;WD)"),
    "site": f"O:EAG:EAD:AI(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)(A;;LCRPLORC;;;ED)",
    "serverscontainer": f"O:EAG:EAD:AI(A;;CC;;;BA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)",
    "crossrefcontainer": (
        f"O:EAG:EAD:AI(A;;LCLORC;;;AU)(OA;;RP;{_PUBLIC};;AU)(A;;RPWPCRCCLCLORCWOWDSW;;;EA)"
        f"(A;;{_ALL};;;SY)(A;;CC;;;ED)"
    ),
    "msds-authnpolicysilo": f"O:EAG:EAD:AI(A;;{_ALL};;;EA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)",
    "pkicertificatetemplate": (
        f"O:EAG:EAD:PAI(A;;{_ALL};;;DA)(A;;{_ALL};;;EA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;AU)"
    ),
    "classschema": "O:SAG:SAD:AI",
    "attributeschema": "O:SAG:SAD:AI",
}
"""Explicit part of the descriptor of a new object, by class."""
ORDINARY = f"O:DAG:DAD:AI{_ORDINARY}"
"""The same of nearly any other class: containers, servers, trusts…"""
IN_CONFIGURATION = f"O:EAG:EAD:AI{_ORDINARY}"

USERS_CONTAINER = (
    f"O:DAG:DAD:AI(A;;{_ALL};;;SY)(A;;RPWPCRCCDCLCLORCWOWDSW;;;DA){_CREATED_BY_OPERATORS}"
    "(A;;RPLCLORC;;;AU)"
)
COMPUTERS_CONTAINER = f"{USERS_CONTAINER}(OA;;CCDC;{_COMPUTER};;AO)"
CONTROLLERS_OU = (
    f"O:DAG:DAD:AI(A;;RPLCLORC;;;AU)(A;;{_MOST};;;DA)(A;;{_ALL};;;SY)(A;;RPLCLORC;;;ED)"
    "(D;;SDDT;;;WD)"
)
MICROSOFT_DNS = (
    f"O:SYG:SYD:AI(A;;{_ALL};;;DA)(A;CI;RPWPCRCCDCLCRCWOWDSDDTSW;;;@DnsAdmins)(A;;{_ALL};;;SY)"
    "(A;CI;RPWPCRCCDCLCRCWOWDSDDTSW;;;ED)"
)
CLOSED_ZONE = OF_CLASS["dnszone"].replace("(A;;CC;;;AU)", "(A;;CC;;;DC)")
"""A zone where machines alone register: hardened, where Windows lets every account create records."""
DNS_SERVER = f"O:SYG:SYD:AI(A;;{_ALL};;;SY)(A;CI;RPWPCRCCDCLCRCWOWDSDDTSW;;;ED)"
ENROLLED_BY_ALL = f"{IN_CONFIGURATION}(OA;;CR;{_ENROLL};;AU)"
"""An authority as its setup leaves it: everyone may ask, templates decide."""
CERTIFICATE_LISTS = f"{IN_CONFIGURATION}(A;CI;{_ALL};;;CA)"
"""CN=AIA and CN=CDP, which Cert Publishers write."""


def enrolled_by(*trustees: str, automatically: bool = False) -> str:
    """Give the entries of a template that let these enrol."""
    rights = (_ENROLL, _AUTO_ENROLL) if automatically else (_ENROLL,)
    return "".join(f"(OA;;CR;{right};;{one})" for one in trustees for right in rights)
